"""Unit: one call's task hears keys in time, survives its faults, forgets a call that ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from ivr import dialogue as dialogue_module
from ivr import driver as driver_module
from ivr import rescue as rescue_module
from ivr.dialogue import Surroundings
from ivr.dialplan import load_plan
from ivr.driver import Driver
from ivr.flow.session import Phase, Session
from ivr.ports import CallBusy, Question, Reply
from queues.cards import By
from queues.centre.commands import ReturnReason
from queues.centre.inputs import Input, QueueEntered
from queues.dialogues import DialogueState
from queues.ids import CallId, LineId, QueueId
from tests.unit.ivr.fakes import FakeCalls

PLAN = """
language: en
start: welcome
human: human
defaults: {wait_s: 5, tries: 2, no_input: hint, wrong_key: hint, otherwise: human}
prompts: {welcome: Hello., menu: Choose., hint: Try again., connecting: One moment., bye: Goodbye.}
nodes:
  welcome: {say: welcome, goto: main}
  main: {menu: menu, keys: {"1": bye}}
  human: {queue: service, say: connecting, then: bye, refused: bye}
  bye: {goodbye: bye}
"""
LISTENING = (
    PLAN.replace(
        "hint, otherwise: human}",
        "hint, otherwise: human, not_understood: hint, keys_only: deaf}\n"
        "human_words: [human]\nlistening_notice: welcome",
    )
    .replace('keys: {"1": bye}', 'keys: {"1": bye}, words: {bye: [goodbye]}')
    .replace("hint: Try again.", "hint: Try again., deaf: Use keys.")
)
CALL, LINE = CallId("call-1"), LineId("100")
WITHIN_S = 3.0


@dataclass(slots=True)
class Stage:
    driver: Driver
    calls: FakeCalls
    kept: dict[CallId, Session]
    inputs: list[Input] = field(default_factory=list)
    forgotten: list[CallId] = field(default_factory=list)
    not_heard: list[CallId] = field(default_factory=list)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not true():  # noqa: ASYNC110  (any condition, not one event)
                await asyncio.sleep(0.005)

    def played(self) -> list[str]:
        return [sound.removeprefix("en/") for did, sound in self.calls.did if did == "play"]

    def card(self) -> list[tuple[str, By, str, str]]:
        """The answers of the call, each of which has a time."""
        entries = self.driver.card(CALL) or ()
        assert all(entry.at is not None for entry in entries)
        return [(entry.node, entry.by, entry.said, entry.led_to) for entry in entries]

    def press(self, key: str) -> None:
        self.driver.key_pressed(CALL, key)


@asynccontextmanager
async def stage(
    *, prompt_s: float = 0.02, text: str = PLAN, listening: bool = True
) -> AsyncIterator[Stage]:
    plan = load_plan(text, file="t.yaml", queues=["service"])
    calls = FakeCalls(prompt_s=prompt_s)
    inputs: list[Input] = []
    loop = asyncio.get_running_loop()
    kept: dict[CallId, Session] = {}

    def keep(session: Session) -> None:
        kept[session.call] = session

    not_heard: list[CallId] = []
    around = Surroundings(
        calls,
        inputs.append,
        loop.time,
        lambda _: listening,
        keep,
        lambda call, _: not_heard.append(call),
    )
    forgotten: list[CallId] = []

    def forget(call: CallId) -> None:
        kept.pop(call, None)
        forgotten.append(call)

    driver = Driver({LINE: plan}, around, QueueId("service"), forget)
    running = asyncio.create_task(driver.run())
    try:
        yield Stage(driver, calls, kept, inputs, forgotten, not_heard)
    finally:
        running.cancel()
        await asyncio.wait({running})


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
    async with stage(text=LISTENING, prompt_s=2.0) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played() == ["welcome"])
        on.calls.say(CALL, "human")
        await on.until(lambda: on.played() == ["welcome", "connecting"])


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


async def test_a_talk_is_not_touched_and_its_end_is_followed() -> None:
    kept = await left_at("queue")
    async with stage(text=LISTENING) as on:
        on.driver.call_resumed(kept, waits=True, talks=True)
        await on.until(lambda: CALL in on.kept and on.kept[CALL].phase is Phase.TALKING)
        assert on.calls.did == []
        on.driver.returned(CALL, ReturnReason.TALK_OVER)
        await on.until(lambda: on.played() == ["bye"])


@pytest.mark.parametrize(("waits", "did"), [(True, ["music"]), (False, ["answer", "play"])])
async def test_after_a_change_of_the_dialplan_a_place_is_kept_and_a_menu_begins_anew(
    waits: bool, did: list[str]
) -> None:
    kept = await left_at("queue" if waits else "menu")
    async with stage(text=LISTENING.replace("Goodbye.", "So long."), prompt_s=30) as on:
        on.driver.call_resumed(kept, waits=waits, talks=False)
        await on.until(lambda: [each for each, _ in on.calls.did] == did)


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


async def test_a_line_without_a_dialplan_is_hung_up() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LineId("999"))
        await on.until(lambda: on.calls.did == [("hang_up", "")])


async def test_a_caller_whose_call_ends_on_a_line_without_a_dialplan_is_forgotten_once() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LineId("999"))
        await on.until(lambda: on.calls.did == [("hang_up", "")])
        on.driver.call_ended(CALL)
        await on.until(lambda: on.forgotten == [CALL])
        on.driver.call_ended(CALL)
        assert on.forgotten == [CALL]


async def test_a_caller_who_is_told_goodbye_is_forgotten_once() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played()[-1:] == ["menu"])
        on.press("1")
        await on.until(lambda: ("hang_up", "") in on.calls.did and not on.driver.calls)
        on.driver.call_ended(CALL)
        assert on.forgotten == [CALL]
        assert not on.kept


async def spoil(on: Stage) -> None:
    """The dialogue of the caller at the menu fails by what cannot come there."""
    on.driver.call_arrived(CALL, LINE)
    await on.until(lambda: "menu" in on.played())
    on.driver.connected(CALL)
    await on.until(lambda: bool(on.inputs))


@pytest.mark.parametrize("error", [CallBusy(), OSError("planted")], ids=["busy", "a fault"])
async def test_a_rescued_caller_without_music_keeps_the_place_and_is_hung_up_after_the_talk(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_music(_: CallId) -> None:
        raise error

    monkeypatch.setattr(rescue_module, "_MUSIC_AGAIN_S", 0.0)
    async with stage() as on:
        monkeypatch.setattr(on.calls, "start_music", no_music)
        await spoil(on)
        await asyncio.sleep(0.05)
        on.driver.returned(CALL, ReturnReason.TALK_OVER)
        await on.until(lambda: ("hang_up", "") in on.calls.did and not on.driver.calls)
        assert on.inputs == [QueueEntered(CALL, LINE, QueueId("service"))]
        on.driver.call_ended(CALL)
        assert on.forgotten == [CALL]
        assert not on.kept


async def test_a_caller_who_cannot_be_rescued_is_hung_up_and_harms_no_other_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def no_rescue(*_: object) -> None:
        raise OSError("planted")

    async with stage() as on:
        monkeypatch.setattr(driver_module, "rescue", no_rescue)
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: "menu" in on.played())
        on.driver.connected(CALL)
        await on.until(lambda: ("hang_up", "") in on.calls.did and not on.driver.calls)
        other = CallId("call-2")
        on.driver.call_arrived(other, LINE)
        await on.until(lambda: on.played().count("menu") == 2)


async def test_a_rescued_caller_whom_the_dialplan_took_has_music_and_a_place_again() -> None:
    async with stage() as on:
        await spoil(on)
        on.driver.call_given_back(CALL, waits=True, talks=False)
        await on.until(lambda: on.calls.did[-2:] == [("music", ""), ("music", "")])
        assert len(on.inputs) == 1
        on.driver.call_given_back(CALL, waits=False, talks=False)
        await on.until(lambda: len(on.inputs) == 2)


async def test_who_comes_back_to_no_dialogue_is_hung_up_and_who_is_not_known_is_left_alone() -> (
    None
):
    async with stage() as on:
        stranger = CallId("call-2")
        on.driver.returned(stranger, ReturnReason.TALK_OVER)
        on.driver.call_arrived(CALL, LineId("999"))
        await on.until(lambda: on.calls.did == [("hang_up", "")] and not on.driver.calls)
        on.driver.returned(CALL, ReturnReason.TALK_OVER)
        await on.until(lambda: on.calls.did == [("hang_up", ""), ("hang_up", "")])
        assert stranger not in on.calls.gone


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
