"""What a checked dialplan is: prompts of one language, and a graph of nodes without loose ends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import NewType

from queues.ids import QueueId

NodeId = NewType("NodeId", str)
PromptId = NewType("PromptId", str)


@dataclass(frozen=True, slots=True)
class Say:
    """Speak, then go on. A key cuts it and is kept for the next menu."""

    prompts: tuple[PromptId, ...]
    goto: NodeId


@dataclass(frozen=True, slots=True)
class Menu:
    """Speak, then wait for one key.

    `keys` already holds the plan's key 0; defaults are filled in. `wait_s` is the silence after the
    prompts; after `tries` failed turns in a row the caller goes to `otherwise`, or to `when_silent`
    if no key at all was heard in them.
    """

    prompts: tuple[PromptId, ...]
    keys: Mapping[str, NodeId]
    wait_s: float
    tries: int
    no_input: PromptId
    wrong_key: PromptId
    otherwise: NodeId
    when_silent: NodeId


@dataclass(frozen=True, slots=True)
class Queue:
    """Speak, if there is something to say, then wait for an agent.

    `then` follows the talk; `refused` follows when the queue cannot take the call.
    """

    queue: QueueId
    prompts: tuple[PromptId, ...]
    then: NodeId
    refused: NodeId


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Speak, then hang up."""

    prompts: tuple[PromptId, ...]


Node = Say | Menu | Queue | Goodbye


@dataclass(frozen=True, slots=True)
class Plan:
    """One dialplan, checked. `file` is for messages; `speed` is in words a minute.

    `hash` is the SHA-256 of what the plan does and says, in hexadecimal: comments, order and layout
    do not change it, a default that reaches a node does.
    """

    file: str
    language: str
    voice: str
    speed: int
    start: NodeId
    human: NodeId | None
    prompts: Mapping[PromptId, str]
    nodes: Mapping[NodeId, Node]
    hash: str


def content_hash(
    *,
    language: str,
    voice: str,
    speed: int,
    start: NodeId,
    prompts: Mapping[PromptId, str],
    nodes: Mapping[NodeId, Node],
) -> str:
    """The `hash` of a plan with this content."""
    content = {
        "language": language,
        "voice": voice,
        "speed": speed,
        "start": start,
        "prompts": dict(prompts),
        "nodes": {name: [type(node).__name__, _plain(node)] for name, node in nodes.items()},
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(node: Node) -> dict[str, object]:
    if isinstance(node, Menu):
        return {**{n: getattr(node, n) for n in Menu.__slots__}, "keys": dict(node.keys)}
    return asdict(node)
