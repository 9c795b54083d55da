"""A far end that talks and is talked over: falls silent and answers, each after a set time.

A process of its own with SIP and RTP of its own, so that what it notes of its doings (monotonic
seconds, which all processes of a machine share) owes nothing to the caller that is tested.
"""

from __future__ import annotations

import multiprocessing
import re
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from ivr.caller.pyvoip_sip import reply
from ivr.caller.sound import ULAW, Samples, loudness

_TICK_S = 0.02
_WORD_OVER_S = 0.25
_LIVES_S = 60.0
_LOUD = 0.02
_AUDIBLE = 0.005


@dataclass(frozen=True, slots=True)
class Reaction:
    """What the far end does when it is spoken to. `stops_after_s` None: it goes on."""

    stops_after_s: float | None
    answers_after_s: float  # at least 0.25, by which it knows that the word is over


@dataclass(slots=True)
class Seen:
    """One word as the far end saw it: frames that came and that it sent, in monotonic seconds."""

    began: float
    ended: float
    last_sound_sent: float | None = None
    answered: float | None = None

    @property
    def silence_after_s(self) -> float:
        assert self.last_sound_sent is not None
        return self.last_sound_sent - self.began

    @property
    def answer_after_s(self) -> float:
        assert self.answered is not None
        return self.answered - self.ended


@dataclass(slots=True)
class FarEnd:
    """How to reach the far end, and, once the call is over, what it saw."""

    port: int
    _told: Connection
    seen: list[Seen] = field(default_factory=list)

    def ended(self) -> list[Seen]:
        """What it saw; waits for it to end."""
        assert self._told.poll(5), "the far end got no BYE"
        self.seen = self._told.recv()
        return self.seen


@contextmanager
def far_end(sounds: Sequence[Samples], reactions: Sequence[Reaction]) -> Iterator[FarEnd]:
    """Plays the first sound when it is called, and the next as each answer; ends with the call."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    coded = [ULAW.frames(sound) for sound in sounds]
    process = context.Process(target=_run, args=(coded, list(reactions), theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        assert ours.poll(20), "the far end did not start"
        yield FarEnd(ours.recv(), ours)
    finally:
        process.terminate()
        process.join(5)
        process.close()
        ours.close()


def _run(sounds: list[list[bytes]], reactions: list[Reaction], tell: Connection) -> None:
    sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sip.bind(("127.0.0.1", 0))
    rtp.bind(("127.0.0.1", 0))
    tell.send(sip.getsockname()[1])
    mouth = _Mouth(rtp, deque(sounds), deque(reactions))
    due = over_at = time.monotonic()
    over_at += _LIVES_S
    while time.monotonic() < over_at:
        ready, _, _ = select.select([sip, rtp], [], [], max(0.0, due - time.monotonic()))
        if rtp in ready:
            mouth.hear(rtp.recv(2048), time.monotonic())
        if sip in ready and _sip(sip, rtp, mouth):
            break
        if time.monotonic() >= due:
            mouth.tick()
            due += _TICK_S
    tell.send(mouth.seen)
    sip.close()
    rtp.close()


def _sip(sip: socket.socket, rtp: socket.socket, mouth: _Mouth) -> bool:
    """Answer one request; whether the call is over."""
    request, addr = sip.recvfrom(65_536)
    if request.startswith(b"ACK"):
        return False
    answer = reply(request, "200 OK", "far")
    if request.startswith(b"INVITE"):
        port = re.search(rb"m=audio (\d+)", request)
        assert port is not None
        mouth.to = (addr[0], int(port[1]))
        sdp = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {rtp.getsockname()[1]} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        ).encode()
        where = b"Contact: <sip:far@127.0.0.1:%d>\r\n" % sip.getsockname()[1]
        body = b"Content-Type: application/sdp\r\nContent-Length: %d" % len(sdp)
        answer = answer.replace(b"Allow:", where + b"Allow:")
        answer = answer.replace(b"Content-Length: 0", body) + sdp
    sip.sendto(answer, addr)
    return request.startswith(b"BYE")


class _Mouth:
    """Sends a frame every 20 ms, and notes when it heard and spoke."""

    def __init__(
        self, rtp: socket.socket, sounds: deque[list[bytes]], reactions: deque[Reaction]
    ) -> None:
        self.to: tuple[str, int] | None = None
        self.seen: list[Seen] = []
        self._rtp = rtp
        self._sounds = sounds
        self._reactions = reactions
        self._playing: deque[bytes] = deque()
        self._number = 0
        self._word: Seen | None = None  # the last one, until it is answered
        self._reaction = Reaction(None, 0.25)

    def hear(self, packet: bytes, now: float) -> None:
        if packet[1] & 0x7F != 0 or loudness(ULAW.decode(packet[12:])) < _LOUD:
            return
        if self._word is None:
            self._word = Seen(now, now)
            self.seen.append(self._word)
            if self._reactions:
                self._reaction = self._reactions.popleft()
        self._word.ended = now

    def tick(self) -> None:
        if self.to is None:
            return
        if self._number == 0 and self._sounds:
            self._playing.extend(self._sounds.popleft())
        self._react(time.monotonic())
        frame = self._playing.popleft() if self._playing else ULAW.silent_frame
        head = bytes([0x80, 0]) + (self._number & 0xFFFF).to_bytes(2)
        head += (self._number * 160).to_bytes(4) + b"FARE"
        self._rtp.sendto(head + frame, self.to)
        self._number += 1
        if loudness(ULAW.decode(frame)) >= _AUDIBLE and self.seen:
            now, last = time.monotonic(), self.seen[-1]
            if self._word is None:
                last.answered = last.answered or now
            else:
                last.last_sound_sent = now

    def _react(self, now: float) -> None:
        word, reaction = self._word, self._reaction
        if word is None:
            return
        if reaction.stops_after_s is not None and now >= word.began + reaction.stops_after_s:
            self._playing.clear()
        over = now - word.ended >= _WORD_OVER_S
        if over and now >= word.ended + reaction.answers_after_s:
            self._word = None
            if self._sounds:
                self._playing.extend(self._sounds.popleft())
