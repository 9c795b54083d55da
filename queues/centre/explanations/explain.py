"""The way of one call, in order, with times and reasons, as the journal tells it.

Reasons are those that were recorded with the decisions; `asked_anew` adds what asking the policy
again came to, and where the time of the wait went. Pure: rows go in, a structure comes out, and a
text for people who ask why.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Final

from queues.centre.estimates.came_true import WORDS, came_true
from queues.centre.explanations.reasons import reason_of
from queues.centre.explanations.recompute import Recomputed, words_of
from queues.centre.explanations.wait import Stretch, words_of_stretch
from queues.centre.facts.calls import (
    CallClosed,
    CallQueued,
    CallRequeued,
    CallReturned,
    CallTakenBack,
    CallTransferred,
)
from queues.centre.facts.consults import ConsultBegan, ConsultCompleted, ConsultEnded, TalkResumed
from queues.centre.facts.estimates import EstimateMade
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import (
    OfferAccepted,
    OfferMade,
    OfferMissed,
    OfferWithdrawn,
    TalkBegan,
    TalkEnded,
)
from queues.centre.inputs.calls import (
    CallArrived,
    CallEnded,
    CallMissed,
    MissCause,
    QueueEntered,
    QueueLeft,
)
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, OfferRefused, TalkStarted
from queues.centre.journal.codec import read_fact, read_input
from queues.centre.journal.row import JournalRow
from queues.centre.lives.call import WITH_AGENT, CallState
from queues.ids import CallId

_IDS: Final = (
    *("offer", "agent", "place", "queue", "to", "line", "runner_up", "policy"),
    *("passed_by", "only", "owner"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to the call. `what` is the type of the fact or the input.

    An input is only told if nothing followed from it. `at` is the centre's time in Unix seconds.
    `anew`: what asking the policy again came to, for a decision that was asked again.
    """

    seq: int
    at: float
    what: str
    why: str
    ids: Mapping[str, str]
    anew: Recomputed | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """How long the call was in one state without a break; `until` is None while it still is."""

    state: CallState
    since: float
    until: float | None


@dataclass(frozen=True, slots=True)
class Way:
    """The whole way of a call through the centre. `wait` is empty until it was followed."""

    call: CallId
    entries: tuple[Entry, ...]
    stays: tuple[Stay, ...]
    wait: tuple[Stretch, ...] = ()

    def seconds_in(self, state: CallState) -> float:
        """Give for how long the call was in a state, all times together, as far as they ended."""
        return sum(
            stay.until - stay.since
            for stay in self.stays
            if stay.state is state and stay.until is not None
        )


def explain(call: CallId, rows: Iterable[JournalRow]) -> Way:
    """Give the way of a call from its rows in order; rows about anything else are passed over.

    Needed are the rows whose subject is the call, and those whose subject is one of its offers.
    Raises `RowUnreadable`.
    """
    told = _Told(call)
    for row in rows:
        if row.subject == call or row.subject in told.offers:
            told.take(row)
    told.settle_input(None)
    return Way(call, tuple(told.entries), tuple(told.stays))


def asked_anew(way: Way, found: Iterable[Recomputed], wait: tuple[Stretch, ...] = ()) -> Way:
    """Give the way with what was recomputed of its decisions, and with its wait as followed."""
    by_seq = {each.seq: each for each in found}
    entries = (replace(entry, anew=by_seq.get(entry.seq)) for entry in way.entries)
    return replace(way, entries=tuple(entries), wait=wait)


def way_as_text(way: Way, show_time: Callable[[float], str]) -> str:
    """Give the way as lines for people. `show_time` turns the centre's time into what they read."""
    if not way.entries:
        return f"call {way.call}: nothing is known of it\n"
    lines = [f"call {way.call}"]
    for entry in way.entries:
        lines.append(f"{show_time(entry.at)}  {entry.what.replace('_', ' ')}: {entry.why}")
        if entry.anew is not None:
            lines.extend(f"    {line}" for line in words_of(entry.anew))
    if way.wait:
        lines.append("where the time of the wait went")
    for stretch in way.wait:
        lasted = "until now" if stretch.until is None else f"{stretch.until - stretch.since:.1f} s"
        lines.append(f"    {show_time(stretch.since)}  {lasted}: {words_of_stretch(stretch)}")
    for state in dict.fromkeys(stay.state for stay in way.stays):
        now = "" if way.stays[-1].state is not state or way.stays[-1].until else ", and is so now"
        lines.append(f"{state.value}: {way.seconds_in(state):.1f} s in all{now}")
    return "\n".join(lines) + "\n"


@dataclass(slots=True)
class _Told:
    call: CallId
    offers: set[str] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    _input: JournalRow | None = None
    _offered_at: float = 0.0
    _foretold: EstimateMade | None = None
    _since: float | None = None

    def take(self, row: JournalRow) -> None:
        self.settle_input(row)
        match row.kind:
            case "input":
                self._input = row
            case "fact":
                self._take_fact(row.seq, read_fact(row))

    def settle_input(self, after: JournalRow | None) -> None:
        """Tell of the last input if the row after it shows that nothing followed from it."""
        row, self._input = self._input, None
        if row is None:
            return
        if after is None or after.kind != "fact" or after.seq != row.seq + 1:
            what = read_input(row)
            self.entries.append(Entry(row.seq, row.at, row.type, self._void(what), _ids(what)))

    def _take_fact(self, seq: int, fact: Fact) -> None:
        rang_s = None
        if getattr(fact, "call", self.call) != self.call:
            self._take_consult_fact(seq, fact)
            return
        match fact:
            case CallQueued():
                self._since = fact.since
                self._move(CallState.WAITING, fact.since)
            case OfferMade():
                self.offers.add(fact.offer)
                self._offered_at = fact.at
                self._move(CallState.OFFERED, fact.at)
            case OfferAccepted():
                rang_s = fact.at - self._offered_at
                self._move(CallState.CONNECTING, fact.at)
            case OfferMissed() | OfferWithdrawn() | CallRequeued() | CallTransferred():
                self._move(CallState.WAITING, fact.at)
            case TalkBegan() | TalkResumed():
                self._move(CallState.TALKING, fact.at)
            case ConsultBegan():
                self._move(CallState.HELD, fact.at)
            case ConsultEnded(deadline=float()):
                self._move(CallState.REJOINING, fact.at)
            case ConsultCompleted(joins=joins):
                self._move(CallState.CONNECTING if joins else CallState.OFFERED, fact.at)
            case TalkEnded() | CallReturned() | CallTakenBack():
                self._move(None, fact.at)
            case CallClosed():
                since = fact.at - fact.in_centre_s if self._since is None else self._since
                self._move(None, since + fact.in_centre_s)
            case _:
                pass
        why = reason_of(fact, rang_s=rang_s) + self._came_true(fact)
        self.entries.append(Entry(seq, fact.at, fact.TYPE, why, _ids(fact)))

    def _came_true(self, fact: Fact) -> str:
        """Tell, with the end of a wait, whether the range held that was told when it began."""
        if isinstance(fact, EstimateMade):
            self._foretold = fact
        if not isinstance(fact, TalkBegan | CallClosed | CallTakenBack | CallReturned):
            return ""
        told, self._foretold = self._foretold, None
        if told is None or told.low_s is None or told.high_s is None:
            return ""
        lasted_s = fact.at - told.at
        truth = came_true(lasted_s, told.low_s, told.high_s, talked=isinstance(fact, TalkBegan))
        return f", {WORDS[truth]}"

    def _take_consult_fact(self, seq: int, fact: Fact) -> None:
        """What is asked about the call goes through offers of its own."""
        rang_s = None
        match fact:
            case OfferMade():
                self.offers.add(fact.offer)
                self._offered_at = fact.at
            case OfferAccepted():
                rang_s = fact.at - self._offered_at
            case _:
                pass
        why = f"to be asked: {reason_of(fact, rang_s=rang_s)}"
        self.entries.append(Entry(seq, fact.at, fact.TYPE, why, _ids(fact)))

    def _move(self, state: CallState | None, at: float) -> None:
        if self.stays and self.stays[-1].until is None:
            last = self.stays[-1]
            self.stays[-1] = Stay(last.state, last.since, max(last.since, at))
        if state is not None:
            self.stays.append(Stay(state, at, None))

    def _void(self, what: Input) -> str:
        state = self.stays[-1].state if self.stays and self.stays[-1].until is None else None
        match what:
            case QueueLeft() if state in WITH_AGENT:
                return "too late to take it back: the talk had begun; nothing followed"
            case QueueLeft():
                return "it did not wait here any more; nothing followed"
            case QueueEntered() if state is not None:
                return "it was handed over already; nothing followed"
            case QueueEntered():
                return "the caller had hung up meanwhile; nothing followed"
            case CallArrived():
                return f"rang on line {what.line}; the dialogue has the caller"
            case CallMissed(cause=MissCause.GONE):
                return "it waited while nobody decided here, and was gone; kept to call back"
            case CallMissed():
                return "it ended while nobody decided here, as the switch noted; kept to call back"
            case CallEnded():
                return "its end was known already; nothing followed"
            case OfferAnswered() | OfferRefused() | TalkStarted() | AgentLegEnded():
                return "it had been settled already; nothing followed"
            case _:
                return "nothing followed"


def _ids(what: Input | Fact) -> Mapping[str, str]:
    names = {item.name for item in fields(what)}
    found = {name: getattr(what, name) for name in _IDS if name in names}
    return MappingProxyType({name: str(value) for name, value in found.items() if value})
