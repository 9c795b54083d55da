"""What the caller's phone sends: SIP when packets are lost, RTP keys and their timing."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from aiortp.dtmf import DtmfEvent
from aiortp.packet import RtpPacket

from ivr.caller.media import CallMedia
from ivr.caller.phone import SipServer, caller_phone
from ivr.caller.pyvoip_sip import reply
from ivr.caller.sound import ULAW, loudness, tone
from ivr.caller.word import Word

CHALLENGE = 'WWW-Authenticate: Digest realm="r",nonce="n",algorithm=MD5,qop="auth"'


@dataclass
class LossySwitch(asyncio.DatagramProtocol):
    """A switch that loses the first of everything, and repeats what it says until it is acked."""

    seen: list[str] = field(default_factory=list)
    acks: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    port: int = 0
    transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        method = data.split(b" ", 1)[0].decode()
        authorised = b"Authorization:" in data
        if method == "ACK":
            self.acks.append(data.decode())
            return
        self.seen.append(f"{method}{' with credentials' if authorised else ''}")
        if method not in self.lost:
            self.lost.add(method)
            return
        assert self.transport is not None
        if method == "INVITE" and not authorised:
            challenge = reply(data, "401 Unauthorized", "one")
            challenge = challenge.replace(b"Allow:", f"{CHALLENGE}\r\nAllow:".encode())
            self.transport.sendto(challenge, addr)
            self.transport.sendto(challenge, addr)  # as if its ACK had been lost
            return
        answer = reply(data, "200 OK", "two")
        if method == "INVITE":
            sdp = (
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                "m=audio 9 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
            )
            contact = f"Contact: <sip:inside@127.0.0.1:{self.port}>\r\nAllow:"
            length = b"Content-Type: application/sdp\r\nContent-Length: %d" % len(sdp)
            answer = answer.replace(b"Allow:", contact.encode())
            answer = answer.replace(b"Content-Length: 0", length)
            answer += sdp.encode()
        self.transport.sendto(answer, addr)
        self.transport.sendto(answer, addr)


async def test_lost_requests_are_repeated_and_every_final_answer_to_an_invite_is_acknowledged() -> (
    None
):
    loop = asyncio.get_running_loop()
    transport, switch = await loop.create_datagram_endpoint(
        LossySwitch, local_addr=("127.0.0.1", 0)
    )
    try:
        async with caller_phone(SipServer("127.0.0.1", switch.port, "me", "secret")) as phone:
            await phone.dial("100", 5)
            await asyncio.sleep(0.05)
            await phone.hang_up()
    finally:
        transport.close()

    assert switch.seen == ["INVITE", "INVITE", "INVITE with credentials", "BYE", "BYE"]
    # Two for the repeated 401, with the INVITE's own branch; two for the repeated 200, with new.
    assert len(switch.acks) == 4
    branches = [found[0] for ack in switch.acks if (found := re.findall(r"branch=(\w+)", ack))]
    assert len(set(branches)) == 3
    assert all("sip:inside@" in ack for ack in switch.acks[2:])


class Listener(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.packets: list[tuple[float, RtpPacket]] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if 200 <= data[1] <= 204:
            return
        self.packets.append((time.monotonic(), RtpPacket.parse(data)))


async def test_keys_are_paced_as_rfc_4733_asks_and_silence_flows_between_them() -> None:
    loop = asyncio.get_running_loop()
    transport, listener = await loop.create_datagram_endpoint(Listener, local_addr=("127.0.0.1", 0))
    media = await CallMedia.open("127.0.0.1")
    media.send_to(transport.get_extra_info("sockname"), 0, 96)
    sending = asyncio.create_task(media.run())
    try:
        async with asyncio.timeout(5):
            await media.press("5")
            await media.press("#")
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        await media.close()
        transport.close()

    packets = [packet for _, packet in listener.packets]
    keys = [packet for packet in packets if packet.payload_type == 96]
    events = [DtmfEvent.parse(packet.payload) for packet in keys]
    assert [event.digit for event in events] == ["5"] * 8 + ["#"] * 8
    assert [event.end for event in events[:8]] == [False] * 5 + [True] * 3
    assert [event.duration for event in events[:8]] == [160, 320, 480, 640, 800, 800, 800, 800]
    assert [packet.marker for packet in keys[:8]] == [1, 0, 0, 0, 0, 0, 0, 0]
    assert len({packet.timestamp for packet in keys[:8]}) == 1
    came = [at for at, packet in listener.packets if packet.payload_type == 96][:8]
    assert 0.12 < came[-1] - came[0] < 0.25
    for one, other in pairwise(packets):
        assert other.sequence_number == (one.sequence_number + 1) % 0x10000
    sound = [packet for packet in packets if packet.payload_type == 0]
    steps = {(other.timestamp - one.timestamp) % 2**32 for one, other in pairwise(sound)}
    assert steps <= {160, 9 * 160}
    assert {len(packet.payload) for packet in sound} == {160}


async def test_a_key_pressed_while_speaking_goes_out_at_once_and_speech_keeps_its_time() -> None:
    loop = asyncio.get_running_loop()
    transport, listener = await loop.create_datagram_endpoint(Listener, local_addr=("127.0.0.1", 0))
    media = await CallMedia.open("127.0.0.1")
    media.send_to(transport.get_extra_info("sockname"), 0, 96)
    word = Word()
    sending = asyncio.create_task(media.run())
    try:
        async with asyncio.timeout(5):
            speech = media.say(tone(700, 1.0), word)
            await word.begun.wait()
            await media.press("5")
            pressed_while_speaking = not speech.done()
            await speech
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        await media.close()
        transport.close()

    assert pressed_while_speaking
    packets = [packet for _, packet in listener.packets]
    loud = [p for p in packets if p.payload_type == 0 and loudness(ULAW.decode(p.payload)) > 0.1]
    keys = [packet for packet in packets if packet.payload_type == 96]
    assert len(keys) == 8
    assert len(loud) == 50 - len(keys)  # what lay under the key is lost
    lasted = (loud[-1].timestamp - loud[0].timestamp) % 2**32
    assert lasted == 49 * 160
    assert word.from_at is not None
    assert word.until_at is not None
    assert word.until_at - word.from_at == pytest.approx(0.98, abs=0.1)
