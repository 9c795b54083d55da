"""Unit: the driver sends a caller to the emergency number, and goes on when the caller is back."""

from __future__ import annotations

import pytest

from ivr.flow.session import Phase
from queues.centre.inputs.calls import QueueEntered, QueueLeft
from queues.dialogues import DialogueState
from tests.unit.ivr.dialogues.driver_stage import CALL, LINE, PLAN, Stage, stage

ALARM = (
    PLAN.replace("bye: Goodbye.}", "bye: Goodbye., alarm: Wait.}")
    .replace("human: human\n", 'human: human\nemergency: alarm\nemergency_key: "8"\n')
    .replace("  bye: {", "  alarm: {emergency: alarm, then: bye, refused: human}\n  bye: {")
)


async def sent(on: Stage) -> None:
    """Come back when the caller was sent to the emergency number."""
    on.driver.call_arrived(CALL, LINE)
    await on.until(lambda: on.kept[CALL].phase is Phase.LISTENING if CALL in on.kept else False)
    on.press("8")
    await on.until(lambda: ("emergency", "") in on.calls.did)
    await on.until(lambda: on.kept[CALL].phase is Phase.EMERGENCY)


async def test_a_caller_who_is_there_is_shown_so_and_hears_nothing_of_ours() -> None:
    async with stage(text=ALARM) as on:
        await sent(on)
        (row,) = on.driver.rows()
        assert row.state is DialogueState.EMERGENCY
        assert not on.driver.speaks_with(CALL)
        assert on.calls.did[-1] == ("emergency", "")
        assert on.inputs == []


@pytest.mark.parametrize("reached", [True, False])
async def test_after_a_talk_the_call_goes_on_and_else_a_human_helps(reached: bool) -> None:
    async with stage(text=ALARM) as on:
        await sent(on)
        on.driver.emergency_over(CALL, reached=reached)
        if reached:
            await on.until(lambda: ("hang_up", "") in on.calls.did)
            assert on.played()[-1] == "bye"
        else:
            await on.until(lambda: any(isinstance(each, QueueEntered) for each in on.inputs))
            await on.until(lambda: on.calls.did[-1] == ("music", ""))


async def test_where_the_number_cannot_be_asked_for_a_human_helps() -> None:
    async with stage(text=ALARM) as on:
        on.calls.no_emergency = True
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: "menu" in on.played())
        on.press("8")
        await on.until(lambda: any(isinstance(each, QueueEntered) for each in on.inputs))


async def test_a_waiting_caller_leaves_the_queue_before() -> None:
    async with stage(text=ALARM) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: "menu" in on.played())
        on.press("0")
        await on.until(lambda: on.calls.did[-1] == ("music", ""))
        on.press("8")
        await on.until(lambda: on.calls.did[-1] == ("emergency", ""))
        assert isinstance(on.inputs[-1], QueueLeft)
