"""Decides how a pyVoIP phone takes calls where pyVoIP 1.6.8 is slow, blocks or throws.

Seen in `VoIPPhone` and `VoIPCall`, and absorbed here:
- the callback comes a second after the INVITE, on a timer thread that keeps a process alive;
- ports are picked blindly from a range (taken and odd ones too), and freed wrongly in `__del__`;
- an unknown codec in the offer is a warning that also resets the process's warning filters, and
  two `c=` lines leave the call without RTP;
- `answer` is sent once, not until the ACK; a re-INVITE binds the same port again and fails;
- `deny` stops RTP that was never started (AttributeError); `hangup` raises when the far end was
  faster; a cancelled call stays RINGING.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from ivr.caller.pyvoip_rtp import PhoneRtp
from ivr.caller.pyvoip_sip import PhoneSip, reply

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyVoIP.VoIP.VoIP import CallState, VoIPCall, VoIPPhone

_ACK_S = 8.0
_KNOWN = ("0", "8", "101")


def free_port(host: str) -> int:
    """An even UDP port that is free just now, its neighbour too."""
    for _ in range(50):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        ):
            one.bind((host, 0))
            port = int(one.getsockname()[1])
            if port % 2 == 0:
                with contextlib.suppress(OSError):
                    other.bind((host, port + 1))
                    return port
    raise OSError("no free UDP ports")


class PhoneCall(VoIPCall):  # pyVoIP has no py.typed
    """One call that rings, or rang, at an agent's phone."""

    def __init__(self, phone: Any, callstate: Any, request: Any, *args: Any, **named: Any) -> None:
        self.acknowledged = threading.Event()
        self.over = threading.Event()
        self.hung_up_here = False
        self._deciding = threading.Lock()  # answer, CANCEL and BYE come from different threads
        self.line: PhoneSip = phone.line
        self.rtp: PhoneRtp | None = None  # stays None when the offer had no sound
        _simplify(request)
        super().__init__(phone, callstate, request, *args, **named)

    def __del__(self) -> None:
        """Nothing: the ports are the system's."""

    def create_rtp_clients(
        self, codecs: dict[int, Any], ip: str, port: int, request: Any, baseport: int
    ) -> None:
        """Our RTP in place of pyVoIP's."""
        address = request.body["c"][0]["address"]
        self.rtp = PhoneRtp(codecs, ip, port, address, baseport, self.sendmode)
        self.RTPClients = [self.rtp]

    def answer(self) -> None:
        """Answer, and repeat the 200 until the ACK; a call that is over meanwhile stays so."""
        with self._deciding:
            if self.state is not CallState.RINGING or self.over.is_set():
                return
            super().answer()  # raises OSError when the RTP port was taken meanwhile
        wait_s, until = 0.5, time.monotonic() + _ACK_S
        while not self.acknowledged.wait(wait_s) and not self.over.is_set():
            if time.monotonic() > until:
                return
            with contextlib.suppress(OSError):
                self.renegotiate(self.request)
            wait_s = min(2 * wait_s, 4.0)

    def deny(self) -> None:
        """Decline with 486."""
        with self._deciding:
            if self.state is CallState.RINGING and not self.over.is_set():
                self._reply("486 Busy Here")
                self._end()

    def cancelled(self) -> bool:
        """The far end cancelled; whether it still rang, and its INVITE now has its 487."""
        with self._deciding:
            if self.state is not CallState.RINGING or self.over.is_set():
                return False
            self._reply("487 Request Terminated")
            self._end()
            return True

    def hangup(self) -> None:
        """Hang up, if the far end has not yet."""
        with self._deciding:
            if self.state is not CallState.ANSWERED or self.over.is_set():
                return
            self.hung_up_here = True
            self._end()
        self.line.bye(self.request)

    def bye(self) -> None:
        """The far end hung up."""
        with self._deciding:
            self._end()

    def _reply(self, status: str) -> None:
        self.line.send(reply(self.request.raw, status, self.line.tagLibrary[self.call_id]))

    def _end(self) -> None:
        if self.rtp is not None:
            self.rtp.stop()
        self.state = CallState.ENDED
        self.over.set()


def _simplify(request: Any) -> None:
    """Leave in the offer only what pyVoIP can read: one address, and codes we speak."""
    if "m" not in request.body:
        return
    request.body["c"] = request.body["c"][-1:]
    for media in request.body["m"]:
        known = [
            kind
            for kind in media["methods"]
            if kind in _KNOWN[:2]
            or media["attributes"][kind].get("rtpmap", {}).get("name") == "telephone-event"
        ]
        media["methods"] = known


class Phone(VoIPPhone):  # pyVoIP has no py.typed
    """A registered phone. `on_call` is called at once, in a thread of its own, when it rings."""

    def __init__(
        self,
        server: tuple[str, int],
        username: str,
        password: str,
        host: str,
        on_call: Callable[[PhoneCall], None],
    ) -> None:
        port = free_port(host)
        self.rung: dict[str, PhoneCall] = {}
        super().__init__(*server, username, password, myIP=host, sipPort=port)
        self._on_call = on_call
        self.line = self.sip = PhoneSip(
            *server,
            username,
            password,
            phone=self,
            myIP=host,
            myPort=port,
            callCallback=self.callback,
            fatalCallback=self.fatal,
        )

    def request_port(self, blocking: bool = True) -> int:
        """A port that is free, from the system."""
        return free_port(self.myIP)

    def release_ports(self, call: Any = None) -> None:
        """Nothing: the ports are the system's."""

    def _callback_MSG_Invite(self, request: Any) -> None:
        call = self.rung.get(request.headers["Call-ID"])
        if call is not None:
            if call.state is CallState.ANSWERED:
                call.renegotiate(request)
            return
        busy = any(not other.over.is_set() for other in self.rung.values())
        if busy or "m" not in request.body:
            status = "486 Busy Here" if busy else "488 Not Acceptable Here"
            self.line.send(reply(request.raw, status, self.line.gen_tag()))
            return
        ringing = self.line.gen_ringing(request)  # also makes the tag of this call
        call = PhoneCall(
            self, CallState.RINGING, request, len(self.rung) + 1, self.myIP, sendmode="sendrecv"
        )
        self.rung[call.call_id] = call
        self.line.send(ringing.encode())
        threading.Thread(
            target=self._on_call, args=[call], name="agent's call", daemon=True
        ).start()

    def stop(self, failed: bool = False) -> None:
        """Hang up or decline what there is, unregister, give the ports back; never raises."""
        for call in tuple(self.rung.values()):
            call.deny()
            call.hangup()
        with contextlib.suppress(OSError):
            self.line.stop()
