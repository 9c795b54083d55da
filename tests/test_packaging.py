"""The wheel: built, installed elsewhere, started from there; with its data, no recording."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.folders import folder_that_units_see

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    # A call recording and a rendered password that lie about must not be packed.
    planted = [ROOT / "recordings" / "calls" / "planted.wav", ROOT / ".freizeichen" / "planted"]
    made = [path for path in planted if not path.exists()]
    folders = [path.parent for path in made if not path.parent.exists()]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF")
    try:
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
    finally:
        for path in made:
            path.unlink()
        for folder in folders:
            folder.rmdir()
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_brings_its_data_and_no_recording(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    bundled = {name.removeprefix("ivr/_bundled/") for name in names if "/_bundled/" in name}
    for folder in ("dialplans", "asterisk-conf", "operations"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert str(path.relative_to(ROOT)) in bundled
    assert {f"queues/simulation/days/{day}.yaml" for day in ("day-60x6", "surge-day")} <= set(names)
    assert {"ivr/py.typed", "queues/py.typed", "ivr/example.yaml"} <= set(names)
    for path in (ROOT / "queues" / "store" / "migrations").rglob("*.py"):
        assert str(path.relative_to(ROOT)) in names
    assert not [name for name in names if "planted" in name or "/calls/" in name]
    assert not [name for name in names if name.startswith(("tests/", "dialplans/", "recordings/"))]


def test_the_command_starts_from_an_installed_wheel(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FREIZEICHEN_CACHE", raising=False)
    with folder_that_units_see() as folder:
        _starts(wheel, folder)


def _starts(wheel: Path, folder: Path) -> None:
    home = folder / "clean"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    lock = ROOT / "requirements.lock"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--requirement", str(lock)], check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    command = str(home / "bin" / "freizeichen")
    words = subprocess.run([command, "--help"], check=True, capture_output=True, text=True).stdout
    assert "up" in words
    checked = subprocess.run(
        [command, "dialplan", "check", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "_bundled" in checked.stdout
    _follow_the_handbook(command, folder / "place")


def _follow_the_handbook(command: str, place: Path) -> None:
    """What the README tells to type before the first start, without systemd."""
    place.mkdir()

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *words], cwd=place, capture_output=True, text=True, check=False
        )

    begun = typed("init", "--yes", "--agent", "Anna Beispiel", "--agent", "Jiwoo Muster")
    assert begun.returncode == 0, begun.stdout + begun.stderr
    looked = json.loads(typed("doctor", "--json", "--no-call").stdout)
    states = {each["code"]: each["state"] for each in looked["findings"]}
    assert (states["settings"], states["dialplans"]) == ("ok", "ok")
    written = typed("service", "install", "--root", str(place / "root"))
    assert written.returncode == 0, written.stdout + written.stderr
    units = place / "root/etc/systemd/system"
    assert f"ExecStart={command} up" in (units / "freizeichen.service").read_text()
    assert (units / "freizeichen-asterisk.service").exists()
