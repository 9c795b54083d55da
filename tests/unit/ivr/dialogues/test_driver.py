"""Unit: one call's task hears keys in time, survives its faults, forgets a call that ended."""

from __future__ import annotations

import asyncio

import pytest

from ivr.dialogues import dialogue as dialogue_module
from queues.cards import By
from queues.centre.commands import ReturnReason
from queues.centre.inputs.calls import QueueEntered
from queues.dialogues import DialogueState
from queues.ids import CallId, QueueId
from tests.unit.ivr.dialogues.driver_stage import CALL, LINE, LISTENING, stage


async def test_a_caller_who_presses_0_is_handed_over_with_music_after_the_announcement() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: "menu" in on.played())
        on.press("0")
        await on.until(lambda: ("music", "") in on.calls.did)
        assert on.inputs == [QueueEntered(CALL, LINE, QueueId("service"))]
        assert on.played() == ["welcome", "menu", "connecting"]


async def test_a_key_that_falls_between_two_prompts_counts_at_once() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played()[-1:] == ["menu"])
        on.press("8")  # wrong: the hint and the menu are one Play of two prompts
        await on.until(lambda: on.played()[-1:] == ["hint"])
        on.press("1")
        await on.until(lambda: ("hang_up", "") in on.calls.did)
        assert on.played() == ["welcome", "menu", "hint", "bye"]


async def test_a_caller_who_hangs_up_is_forgotten_and_nothing_more_is_played() -> None:
    async with stage(prompt_s=30) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played() == ["welcome"])
        on.calls.gone.add(CALL)
        on.driver.call_ended(CALL)
        await on.until(lambda: not on.driver.calls)
        assert on.played() == ["welcome"]


async def test_while_an_agent_talks_nothing_is_played_and_after_it_the_dialogue_goes_on() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: "welcome" in on.played())
        on.press("0")
        await on.until(lambda: bool(on.inputs))
        on.driver.connected(CALL)
        on.calls.joined.add(CALL)
        await on.until(lambda: ("music", "") in on.calls.did)
        on.calls.joined.clear()
        on.driver.returned(CALL, ReturnReason.TALK_OVER)
        await on.until(lambda: ("hang_up", "") in on.calls.did)
        assert on.played()[-1] == "bye"


async def test_a_dialogue_that_fails_leads_to_a_human_and_harms_no_other_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = dialogue_module.advance
    spoilt = CallId("call-2")

    def advance(plan, session, event, *, now):  # type: ignore[no-untyped-def]
        if session.call == spoilt:
            raise ZeroDivisionError("planted")
        return real(plan, session, event, now=now)

    monkeypatch.setattr(dialogue_module, "advance", advance)
    async with stage() as on:
        on.driver.call_arrived(spoilt, LINE)
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: "menu" in on.played())
        assert on.inputs == [QueueEntered(spoilt, LINE, QueueId("service"))]
        on.driver.call_ended(spoilt)
        await on.until(lambda: on.driver.calls == (CALL,))


async def test_a_thousand_calls_leave_nothing_behind() -> None:
    async with stage(prompt_s=0) as on:
        for number in range(1000):
            call = CallId(f"call-{number}")
            on.driver.call_arrived(call, LINE)
            on.driver.call_ended(call)
            await asyncio.sleep(0)
        await on.until(lambda: not on.driver.calls)


async def test_a_phrase_that_was_understood_leads_on_and_stands_on_the_card() -> None:
    async with stage(text=LISTENING) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.calls.did[-1:] == [("ask", "en/menu")])
        on.calls.say(CALL, "human")
        await on.until(lambda: ("music", "") in on.calls.did)
        assert on.played() == ["welcome", "connecting"]
        assert on.card() == [("main", By.VOICE, "human", "human")]
        on.driver.call_ended(CALL)
        await on.until(lambda: on.driver.card(CALL) is None)


async def test_a_caller_is_shown_with_what_goes_on_until_the_queue_has_the_call() -> None:
    async with stage(text=LISTENING) as on:
        on.driver.call_arrived(CALL, LINE)
        assert [(row.call, row.line, row.state) for row in on.driver.rows()] == [
            (CALL, LINE, DialogueState.RINGING)
        ]
        await on.until(lambda: on.calls.did[-1:] == [("ask", "en/menu")])
        (row,) = on.driver.rows()
        assert row.state is DialogueState.LISTENING
        assert row.since < row.state_since
        on.calls.say(CALL, "human")
        await on.until(lambda: ("music", "") in on.calls.did)
        assert on.driver.rows() == ()


async def test_a_key_ends_a_question_before_anything_else_is_heard() -> None:
    async with stage(text=LISTENING) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.calls.did[-1:] == [("ask", "en/menu")])
        on.press("0")
        await on.until(lambda: ("music", "") in on.calls.did)
        begun = on.calls.did.index(("ask", "en/menu"))
        assert on.calls.did[begun + 1 : begun + 3] == [("asked", ""), ("play", "en/connecting")]


async def test_silence_and_words_not_understood_are_failed_turns_that_lead_to_a_human() -> None:
    async with stage(text=LISTENING.replace("wait_s: 5", "wait_s: 1")) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.calls.did[-1:] == [("ask", "en/hint en/menu")])
        on.calls.say(CALL, None)
        await on.until(lambda: ("music", "") in on.calls.did)
        assert on.inputs == [QueueEntered(CALL, LINE, QueueId("service"))]


async def test_when_nobody_can_listen_the_menu_is_spoken_again_for_keys() -> None:
    async with stage(text=LISTENING) as on:
        on.calls.deaf = True
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played() == ["welcome", "deaf", "menu"])
        on.press("1")
        await on.until(lambda: on.played()[-1] == "bye")


async def test_a_word_for_a_human_ends_what_is_said_and_leads_to_one() -> None:
    text = LISTENING.replace("{say: welcome, goto: main}", "{say: welcome, goto: news}").replace(
        "  main:", "  news: {say: bye, goto: main}\n  main:"
    )
    async with stage(text=text, prompt_s=1.0) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played() == ["welcome"])
        on.calls.say(CALL, "human")  # nobody listens yet: it is only being said
        await on.until(lambda: on.played() == ["welcome", "bye"])
        on.calls.say(CALL, "human")
        await on.until(lambda: on.played() == ["welcome", "bye", "connecting"])


async def test_a_question_whose_end_nobody_tells_goes_on_by_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dialogue_module, "_LONGEST_ASK_S", 0.05)
    async with stage(text=LISTENING) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played()[-2:] == ["deaf", "menu"])


async def test_who_may_not_be_listened_to_is_never_asked() -> None:
    async with stage(text=LISTENING, listening=False) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played() == ["deaf", "menu"])
        assert not [did for did, _ in on.calls.did if did == "ask"]


async def test_a_caller_who_hangs_up_during_a_question_is_forgotten() -> None:
    async with stage(text=LISTENING) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.calls.did[-1:] == [("ask", "en/menu")])
        on.driver.call_ended(CALL)
        await on.until(lambda: not on.driver.calls)
        assert on.inputs == []
