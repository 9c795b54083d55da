"""Real Asterisk: whose its folders are, where it can live, how a left-over one is found."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.asterisk.account import RunAccount, ordinary_account
from ivr.asterisk.config import PathUnusable, escaped_path
from ivr.asterisk.folders import SwitchFolders, make_folders
from ivr.asterisk.process import SwitchProcess, running_pid
from tests.ami.running import until
from tests.programs import real_asterisk
from tests.switch import ROOT, Switch, running_switch

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")


def status(pid: int | None, field: str) -> list[str]:
    """The words of one line in /proc/<pid>/status."""
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(row.split()[1:] for row in rows if row.startswith(f"{field}:"))


def consoles(switch: Switch) -> list[str]:
    """The console programs of this Asterisk that run."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "-rx" in words and str(switch.process.folders.etc / "asterisk.conf") in words:
            found.append(entry.name)
    return found


@pytest.mark.parametrize("name", ["a;b c ü", "a" * 120])
async def test_it_lives_in_a_folder_with_any_name(folder: Path, name: str) -> None:
    place = folder / name
    place.mkdir()
    async with running_switch(place) as switch:
        assert "fully booted" in await switch.console("core waitfullybooted")
        directory = next(
            line.split(":", 1)[1].strip()
            for line in (await switch.console("moh show classes")).splitlines()
            if "Directory" in line
        )
        assert directory == str(switch.music)
        assert (switch.process.folders.log / "messages").exists()
        assert SwitchFolders.below(place) == switch.process.folders
    run = switch.process.folders.run
    assert not list(run.iterdir())
    if folder not in run.parents:  # the path was too long for a socket
        run.rmdir()
        assert sorted(run.parent.iterdir()) == []
        run.parent.rmdir()


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\x00b", "a\udcffb"])
def test_a_path_with_a_line_break_is_refused(name: str) -> None:
    with pytest.raises(PathUnusable, match="rename the folder"):
        escaped_path(Path("/srv") / name)


async def test_what_it_is_configured_with_is_not_its_own_to_change(folder: Path) -> None:
    async with running_switch(folder) as switch:
        folders, account = switch.process.folders, switch.process.account
        me = os.geteuid()
        assert status(switch.process.pid, "Uid") == [str(account.uid)] * 4
        assert status(switch.process.pid, "Gid") == [str(account.gid)] * 4
        ours = [folders.base, folders.etc, folders.output, folders.pid_file]
        ours += [folders.base / "data", folders.base / "empty", *folders.etc.iterdir()]
        for path in ours:
            found = path.lstat()
            assert (found.st_uid, found.st_mode & 0o027) == (me, 0), path
        for path in (folders.run, folders.log, folders.base / "var", folders.base / "spool"):
            assert path.stat().st_uid == account.uid
        assert me != 0 or account.uid != 0


@AS_ROOT
def test_links_planted_by_the_account_are_replaced_and_lead_nowhere(folder: Path) -> None:
    asterisk, account = real_asterisk(), ordinary_account(ROOT)
    victim = folder / "victim"
    victim.mkdir()
    (victim / "file").write_text("keep")
    base = folder / "asterisk"
    base.mkdir()
    os.chown(base, account.uid, account.gid)  # as older versions left it
    for name in ("etc", "log", "run", "data"):
        (base / name).symlink_to(victim)
    (base / "output").symlink_to(victim / "file")
    folders, renewed = make_folders(folder, account, asterisk)
    assert renewed
    assert not folders.output.is_symlink()
    assert (folders.log.stat().st_uid, victim.stat().st_uid) == (account.uid, 0)
    (folders.log / "deep").mkdir()
    os.link(victim / "file", folders.log / "deep" / "file")
    assert not make_folders(folder, account, asterisk)[1]
    assert (victim / "file").stat().st_uid == 0  # nothing inside changes hands
    assert make_folders(folder, RunAccount(0, 0), asterisk)[1]
    assert (victim / "file").read_text() == "keep"


@AS_ROOT
def test_a_folder_in_tmp_that_is_not_what_we_made_is_not_used(folder: Path) -> None:
    asterisk, account = real_asterisk(), ordinary_account(ROOT)
    place = folder / ("a" * 120)
    place.mkdir()
    first, _ = make_folders(place, account, asterisk)
    assert make_folders(place, account, asterisk)[0] == first
    os.chown(first.run.parent, account.uid, account.gid)
    second, _ = make_folders(place, account, asterisk)
    assert second.run.parent != first.run.parent
    for each in (first, second):
        each.run.rmdir()
        each.run.parent.rmdir()


async def test_one_whose_id_was_never_written_down_is_found_and_ended(folder: Path) -> None:
    async with running_switch(folder) as switch:
        first = switch.process
        first.folders.pid_file.unlink()
        finder = SwitchProcess(first.asterisk, first.folders, first.account)
        assert finder.pid == first.pid is not None
        ending = asyncio.create_task(finder.stop())
        await until(first.has_ended)
        await ending
        assert finder.pid is None


async def test_a_console_that_is_cancelled_leaves_no_program(folder: Path) -> None:
    async with running_switch(folder) as switch:
        switch.freeze()
        asking = asyncio.create_task(switch.console("core show uptime"))
        await until(lambda: bool(consoles(switch)))
        asking.cancel()
        await asyncio.wait([asking])
        assert consoles(switch) == []
        switch.thaw()


async def test_stopping_one_that_goes_by_itself_raises_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_switch(folder) as switch:
        kill = os.kill

        def too_late(pid: int, kind: int) -> None:
            kill(pid, signal.SIGKILL)
            raise ProcessLookupError

        with monkeypatch.context() as patched:
            patched.setattr(os, "kill", too_late)
            await switch.stop()
        assert switch.process.pid is None


# The kernel cuts a name after 15 bytes, also within a letter.
STRANGELY_NAMED = """
import sys
with open("/proc/self/comm", "wb") as name:
    name.write("Telefonanlagenüberwachung".encode())
print("named", flush=True)
sys.stdin.read()
"""


def test_a_process_whose_name_is_no_text_does_not_hide_ours(folder: Path) -> None:
    program = [sys.executable, "-c", STRANGELY_NAMED]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stranger:
        assert stranger.stdout is not None
        stranger.stdout.readline()
        with pytest.raises(UnicodeDecodeError):
            (Path("/proc") / str(stranger.pid) / "comm").read_text()
        folders = SwitchFolders.below(folder)
        folders.pid_file.parent.mkdir(parents=True)
        folders.pid_file.write_text(str(stranger.pid))
        assert running_pid(folders, ordinary_account(folder)) is None
        stranger.communicate()
