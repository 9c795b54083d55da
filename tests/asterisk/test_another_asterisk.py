"""An Asterisk that is there includes ours, takes calls with it, and is as it was afterwards."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli import app
from ivr.doctor.examination import examine
from ivr.doctor.finding import State
from ivr.place.place import find_place
from tests.asterisk.another_house import AnotherHouse, another_house
from tests.doctor.house import LINES, NUMBER
from tests.journeys.service import SCRIPTS, call, start, wait_ready, write_settings
from tests.switch import free_ports, test_settings

_INCLUDE = re.compile(r"^  (\S+):  (#include \S+)$", re.MULTILINE)
_LINK = re.compile(r"^  ln -s (\S+) (\S+)$", re.MULTILINE)


def command(settings: Path, house: AnotherHouse, *words: str) -> Result:
    """`freizeichen asterisk config` of this place, for that Asterisk."""
    where = ["--settings", str(settings), "--asterisk-config", str(house.etc)]
    return CliRunner().invoke(app, ["asterisk", "config", *where, *words])


def prepared(folder: Path) -> tuple[Path, AnotherHouse]:
    """Settings of a place, and an Asterisk that is there."""
    (sip,) = free_ports(1, socket.SOCK_DGRAM)
    (folder / "theirs").mkdir()
    (ami,) = free_ports(1)
    house = another_house(folder / "theirs", sip=sip, ami=ami)
    ports = test_settings().ports.model_dump() | {"ami": ami}
    asterisk = {"config": str(house.etc), "qualify_frequency_s": 1}
    return write_settings(folder / "ours", lines=LINES, ports=ports, asterisk=asterisk), house


async def test_another_asterisk_takes_our_calls_and_is_as_it_was_afterwards(folder: Path) -> None:
    settings, house = prepared(folder)
    before = house.own_files()

    written = command(settings, house, "--outside", "way-out")

    assert written.exit_code == 0, written.output
    assert house.own_files() == before
    _do_what_is_told(house, written.output)

    async with house.running():
        await asyncio.to_thread(_a_call_is_served, settings)
        assert not house.process.has_ended()  # the service went, and left it alone
        findings = await asyncio.to_thread(
            lambda: {each.code: each for each in examine(find_place(settings), theirs=house.etc)}
        )
        assert findings["echo"].state is State.OK, findings["echo"]
        assert findings["asterisk.version"].state is State.OK
        assert findings["asterisk.current"].state is State.OK
        assert [each for each in findings.values() if each.state is State.FAULT] == []
        assert findings["shown_number"].found == "outgoing calls show +4930123456"
        # It runs all that a distribution runs, and lets its panel do everything: told, no fault.
        assert findings["asterisk.dangerous_modules"].state is State.WARNING
        assert findings["ami.others"].state is State.WARNING
        assert "panel" in findings["ami.others"].found

    refused = command(settings, house, "--undo")
    assert refused.exit_code == 1
    assert "first take out these lines" in refused.output
    for name, content in before.items():
        (house.etc / name).write_bytes(content)
    assert command(settings, house, "--undo").exit_code == 0
    assert house.own_files() == before
    assert not (house.etc / "freizeichen").exists()


def _do_what_is_told(house: AnotherHouse, told: str) -> None:
    """Add the lines, and have it find our prompts."""
    includes = _INCLUDE.findall(told)
    assert len(includes) == 4
    for file, line in includes:
        house.add(Path(file).name, line)
    house.add("extensions.conf", "[from-office](+)\ninclude => fz-lines")
    ((target, link),) = _LINK.findall(told)
    Path(link).symlink_to(target)


def _a_call_is_served(settings: Path) -> None:
    """The service comes, a caller says where to, an agent is rung and joined; the service goes."""
    process = start(settings.parent)
    try:
        service = wait_ready(settings.parent, process)
        status, report = call(service, NUMBER, SCRIPTS / "ko-keys.yaml")
        assert status == 0, (report["failed_step"], report["why"], report["heard"], service.said())
        assert report["bridge"] is not None
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert "left to run by itself" in service.said()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write for others")
def test_root_leaves_passwords_that_the_services_account_can_read_and_follows_no_link(
    folder: Path,
) -> None:
    settings, house = prepared(folder)
    run_folder = find_place(settings).run_folder
    run_folder.mkdir()
    os.chown(run_folder, 61_743, 61_743)
    passwords = run_folder / "passwords.json"
    (folder / "roots").write_text('{"ami": "only root may know this word"}')
    (folder / "roots").chmod(0o600)
    passwords.symlink_to(folder / "roots")
    assert command(settings, house).exit_code == 1
    passwords.unlink()
    done = command(settings, house)
    assert done.exit_code == 0, done.output
    found = passwords.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (61_743, 61_743, 0o600)
    assert (house.etc / "freizeichen" / "manager.conf").stat().st_uid == 0


def test_a_name_that_is_taken_is_refused_and_nothing_is_written(folder: Path) -> None:
    settings, house = prepared(folder)
    house.add("pjsip.conf", "[desk1]\ntype = endpoint")
    refused = command(settings, house)
    assert refused.exit_code == 1
    assert "has a section [desk1] already" in refused.output
    assert not (house.etc / "freizeichen").exists()


@pytest.mark.parametrize(
    ("outside", "said"),
    [("nope", "name the one in which its phones dial out, of "), ("way-uot", "mean 'way-out'?")],
)
def test_a_way_outside_that_is_no_context_is_refused_and_nothing_is_written(
    folder: Path, outside: str, said: str
) -> None:
    settings, house = prepared(folder)
    before = house.own_files()
    refused = command(settings, house, "--outside", outside)
    assert refused.exit_code == 1
    assert f"{house.etc / 'extensions.conf'} has no context [{outside}], which" in refused.output
    assert said in refused.output
    assert not (house.etc / "freizeichen").exists()
    (house.etc / "extensions.ael").write_text("context nope { _X. => Dial(PJSIP/${EXTEN}@out); };")
    assert command(settings, house, "--outside", "nope").exit_code == 0
    assert before.items() <= house.own_files().items()


@pytest.mark.parametrize("words", [(), ("--undo",)], ids=["written again", "undone"])
def test_what_was_changed_since_is_left_alone_with_all_the_rest(
    folder: Path, words: tuple[str, ...]
) -> None:
    settings, house = prepared(folder)
    assert command(settings, house).exit_code == 0
    ours = {path: path.read_bytes() for path in (house.etc / "freizeichen").iterdir()}
    assert command(settings, house).exit_code == 0  # once more: nothing was in the way
    changed = house.etc / "freizeichen/queues.conf"
    changed.write_text(changed.read_text() + "; by hand\n")
    ours[changed] = changed.read_bytes()

    refused = command(settings, house, *words)

    assert refused.exit_code == 1
    assert f"{changed} was changed since" in refused.output
    assert {path: path.read_bytes() for path in (house.etc / "freizeichen").iterdir()} == ours


@pytest.mark.parametrize(
    "named",
    ["{ours}/pjsip.conf", "./freizeichen/pjsip.conf", '"freizeichen/pjsip.conf"', "freizeichen/*"],
)
def test_nothing_is_removed_while_it_is_included_by_whatever_path(folder: Path, named: str) -> None:
    settings, house = prepared(folder)
    assert command(settings, house).exit_code == 0
    line = "#include " + named.format(ours=house.etc / "freizeichen")
    house.add("pjsip.conf", f"{line} ; ours")

    refused = command(settings, house, "--undo")

    assert refused.exit_code == 1
    assert f"{house.etc / 'pjsip.conf'}: {line}" in refused.output
    assert (house.etc / "freizeichen/pjsip.conf").exists()


def test_a_folder_that_is_not_ours_is_never_written_to_nor_removed(folder: Path) -> None:
    settings, house = prepared(folder)
    mine = house.etc / "freizeichen"
    mine.mkdir()
    (mine / "extensions.conf").write_text("[mine]\n")
    for words in ((), ("--undo",)):
        assert command(settings, house, *words).exit_code == 1
    assert (mine / "extensions.conf").read_text() == "[mine]\n"
    assert len(list(mine.iterdir())) == 1
