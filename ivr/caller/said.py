"""Decides which turns a call had, and which of them were slower than the script allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ivr.caller.listening import Listening
from ivr.caller.phone import CallerPhone
from ivr.caller.report import PressedKey, StepReport
from ivr.caller.script import Say
from ivr.caller.turns import Turn, turn
from ivr.caller.word import Word

_BEFORE_S = 1.0  # of what was heard before the word: more than the longest pause in a prompt


@dataclass(frozen=True, slots=True)
class Said:
    """One step that said something: when it left, and the number of its report."""

    step: Say
    word: Word
    report: int


def turn_of(
    said: Said, phone: CallerPhone, listening: Listening, acts_again_s: float | None = None
) -> Turn | None:
    """What followed from one thing said, as far as it is known; None if nothing of it has left."""
    zero, word = phone.answered_at, said.word
    if zero is None or word.from_at is None or word.until_at is None:
        return None
    from_s, until_s = word.from_at - zero, word.until_at - zero
    return turn(
        said.step.line,
        (from_s, until_s),
        phone.audible.packets(from_s - _BEFORE_S),
        listening.ear.heard,
        acts_again_s=acts_again_s,
        listened_to_s=listening.heard_to_s,
    )


def turns_of(
    said: Sequence[Said],
    keys: Sequence[PressedKey],
    phone: CallerPhone,
    listening: Listening,
) -> list[tuple[Said, Turn]]:
    """All turns of a call, in order."""
    turns: list[tuple[Said, Turn]] = []
    zero = phone.answered_at or 0.0
    begins = [one.word.from_at - zero for one in said if one.word.from_at is not None]
    begins += [key.at_s for key in keys]
    for one in said:
        first = one.word.from_at
        if first is None:
            continue
        later = (at_s for at_s in begins if at_s > first - zero)
        found = turn_of(one, phone, listening, min(later, default=None))
        if found is not None:
            turns.append((one, found))
    return turns


def slow(step: Say, turn: Turn) -> str | None:
    """Why a turn does not hold what its step asks for; None if it does."""
    if step.silent_within_s is not None:
        bar = f"asked for within {step.silent_within_s:g} s"
        if turn.over is None:
            return f"no prompt that is known sounded when it began; silence was {bar}"
        if turn.silence_after_s is None:
            return f"{turn.over} went on; silence was {bar}"
        if turn.silence_after_s > step.silent_within_s:
            return f"silent only after {turn.silence_after_s:.2f} s, {bar}"
    if step.answered_within_s is not None:
        bar = f"asked for within {step.answered_within_s:g} s"
        if turn.answer_after_s is None:
            return f"it was not answered; an answer was {bar}"
        if turn.answer_after_s > step.answered_within_s:
            by = f" by {turn.answered_by}" if turn.answered_by is not None else ""
            return f"answered{by} only after {turn.answer_after_s:.2f} s, {bar}"
    return None


def timed(
    reports: Sequence[StepReport], turns: Sequence[tuple[Said, Turn]]
) -> tuple[StepReport, ...]:
    """The steps' reports; one whose turn was too slow has failed."""
    found = list(reports)
    for said, measured in turns:
        why = slow(said.step, measured)
        if why is not None and said.report < len(found) and found[said.report].ok:
            found[said.report] = replace(found[said.report], ok=False, why=why)
    return tuple(found)
