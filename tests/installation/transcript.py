"""The way to the first call as it is written down: what is read, typed, printed, and waited for.

The clock counts what somebody does who has never seen it, and types everything by hand:

- reading 200 words a minute, of the README's own sections and of all that a command may print:
  silent reading of English prose is 238 words a minute on average (Brysbaert 2019, a meta-analysis
  of 190 studies), and technical text is slower;
- typing 150 characters a minute, Enter among them: 30 words of five characters, a little less than
  the 33 words that people copy at a computer (Karat et al. 1999). Nothing is pasted or completed,
  and a password of chance is typed at half of that;
- waiting as long as the transcript allows, though most of it is less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.switch import ROOT

CORPUS = ROOT / "tests" / "corpus" / "installation"
WORDS_A_MINUTE, CHARACTERS_A_MINUTE = 200, 150
_PASSWORD_LENGTH = 32  # of a phone, as the first start makes it
_WORD = re.compile(r"\w")
_NAMED = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step costs somebody, in seconds."""

    step: str
    reading_s: float = 0.0
    typing_s: float = 0.0
    waiting_s: float = 0.0

    @property
    def total_s(self) -> float:
        return self.reading_s + self.typing_s + self.waiting_s


class Transcript:
    """The transcript's file; `values` are what `{names}` in it stand for."""

    def __init__(self, path: Path = CORPUS / "transcript.yaml") -> None:
        written = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        self.before: list[dict[str, Any]] = written["before"]
        self.counted: list[dict[str, Any]] = written["counted"]
        self.after: list[dict[str, Any]] = written["after"]
        self.values: dict[str, str] = {**written["letter"], "house": written["house"]}

    def filled(self, text: str) -> str:
        """A text with what its names stand for."""
        return _NAMED.sub(lambda name: self.values[name[1]], text)

    def typed_lines(self) -> list[str]:
        """All that is typed to the shell, in order."""
        steps = [*self.before, *self.counted, *self.after]
        return [step["type"] for step in steps if "type" in step]

    def costs(self) -> Iterator[Cost]:
        """What each counted step may cost."""
        for step in self.counted:
            if "read" in step:
                text = section(step["read"])
                yield Cost(f"read: {step['read']}", reading_s=reading_s(words(text)))
            else:
                typed = sum(map(self._typing_s, hands(step)))
                name = next(f"{verb}: {step[verb]}" for verb in step)
                read, waited = reading_s(step.get("prints", 0)), step.get("takes_s", 0)
                yield Cost(name, read, typed, waited)

    def _typing_s(self, text: str) -> float:
        is_chance = text.startswith("{password of ")
        typed = "x" * _PASSWORD_LENGTH if is_chance else self.filled(text)
        return (len(typed) + 1) * (2 if is_chance else 1) * 60 / CHARACTERS_A_MINUTE


def hands(step: dict[str, Any]) -> list[str]:
    """What a step has somebody type, at a keyboard or a telephone; each ends with a key more."""
    typed = [step[verb] for verb in ("type", "dial", "call", "keys") if verb in step]
    return [*typed, *(answer for _, answer in step.get("answers", ())), *step.get("telephone", ())]


def words(text: str) -> int:
    """How many words somebody reads in this."""
    return sum(1 for each in text.split() if _WORD.search(each))


def reading_s(count: int) -> float:
    """How long so many words are read."""
    return count * 60 / WORDS_A_MINUTE


def readme() -> str:
    """The README."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """A section of the README, from its heading to the next one of its kind or above."""
    found = re.search(
        rf"^(#+) {re.escape(heading)}\n.*?(?=^#{{1,3}} |\Z)", readme(), re.DOTALL | re.MULTILINE
    )
    assert found is not None, f"the README has no section '{heading}'"
    return found[0]


def block(text: str) -> list[str]:
    """The lines of the first code block of a text, without what is said behind them."""
    inside = text.split("```")[1].split("\n")[1:]
    return [re.sub(r"\s+#.*", "", line).strip() for line in inside if line.strip()]
