"""Which phrases of a dialplan a model cannot hear, and which menus then fail those who speak.

A recogniser skips a word that its model does not know, so a phrase with one such word is never
heard as it was written. Pure: the model is asked through a function.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from ivr.dialplan.faults import Fault
from ivr.dialplan.plan import Menu, NodeId, Plan, Queue, Say

Unknown = Callable[[Iterable[str]], Collection[str]]
_MEND = "use another word, or spell it as the model does"


def unheard_phrases(plan: Plan, unknown: Unknown) -> tuple[Fault, ...]:
    """What to mend so that every phrase of a plan can be heard, in line order.

    `unknown` gives those of some words that the model of the plan's language does not know.
    """
    menus = {n: node for n, node in plan.nodes.items() if isinstance(node, Menu) and node.listens}
    phrases = {phrase for menu in menus.values() for phrase in menu.phrases}
    strange = frozenset(unknown({word for phrase in phrases for word in phrase.split()}))
    if not strange:
        return ()
    unheard = {phrase for phrase in phrases if not strange.isdisjoint(phrase.split())}
    found = [_phrase_fault(plan, phrase, strange) for phrase in unheard]
    for name, menu in menus.items():
        if problem := _menu_problem(plan, menu, unheard):
            found.append(Fault(plan.file, _line(plan, menu), f"menu '{name}' {problem}"))
    return tuple(sorted(found))


def _phrase_fault(plan: Plan, phrase: str, strange: Collection[str]) -> Fault:
    words = " and ".join(f"'{w}'" for w in dict.fromkeys(phrase.split()) if w in strange)
    within = "" if words == f"'{phrase}'" else f" in '{phrase}'"
    return Fault(
        plan.file,
        plan.phrase_lines.get(phrase, 1),
        f"the model of '{plan.language}' does not know {words}{within}, "
        f"so it is never heard; {_MEND}",
    )


def _menu_problem(plan: Plan, menu: Menu, unheard: Collection[str]) -> str | None:
    heard = [phrase for phrase in menu.phrases if phrase not in unheard]
    if not heard:
        return f"has no phrase that can be heard, so its callers need keys; {_MEND}"
    if not any(_leads_to_queue(plan, menu.phrases[phrase]) for phrase in heard):
        return (
            "has no phrase that can be heard and leads to a human; "
            "add a word that the model knows to 'human_words'"
        )
    return None


def _line(plan: Plan, menu: Menu) -> int:
    """Where the first of a menu's own phrases stands; those for a human stand at the top."""
    lines = [
        (target == plan.human, plan.phrase_lines.get(phrase, 1))
        for phrase, target in menu.phrases.items()
    ]
    return min(lines)[1]


def _leads_to_queue(plan: Plan, name: NodeId) -> bool:
    """Whether this way comes to a queue without a menu between."""
    seen: set[NodeId] = set()
    while name not in seen:
        seen.add(name)
        node = plan.nodes[name]
        if not isinstance(node, Say):
            return isinstance(node, Queue)
        name = node.goto
    return False
