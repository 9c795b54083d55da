"""How single values of a dialplan are taken from the tree; a value of the wrong kind is a fault."""

from __future__ import annotations

import re
from collections.abc import Collection

from ivr.dialplan.draft import Ref
from ivr.dialplan.faults import Findings, nearest
from ivr.dialplan.tree import Items, Table, Text, Tree

MAX_PROMPTS_IN_A_ROW = 8
_NAME = re.compile(r"[a-z0-9_]{1,40}")
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")
# Words other dialplan languages have for what is meant here.
_MEANT = {
    "silence": "no_input",
    "timeout": "wait_s",
    "wait": "wait_s",
    "invalid": "wrong_key",
    "no_match": "not_understood",
    "next": "goto",
    "hangup": "goodbye",
    "play": "say",
    "operator": "human",
    "texts": "prompts",
    "phrases": "words",
    "speech": "words",
    "grammar": "words",
    "operator_words": "human_words",
    "nomatch": "not_understood",
    "notice": "listening_notice",
    "fallback": "when_down",
}


class Values:
    """Takes values out of the tree. `where` is how a message speaks of the place."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def check_words(self, table: Table, known: Collection[str], where: str) -> bool:
        """Note each word that is not known; True if there was one."""
        found = False
        for word, line in table.keys.items():
            if word in known:
                continue
            found = True
            meant = _MEANT.get(word)
            if meant is None or meant not in known:
                meant = nearest(word, known)
            mend = f"did you mean '{meant}'?" if meant else f"known are {', '.join(known)}"
            self.findings.add(line, f"unknown word '{word}' in {where}; {mend}")
        return found

    def check_name(self, name: str, line: int, what: str) -> None:
        """Note a name of a prompt or a node that has not the form of a name."""
        if not _NAME.fullmatch(name):
            self.findings.add(
                line, f"{what} '{name}' is no name; use 1 to 40 of a to z, 0 to 9 and _"
            )

    def name(self, value: Tree, where: str) -> Ref | None:
        """The one name that stands there."""
        if isinstance(value, Text) and value.text:
            return Ref(value.text, value.line)
        what = "empty" if isinstance(value, Text) else "no single name"
        self.findings.add(value.line, f"{where} is {what}; write one name")
        return None

    def names(self, value: Tree, where: str) -> tuple[Ref, ...]:
        """The prompts that stand there: one, or a list."""
        items = value.items if isinstance(value, Items) else [value]
        refs = [ref for item in items if (ref := self.name(item, f"a prompt of {where}"))]
        if not items:
            self.findings.add(value.line, f"{where} says nothing; name at least one prompt")
        if len(items) > MAX_PROMPTS_IN_A_ROW:
            self.findings.add(
                value.line,
                f"{where} says {len(items)} prompts in a row, at most {MAX_PROMPTS_IN_A_ROW} "
                "are spoken; nobody listens that long",
            )
        return tuple(refs)

    def table(self, tree: Table, word: str, *, required: str = "", where: str = "") -> Table:
        """The mapping under `word`; an empty one where there is none."""
        value = tree.values.get(word)
        if isinstance(value, Table):
            return value
        if value is not None:
            self.findings.add(
                value.line, f"'{word}'{where} is no mapping; write lines of 'name: value' in it"
            )
        elif required:
            self.findings.add(1, f"'{word}' is missing; write in it {required}")
        return Table(1)

    def setting(self, tree: Table, word: str, form: re.Pattern[str], expected: str) -> str | None:
        """The text under `word` if it has the form."""
        value = tree.values.get(word)
        if value is None:
            self.findings.add(1, f"'{word}' is missing; write {expected}")
        elif not isinstance(value, Text) or not form.fullmatch(value.text):
            self.findings.add(value.line, f"'{word}' is not valid; write {expected}")
        else:
            return value.text
        return None

    def number(
        self,
        table: Table,
        word: str,
        otherwise: float,
        bounds: tuple[int, int],
        unit: str,
        *,
        whole: bool = False,
        place: str = "",
    ) -> float:
        """The number under `word` if it lies within the bounds, else `otherwise`."""
        value = table.values.get(word)
        if value is None:
            return otherwise
        low, high = bounds
        if isinstance(value, Text) and _NUMBER.fullmatch(value.text):
            number = float(value.text)
            if low <= number <= high and not (whole and number % 1):
                return number
        kind = "a whole number" if whole else "a number"
        self.findings.add(
            value.line, f"'{word}'{place} is not valid; write {kind} of {unit} from {low} to {high}"
        )
        return otherwise
