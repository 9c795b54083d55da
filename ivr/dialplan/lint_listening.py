"""What a dialplan that listens must keep: its callers know that, and can always be helped.

- Whoever comes to a menu that listens has been told before that a machine listens.
- Every such menu has a word that leads to a human, and prompts for what it does not understand and
  for the time when it cannot listen.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.dialplan.draft import Draft, PlanDraft, Ref
from ivr.dialplan.faults import Findings, did_you_mean
from ivr.dialplan.spoken_keys import spoken_key

_NEEDED = {
    "not_understood": "for words it does not understand",
    "keys_only": "for when it cannot listen",
}


def check_listening(
    plan: PlanDraft, leads_to_queue: Callable[[Ref], bool], findings: Findings
) -> None:
    """Note every fault of listening. What follows only from another fault is not noted again."""
    menus = [node for node in plan.nodes.values() if node.words]
    if menus:
        _check_prompts(menus, findings)
        _check_words_for_a_human(plan, menus, leads_to_queue, findings)
    if plan.keys_notice is not None:
        _check_keys_notice(plan, plan.keys_notice, findings)
    if plan.notice is not None:
        _check_notice(plan, plan.notice, menus, findings)
    elif menus and not plan.opaque:
        findings.add(
            menus[0].line,
            f"menu '{menus[0].name}' listens, but no caller is told so; add 'listening_notice' at "
            "the top, and name the prompt that says that a machine listens",
        )


def _check_prompts(menus: list[Draft], findings: Findings) -> None:
    for word, what in _NEEDED.items():
        lacking = next((menu for menu in menus if word not in menu.hints), None)
        if lacking is not None:
            findings.add(
                lacking.line,
                f"menu '{lacking.name}' listens, but has no prompt {what}; "
                f"add '{word}' or set a default",
            )


def _check_words_for_a_human(
    plan: PlanDraft,
    menus: list[Draft],
    leads_to_queue: Callable[[Ref], bool],
    findings: Findings,
) -> None:
    if plan.human_words is not None:  # then every menu has them, or the fault is another
        return
    for menu in menus:
        keys = {spoken_key(plan.language, key) for key in menu.keys}
        words = [ref for phrase, ref in menu.words.items() if phrase not in keys]
        if not any(leads_to_queue(ref) for ref in words):
            findings.add(
                menu.line,
                f"menu '{menu.name}' listens, but no word leads to a human; "
                "add 'human_words' at the top, which every menu then understands",
            )


def _check_keys_notice(plan: PlanDraft, keys_notice: Ref, findings: Findings) -> None:
    if plan.notice is None:
        findings.add(
            keys_notice.line,
            "'keys_notice' takes the place of 'listening_notice', which is not given; add that, or "
            "delete 'keys_notice'",
        )
    elif plan.notice.name == keys_notice.name:
        findings.add(
            keys_notice.line,
            f"'keys_notice' is '{keys_notice.name}', which is the 'listening_notice'; name another "
            "prompt, for callers whom no machine listens to",
        )


def _check_notice(plan: PlanDraft, notice: Ref, menus: list[Draft], findings: Findings) -> None:
    if notice.name not in plan.prompts:
        if plan.prompts:
            mend = did_you_mean(notice.name, plan.prompts, "add it to 'prompts'")
            findings.add(notice.line, f"unknown prompt '{notice.name}'; {mend}")
        return
    if plan.opaque or plan.start is None:
        return
    if not menus:
        findings.add(
            notice.line,
            "'listening_notice' is given, but no menu listens; delete it, or add 'words' to a menu",
        )
    for menu in _reached_untold(plan, plan.start, notice):
        findings.add(
            menu.line,
            f"menu '{menu.name}' listens to callers who were not told so; let a node before it say "
            f"'{notice.name}', the 'listening_notice'",
        )


def _reached_untold(plan: PlanDraft, start: Ref, notice: Ref) -> list[Draft]:
    """The first listening menus on ways from the start on which the notice is not yet spoken."""
    untold: list[Draft] = []
    seen: set[str] = set()
    todo = [start.name]
    while todo:
        name = todo.pop()
        node = plan.nodes.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.words:
            untold.append(node)
        elif notice.name not in {ref.name for ref in node.prompts}:
            todo.extend(ref.name for _, ref in node.named_nodes())
    return untold
