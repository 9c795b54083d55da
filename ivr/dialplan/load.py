"""Whether a text is a dialplan that may answer calls: all its faults at once, or a plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from ivr.dialplan.draft import Draft, PlanDraft, Ref, ToldDraft
from ivr.dialplan.faults import Findings
from ivr.dialplan.lint import check
from ivr.dialplan.needs import asked_by
from ivr.dialplan.plan import (
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
from ivr.dialplan.read import read_plan
from ivr.dialplan.spoken_waits import with_numbers
from ivr.dialplan.staff import UNKNOWN_STAFF, Staff
from ivr.dialplan.tree import read_tree
from queues.ids import QueueId


def load_plan(
    text: str | bytes, *, file: str, queues: Collection[str], staff: Staff = UNKNOWN_STAFF
) -> Plan:
    """The checked plan of a dialplan's text.

    Takes the YAML text, or the bytes of the file (which must be UTF-8), the name by which messages
    speak of the file, the queues that exist, and who is there to answer. Raises `DialplanFaulty`
    with every fault found.
    """
    findings = Findings(file)
    draft = read_plan(read_tree(text, findings), findings)
    check(draft, queues, findings, staff)
    findings.raise_if_any()
    return _finish(draft, file)


def _finish(draft: PlanDraft, file: str) -> Plan:
    """The plan of a draft without faults."""
    texts = {PromptId(n): text for n, (_, text) in draft.prompts.items()}
    prompts = MappingProxyType(with_numbers(texts, *_numbered(draft)))
    nodes = MappingProxyType({NodeId(n): _node(node) for n, node in draft.nodes.items()})
    start = NodeId(draft.start.name if draft.start else "")  # a missing one is a fault
    notice = PromptId(draft.notice.name) if draft.notice else None
    keys_notice = PromptId(draft.keys_notice.name) if draft.keys_notice else None
    human_phrases = tuple(draft.human_words or ())
    return Plan(
        file=file,
        language=draft.language,
        voice=draft.voice,
        speed=draft.speed,
        start=start,
        human=NodeId(draft.human.name) if draft.human else None,
        prompts=prompts,
        nodes=nodes,
        listening_notice=notice,
        keys_notice=keys_notice,
        human_phrases=human_phrases,
        when_down=PromptId(draft.down.name) if draft.down else None,
        phrase_lines=MappingProxyType(dict(draft.phrase_lines)),
        hash=content_hash(
            language=draft.language,
            voice=draft.voice,
            speed=draft.speed,
            start=start,
            prompts=prompts,
            nodes=nodes,
            listening_notice=notice,
            keys_notice=keys_notice,
            human_phrases=human_phrases,
        ),
    )


def _node(draft: Draft) -> Node:
    prompts = tuple(PromptId(ref.name) for ref in draft.prompts)
    way: Mapping[str, NodeId] = {word: _to(ref) for word, ref in draft.ways.items()}
    match draft.kind:
        case "say":
            return Say(prompts, way["goto"])
        case "goodbye":
            return Goodbye(prompts)
        case "queue":
            queue = QueueId(draft.queue.name if draft.queue else "")  # a missing one is a fault
            refused = way["refused"]
            return Queue(
                queue,
                prompts,
                way["then"],
                refused,
                way.get("when_full", refused),
                way.get("when_nobody", refused),
                way.get("when_long", refused),
                MappingProxyType({key: _to(ref) for key, ref in draft.keys.items()}),
                _told(draft.told),
                asked_by(draft),
                draft.priority_s,
                way.get("when_closed"),
            )
        case _:
            return Menu(
                prompts=prompts,
                keys=MappingProxyType({key: _to(ref) for key, ref in draft.keys.items()}),
                wait_s=draft.wait_s,
                tries=draft.tries,
                no_input=PromptId(draft.hints["no_input"].name),
                wrong_key=PromptId(draft.hints["wrong_key"].name),
                otherwise=way["otherwise"],
                when_silent=way.get("when_silent", way["otherwise"]),
                phrases=MappingProxyType({phrase: _to(ref) for phrase, ref in draft.words.items()}),
                not_understood=_said_when_listening(draft, "not_understood"),
                keys_only=_said_when_listening(draft, "keys_only"),
            )


def _said_when_listening(draft: Draft, word: str) -> PromptId | None:
    return PromptId(draft.hints[word].name) if draft.words else None


def _to(ref: Ref) -> NodeId:
    return NodeId(ref.name)


def _told(draft: ToldDraft | None) -> Told | None:
    if draft is None:
        return None
    position, wait = (None if r is None else PromptId(r.name) for r in (draft.position, draft.wait))
    messages = tuple(PromptId(ref.name) for ref in draft.messages)
    return Told(draft.first_s, draft.every_s, messages, position, wait)


def _numbered(draft: PlanDraft) -> tuple[frozenset[PromptId], frozenset[PromptId]]:
    """The prompts that say places, and those that say waits."""
    told = [node.told for node in draft.nodes.values() if node.told is not None]
    places = frozenset(PromptId(each.position.name) for each in told if each.position)
    return places, frozenset(PromptId(each.wait.name) for each in told if each.wait)
