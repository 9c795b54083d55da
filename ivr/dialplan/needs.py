"""How a queue node says what its callers need, and which of that nobody could ever give them."""

from __future__ import annotations

import re

from ivr.dialplan.draft import Draft, PlanDraft, Ref
from ivr.dialplan.faults import Findings, did_you_mean
from ivr.dialplan.staff import ANY_LANGUAGE, NOTHING_SAID, Asked, Staff
from ivr.dialplan.tree import Table, Text
from ivr.dialplan.values import Values
from queues.centre.values.needs import LEVELS, Skill, words_of
from queues.ids import QueueId

MOST_PRIORITY_S = 3600
_WORDS = ("skills", "language")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def read_need(draft: Draft, value: Table, values: Values) -> None:
    """Take `need` and `priority_s` of a queue node into its draft."""
    where = f" of queue '{draft.name}'"
    draft.priority_s = values.number(
        value, "priority_s", 0.0, (0, MOST_PRIORITY_S), "seconds", place=where
    )
    if "need" not in value.keys:
        return
    need = values.table(value, "need", where=where)
    draft.need_line = value.keys["need"]
    values.check_words(need, _WORDS, f"'need'{where}")
    if isinstance(value.values["need"], Table) and not need.keys:
        values.findings.add(draft.need_line, f"'need'{where} is empty; write skills or a language")
    if "language" in need.keys:
        _read_language(draft, need, values, where)
    if "skills" in need.keys:
        _read_skills(draft, values.table(need, "skills", where=where), values, where)


def _read_language(draft: Draft, need: Table, values: Values, where: str) -> None:
    expected = f"two letters like 'de', or '{ANY_LANGUAGE}'"
    language = values.setting(need, "language", _LANGUAGE, f"{expected}, in 'need'{where}")
    if language is not None:
        draft.language = Ref(language, need.keys["language"])


def _read_skills(draft: Draft, skills: Table, values: Values, where: str) -> None:
    known = {str(level): level for level in LEVELS}
    draft.skills = {}
    for name, line in skills.keys.items():
        written = skills.values[name]
        level = known.get(written.text) if isinstance(written, Text) else None
        if level is None:
            values.findings.add(
                line,
                f"'{name}' in 'need'{where} has no level; write a whole number from "
                f"{LEVELS[0]} to {LEVELS[-1]}",
            )
        else:
            draft.skills[name] = (line, level)


def asked_by(draft: Draft) -> Asked:
    """Give what a node without faults says; skills by name, so that the same is always equal."""
    skills = draft.skills
    if skills is None and draft.language is None:
        return NOTHING_SAID
    return Asked(
        None if skills is None else tuple(Skill(name, skills[name][1]) for name in sorted(skills)),
        None if draft.language is None else draft.language.name,
    )


def check_needs(plan: PlanDraft, staff: Staff, findings: Findings) -> None:
    """Note what is asked for and is nobody's; nothing where the staff is not known."""
    for node in plan.nodes.values():
        if node.queue and staff.queues and not _names_what_is_unknown(node, staff, findings):
            _check_is_met(plan, node, QueueId(node.queue.name), staff, findings)


def _names_what_is_unknown(node: Draft, staff: Staff, findings: Findings) -> bool:
    unknown = False
    known = sorted(staff.skills)
    listed = f"known are {', '.join(known)}" if known else "no agent has skills"
    for name, (line, _) in (node.skills or {}).items():
        if name not in known:
            unknown = True
            findings.add(line, f"unknown skill '{name}'; {did_you_mean(name, known, listed)}")
    spoken = sorted(staff.languages)
    language = node.language
    if language is not None and language.name not in (ANY_LANGUAGE, *spoken):
        unknown = True
        listed = f"known are {', '.join(spoken)}" if spoken else "no agent has languages"
        findings.add(language.line, f"unknown language '{language.name}'; {listed}")
    return unknown


def _check_is_met(
    plan: PlanDraft, node: Draft, queue: QueueId, staff: Staff, findings: Findings
) -> None:
    asked = asked_by(node)
    need = staff.need(queue, asked, plan.language)
    at_last = staff.never_met(queue, need)
    if need is None or at_last is None:  # of its own need a queue was told with the settings
        return
    mend = "give an agent what is missing, ask for less, or add a step to the queue's 'relax'"
    if asked.language is None and at_last.language == plan.language:
        mend = (
            f"the dialplan's language counts as theirs; write 'need: {{language: {ANY_LANGUAGE}}}' "
            "if it does not matter, or give it to an agent"
        )
    findings.add(
        node.need_line or node.line,
        f"no agent of queue '{queue}' could ever take the callers of '{node.name}': at last they "
        f"ask for {words_of(at_last)}; {mend}",
    )
