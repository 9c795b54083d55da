"""Limits against floods: for each source of requests, for all calls at once, for open files."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from pathlib import Path

from ivr.asterisk.config import wanted_files
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, warning
from ivr.doctor.house import House
from ivr.doctor.ports import sound_ports
from ivr.doctor.strangers import of_type
from ivr.settings.asterisk import most_channels
from ivr.settings.ports import sound_legs

FILES_FOR_A_WAITING_CALL = 7
_FILES_OF_ASTERISK = 200  # before the first call
_OPEN_FILES = re.compile(r"^Max open files\s+(\d+|unlimited)", re.MULTILINE)


def look_at_sources(house: House) -> Iterator[Finding]:
    """A source whose requests fit nobody is noticed, and told to whoever watches."""
    code = "sip.limits"
    house.sections("pjsip.conf")
    settings = [setting for each in of_type(house, "global") for setting in each.settings]
    found = dict(settings)
    count = _number(found.get("unidentified_request_count", "5"))
    period = _number(found.get("unidentified_request_period", "5"))
    taking_all = _sources_without_end(house)
    if taking_all:
        yield warning(
            code,
            f"one source can be all callers at once: {' and '.join(taking_all)} allow it",
            "set them well below asterisk.max_calls",
        )
    if count and period:
        each = f"{house.settings.asterisk.calls_each_phone} calls at once of one phone"
        told = f"{count} requests of nobody from one source in {period} s are told"
        yield ok(code, f"{each}; {told}")
    else:
        do = (
            "under the section of type=global in pjsip.conf: unidentified_request_count = 5 and "
            "unidentified_request_period = 5"
        )
        yield fault(code, "there is no limit for requests of one source that fit nobody", do)


def _sources_without_end(house: House) -> list[str]:
    """The settings by which a phone, or a number of the phone network, may take the whole house."""
    calls, trunk = house.settings.asterisk, house.settings.trunk
    limits = {"asterisk.most_calls_each_phone": calls.most_calls_each_phone}
    if trunk is not None:
        limits["trunk.most_calls_each_number"] = trunk.most_calls_each_number
    return [name for name, most in limits.items() if most and most >= calls.max_calls > 1]


def look_at_calls(house: House) -> Iterator[Finding]:
    """A flood of calls cannot take all of the machine."""
    code = "calls.limit"
    most = house.section("asterisk.conf", "options").get("maxcalls", "0")
    calls = house.settings.asterisk.max_calls
    channels = most_channels(calls)
    first, last = sound_ports(house)
    legs = sound_legs(first, last)
    if not _number(most):
        do = f"set maxcalls = {channels} under [options] in asterisk.conf, and restart Asterisk"
        found = "there is no limit for all calls at once"
        yield fault(code, found, do) if house.is_ours else warning(code, found, do)
    elif _number(most) < channels:
        what = f"maxcalls is {most}; {calls} callers, whom agents speak with, need {channels}"
        do = f"set maxcalls = {channels} in asterisk.conf, or asterisk.max_calls to less"
        yield warning(code, f"{what} channels", do)
    elif legs < channels:
        what = f"ports {first} to {last} are sound for {legs} channels; {calls} callers, whom "
        do = f"set rtpend = {first + 2 * channels - 1} in rtp.conf, or asterisk.max_calls to less"
        yield warning(code, f"{what}agents speak with, need {channels}", do)
    else:
        yield ok(code, f"Asterisk takes {most} channels at most, with sound for {legs}")


def look_at_descriptors(house: House) -> Iterator[Finding]:
    """Asterisk may open as many files as a full house needs; a waiting call costs seven."""
    code = "descriptors"
    calls = house.settings.asterisk.max_calls
    least = _FILES_OF_ASTERISK + FILES_FOR_A_WAITING_CALL * calls
    wanted = wanted_files(most_channels(calls))
    if house.running is not None:
        limit, who = _limit_of(house.running.pid), f"Asterisk (process {house.running.pid})"
        used = _used_by(house.running.pid)
        now = "" if used is None else f", {used} are open"
    else:
        limit, who = resource.getrlimit(resource.RLIMIT_NOFILE)[1], "whoever is started here"
        now = ""
    if limit == resource.RLIM_INFINITY or limit >= wanted:
        shown = "any number of" if limit == resource.RLIM_INFINITY else limit
        yield ok(code, f"{who} may open {shown} files{now}; a full house needs {wanted}")
        return
    do = (
        f"raise the limit of open files to {wanted} (LimitNOFILE= of the systemd unit, "
        "/etc/security/limits.conf, or 'ulimit -n'), or set asterisk.max_calls to "
        f"{max(1, (limit - _FILES_OF_ASTERISK) // (2 * FILES_FOR_A_WAITING_CALL))}"
    )
    found = f"{who} may open {limit} files{now}; {calls} waiting calls need {least}"
    if limit < least:
        yield fault(code, found, do)
    else:
        yield warning(code, f"{found}, all of them in talks {wanted}", do)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.strip().isdecimal() else 0


def _limit_of(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/limits").read_text()
    except OSError as error:
        raise CannotLook(f"the limits of process {pid}: {error.strerror}", "run as root") from None
    found = _OPEN_FILES.search(text)
    if found is None or found[1] == "unlimited":
        return resource.RLIM_INFINITY
    return int(found[1])


def _used_by(pid: int) -> int | None:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None


CHECKS = (
    Check(("sip.limits",), look_at_sources),
    Check(("calls.limit",), look_at_calls),
    Check(("descriptors",), look_at_descriptors),
)
