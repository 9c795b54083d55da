"""Whether words heard so far are a phrase of the node, and whether a longer one continues it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class Fit(Enum):
    """How words fit a grammar."""

    NONE = "no words, or no beginning of a phrase"
    BEGUN = "the beginning of a phrase"
    OPEN = "a phrase that a longer one continues"
    COMPLETE = "a phrase that nothing continues"


@dataclass(frozen=True, slots=True)
class Grammar:
    """What can be understood at one node.

    `phrases` in lower case, words parted by one space; `of` makes them so. With `digits` the
    phrases are the words for single digits, of which any number may follow each other, or exactly
    `length` of them. Those in `human` call for a human.
    """

    phrases: frozenset[str]
    digits: bool = False
    length: int | None = None
    human: frozenset[str] = frozenset()
    _beginnings: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @classmethod
    def of(
        cls,
        phrases: Iterable[str],
        *,
        digits: bool = False,
        length: int | None = None,
        human: Iterable[str] = (),
    ) -> Grammar:
        """A grammar of these phrases. Raises `ValueError` if there is none."""
        tidy = _tidy(phrases)
        if not tidy:
            raise ValueError("a grammar has at least one phrase")
        parts = (p.split() for p in tidy)
        begun = {" ".join(words[:n]) for words in parts for n in range(1, len(words))}
        return cls(tidy, digits, length, tidy & _tidy(human), frozenset(begun))

    def fit(self, text: str) -> Fit:
        """How these words, parted by spaces, fit."""
        words = text.split()
        if not words:
            return Fit.NONE
        if self.digits:
            return self._fit_digits(words)
        joined = " ".join(words)
        if joined in self.phrases:
            return Fit.OPEN if joined in self._beginnings else Fit.COMPLETE
        return Fit.BEGUN if joined in self._beginnings else Fit.NONE

    def human_within(self, text: str) -> str:
        """The first phrase for a human among other words; empty if there is none."""
        words = text.split()
        for at in range(len(words)):
            for end in range(len(words), at, -1):
                if (phrase := " ".join(words[at:end])) in self.human:
                    return phrase
        return ""

    def words(self) -> frozenset[str]:
        """Every single word of the phrases."""
        return frozenset(word for phrase in self.phrases for word in phrase.split())

    def _fit_digits(self, words: list[str]) -> Fit:
        if not all(word in self.phrases for word in words):
            return Fit.NONE
        if self.length is None:
            return Fit.OPEN
        if len(words) == self.length:
            return Fit.COMPLETE
        return Fit.BEGUN if len(words) < self.length else Fit.NONE


def _tidy(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, (" ".join(phrase.lower().split()) for phrase in phrases)))
