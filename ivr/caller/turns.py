"""Decides how soon the far end fell silent when the caller spoke, and how soon it answered.

Both are measured on the wire: the times at which our frames left and its packets came. What was
recognised only tells which packets belong to which prompt:
1. Audible packets are joined to sounds. All of one prompt are one sound, its own pauses included;
   what is no known prompt is one sound as long as no pause in it lasts 0.2 s.
2. The far end fell silent if the prompt that sounded when the word began was cut short and nothing
   was audible for 0.2 s after it.
3. The answer is the first sound that begins after the word's end and before the caller acts again.
   There is none if another sound went on over the word's end and was not cut short: what follows
   it would have followed it anyway.
Pure: told packets and prompts, it looks at no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.caller.audible import AudiblePacket
from ivr.caller.hearing import Heard

_SILENT_S = 0.2
_EDGE_S = 0.1  # a prompt cut short is followed to the last 40 ms that fit as a whole
_EARLY_S = 0.02
_CUT_S = 0.3  # a sound that ends this soon after the word was stopped by it
_PAUSE_S = 0.6  # the longest pause inside a prompt


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing the caller said, and what the far end did, in seconds since the call's answer.

    `said_from_s` and `said_until_s` are when the first and the last loud frame left. `over` is the
    prompt that was under way when the word began. `silence_after_s` runs from there to the arrival
    of that prompt's last audible packet; it is 0 if the prompt was in a pause and never went on,
    and None without a prompt or when it was not cut. `answer_after_s` runs from the word's end to
    the arrival of the answer's first audible packet; `answered_by` is its prompt, if it is known.
    """

    line: int
    said_from_s: float
    said_until_s: float
    over: str | None = None
    silence_after_s: float | None = None
    answer_after_s: float | None = None
    answered_by: str | None = None


@dataclass(slots=True)
class _Sound:
    """Audible packets that belong together: the first and the last arrival."""

    prompt: Heard | None
    from_s: float
    to_s: float

    def covers(self, packet: AudiblePacket, prompt: Heard | None) -> bool:
        if prompt is not None:
            return prompt is self.prompt
        if packet.arrived_s - self.to_s >= _SILENT_S:
            return False
        if self.prompt is None or self.prompt.to_s is None:
            return True
        return packet.at_s < self.prompt.to_s + _EDGE_S

    @property
    def cut(self) -> bool:
        return self.prompt is not None and self.prompt.cut


def turn(
    line: int,
    said: tuple[float, float],
    packets: Sequence[AudiblePacket],
    heard: Sequence[Heard],
    *,
    acts_again_s: float | None = None,
    listened_to_s: float,
) -> Turn:
    """What followed from something said between the two times of `said`.

    `packets` are in the order of the stream. `acts_again_s` is when the caller next spoke or
    pressed a key, `listened_to_s` up to when packets were received. All in seconds since the
    answer.
    """
    sounds = _sounds(packets, heard)
    said_from, said_until = said
    over = next((s for s in sounds if s.from_s <= said_from <= s.to_s), None)
    silence: float | None = None
    if over is None:
        over = _in_a_pause(sounds, said_from)
        silence = None if over is None else 0.0
    elif over.cut and _fell_silent(over, sounds, acts_again_s, listened_to_s):
        silence = over.to_s - said_from
    answer = _answer(sounds, said_until, acts_again_s)
    return Turn(
        line=line,
        said_from_s=said_from,
        said_until_s=said_until,
        over=over.prompt.prompt if over is not None and over.prompt is not None else None,
        silence_after_s=silence,
        answer_after_s=None if answer is None else answer.from_s - said_until,
        answered_by=None if answer is None or answer.prompt is None else answer.prompt.prompt,
    )


def _sounds(packets: Sequence[AudiblePacket], heard: Sequence[Heard]) -> list[_Sound]:
    sounds: list[_Sound] = []
    for packet in packets:
        prompt = _prompt_at(packet.at_s, heard)
        if sounds and sounds[-1].covers(packet, prompt):
            sounds[-1].to_s = max(sounds[-1].to_s, packet.arrived_s)
        else:
            sounds.append(_Sound(prompt, packet.arrived_s, packet.arrived_s))
    return sounds


def _prompt_at(at_s: float, heard: Sequence[Heard]) -> Heard | None:
    begun = [one for one in heard if one.from_s - _EARLY_S <= at_s]
    last = begun[-1] if begun else None
    return last if last is not None and (last.to_s is None or at_s < last.to_s) else None


def _in_a_pause(sounds: Sequence[_Sound], moment: float) -> _Sound | None:
    """The prompt that had fallen silent for a moment just then, and never went on."""
    before = [sound for sound in sounds if sound.to_s < moment]
    last = before[-1] if before else None
    return last if last is not None and last.cut and moment - last.to_s <= _PAUSE_S else None


def _fell_silent(
    sound: _Sound, sounds: Sequence[_Sound], acts_again_s: float | None, listened_to_s: float
) -> bool:
    if acts_again_s is not None and sound.to_s > acts_again_s:
        return False
    next_from_s = min((s.from_s for s in sounds if s.from_s > sound.to_s), default=listened_to_s)
    return next_from_s - sound.to_s >= _SILENT_S


def _answer(
    sounds: Sequence[_Sound], said_until: float, acts_again_s: float | None
) -> _Sound | None:
    across = next((s for s in sounds if s.from_s <= said_until < s.to_s), None)
    if across is not None and not across.cut and across.to_s > said_until + _CUT_S:
        return None
    first = next((s for s in sounds if s.from_s > said_until), None)
    if first is None or (acts_again_s is not None and first.from_s > acts_again_s):
        return None
    return first
