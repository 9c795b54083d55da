"""Decides how the caller's phone makes one call: dial, speak, press keys, hear, hang up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aiosipua import (
    IncomingCall,
    OutgoingCall,
    SdpMessage,
    SipDigestAuth,
    SipRequest,
    SipUAS,
    build_sdp,
    negotiate_sdp,
    serialize_sdp,
)
from aiosipua.dialog import DialogState

from ivr.caller.arrival import Arrivals
from ivr.caller.audible import Audible
from ivr.caller.media import CallMedia
from ivr.caller.sip import CallerUac, RepeatingUdp
from ivr.caller.sound import CODES, Samples
from ivr.caller.word import Word

_KEY_TYPE = 101
_FIRST_SIGN_S = 4.0
_GOODBYE_S = 3.0


@dataclass(frozen=True, slots=True)
class SipServer:
    """Where to call, and as whom."""

    host: str
    port: int
    username: str
    password: str

    def __repr__(self) -> str:
        return f"SipServer({self.host}:{self.port}, username={self.username!r}, password=…)"


class CallFailed(Exception):
    """The call was not answered. `status` is the SIP code, 408 when nobody answered SIP at all."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class CallerPhone:
    """One call of one caller. Use it by `caller_phone`, which gives back what it binds.

    All times are of the loop's clock. `ended` is set when the call is over, by whomever.
    """

    def __init__(self, server: SipServer, transport: RepeatingUdp, media: CallMedia) -> None:
        self._server = server
        self._transport = transport
        self._media = media
        self._uac = CallerUac(transport, (server.host, server.port))
        self._uas = SipUAS(transport, uac=self._uac, user_agent="freizeichen-call")
        self._uas.on_bye = self._far_end_hung_up
        self._uas.on_reinvite = self._answer_reinvite
        self._uas.on_invite = _refuse
        self._call: OutgoingCall | None = None
        self._arrivals = Arrivals()
        self._received = 0
        self.audible = Audible()
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.ended = asyncio.Event()
        self.hung_up_by_far_end = False
        self.provisional: list[int] = []
        media.on_packet = self._hear

    @property
    def media(self) -> CallMedia:
        """The RTP end of the call."""
        return self._media

    async def open(self) -> None:
        """Bind the SIP port."""
        await self._uas.start()

    async def close(self) -> None:
        """Hang up if need be and give the ports back."""
        try:
            await self.hang_up()
        finally:
            await self._media.close()
            await self._uas.stop()

    async def dial(self, number: str, within_s: float) -> float:
        """Call `number`; gives the seconds until it was answered.

        Raises `CallFailed` when it was rejected, or not answered in time (the call is cancelled).
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        settled: asyncio.Future[int] = loop.create_future()
        offer = self._offer()
        where = f"{self._server.host}:{self._server.port}"
        call = self._uac.send_invite(
            f"sip:{self._server.username}@{where}",
            f"sip:{number}@{where}",
            (self._server.host, self._server.port),
            offer,
            user_agent="freizeichen-call",
            auth=SipDigestAuth(self._server.username, self._server.password),
        )
        self._call = call

        def settle(status: int) -> None:
            if not settled.done():
                settled.set_result(status)

        def answered(_: OutgoingCall) -> None:
            self.answered_at = loop.time()
            settle(200)

        call.on_answer = answered
        call.on_rejected = lambda _call, status, _reason: settle(status)
        call.on_ringing = lambda _: self.provisional.append(180)
        first_sign = min(within_s, _FIRST_SIGN_S)
        await asyncio.wait([settled], timeout=first_sign)
        if not settled.done() and not self._transport.heard_from:
            raise CallFailed(408, f"nobody answers SIP at {where}")
        await asyncio.wait([settled], timeout=within_s - (loop.time() - began))
        if not settled.done():
            await self._cancel(call, settled)
        status = settled.result() if settled.done() else 408
        if status != 200 or self.answered_at is None:
            self._over(by_far_end=True)
            raise CallFailed(status, call._reject_reason or f"not answered within {within_s:g} s")
        self._begin_media(call)
        return self.answered_at - began

    async def _cancel(self, call: OutgoingCall, settled: asyncio.Future[int]) -> None:
        """CANCEL and see how it ends; an answer that crossed it is ended with BYE."""
        self._uac.send_cancel(call)
        await asyncio.wait([settled], timeout=_GOODBYE_S)
        if self.answered_at is not None:
            await self.hang_up()
            self.answered_at = None

    def _offer(self) -> SdpMessage:
        host = self._transport.local_addr[0]
        offer = build_sdp(host, self._media.port, 0, "PCMU", dtmf_payload_type=_KEY_TYPE)
        audio = offer.media[0]
        audio.formats.insert(1, "8")
        audio.attributes["rtpmap"].insert(1, "8 PCMA/8000")
        return offer

    def _begin_media(self, call: OutgoingCall) -> None:
        answer = call.sdp_answer
        where = answer.rtp_address if answer is not None else None
        audio = answer.audio if answer is not None else None
        if where is None or audio is None:
            return  # an answer without sound: nothing will be heard, and the script says so
        codes = [codec.payload_type for codec in audio.codecs if codec.payload_type in CODES]
        keys = [
            codec.payload_type
            for codec in audio.codecs
            if codec.encoding_name.lower() == "telephone-event"
        ]
        self._media.send_to(where, codes[0] if codes else 0, keys[0] if keys else None)

    async def run(self) -> None:
        """Send RTP until cancelled. The owner of the phone runs this beside the script."""
        await self._media.run()

    def _hear(self, source: int, stamp: int, payload_type: int, payload: bytes) -> None:
        if self.answered_at is None or payload_type not in CODES or not payload:
            return
        now = asyncio.get_running_loop().time()
        self._received += 1
        samples = CODES[payload_type].decode(payload)
        arrived_s = now - self.answered_at
        at = self._arrivals.put(source, stamp, arrived_s, samples)
        self.audible.put(arrived_s, at, samples)

    def heard(self) -> Samples:
        """The sound received since the last asking, without gaps, from the answer on."""
        return self._arrivals.take(self.now_s, ended=self.ended_at is not None)

    @property
    def now_s(self) -> float:
        """Seconds since the answer, up to the end of the call."""
        if self.answered_at is None:
            return 0.0
        return (self.ended_at or asyncio.get_running_loop().time()) - self.answered_at

    @property
    def packets_received(self) -> int:
        """RTP packets with sound that have come so far."""
        return self._received

    @property
    def can_press(self) -> bool:
        """Whether the far end agreed to keys by RFC 4733."""
        return self._media.key_type is not None

    def say(self, samples: Samples, word: Word | None = None) -> asyncio.Future[None]:
        """Speak; the future is done when the last of it has left. `word` notes when it was loud."""
        return self._media.say(samples, word)

    def press(self, key: str) -> asyncio.Future[None]:
        """Press one key; the future is done when it is released and a pause is over."""
        return self._media.press(key)

    async def hang_up(self) -> None:
        """End the call with BYE if it is up, and wait for the answer to it, 3 s at most."""
        call = self._call
        if call is None or self.ended.is_set() or call.dialog.state is not DialogState.CONFIRMED:
            return
        self._over(by_far_end=False)
        bye = self._uac.send_bye(call.dialog, call.remote_addr)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await self._transport.outcome(bye)

    def _over(self, *, by_far_end: bool) -> None:
        if not self.ended.is_set():
            self.ended_at = asyncio.get_running_loop().time()
            self.hung_up_by_far_end = by_far_end
            self.ended.set()

    def _far_end_hung_up(self, _call: IncomingCall, _request: SipRequest) -> None:
        if self._call is not None:
            # aiosipua ends the dialog of a wrapper it makes for this request, not the call's own.
            self._call.dialog.terminate()
        self._over(by_far_end=True)

    def _answer_reinvite(self, call: IncomingCall) -> None:
        """Accept a re-INVITE; aiosipua leaves the answer to this callback, else none is sent."""
        host = self._transport.local_addr[0]
        answer = self._offer()
        if call.sdp_offer is not None:
            answer, chosen = negotiate_sdp(
                call.sdp_offer, host, self._media.port, [*CODES], dtmf_payload_type=_KEY_TYPE
            )
            where = call.sdp_offer.rtp_address
            if where is not None:
                self._media.send_to(where, chosen, self._media.key_type)
        contact = f"<sip:{host}:{self._transport.local_addr[1]}>"
        response = call.dialog.create_response(call.invite, 200, contact=contact)
        response.text = serialize_sdp(answer)
        response.headers.set_single("Content-Type", "application/sdp")
        self._transport.send_reply(response)


def _refuse(call: IncomingCall) -> None:
    """Nobody calls a caller; aiosipua would leave such a call ringing for ever."""
    call.reject(486, "Busy Here")


@asynccontextmanager
async def caller_phone(
    server: SipServer, host: str = "127.0.0.1", *, media_kind: type[CallMedia] = CallMedia
) -> AsyncIterator[CallerPhone]:
    """A phone on free ports of `host`; on the way out it hangs up and gives everything back."""
    transport = RepeatingUdp(local_addr=(host, 0))
    media = await media_kind.open(host)
    phone = CallerPhone(server, transport, media)
    try:
        await phone.open()
        # Not a TaskGroup: it would wrap what the caller of this raises into a group.
        sending = asyncio.create_task(phone.run())
        try:
            yield phone
            await phone.hang_up()
        finally:
            sending.cancel()
            await asyncio.wait([sending])
    finally:
        await phone.close()
