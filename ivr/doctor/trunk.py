"""The way out: whether the provider is there and knows us, and may be reached from here at all."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Iterator
from pathlib import Path

from ivr.asterisk.account import RunAccount, can_run
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, unseen, warning
from ivr.doctor.house import START_IT, House, RunningAsterisk
from ivr.doctor.strangers import of_type
from ivr.place.credentials import CredentialsUnusable, trunk_password

_NAME = "trunk"
_CONTACT = re.compile(r"^\s*Contact:\s+trunk/\S+\s+\S*\s*(Avail|Unavail|NonQual|Unknown|Created)")
_KNOWN = frozenset({"Avail", "Unavail"})
_ASKED_S, _LOOK_S = 6.0, 0.2  # Asterisk waits 5 s for an answer
_NO_TRUNK = "set a trunk in the settings: lines cannot be called from outside, nor 112 from phones"


def look_at_reached(house: House) -> Iterator[Finding]:
    """The provider answers."""
    code = "trunk.reached"
    trunk = house.settings.trunk
    if trunk is None and not house.is_ours:
        do = "look at it with its own tools, and give it to 'asterisk config' as --outside"
        yield unseen(code, "calls go in and out by that Asterisk's own trunks", do)
        return
    if trunk is None:
        yield warning(code, "there is no trunk: nobody outside is reached", _NO_TRUNK)
        return
    if _is_loopback(house.settings.listen.address) and not _is_loopback(trunk.host):
        do = "set listen.address to the address that the provider reaches, or that your router does"
        found = f"the provider cannot reach {house.settings.listen.address}"
        yield fault(code, found, do)
        return
    states = _asked_now(house.must_run())
    if "Unavail" in states:
        do = (
            "see whether trunk.host and port are right, the name can be resolved, and the firewall "
            "lets SIP out and in; 'pjsip show contacts' on Asterisk's console shows when it is back"
        )
        yield fault(code, "the provider does not answer", do)
    elif not states:
        do = "restart Asterisk, or see whether its log tells of pjsip.conf"
        yield fault(code, "Asterisk knows no trunk", do)
    elif "Avail" in states:
        yield ok(code, "the provider answers")
    else:
        do = "look again in a minute; with keep_alive_s: 0 only a call would tell"
        yield unseen(code, "the provider was not asked yet", do)


def _asked_now(running: RunningAsterisk) -> set[str]:
    """What Asterisk knows of the trunk's contacts; what it does not know it asks now."""
    states = _states(running)
    if states and not states & _KNOWN:
        running.console("pjsip qualify trunk")
        until = time.monotonic() + _ASKED_S
        while not states & _KNOWN and time.monotonic() < until:
            time.sleep(_LOOK_S)
            states = _states(running)
    return states


def _states(running: RunningAsterisk) -> set[str]:
    lines = running.console("pjsip show contacts").splitlines()
    return {shown[1] for line in lines if (shown := _CONTACT.match(line))}


def look_at_registered(house: House) -> Iterator[Finding]:
    """Every registration at a provider stands."""
    code = "trunk.registered"
    wanted = [each.name for each in of_type(house, "registration")]
    if not wanted:
        yield ok(code, "no provider wants a registration")
        return
    shown = house.console("pjsip show registrations")
    states = {
        words[0].partition("/")[0]: line
        for line in shown.splitlines()
        if len(words := line.split()) > 1 and "/" in words[0]
    }
    out = [name for name in wanted if not re.search(r"\bRegistered\b", states.get(name, ""))]
    if out:
        do = (
            "see whether user and password are the provider's, and whether it answers "
            "(trunk.reached); Asterisk tries again by itself"
        )
        yield fault(code, f"not registered at the provider: {', '.join(out)}", do)
    else:
        yield ok(code, f"registered: {', '.join(wanted)}")


def look_at_password(house: House) -> Iterator[Finding]:
    """The provider's password can be read, by us alone."""
    code = "trunk.password"
    trunk = house.settings.trunk
    try:
        word = trunk_password(trunk)
    except CredentialsUnusable as error:
        house.must_be_seen()
        yield fault(code, str(error), "put the provider's password there, and look again")
        return
    file = None if trunk is None else trunk.password_file
    if word is None:
        yield ok(code, "no provider wants a password")
    elif file is not None and not _service_reads(house, file):
        do = "as root, run 'freizeichen service install' again, or give the file to that account"
        yield fault(code, f"the account that runs the service cannot read {file}", do)
    else:
        yield ok(code, "the provider's password is there")


def _service_reads(house: House, file: Path) -> bool:
    """Whether whoever the run folder belongs to may read a file that we can."""
    if not house.place.run_folder.is_dir():
        return True  # nobody knows yet who that is
    owner = house.place.run_folder.stat()
    return can_run(RunAccount(owner.st_uid, owner.st_gid), ("test", "-r", str(file)))


def trunk_must_be_set(house: House) -> None:
    """Raise `CannotLook` where the house has no trunk, neither of ours nor of its own Asterisk."""
    if house.settings.trunk is None and house.is_ours:
        raise CannotLook("there is no trunk, so no calls go out", f"{_NO_TRUNK}; {START_IT}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


CHECKS = (
    Check(("trunk.password",), look_at_password),
    Check(("trunk.reached",), look_at_reached),
    Check(("trunk.registered",), look_at_registered),
)
