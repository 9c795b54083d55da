"""Decides how the caller's SIP behaves where aiosipua leaves it open: repeats, ACK, CANCEL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiosipua import (
    OutgoingCall,
    SdpMessage,
    SipRequest,
    SipResponse,
    SipUAC,
    UdpSipTransport,
    parse_sdp,
    stringify_uri,
)
from aiosipua.dialog import Dialog, DialogState

_T1_S, _T2_S = 0.5, 4.0  # RFC 3261, 17.1.1.1
_TIMER_B_S = 64 * _T1_S
NO_ANSWER = 408  # stands for a transaction that nobody answered, as RFC 3261 8.1.3.1 says

_Key = tuple[str, str]


@dataclass(slots=True)
class _Repeat:
    """A request that is sent again until it is answered."""

    message: SipRequest
    addr: tuple[str, int]
    outcome: asyncio.Future[int]
    wait_s: float
    waited_s: float = 0.0
    timer: asyncio.TimerHandle | None = None


def _key(message: SipRequest | SipResponse) -> _Key:
    vias, cseq = message.via, message.cseq
    branch = vias[0].branch if vias else None
    return branch or "", cseq.method.upper() if cseq else ""


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, dispatch: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._dispatch = dispatch

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._dispatch(data, addr[:2])


@dataclass
class RepeatingUdp(UdpSipTransport):
    """aiosipua's UDP, with the timers it lacks: A and B for INVITE, E and F for everything else.

    Binds by itself, for two reasons: aiosipua asserts that asyncio's UDP transport is a
    `DatagramTransport`, which on Python 3.11 it is not, so that nothing could ever be sent; and it
    leaves the port at 0 after binding to a free one, which would then stand in Via and Contact.
    """

    heard_from: bool = field(default=False, init=False)  # whether any response ever came
    _repeats: dict[_Key, _Repeat] = field(default_factory=dict, init=False, repr=False)

    async def start(self) -> None:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(self._dispatch), local_addr=self.local_addr
        )
        self._udp_transport = transport
        host, port = transport.get_extra_info("sockname")[:2]
        self.local_addr = (host, port)

    def send(self, message: SipRequest | SipResponse, addr: tuple[str, int]) -> None:
        super().send(message, addr)
        if not isinstance(message, SipRequest) or message.method == "ACK":
            return
        key = _key(message)
        if key not in self._repeats:
            outcome: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            repeat = _Repeat(message, addr, outcome, _T1_S)
            self._repeats[key] = repeat
            self._arm(key, repeat)

    def _arm(self, key: _Key, repeat: _Repeat) -> None:
        loop = asyncio.get_running_loop()
        repeat.timer = loop.call_later(repeat.wait_s, self._again, key, repeat)

    def _again(self, key: _Key, repeat: _Repeat) -> None:
        repeat.waited_s += repeat.wait_s
        if repeat.waited_s >= _TIMER_B_S or self._udp_transport is None:
            self._settle(key, NO_ANSWER)
            return
        UdpSipTransport.send(self, repeat.message, repeat.addr)
        limit = _TIMER_B_S if repeat.message.method == "INVITE" else _T2_S
        repeat.wait_s = min(2 * repeat.wait_s, limit)
        self._arm(key, repeat)

    def _settle(self, key: _Key, status: int) -> None:
        repeat = self._repeats.pop(key, None)
        if repeat is None:
            return
        if repeat.timer is not None:
            repeat.timer.cancel()
        if not repeat.outcome.done():
            repeat.outcome.set_result(status)

    def answered(self, response: SipResponse) -> None:
        """Tell of a response: a provisional one ends the repeats of an INVITE, a final one all."""
        self.heard_from = True
        key = _key(response)
        repeat = self._repeats.get(key)
        if repeat is None:
            return
        if response.status_code >= 200:
            self._settle(key, response.status_code)
        elif key[1] == "INVITE" and repeat.timer is not None:
            repeat.timer.cancel()

    async def outcome(self, request: SipRequest) -> int:
        """The status that ended `request`, or NO_ANSWER; timers B and F bound the wait."""
        repeat = self._repeats.get(_key(request))
        return NO_ANSWER if repeat is None else await asyncio.shield(repeat.outcome)

    async def stop(self) -> None:
        for key in tuple(self._repeats):
            self._settle(key, NO_ANSWER)
        await super().stop()
        await asyncio.sleep(0)  # the socket closes in the loop's next round


class CallerUac(SipUAC):
    """aiosipua's caller, with what it leaves out of RFC 3261.

    - A rejection of an INVITE is acknowledged (17.1.1.3); else the far end repeats it for 32 s.
    - A repeated rejection of the INVITE without credentials does not end the one with them:
      aiosipua looks at the Call-ID alone.
    - The 2xx's Contact and Record-Route are where ACK and BYE go (12.1.2); aiosipua keeps sending
      to the dialled address.
    - After CANCEL the call is still followed: its 487 is acknowledged, and a 200 that crossed the
      CANCEL is acknowledged and can be ended with BYE. aiosipua forgets the call at once.
    - 100rel is not offered: its PRACK is not repeated, and goes to the dialled address.
    - SDP in a provisional response is read.
    """

    transport: RepeatingUdp

    def __init__(self, transport: RepeatingUdp, server: tuple[str, int]) -> None:
        super().__init__(transport)
        self.server = server

    def _build_invite(
        self, dialog: Dialog, *, sdp_offer: SdpMessage | None, user_agent: str | None
    ) -> SipRequest:
        invite = super()._build_invite(dialog, sdp_offer=sdp_offer, user_agent=user_agent)
        invite.headers.remove("Supported")
        invite.headers.set_single("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE")
        return invite

    def handle_response(self, response: SipResponse, addr: tuple[str, int]) -> None:
        self.transport.answered(response)
        cseq, status = response.cseq, response.status_code
        if cseq is not None and cseq.method.upper() == "INVITE":
            if status >= 300:
                self._acknowledge(response)
            call = self.get_call(response.call_id or "")
            if call is not None:
                sent = call.invite.cseq
                if sent is not None and cseq.seq != sent.seq:
                    return
                if status < 300:
                    _learn(call, response)
        super().handle_response(response, addr)

    def _acknowledge(self, response: SipResponse) -> None:
        transaction = self.transactions.match_response(response)
        invite = transaction.request if transaction is not None else None
        if invite is None:
            return
        ack = SipRequest(method="ACK", uri=invite.uri)
        for name in ("Via", "From", "Call-ID", "Route"):
            for value in invite.headers.get(name)[: 1 if name == "Via" else None]:
                ack.headers.append(name, value)
        ack.headers.set_single("To", response.get_header("To") or invite.get_header("To") or "")
        ack.headers.set_single("CSeq", f"{invite.cseq.seq if invite.cseq else 1} ACK")
        ack.headers.set_single("Max-Forwards", "70")
        self.transport.send(ack, self.server)

    def send_cancel(self, call: OutgoingCall) -> SipRequest:
        cancel = super().send_cancel(call)
        call.dialog.state = DialogState.EARLY
        self._calls[call.call_id] = call
        return cancel


def _learn(call: OutgoingCall, response: SipResponse) -> None:
    if response.body and response.content_type == "application/sdp":
        call.sdp_answer = parse_sdp(response.text)
    if response.status_code >= 200 and call.dialog.state is DialogState.EARLY:
        contacts = response.contact
        if contacts:
            call.dialog.remote_target = stringify_uri(contacts[0].uri)
        call.dialog.route_set = list(reversed(response.headers.get("record-route")))
        to = response.to_addr
        if to is not None and to.tag:
            call.dialog.remote_tag = to.tag  # the branch that answered, not the first that rang
