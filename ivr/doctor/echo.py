"""A real call: our own phone calls an extension that gives back what it hears, and listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

from ivr.asterisk.config import DOCTOR, ECHO
from ivr.caller.phone import CallFailed, SipServer, caller_phone
from ivr.caller.sound import tone
from ivr.caller.tones import ToneWatch
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok
from ivr.doctor.house import House

_HZ, _SAID_S, _LEAST_S = 1020.0, 1.0, 0.7
_BLOCK_S = 0.05  # as exactly as the beginning of a tone is heard
_ANSWERED_S, _HEARD_S, _LOOK_S = 5.0, 1.5, 0.05


@dataclass(frozen=True, slots=True)
class _Echo:
    """What came of a call: seconds to the answer, of tone that came back, and its delay."""

    answered_s: float
    heard_s: float
    delay_s: float
    packets: int


def look_at_echo(house: House) -> Iterator[Finding]:
    """Sound goes both ways on a call of our own."""
    code = "echo"
    if not house.calls:
        raise CannotLook("no call was made, as was asked for", "leave --no-call out")
    house.must_run()
    settings = house.settings
    server = SipServer(settings.listen.address, settings.ports.sip, DOCTOR, _password(house))
    where = f"{server.host}:{server.port}"
    try:
        found = asyncio.run(_call(server))
    except CallFailed as error:
        do = "see what else is told here; 'ports' and 'sip' above all"
        yield fault(code, f"a call to {where} was not answered: {error.status} {error}", do)
        return
    except OSError as error:
        yield fault(code, f"no call could be made at {where}: {error.strerror}", "see 'ports'")
        return
    if found.heard_s >= _LEAST_S:
        yield ok(
            code,
            f"a call was answered after {found.answered_s:.2f} s, and its sound came back within "
            f"{(found.delay_s + _BLOCK_S) * 1000:.0f} ms",
        )
    elif found.packets:
        do = "see whether the firewall lets the sound's ports in (ports.rtp_first to rtp_last)"
        what = f"sound came ({found.packets} packets), but not what our phone had said"
        yield fault(code, f"{what}: it does not go there", do)
    else:
        do = "see whether the firewall lets the sound's ports out and in, and for address rewriting"
        yield fault(code, "the call was answered, and no sound came", do)


def _password(house: House) -> str:
    path = house.place.run_folder / "passwords.json"
    try:
        return str(json.loads(path.read_text())[f"phone {DOCTOR}"])
    except (OSError, ValueError, KeyError, TypeError):
        raise CannotLook(
            f"our own phone has no password in {path} yet",
            "start the service of this version once, or run this as its account",
        ) from None


async def _call(server: SipServer) -> _Echo:
    async with caller_phone(server, server.host) as phone:
        answered_s = await phone.dial(ECHO, _ANSWERED_S)
        watch = ToneWatch(_HZ)
        loop = asyncio.get_running_loop()
        began_s, until = phone.now_s, loop.time() + _SAID_S + _HEARD_S
        saying = phone.say(tone(_HZ, _SAID_S))
        while loop.time() < until and not phone.ended.is_set():
            await asyncio.sleep(_LOOK_S)
            watch.feed(phone.heard())
            heard_s = sum(each.to_s - each.from_s for each in watch.heard)
            if saying.done() and heard_s >= _LEAST_S:
                break
        tones = watch.heard
        return _Echo(
            answered_s,
            sum(each.to_s - each.from_s for each in tones),
            max(0.0, tones[0].from_s - began_s) if tones else 0.0,
            phone.packets_received,
        )


CHECKS = (Check(("echo",), look_at_echo),)
