"""Decides when each step of a script has come true, and what to say when it has not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ivr.caller.hearing import Heard
from ivr.caller.listening import Listening
from ivr.caller.own_card import OwnCard
from ivr.caller.phone import CallerPhone
from ivr.caller.report import PressedKey, StepReport
from ivr.caller.said import Said, slow, turn_of
from ivr.caller.script import (
    HangUp,
    HearPrompt,
    HearTone,
    Press,
    Say,
    Step,
    Wait,
    WaitForHangUp,
    WaitForQuiet,
)
from ivr.caller.sound import FRAME, RATE, Samples, Speech
from ivr.caller.word import Word, loud_frames

_BLANK_S = 0.5
_LEAVES_S = 5.0
_SETTLES_S = 1.0  # until it is certain what was heard


class StepFailed(Exception):
    """The step did not come true; the message says why."""


class Steps:
    """Goes through a script's steps on one answered call."""

    def __init__(
        self,
        phone: CallerPhone,
        listening: Listening,
        speech: Mapping[Speech, Samples],
        own_card: OwnCard,
    ) -> None:
        self._phone = phone
        self._listening = listening
        self._speech = speech
        self._own_card = own_card
        self._passed = 0  # of the prompts heard: those before are behind us
        self._prompt_began_s: float | None = None
        self._passed_tones_s: dict[float, float] = {}  # up to where each was counted
        self.reports: list[StepReport] = []
        self.keys: list[PressedKey] = []
        self.said: list[Said] = []

    async def go(self, steps: tuple[Step, ...]) -> bool:
        """All steps, up to the first that fails; whether all came true."""
        for step in steps:
            began = self._phone.now_s
            why: str | None = None
            try:
                await self._step(step)
            except StepFailed as failed:
                why = str(failed)
            self.reports.append(
                StepReport(step.line, str(step), why is None, began, self._phone.now_s, why)
            )
            if why is not None:
                return False
        return True

    async def _step(self, step: Step) -> None:
        match step:
            case HearPrompt():
                await self._hear(step)
            case HearTone():
                await self._hear_tone(step)
            case WaitForQuiet():
                await self._quiet(step)
            case Press():
                await self._press(step)
            case Say():
                await self._say(step)
            case Wait():
                self._needs_a_call("time had passed")
                if await self._listening.until(self._phone.ended.is_set, step.for_s):
                    raise StepFailed("the far end hung up before")
            case WaitForHangUp():
                if not await self._listening.until(self._phone.ended.is_set, step.within_s):
                    raise StepFailed(f"nobody hung up within {step.within_s:g} s")
            case HangUp():
                self._needs_a_call("the caller could")
                await self.hang_up()

    async def hang_up(self) -> None:
        """Hang up, if the call is still up."""
        if not self._phone.ended.is_set():
            await self._own_card.leave()
            await self._phone.hang_up()

    def _needs_a_call(self, what: str) -> None:
        if self._phone.ended.is_set():
            raise StepFailed(f"the far end hung up before {what}")

    async def _hear(self, step: HearPrompt) -> None:
        def found() -> int | None:
            heard = self._listening.ear.heard
            for index in range(self._passed, len(heard)):
                if heard[index].is_(step.prompt):
                    return index
            return None

        def over() -> bool:
            index = found()
            return index is not None and self._listening.ear.heard[index].to_s is not None

        before = self._passed
        if not await self._listening.until(lambda: found() is not None, step.within_s):
            raise StepFailed(self._instead(before, step.within_s))
        if step.to_end and not await self._listening.until(over, step.within_s):
            raise StepFailed(f"it was not over within {step.within_s:g} s")
        index = found()
        if index is not None:
            self._passed = index + 1
            self._prompt_began_s = self._listening.ear.heard[index].from_s

    def _instead(self, since: int, within_s: float) -> str:
        ended = "the far end hung up" if self._phone.ended.is_set() else f"not in {within_s:g} s"
        heard = self._listening.ear.heard[since:]
        if heard:
            names = ", ".join(_name(one) for one in heard)
            return f"{ended}; heard instead: {names}"
        if self._phone.packets_received == 0:
            return f"{ended}; not one packet of sound came"
        if self._listening.quiet.sound_s == 0:
            return f"{ended}; heard only silence"
        return f"{ended}; heard sound, but no prompt that is known"

    async def _hear_tone(self, step: HearTone) -> None:
        watch = next(tone for tone in self._listening.tones if tone.hz == step.hz)

        since_s = self._passed_tones_s.get(step.hz, 0.0)

        def longest_s() -> float:
            lasted = (tone.to_s - max(tone.from_s, since_s) for tone in watch.heard)
            return max(lasted, default=0.0)

        if not await self._listening.until(lambda: longest_s() >= step.for_s, step.within_s):
            if longest_s() > 0:
                raise StepFailed(f"heard for only {longest_s():.2f} s")
            raise StepFailed(self._instead(self._passed, step.within_s))
        self._passed_tones_s[step.hz] = watch.heard[-1].to_s

    async def _quiet(self, step: WaitForQuiet) -> None:
        began = self._listening.heard_to_s
        quiet = self._listening.quiet
        if not await self._listening.until(
            lambda: quiet.quiet_for_s(began) >= step.for_s, step.within_s
        ):
            if self._phone.ended.is_set():
                raise StepFailed("the far end hung up before")
            raise StepFailed(f"there was sound all {step.within_s:g} s")

    async def _say(self, step: Say) -> None:
        samples, word = self._speech[step.speech], Word()
        loud = loud_frames(samples)
        if step.after_s is not None and self._prompt_began_s is not None:
            padding_s = loud.start * FRAME / RATE
            await self._until_s(self._prompt_began_s + step.after_s - padding_s)
        said = Said(step, word, report=len(self.reports))
        self.said.append(said)
        sent: asyncio.Future[Any] = self._phone.say(samples, word)
        if loud and not step.to_end:
            sent = asyncio.ensure_future(word.begun.wait())
        await self._sent(sent, "said", len(samples) / RATE)
        if step.to_end:
            await self._answered(said)

    async def _answered(self, said: Said) -> None:
        """Give the far end the time it may take, and what it takes to know what was heard."""
        within_s = max(said.step.answered_within_s or 0.0, said.step.silent_within_s or 0.0)

        def fast() -> bool:
            turn = turn_of(said, self._phone, self._listening)
            return turn is not None and slow(said.step, turn) is None

        if within_s:
            await self._listening.until(fast, within_s + _SETTLES_S)

    async def _until_s(self, moment_s: float) -> None:
        """Wait until that time of the call."""
        try:
            async with asyncio.timeout(max(0.0, moment_s - self._phone.now_s)):
                await self._phone.ended.wait()
        except TimeoutError:
            return
        raise StepFailed("the far end hung up before")

    async def _press(self, step: Press) -> None:
        if not self._phone.can_press:
            raise StepFailed("the far end takes no keys (no telephone-event in its answer)")
        for key in step.keys:
            if key == " ":
                await asyncio.sleep(_BLANK_S)
                continue
            self.keys.append(PressedKey(key.upper(), self._phone.now_s))
            await self._sent(self._phone.press(key), "pressed", 0.0)

    async def _sent(self, sent: asyncio.Future[Any], what: str, lasts_s: float) -> None:
        ended = asyncio.create_task(self._phone.ended.wait())
        either: list[asyncio.Future[Any]] = [sent, ended]
        try:
            await asyncio.wait(
                either, timeout=lasts_s + _LEAVES_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ended.cancel()
        if not sent.done():
            sent.cancel()
            raise StepFailed(f"the far end hung up before all was {what}")


def _name(heard: Heard) -> str:
    return f"{heard.prompt} ({heard.language})" + ", cut short" * heard.cut
