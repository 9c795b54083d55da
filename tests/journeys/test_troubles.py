"""Journeys: what can be wrong at the start: one clear message, a status, nothing left running."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

from tests.journeys.service import COMMAND, eventually, start, write_settings
from tests.programs import real_asterisk
from tests.switch import ROOT


def processes_of(folder: Path) -> list[str]:
    """Command lines of everything that runs with this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(folder) in words:
                found.append(words)
    return found


def refused(folder: Path, *said: str, environment: dict[str, str] | None = None) -> None:
    """`up` ends by itself, not with 0, says this, and leaves nothing running."""
    process = start(folder, environment=environment)
    assert process.wait(60) != 0
    output = (folder / "output").read_text()
    for words in said:
        assert words in output, output
    assert "Traceback" not in output
    assert not (folder / ".freizeichen/run.json").exists()
    eventually(lambda: not processes_of(folder / ".freizeichen"))


def own_asterisk(folder: Path, *, before: str = "") -> Path:
    """An installation of one's own below this folder: the real one behind a small start script."""
    real = real_asterisk()
    prefix = folder / "local"
    for link, target in ((prefix / "lib", real.modules.parents[1]), (prefix / "share", real.data)):
        link.mkdir(parents=True)
        (link / "asterisk").symlink_to(target if link.name == "share" else real.modules.parent)
    program = prefix / "sbin" / "asterisk"
    program.parent.mkdir()
    command = " ".join(f"'{word}'" for word in real.command)
    program.write_text(f'#!/bin/sh\n{before}\nexec {command} "$@"\n')
    program.chmod(0o755)
    return program


def test_a_port_in_use_is_named_with_its_setting(folder: Path) -> None:
    write_settings(folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused(
            folder,
            f"port {port} on 127.0.0.1 cannot be used",
            "FREIZEICHEN_PORTS__HTTP",
            environment={"FREIZEICHEN_PORTS__HTTP": port},
        )


def test_broken_settings_are_named_with_file_and_line(folder: Path) -> None:
    path = write_settings(folder)
    path.write_text(path.read_text().replace("desk2", "Desk 2"))
    refused(folder, "freizeichen.yaml:", "expected a name of small letters")


def test_a_broken_dialplan_is_named_with_file_and_line(folder: Path) -> None:
    shutil.copytree(ROOT / "dialplans", folder / "dialplans")
    broken = folder / "dialplans/de/main.yaml"
    broken.write_text(broken.read_text().replace("start: ", "start: nowhere_", 1))
    write_settings(folder, dialplans=str(folder / "dialplans"))
    refused(folder, "dialplans/de/main.yaml:", "nowhere_")


def test_no_asterisk_and_no_apt_is_one_clear_message(folder: Path) -> None:
    write_settings(folder)
    environment = {"PATH": str(folder / "empty"), "FREIZEICHEN_CACHE": str(folder / "cache")}
    refused(folder, "no apt-get to fetch it", "asterisk.binary", environment=environment)


def test_no_espeak_and_no_apt_is_one_clear_message(folder: Path) -> None:
    asterisk = {"binary": str(own_asterisk(folder)), "qualify_frequency_s": 1}
    write_settings(folder, asterisk=asterisk)
    environment = {"PATH": "/nowhere", "FREIZEICHEN_CACHE": str(folder / "cache")}
    (folder / "local/sbin/asterisk").write_text(
        (folder / "local/sbin/asterisk").read_text().replace("#!/bin/sh", "#!/bin/sh\nPATH=/bin")
    )
    refused(folder, "espeak-ng", "no apt-get to fetch it", environment=environment)


def test_a_file_that_is_no_asterisk_is_named(folder: Path) -> None:
    write_settings(folder, asterisk={"binary": "/bin/true"})
    refused(folder, "asterisk.binary: /bin/true is not an Asterisk 22.10.1 or later")


def test_a_wrong_ami_password_is_one_clear_message(folder: Path) -> None:
    """Somebody changed the secret behind our back, between rendering and Asterisk's start."""
    manager, spoilt = folder / ".freizeichen/asterisk/etc/manager.conf", folder / "spoilt"
    held = f'case "$*" in *" -f") until [ -e {spoilt} ]; do sleep 0.05; done;; esac'
    program = own_asterisk(folder, before=held)
    write_settings(folder, asterisk={"binary": str(program), "qualify_frequency_s": 1})

    def spoil() -> None:
        eventually(manager.exists, 30)
        manager.write_text(re.sub("(?m)^secret = .*", "secret = another", manager.read_text()))
        spoilt.touch()

    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    refused(folder, "no link to Asterisk", "refuses the AMI user")
    spoiler.join()


def test_a_full_disk_is_one_clear_message(folder: Path) -> None:
    """The run folder is a file system of 300 kB in a mount namespace of its own."""
    write_settings(folder)
    run_folder = folder / ".freizeichen"
    run_folder.mkdir()
    fill = f"mount -t tmpfs -o size=300k,mode=755 tmpfs {run_folder} && exec {COMMAND} up"
    alone = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    done = subprocess.run(
        [*alone, "sh", "-c", fill], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "No space left on device" in done.stderr
    assert "free some space" in done.stderr
    assert "Traceback" not in done.stderr
    eventually(lambda: not processes_of(run_folder))


def test_a_folder_one_cannot_write_to_is_one_clear_message(folder: Path) -> None:
    (folder / ".freizeichen").write_text("a file is in the way")
    write_settings(folder)
    process = start(folder)
    assert process.wait(30) == 1
    output = (folder / "output").read_text()
    assert f"cannot write to {folder}/.freizeichen" in output
    assert "Traceback" not in output
