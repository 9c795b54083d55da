"""What was read of a dialplan before it is known to be sound: names with their lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

# The prompts a menu says when it did not get what it asked for.
HINTS = ("no_input", "wrong_key", "not_understood", "keys_only")


@dataclass(frozen=True, slots=True)
class Ref:
    """A name that was written, and the line it stands in."""

    name: str
    line: int


@dataclass(slots=True)
class ToldDraft:
    """What is said to who waits."""

    first_s: float = 0.0
    every_s: float = 0.0
    messages: tuple[Ref, ...] = ()
    position: Ref | None = None
    wait: Ref | None = None


@dataclass(slots=True)
class Draft:
    """One node, defaults filled in: its ways on by their names, by key and by spoken phrase."""

    kind: str
    name: str
    line: int
    prompts: tuple[Ref, ...] = ()
    ways: dict[str, Ref] = field(default_factory=dict)
    keys: dict[str, Ref] = field(default_factory=dict)
    words: dict[str, Ref] = field(default_factory=dict)
    hints: dict[str, Ref] = field(default_factory=dict)
    queue: Ref | None = None
    need_line: int = 0
    skills: dict[str, tuple[int, int]] | None = None  # line and level by name
    language: Ref | None = None
    priority_s: float = 0.0
    wait_s: float = 0.0
    tries: int = 0
    told: ToldDraft | None = None

    def named_nodes(self, *, by_keys_alone: bool = False) -> Iterator[tuple[str, Ref]]:
        """Every way on, with the words by which a message speaks of it."""
        for word, ref in self.ways.items():
            yield f"'{word}'", ref
        for key, ref in self.keys.items():
            yield f"key {key}", ref
        if not by_keys_alone:
            for ref in self.words.values():
                yield "'words'", ref

    def named_prompts(self) -> Iterator[Ref]:
        """Every prompt the node may speak."""
        yield from self.prompts
        yield from self.hints.values()
        if self.told is not None:
            yield from self.told.messages
            yield from (ref for ref in (self.told.position, self.told.wait) if ref is not None)

    def silent_way(self) -> Ref | None:
        """Where a caller comes to who does nothing at all; None where that is an end or a talk."""
        words = {"say": ("goto",), "menu": ("when_silent", "otherwise"), "queue": ("refused",)}
        words["emergency"] = ("refused",)
        return next((self.ways[w] for w in words.get(self.kind, ()) if w in self.ways), None)


@dataclass(slots=True)
class PlanDraft:
    """The whole file. `opaque` nodes could not be read, so what they use or reach is not known.

    `human_words` are the phrases that lead to `human`, None where the word is not written; so are
    `emergency_words` those that lead to `emergency`.
    """

    language: str = ""
    voice: str = ""
    speed: int = 0
    start: Ref | None = None
    human: Ref | None = None
    human_words: dict[str, int] | None = None
    notice: Ref | None = None
    keys_notice: Ref | None = None
    down: Ref | None = None
    emergency: Ref | None = None
    emergency_key: str | None = None
    emergency_words: dict[str, int] | None = None
    emergency_notice: Ref | None = None
    prompts: dict[str, tuple[int, str]] = field(default_factory=dict)
    nodes: dict[str, Draft] = field(default_factory=dict)
    defaults: dict[str, Ref] = field(default_factory=dict)
    phrase_lines: dict[str, int] = field(default_factory=dict)
    opaque: bool = False
