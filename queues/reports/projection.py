"""Which records follow from the rows of the journal. Pure; never looks at the living state.

Rules
1. A call is open from the first row that tells of it, and ends with its channel: one record, all
   its stays in queues together. An end of a call of which nothing is known makes none.
2. An offer is open from when it is made until it comes to a talk or to nothing. One to an agent who
   is asked about a call is one of that call, and comes to a talk when the two agents talk.
3. What the rows come to depends on the rows alone, not on where a batch of them ends.
4. Behind a gap the state that the journal gives counts: offers that are not in it ended unknown.
   A call that may have ended in the gap is carried on, at most `LONGEST_S`; then it ended unknown.
5. Whoever changes what follows from a row raises `VERSION`: all records are then made again.
"""

from dataclasses import dataclass
from typing import Final

from queues.centre.facts.calls import (
    CallClosed,
    CallEndNoted,
    CallMoved,
    CallQueued,
    CallRequeued,
    CallReturned,
    CallTakenBack,
    CallTransferred,
)
from queues.centre.facts.consults import (
    ConsultBegan,
    ConsultCompleted,
    ConsultEnded,
    ConsultJoined,
)
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import ClockReanchored, HistoryLost
from queues.centre.facts.offers import (
    OfferAccepted,
    OfferMade,
    OfferMissed,
    OfferWithdrawn,
    TalkBegan,
    TalkEnded,
)
from queues.centre.inputs.calls import CallArrived, CallMissed, EndCause
from queues.centre.journal.codec import read_fact, read_input
from queues.centre.journal.row import JournalRow
from queues.centre.journal.snapshot import from_snapshot
from queues.centre.lives.call import WITH_AGENT, CallState
from queues.centre.state import Centre, Offer
from queues.record_rows import EndedCall, EndedOffer, EndedTalk, EndedWait, MissedCall
from queues.reports.open import OpenCall, OpenOffer, from_text, to_text
from queues.reports.outcomes import TALKED, UNKNOWN, CallOutcome
from queues.reports.talks import follow_talks
from queues.reports.waits import follow_waits

VERSION: Final = 5
LONGEST_S: Final = 48 * 3600.0
_INPUTS: Final = frozenset({CallArrived.TYPE, CallMissed.TYPE})


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of some rows, and what is carried over after them, as JSON text."""

    calls: tuple[EndedCall, ...]
    offers: tuple[EndedOffer, ...]
    missed: tuple[MissedCall, ...]
    waits: tuple[EndedWait, ...]
    talks: tuple[EndedTalk, ...]
    carried: str


class Projection:
    """Takes the rows of a journal one after the other; `batch` gives what they came to."""

    def __init__(self, carried: str) -> None:
        """Go on from what was carried over; raises `CarriedUnreadable`."""
        self._open = from_text(carried)
        self._calls: list[EndedCall] = []
        self._offers: list[EndedOffer] = []
        self._missed: list[MissedCall] = []
        self._waits: list[EndedWait] = []
        self._talks: list[EndedTalk] = []

    def take(self, row: JournalRow) -> None:
        """Take the next row; raises `RowUnreadable`."""
        self._let_go(row)
        if row.kind == "input" and row.type in _INPUTS:
            self._take_input(row)
        elif row.kind == "fact":
            fact = read_fact(row)
            self._follow(row.seq, fact)
            self._take_fact(row.seq, fact)

    def batch(self) -> Batch:
        """Give the records since the last batch."""
        made = Batch(
            tuple(self._calls),
            tuple(self._offers),
            tuple(self._missed),
            tuple(self._waits),
            tuple(self._talks),
            to_text(self._open),
        )
        self._calls, self._offers, self._missed, self._waits, self._talks = [], [], [], [], []
        return made

    def _take_input(self, row: JournalRow) -> None:
        match read_input(row):
            case CallArrived(call, line):
                self._known(call, line, row.at)
            case CallMissed(call, line, called_at, contact, cause):
                noted = self._wall(row.at)
                self._missed.append(
                    MissedCall(row.seq, call, line, called_at, noted, cause.value, contact)
                )
            case _:
                pass

    def _take_fact(self, seq: int, fact: Fact) -> None:
        match fact:
            case CallQueued():
                self._enter(fact)
            case CallMoved() if (call := self._open.calls.get(fact.call)) is not None:
                call.queue, call.hops = fact.to, call.hops + 1
            case CallTransferred() if (call := self._open.calls.get(fact.call)) is not None:
                call.queue, call.hops, call.waits_since = fact.to, call.hops + 1, fact.at
            case CallRequeued() if (call := self._open.calls.get(fact.call)) is not None:
                call.waits_since = fact.at
            case ConsultBegan() if (call := self._open.calls.get(fact.call)) is not None:
                call.consult = fact.consult
            case ConsultEnded() | ConsultCompleted():
                if (call := self._open.calls.get(fact.call)) is not None:
                    call.consult = None
            case ConsultJoined():
                self._end_offer(seq, fact.offer, fact.at, TALKED)
            case CallTakenBack() | CallReturned():
                self._stop_waiting(fact.call, fact.at)
            case CallClosed() | CallEndNoted():
                self._end_call(seq, fact)
            case OfferMade():
                self._open_offer(fact, fact.at)
            case OfferAccepted() if (offer := self._open.offers.get(fact.offer)) is not None:
                offer.accepted = fact.at
            case OfferMissed():
                self._end_offer(seq, fact.offer, fact.at, fact.cause.value)
            case OfferWithdrawn():
                self._end_offer(seq, fact.offer, fact.at, fact.reason.value)
            case TalkBegan():
                self._end_offer(seq, fact.offer, fact.at, TALKED)
                self._begin_talk(fact)
            case TalkEnded() if (call := self._open.calls.get(fact.call)) is not None:
                call.talked_s = (call.talked_s or 0.0) + fact.talked_s
            case ClockReanchored():
                self._open.ahead_s += fact.by_s
            case HistoryLost():
                self._begin_with(seq, from_snapshot(fact.state), fact.at)
            case _:
                pass

    def _follow(self, seq: int, fact: Fact) -> None:
        """Follow waits and talks, which know the calls and offers as they were before."""
        call = self._open.calls.get(fact.call) if isinstance(fact, CallClosed) else None
        gone = None if call is None or not isinstance(fact, CallClosed) else _gone(call, fact)
        if (wait := follow_waits(self._open, seq, fact, gone)) is not None:
            self._waits.append(wait)
        offer = self._open.offers.get(fact.offer) if isinstance(fact, TalkBegan) else None
        if (talk := follow_talks(self._open, seq, fact, offer)) is not None:
            self._talks.append(talk)

    def _wall(self, at: float) -> float:
        return at + self._open.ahead_s

    def _known(self, name: str, line: str, at: float) -> OpenCall:
        call = self._open.calls.get(name)
        if call is None:
            call = OpenCall(name, line, at, self._wall(at))
            self._open.calls[name] = call
        return call

    def _enter(self, fact: CallQueued) -> None:
        call = self._known(fact.call, fact.line, fact.at)
        call.queue, call.hops = fact.queue, call.hops + 1
        _wait(call, fact.since)
        if call.entered_at is None:
            call.entered_at = self._wall(fact.since)
            call.arrived_at = min(call.arrived_at, call.entered_at)

    def _stop_waiting(self, name: str, at: float) -> None:
        call = self._open.calls.get(name)
        if call is not None and call.waits_since is not None:
            call.waited_s += at - call.waits_since
            call.waits_since, call.waited_until = None, at

    def _begin_talk(self, fact: TalkBegan) -> None:
        self._stop_waiting(fact.call, fact.at)
        if (call := self._open.calls.get(fact.call)) is not None:
            call.agent, call.talked_s = fact.agent, call.talked_s or 0.0
            if call.answered_at is None:
                call.answered_at = self._wall(fact.at)

    def _end_call(self, seq: int, fact: CallClosed | CallEndNoted) -> None:
        call = self._open.calls.get(fact.call)
        if call is None:
            return
        ended = _gone(call, fact) if isinstance(fact, CallClosed) else fact.at
        self._stop_waiting(fact.call, ended)
        del self._open.calls[fact.call]
        if call.talked_s is not None:
            outcome = CallOutcome.TALKED
        elif fact.cause is EndCause.LOST:
            outcome = CallOutcome.LOST
        elif isinstance(fact, CallClosed):
            outcome = CallOutcome.ABANDONED
        else:
            outcome = CallOutcome.LEFT_QUEUE if call.hops else CallOutcome.MACHINE
        self._record(seq, call, outcome, self._wall(ended))

    def _record(self, seq: int, call: OpenCall, outcome: CallOutcome, ended_at: float) -> None:
        self._calls.append(
            EndedCall(
                seq=seq,
                call=call.call,
                line=call.line,
                queue=call.queue,
                arrived_at=call.arrived_at,
                entered_at=call.entered_at,
                answered_at=call.answered_at,
                ended_at=ended_at,
                outcome=outcome.value,
                agent=call.agent,
                waited_s=call.waited_s,
                talked_s=call.talked_s,
                hops=call.hops,
            )
        )

    def _open_offer(self, made: OfferMade | Offer, at: float) -> None:
        self._open.offers[made.offer] = OpenOffer(
            offer=made.offer,
            call=self._caller(made.call),
            queue=made.queue,
            agent=made.agent,
            place=made.place,
            made=at,
            made_at=self._wall(at),
        )

    def _caller(self, name: str) -> str:
        """Give the call that an offer is about: of what an agent asks, the one that is held."""
        if name in self._open.calls:
            return name
        return next((c.call for c in self._open.calls.values() if c.consult == name), name)

    def _end_offer(self, seq: int, name: str, at: float, outcome: str) -> None:
        offer = self._open.offers.pop(name, None)
        if offer is None:
            return
        rang_s = (at if offer.accepted is None else offer.accepted) - offer.made
        self._offers.append(
            EndedOffer(
                seq=seq,
                offer=offer.offer,
                call=offer.call,
                queue=offer.queue,
                agent=offer.agent,
                place=offer.place,
                made_at=offer.made_at,
                ended_at=self._wall(at),
                outcome=outcome,
                rang_s=rang_s,
            )
        )

    def _let_go(self, row: JournalRow) -> None:
        """End what was carried for too long."""
        while self._open.calls:
            oldest = next(iter(self._open.calls.values()))
            if row.at - oldest.began <= LONGEST_S:
                return
            self._stop_waiting(oldest.call, row.at)
            del self._open.calls[oldest.call]
            self._open.waits.pop(oldest.call, None)
            self._record(row.seq, oldest, CallOutcome.UNKNOWN, self._wall(row.at))

    def _begin_with(self, seq: int, centre: Centre, at: float) -> None:
        """Go on from a state: what of it is known here keeps what is known."""
        self._open.ahead_s = centre.wall_ahead_s
        self._open.waits.clear()  # what was foretold of them may lie in the gap
        self._open.talks.clear()
        ringing = {name for name, offer in centre.offers.items() if offer.talk_since is None}
        for known in sorted(self._open.offers.keys() - ringing):
            self._end_offer(seq, known, at, UNKNOWN)
        for call in self._open.calls.values():
            if call.call not in centre.calls:
                self._stop_waiting(call.call, at)
        callers = [there for there in centre.calls.values() if there.consults_for is None]
        for there in callers:
            call = self._known(there.call, there.line, there.since)
            if call.entered_at is None:
                call.entered_at, call.hops = self._wall(there.since), 1 + there.hops
            call.queue = there.queue
            call.consult = there.offer if there.state is CallState.HELD else None
            if there.state in WITH_AGENT and there.offer is not None:
                talk = centre.offers[there.offer]
                began = there.state_since if talk.talk_since is None else talk.talk_since
                self._stop_waiting(there.call, began)
                call.talked_s = call.talked_s or 0.0
                call.answered_at = call.answered_at or self._wall(began)
                call.agent = talk.agent
            elif call.waits_since is None:
                _wait(call, there.wait_from)
        for offer in centre.offers.values():
            if offer.talk_since is None and offer.offer not in self._open.offers:
                self._open_offer(offer, centre.calls[offer.call].state_since)


def _gone(call: OpenCall, fact: CallClosed) -> float:
    """When a call was gone: that may have been heard long after."""
    if call.since is None or call.waits_since is None:
        return fact.at
    return min(fact.at, max(call.waits_since, call.since + fact.in_centre_s))


def _wait(call: OpenCall, since: float) -> None:
    """Begin a wait, of which no part counts that is in an earlier one of the call."""
    call.since = since
    call.waits_since = since if call.waited_until is None else max(since, call.waited_until)
