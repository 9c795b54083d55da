"""How what an older release wrote becomes what today's code reads, one version at a time.

A type and version, once released, stays here for ever: whoever changes the fields of an input or a
fact, or what they mean, raises its VERSION and adds the step from the version before.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from queues.centre.values.json_values import Plain

Payload = dict[str, Plain]
Upcaster = Callable[[Payload], Payload]


def _settings_taken_1(payload: Payload) -> Payload:
    """In version 1 settings were taken only while nobody was there, and began all anew."""
    return payload | {"keeps": False}


def _call_missed_1(payload: Payload) -> Payload:
    """In version 1 only calls were told of that the switch had ended by itself."""
    return payload | {"cause": "no_service"}


_NO_NEED: Final[Payload] = {"skills": [], "language": None}
QUEUE_WITHOUT_NEEDS: Final[Payload] = {
    "need": _NO_NEED,
    "relax": [],
    "order": "longest_wait",
    "mark_s": 20.0,
    "pick_up_s": 4.0,
    "cap_s": 75.0,
    "most_waiting": None,
    "longest_wait_s": None,
    "needs_somebody": False,
}
AGENT_WITHOUT_NEEDS: Final[Payload] = {"skills": [], "languages": []}
CALL_WITHOUT_NEED: Final[Payload] = {
    "need": _NO_NEED,
    "steps": 0,
    "need_until": None,
    "only": None,
    "credit_s": 0.0,
    "leave_at": None,
}
CALL_NEVER_TRANSFERRED: Final[Payload] = {
    "hops": 0,
    "passed_by": None,
    "owed_at": None,
    "owner": None,
}
CALL_OF_A_CALLER: Final[Payload] = {"consults_for": None}
CALL_WITHOUT_ESTIMATE: Final[Payload] = {"talk_from": None, "talk_by": None}
NOTHING_LEARNED: Final[Payload] = {"paces": [], "spreads": [], "correction": []}

QUEUE_ALWAYS_OPEN: Final[Payload] = {
    "hours": None,
    "shut": None,
    "is_open": True,
    "turns_at": None,
    "door_due": None,
}
QUEUE_WITHOUT_BREATH: Final[Payload] = {"breath_s": 0.0}
QUEUE_OF_FIXED_CONSULTS: Final[Payload] = {"consult_seeks_s": 60.0, "consult_lasts_s": 300.0}
AGENT_WITHOUT_CAP: Final[Payload] = {"occupancy_cap": None}
AGENT_WITHOUT_LOAD: Final[Payload] = {
    "breath_until": None,
    "spells": [],
    "spared_until": None,
}


def _settings_without_needs(payload: Payload) -> Payload:
    """Before needs every agent of a queue could take its calls, the longest wait first."""
    return payload | {
        "queues": [queue | QUEUE_WITHOUT_NEEDS for queue in objects(payload["queues"])],
        "agents": [agent | AGENT_WITHOUT_NEEDS for agent in objects(payload["agents"])],
    }


def _settings_without_breath(payload: Payload) -> Payload:
    """Before there was a breath between calls, and no cap on what an agent bears."""
    return payload | {
        "queues": [queue | QUEUE_WITHOUT_BREATH for queue in objects(payload["queues"])],
        "agents": [agent | AGENT_WITHOUT_CAP for agent in objects(payload["agents"])],
    }


def _settings_of_fixed_consults(payload: Payload) -> Payload:
    """Before settings said so, every queue's callers were held for the same times."""
    return payload | {
        "queues": [queue | QUEUE_OF_FIXED_CONSULTS for queue in objects(payload["queues"])],
    }


def _agent_leg_ended_1(payload: Payload) -> Payload:
    """In version 1 nobody told a phone that was lost from one that hung up."""
    return payload | {"lost": False}


def _entered_without_need(payload: Payload) -> Payload:
    return payload | {"need": None, "credit_s": 0.0, "preferred": None, "preferred_s": 0.0}


def _queued_without_need(payload: Payload) -> Payload:
    return payload | CALL_WITHOUT_NEED


def _call_refused_1(payload: Payload) -> Payload:
    """In version 1 the one reason, an unknown queue, had a name of its own."""
    return payload | {"reason": "refused"}


def objects(values: Plain) -> list[Payload]:
    """Give a list's items, each an object; raises TypeError."""
    if not isinstance(values, list):
        raise TypeError("not a list")
    return [_object(value) for value in values]


def _object(value: Plain) -> Payload:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _queue_entered_1(payload: Payload) -> Payload:
    """In version 1 nobody had waited anywhere before."""
    return payload | {"waited_s": 0.0}


def _call_queued_1(payload: Payload) -> Payload:
    """In version 1 every wait began with the hand-over."""
    return payload | {"since": payload["at"]}


def _call_ended_1(payload: Payload) -> Payload:
    """In version 1 every end counted from when it was told."""
    return payload | {"gone_at": None}


UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = MappingProxyType(
    {
        ("settings_loaded", 1): _settings_without_needs,
        ("settings_loaded", 2): _settings_without_breath,
        ("settings_loaded", 3): _settings_of_fixed_consults,
        ("settings_taken", 1): _settings_taken_1,
        ("settings_taken", 2): _settings_without_needs,
        ("settings_taken", 3): _settings_without_breath,
        ("settings_taken", 4): _settings_of_fixed_consults,
        ("agent_leg_ended", 1): _agent_leg_ended_1,
        ("call_missed", 1): _call_missed_1,
        ("queue_entered", 1): _queue_entered_1,
        ("queue_entered", 2): _entered_without_need,
        ("call_refused", 1): _call_refused_1,
        ("call_queued", 1): _call_queued_1,
        ("call_queued", 2): _queued_without_need,
        ("call_ended", 1): _call_ended_1,
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
