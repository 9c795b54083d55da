"""Calls that go out: emergency numbers from every phone, and the number that is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ivr.asterisk.config_reader import Section
from ivr.doctor.extensions import Extensions
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, warning
from ivr.doctor.house import House
from ivr.doctor.strangers import of_type
from ivr.doctor.trunk import trunk_must_be_set
from ivr.phone_number import spellings
from ivr.settings.settings import Settings
from ivr.settings.trunk import EMERGENCY_NUMBERS

_DIAL = re.compile(r"^(?:Try)?Dial\(\s*PJSIP/(?:[^@/,)]+@)?([^@/,)]+)", re.IGNORECASE)
_LEADS_OUT = re.compile(r"^(?:Dial|Gosub|Macro|Goto)\(", re.IGNORECASE)
_SHOWN = re.compile(r"^Set\(CALLERID\((num|all)\)=(?:[^<]*<)?([^<>)]*)>?\)", re.IGNORECASE)
_NUMBER = re.compile(r"<([^>]*)>|^([+0-9]+)$")
_DO_WAY = "set a trunk in the settings, or include a context that dials out (asterisk config)"


def look_at_emergency(house: House) -> Iterator[Finding]:
    """From every phone 110, 112 and 116117 lead to a way out that is there."""
    code = "emergency.way"
    extensions = Extensions(house.sections("extensions.conf"))
    ways = {each.name for each in of_type(house, "endpoint")}
    lost, strange = [], []
    for phone in _phones(house):
        for number in EMERGENCY_NUMBERS:
            steps = extensions.steps(phone.get("context"), number)
            if steps is None or not any(_LEADS_OUT.match(step) for step in steps):
                lost.append(f"{number} from {phone.name}")
            else:
                named = [dial[1] for step in steps if (dial := _DIAL.match(step))]
                strange += [each for each in named if "$" not in each and each not in ways]
    if lost:
        yield fault(code, f"leads nowhere: {', '.join(lost)}", _DO_WAY)
    elif strange:
        do = "name an endpoint of pjsip.conf in the Dial of emergency numbers"
        found = f"emergency calls are sent to {strange[0]}, which pjsip.conf does not know"
        yield fault(code, found, do)
    else:
        yield ok(code, f"{', '.join(EMERGENCY_NUMBERS)} lead out from every phone")


def look_at_standing(house: House) -> Iterator[Finding]:
    """Callers who say that it is an emergency get somebody, with the service or without it."""
    code = "emergency.standing"
    standing = house.settings.emergency
    if standing is None:
        do = "set emergency in the settings: a phone, a number, or both"
        yield warning(code, "callers who ask for emergency help come to a human of the queue", do)
        return
    if standing.place is None:
        yield ok(code, "callers with an emergency are sent to a number, over the trunk")
        return
    shown = house.console("pjsip show contacts")
    if re.search(rf"^\s*Contact:\s+{re.escape(standing.place)}/", shown, re.MULTILINE):
        yield ok(code, f"callers with an emergency ring at {standing.place}")
    elif standing.number is not None:
        do = f"have {standing.place} register"
        yield warning(code, f"{standing.place} is not there; the number is called instead", do)
    else:
        do = f"have {standing.place} register, or give emergency a number too"
        yield fault(code, f"callers with an emergency get nobody: {standing.place} is away", do)


def look_at_number(house: House) -> Iterator[Finding]:
    """Whoever is called from here sees a number of ours."""
    code = "shown_number"
    trunk_must_be_set(house)
    extensions = Extensions(house.sections("extensions.conf"))
    trunks = {each.name: each for each in of_type(house, "endpoint")}
    own = own_numbers(house.settings)
    if not own:
        do = "give a line its number as the phone network knows it, such as +4930123456"
        yield fault(code, "no line has a number that the phone network knows", do)
        return
    shown: set[str] = set()
    for phone in _phones(house):
        steps = extensions.steps(phone.get("context"), "112") or ()
        way = next((found[1] for step in steps if (found := _DIAL.match(step))), None)
        if way is None:
            continue
        set_here = [found[2] for step in steps if (found := _SHOWN.match(step))]
        trunk = trunks.get(way)
        of_trunk = _callerid(trunk) if trunk is not None else ""
        shown.add((set_here[-1] if set_here else "") or of_trunk or _callerid(phone) or phone.name)
    strange = sorted(number for number in shown if _digits(number) not in own)
    if not shown:
        raise CannotLook("no phone of ours has a way out", "mend what 'emergency.way' tells")
    if strange:
        do = "set trunk.number to a number of a line; the provider may refuse or replace others"
        yield fault(code, f"outgoing calls show {', '.join(strange)}, which is not ours", do)
    else:
        yield ok(code, f"outgoing calls show {', '.join(sorted(shown))}")


def own_numbers(settings: Settings) -> frozenset[str]:
    """The digits, with the country's, of every number by which the phone network knows us."""
    return frozenset(
        _digits(spelled)
        for number in settings.own_numbers
        for spelled in spellings(number, settings.site.region)
    )


def _phones(house: House) -> tuple[Section, ...]:
    """The endpoints of our agents' phones; raises `CannotLook`."""
    names = set(house.settings.places)
    found = tuple(each for each in of_type(house, "endpoint") if each.name in names)
    if not found:
        raise CannotLook(
            "no phone of an agent is set up in pjsip.conf",
            "name places in the settings; of another Asterisk run 'freizeichen asterisk config'",
        )
    return found


def _callerid(endpoint: Section) -> str:
    """The number of an endpoint's caller id, or the user that its From names."""
    found = _NUMBER.search(endpoint.get("callerid"))
    named = (found[1] or found[2]) if found else ""
    return named or endpoint.get("from_user")


def _digits(number: str) -> str:
    plain = re.sub(r"[^+0-9]", "", number)
    return plain.removeprefix("+") if plain.startswith("+") else plain.removeprefix("00")


CHECKS = (
    Check(("emergency.way",), look_at_emergency),
    Check(("emergency.standing",), look_at_standing),
    Check(("shown_number",), look_at_number),
)
