"""Decides which bytes of an AudioSocket stream are a message, and from where on it is unreadable.

A message is one byte of kind, two of length (big-endian) and the payload. Rules:

1. The first message says who calls: kind 0x01 with 16 bytes. It comes once.
2. Sound is 16 bit, 8 kHz, mono, little-endian. The switch hands on what the phone sent, so a
   message holds 20 ms mostly, but 10 to 150 ms with some phones; `Slicer` makes 20 ms of it.
3. A length that its kind cannot have, an unknown kind, or anything before the first message breaks
   the stream: `Broken` is told once, and what comes after is not looked at.
4. What is kept is never more than one message of the greatest length.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from uuid import UUID

RATE = 8000
FRAME_SAMPLES = 160
FRAME_BYTES = 2 * FRAME_SAMPLES
FRAME_S = FRAME_SAMPLES / RATE
LARGEST_PAYLOAD = 4096  # 256 ms of sound; no code of a phone makes frames that long

_HEADER_BYTES = 3
_LARGEST_ERROR = 16


class Kind(IntEnum):
    """The first byte of a message."""

    HANG_UP = 0x00
    IDENTITY = 0x01
    KEY = 0x03
    AUDIO = 0x10
    ERROR = 0xFF


@dataclass(frozen=True, slots=True)
class Identified:
    """The peer says for which call it comes. The id opens a line, so it does not show."""

    uuid: UUID = field(repr=False)


@dataclass(frozen=True, slots=True)
class Audio:
    """Sound, as it was sent: whole samples, of any number."""

    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeySeen:
    """The caller pressed a key; which one is told over AMI alone."""


@dataclass(frozen=True, slots=True)
class PeerHungUp:
    """The peer ends the socket."""


@dataclass(frozen=True, slots=True)
class PeerFailed:
    """The peer tells an error of its own."""


@dataclass(frozen=True, slots=True)
class Broken:
    """From here on the stream cannot be read; `reason` is for a person."""

    reason: str


Message = Identified | Audio | KeySeen | PeerHungUp | PeerFailed | Broken


def message(kind: Kind, payload: bytes = b"") -> bytes:
    """The bytes of one message; raises ValueError if the payload is too long for a length."""
    if len(payload) > 0xFFFF:
        raise ValueError("the payload of a message has 65,535 bytes at most")
    return bytes((kind,)) + len(payload).to_bytes(2, "big") + payload


AUDIO_HEADER = message(Kind.AUDIO, bytes(FRAME_BYTES))[:_HEADER_BYTES]
SILENT_FRAME = message(Kind.AUDIO, bytes(FRAME_BYTES))
HANG_UP = message(Kind.HANG_UP)


class Deframer:
    """Reads one peer's stream, in pieces of any size: `receive`, then `next_message` till None.

    One message at a time, so that the reader of a peer that sends ten thousand tiny ones can stop.
    """

    def __init__(self) -> None:
        self._data = b""
        self._at = 0
        self._identified = False
        self._broken = False

    @property
    def in_message(self) -> bool:
        """After the last message: another has begun and is not complete."""
        return self._at < len(self._data)

    def receive(self, data: bytes) -> None:
        """Take the next bytes."""
        if not self._broken:
            self._data = self._data[self._at :] + data if self.in_message else data
            self._at = 0

    def next_message(self) -> Message | None:
        """The next message that is complete; `Broken` is the last ever."""
        data, at = self._data, self._at
        if len(data) - at < _HEADER_BYTES:
            return None
        kind, length = data[at], data[at + 1] << 8 | data[at + 2]
        fault = self._fault(kind, length)
        if fault is not None:
            self._broken, self._data, self._at = True, b"", 0
            return Broken(fault)
        after = at + _HEADER_BYTES + length
        if after > len(data):
            return None
        self._at = after
        return self._read(kind, data[at + _HEADER_BYTES : after])

    def _fault(self, kind: int, length: int) -> str | None:
        if kind == Kind.AUDIO and self._identified:
            if length > LARGEST_PAYLOAD:
                return "more sound in one message than a phone can send"
            return "half a sample" if length % 2 else None
        if kind == Kind.IDENTITY:
            if self._identified:
                return "a second identity"
            return None if length == 16 else "an identity that is no UUID"
        if not self._identified:
            return "no identity at the beginning"
        if kind == Kind.HANG_UP:
            return "a hang-up with a payload" if length else None
        if kind == Kind.KEY:
            return None if length == 1 else "a key that is not one byte"
        if kind == Kind.ERROR:
            return None if length <= _LARGEST_ERROR else "an error that is too long"
        return "a message of unknown kind"

    def _read(self, kind: int, payload: bytes) -> Message:
        if kind == Kind.AUDIO:
            return Audio(payload)
        if kind == Kind.IDENTITY:
            self._identified = True
            return Identified(UUID(bytes=payload))
        if kind == Kind.KEY:
            return KeySeen()
        return PeerHungUp() if kind == Kind.HANG_UP else PeerFailed()


class Slicer:
    """Cuts sound of any length into frames of 20 ms; what is left over waits for the next."""

    def __init__(self) -> None:
        self._rest = b""

    def cut(self, pcm: bytes) -> list[bytes]:
        """The frames that are whole with this sound, 320 bytes each."""
        if not self._rest and len(pcm) == FRAME_BYTES:
            return [pcm]
        pcm = self._rest + pcm
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._rest = pcm[whole:]
        return [pcm[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES)]
