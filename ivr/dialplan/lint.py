"""What a dialplan must keep so that no caller is lost in it.

- Every name that is used exists; everything that exists is used.
- Every node is reached by keys alone.
- Every menu has a key that leads to a queue, with announcements at most between; so does its
  `otherwise`.
- Nobody waits for what no agent could ever have (`needs.py`), where the staff is known.
- A plan that listens keeps what stands in `lint_listening.py` as well.
- A caller who does nothing at all comes to an end or to an agent, never round in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ivr.dialplan.draft import HINTS, Draft, PlanDraft, Ref
from ivr.dialplan.faults import Findings, did_you_mean, nearest
from ivr.dialplan.lint_listening import check_listening
from ivr.dialplan.needs import check_needs
from ivr.dialplan.spoken_waits import lacking
from ivr.dialplan.staff import UNKNOWN_STAFF, Staff


def check(
    plan: PlanDraft, queues: Collection[str], findings: Findings, staff: Staff = UNKNOWN_STAFF
) -> None:
    """Note every fault of the graph. What follows only from another fault is not noted again."""
    _check_queues(plan, queues, findings)
    check_needs(plan, staff, findings)
    _check_told(plan, findings)
    _check_nodes(plan, findings)
    _check_prompts(plan, findings)
    _check_way_to_a_human(plan, findings)
    _check_emergency(plan, findings)
    check_listening(plan, lambda ref: _leads_to_queue(plan, ref), findings)
    _check_circles(plan, findings)


def _check_queues(plan: PlanDraft, queues: Collection[str], findings: Findings) -> None:
    known = sorted(queues)
    listed = f"known are {', '.join(known)}" if known else "the settings file has no queue yet"
    for node in plan.nodes.values():
        if node.queue and node.queue.name not in queues:
            name = node.queue.name
            findings.add(
                node.queue.line, f"unknown queue '{name}'; {did_you_mean(name, known, listed)}"
            )


def _check_told(plan: PlanDraft, findings: Findings) -> None:
    """The texts of places and waits have their marks, and nobody else speaks these texts."""
    for node in plan.nodes.values():
        if node.told is None:
            continue
        for ref, marks in ((node.told.position, ("{n}",)), (node.told.wait, ("{low}", "{high}"))):
            if ref is None or ref.name not in plan.prompts:
                continue
            line, text = plan.prompts[ref.name]
            for mark in lacking(text, marks):
                findings.add(
                    line, f"prompt '{ref.name}' of '{node.name}' has not {mark} once; write it in"
                )
            if any(ref.name == other.name for other in _spoken_as_they_are(plan)):
                findings.add(
                    line,
                    f"prompt '{ref.name}' is spoken with numbers; give others a text of their own",
                )


def _spoken_as_they_are(plan: PlanDraft) -> Iterator[Ref]:
    for node in plan.nodes.values():
        yield from node.prompts
        yield from node.hints.values()
        yield from node.told.messages if node.told is not None else ()


def _check_nodes(plan: PlanDraft, findings: Findings) -> None:
    named: list[tuple[str, Ref]] = []
    tops = (("'start'", plan.start), ("'human'", plan.human), ("'emergency'", plan.emergency))
    for word, ref in tops:
        if ref is not None:
            named.append((word, ref))
    for node in plan.nodes.values():
        named.extend(node.named_nodes())
    if plan.opaque:  # a node that could not be read may be the one that is named, or name others
        return
    begins: list[str] = []
    for word, ref in named:
        if ref.name not in plan.nodes:
            mend = did_you_mean(ref.name, plan.nodes, "add the node, or name another")
            if word == "'words'" and _turned_round(plan, ref):
                mend = "write the node before its words, like hours: [open]"
            findings.add(ref.line, f"{word} leads to '{ref.name}', which is no node; {mend}")
            begins.extend(filter(None, [nearest(ref.name, plan.nodes)]))
    begin = plan.start.name if plan.start else ""
    begin = begin if begin in plan.nodes else nearest(begin, plan.nodes) or ""
    if not begin:
        return
    reached = _reach(plan, [*begins, begin])
    by_keys = _reach(plan, [*begins, begin], by_keys_alone=True)
    for node in plan.nodes.values():
        if node.name not in reached:
            findings.add(
                node.line, f"node '{node.name}' is never reached; lead to it, or delete it"
            )
        for ref in node.words.values() if node.name in by_keys else ():
            if ref.name in plan.nodes and ref.name not in by_keys:
                findings.add(
                    ref.line,
                    f"menu '{node.name}' leads to '{ref.name}', which is reached by words only; "
                    "lead a key there as well, for callers who cannot be heard",
                )


def _turned_round(plan: PlanDraft, target: Ref) -> bool:
    """Whether a word that leads to this target is itself a node: written like a key."""
    words = [item for node in plan.nodes.values() for item in node.words.items()]
    return any(ref == target and phrase in plan.nodes for phrase, ref in words)


def _reach(plan: PlanDraft, begins: list[str], *, by_keys_alone: bool = False) -> set[str]:
    reached: set[str] = set()
    todo = list(begins)
    while todo:
        name = todo.pop()
        if name in plan.nodes and name not in reached:
            reached.add(name)
            ways = plan.nodes[name].named_nodes(by_keys_alone=by_keys_alone)
            todo.extend(ref.name for _, ref in ways)
    return reached


def _check_prompts(plan: PlanDraft, findings: Findings) -> None:
    if not plan.prompts:  # said already
        return
    used: set[str | None] = set()
    refs = [ref for node in plan.nodes.values() for ref in node.named_prompts()]
    refs += [plan.defaults[word] for word in HINTS if word in plan.defaults]
    refs += [ref for ref in (plan.down, plan.keys_notice, plan.emergency_notice) if ref is not None]
    for ref in refs:
        used.add(ref.name)
        if ref.name not in plan.prompts:
            mend = did_you_mean(ref.name, plan.prompts, "add it to 'prompts'")
            findings.add(ref.line, f"unknown prompt '{ref.name}'; {mend}")
            used.add(nearest(ref.name, plan.prompts))
    if plan.opaque:
        return
    for name, (line, _) in plan.prompts.items():
        if name not in used:
            findings.add(line, f"prompt '{name}' is never spoken; use it, or delete it")


def _check_way_to_a_human(plan: PlanDraft, findings: Findings) -> None:
    if plan.human and not _leads_to_queue(plan, plan.human):
        findings.add(
            plan.human.line, f"'human' leads to '{plan.human.name}', not to a queue; name a queue"
        )
        return
    for node in plan.nodes.values():
        if node.kind != "menu":
            continue
        way = node.ways.get("otherwise")
        if way and not _leads_to_queue(plan, way):
            findings.add(
                way.line,
                f"'otherwise' leads to '{way.name}', not to a human; name a queue "
                "(a caller who only stays silent can go elsewhere by 'when_silent')",
            )
        if node.keys and not any(_leads_to_queue(plan, ref) for ref in node.keys.values()):
            findings.add(
                node.line,
                f"menu '{node.name}' has no key that leads to a human; "
                "add one, or 'human' at the top, which gives key 0 to every menu",
            )


def _check_emergency(plan: PlanDraft, findings: Findings) -> None:
    """Whoever calls for help comes to the emergency number, and to a human if nobody is there."""
    target = plan.emergency
    if target is not None and target.name in plan.nodes:
        kind = plan.nodes[target.name].kind
        if kind != "emergency":
            findings.add(
                target.line,
                f"'emergency' leads to '{target.name}', which is a {kind}; name a node with "
                "'emergency: PROMPT'",
            )
    for node in plan.nodes.values():
        way = node.ways.get("refused") if node.kind == "emergency" else None
        if way is not None and not _leads_to_queue(plan, way):
            findings.add(
                way.line,
                f"'refused' of emergency '{node.name}' leads to '{way.name}', not to a human; "
                "name a queue",
            )


def _leads_to_queue(plan: PlanDraft, ref: Ref) -> bool:
    """Whether this way comes to a queue without a menu between; what is unknown counts as yes."""
    seen: set[str] = set()
    name = ref.name
    while name in plan.nodes and name not in seen:
        seen.add(name)
        node = plan.nodes[name]
        if node.kind != "say":
            return node.kind == "queue"
        if "goto" not in node.ways:
            return True
        name = node.ways["goto"].name
    return name not in plan.nodes


def _check_circles(plan: PlanDraft, findings: Findings) -> None:
    done: set[str] = set()
    for first in plan.nodes.values():
        path: list[Draft] = []
        node: Draft | None = first
        while node is not None and node.name not in done:
            done.add(node.name)
            path.append(node)
            way = node.silent_way()
            node = plan.nodes.get(way.name) if way else None
        if node is not None and node in path:
            _report_circle(path[path.index(node) :], findings)


def _report_circle(circle: Iterable[Draft], findings: Findings) -> None:
    nodes = list(circle)
    names = " -> ".join(node.name for node in (*nodes, nodes[0]))
    mend = (
        "give one of its menus a 'when_silent' that leads out"
        if any(node.kind == "menu" for node in nodes)
        else "put a menu or a goodbye into it"
    )
    findings.add(
        min(node.line for node in nodes),
        f"a caller who does nothing goes round for ever: {names}; {mend}",
    )
