"""An Asterisk that is there includes ours, takes calls with it, and is as it was afterwards."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.wire_events import ChannelInAgi
from ivr.caller.phone import caller_phone
from ivr.caller.tones import ToneWatch
from ivr.cli import app
from ivr.doctor.examination import examine
from ivr.doctor.finding import State
from ivr.place import find_place
from tests.ami.running import PATIENT, Floor, running_client, until
from tests.asterisk.another_house import AnotherHouse, another_house
from tests.doctor.house import LINES, NUMBER
from tests.journeys.service import write_settings
from tests.switch import free_ports, write_tone

_PROMPT_HZ = 700
_INCLUDE = re.compile(r"^  (\S+):  (#include \S+)$", re.MULTILINE)
_LINK = re.compile(r"^  ln -s (\S+) (\S+)$", re.MULTILINE)


def command(settings: Path, house: AnotherHouse, *words: str) -> Result:
    """`freizeichen asterisk config` of this place, for that Asterisk."""
    where = ["--settings", str(settings), "--asterisk-config", str(house.etc)]
    return CliRunner().invoke(app, ["asterisk", "config", *where, *words])


def prepared(folder: Path) -> tuple[Path, AnotherHouse]:
    """Settings of a place, and an Asterisk that is there."""
    (sip,) = free_ports(1, socket.SOCK_DGRAM)
    settings = write_settings(folder / "ours", lines=LINES)
    text = settings.read_text()
    ami = int(re.findall(r"ami: (\d+)", text)[0])
    (folder / "theirs").mkdir()
    return settings, another_house(folder / "theirs", sip=sip, ami=ami)


async def test_another_asterisk_takes_our_calls_and_is_as_it_was_afterwards(folder: Path) -> None:
    settings, house = prepared(folder)
    before = house.own_files()

    written = command(settings, house, "--outside", "way-out")

    assert written.exit_code == 0, written.output
    assert house.own_files() == before
    _do_what_is_told(house, written.output)

    async with house.running():
        await _a_call_is_served(settings, house)
        findings = await asyncio.to_thread(
            lambda: {each.code: each for each in examine(find_place(settings), theirs=house.etc)}
        )
        assert findings["echo"].state is State.OK, findings["echo"]
        assert findings["asterisk.version"].state is State.OK
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
    """Add the lines, and have it find our prompts, of which one is a tone here."""
    includes = _INCLUDE.findall(told)
    assert len(includes) == 4
    for file, line in includes:
        house.add(Path(file).name, line)
    house.add("extensions.conf", "[from-office](+)\ninclude => fz-lines")
    ((target, link),) = _LINK.findall(told)
    Path(link).symlink_to(target)
    prompt = Path(target) / "ko" / "hello.wav"
    prompt.parent.mkdir(parents=True)
    write_tone(prompt, _PROMPT_HZ, 2.0)


async def _a_call_is_served(settings: Path, house: AnotherHouse) -> None:
    """A phone of theirs calls a line of ours, which we serve by the control port."""
    run_folder = settings.parent / ".freizeichen"
    secret = json.loads((run_folder / "passwords.json").read_text())["ami"]
    ami = int(re.findall(r"port = (\d+)", (house.etc / "manager.conf").read_text())[0])
    async with (
        running_client(ami, secret=secret, timing=PATIENT) as client,
        caller_phone(house.office_phone) as phone,
    ):
        floor = Floor(client, AgiDesk(client))
        hearing = asyncio.create_task(floor.hear())
        dialling = asyncio.create_task(phone.dial(NUMBER, 10))
        try:
            await client.send(wire.setvar_global("FZ_BEAT", str(int(time.time()))))
            await until(lambda: any(isinstance(each, ChannelInAgi) for each in floor.seen))
            arrived = next(each for each in floor.seen if isinstance(each, ChannelInAgi))
            assert (arrived.why, arrived.line) == ("new", NUMBER)
            await floor.desk.run(arrived.channel, wire.answer(), deadline_s=5)
            await dialling
            watch = ToneWatch(_PROMPT_HZ)
            playing = floor.desk.run(
                arrived.channel, wire.stream_file("fz/ko/hello"), deadline_s=10
            )
            assert (await playing).ok
            watch.feed(phone.heard())
            assert sum(each.to_s - each.from_s for each in watch.heard) > 1.5
        finally:
            hearing.cancel()
            dialling.cancel()


def test_a_name_that_is_taken_is_refused_and_nothing_is_written(folder: Path) -> None:
    settings, house = prepared(folder)
    house.add("pjsip.conf", "[desk1]\ntype = endpoint")
    refused = command(settings, house)
    assert refused.exit_code == 1
    assert "has a section [desk1] already" in refused.output
    assert not (house.etc / "freizeichen").exists()


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


def test_a_folder_that_is_not_ours_is_never_written_to_nor_removed(folder: Path) -> None:
    settings, house = prepared(folder)
    mine = house.etc / "freizeichen"
    mine.mkdir()
    (mine / "extensions.conf").write_text("[mine]\n")
    for words in ((), ("--undo",)):
        assert command(settings, house, *words).exit_code == 1
    assert (mine / "extensions.conf").read_text() == "[mine]\n"
    assert len(list(mine.iterdir())) == 1
