"""A phone that costs almost nothing, so that a bench can have a hundred of them on real SIP.

It does not listen. It sends a packet of sound now and then, whose bytes are its own number: whoever
is joined with it, and looks at one packet, knows by whom it was sent.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ivr.bench.plain_message import (
    Message,
    authorization,
    read_message,
    request,
    response,
    sound_description,
)
from ivr.bench.site import BenchFailed
from ivr.place.runfile import Account

_HOST: Final = "127.0.0.1"
_REPEAT_S: Final = 0.5
_GIVE_UP_S: Final = 32.0  # RFC 3261's timers B and F
_KEY_TYPE: Final = 101
_KEYS: Final = "0123456789*#"
_FRAME: Final = 160  # samples in 20 ms at 8 kHz
_MARK: Final = struct.Struct(">I")

_Server = tuple[str, int]


class NoAnswer(BenchFailed):
    """The switch did not take a request; the text says which and how it ended."""


class PlainPhone(asyncio.DatagramProtocol):
    """One phone with one call at a time. Use it from one loop; `close` gives its ports back."""

    def __init__(self, server: _Server, account: Account, number: int) -> None:
        """`number` is what its sound says; from 1 to 2**31."""
        self.number = number
        self.ended = asyncio.Event()
        self.ended_by_far_end = False
        self.on_invite: Callable[[float], None] | None = None  # told when, monotonic
        self.on_over: Callable[[], None] | None = None  # the far end ended the call, or the ringing
        self._server = server
        self._account = account
        self._tag = secrets.token_hex(6)
        self._sip: asyncio.DatagramTransport | None = None
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.bind((_HOST, 0))
        self._rtp.setblocking(False)
        self._rtp_to: _Server | None = None
        self._answers: dict[tuple[str, str], asyncio.Future[Message]] = {}
        self._seq = secrets.randbelow(10_000)
        self._incoming: Message | None = None  # the INVITE that rings, or was answered
        self._said: dict[tuple[str, str], bytes] = {}  # the last response to each INVITE
        self._dialog: tuple[str, str, str, str] | None = None  # target, own, far end, Call-ID
        self._source = secrets.randbits(32)
        self._packets = secrets.randbits(12)
        self._began_s = time.monotonic()
        self._paced: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Bind the SIP port."""
        loop = asyncio.get_running_loop()
        self._sip, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(_HOST, 0))

    async def close(self) -> None:
        """Hang up if need be, and give the ports back."""
        if self._dialog is not None and not self.ended.is_set():
            await self.hang_up()
        self._stop_sound()
        asyncio.get_running_loop().remove_reader(self._rtp)
        self._rtp.close()
        if self._sip is not None:
            self._sip.close()

    async def register(self) -> None:
        """Be reachable as a place; raises `NoAnswer`."""
        uri = f"sip:{self._server[0]}:{self._server[1]}"
        us = f"<sip:{self._account.username}@{self._server[0]}>"
        ours = [("From", f"{us};tag={self._tag}"), ("To", us)]
        status = (await self._ask("REGISTER", uri, ours, secrets.token_hex(8))).status
        if status != 200:
            raise NoAnswer(f"a phone could not register: {status}")

    async def dial(self, number: str) -> None:
        """Call, and come back when it is answered; raises `NoAnswer`."""
        where = f"{self._server[0]}:{self._server[1]}"
        uri, own = f"sip:{number}@{where}", f"<sip:{self._account.username}@{where}>"
        call_id, ours = secrets.token_hex(8), f"{own};tag={self._tag}"
        headers = [("From", ours), ("To", f"<{uri}>")]
        answer = await self._ask("INVITE", uri, headers, call_id, self._sound())
        if answer.status != 200:
            raise NoAnswer(f"a call was not answered: {answer.status}")
        self._dialog = answer.contact, ours, answer.first("to"), call_id
        self._acknowledge(answer, answer.contact)
        self._is_up(answer)

    @property
    def rung_by(self) -> str:
        """The number that the call shows which rings or was picked up; empty without one."""
        if self._incoming is None:
            return ""
        return self._incoming.first("from").partition("<sip:")[2].partition("@")[0]

    def ring(self) -> None:
        """Say that it rings."""
        if self._incoming is not None:
            self._say_to_invite(self._incoming, "180 Ringing")

    def answer(self) -> bool:
        """Pick up; False if it rings no more."""
        call = self._incoming
        if call is None or self._dialog is not None:
            return False
        self._say_to_invite(call, "200 OK", self._sound())
        ours = call.first("to") + f";tag={self._tag}"
        self._dialog = call.contact, ours, call.first("from"), call.call_id
        self.ended.clear()
        self.ended_by_far_end = False
        self._is_up(call)
        return True

    def decline(self) -> None:
        """Send the call that rings away."""
        if self._incoming is not None and self._dialog is None:
            self._say_to_invite(self._incoming, "486 Busy Here")
            self._incoming = None

    async def hang_up(self) -> None:
        """End the call; raises `NoAnswer` when the switch does not answer."""
        if self._dialog is None:
            return
        target, ours, theirs, call_id = self._dialog
        self._over(by_far_end=False)
        await self._ask("BYE", target, [("From", ours), ("To", theirs)], call_id)

    def press(self, key: str) -> None:
        """Press a key, of 100 ms (RFC 4733), all of it at once."""
        stamp = self._stamp()
        for tick in (1, 2, 3, 4, 5, 5, 5):
            ends = 0x80 if tick == 5 else 0
            event = struct.pack(">BBH", _KEYS.index(key), 10 | ends, tick * _FRAME)
            self._send(_KEY_TYPE, event, stamp, marker=tick == 1)

    def sounds(self, every_s: float) -> None:
        """Send a packet of the number each `every_s` seconds, while a call is up."""
        self._stop_sound()
        self._paced = asyncio.get_running_loop().create_task(self._pace(every_s))

    def watch_sound(self, heard: Callable[[int], None]) -> None:
        """Tell by whose number the next packet of sound was sent, and listen no more."""
        loop = asyncio.get_running_loop()

        def look() -> None:
            data = self._rtp.recv(2048)
            if len(data) == 12 + _FRAME and data[1] & 0x7F == 0:
                marks = {data[at : at + 4] for at in range(12, len(data), 4)}
                if len(marks) == 1:
                    loop.remove_reader(self._rtp)
                    heard(_MARK.unpack(marks.pop())[0])

        self._forget_sound()
        loop.add_reader(self._rtp, look)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take what the switch says."""
        came_at = time.monotonic()
        message = read_message(data)
        if message is None:
            return
        if message.status:
            waiting = self._answers.get((message.call_id, message.first("cseq")))
            if message.status >= 200:
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
                elif message.method == "INVITE" and message.status == 200:
                    self._acknowledge(message, message.contact)  # ours was lost
            return
        self._requested(message, came_at)

    def _requested(self, message: Message, came_at: float) -> None:
        match message.method:
            case "INVITE":
                self._invited(message, came_at)
            case "CANCEL":
                self._reply(message, "200 OK")
                if self._incoming is not None and self._dialog is None:
                    self._say_to_invite(self._incoming, "487 Request Terminated")
                    self._incoming = None
                    self._tell_over()
            case "BYE":
                self._reply(message, "200 OK")
                if self._dialog is not None and message.call_id == self._dialog[3]:
                    self._over(by_far_end=True)
                    self._tell_over()
            case "ACK":
                pass
            case _:
                self._reply(message, "200 OK")

    def _invited(self, message: Message, came_at: float) -> None:
        before = self._said.get((message.call_id, message.first("cseq")))
        if before is not None:
            self._transmit(before)
        elif self._dialog is not None and message.call_id == self._dialog[3]:
            self._say_to_invite(message, "200 OK", self._sound())  # a refreshed session
        elif self._dialog is not None or self._incoming is not None:
            self._say_to_invite(message, "486 Busy Here")
        else:
            self._incoming = message
            self._say_to_invite(message, "100 Trying")
            if self.on_invite is not None:
                self.on_invite(came_at)

    def _tell_over(self) -> None:
        if self.on_over is not None:
            self.on_over()

    def _over(self, *, by_far_end: bool) -> None:
        self._stop_sound()
        self._dialog = self._incoming = self._rtp_to = None
        self.ended_by_far_end = by_far_end
        self.ended.set()

    def _is_up(self, far_end: Message) -> None:
        if far_end.rtp_port is not None:
            self._rtp_to = self._server[0], far_end.rtp_port

    async def _ask(
        self, method: str, uri: str, headers: list[tuple[str, str]], call_id: str, body: str = ""
    ) -> Message:
        """The final response to a request, with a password if one is asked for."""
        answer = await self._request(method, uri, headers, call_id, body, "")
        if answer.status != 401:
            return answer
        if method == "INVITE":
            self._acknowledge(answer, uri)
        name, password = self._account.username, self._account.password
        proof = authorization(answer, method, uri, name, password)
        answer = await self._request(method, uri, headers, call_id, body, proof)
        if method == "INVITE" and answer.status >= 300:
            self._acknowledge(answer, uri)
        return answer

    async def _request(
        self,
        method: str,
        uri: str,
        headers: list[tuple[str, str]],
        call_id: str,
        body: str,
        proof: str,
    ) -> Message:
        self._seq += 1
        cseq = f"{self._seq} {method}"
        own = [("Via", self._via()), *headers, ("Call-ID", call_id), ("CSeq", cseq)]
        own += [("Authorization", proof)] if proof else []
        data = request(method, uri, own, contact=self._contact(), body=body)
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Message] = loop.create_future()
        self._answers[call_id, cseq] = answered
        began_s = loop.time()
        try:
            while loop.time() - began_s < _GIVE_UP_S:
                self._transmit(data)
                done, _ = await asyncio.wait([answered], timeout=_REPEAT_S)
                if done:
                    return answered.result()
            raise NoAnswer(f"nobody answered a {method}")
        finally:
            del self._answers[call_id, cseq]

    def _acknowledge(self, answer: Message, uri: str) -> None:
        via = self._via() if answer.status == 200 else answer.first("via")
        headers = [("Via", via), ("From", answer.first("from")), ("To", answer.first("to"))]
        number = answer.first("cseq").split()[0]
        headers += [("Call-ID", answer.call_id), ("CSeq", f"{number} ACK")]
        self._transmit(request("ACK", uri, headers))

    def _say_to_invite(self, invite: Message, status: str, body: str = "") -> None:
        data = response(invite, status, self._tag, contact=self._contact(), body=body)
        self._said = {(invite.call_id, invite.first("cseq")): data}
        self._transmit(data)

    def _reply(self, message: Message, status: str) -> None:
        self._transmit(response(message, status, self._tag))

    def _transmit(self, data: bytes) -> None:
        if self._sip is not None and not self._sip.is_closing():
            self._sip.sendto(data, self._server)

    def _via(self) -> str:
        host, port = self._address()
        return f"SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{secrets.token_hex(8)}"

    def _contact(self) -> str:
        host, port = self._address()
        return f"sip:{self._account.username}@{host}:{port}"

    def _address(self) -> _Server:
        if self._sip is None:
            raise RuntimeError("a phone that is not open has no address")
        host, port = self._sip.get_extra_info("sockname")[:2]
        return str(host), int(port)

    def _sound(self) -> str:
        return sound_description(_HOST, self._rtp.getsockname()[1])

    async def _pace(self, every_s: float) -> None:
        while True:
            self._send(0, _MARK.pack(self.number) * (_FRAME // 4), self._stamp())
            await asyncio.sleep(every_s)

    def _stop_sound(self) -> None:
        if self._paced is not None:
            self._paced.cancel()
            self._paced = None

    def _forget_sound(self) -> None:
        try:
            while True:
                self._rtp.recv(2048)
        except BlockingIOError:
            pass

    def _stamp(self) -> int:
        return int((time.monotonic() - self._began_s) * 8000) & 0xFFFFFFFF

    def _send(self, kind: int, payload: bytes, stamp: int, *, marker: bool = False) -> None:
        if self._rtp_to is None:
            return
        self._packets = (self._packets + 1) & 0xFFFF
        second = kind | (0x80 if marker else 0)
        head = struct.pack(">BBHII", 0x80, second, self._packets, stamp, self._source)
        with suppress(BlockingIOError):  # one packet less, as on any network
            self._rtp.sendto(head + payload, self._rtp_to)
