"""Unit: a call that is gone on with, or given back, stands where the queue and the row know it."""

from __future__ import annotations

import asyncio

import pytest

from ivr.dialogues.ports import CallBusy, Question, Reply
from ivr.dialplan import load_plan
from ivr.flow.session import Phase, Session, open_session
from queues.cards import By
from queues.centre.commands import ReturnReason
from queues.ids import CallId, LineId
from tests.unit.ivr.dialogues.driver_stage import CALL, LINE, LISTENING, PLAN, plan_of, stage


async def left_at(where: str) -> Session:
    """A dialogue that a service left when it was killed: in the menu, or waiting."""
    async with stage(text=LISTENING) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.calls.did[-1:] == [("ask", "en/menu")])
        if where == "queue":
            on.calls.say(CALL, "human")
            await on.until(lambda: ("music", "") in on.calls.did)
        return on.kept[CALL]


async def test_a_call_in_a_menu_is_gone_on_with_at_that_menu_and_forgotten_at_its_end() -> None:
    kept = await left_at("menu")
    async with stage(text=LISTENING) as on:
        on.driver.call_resumed(kept, waits=False, talks=False)
        await on.until(lambda: on.calls.did == [("ask", "en/menu")])
        assert on.kept[CALL].node == "main"
        on.driver.call_ended(CALL)
        await on.until(lambda: not on.driver.calls)
        assert not on.kept


async def test_a_caller_in_the_queue_gets_music_keeps_the_card_and_is_not_handed_over_twice() -> (
    None
):
    kept = await left_at("queue")
    async with stage(text=LISTENING) as on:
        on.driver.call_resumed(kept, waits=True, talks=False)
        await on.until(lambda: on.calls.did == [("music", "")])
        assert on.inputs == []
        assert on.card() == [("main", By.VOICE, "human", "human")]


async def test_a_caller_who_was_never_welcomed_and_whom_the_queue_refuses_is_told_so() -> None:
    async with stage() as on:
        plan = load_plan(PLAN, file="t.yaml", queues=["service"])
        on.driver.call_resumed(open_session(CALL, LINE, plan), waits=True, talks=False)
        on.driver.returned(CALL, ReturnReason.REFUSED)
        await on.until(lambda: on.played() == ["bye"])
        assert on.inputs == []


async def test_a_talk_is_not_touched_and_its_end_is_followed() -> None:
    kept = await left_at("queue")
    async with stage(text=LISTENING) as on:
        on.driver.call_resumed(kept, waits=True, talks=True)
        await on.until(lambda: CALL in on.kept and on.kept[CALL].phase is Phase.TALKING)
        assert on.calls.did == []
        on.driver.returned(CALL, ReturnReason.TALK_OVER)
        await on.until(lambda: on.played() == ["bye"])


@pytest.mark.parametrize(("waits", "did"), [(True, ["music"]), (False, ["answer", "play"])])
async def test_where_the_dialplan_is_gone_a_place_is_kept_and_a_menu_begins_anew(
    waits: bool, did: list[str]
) -> None:
    kept = await left_at("queue" if waits else "menu")
    async with stage(text=LISTENING.replace("Goodbye.", "So long."), prompt_s=30) as on:
        on.driver.call_resumed(kept, waits=waits, talks=False)
        await on.until(lambda: [each for each, _ in on.calls.did] == did)


async def test_a_menu_is_gone_on_with_by_the_dialplan_that_the_call_began_with() -> None:
    kept = await left_at("menu")
    before = plan_of(LISTENING)
    changed = LISTENING.replace('{"1": bye}', '{"2": bye}')
    async with stage(text=changed, earlier={before.hash: before}) as on:
        on.driver.call_resumed(kept, waits=False, talks=False)
        await on.until(lambda: on.calls.did == [("ask", "en/menu")])
        assert on.kept[CALL].plan == before.hash
        on.press("1")
        await on.until(lambda: on.played()[-1:] == ["bye"])


async def test_a_dialplan_that_another_line_has_today_is_not_gone() -> None:
    kept = await left_at("menu")
    async with stage(text=LISTENING.replace("Goodbye.", "So long.")) as on:
        on.plans[LineId("200")] = plan_of(LISTENING)
        on.driver.call_resumed(kept, waits=False, talks=False)
        await on.until(lambda: on.calls.did == [("ask", "en/menu")])


async def test_a_caller_on_a_line_that_is_gone_is_gone_on_with() -> None:
    kept = await left_at("menu")
    before = plan_of(LISTENING)
    async with stage(earlier={before.hash: before}) as on:
        on.plans.clear()
        on.driver.call_resumed(kept, waits=False, talks=False)
        await on.until(lambda: on.calls.did == [("ask", "en/menu")])


async def test_a_changed_plan_is_for_the_next_caller_and_not_for_one_on_the_line() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: CALL in on.kept and on.kept[CALL].phase is Phase.LISTENING)
        on.plans[LINE] = plan_of(PLAN.replace('{"1": bye}', '{"2": bye}'))
        next_call = CallId("call-2")
        on.driver.call_arrived(next_call, LINE)
        await on.until(lambda: next_call in on.kept and on.kept[next_call].phase is Phase.LISTENING)
        assert on.kept[next_call].plan == on.plans[LINE].hash != on.kept[CALL].plan
        on.driver.key_pressed(next_call, "2")
        on.press("1")
        await on.until(lambda: on.played().count("bye") == 2)


async def test_a_question_that_something_cut_without_an_agent_goes_on_by_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def cut(_call: CallId, _question: Question) -> Reply:
        raise CallBusy

    async with stage(text=LISTENING) as on:
        monkeypatch.setattr(on.calls, "ask", cut)
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played() == ["welcome", "deaf", "menu"])


async def test_what_the_queue_knows_is_newer_than_a_menu_that_was_kept() -> None:
    """The service was killed between the hand-over and the writing of the dialogue."""
    for talks in (False, True):
        kept = await left_at("menu")
        async with stage(text=LISTENING) as on:
            on.driver.call_resumed(kept, waits=not talks, talks=talks)
            await on.until(lambda: CALL in on.kept)
            assert on.kept[CALL].phase is (Phase.TALKING if talks else Phase.WAITING)
            assert on.kept[CALL].node == "human"
            on.driver.connected(CALL)
            on.driver.returned(CALL, ReturnReason.TALK_OVER)
            await on.until(lambda: on.played() == ["bye"])
            assert on.inputs == []


async def test_a_caller_whom_the_switch_gives_back_hears_the_menu_again_or_the_music() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played()[-1:] == ["menu"])
        await on.until(lambda: on.kept[CALL].phase is Phase.LISTENING)
        on.driver.call_given_back(CALL, waits=False, talks=False)
        await on.until(lambda: on.played()[-2:] == ["menu", "menu"])
        on.press("0")
        await on.until(lambda: ("music", "") in on.calls.did)
        on.driver.call_given_back(CALL, waits=True, talks=False)
        await on.until(lambda: on.calls.did[-2:] == [("music", ""), ("music", "")])
        assert len(on.inputs) == 1


async def test_who_is_told_twice_that_the_wait_goes_on_hears_the_music_begin_once() -> None:
    """By the queue, whose agent's phone was lost, and by the channel that comes out of the talk."""
    async with stage() as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.kept.get(CALL) is not None and on.played()[-1:] == ["menu"])
        on.press("0")
        await on.until(lambda: ("music", "") in on.calls.did)
        on.driver.connected(CALL)
        await on.until(lambda: on.kept[CALL].phase is Phase.TALKING)
        for times in (2, 3):  # the next wait is another one
            on.driver.waits_again(CALL)
            on.driver.call_given_back(CALL, waits=True, talks=False)
            await on.until(lambda times=times: on.calls.did.count(("music", "")) == times)
            await asyncio.sleep(0.02)
            assert on.calls.did.count(("music", "")) == times


@pytest.mark.parametrize("talks", [False, True], ids=["waits", "talks"])
async def test_a_caller_who_is_given_back_at_a_menu_stands_where_the_queue_knows(
    talks: bool,
) -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: CALL in on.kept and on.kept[CALL].phase is Phase.LISTENING)
        on.driver.call_given_back(CALL, waits=not talks, talks=talks)
        phase = Phase.TALKING if talks else Phase.WAITING
        await on.until(lambda: on.kept[CALL].phase is phase)
        on.driver.returned(CALL, ReturnReason.TALK_OVER)
        await on.until(lambda: on.played()[-1] == "bye")
        assert on.inputs == []


async def test_who_is_not_heard_at_the_welcome_is_told_once_and_not_when_given_back() -> None:
    async with stage(text=LISTENING, listening=False) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played() == ["deaf", "menu"])
        on.driver.call_given_back(CALL, waits=False, talks=False)
        await on.until(lambda: on.played()[-2:] == ["menu", "menu"])
        assert on.not_heard == [CALL]
