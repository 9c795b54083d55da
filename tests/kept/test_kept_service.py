"""The real store under the service: rows both ways, starts after kills, sealed dialogues."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.cannot_start import CannotStart
from ivr.keeping.journal import StoredJournal, as_rows
from ivr.keeping.keeping import Keeping, end_old_days, journal_figures, journal_status
from ivr.keeping.kept import Kept, store_url
from ivr.keeping.snapshots import Snapshots
from ivr.phone_number import PhoneNumber
from ivr.place.place import Place
from ivr.settings.settings import Settings
from queues.api import HealthStatus
from queues.centre.facts.house import HistoryLost
from queues.centre.inputs.calls import CallArrived, CallEnded, EndCause
from queues.centre.journal.codec import fact_row
from queues.centre.journal.row import JournalRow
from queues.centre.journal.snapshot import UNDERSTOOD, to_snapshot
from queues.centre.replay import replay
from queues.centre.values.json_values import Snapshot
from queues.dispatcher import Dispatcher
from queues.ids import LineId
from queues.ports import JournalTakenOver
from queues.store import Kind, NewRow
from tests.kept.kept_place import (
    C1,
    C2,
    NUMBER,
    SETTINGS,
    WITHIN_S,
    dispatching,
    enter,
    opened,
    until,
)
from tests.switch import test_settings


async def test_what_was_decided_is_there_after_the_next_start_and_replays_the_same(
    place: Place,
) -> None:
    with opened(place) as kept:
        async with dispatching(kept) as before:
            before.submit(SETTINGS)
            before.submit(enter(C1))
            before.submit(enter(C2))
            assert kept.store.journal.flush(WITHIN_S)
            picture = before.view()
        state = to_snapshot(kept.centre)
    with opened(place) as kept:
        assert to_snapshot(kept.centre) == state
        async with dispatching(kept) as after:
            assert after.view().calls == picture.calls
            assert after.view().agents == picture.agents
            after.submit(replace(SETTINGS, epoch="offerbbbb"))
            assert kept.store.journal.flush(WITHIN_S)
            assert [row.call for row in after.view().calls] == [C1, C2]
        report = replay(as_rows(kept.store.read_journal()))
        assert (report.differences, report.gaps) == (0, 0)
        assert report.facts > 3


async def test_a_start_goes_on_from_a_snapshot_and_passes_over_a_spoilt_one(place: Place) -> None:
    with opened(place) as kept:
        snapshots = Snapshots(kept.store, kept.centre, 0, every_rows=1)
        async with dispatching(kept) as running:
            for what in (SETTINGS, enter(C1), enter(C2)):
                running.submit(what)
                assert kept.store.journal.flush(WITHIN_S)
                await asyncio.to_thread(snapshots.follow)
        assert snapshots.saved_seq == kept.store.journal.committed
        state = to_snapshot(kept.centre)
    with opened(place) as kept:
        last = kept.snapshot_seq
        assert last > 0
        assert to_snapshot(kept.centre) == state
        newest = kept.store.snapshots.newest(understood=UNDERSTOOD, last_seq=last)
        assert newest is not None
        kept.store.snapshots.save(replace(newest, body='{"version": 1, "at": "soon"}'))
    with opened(place) as kept:
        assert 0 < kept.snapshot_seq < last
        assert to_snapshot(kept.centre) == state


async def test_after_rows_were_lost_a_snapshot_of_the_whole_state_is_saved_at_once(
    place: Place,
) -> None:
    with opened(place) as kept:
        snapshots = Snapshots(kept.store, kept.centre, 0)
        async with dispatching(kept) as running:
            running.submit(SETTINGS)
            assert kept.store.journal.flush(WITHIN_S)
            await asyncio.to_thread(snapshots.follow)
            assert snapshots.saved_seq == 0  # few rows, and not long ago
            kept.store.journal._waiting._most = 0
            running.submit(enter(C1))
            await until(lambda: _lost(running) > 0)
            kept.store.journal._waiting._most = 1000
            running.submit(enter(C2))
            await until(lambda: b"history_lost" in _types(kept))
            await asyncio.to_thread(snapshots.follow)
            assert snapshots.saved_seq > 0
            assert journal_status(running.journal_health) is HealthStatus.OK
        state = to_snapshot(kept.centre)
    with opened(place) as kept:
        came_back = to_snapshot(kept.centre)
        assert came_back | {"at": 0} == state | {"at": 0}  # the gap was noted after the decisions


async def test_two_kills_behind_a_gap_lose_nothing_of_what_was_decided_between_them(
    place: Place,
) -> None:
    with opened(place) as kept:
        async with dispatching(kept) as running:
            running.submit(SETTINGS)
            running.submit(enter(C1))
            assert kept.store.journal.flush(WITHIN_S)
        # Killed between the row that tells of the gap and the whole state that closes it.
        kept.store.journal.submit([NewRow(2.0, Kind.LOST, "rows_lost", 1, "", '{"rows": 3}')])
    with opened(place) as kept:
        rows = list(kept.store.read_journal())
        assert [(row.kind, row.type) for row in rows[-2:]] == [
            (Kind.LOST, "rows_lost"),
            (Kind.FACT, "history_lost"),
        ]
        assert (rows[-1].epoch, rows[-1].values()["rows"]) == (kept.store.epoch, 3)
        async with dispatching(kept) as running:
            running.submit(enter(C2))
            assert kept.store.journal.flush(WITHIN_S)
        state = to_snapshot(kept.centre)
        assert [*kept.centre.calls] == [C1, C2]
    with opened(place) as kept:
        assert to_snapshot(kept.centre) == state
        assert _types(kept).count(b"history_lost") == 1  # once is enough
        assert replay(as_rows(kept.store.read_journal())).differences == 0


def test_a_gap_that_cannot_be_closed_is_no_start(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(place) as kept:
        kept.store.journal.submit([NewRow(2.0, Kind.LOST, "rows_lost", 1, "", '{"rows": 3}')])
    monkeypatch.setattr("ivr.keeping.kept._WRITTEN_S", 0.0)
    with pytest.raises(CannotStart, match="the store cannot be used") as raised, opened(place):
        pass
    assert "begin anew" not in str(raised.value)


async def test_the_whole_state_becomes_text_in_the_writers_thread(place: Place) -> None:
    with opened(place) as kept:
        threads: list[str] = []

        class Seen(dict[str, Any]):
            def items(self) -> Any:  # whoever writes it as text goes through it
                threads.append(threading.current_thread().name)
                return super().items()

        state = Seen(to_snapshot(kept.centre))

        def row() -> JournalRow:
            threads.append(threading.current_thread().name)
            return fact_row(HistoryLost(1.0, 1, Snapshot(state)), seq=1, epoch=1, node="n")

        errors: list[Exception | None] = []
        StoredJournal(kept.store.journal).append_whole_state(1.0, row, errors.append)
        await until(lambda: errors)
        assert errors == [None]
        assert set(threads) == {"journal writer"}
        assert [found.values()["state"] for found in kept.store.read_journal()] == [state]


def _lost(running: Dispatcher) -> int:
    health = running.journal_health
    return 0 if health is None else health.lost_rows


def _types(kept: Kept) -> bytes:
    return " ".join(row.type for row in kept.store.read_journal()).encode()


async def test_another_service_that_takes_the_journal_over_is_told_as_such(place: Place) -> None:
    errors: list[Exception | None] = []
    with opened(place) as kept:
        async with dispatching(kept) as running:
            running.submit(SETTINGS)
            assert kept.store.journal.flush(WITHIN_S)
            rows = tuple(as_rows(kept.store.read_journal()))
        journal = StoredJournal(kept.store.journal)
        database = kept.store._databases[0]
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE writer SET epoch = epoch + 1")
        journal.append(rows[:1], errors.append)
        await until(lambda: errors)
        assert isinstance(errors[0], JournalTakenOver)
        assert journal.health == "ended"
        assert Keeping(kept, lambda: 0.0, ZoneInfo("UTC")).is_taken_over


async def test_old_days_end_at_the_sites_midnight(place: Place) -> None:
    eight_pm_utc = datetime(2025, 3, 1, 20, tzinfo=UTC).timestamp()
    with opened(place) as kept:
        kept.store.journal.submit([NewRow(eight_pm_utc, Kind.INPUT, "timer_fired", 1, "", "{}")])
        assert kept.store.journal.flush(WITHIN_S)
        ending = asyncio.create_task(
            end_old_days(kept.store, ZoneInfo("Asia/Seoul"), time.time, first_s=0.0, every_s=60.0)
        )
        await until(kept.store.closed_days.all)
        ending.cancel()
        assert [day.day for day in kept.store.closed_days.all()] == ["2025-03-02"]


async def test_old_days_close_by_the_time_of_the_rows_when_that_was_once_far_ahead(
    place: Place,
) -> None:
    ahead = time.time() + 5000 * 86_400.0  # as a clock once said
    with opened(place) as kept:
        kept.store.journal.submit([NewRow(ahead, Kind.INPUT, "timer_fired", 1, "", "{}")])
        assert kept.store.journal.flush(WITHIN_S)
        keeping = Keeping(kept, lambda: ahead + 20 * 86_400.0, ZoneInfo("UTC"))
        ending = asyncio.create_task(
            end_old_days(kept.store, ZoneInfo("UTC"), keeping._now, first_s=0.0, every_s=60.0)
        )
        await until(kept.store.closed_days.all)
        ending.cancel()


async def test_records_follow_what_the_running_service_decides(place: Place) -> None:
    with opened(place) as kept:
        keeping = Keeping(kept, lambda: 0.0, ZoneInfo("Europe/Berlin"))
        running = asyncio.create_task(keeping.run())
        async with dispatching(kept) as dispatcher:
            dispatcher.submit(SETTINGS)
            dispatcher.submit(CallArrived(C1, LineId("100")))
            dispatcher.submit(enter(C1))
            dispatcher.submit(CallEnded(C1, EndCause.HUNG_UP))
            await until(lambda: kept.store.records.calls(0.0, 1e12))
        running.cancel()
        (call,) = kept.store.records.calls(0.0, 1e12)
        assert (call.call, call.outcome, call.hops) == ("call-1", "abandoned", 1)


def test_figures_tell_what_waits_and_what_was_lost(place: Place) -> None:
    with opened(place) as kept:
        figures = journal_figures(None, kept.store.journal.health())
        assert figures["journal_lost_rows"] == figures["journal_waiting_rows"] == 0
        assert journal_status(None) is HealthStatus.DEGRADED


def test_a_damaged_journal_is_refused_with_what_to_do(place: Place) -> None:
    with opened(place) as kept:
        kept.store.journal.submit([NewRow(1.0, Kind.FACT, "call_queued", 1, "c", json.dumps({}))])
        assert kept.store.journal.flush(WITHIN_S)
    with pytest.raises(CannotStart, match=r"row 1: .*Restore a backup"), opened(place):
        pass


def test_a_store_of_ones_own_is_named_by_the_settings_and_a_bad_address_is_refused(
    place: Place, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/mine/store.db"
    assert store_url(test_settings(store={"url": url}), place) == url
    assert "hidden" not in repr(Settings.model_validate(_with_password()))
    with opened(place, store={"url": url}):
        assert (tmp_path / "mine/store.db").exists()
    with (
        pytest.raises(CannotStart, match=r"the store cannot be used: .*expected"),
        opened(place, store={"url": "postgresql+psycopg://user@host:port/database"}),
    ):
        pass


def _with_password() -> dict[str, Any]:
    values = test_settings().model_dump(mode="json", exclude_none=True)
    return values | {"store": {"url": "postgresql+psycopg://user:hidden@host/database"}}


def test_a_number_shows_its_last_two_digits_and_no_more() -> None:
    number = PhoneNumber(NUMBER)
    for shown in (repr(number), str(number), f"{number}", f"{[number]}"):
        assert "…77" in shown
        assert "99" not in shown
