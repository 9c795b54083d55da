"""Records follow the journal in a real database: once each, through kills, damage and rebuilds."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from ivr.keeping.projector import Projector
from queues.centre.journal.row import JournalRow
from queues.centre.journal.row_faults import RowUnreadable
from queues.reports import VERSION, Projection
from queues.reports.open import NOTHING
from queues.store import (
    EndedCall,
    EndedOffer,
    Kind,
    MissedCall,
    NewRow,
    Position,
    Store,
    StoreUnavailable,
    Trouble,
)
from tests.store.places import Place, eventually, write
from tests.store.postgres_server import ROOT
from tests.unit.queues.rich_day import record
from tests.unit.queues.virtual_time import run_in_virtual_time

DAY: list[JournalRow] = run_in_virtual_time(record(12))
Made = tuple[tuple[EndedCall, ...], tuple[EndedOffer, ...], tuple[MissedCall, ...]]


def put(store: Store, rows: Iterable[JournalRow]) -> None:
    write(
        store,
        *(
            NewRow(
                row.at, Kind(row.kind), row.type, row.version, row.subject, json.dumps(row.payload)
            )
            for row in rows
        ),
    )


def in_one_pass(rows: Iterable[JournalRow]) -> Made:
    """What a journal comes to, without any database; a missed call counts when first told."""
    projection = Projection(NOTHING)
    for row in rows:
        projection.take(row)
    made = projection.batch()
    first: dict[str, MissedCall] = {}
    for each in made.missed:
        first.setdefault(each.call, each)
    return made.calls, made.offers, tuple(first.values())


def kept(store: Store) -> Made:
    everything = (0.0, 1e12)
    return (
        tuple(sorted(store.records.calls(*everything), key=lambda call: call.seq)),
        tuple(sorted(store.records.offers(*everything), key=lambda offer: offer.seq)),
        tuple(reversed(store.records.missed(1000))),
    )


def test_a_day_that_is_followed_while_it_goes_on_comes_to_what_one_pass_does(place: Place) -> None:
    with place.opened() as store:
        projector = Projector(store, rows=100)
        for first in range(0, len(DAY), 333):
            put(store, DAY[first : first + 333])
            projector.follow()
        projector.follow()
        assert kept(store) == in_one_pass(DAY)
        assert projector.seq == store.records.position(VERSION).seq == len(DAY)


def test_two_starts_and_two_projectors_count_nothing_twice(place: Place) -> None:
    with place.opened() as store:
        put(store, DAY[:700])
        first, second = Projector(store, rows=50), Projector(store, rows=70)
        first.follow()
        second.follow()
        put(store, DAY[700:])
        first.follow()
    with place.opened() as store:
        Projector(store).follow()
        assert kept(store) == in_one_pass(DAY)


def test_kills_at_any_row_leave_records_that_are_gone_on_with(file_place: Place) -> None:
    chance = random.Random(1)  # noqa: S311  (a seeded order of events)
    with file_place.opened() as store:
        put(store, DAY)
    command = [
        sys.executable,
        "-m",
        "tests.store.projecting_process",
        file_place.url,
        str(file_place.folder),
    ]
    kills = 0
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        is_done = False
        while not is_done:
            parent.stdin.write("\n")
            parent.stdin.flush()
            lines = iter(parent.stdout.readline, "")
            child = int(next(lines).removeprefix("child "))
            kill_after = chance.randrange(1, 200)
            for count, line in enumerate(lines, 1):
                if not line.strip().isdigit():
                    is_done = line == "done\n"
                    break
                if count == kill_after:
                    os.kill(child, signal.SIGKILL)
                    kills += 1
        parent.stdin.close()
    assert kills >= 5
    with file_place.opened() as store:
        assert store.records.position(VERSION).seq == len(DAY)
        assert kept(store) == in_one_pass(DAY)


def test_records_of_another_version_or_cleared_ones_are_made_again(place: Place) -> None:
    with place.opened() as store:
        put(store, DAY)
        begin = store.records.position(VERSION + 1)
        stray = in_one_pass(DAY[:500])[0]
        store.records.add(begin, Position(VERSION + 1, 500, "{}"), stray)
        projector = Projector(store)
        projector.follow()
        assert kept(store) == in_one_pass(DAY)
        store.records.clear()
        Projector(store).follow()
        assert kept(store) == in_one_pass(DAY)


def test_rows_of_closed_days_are_read_too(file_place: Place) -> None:
    with file_place.opened() as store:
        put(store, DAY)
        store.close_days(DAY[-1].at + 30 * 86_400, ZoneInfo("Europe/Berlin"))
        assert file_place.say("SELECT count(*) FROM journal") == [(0,)]
        Projector(store).follow()
        assert kept(store) == in_one_pass(DAY)


def test_a_file_that_is_away_only_delays_the_records(file_place: Place) -> None:
    with file_place.opened() as store:
        put(store, DAY)
        projector = Projector(store)
        away = file_place.file.with_name("away.db")
        file_place.file.rename(away)
        with pytest.raises(StoreUnavailable):
            projector.follow()
        away.rename(file_place.file)
        projector.follow()
        assert kept(store) == in_one_pass(DAY)


async def test_a_disk_that_is_full_is_told_of_once_each_time_it_is(file_place: Place) -> None:
    with file_place.opened() as store:
        projector = Projector(store, look_s=0.001)
        looks: list[int] = []

        def follow() -> None:
            looks.append(1)
            if len(looks) < 8 and len(looks) % 4:
                raise StoreUnavailable("store.db", Trouble.FULL)

        projector.follow = follow  # type: ignore[method-assign]
        with capture_logs() as logs:
            running = asyncio.create_task(projector.run())
            await asyncio.to_thread(eventually, lambda: len(looks) >= 8)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert [line["event"] for line in logs] == ["no records just now"] * 2


def test_a_row_that_cannot_be_read_is_named_and_what_came_before_is_kept(place: Place) -> None:
    with place.opened() as store:
        put(store, DAY[:300])
        write(store, NewRow(DAY[300].at, Kind.FACT, "call_closed", 1, "c", "{}"))
        with pytest.raises(RowUnreadable, match="row 301"):
            Projector(store, rows=100).follow()
        assert store.records.position(VERSION).seq == 300
        calls, offers, _ = in_one_pass(DAY[:300])
        assert kept(store)[:2] == (calls, offers)


async def test_a_day_that_is_damaged_is_told_of_once_and_looked_at_ever_less(
    file_place: Place,
) -> None:
    with file_place.opened() as store:
        put(store, DAY[:20])
        [day] = store.close_days(DAY[0].at + 30 * 86_400, ZoneInfo("UTC"))
        file = file_place.folder / "journal" / day.file
        file.rename(file.with_suffix(".away"))
        looks: list[int] = []
        projector = Projector(store, look_s=0.01)
        follow, one_at_a_time = projector.follow, threading.Lock()

        def looked() -> None:
            with one_at_a_time:  # the thread of a look outlives the task that is cancelled
                looks.append(1)
                follow()

        projector.follow = looked  # type: ignore[method-assign]
        with capture_logs() as logs:
            running = asyncio.create_task(projector.run())
            await asyncio.to_thread(eventually, lambda: len(looks) == 5)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        [line] = [line for line in logs if line["event"].startswith("no records")]
        assert day.file in line["error"]
        file.with_suffix(".away").rename(file)
        looked()
        assert kept(store) == in_one_pass(DAY[:20])
