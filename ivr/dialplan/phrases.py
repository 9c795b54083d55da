"""Which spoken phrases a dialplan may name: letters only, in the form a recogniser's grammar takes.

A phrase is lower-case and NFC, its words are joined by one space. A recogniser knows words, not
signs: what has a digit or a mark in it could never be heard.
"""

from __future__ import annotations

import unicodedata

from ivr.dialplan.draft import Draft, PlanDraft, Ref
from ivr.dialplan.faults import Findings
from ivr.dialplan.spoken_keys import spoken_key
from ivr.dialplan.tree import Items, Table, Text, Tree
from ivr.dialplan.values import Values

MAX_PHRASE = 60
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'"})


class Phrases:
    """Takes phrases out of the tree and gives them to menus."""

    def __init__(self, plan: PlanDraft, values: Values) -> None:
        self._plan = plan
        self._values = values
        self._findings: Findings = values.findings

    def read_human_words(self, tree: Table) -> None:
        """Keep the words that lead to a human from every menu."""
        if "human_words" not in tree.keys:
            return
        self._plan.human_words = self._phrases(tree.values["human_words"], "in 'human_words'")
        if "human" not in tree.keys:
            self._findings.add(
                tree.keys["human_words"],
                "'human_words' has no node to lead to; add 'human', the queue they lead to",
            )

    def read_emergency_words(self, tree: Table) -> None:
        """Keep the words that lead to the emergency node from every menu."""
        if "emergency_words" not in tree.keys:
            return
        where = "in 'emergency_words'"
        self._plan.emergency_words = self._phrases(tree.values["emergency_words"], where)
        for phrase in self._plan.human_words or ():
            if phrase in self._plan.emergency_words:
                self._findings.add(
                    tree.keys["emergency_words"],
                    f"the word '{phrase}' is one of 'human_words' too; keep one",
                )
        if "emergency" not in tree.keys:
            self._findings.add(
                tree.keys["emergency_words"],
                "'emergency_words' has no node to lead to; add 'emergency', the node they lead to",
            )

    def read_menu(self, menu: Draft, value: Table) -> None:
        """Give a menu its own words, those for a human, and those for its keys."""
        words = self._values.table(value, "words", where=f" of menu '{menu.name}'")
        if "words" in value.keys and isinstance(value.values["words"], Table) and not words.keys:
            self._findings.add(
                value.keys["words"],
                f"'words' of menu '{menu.name}' is empty; add words, like {{hours: [open]}}",
            )
        for target, line in words.keys.items():
            where = f"for '{target}' in menu '{menu.name}'"
            for phrase, at in self._phrases(words.values[target], where).items():
                self._lead(menu, phrase, Ref(target, line), at)
        self._give(menu, self._plan.human, self._plan.human_words, "human")
        self._give(menu, self._plan.emergency, self._plan.emergency_words, "emergency")
        if menu.words:
            self._read_keys(menu)

    def _give(
        self, menu: Draft, target: Ref | None, words: dict[str, int] | None, what: str
    ) -> None:
        """The words that lead to one place from everywhere."""
        if target is None:
            return
        lead = {"human": "a word for a human leads to one", "emergency": "an emergency leads there"}
        for phrase in words or ():
            known = menu.words.get(phrase)
            if known is None or known.name == target.name:
                menu.words[phrase] = target
            else:
                self._findings.add(
                    known.line,
                    f"menu '{menu.name}' leads the word '{phrase}' to '{known.name}', but it "
                    f"is one of '{what}_words'; {lead[what]} everywhere",
                )

    def _read_keys(self, menu: Draft) -> None:
        """A key that a prompt may name is also said; a phrase that is written wins."""
        for key, target in menu.keys.items():
            phrase = spoken_key(self._plan.language, key)
            if phrase is not None and phrase not in menu.words:
                menu.words[phrase] = target
                self._plan.phrase_lines.setdefault(phrase, target.line)

    def _lead(self, menu: Draft, phrase: str, target: Ref, line: int) -> None:
        first = menu.words.setdefault(phrase, target)
        if first.name != target.name:
            self._findings.add(
                line,
                f"menu '{menu.name}' leads the word '{phrase}' to '{first.name}' (line "
                f"{first.line}) and to '{target.name}'; keep one",
            )

    def _phrases(self, value: Tree, where: str) -> dict[str, int]:
        """The phrases that stand there, one or a list, each with its line."""
        items = value.items if isinstance(value, Items) else [value]
        if not items:
            self._findings.add(value.line, f"no word stands {where}; write at least one")
        found: dict[str, int] = {}
        for item in items:
            if not isinstance(item, Text):
                self._findings.add(
                    item.line, f"what stands {where} is no word; write a list, like [open, hours]"
                )
            elif phrase := self._phrase(item, where):
                found.setdefault(phrase, item.line)
                self._plan.phrase_lines.setdefault(phrase, item.line)
        return found

    def _phrase(self, value: Text, where: str) -> str | None:
        """The phrase in the form in which it is heard; None if it has no such form."""
        written = unicodedata.normalize("NFC", value.text.lower().translate(_APOSTROPHES))
        phrase = " ".join(written.split())
        problem = _problem(phrase)
        if problem is None:
            return phrase
        shown = phrase if len(phrase) <= MAX_PHRASE else f"{phrase[:MAX_PHRASE]} ..."
        self._findings.add(value.line, f"the word '{shown}' {where} {problem}")
        return None


def _problem(phrase: str) -> str | None:
    if not phrase:
        return "is empty; write what a caller says"
    if len(phrase) > MAX_PHRASE:
        return (
            f"has {len(phrase)} characters, at most {MAX_PHRASE} are listened for; "
            "name the words that matter"
        )
    if any(unicodedata.category(char)[0] == "N" for char in phrase):
        return "has a digit; write it as it is spoken"
    for word in phrase.split():
        letters = word.replace("'", "")
        if sign := next((c for c in letters if unicodedata.category(c)[0] not in "LM"), None):
            return f"has the sign '{sign}', which nobody speaks; write letters and spaces only"
        if not letters or word.strip("'") != word:
            return "has an apostrophe outside a word; write letters and spaces only"
    return None
