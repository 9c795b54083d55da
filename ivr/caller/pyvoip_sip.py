"""Decides how pyVoIP's SIP client registers, answers and leaves where pyVoIP 1.6.8 goes wrong.

Seen in `SIPClient`, and absorbed here:
- OPTIONS is not parsed, so never answered: a switch that qualifies calls the phone unreachable;
- REGISTER reads whatever comes first from the socket as its answer, be it OPTIONS or INVITE,
  is not repeated, may block for 30 s, and starts receiving only a second later;
- the Call-ID is a hash of 1, 2, 3, so two runs on one port have the same one;
- CANCEL is answered, the INVITE it cancels never is, and the call is then answered all the same;
- BYE carries the far end's own Via back to it, is not repeated, and its 200 is not awaited;
- the 200 to a BYE and a 486 carry a new To tag each;
- `stop` unregisters through the same racy reading, and its timers keep a process alive.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
import uuid
import warnings
from queue import Empty, Queue
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    # First the package: pyVoIP.SIP and pyVoIP.VoIP import each other, and work in this order only.
    import pyVoIP.VoIP  # noqa: F401
    from pyVoIP import SIP
    from pyVoIP.VoIP.status import PhoneStatus

_ANSWER_S = 4.0
_FIRST_REPEAT_S = 0.5
_ECHOED = re.compile(rb"^(via|v|from|f|call-id|i|cseq)\s*:", re.IGNORECASE)
_TO = re.compile(rb"^(to|t)\s*:", re.IGNORECASE)
_CSEQ = re.compile(rb"^cseq\s*:\s*(\d+)\s+(\w+)", re.IGNORECASE | re.MULTILINE)
_CALL_ID = re.compile(rb"^(?:call-id|i)\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_URI = re.compile(r"<([^>]+)>")


class RegistrationFailed(Exception):
    """The switch did not take the phone's registration; the message says with which SIP code."""


def reply(request: bytes, status: str, tag: str) -> bytes:
    """A response without a body to a request, from its raw text; `tag` is for a To without one."""
    lines = [f"SIP/2.0 {status}".encode()]
    for line in request.split(b"\r\n\r\n", 1)[0].split(b"\r\n")[1:]:
        if _ECHOED.match(line):
            lines.append(line)
        elif _TO.match(line):
            lines.append(line if b"tag=" in line.lower() else line + b";tag=" + tag.encode())
    lines += [b"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS", b"Content-Length: 0", b"", b""]
    return b"\r\n".join(lines)


class PhoneSip(SIP.SIPClient):  # pyVoIP has no py.typed
    """The SIP of one agent's phone: one thread receives all; answers are waited for by CSeq."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.calls: dict[str, Any] = named["phone"].rung
        self._answers: Queue[tuple[str, int, Any]] = Queue()
        self._talking = threading.Lock()  # one transaction of ours at a time
        self._stopped = threading.Event()
        self.asked_for_options = threading.Event()

    def gen_call_id(self) -> str:
        """A Call-ID that no other phone has."""
        return f"{uuid.uuid4().hex}@{self.myIP}"

    def start(self) -> None:
        """Bind, receive, register; raises `RegistrationFailed`, and OSError for a taken port."""
        self.s = self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind((self.myIP, self.myPort))
        self.s.settimeout(0.1)
        self.NSD = True
        self._receiver = threading.Thread(target=self.recv_loop, name="SIP receiver", daemon=True)
        self._receiver.start()
        self.register()
        threading.Thread(target=self._stay_registered, name="SIP register", daemon=True).start()

    def stop(self) -> None:
        """Unregister, by a deadline, and give the port back."""
        if not self.NSD:
            return
        self._stopped.set()
        self.deregister()
        self.NSD = False
        self._receiver.join(1.0)
        self.s.close()

    def register(self) -> bool:
        """Register; raises `RegistrationFailed`."""
        self._register(leave=False)
        self.phone._status = PhoneStatus.REGISTERED
        return True

    def deregister(self) -> bool:
        """Take the registration away; whether the switch said so."""
        self.phone._status = PhoneStatus.DEREGISTERING
        try:
            self._register(leave=True)
        except RegistrationFailed:
            return False
        self.phone._status = PhoneStatus.INACTIVE
        return True

    def _register(self, *, leave: bool) -> None:
        response = self._ask(self.gen_first_response(deregister=leave))
        if int(response.status) == 401:
            response = self._ask(self.gen_register(response, deregister=leave))
        if int(response.status) != 200:
            raise RegistrationFailed(
                f"{self.username} was not registered: SIP {int(response.status)}"
            )

    def _stay_registered(self) -> None:
        while not self._stopped.wait(self.default_expires / 2):
            with contextlib.suppress(RegistrationFailed):
                self.register()

    def _ask(self, request: str) -> Any:
        """Send, and again after 0.5, 1 and 2 s, until the final answer with its CSeq comes."""
        data = request.encode()
        number = _CSEQ.search(data)
        wanted = (number[2].decode(), int(number[1])) if number is not None else ("", 0)
        with self._talking:
            deadline, wait_s = time.monotonic() + _ANSWER_S, _FIRST_REPEAT_S
            while time.monotonic() < deadline:
                self.send(data)
                until = min(deadline, time.monotonic() + wait_s)
                wait_s *= 2
                while (left := until - time.monotonic()) > 0:
                    try:
                        method, cseq, response = self._answers.get(timeout=left)
                    except Empty:
                        break
                    if (method, cseq) == wanted and int(response.status) >= 200:
                        return response
        raise RegistrationFailed(f"{self.server}:{self.port} does not answer {wanted[0]}")

    def send(self, data: bytes) -> None:
        """Send to the switch; a closed socket (the phone is being taken away) is no fault."""
        with contextlib.suppress(OSError):
            self.out.sendto(data, (self.server, self.port))

    def recv_loop(self) -> None:
        """Receive until stopped (the receiver's thread)."""
        while self.NSD:
            try:
                raw = self.s.recv(8192)
            except TimeoutError:
                continue
            except OSError:
                return
            # What cannot be parsed is dropped, as UDP may drop it: the far end repeats or gives up.
            with contextlib.suppress(Exception):
                self._take(raw)

    def _take(self, raw: bytes) -> None:
        method = raw.split(b" ", 1)[0]
        if method == b"SIP/2.0":
            cseq = _CSEQ.search(raw)
            if cseq is not None:
                answer = (cseq[2].decode(), int(cseq[1]), SIP.SIPMessage(raw))
                self._answers.put(answer)
            return
        call_id = _CALL_ID.search(raw)
        call = self.calls.get(call_id[1].decode()) if call_id is not None else None
        tag = self.tagLibrary.get(call.call_id if call is not None else "", "phone")
        match method:
            case b"OPTIONS":
                self.send(reply(raw, "200 OK", tag))
                self.asked_for_options.set()
            case b"INVITE":
                self.parse_message(SIP.SIPMessage(raw))
            case b"ACK":
                if call is not None:
                    call.acknowledged.set()
            case b"CANCEL":
                known = call is not None and call.cancelled()
                self.send(reply(raw, "200 OK" if known else "481 Call Does Not Exist", tag))
            case b"BYE":
                self.send(reply(raw, "200 OK", tag))
                if call is not None:
                    call.bye()
            case _:
                self.send(reply(raw, "405 Method Not Allowed", tag))

    def gen_bye(self, request: Any) -> str:
        """A BYE to the far end's Contact with a Via of our own."""
        headers = request.headers
        target = _URI.search(headers["Contact"])
        ours, theirs = headers["To"]["raw"], headers["From"]["raw"]
        lines = [
            f"BYE {target[1] if target else headers['Contact']} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.myIP}:{self.myPort};branch={self.gen_branch()};rport",
            f"From: {ours};tag={self.tagLibrary[headers['Call-ID']]}",
            f"To: {theirs};tag={headers['From']['tag']}",
            f"Call-ID: {headers['Call-ID']}",
            f"CSeq: {self.byeCounter.next()} BYE",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        return "\r\n".join(lines) + "\r\n\r\n"

    def bye(self, request: Any) -> None:
        """Send BYE until it is answered, 4 s at most."""
        with contextlib.suppress(RegistrationFailed):
            self._ask(self.gen_bye(request))
