"""Unit: what a caller who holds a place hears when an agent is joined, or is not after all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ivr.dialogues import dialogue as dialogue_module
from ivr.flow.session import Phase
from queues.centre.commands import ReturnReason
from queues.centre.inputs.calls import QueueEntered, QueueLeft
from queues.ids import QueueId
from tests.unit.ivr.dialogues.driver_stage import CALL, LINE, PLAN, Stage, stage

WAYS_OUT = PLAN.replace("refused: bye}", "refused: bye, keys: {1: bye, 2: other}}").replace(
    "  bye:", "  other: {queue: gone, say: hint, then: bye, refused: bye}\n  bye:"
)
SERVICE = QueueId("service")
WENT_ON = [QueueEntered, QueueLeft, QueueEntered]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tried again sooner than in life."""
    monkeypatch.setattr(dialogue_module, "_BUSY_AGAIN_S", 0.02)


async def waiting(on: Stage) -> None:
    on.driver.call_arrived(CALL, LINE)
    await on.until(lambda: "menu" in on.played())
    on.press("0")
    await on.until(lambda: ("music", "") in on.calls.did)


def refused_for(on: Stage, times: int) -> Callable[[], bool]:
    """The channel is in a Bridge for that many tries of a command; tells whether it was tried."""
    tried = 0
    real = on.calls._check

    def check(call):  # type: ignore[no-untyped-def]
        nonlocal tried
        tried += 1
        if tried > times:
            on.calls.joined.clear()
        real(call)

    on.calls.joined.add(CALL)
    on.calls._check = check  # type: ignore[method-assign]
    return lambda: tried > 0


@pytest.mark.parametrize("key", ["1", "2"], ids=["goodbye", "announcement"])
async def test_a_join_in_a_way_out_ends_nothing_and_the_talk_is_had(key: str) -> None:
    async with stage(text=WAYS_OUT, prompt_s=0.05) as on:
        await waiting(on)
        on.press(key)
        await on.until(lambda: on.played()[-1] in ("bye", "hint"))
        tried = refused_for(on, 1000)
        await on.until(tried)  # the Bridge cut the prompt
        on.driver.connected(CALL)
        await on.until(lambda: on.kept[CALL].phase is Phase.TALKING)
        await asyncio.sleep(0.1)
        assert on.inputs == [QueueEntered(CALL, LINE, SERVICE)]
        assert ("hang_up", "") not in on.calls.did


async def test_a_goodbye_cut_by_a_join_that_fails_is_said_again_and_the_place_given_up() -> None:
    async with stage(text=WAYS_OUT) as on:
        await waiting(on)
        refused_for(on, 2)
        on.press("1")
        await on.until(lambda: ("hang_up", "") in on.calls.did)
        assert on.played()[-1] == "bye"
        assert on.inputs[1:] == [QueueLeft(CALL)]


async def test_a_prompt_in_the_way_of_joins_without_end_still_comes_to_its_end() -> None:
    async with stage(text=WAYS_OUT) as on:
        await waiting(on)
        refused_for(on, 1000)
        on.press("1")
        await on.until(lambda: ("hang_up", "") in on.calls.did)
        assert on.inputs[1:] == [QueueLeft(CALL)]


async def test_music_in_the_way_of_a_join_that_fails_is_tried_again() -> None:
    async with stage(text=WAYS_OUT) as on:
        await waiting(on)
        refused_for(on, 3)
        on.driver.call_given_back(CALL, waits=True, talks=False)
        await on.until(lambda: on.calls.did[-2:] == [("music", ""), ("music", "")])


async def test_music_is_not_tried_again_once_an_agent_talks() -> None:
    async with stage(text=WAYS_OUT) as on:
        await waiting(on)
        tried = refused_for(on, 1000)
        on.driver.call_given_back(CALL, waits=True, talks=False)
        await on.until(tried)
        on.driver.connected(CALL)
        await on.until(lambda: on.kept[CALL].phase is Phase.TALKING)
        await asyncio.sleep(0.05)
        on.calls.joined.clear()
        on.driver.returned(CALL, ReturnReason.TALK_OVER, SERVICE)
        await on.until(lambda: ("hang_up", "") in on.calls.did)
        assert on.calls.did.count(("music", "")) == 1


async def test_the_word_of_a_queue_that_was_left_does_not_take_the_place_in_the_next() -> None:
    async with stage(text=WAYS_OUT) as on:
        await waiting(on)
        on.press("2")
        await on.until(lambda: [type(one) for one in on.inputs] == WENT_ON)
        on.driver.returned(CALL, ReturnReason.WAITED, SERVICE)
        await on.until(lambda: on.kept[CALL].node == "other")
        await asyncio.sleep(0.05)
        assert on.kept[CALL].phase is Phase.WAITING
        assert on.driver.rows() == ()
