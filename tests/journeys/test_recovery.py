"""Journeys: the service is killed under living calls and started again; nobody notices."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.asterisk.config import Silence
from tests.journeys.people import (
    AGENT_HZ,
    a_talk,
    caller,
    kill,
    order,
    settled,
    start_again,
    until,
    waits,
)
from tests.journeys.service import (
    Service,
    call,
    command,
    console,
    end_asterisk,
    kept_dialogues,
    missed_calls,
    running_service,
    start,
    write_settings,
)

HOLE_S = 1.0  # in what a caller hears; packets come each 20 ms
MENU = """
about: stays in a menu
steps:
  - hear: {prompt: main_menu, within_s: 20}
  - press: "1"
  - hear: {prompt: tenancy_menu, within_s: 20}
  - hear: {prompt: tenancy_menu, within_s: 40, to_end: true}
  - press: "0"
  - hear: {prompt: connecting, within_s: 10}
  - hang_up: true
"""


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with running_service(folder) as running:
        yield running


async def test_a_service_that_is_killed_and_started_again_is_noticed_by_nobody(
    service: Service,
) -> None:
    async with AsyncExitStack() as stack:
        talks, phone = await a_talk(stack, service)
        waiting = []
        for number in (2, 3):
            waiting.append(await stack.enter_async_context(caller(service)))
            await waits(service, waiting[-1], number)
        (service.folder / "menu.yaml").write_text(MENU)
        in_menu = asyncio.create_task(
            asyncio.to_thread(call, service, "100", service.folder / "menu.yaml")
        )
        await until(lambda: kept_dialogues(service, "tenancy") == 1)
        before = await asyncio.to_thread(order, service)
        await asyncio.sleep(1.5)  # so that the menu is heard, and cannot be over
        killed_s = asyncio.get_running_loop().time()

        await asyncio.to_thread(kill, service)
        following = await asyncio.to_thread(start_again, service)
        await until(lambda: settled(following))

        assert await asyncio.to_thread(order, following) == before
        assert (await asyncio.to_thread(following.agent, "anna"))["state"] == "talking"
        assert abs(talks.pitch() - AGENT_HZ) < 12
        for each in (talks, *waiting):
            assert not each.phone.ended.is_set()
            assert each.longest_gap(killed_s) < HOLE_S
        status, report = await in_menu
        assert status == 0, report
        # Two menus begin with the same words: cut within them, either name may stand first.
        heard = [{each["prompt"], *each["also"]} for each in report["heard"]]
        first = next(n for n, each in enumerate(heard) if "tenancy_menu" in each)
        menu, again, then = heard[first : first + 3]
        assert "tenancy_menu" in menu & again, report["heard"]
        assert then == {"connecting"}, report

        # The next who is rung through is the one who waited longest.
        rung = len(phone.calls)
        await talks.phone.hang_up()
        await waiting[0].hears(AGENT_HZ)
        assert len(phone.calls) == rung + 1
        assert abs(waiting[1].pitch() - AGENT_HZ) > 12
        told = await asyncio.to_thread(command, following, "explain", before[0][0], "--json")
        assert told[0] == 0, told[1]
        stays = json.loads(told[1])["stays"]
        assert [stay["state"] for stay in stays] == ["waiting", "offered", "connecting", "talking"]
        for each in waiting:
            await each.phone.hang_up()
        await until(lambda: not following.get("calls"))
        status, said = await asyncio.to_thread(command, following, "replay", "--json")
        assert status == 0, said
        assert json.loads(said)["differences"] == 0
        ended = await until(lambda: len(found := ended_calls(following)) == 4 and found)
        assert sum(each.count("talked") for each in ended.values()) >= 2
        assert {before[number][0] for number in range(3)} <= set(ended)
        assert "Traceback" not in following.said()


def ended_calls(service: Service) -> dict[str, list[str]]:
    """How each call ended, once for each record of it."""
    path = service.folder / ".freizeichen/store/store.db"
    found: dict[str, list[str]] = {}
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
        for name, outcome in database.execute("SELECT call, outcome FROM ended_calls"):
            found.setdefault(name, []).append(outcome)
    assert all(len(each) == 1 for each in found.values())
    return found


async def test_who_was_kept_waiting_by_asterisk_alone_has_the_place_of_all_that_time(
    service: Service,
) -> None:
    """The service is away for longer than the dialplan waits for it; the one agent talks."""
    async with AsyncExitStack() as stack:
        talks, _ = await a_talk(stack, service)
        who, gives_up = [await stack.enter_async_context(caller(service)) for _ in range(2)]
        await waits(service, who, 2)
        await waits(service, gives_up, 3)
        *before, (given_up, *_) = await asyncio.to_thread(order, service)
        killed_s = asyncio.get_running_loop().time()
        await asyncio.to_thread(kill, service)
        await until(lambda: beat_age_s(service) > Silence().music_s)  # else the next would ring on
        began_at = datetime.now(UTC)
        new = await stack.enter_async_context(caller(service))
        await until(lambda: console(service, "queue show fallback").count("(wait:") == 3, 40.0)
        await gives_up.phone.hang_up()
        gave_up_s = time.time()
        await until(lambda: "/fz-" in console(service, "database show fz-missed"))
        await asyncio.sleep(2)  # that do not count as wait
        music_s = asyncio.get_running_loop().time()
        following = await asyncio.to_thread(start_again, service)
        await until(lambda: settled(following) and len(following.in_queue()) == 3)
        *old, (name, since, state) = await asyncio.to_thread(order, following)
        assert (old, state) == (before, "waiting")
        assert seconds_between(began_at.isoformat(), since) < 3
        assert abs(talks.pitch() - AGENT_HZ) < 12
        assert max(each.longest_gap(killed_s) for each in (talks, who)) < HOLE_S
        later = await stack.enter_async_context(caller(following))
        await waits(following, later, 4)
        assert new.longest_gap(music_s) < HOLE_S
        told = await asyncio.to_thread(command, following, "explain", name, "--json")
        arrived, queued = json.loads(told[1])["entries"]
        assert (arrived["what"], queued["what"]) == ("call_arrived", "call_queued")
        assert seconds_between(arrived["at"], queued["at"]) < 1  # so no welcome lies between

        await talks.phone.hang_up()
        await who.hears(AGENT_HZ)
        await who.phone.hang_up()
        await new.hears(AGENT_HZ)
        assert abs(later.pitch() - AGENT_HZ) > 12

        await until(lambda: "/fz-" not in console(service, "database show fz-missed"))
        (missed,) = await until(lambda: missed_calls(following, 1))
        assert (missed["id"], missed["line"], missed["cause"]) == (given_up, "100", "gone")
        assert abs(await until(lambda: ended_at(following, given_up)) - gave_up_s) < 1.5


def ended_at(service: Service, name: str) -> float | None:
    """When a call ended, once there is a record of it."""
    path = service.folder / ".freizeichen/store/store.db"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
        query = "SELECT ended_at FROM ended_calls WHERE call = ?"
        found = database.execute(query, (name,)).fetchone()
    return None if found is None else float(found[0])


def beat_age_s(service: Service) -> float:
    """How old the last sign of life is that Asterisk has of its service."""
    (beat,) = re.findall(r"FZ_BEAT=(\d+)", console(service, "dialplan show globals"))
    return time.time() - int(beat)


def seconds_between(one: str, other: str) -> float:
    gap = datetime.fromisoformat(other) - datetime.fromisoformat(one)
    return abs(gap.total_seconds())


async def test_asterisk_killed_with_waiting_calls_leaves_no_ghosts(service: Service) -> None:
    async with AsyncExitStack() as stack:
        for number in (1, 2):
            await waits(service, await stack.enter_async_context(caller(service)), number)
        first = service.asterisk_pid
        await asyncio.to_thread(kill, service)
        os.kill(first, signal.SIGKILL)
        following = await asyncio.to_thread(start_again, service)
        await until(lambda: not following.get("calls"), 3.0)
        await until(lambda: kept_dialogues(following) == 0, 3.0)
        missed = await until(lambda: missed_calls(following, 2))
        assert {(each["line"], each["cause"]) for each in missed} == {("100", "gone")}
        assert len(missed) == 2
        assert all(each["contact"] for each in missed)


async def test_without_the_key_file_nothing_is_started_and_nothing_overwritten(
    service: Service,
) -> None:
    async with caller(service):
        await until(lambda: kept_dialogues(service) == 1)
    assert service.stop() == 0
    key = service.folder / ".freizeichen/people/store.key"
    kept = key.rename(service.folder / "kept.key")
    files = [
        service.folder / ".freizeichen" / name for name in ("store/store.db", "people/people.db")
    ]
    before = [contents(file) for file in files]
    process = start(service.folder)
    assert process.wait(60) == 1
    said = (service.folder / "output").read_text()
    assert "the key file is missing" in said
    assert "put back a copy" in said
    assert "Traceback" not in said
    assert not key.exists()
    assert [contents(file) for file in files] == before
    kept.rename(key)
    service.process = start_again(service).process


def contents(file: Path) -> list[str]:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
        return list(database.iterdump())


def test_two_services_on_one_store_are_one_too_many(service: Service, tmp_path: Path) -> None:
    other = service.folder / "other"
    url = f"sqlite:///{service.folder}/.freizeichen/store/store.db"
    write_settings(other, store={"url": url})
    second = start(other)
    try:
        assert second.wait(60) == 1
    finally:
        end_asterisk(other)
    said = (other / "output").read_text()
    assert f"another service uses it (process {service.process.pid})" in said
    assert "Traceback" not in said
    assert service.health()[0] == 200


async def test_words_keys_and_numbers_stand_nowhere_in_the_files_of_the_store(
    service: Service,
) -> None:
    async with caller(service) as who:
        await who.phone.press("4")
        await who.phone.press("0")
        await until(service.in_queue)
        await until(lambda: kept_dialogues(service) == 1)
        folder = service.folder / ".freizeichen"
        files = [*(folder / "store").glob("*.db*"), *(folder / "people").glob("*.db*")]
        assert len(files) >= 4
        for file in files:
            content = file.read_bytes()
            assert b'"typed"' not in content
            assert b'"card"' not in content
            assert b"caller1" not in content
