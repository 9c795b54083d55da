"""The real store under the service: rows both ways, starts after kills, sealed dialogues."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.dialogue_book import DialogueBook, read_dialogues
from ivr.dialplan.plan import NodeId
from ivr.flow.session import Phase, Session, session_to_json
from ivr.journal import StoredJournal, as_rows
from ivr.keeping import Keeping, end_old_days, journal_figures, journal_status
from ivr.kept import Kept, open_kept, store_url
from ivr.phone_number import PhoneNumber
from ivr.place import Place
from ivr.preparation import CannotStart
from ivr.settings import Settings
from ivr.snapshots import Snapshots
from queues.api import HealthStatus
from queues.cards import By, CardEntry
from queues.centre.codec import fact_row
from queues.centre.house_facts import HistoryLost
from queues.centre.inputs import CallArrived, CallEnded, EndCause, QueueEntered
from queues.centre.json_values import Snapshot
from queues.centre.replay import replay
from queues.centre.snapshot import to_snapshot
from queues.dispatcher import Clock, Dispatcher
from queues.ids import CallId, LineId
from queues.live import Hub
from queues.ports import JournalTakenOver
from queues.store import DialogueRow, Kind, NewRow, StoreUnavailable, Trouble
from tests.switch import test_settings
from tests.unit.queues.fakes import FakeDialogues, FakeTelephony
from tests.unit.queues.scenes import BILLING, settings

WITHIN_S = 10.0
C1, C2 = CallId("call-1"), CallId("call-2")
SAID = "meine kontonummer"
NUMBER = "+4930998877"
SESSION = Session(
    call=CallId("call-1"),
    line=LineId("100"),
    plan="hash",
    phase=Phase.SPEAKING,
    node=NodeId("main"),
    token=3,
    typed="4711",
    card=(CardEntry("main", By.VOICE, SAID, "human", at=1_700_000_000.0),),
)


SETTINGS = settings(("anna", (BILLING,)))


def enter(call: CallId) -> QueueEntered:
    return QueueEntered(call, LineId("100"), BILLING)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "freizeichen.yaml", tmp_path / ".freizeichen", is_example=False)


@contextmanager
def opened(place: Place, **changes: Any) -> Iterator[Kept]:
    place.run_folder.mkdir(exist_ok=True)
    with open_kept(test_settings(**changes), place, lambda _: None) as kept:
        yield kept


@asynccontextmanager
async def dispatching(kept: Kept) -> AsyncIterator[Dispatcher]:
    """A dispatcher on this store, ended as if killed: nothing is said to anybody."""
    made = Dispatcher.recovered(
        FakeTelephony(lambda _: None),
        FakeDialogues(),
        Clock.after(kept.centre),
        Hub(),
        journal=StoredJournal(kept.store.journal),
        centre=kept.centre,
        last_seq=kept.store.last_seq,
        epoch=kept.store.epoch,
        node=kept.store.node,
    )
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, ExceptionGroup):
            await running


async def until(true: Any) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true():  # noqa: ASYNC110  (another thread does it)
            await asyncio.sleep(0.005)


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
        newest = kept.store.snapshots.newest(understood={1}, last_seq=last)
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
    monkeypatch.setattr("ivr.kept._WRITTEN_S", 0.0)
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
        fact = HistoryLost(1.0, 1, Snapshot(state))
        row = fact_row(fact, seq=1, epoch=1, node="n")
        errors: list[Exception | None] = []
        StoredJournal(kept.store.journal).append((row,), errors.append)
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


@asynccontextmanager
async def book_of(kept: Kept) -> AsyncIterator[DialogueBook]:
    book = DialogueBook(kept.store, lambda: 1000.0, kept.dialogues)
    running = asyncio.create_task(book.run())
    try:
        yield book
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_dialogue_comes_back_whole_and_nothing_of_it_can_be_read_in_a_file(
    place: Place,
) -> None:
    with opened(place) as kept:
        async with book_of(kept) as book:
            book.arrived(SESSION.call, PhoneNumber(NUMBER))
            for token in range(5):
                book.keep(replace(SESSION, token=token))
            book.keep(SESSION)
            await until(lambda: [row.turn for row in kept.store.dialogues.all()] == [3])
        contact = kept.store.vault.contact_of("phone", NUMBER)
        assert contact is not None
    files = [file for file in place.run_folder.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"store.db", "people.db", "store.key"}
    for file in files:
        content = file.read_bytes()
        for secret in (SAID, "4711", NUMBER, NUMBER.removeprefix("+")):
            assert secret.encode() not in content
    with opened(place) as kept:
        assert kept.dialogues[SESSION.call].session == SESSION
        assert kept.dialogues[SESSION.call].contact == contact


def test_a_database_of_people_that_is_busy_at_the_start_costs_no_dialogue(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(place) as kept:
        _keep(kept, SESSION)
        assert read_dialogues(kept.store)

        def busy(*_: object) -> None:
            raise StoreUnavailable("people.db", Trouble.LOCKED)

        with monkeypatch.context() as patch:
            patch.setattr(kept.store.vault, "unseal", busy)
            with pytest.raises(StoreUnavailable):
                read_dialogues(kept.store)
        assert kept.store.journal.flush(WITHIN_S)
        assert [*read_dialogues(kept.store)] == [SESSION.call]


def _keep(kept: Kept, session: Session) -> None:
    contact = kept.store.vault.new_contact()
    blob = kept.store.vault.seal(contact, session.call, json.dumps(session_to_json(session)))
    kept.store.journal.keep_dialogue(
        DialogueRow(session.call, session.node, session.plan, 3, 1.0, (contact,), blob)
    )
    assert kept.store.journal.flush(WITHIN_S)


async def test_a_call_that_is_over_leaves_no_row_and_a_withheld_number_is_a_contact_too(
    place: Place,
) -> None:
    with opened(place) as kept:
        async with book_of(kept) as book:
            book.arrived(SESSION.call, None)
            book.keep(SESSION)
            await until(lambda: len(kept.store.dialogues.all()) == 1)
            assert kept.store.dialogues.all()[0].values[0]
            book.end(SESSION.call)
            await until(lambda: not kept.store.dialogues.all())


async def test_who_was_erased_on_the_line_is_kept_as_somebody_unknown(place: Place) -> None:
    with opened(place) as kept:
        async with book_of(kept) as book:
            book.arrived(SESSION.call, PhoneNumber(NUMBER))
            book.keep(SESSION)
            await until(lambda: len(kept.store.dialogues.all()) == 1)
            first = kept.store.dialogues.all()[0].values[0]
            kept.store.vault.erase_person(first)
            assert read_dialogues(kept.store) == {}
            book.keep(replace(SESSION, token=4))
            await until(lambda: [row.turn for row in kept.store.dialogues.all()] == [4])
            assert kept.store.dialogues.all()[0].values[0] != first


async def test_the_number_of_a_missed_call_becomes_a_contact_and_a_withheld_one_none(
    place: Place,
) -> None:
    with opened(place) as kept:
        keeping = Keeping(kept, lambda: 0.0, ZoneInfo("UTC"))
        contact = await keeping.contact_of(NUMBER)
        assert contact == kept.store.vault.contact_of("phone", NUMBER)
        assert await keeping.contact_of(None) is None


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
        opened(place, store={"url": "mysql://user@host/database"}),
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
