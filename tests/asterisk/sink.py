"""A sink in place of the phone network: takes every call, remembers which numbers were dialled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiosipua import IncomingCall, SipUAC, SipUAS, build_sdp

from ivr.caller.sip import RepeatingUdp


@dataclass(slots=True)
class Sink:
    """Where calls to the outside end in tests; never a real trunk."""

    port: int = 0
    dialled: list[str] = field(default_factory=list)


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """A SIP peer on a free loopback port that answers at once and is silent."""
    transport = RepeatingUdp(local_addr=("127.0.0.1", 0))
    uas = SipUAS(transport, uac=SipUAC(transport))
    taken = Sink()

    def take(call: IncomingCall) -> None:
        taken.dialled.append(call.invite.uri.split(":")[1].split("@")[0])
        call.accept(build_sdp("127.0.0.1", 40_000, 0, "PCMU"))

    uas.on_invite = take
    await uas.start()
    try:
        taken.port = transport.local_addr[1]
        yield taken
    finally:
        await uas.stop()
