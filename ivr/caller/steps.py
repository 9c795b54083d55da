"""Decides when each step of a script has come true, and what to say when it has not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ivr.caller.hearing import Heard
from ivr.caller.listening import Listening
from ivr.caller.phone import CallerPhone
from ivr.caller.report import PressedKey, StepReport
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
from ivr.caller.sound import RATE, Samples, Speech

_BLANK_S = 0.5
_LEAVES_S = 5.0


class StepFailed(Exception):
    """The step did not come true; the message says why."""


class Steps:
    """Goes through a script's steps on one answered call."""

    def __init__(
        self, phone: CallerPhone, listening: Listening, speech: Mapping[Speech, Samples]
    ) -> None:
        self._phone = phone
        self._listening = listening
        self._speech = speech
        self._passed = 0  # of the prompts heard: those before are behind us
        self._passed_tones: dict[float, int] = {}
        self.reports: list[StepReport] = []
        self.keys: list[PressedKey] = []

    def _now_s(self) -> float:
        answered = self._phone.answered_at
        return asyncio.get_running_loop().time() - answered if answered is not None else 0.0

    async def go(self, steps: tuple[Step, ...]) -> bool:
        """All steps, up to the first that fails; whether all came true."""
        for step in steps:
            began = self._now_s()
            why: str | None = None
            try:
                await self._step(step)
            except StepFailed as failed:
                why = str(failed)
            self.reports.append(
                StepReport(step.line, str(step), why is None, began, self._now_s(), why)
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
                samples = self._speech[step.speech]
                await self._sent(self._phone.say(samples), "said", len(samples) / RATE)
            case Wait():
                self._needs_a_call("time had passed")
                if await self._listening.until(self._phone.ended.is_set, step.for_s):
                    raise StepFailed("the far end hung up before")
            case WaitForHangUp():
                if not await self._listening.until(self._phone.ended.is_set, step.within_s):
                    raise StepFailed(f"nobody hung up within {step.within_s:g} s")
            case HangUp():
                self._needs_a_call("the caller could")
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
        self._passed = self._passed if index is None else index + 1

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

        passed = self._passed_tones.get(step.hz, 0)

        def long_enough() -> bool:
            return any(tone.to_s - tone.from_s >= step.for_s for tone in watch.heard[passed:])

        if not await self._listening.until(long_enough, step.within_s):
            longest = max((tone.to_s - tone.from_s for tone in watch.heard[passed:]), default=0.0)
            if longest:
                raise StepFailed(f"heard for only {longest:.2f} s")
            raise StepFailed(self._instead(self._passed, step.within_s))
        self._passed_tones[step.hz] = len(watch.heard)

    async def _quiet(self, step: WaitForQuiet) -> None:
        began = self._listening.heard_to_s
        quiet = self._listening.quiet
        if not await self._listening.until(
            lambda: quiet.quiet_for_s(began) >= step.for_s, step.within_s
        ):
            if self._phone.ended.is_set():
                raise StepFailed("the far end hung up before")
            raise StepFailed(f"there was sound all {step.within_s:g} s")

    async def _press(self, step: Press) -> None:
        if not self._phone.can_press:
            raise StepFailed("the far end takes no keys (no telephone-event in its answer)")
        for key in step.keys:
            if key == " ":
                await asyncio.sleep(_BLANK_S)
                continue
            self.keys.append(PressedKey(key.upper(), self._now_s()))
            await self._sent(self._phone.press(key), "pressed", 0.0)

    async def _sent(self, sent: asyncio.Future[None], what: str, lasts_s: float) -> None:
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
