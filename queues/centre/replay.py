"""Whether the code of today comes to the decisions that a journal holds, and where it does not.

Only the inputs are fed, each at its recorded time, and the facts that `step` gives are compared
with the recorded ones. The replay goes on from its own decisions, so one recorded fact that is
wrong is one difference. Two things cannot be decided anew and are counted instead: what a policy
decided that today's code does not have any more (the recorded facts of that input are applied as
they stand), and what lies in a gap of the journal, up to where the whole state stands written.

What is written beside the decisions is looked at too: `journal/row_order.py`. An input that was
altered and leads to the same facts is seen by neither; the store's seals tell of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest
from types import MappingProxyType
from typing import Final

from queues.centre.apply import apply
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import HistoryLost
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.input import Input
from queues.centre.journal.codec import read_fact, read_input
from queues.centre.journal.plain import payload_of
from queues.centre.journal.row import JournalRow
from queues.centre.journal.row_order import Misfit, RowOrder
from queues.centre.policies.known import KNOWN, PAIRING, policy_of
from queues.centre.recovery import apply_row
from queues.centre.state import Centre
from queues.centre.step import Pairing, step
from queues.centre.values.json_values import Plain

_CAN_DECIDE: Final = KNOWN | {None}
MOST_SHOWN: Final = 20
_FREE_TEXT: Final = frozenset({"reason", "then_reason"})  # people write these


@dataclass(frozen=True, slots=True)
class Told:
    """A fact by its type and fields, without the words that people wrote."""

    type: str
    fields: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Difference:
    """A recorded fact that was not found again, a found one that was not recorded, or both.

    `seq` is the number of the recorded row, or of the input's if nothing was recorded. `fields`
    names those that differ, if both are of one type. A `fault` of ours ended the decision.
    """

    seq: int
    expected: Told | None
    found: Told | None
    fields: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay came to; `shown` are the first of all differences, or misfits."""

    inputs: int
    facts: int
    differences: int
    shown: tuple[Difference, ...]
    not_recomputed: int  # facts that cannot be decided anew
    gaps: int
    misfits: int = 0  # columns that are not what was written there
    shown_misfits: tuple[Misfit, ...] = ()

    @property
    def first(self) -> Difference | None:
        """The first difference, if there is any."""
        return self.shown[0] if self.shown else None


def replay(rows: Iterable[JournalRow], centre: Centre | None = None) -> ReplayReport:
    """Feed the inputs of a journal to a centre, an empty one if none is given, and compare.

    `rows` are in order and begin with an input. Raises `RowUnreadable` for a row that cannot be
    read.
    """
    run = _Run(Centre() if centre is None else centre)
    for row in rows:
        run.take(row)
    run.close()
    return ReplayReport(
        run.inputs,
        run.facts,
        run.differences,
        tuple(run.shown),
        run.not_recomputed,
        run.gaps,
        run.misfits,
        tuple(run.shown_misfits),
    )


@dataclass(slots=True)
class _Run:
    centre: Centre
    inputs: int = 0
    facts: int = 0
    differences: int = 0
    shown: list[Difference] = field(default_factory=list)
    not_recomputed: int = 0
    gaps: int = 0
    misfits: int = 0
    shown_misfits: list[Misfit] = field(default_factory=list)
    _order: RowOrder = field(default_factory=RowOrder)
    _input: tuple[JournalRow, Input] | None = None
    _recorded: list[JournalRow] = field(default_factory=list)
    _facts: list[Fact] = field(default_factory=list)  # that the recorded rows stand for
    _is_whole: bool = True

    def take(self, row: JournalRow) -> None:
        match row.kind:
            case "input":
                self.close()
                what = read_input(row)
                self._input = row, what
                self._look(row, what)
            case "fact":
                fact = read_fact(row)
                if isinstance(fact, HistoryLost):
                    self.close()
                    apply_row(self.centre, row)
                    self._is_whole = True
                else:
                    self._recorded.append(row)
                    self._facts.append(fact)
                self._look(row, fact)
            case "lost":
                self.close()
                self.gaps += 1
                self._is_whole = False
                self._look(row, None)

    def close(self) -> None:
        """Decide on the last input, now that all of its recorded facts are known."""
        decided, self._input = self._input, None
        recorded, self._recorded = self._recorded, []
        facts, self._facts = self._facts, []
        self.inputs += decided is not None
        self.facts += len(recorded)
        if not self._is_whole:
            self.not_recomputed += len(recorded)
            return
        if decided is None:  # facts that follow from nothing
            for fact_row, fact in zip(recorded, facts, strict=True):
                self._note(Difference(fact_row.seq, _told(fact), None))
            return
        if any(policy_of(f) not in _CAN_DECIDE for f in facts):
            self.not_recomputed += len(recorded)
            self._adopt(recorded, facts)
            return
        row, what = decided
        try:
            found = step(self.centre, what, row.at, _pairing_of(facts))
        except Exception as error:  # whatever it is, the live service met it too, or should not
            self._note(Difference(row.seq, None, None, fault=type(error).__name__))
            return
        if found != tuple(facts):
            for difference in _differences(row.seq, recorded, facts, found):
                self._note(difference)

    def _adopt(self, recorded: list[JournalRow], facts: list[Fact]) -> None:
        for row, fact in zip(recorded, facts, strict=True):
            try:
                apply(self.centre, fact)
            except Exception as error:  # the state before it is another one by now
                self._note(Difference(row.seq, _told(fact), None, fault=type(error).__name__))

    def _look(self, row: JournalRow, what: Input | Fact | None) -> None:
        found = self._order.take(row, what)
        self.misfits += len(found)
        self.shown_misfits += found[: MOST_SHOWN - len(self.shown_misfits)]

    def _note(self, difference: Difference) -> None:
        self.differences += 1
        if len(self.shown) < MOST_SHOWN:
            self.shown.append(difference)


def _pairing_of(facts: Iterable[Fact]) -> Pairing | None:
    """Give the pairing that decided here, if a policy was asked."""
    offers = (fact for fact in facts if isinstance(fact, OfferMade))
    return next((PAIRING[offer.policy] for offer in offers), None)


def _differences(
    seq: int, recorded: list[JournalRow], expected: list[Fact], found: tuple[Fact, ...]
) -> Iterator[Difference]:
    """Compare so that one fact too many does not make all that follow it different."""
    matcher = SequenceMatcher(None, expected, found, autojunk=False)
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        numbers = (row.seq for row in recorded[a:a_end])
        for number, old, new in zip_longest(numbers, expected[a:a_end], found[b:b_end]):
            yield _difference(seq if number is None else number, old, new)


def _difference(seq: int, old: Fact | None, new: Fact | None) -> Difference:
    fields: tuple[str, ...] = ()
    if old is not None and new is not None and type(old) is type(new):
        before, after = payload_of(old), payload_of(new)
        fields = tuple(name for name in before if before[name] != after[name])
    return Difference(seq, _told(old), _told(new), fields)


def _told(fact: Fact | None) -> Told | None:
    if fact is None:
        return None
    shown = {
        name: "(text)" if name in _FREE_TEXT and type(getattr(fact, name)) is str else value
        for name, value in payload_of(fact).items()
    }
    return Told(fact.TYPE, MappingProxyType(shown))
