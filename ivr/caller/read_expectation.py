"""Decides whether what a call script expects in the end can be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr.caller.fields import Fields, line_of
from ivr.caller.script import Expectation, HungUpBy

_KEYS = frozenset(
    {"bridged", "hung_up_by", "heard_by_agent", "understood", "heard_at_most", "rejected"}
)


def read_expectation(fields: Fields, data: Mapping[str, Any]) -> Expectation:
    """What `expect:` of a script says; faults are added to those of `fields`."""
    node = data.get("expect")
    if node is None:
        return Expectation()
    line = line_of(data, "expect")
    if not isinstance(node, Mapping):
        fields.fault(line, "'expect' is no mapping; write expect: {bridged: true}")
        return Expectation()
    fields.known(node, _KEYS, line)
    for key in ("bridged", "heard_by_agent"):
        if not isinstance(node.get(key), bool | None):
            fields.fault(line_of(node, key, line), f"{key!r} is true or false")
    by, rejected = node.get("hung_up_by"), node.get("rejected")
    if by is not None and by not in list(HungUpBy):
        fields.fault(line, "'hung_up_by' is caller, service or agent")
        by = None
    if rejected is not None and not (isinstance(rejected, int) and 300 <= rejected <= 699):
        fields.fault(line, "'rejected' is a SIP code from 300 to 699, such as 486")
        rejected = None
    return Expectation(
        bridged=node.get("bridged"),
        hung_up_by=None if by is None else HungUpBy(by),
        heard_by_agent=node.get("heard_by_agent"),
        understood=_understood(fields, node, line),
        heard_at_most=_heard_at_most(fields, node, line),
        rejected=rejected,
    )


def _understood(fields: Fields, node: Mapping[str, Any], line: int) -> tuple[str, ...] | None:
    words = node.get("understood")
    if words is None:
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        where = line_of(node, "understood", line)
        fields.fault(where, "'understood' is a list of words, such as [인터넷, 도움]")
        return None
    return tuple(str(word) for word in words)


def _heard_at_most(
    fields: Fields, node: Mapping[str, Any], line: int
) -> tuple[tuple[str, int], ...]:
    bounds = node.get("heard_at_most")
    if bounds is None:
        return ()
    if not isinstance(bounds, Mapping) or not all(
        isinstance(prompt, str)
        and isinstance(times, int)
        and not isinstance(times, bool)
        and times >= 0
        for prompt, times in bounds.items()
    ):
        where = line_of(node, "heard_at_most", line)
        fields.fault(where, "'heard_at_most' counts prompts, such as {not_understood: 2}")
        return ()
    return tuple((str(prompt), int(times)) for prompt, times in bounds.items())
