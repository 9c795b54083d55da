"""The control port: what our user may do there, who else may, and from where."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from ivr.asterisk.config import AMI_READ, AMI_USER, AMI_WRITE
from ivr.asterisk.config_reader import Section
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, warning
from ivr.doctor.house import House

_SHORTEST = 16  # letters of a secret that equals a shell
_STRONG = frozenset({"all", "system", "command", "config", "originate", "agi", "call"})
_LIVE = re.compile(r"^\s*(read|write) perm: (.*)$", re.MULTILINE)
_MANAGER = "manager.conf"


def look_at_rights(house: House) -> Iterator[Finding]:
    """Our user has all rights that calls need and none more."""
    code = "ami.rights"
    user = _our_user(house)
    live = dict(_LIVE.findall(_live(house)))
    faults, missing = [], []
    for kind, least in (("read", set(AMI_READ)), ("write", set(AMI_WRITE))):
        named = _words(user.get(kind))
        has = _words(live.get(kind, user.get(kind)))  # the running one may know older files
        if more := sorted((named | has) - least):
            faults.append(f"{kind} {', '.join(more)}")
        if less := sorted(least - (named & has)):
            missing.append(f"{kind} {', '.join(less)}")
    do = (
        f"under [{AMI_USER}] in manager.conf: read = {','.join(AMI_READ)} and "
        f"write = {','.join(AMI_WRITE)}"
    )
    if faults:
        found = f"the user {AMI_USER} may more than calls need: {'; '.join(faults)}"
        yield fault(code, found, do)
    elif missing:
        yield fault(code, f"the user {AMI_USER} lacks rights: {'; '.join(missing)}", do)
    else:
        yield ok(code, f"the user {AMI_USER} has the least rights that work")


def look_at_secret(house: House) -> Iterator[Finding]:
    """The secret cannot be guessed."""
    code = "ami.secret"
    if len(_our_user(house).get("secret")) < _SHORTEST:
        found = f"the secret of {AMI_USER} has fewer than {_SHORTEST} letters, and equals a shell"
        do = "delete .freizeichen/passwords.json and start again, or run 'asterisk config' again"
        yield fault(code, found, do)
    else:
        yield ok(code, f"the secret of {AMI_USER} is long enough")


def look_at_address(house: House) -> Iterator[Finding]:
    """The control port is on, on loopback alone, and our settings know it."""
    code = "ami.address"
    general = house.section(_MANAGER, "general")
    bound = general.get("bindaddr", "0.0.0.0")  # noqa: S104  (Asterisk's default)
    port = general.get("port", "5038")
    if not general.is_on("enabled"):
        do = "set enabled = yes under [general] in manager.conf; without it no call is served"
        yield fault(code, "the control port (AMI) is off", do)
    elif not is_loopback(bound):
        do = "set bindaddr = 127.0.0.1 under [general] in manager.conf"
        yield fault(code, f"the control port (AMI) is open at {bound}:{port}", do)
    elif general.is_on("webenabled"):
        do = "set webenabled = no under [general] in manager.conf"
        yield fault(code, "the control port (AMI) is reached over HTTP too", do)
    elif port != str(house.settings.ports.ami):
        do = f"set ports.ami to {port} in the settings"
        yield fault(code, f"Asterisk's control port is {port}, the settings say another", do)
    else:
        yield ok(code, f"the control port (AMI) is {bound}:{port}, for this machine alone")


def look_at_others(house: House) -> Iterator[Finding]:
    """Nobody else has rights that equal a shell."""
    code = "ami.others"
    strong = sorted(
        {
            section.name
            for section in house.sections(_MANAGER)
            if section.name not in ("general", AMI_USER)
            and {word.strip() for word in section.get("write").split(",")} & _STRONG
        }
    )
    if not strong:
        yield ok(code, "nobody else may control calls")
        return
    found = f"others may control calls too, or run programs: {', '.join(strong)}"
    if house.is_ours:
        yield fault(code, found, "delete those users from manager.conf: nothing of ours made them")
    else:
        yield warning(code, found, "see whether each is still needed, and with which rights")


def _live(house: House) -> str:
    return "" if house.running is None else house.console(f"manager show user {AMI_USER}")


def _words(listed: str) -> set[str]:
    return {word.strip() for word in listed.split(",") if word.strip()} - {"<none>"}


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address, with or without a port."""
    host = address.rsplit(":", 1)[0] if address.count(":") == 1 else address.strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _our_user(house: House) -> Section:
    user = house.section(_MANAGER, AMI_USER)
    if not user.settings:
        raise CannotLook(
            f"manager.conf has no user {AMI_USER}",
            "run 'freizeichen asterisk config' and add the lines that it names",
        )
    return user


CHECKS = (
    Check(("ami.rights",), look_at_rights),
    Check(("ami.secret",), look_at_secret),
    Check(("ami.address",), look_at_address),
    Check(("ami.others",), look_at_others),
)
