"""Reads what the switch says: one message's headers become one event of ours, or nothing.

Pure, and the only file that knows the switch's words for what it tells. Rules:

1. An event we do not know, or one that is none of our business, is None.
2. A known event that lacks what it must have, or has it twice, is `Unreadable`: nothing raises.
   A header that comes twice is how a line break in a caller's name would forge one.
3. `Result` comes URL-decoded from panoramisk, `Env` does not.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

from ivr.asterisk import wire_events as e
from ivr.phone_number import PhoneNumber

Headers = Mapping[str, object]

_ANSWER = re.compile(
    r"(?P<code>\d{3})(?:[ -](?:result=(?P<result>\S*))?"
    r"(?:\s+\((?P<data>.*)\))?(?:\s+endpos=(?P<endpos>\d{1,18})(?!\d))?.*)?",
    re.DOTALL,
)
_KEYS = frozenset("0123456789*#ABCD")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
# That a contact was removed says nothing of the phone: it may have registered anew from elsewhere,
# and that is told before. One that unregisters is told by its device's state.
_REACHABLE = {"Reachable": True, "NonQualified": True, "Unreachable": False}
_NO_NUMBER = frozenset(("", "<unknown>", "unknown"))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A known event that was malformed; `event` is the switch's name for it, and nothing more."""

    event: str


class _Malformed(Exception):
    """Stays inside this file."""


def translate(headers: Headers) -> e.WireEvent | e.SwitchReady | Unreadable | None:
    """The event that these headers tell; None if it is not for us. Never raises."""
    return _read(_EVENTS, headers)


def told_at_s(headers: Headers) -> float | None:
    """When the switch told this event, by its own clock (Unix seconds); None if it does not say."""
    try:
        return float(_plain(headers, "Timestamp") or "")
    except ValueError:
        return None


def listed(headers: Headers) -> e.ListEntry | Unreadable | None:
    """The entry of a list's answer that these headers tell; None if it is not for us."""
    return _read(_ENTRIES, headers)


def response(headers: Headers, action_id: str) -> e.Response:
    """The switch's yes to an action."""
    return e.Response(action_id, message(headers), _plain(headers, "Value"))


def message(headers: Headers) -> str:
    """The switch's own sentence in a response."""
    return _plain(headers, "Message") or ""


def action_id(headers: Headers) -> str | None:
    """Whose answer this is."""
    return _plain(headers, "ActionID") or None


def is_event(headers: Headers) -> bool:
    """An event, also if it has a header called Response, as the end of a dial has."""
    return "Event" in headers


def is_refusal(headers: Headers) -> bool:
    """The switch says no, in one of its ways."""
    return _plain(headers, "Response") not in ("Success", "Follows", "Goodbye")


def ends_list(headers: Headers) -> bool:
    """The last message of a list's answer."""
    mark = (_plain(headers, "EventList") or "").lower()
    return mark in ("complete", "cancelled") or (_plain(headers, "Event") or "").endswith(
        "Complete"
    )


def says_login_in_use(sentence: str) -> bool:
    """The refusal of a login whose user has another session: it goes away by itself."""
    return "already in use" in sentence.lower()


def says_shutting_down(sentence: str) -> bool:
    """The refusal of anything, a login too, by a switch that is about to end."""
    return "shutting down" in sentence.lower()


def says_no_such_channel(sentence: str) -> bool:
    """The refusal of an action whose channel has ended."""
    low = sentence.lower()
    return "does not exist" in low or "no such channel" in low


def says_not_in_agi(sentence: str) -> bool:
    """The refusal of an AGI command to a channel that is not in AGI."""
    return sentence.startswith("Failed to add AGI command")


def answer(text: str) -> e.AgiAnswer | None:
    """The answer to one AGI command, from its lines; None if there is none in it.

    A Gosub's first line (`100 … Trying`) only says that it begins.
    """
    lines = text.strip().split("\n")
    while lines and lines[0].startswith("100"):
        lines.pop(0)
    found = _ANSWER.fullmatch("\n".join(lines)) if lines else None
    if found is None:
        return None
    endpos = found["endpos"]
    return e.AgiAnswer(
        int(found["code"]), found["result"] or "", found["data"], int(endpos) if endpos else None
    )


# --- one reader for each event -------------------------------------------------------------------


def _ready(headers: Headers) -> e.SwitchReady:
    uptime = _maybe(headers, "Uptime")
    return e.SwitchReady(float(_whole(uptime)) if uptime else None)


def _in_agi(headers: Headers) -> e.ChannelInAgi:
    arguments = {"agi_arg_1": "", "agi_arg_2": ""}
    # A line break in a caller's name would forge a line here; the dialplan's own come last and win.
    for line in unquote(_one(headers, "Env")).split("\n"):
        key, _, value = line.partition(": ")
        if key in arguments:
            arguments[key] = value.strip()
    name = _one(headers, "Channel")
    return e.ChannelInAgi(
        _channel(headers),
        _endpoint(name),
        arguments["agi_arg_1"],
        arguments["agi_arg_2"],
        PhoneNumber(number) if (number := _caller(headers)) is not None else None,
        e.ChannelName(name),
    )


def _answered(headers: Headers) -> e.AgiAnswered:
    found = answer(_one(headers, "Result"))
    if found is None:
        raise _Malformed
    return e.AgiAnswered(_channel(headers), _one(headers, "CommandId"), found)


def _key(headers: Headers) -> e.KeyReleased | None:
    if _one(headers, "Direction") != "Received":
        return None
    key = _one(headers, "Digit")
    if key not in _KEYS:
        raise _Malformed
    return e.KeyReleased(_channel(headers), key)


def _ended(headers: Headers) -> e.ChannelEnded:
    cause = _maybe(headers, "Cause")
    return e.ChannelEnded(
        _channel(headers),
        _whole(cause) if cause else 0,
        _maybe(headers, "TechCause") or None,
        _maybe(headers, "Context") or "",
        _maybe(headers, "Exten") or "",
    )


def _originated(headers: Headers) -> e.OriginateDone | None:
    asker = _maybe(headers, "ActionID")
    if not asker:  # a dial that somebody else asked for
        return None
    channel = _maybe(headers, "Uniqueid")
    return e.OriginateDone(
        asker,
        e.ChannelId(channel) if channel and channel != "<null>" else None,
        _one(headers, "Response") == "Success",
        _whole(_one(headers, "Reason")),
    )


def _dialling(headers: Headers) -> e.RingingSeen | None:
    if _one(headers, "DialStatus") != "RINGING":
        return None
    return e.RingingSeen(e.ChannelId(_one(headers, "DestUniqueid")))


def _device(headers: Headers) -> tuple[str, e.DeviceState] | None:
    technology, _, endpoint = _one(headers, "Device").partition("/")
    if technology != "PJSIP" or not endpoint:
        return None
    try:
        return endpoint, e.DeviceState(_one(headers, "State"))
    except ValueError:
        raise _Malformed from None


def _device_changed(headers: Headers) -> e.DeviceChanged | None:
    found = _device(headers)
    return e.DeviceChanged(*found) if found else None


def _device_listed(headers: Headers) -> e.DeviceListed | None:
    found = _device(headers)
    return e.DeviceListed(*found) if found else None


def _contact(headers: Headers) -> e.ContactChanged | None:
    reachable = _REACHABLE.get(_one(headers, "ContactStatus"))
    endpoint = _maybe(headers, "EndpointName") or _maybe(headers, "AOR")
    if reachable is None or not endpoint:
        return None
    return e.ContactChanged(endpoint, reachable)


def _registry(headers: Headers) -> e.RegistrationChanged | None:
    if _one(headers, "ChannelType") != "PJSIP":
        return None
    return e.RegistrationChanged(_one(headers, "Status") == "Registered")


def _channel_listed(headers: Headers) -> e.ChannelListed:
    name = _one(headers, "Channel")
    hours, minutes, seconds = _clock(_one(headers, "Duration"))
    return e.ChannelListed(
        _channel(headers),
        e.ChannelName(name),
        _maybe(headers, "Context") or "",
        _maybe(headers, "Exten") or "",
        _maybe(headers, "Application") or "",
        _maybe(headers, "ApplicationData") or "",
        _maybe(headers, "BridgeId") or None,
        _maybe(headers, "ChannelState") == "6",
        float(hours * 3600 + minutes * 60 + seconds),
        _endpoint(name),
        _caller(headers),
    )


def _queue_member(headers: Headers) -> e.QueueMemberListed | None:
    technology, _, endpoint = _one(headers, "Location").partition("/")
    return e.QueueMemberListed(endpoint) if technology == "PJSIP" and endpoint else None


def _call_noted(headers: Headers) -> e.CallNoted:
    # The dialplan wrote "number|line|seconds since 1970" under the channel's id, or the same
    # without a number and with "|served".
    channel = e.ChannelId(_one(headers, "Key").rpartition("/")[2])
    match _one(headers, "Val").split("|"):
        case ["", _, at, "served"]:
            return e.ServedCallListed(channel, float(_whole(at)))
        case [number, line, at]:
            known = number if _NUMBER.fullmatch(number) else None
            return e.MissedCallListed(channel, line, float(_whole(at)), known)
        case _:
            raise _Malformed


_Reader = Callable[[Headers], "e.WireEvent | e.SwitchReady | None"]
_EVENTS: dict[str, _Reader] = {
    "FullyBooted": _ready,
    "Shutdown": lambda _: e.SwitchShutdown(),
    "AsyncAGIStart": _in_agi,
    "AsyncAGIEnd": lambda h: e.ChannelLeftAgi(_channel(h)),
    "AsyncAGIExec": _answered,
    "DTMFEnd": _key,
    "BridgeEnter": lambda h: e.BridgeEntered(_channel(h), _one(h, "BridgeUniqueid")),
    "BridgeLeave": lambda h: e.BridgeLeft(_channel(h), _one(h, "BridgeUniqueid")),
    "Hangup": _ended,
    "OriginateResponse": _originated,
    "DialState": _dialling,
    "DeviceStateChange": _device_changed,
    "ContactStatus": _contact,
    "Registry": _registry,
}
_ENTRIES: dict[str, Callable[[Headers], e.ListEntry | None]] = {
    "CoreShowChannel": _channel_listed,
    "DeviceStateChange": _device_listed,
    "QueueMember": _queue_member,
    "QueueEntry": lambda h: e.QueueCallerListed(_channel(h)),
    "DBGetTreeResponse": _call_noted,
}


_T = TypeVar("_T")


def _read(
    readers: Mapping[str, Callable[[Headers], _T | None]], headers: Headers
) -> _T | Unreadable | None:
    name = headers.get("Event")
    reader = readers.get(name) if isinstance(name, str) else None
    if reader is None or not isinstance(name, str):
        return None
    try:
        return reader(headers)
    except _Malformed:
        return Unreadable(name)


def _one(headers: Headers, key: str) -> str:
    value = headers.get(key)
    if not isinstance(value, str) or not value:
        raise _Malformed
    return value


def _maybe(headers: Headers, key: str) -> str | None:
    value = headers.get(key)
    if value is not None and not isinstance(value, str):
        raise _Malformed
    return value


def _plain(headers: Headers, key: str) -> str | None:
    value = headers.get(key)
    return value if isinstance(value, str) else None


def _channel(headers: Headers) -> e.ChannelId:
    return e.ChannelId(_one(headers, "Uniqueid"))


def _caller(headers: Headers) -> str | None:
    number = _maybe(headers, "CallerIDNum")
    return None if number is None or number in _NO_NUMBER else number


def _endpoint(channel_name: str) -> str | None:
    technology, _, rest = channel_name.partition("/")
    return rest.rpartition("-")[0] or None if technology == "PJSIP" else None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise _Malformed
    return int(text)


def _clock(text: str) -> tuple[int, int, int]:
    parts = text.split(":")
    if len(parts) != 3:
        raise _Malformed
    return _whole(parts[0]), _whole(parts[1]), _whole(parts[2])
