"""Who can call without being known: endpoints for anybody, and phones without a good password."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.asterisk.config_reader import Section
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok
from ivr.doctor.house import House
from ivr.doctor.modules import loaded_modules

_IDENTIFIER = "res_pjsip_endpoint_identifier_anonymous.so"
_SHORTEST = 12  # letters of a phone's password: robots try shorter ones
_BY_NAME = ("username,ip", "username", "auth_username")


def of_type(house: House, kind: str) -> tuple[Section, ...]:
    """The sections of this type in pjsip.conf."""
    return tuple(each for each in house.sections("pjsip.conf") if each.get("type") == kind)


def look_at_anonymous(house: House) -> Iterator[Finding]:
    """No endpoint takes calls from whoever comes."""
    code = "sip.anonymous"
    doors = [
        each.name for each in of_type(house, "endpoint") if each.name.split("@")[0] == "anonymous"
    ]
    loaded, _ = loaded_modules(house)
    if doors and _IDENTIFIER in loaded:
        do = f"delete the endpoint from pjsip.conf, or in modules.conf: noload = {_IDENTIFIER}"
        yield fault(code, f"strangers may call: pjsip.conf has an endpoint {doors[0]}", do)
    elif "chan_iax2.so" in loaded and house.section("iax.conf", "guest").settings:
        do = "delete [guest] from iax.conf, or in modules.conf: noload = chan_iax2.so"
        yield fault(code, "strangers may call: iax.conf has a guest", do)
    else:
        yield ok(code, "nobody may call without being known")


def look_at_passwords(house: House) -> Iterator[Finding]:
    """Whoever is known by a name has a password that cannot be guessed."""
    code = "sip.passwords"
    auths = {each.name: each for each in of_type(house, "auth")}
    by_address = {each.get("endpoint") for each in of_type(house, "identify")}
    endpoints = of_type(house, "endpoint")
    if not endpoints:
        raise CannotLook(
            "pjsip.conf has no endpoint", "run 'freizeichen asterisk config' and add its lines"
        )
    open_to_all, weak = [], []
    for each in endpoints:
        auth = auths.get(each.get("auth"))
        if auth is None:
            is_anybody = each.name.split("@")[0] == "anonymous"  # which sip.anonymous tells of
            if not is_anybody and not _is_shut(each, by_address):
                open_to_all.append(each.name)
        elif not _is_strong(auth):
            weak.append(each.name)
    if open_to_all:
        do = "give each an auth section with a password, or identify_by = ip with its address"
        found = f"whoever claims their name is let in as: {', '.join(sorted(open_to_all))}"
        yield fault(code, found, do)
    elif weak:
        do = f"give each {_SHORTEST} letters or more that nobody can guess, and none its name"
        yield fault(code, f"weak passwords: {', '.join(sorted(weak))}", do)
    else:
        yield ok(code, f"all {len(endpoints)} phones and trunks have a password or an address")


def _is_shut(endpoint: Section, by_address: set[str]) -> bool:
    """Whether no claimed name leads here. By address alone, and none given: our own registration's
    calls come in, known by its `line`, and nobody else's.
    """
    how = {word.strip() for word in endpoint.get("identify_by", _BY_NAME[0]).split(",")}
    return how == {"ip"} or (endpoint.name in by_address and how.isdisjoint(_BY_NAME))


def _is_strong(auth: Section) -> bool:
    if auth.get("md5_cred") or auth.get("password_digest"):
        return True
    password = auth.get("password")
    return len(password) >= _SHORTEST and password.lower() != auth.get("username").lower()


CHECKS = (
    Check(("sip.anonymous",), look_at_anonymous),
    Check(("sip.passwords",), look_at_passwords),
)
