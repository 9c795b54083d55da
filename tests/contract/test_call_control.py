"""Contract: what `dialogues.ports.CallControl` promises, held by fake and real Asterisk alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Protocol

import numpy as np
import pytest
import pytest_asyncio

from ivr.caller.sound import Words, samples_of
from ivr.dialogues.ports import CallBusy, CallControl, CallGone, Question, Reply, ReplyKind, Unheard
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.ids import CallId, OfferId
from tests.ami.running import until
from tests.contract.stages import PLACE, WITHIN_S, RealStage, real_stage, said
from tests.switch import Switch, write_tone
from tests.unit.ivr.fakes import FakeCalls
from tests.unit.queues.fakes import Phone

PROMPT_S = 1.0
PROMPT_HZ = 500
SOUND = "en/tone"
LISTENS = 800  # samples: 100 ms of the prompt are enough to know it
RING_S = 3.0
PHRASES = ("인터넷", "변경", "서비스")
QUESTION = Question("ko", ("en/tone",), PHRASES, wait_s=1.5)


class Line(Protocol):
    """A caller on the line, and what may happen to the caller."""

    control: CallControl
    call: CallId

    async def hears_the_prompt(self) -> None: ...

    async def press_a_key(self) -> None: ...

    async def say(self, word: str) -> None: ...

    async def hang_up(self) -> None: ...

    async def be_joined_with_an_agent(self) -> None: ...


class FakeLine:
    def __init__(self) -> None:
        self.call = CallId("call-1")
        self.control = FakeCalls(prompt_s=PROMPT_S, missing={"en/nowhere"})

    async def hears_the_prompt(self) -> None:
        await until(lambda: self.control.did[-1:] in ([("play", SOUND)], [("ask", SOUND)]))

    async def press_a_key(self) -> None:
        self.control.key_pressed(self.call)

    async def say(self, word: str) -> None:
        self.control.say(self.call, word if word in PHRASES else None)

    async def hang_up(self) -> None:
        self.control.gone.add(self.call)
        self.control.cut(self.call)

    async def be_joined_with_an_agent(self) -> None:
        self.control.joined.add(self.call)
        self.control.cut(self.call)


class RealLine:
    def __init__(self, stage: RealStage, call: CallId) -> None:
        self._stage = stage
        self.call = call
        self.control = stage.control

    async def hears_the_prompt(self) -> None:
        """The tone by Asterisk's player, or the sound that comes from us since a question."""
        phone = self._stage.caller_phone
        assert phone is not None
        latest = phone.heard()[:0]

        def sounds() -> bool:
            nonlocal latest
            if self._stage.sound_is_ours:
                return True
            latest = np.concatenate([latest, phone.heard()])[-LISTENS:]
            spectrum = np.abs(np.fft.rfft(latest.astype(float), 8000))
            return len(latest) == LISTENS and abs(int(spectrum.argmax()) - PROMPT_HZ) < 12

        await until(sounds, within_s=WITHIN_S)

    async def press_a_key(self) -> None:
        assert self._stage.caller_phone is not None
        await self._stage.caller_phone.press("5")

    async def say(self, word: str) -> None:
        assert self._stage.caller_phone is not None
        speech = Words(word, "ko", voice="ko+f2", speed=120)
        await self._stage.caller_phone.say(await asyncio.to_thread(samples_of, speech))

    async def hang_up(self) -> None:
        await self._stage.caller_hangs_up()

    async def be_joined_with_an_agent(self) -> None:
        await self._stage.phone(Phone.ANSWERS)
        offer = OfferId(f"joined-{self.call}")
        await self._stage.telephony.ring(offer, self.call, PLACE, timeout_s=RING_S)
        await said(self._stage, OfferAnswered)
        await self._stage.telephony.connect(offer, self.call)
        await said(self._stage, TalkStarted)


@asynccontextmanager
async def real_line(switch: Switch) -> AsyncIterator[RealLine]:
    folder = switch.prompts / "en"
    folder.mkdir(exist_ok=True)
    write_tone(folder / "tone.wav", PROMPT_HZ, PROMPT_S)
    async with real_stage(switch) as stage:
        yield RealLine(stage, await stage.caller())


@pytest_asyncio.fixture(params=["fake", "real"])
async def line(request: pytest.FixtureRequest, switch: Switch) -> AsyncIterator[Line]:
    async with AsyncExitStack() as stack:
        real = request.param == "real"
        yield await stack.enter_async_context(real_line(switch)) if real else FakeLine()


async def test_a_prompt_is_played_to_its_end(line: Line) -> None:
    began = asyncio.get_running_loop().time()
    assert await line.control.play(line.call, "en/tone", keys_cut=True) is False
    assert asyncio.get_running_loop().time() - began > PROMPT_S / 2


async def test_a_key_cuts_a_prompt_that_may_be_cut(line: Line) -> None:
    playing = asyncio.ensure_future(line.control.play(line.call, "en/tone", keys_cut=True))
    await line.hears_the_prompt()
    await line.press_a_key()
    async with asyncio.timeout(WITHIN_S):
        assert await playing is True


async def test_a_key_does_not_cut_a_prompt_that_must_be_heard(line: Line) -> None:
    began = asyncio.get_running_loop().time()
    playing = asyncio.ensure_future(line.control.play(line.call, "en/tone", keys_cut=False))
    await line.hears_the_prompt()
    await line.press_a_key()
    async with asyncio.timeout(WITHIN_S):
        assert await playing is False
    assert asyncio.get_running_loop().time() - began > 0.9 * PROMPT_S


async def test_a_prompt_that_is_missing_is_skipped_and_the_call_lives(line: Line) -> None:
    assert await line.control.play(line.call, "en/nowhere", keys_cut=True) is False
    await line.control.start_music(line.call)
    assert await line.control.play(line.call, "en/tone", keys_cut=True) is False


async def test_commands_to_a_caller_who_is_gone_say_so(line: Line) -> None:
    playing = asyncio.ensure_future(line.control.play(line.call, "en/tone", keys_cut=True))
    await line.hears_the_prompt()
    await line.hang_up()
    with pytest.raises(CallGone):
        await asyncio.wait_for(playing, WITHIN_S)
    with pytest.raises(CallGone):
        await line.control.start_music(line.call)
    await line.control.hang_up(line.call)


async def test_commands_to_a_caller_who_talks_are_not_carried_out(line: Line) -> None:
    await line.be_joined_with_an_agent()
    with pytest.raises(CallBusy):
        await line.control.play(line.call, "en/tone", keys_cut=True)


async def test_a_phrase_that_is_said_over_the_prompt_is_understood(line: Line) -> None:
    asked = asyncio.ensure_future(line.control.ask(line.call, QUESTION))
    await line.hears_the_prompt()
    await line.say("인터넷")
    async with asyncio.timeout(WITHIN_S):
        assert await asked == Reply(ReplyKind.UNDERSTOOD, "인터넷")


async def test_silence_is_told_once_it_has_lasted_after_the_prompts(line: Line) -> None:
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(WITHIN_S):
        assert await line.control.ask(line.call, QUESTION) == Reply(ReplyKind.SILENT)
    assert asyncio.get_running_loop().time() - began > 0.9 * (PROMPT_S + QUESTION.wait_s)


async def test_a_key_wins_over_a_question_and_the_next_prompt_can_be_played(line: Line) -> None:
    asked = asyncio.ensure_future(line.control.ask(line.call, QUESTION))
    await line.hears_the_prompt()
    await line.press_a_key()
    async with asyncio.timeout(WITHIN_S):
        assert (await asked).kind is ReplyKind.KEY
        assert await line.control.play(line.call, "en/tone", keys_cut=True) is False


async def test_a_question_that_is_cancelled_lets_the_next_prompt_be_played(line: Line) -> None:
    asked = asyncio.ensure_future(line.control.ask(line.call, QUESTION))
    await line.hears_the_prompt()
    asked.cancel()
    await asyncio.wait({asked})
    playing = asyncio.ensure_future(line.control.play(line.call, "en/tone", keys_cut=True))
    await line.hears_the_prompt()
    await line.press_a_key()
    async with asyncio.timeout(WITHIN_S):
        assert await playing is True
        await line.control.start_music(line.call)


async def test_a_question_in_a_language_nobody_hears_says_so(line: Line) -> None:
    if isinstance(line.control, FakeCalls):
        line.control.deaf = True
    async with asyncio.timeout(WITHIN_S):
        reply = await line.control.ask(line.call, replace(QUESTION, language="xx"))
        assert reply == Reply(ReplyKind.UNHEARD, cause=Unheard.NO_MODEL)
        assert await line.control.play(line.call, "en/tone", keys_cut=True) is False


async def test_a_question_to_a_caller_who_talks_is_not_asked(line: Line) -> None:
    await line.be_joined_with_an_agent()
    with pytest.raises(CallBusy):
        await line.control.ask(line.call, QUESTION)


async def test_an_agent_who_joins_during_a_question_ends_it_without_an_answer(line: Line) -> None:
    asked = asyncio.ensure_future(line.control.ask(line.call, replace(QUESTION, wait_s=30)))
    await line.hears_the_prompt()
    await line.be_joined_with_an_agent()
    async with asyncio.timeout(WITHIN_S):
        with pytest.raises(CallBusy):
            await asked


async def test_a_question_ends_when_the_caller_hangs_up(line: Line) -> None:
    asked = asyncio.ensure_future(line.control.ask(line.call, QUESTION))
    await line.hears_the_prompt()
    await line.hang_up()
    async with asyncio.timeout(WITHIN_S):
        with pytest.raises(CallGone):
            await asked


async def test_hanging_up_ends_the_call(line: Line) -> None:
    await line.control.hang_up(line.call)
    with pytest.raises(CallGone):
        await _until_it_fails(line)


async def _until_it_fails(line: Line) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            await line.control.start_music(line.call)
