"""The last agent of a caller in the real store: noted when they talk, known at the next call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from ivr.keeping.keeping import Keeping
from ivr.keeping.kept import Kept
from ivr.phone_number import PhoneNumber
from ivr.place.place import Place
from ivr.telling.last_agents import PreferLast, Preferred
from queues.ids import AgentId, CallId, QueueId
from queues.picture import look
from queues.store import StoreUnavailable, Trouble
from tests.kept.kept_place import C1, C2, NUMBER, SESSION, opened, until
from tests.unit.ivr.dialogues.driver_stage import PLAN, plan_of
from tests.unit.queues.scenes import BILLING, REPAIRS, Scene

ANY = plan_of(PLAN)
FOR_S, COUNTS_S = 60.0, 3600.0
ANNA_FIRST = Preferred(AgentId("anna"), FOR_S)


class Wall:
    """The wall clock, moved by a test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@asynccontextmanager
async def keeping(kept: Kept, wall: Wall, *queues: QueueId) -> AsyncIterator[Keeping]:
    prefer = {queue: PreferLast(COUNTS_S, FOR_S) for queue in queues}
    made = Keeping(kept, wall, ZoneInfo("UTC"), wall=wall, prefer_last=prefer)
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def calls(keeping: Keeping, call: CallId, number: str | None) -> None:
    """Somebody calls, and it is found out who."""
    keeping.dialogues.arrived(call, None if number is None else PhoneNumber(number))
    keeping.dialogues.keep(replace(SESSION, call=call), ANY)
    await until(lambda: keeping.dialogues.contact_kept(call) is not None)


def talks(keeping: Keeping, call: CallId) -> None:
    """The call is joined with anna, in the queue for bills."""
    scene = Scene()
    scene.ready("anna")
    scene.enter(call)
    scene.talk(call)
    for fact in scene.facts:
        keeping.last_agents.on_change(look(scene.centre, fact))


async def noted(kept: Kept, count: int = 1) -> None:
    contact = kept.store.vault.contact_of("phone", NUMBER)
    assert contact is not None
    await until(lambda: len(kept.store.last_talks.of(contact)) == count)


async def test_who_calls_again_waits_for_the_agent_of_the_last_talk_in_that_queue(
    place: Place, wall: Wall
) -> None:
    with opened(place) as kept:
        async with keeping(kept, wall, BILLING, REPAIRS) as first:
            await calls(first, C1, NUMBER)
            assert first.last_agents.of(C1, BILLING) is None
            talks(first, C1)
            await noted(kept)
    with opened(place) as kept:
        async with keeping(kept, wall, BILLING, REPAIRS) as again:
            await calls(again, C2, NUMBER)
            assert again.last_agents.of(C2, BILLING) == ANNA_FIRST
            assert again.last_agents.of(C2, REPAIRS) is None
            await calls(again, CallId("another"), "+4930112233")
            assert again.last_agents.of(CallId("another"), BILLING) is None
            again.dialogues.end(C2)
            await until(lambda: again.last_agents.of(C2, BILLING) is None)


async def test_a_talk_counts_for_its_time_and_is_deleted_then(place: Place, wall: Wall) -> None:
    with opened(place) as kept:
        async with keeping(kept, wall, BILLING) as first:
            await calls(first, C1, NUMBER)
            talks(first, C1)
            await noted(kept)
            await calls(first, C2, NUMBER)
            wall.now = 1000.0 + COUNTS_S
            assert first.last_agents.of(C2, BILLING) == ANNA_FIRST
            wall.now += 1
            assert first.last_agents.of(C2, BILLING) is None
        async with keeping(kept, wall, BILLING):
            await noted(kept, 0)


async def test_a_withheld_number_and_a_queue_that_does_not_ask_for_it_leave_nothing(
    place: Place, wall: Wall
) -> None:
    with opened(place) as kept:
        async with keeping(kept, wall, BILLING) as asked:
            await calls(asked, C1, None)
            talks(asked, C1)
            await calls(asked, C2, None)
            assert asked.last_agents.of(C2, BILLING) is None
        async with keeping(kept, wall, REPAIRS) as other:
            await calls(other, CallId("known"), NUMBER)
            talks(other, CallId("known"))
            await calls(other, CallId("marker"), NUMBER)
        contact = kept.store.vault.contact_of("phone", NUMBER)
        assert contact is not None
        assert kept.store.last_talks.of(contact) == ()


async def test_a_database_that_does_not_answer_costs_the_preference_and_no_call(
    place: Place, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise StoreUnavailable("people.db", Trouble.LOCKED)

    with opened(place) as kept:
        async with keeping(kept, wall, BILLING) as first:
            await calls(first, C1, NUMBER)
            talks(first, C1)
            await noted(kept)
            with monkeypatch.context() as patch:
                patch.setattr(kept.store.last_talks, "of", busy)
                await calls(first, C2, NUMBER)
                assert first.last_agents.of(C2, BILLING) is None
            await calls(first, CallId("call-3"), NUMBER)
            assert first.last_agents.of(CallId("call-3"), BILLING) == ANNA_FIRST
