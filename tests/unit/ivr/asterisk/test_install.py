"""Unit: which Asterisk is taken, which is refused, and from where one would be fetched."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from ivr.asterisk import install as install_module
from ivr.asterisk.install import InstallFailed, find_asterisk, parse_version, source_in


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17-1", (22, 10, 1)),
        ("Asterisk 23.0", (23, 0, 0)),
        ("Asterisk certified-22.8-cert1", (22, 8, 0)),
        ("FreeSWITCH 1.10", None),
    ],
)
def test_the_version_is_read_from_what_asterisk_says(
    said: str, version: tuple[int, int, int] | None
) -> None:
    assert parse_version(said) == version


DEB822 = """\
# a comment
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
OTHER = """\
Types: deb
URIs: https://packages.example/node
Suites: nodistro
Components: main
Signed-By: /usr/share/keyrings/other.gpg
"""
ONE_LINE = "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian/ trixie main contrib\n"
STRANGE = "deb https://packages.example/apt cloud-sdk main\n"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("debian.sources", DEB822, "http://mirror.example/debian"),
        ("node.sources", OTHER, None),
        ("sources.list", ONE_LINE, "http://mirror.example/debian/"),
        ("sources.list", STRANGE, None),
        ("sources.list", "# deb http://mirror.example/debian/ trixie main\n", None),
    ],
)
def test_debians_own_source_is_found_among_others(name: str, text: str, found: str | None) -> None:
    assert source_in(name, text) == found


def asterisk_that_says(folder: Path, words: str) -> Path:
    program = folder / "sbin" / "asterisk"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "{words}"\n')
    program.chmod(0o755)
    modules, docs = folder / "lib/asterisk/modules", folder / "share/asterisk/documentation"
    for path in (modules / "chan_pjsip.so", docs / "core-en_US.xml"):
        path.parent.mkdir(parents=True)
        path.touch()
    return program


def test_an_asterisk_of_ones_own_is_taken_with_its_modules(tmp_path: Path) -> None:
    program = asterisk_that_says(tmp_path, "Asterisk 23.1.0")
    found = find_asterisk(program, tmp_path / "cache")
    assert found is not None
    assert (found.command, found.version) == ((str(program),), (23, 1, 0))
    assert found.modules == tmp_path / "lib/asterisk/modules"


def test_one_that_is_too_old_is_refused_with_the_setting_named(tmp_path: Path) -> None:
    program = asterisk_that_says(tmp_path, "Asterisk 20.9.3")
    with pytest.raises(InstallFailed, match=r"asterisk\.binary: .* 22\.10\.1 or later"):
        find_asterisk(program, tmp_path / "cache")


def test_a_fetch_that_fails_leaves_nothing_half_done_and_names_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "E: Failed to fetch http://mirror.example/x  404"
    tools = put_tools(tmp_path, f'#!/bin/sh\necho "{words}" >&2\nexit 1\n')
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    monkeypatch.setattr(install_module, "package_source", lambda: "http://mirror.example/debian")
    with pytest.raises(InstallFailed, match="check network and disk") as failed:
        install_module.install(tmp_path / "cache", lambda _: None)
    assert "mirror.example" not in str(failed.value)
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {"install.lock"}


def test_a_program_that_says_what_is_no_text_is_no_asterisk(tmp_path: Path) -> None:
    program = tmp_path / "asterisk"
    program.write_text("#!/bin/sh\nprintf '\\377\\376 Asterisk'\n")
    program.chmod(0o755)
    with pytest.raises(InstallFailed, match="is not an Asterisk"):
        find_asterisk(program, tmp_path)


SLOW_TOOL = """#!/bin/sh
sleep 60 &
echo $! > {folder}/helper
echo $$ > {folder}/tool
wait
"""


def put_tools(folder: Path, text: str) -> Path:
    """Programs that stand in for apt-get and dpkg-deb."""
    tools = folder / "bin"
    tools.mkdir()
    for name in ("apt-get", "dpkg-deb"):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return tools


def comes_to_an_end(pid_file: Path) -> bool:
    """One that was killed needs a moment of the machine to be gone."""
    for _ in range(1000):
        try:
            state = Path(f"/proc/{int(pid_file.read_text())}/stat").read_text()
        except OSError:
            return True
        if state.rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_fetch_that_is_interrupted_leaves_no_helper_of_apt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: signal.Signals
) -> None:
    """As in `up`, where both signals raise KeyboardInterrupt."""
    tools = put_tools(tmp_path, SLOW_TOOL.format(folder=tmp_path))
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    monkeypatch.setattr(install_module, "package_source", lambda: "http://mirror.example/debian")
    before = signal.signal(kind, signal.default_int_handler)

    def interrupt() -> None:
        while not (tmp_path / "tool").exists() or not (tmp_path / "tool").read_text():
            time.sleep(0.01)
        os.kill(os.getpid(), kind)

    other = threading.Thread(target=interrupt)
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            install_module.install(tmp_path / "cache", lambda _: None)
    finally:
        other.join()
        signal.signal(kind, before)
    assert comes_to_an_end(tmp_path / "tool")
    assert comes_to_an_end(tmp_path / "helper")
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {"install.lock"}


def test_what_a_killed_fetch_left_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = put_tools(tmp_path, "#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    monkeypatch.setattr(install_module, "package_source", lambda: "http://mirror.example/debian")
    left_over = tmp_path / "cache" / "fetch-abc" / "root"
    left_over.mkdir(parents=True)
    (left_over / "file").touch()
    with pytest.raises(InstallFailed):
        install_module.install(tmp_path / "cache", lambda _: None)
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {"install.lock"}
