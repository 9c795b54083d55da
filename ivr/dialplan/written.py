"""A checked plan as text, by which it is kept, and the plan that such a text stands for.

The text holds all that the plan's hash is made of, and the human: a plan that was read proves
itself by its hash. Where prompts and phrases were written, and what is spoken without the plan,
stands in no text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any, Final

from ivr.dialplan.plan import (
    Emergency,
    Goodbye,
    Menu,
    Node,
    NodeId,
    Plan,
    PromptId,
    Queue,
    Say,
    Told,
    content_hash,
)
from ivr.dialplan.staff import Asked
from queues.centre.values.needs import Skill

_KINDS: Final = {kind.__name__: kind for kind in (Say, Menu, Queue, Emergency, Goodbye)}
_NOT_WRITTEN: Final = {"file", "hash", "sounds", "when_down", "phrase_lines", "nodes"} | {
    "emergency_notice"
}


class PlanUnreadable(ValueError):
    """A kept text is no plan of this release, or not the one that is asked for."""

    code = "plan_unreadable"


def plan_to_text(plan: Plan) -> str:
    """All that the plan does and says, as JSON."""
    content = {name: each for name, each in _plain(plan).items() if name not in _NOT_WRITTEN}
    nodes = {name: [type(node).__name__, _plain(node)] for name, node in plan.nodes.items()}
    return json.dumps(content | {"nodes": nodes}, ensure_ascii=False)


def plan_from_text(text: str, wanted: str, *, file: str) -> Plan:
    """The plan of this hash, out of the text that was kept of it; `file` is for messages.

    Raises `PlanUnreadable`, which quotes nothing.
    """
    try:
        plan = _read(json.loads(text), wanted, file)
        found = _hash_of(plan)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanUnreadable(f"no plan of this release ({type(error).__name__})") from None
    if found != wanted:
        raise PlanUnreadable("the text is not that of this plan")
    return plan


def _read(content: Mapping[str, Any], wanted: str, file: str) -> Plan:
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
        emergency=content.get("emergency"),
        emergency_key=content.get("emergency_key"),
        emergency_phrases=tuple(content.get("emergency_phrases", ())),
    )


def _hash_of(plan: Plan) -> str:
    return content_hash(
        language=plan.language,
        voice=plan.voice,
        speed=plan.speed,
        start=plan.start,
        prompts=plan.prompts,
        nodes=plan.nodes,
        listening_notice=plan.listening_notice,
        keys_notice=plan.keys_notice,
        human_phrases=plan.human_phrases,
        emergency=(plan.emergency, plan.emergency_key, plan.emergency_phrases),
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    match value:
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def _node(kind: str, written: Mapping[str, Any]) -> Node:
    values = {name: _frozen(value) for name, value in written.items()}
    if kind == Queue.__name__:
        told, asked = values["told"], values["asked"]
        skills = asked["skills"]
        values["told"] = None if told is None else Told(**told)
        values["asked"] = Asked(
            None if skills is None else tuple(Skill(**each) for each in skills), asked["language"]
        )
    return _KINDS[kind](**values)


def _frozen(value: Any) -> Any:
    match value:
        case list():
            return tuple(_frozen(each) for each in value)
        case dict():
            return MappingProxyType({key: _frozen(each) for key, each in value.items()})
        case _:
            return value
