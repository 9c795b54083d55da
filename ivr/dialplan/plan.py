"""What a checked dialplan is: prompts of one language, and a graph of nodes without loose ends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import NewType

from ivr.dialplan.staff import NOTHING_SAID, Asked
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
    """Speak, then wait for one key, or for a phrase where it listens.

    `keys` and `phrases` already hold the plan's key 0 and the words for a human; defaults are
    filled in. Phrases are lower-case and NFC. `wait_s` is the silence after the prompts; after
    `tries` failed turns in a row the caller goes to `otherwise`, or to `when_silent` if nothing at
    all was heard in them. `not_understood` and `keys_only` are None where it does not listen.
    """

    prompts: tuple[PromptId, ...]
    keys: Mapping[str, NodeId]
    wait_s: float
    tries: int
    no_input: PromptId
    wrong_key: PromptId
    otherwise: NodeId
    when_silent: NodeId
    phrases: Mapping[str, NodeId]
    not_understood: PromptId | None
    keys_only: PromptId | None

    @property
    def listens(self) -> bool:
        """Whether it can be answered by voice as well."""
        return bool(self.phrases)


@dataclass(frozen=True, slots=True)
class Told:
    """What is said to a caller who waits, first after `first_s`, then each `every_s` seconds.

    Each time the next of the `messages`, then `position` and `wait`: prompts of which there is one
    for each number (`spoken_waits`).
    """

    first_s: float
    every_s: float
    messages: tuple[PromptId, ...]
    position: PromptId | None
    wait: PromptId | None


@dataclass(frozen=True, slots=True)
class Queue:
    """Speak, if there is something to say, then wait for an agent.

    A key of `keys` leads elsewhere, and the place is held meanwhile. `told` is what is said during
    the wait, None for music alone.

    `then` follows the talk; `refused` when the queue cannot take the call, and in its stead
    `when_full` if as many wait as may, `when_nobody` if nobody is signed in who could take it,
    `when_long` if it has waited as long as anybody may, and `when_closed` if the queue is closed or
    will be before the call could be served.
    Callers come with what is `asked`, and so many seconds more count as waited.
    """

    queue: QueueId
    prompts: tuple[PromptId, ...]
    then: NodeId
    refused: NodeId
    when_full: NodeId
    when_nobody: NodeId
    when_long: NodeId
    keys: Mapping[str, NodeId]
    told: Told | None
    asked: Asked = NOTHING_SAID
    priority_s: float = 0.0
    when_closed: NodeId | None = None  # None: as `refused`


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Speak, then hang up."""

    prompts: tuple[PromptId, ...]


Node = Say | Menu | Queue | Goodbye


@dataclass(frozen=True, slots=True)
class Plan:
    """One dialplan, checked. `file` and `phrase_lines` (where each phrase was first written) are
    for messages; `speed` is in words a minute; `listening_notice` is the prompt that says that a
    machine listens, None if it does not; `keys_notice` takes its place for a caller who is not
    listened to, None if nothing does. `human_phrases` lead to `human` from everywhere. `when_down`
    is the prompt for callers whom neither the service nor an agent can take, spoken without the
    plan; None if they hear nothing.

    `hash` is the SHA-256 of what the plan does and says, in hexadecimal: comments, order and layout
    do not change it, a default that reaches a node does. `sounds` names the files of prompts that
    are not named as the prompts are.
    """

    file: str
    language: str
    voice: str
    speed: int
    start: NodeId
    human: NodeId | None
    prompts: Mapping[PromptId, str]
    nodes: Mapping[NodeId, Node]
    listening_notice: PromptId | None
    keys_notice: PromptId | None
    human_phrases: tuple[str, ...]
    when_down: PromptId | None
    phrase_lines: Mapping[str, int]
    hash: str
    sounds: Mapping[PromptId, str] = field(default_factory=lambda: MappingProxyType({}))

    def sound(self, prompt: str) -> str:
        """The name of a prompt's sound file, `<language>/<name>`."""
        return f"{self.language}/{self.sounds.get(PromptId(prompt), prompt)}"

    @property
    def listens(self) -> bool:
        """Whether any of its menus can be answered by voice."""
        return any(isinstance(node, Menu) and node.listens for node in self.nodes.values())


def content_hash(
    *,
    language: str,
    voice: str,
    speed: int,
    start: NodeId,
    prompts: Mapping[PromptId, str],
    nodes: Mapping[NodeId, Node],
    listening_notice: PromptId | None,
    keys_notice: PromptId | None,
    human_phrases: tuple[str, ...],
) -> str:
    """The `hash` of a plan with this content."""
    content = {
        "language": language,
        "voice": voice,
        "speed": speed,
        "start": start,
        "prompts": dict(prompts),
        "listening_notice": listening_notice,
        "keys_notice": keys_notice,
        "human_phrases": sorted(human_phrases),
        "nodes": {name: [type(node).__name__, _plain(node)] for name, node in nodes.items()},
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(node: Node) -> dict[str, object]:
    if isinstance(node, Menu):
        ways = {"keys": dict(node.keys), "phrases": dict(node.phrases)}
        return {**{n: getattr(node, n) for n in Menu.__slots__}, **ways}
    if not isinstance(node, Queue):
        return asdict(node)
    plain: dict[str, object] = {name: getattr(node, name) for name in Queue.__slots__}
    plain |= {"asked": asdict(node.asked), "keys": dict(node.keys)}
    plain["told"] = None if node.told is None else asdict(node.told)
    overflow = {node.when_full, node.when_nobody, node.when_long}
    unsaid = {  # what is not said leaves the hash as older releases made it
        "asked": node.asked == NOTHING_SAID,
        "priority_s": not node.priority_s,
        "keys": not node.keys,
        "told": node.told is None,
        "when_closed": node.when_closed is None,
        **dict.fromkeys(("when_full", "when_nobody", "when_long"), overflow == {node.refused}),
    }
    return {name: value for name, value in plain.items() if not unsaid.get(name, False)}
