"""How what an older release wrote becomes what today's code reads, one version at a time.

A type and version, once released, stays here for ever: whoever changes the fields of an input or a
fact, or what they mean, raises its VERSION and adds the step from the version before.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from queues.centre.json_values import Plain

Payload = dict[str, Plain]
Upcaster = Callable[[Payload], Payload]


def _settings_taken_1(payload: Payload) -> Payload:
    """In version 1 settings were taken only while nobody was there, and began all anew."""
    return payload | {"keeps": False}


def _call_missed_1(payload: Payload) -> Payload:
    """In version 1 only calls were told of that the switch had ended by itself."""
    return payload | {"cause": "no_service"}


def _queue_entered_1(payload: Payload) -> Payload:
    """In version 1 nobody had waited anywhere before."""
    return payload | {"waited_s": 0.0}


def _call_queued_1(payload: Payload) -> Payload:
    """In version 1 every wait began with the hand-over."""
    return payload | {"since": payload["at"]}


UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = MappingProxyType(
    {
        ("settings_taken", 1): _settings_taken_1,
        ("call_missed", 1): _call_missed_1,
        ("queue_entered", 1): _queue_entered_1,
        ("call_queued", 1): _call_queued_1,
    }
)


def upcast(
    name: str,
    version: int,
    payload: Payload,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> tuple[int, Payload]:
    """Give version and payload after every step that is known from this version on."""
    while (step := upcasters.get((name, version))) is not None:
        payload = step(payload)
        version += 1
    return version, payload
