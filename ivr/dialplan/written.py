"""A checked plan as text, by which it is known and kept, and the plan that such a text stands for.

The text is JSON in one form for each plan: its SHA-256 is the plan's hash, so that a text which was
kept proves itself. Where its prompts and phrases were written, and what is spoken without the plan,
stands in no text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, Final

from ivr.dialplan.plan import Goodbye, Menu, Node, NodeId, Plan, PromptId, Queue, Say

_FORM: Final = 1
_KINDS: Final = {kind.__name__: kind for kind in (Say, Menu, Queue, Goodbye)}


class PlanUnreadable(ValueError):
    """A kept text is no plan of this release, or not the one that is asked for."""

    code = "plan_unreadable"


def plan_to_text(plan: Plan) -> str:
    """All that the plan does and says. Comments, order and layout of its file do not change it."""
    content = {
        "form": _FORM,
        "language": plan.language,
        "voice": plan.voice,
        "speed": plan.speed,
        "start": plan.start,
        "human": plan.human,
        "prompts": dict(plan.prompts),
        "nodes": {name: [type(node).__name__, _plain(node)] for name, node in plan.nodes.items()},
        "listening_notice": plan.listening_notice,
        "keys_notice": plan.keys_notice,
        "human_phrases": sorted(plan.human_phrases),
    }
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def hash_of(text: str) -> str:
    """The hash of the plan with this text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def plan_from_text(text: str, wanted: str, *, file: str) -> Plan:
    """The plan of this hash, out of the text that was kept of it; `file` is for messages.

    Raises `PlanUnreadable`, which quotes nothing.
    """
    if hash_of(text) != wanted:
        raise PlanUnreadable("the text is not that of this plan")
    try:
        return _read(json.loads(text), wanted, file)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanUnreadable(f"not a plan of this release ({type(error).__name__})") from None


def _read(content: Mapping[str, Any], wanted: str, file: str) -> Plan:
    if content["form"] != _FORM:
        raise PlanUnreadable("another form")
    nodes = {NodeId(name): _node(*written) for name, written in content["nodes"].items()}
    return Plan(
        file=file,
        language=content["language"],
        voice=content["voice"],
        speed=content["speed"],
        start=NodeId(content["start"]),
        human=content["human"],
        prompts=MappingProxyType({PromptId(n): said for n, said in content["prompts"].items()}),
        nodes=MappingProxyType(nodes),
        listening_notice=content["listening_notice"],
        keys_notice=content["keys_notice"],
        human_phrases=tuple(content["human_phrases"]),
        when_down=None,
        phrase_lines=MappingProxyType({}),
        hash=wanted,
    )


def _plain(node: Node) -> dict[str, object]:
    values = {field.name: getattr(node, field.name) for field in fields(node)}
    return {name: dict(v) if isinstance(v, Mapping) else v for name, v in values.items()}


def _node(kind: str, written: Mapping[str, Any]) -> Node:
    return _KINDS[kind](**{name: _frozen(value) for name, value in written.items()})


def _frozen(value: Any) -> Any:
    match value:
        case list():
            return tuple(value)
        case dict():
            return MappingProxyType(value)
        case _:
            return value
