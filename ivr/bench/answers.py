"""What the wire says of one word: when the prompt fell silent for it, and when its answer came.

Pure: it is told which audible packets came when, and when the word left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.bench.packet import Packet

WITHIN_S = 5.0  # what has not come by then counts as so long
_SILENT_S = 0.16  # between two prompts there are 0.2 s, within one 0.1 s at most
_SOONEST_S = 0.2  # no answer begins so soon after the first sound of its word


@dataclass(frozen=True, slots=True)
class Sounding:
    """Audible packets without a silence between them: the first and the last arrival."""

    from_s: float
    to_s: float

    @property
    def lasts_s(self) -> float:
        """How long it was audible."""
        return self.to_s - self.from_s


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """One word on the wire, in seconds.

    `answer_after_s` runs from its last loud frame to its answer's first audible packet; it is
    negative where that came before the word was over, and None where none came within 5 s.
    `silence_after_s` runs from its first loud frame to the last audible packet of the prompt it was
    said over, 5 s at most; None where no prompt sounded.
    """

    answer_after_s: float | None
    silence_after_s: float | None

    @property
    def came_early(self) -> bool:
        """Whether it was answered before it was over."""
        return self.answer_after_s is not None and self.answer_after_s < 0

    @property
    def waited_s(self) -> float:
        """How long the caller waited for an answer, 5 s if none came."""
        return WITHIN_S if self.answer_after_s is None else self.answer_after_s


def soundings(packets: Sequence[Packet]) -> list[Sounding]:
    """The stretches of sound that these audible packets make, which are in order.

    What is silence goes by the stream's own time, so that packets which were held up make none.
    """
    found: list[Sounding] = []
    before: Packet | None = None
    for packet in packets:
        if before is not None and _time_since(before, packet) < _SILENT_S:
            found[-1] = Sounding(found[-1].from_s, packet.at_s)
        else:
            found.append(Sounding(packet.at_s, packet.at_s))
        before = packet
    return found


def _time_since(earlier: Packet, packet: Packet) -> float:
    if packet.source != earlier.source:
        return packet.at_s - earlier.at_s
    return packet.stream_time_since(earlier)


def answer(began_s: float, heard: Sequence[Sounding]) -> Sounding | None:
    """What answers a word that began then.

    It begins behind a silence. What begins at the same time as the word, or a moment later, is
    still said to the word before.
    """
    return next((sound for sound in heard if sound.from_s >= began_s + _SOONEST_S), None)


def spoken_turn(began_s: float, over_s: float, heard: Sequence[Sounding]) -> SpokenTurn:
    """What followed from a word whose first and last loud frame left at these times."""
    prompt = next((sound for sound in heard if sound.from_s <= began_s <= sound.to_s), None)
    answered = answer(began_s, heard)
    after_s = None if answered is None else answered.from_s - over_s
    return SpokenTurn(
        after_s if after_s is not None and after_s <= WITHIN_S else None,
        None if prompt is None else min(prompt.to_s - began_s, WITHIN_S),
    )
