"""Decides how pyVoIP's RTP behaves where pyVoIP 1.6.8 would block, drift, garble or never end.

Seen in `RTPClient`, and absorbed here:
- its two threads are no daemons and poll every 10 ms; closing its sockets makes one of them spin;
- it sleeps 20 ms after each packet, so that its sound comes ever later than real time;
- speech goes through 8-bit linear samples, which is 48 dB of noise; A-law is sent as µ-law;
- received sound is kept for ever at `timestamp - first timestamp`: a jump of the far end's
  timestamp (another channel bridged in) fills the gap with up to 4 GB of zeros;
- at sequence number 65536 it sends a packet without a sequence number.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import warnings
from collections import deque
from dataclasses import dataclass

with warnings.catch_warnings():
    # pyVoIP imports audioop, which Python 3.11 and 3.12 still have, with a warning.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyVoIP import RTP

from ivr.caller.sound import CODES, FRAME, ULAW, Samples

_TICK_S = 0.02
_LATE_S = 0.5
_KEPT_PACKETS = 30_000  # ten minutes


@dataclass(frozen=True, slots=True)
class Packet:
    """One received packet of sound, with the monotonic time it came."""

    source: int
    stamp: int
    arrived: float
    payload_type: int
    payload: bytes


class PhoneRtp(RTP.RTPClient):  # pyVoIP has no py.typed
    """The RTP of one talk of an agent's phone: `say` queues sound, `received` is what came."""

    def start(self) -> None:
        """Bind and begin; a second call (pyVoIP makes one at a re-INVITE) does nothing."""
        if hasattr(self, "sin"):
            return
        self.sin = self.sout = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sin.bind((self.inIP, self.inPort))
        self.sin.settimeout(0.1)
        self.received: deque[Packet] = deque(maxlen=_KEPT_PACKETS)
        self._frames: deque[bytes] = deque()
        self._code_type = next((t for t in self.assoc if t in CODES), 0)
        for name, work in (("RTP receiver", self.recv), ("RTP sender", self.trans)):
            threading.Thread(target=work, name=name, daemon=True).start()

    def stop(self) -> None:
        """End both threads; without `start` too, where pyVoIP raises AttributeError."""
        self.NSD = False
        if hasattr(self, "sin"):
            self.sin.close()

    def say(self, samples: Samples) -> None:
        """Queue sound; it is sent in real time."""
        self._frames.extend(CODES[self._code_type].frames(samples))

    def recv(self) -> None:
        """Receive until stopped (the receiver's thread)."""
        while self.NSD:
            try:
                data = self.sin.recv(4096)
                message = RTP.RTPMessage(data, self.assoc)
            except TimeoutError:
                continue
            except OSError:
                return
            except (RTP.RTPParseError, ValueError, IndexError, TypeError):
                continue
            payload_type = data[1] & 0x7F
            if payload_type in CODES and message.payload:
                self.received.append(
                    Packet(
                        message.SSRC,
                        message.timestamp,
                        time.monotonic(),
                        payload_type,
                        message.payload,
                    )
                )

    def trans(self) -> None:
        """Send a frame every 20 ms by the clock until stopped (the sender's thread)."""
        code = CODES.get(self._code_type, ULAW)
        sequence, stamp, due = self.outSequence, self.outTimestamp, time.monotonic()
        while self.NSD:
            frame = self._frames.popleft() if self._frames else code.silent_frame
            head = bytes([0x80, self._code_type])
            head += (sequence & 0xFFFF).to_bytes(2) + (stamp & 0xFFFFFFFF).to_bytes(4)
            with contextlib.suppress(OSError):  # closed under us by stop, or a full buffer
                self.sout.sendto(
                    head + self.outSSRC.to_bytes(4) + frame, (self.outIP, self.outPort)
                )
            sequence, stamp, due = sequence + 1, stamp + FRAME, due + _TICK_S
            late = time.monotonic() - due
            if late > _LATE_S:
                missed = int(late / _TICK_S)
                stamp, due = stamp + missed * FRAME, due + missed * _TICK_S
            time.sleep(max(0.0, due - time.monotonic()))
