"""Ports: whether they can be had, who can reach them, and whether anything else is open."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ivr.asterisk.config_reader import Section
from ivr.cannot_start import CannotStart
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, warning
from ivr.doctor.house import House
from ivr.doctor.sockets import Listening, listening_of
from ivr.doctor.strangers import of_type
from ivr.starting.preparation import check_ports

_GIVEN_BY_THE_KERNEL = 32_768  # from here on: PJSIP's DNS client, which serves nothing


def look_at_free(house: House) -> Iterator[Finding]:
    """The ports of the settings are ours, or can be had."""
    code = "ports.free"
    if house.service is not None:
        yield ok(code, f"the service (process {house.service.pid}) has its ports")
        return
    house.must_be_seen()
    try:
        check_ports(house.settings, asterisk_runs=house.running is not None)
    except CannotStart as error:
        do = "end what uses them, or set other ports"
        yield fault(code, "; ".join(str(error).splitlines()), do)
    else:
        yield ok(code, "all ports of the settings can be had")


def look_at_reach(house: House) -> Iterator[Finding]:
    """From where telephones and API are reached."""
    code = "ports.reach"
    settings = house.settings
    address = ipaddress.ip_address(settings.listen.address)
    ports = (
        f"SIP {address}:{settings.ports.sip} (UDP), sound {settings.ports.rtp_first} to "
        f"{settings.ports.rtp_last} (UDP), API {address}:{settings.ports.http} (TCP)"
    )
    if address.is_loopback:
        yield ok(code, f"{ports}: reached from this machine alone")
    elif address.is_private:
        yield ok(code, f"{ports}: reached from its network")
    else:
        do = (
            f"let SIP and sound in from the provider's and your phones' addresses alone, and keep "
            f"port {settings.ports.http} (the API, not encrypted) closed, in the firewall"
        )
        yield warning(code, f"{ports}: reached from the internet unless a firewall forbids", do)


def look_at_listening(house: House) -> Iterator[Finding]:
    """What listens is what the settings say, and nothing else."""
    code = "ports.listening"
    running = house.must_run()
    found = listening_of(running.pid)
    signalling = {
        int(bound.rsplit(":", 1)[-1])
        for bound in (each.get("bind") for each in of_type(house, "transport"))
        if bound.isascii() and bound.rsplit(":", 1)[-1].isdecimal()
    } | {5060, 5061}
    first, last = sound_ports(house)
    more = [each for each in found if _is_open(each, signalling, range(first, last + 1))]
    if house.service is not None:
        of_service = listening_of(house.service.pid)
        http = house.settings.ports.http
        more += [each for each in of_service if each.kind == "tcp" and each.port != http]
        more = [each for each in more if not each.is_loopback]
        found = (*found, *of_service)
    if more:
        do = "turn off what listens there (see http.conf, manager.conf and modules.conf)"
        listed = ", ".join(str(each) for each in sorted(more))
        yield fault(code, f"reached from outside without need: {listed}", do)
    else:
        tcp = [str(each) for each in found if each.kind == "tcp"]
        yield ok(code, f"nothing else listens; {', '.join(tcp)}, SIP and sound do")


def sound_ports(house: House) -> tuple[int, int]:
    """The first and the last port of sound; raises `CannotLook`."""
    rtp = house.section("rtp.conf", "general")
    return _port(rtp, "rtpstart", 5000), _port(rtp, "rtpend", 31_000)


def _port(rtp: Section, name: str, default: int) -> int:
    text = rtp.get(name) or str(default)
    if not (text.isascii() and text.isdecimal()):
        raise CannotLook(f"{rtp.file} says {name} = {text}, which is no number", "mend that line")
    return int(text)


def _is_open(each: Listening, signalling: set[int], sound: range) -> bool:
    if each.is_loopback or each.port in signalling:
        return False
    if each.kind == "tcp":
        return True
    return each.port not in sound and each.port < _GIVEN_BY_THE_KERNEL


CHECKS = (
    Check(("ports.free",), look_at_free),
    Check(("ports.reach",), look_at_reach),
    Check(("ports.listening",), look_at_listening),
)
