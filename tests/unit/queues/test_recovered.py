"""Unit: a service that was killed goes on from its journal, wherever it was cut off."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from queues.centre.facts.fact import Fact
from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.offers import OfferRefused, RefuseCause
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.journal.row import JournalRow
from queues.centre.journal.snapshot import to_snapshot
from queues.centre.recovery import apply_row, recover
from queues.centre.replay import replay
from queues.centre.state import Centre, next_wake
from queues.dispatcher import Clock, Dispatcher
from queues.ids import CallId, LineId, PlaceId
from queues.live import Hub
from tests.unit.queues.fake_journal import FakeJournal
from tests.unit.queues.fakes import FakeDialogues, FakeTelephony
from tests.unit.queues.journalled import in_virtual_time
from tests.unit.queues.journals import KEPT, read_journal
from tests.unit.queues.rich_day import BILLING, SETTINGS, Day
from tests.unit.queues.virtual_time import run_in_virtual_time


class Restarted:
    """A service that begins with the rows of another one, at their time."""

    def __init__(self, rows: list[JournalRow]) -> None:
        loop = asyncio.get_running_loop()
        self.centre = recover(None, rows)
        self.journal = FakeJournal(rows=list(rows))
        self.telephony = FakeTelephony(submit=lambda what: self.dispatcher.submit(what))
        self.dialogues = FakeDialogues()
        clock = Clock.after(self.centre, lambda: rows[-1].at + 3 + loop.time(), loop.time)
        self.dispatcher = Dispatcher.recovered(
            self.telephony,
            self.dialogues,
            clock,
            Hub(),
            journal=self.journal,
            centre=self.centre,
            last_seq=rows[-1].seq,
            epoch=2,
            node="n1",
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.dispatcher.run())
        try:
            yield
        finally:
            assert not task.done()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


class Watched(Day):
    """Remembers the state after each decision, by the number of rows it takes to come there."""

    def __init__(self, seed: int) -> None:
        self.states: dict[int, str] = {}
        self.appended = 0
        super().__init__(seed)

    def took(self, facts: tuple[Fact, ...]) -> None:
        self.appended += 1 + len(facts)
        self.states[self.appended] = json.dumps(to_snapshot(self.dispatcher._centre))
        super().took(facts)


def cut(rows: list[JournalRow], every: int) -> list[list[JournalRow]]:
    """The journal as it stands after a kill between two decisions, every so often."""
    ends = [n for n, row in enumerate(rows) if row.kind == "input" and n > 2]
    return [rows[:end] for end in ends[::every]]


def kept_day() -> list[JournalRow]:
    return read_journal(KEPT[0])


@in_virtual_time
async def test_no_deadline_fires_before_the_switch_has_been_looked_up() -> None:
    rows = next(
        rows
        for rows in cut(kept_day(), 1)
        if len(recover(None, rows).offers) > 1 and len(rows) > 100
    )
    service = Restarted(rows)
    assert next_wake(service.centre) is not None
    async with service.running():
        await asyncio.sleep(600)
        assert len(service.journal.rows) == len(rows)
        service.dispatcher.release()
        await asyncio.sleep(0.1)
        new = service.journal.rows[len(rows) :]
        assert new[0].type == "timer_fired"
        assert [row.seq for row in service.journal.rows] == list(
            range(1, len(service.journal.rows) + 1)
        )


@in_virtual_time
async def test_deadlines_can_be_held_at_any_time() -> None:
    before = kept_day()
    service = Restarted(before)
    async with service.running():
        service.dispatcher.release()
        service.dispatcher.submit(PlaceChanged(PlaceId("p-1"), PlaceState.FREE))
        service.dispatcher.submit(ReadyAsked(next(iter(service.centre.agents))))
        service.dispatcher.submit(QueueEntered(CallId("new"), LineId("100"), BILLING))
        service.dispatcher.hold()
        await asyncio.sleep(60)
        after = service.journal.rows[len(before) :]
        assert "timer_fired" not in {row.type for row in after}


@in_virtual_time
async def test_a_phone_is_never_rung_again_for_an_offer_of_before() -> None:
    for rows in cut(kept_day(), 40):
        service = Restarted(rows)
        async with service.running():
            before = set(service.centre.offers)
            await asyncio.sleep(5)
            assert not {offer for _, offer in service.telephony.commands} & before


@in_virtual_time
async def test_what_is_to_be_seen_is_there_at_once() -> None:
    rows = next(rows for rows in cut(kept_day(), 1) if len(recover(None, rows).calls) > 3)
    service = Restarted(rows)
    view, shown = service.dispatcher.view(), service.dispatcher.shown()
    assert {row.call for row in view.calls} == set(service.centre.calls)
    assert [row.agent for row in view.agents] == list(service.centre.agents)
    assert [row.queue for row in view.queues] == list(service.centre.queues)
    assert (shown.calls, shown.agents, shown.seq) == (view.calls, view.agents, 0)


@in_virtual_time
async def test_the_settings_of_the_new_start_are_taken_and_everybody_is_served_on() -> None:
    rows = next(rows for rows in cut(kept_day(), 1) if len(recover(None, rows).calls) > 3)
    service = Restarted(rows)
    waits = {name: call.since for name, call in service.centre.calls.items()}
    async with service.running():
        service.dispatcher.submit(SettingsLoaded(SETTINGS.queues, SETTINGS.agents, "day2"))
        assert {name: call.since for name, call in service.centre.calls.items()} == waits
        for offer in list(service.centre.offers):  # what the look-up finds: no leg is there
            service.dispatcher.submit(OfferRefused(offer, RefuseCause.FAILED))
        service.dispatcher.release()
        for agent in SETTINGS.agents:
            service.dispatcher.submit(PlaceChanged(agent.place, PlaceState.FREE))
            service.dispatcher.submit(ReadyAsked(agent.agent))
        await asyncio.sleep(120)
        told = [call for what, call, _ in service.dialogues.told if what == "connected"]
        assert told
        assert {o for _, o in service.telephony.commands if o.startswith("day2-")}
    report = replay(service.journal.rows)
    assert (report.differences, report.first) == (0, None)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
@in_virtual_time
async def test_a_kept_journal_starts_todays_service_and_a_call_is_served(path: Path) -> None:
    service = Restarted(read_journal(path))
    async with service.running():
        service.dispatcher.release()
        service.dispatcher.submit(PlaceChanged(PlaceId("p-1"), PlaceState.FREE))
        service.dispatcher.submit(ReadyAsked(SETTINGS.agents[0].agent))
        service.dispatcher.submit(QueueEntered(CallId("new"), LineId("100"), BILLING))
        await asyncio.sleep(60)
        assert ("connected", "new", None) in service.dialogues.told


def test_after_a_kill_between_any_two_decisions_the_state_is_the_one_of_then() -> None:
    async def a_day() -> Watched:
        lived = Watched(12)
        await lived.from_eight_to_twelve()
        return lived

    with structlog.testing.capture_logs():
        lived = run_in_virtual_time(a_day())
    centre = Centre()
    for number, row in enumerate(lived.journal.rows, 1):
        if row.kind == "fact":
            apply_row(centre, row)
        if number in lived.states:
            assert json.dumps(to_snapshot(centre)) == lived.states.pop(number)
    assert lived.states == {}


async def test_a_clock_that_would_run_backwards_is_refused() -> None:
    centre = recover(None, kept_day())
    with pytest.raises(ValueError, match=r"Clock\.after"):
        Dispatcher.recovered(
            FakeTelephony(submit=lambda what: None),
            FakeDialogues(),
            Clock(wall=lambda: centre.at - 7200.0),
            Hub(),
            journal=FakeJournal(),
            centre=centre,
            last_seq=1,
            epoch=2,
            node="n1",
        )
