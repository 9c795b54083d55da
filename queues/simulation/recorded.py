"""What a day of the journal holds for a simulation: who came, who was there, what was seen.

Rules
1. Each wait in a queue is a caller of its own, with what the centre heard of it: also the one after
   a transfer, or after the agent's phone was lost, with its place. Agents who are asked about a
   call are not seen as busy with it.
2. A talk is seen whole unless the switch ended it or the journal ends in it. Patience is seen whole
   of those who hung up, or pressed a key that took them out of the queue; of all others it is known
   to be longer than their wait, also of those whom the queue did not take or gave back.
3. Agents are there as they asked to be; one whom missed offers paused was away from then on.
4. A phone is in use by calls that are not ours only while none of our offers is alive at it.
5. Who waits at the day's begin comes then, with the time waited. Who talks then is left out, and so
   is the agent's part in it: the agent is free.
6. In a gap of the journal every wait and talk ends without being seen whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from queues.centre.commands import ReturnReason
from queues.centre.facts.agents import PAUSED_MISSED
from queues.centre.facts.calls import (
    CallClosed,
    CallQueued,
    CallRefused,
    CallRequeued,
    CallReturned,
    CallTakenBack,
    CallTransferred,
)
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import HistoryLost, PlacesForgotten
from queues.centre.facts.offers import (
    OfferAccepted,
    OfferMade,
    OfferMissed,
    TalkBegan,
    TalkEnd,
    TalkEnded,
)
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked
from queues.centre.inputs.calls import EndCause, QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.journal.codec import read_fact, read_input
from queues.centre.journal.row import JournalRow
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import WITH_AGENT
from queues.centre.recovery import Following
from queues.centre.state import Agent, Call, Centre
from queues.centre.values.needs import Need
from queues.ids import AgentId, CallId, OfferId, PlaceId, QueueId

_EPOCH: Final = "simulated"
# Whoever came to a queue that was not there, or was closed, would come to the same again.
_NOT_OURS: Final = (ReturnReason.REFUSED, ReturnReason.CLOSED, ReturnReason.CLOSING)


class StayEnd(StrEnum):
    """What was seen of the end of a wait."""

    SERVED = "served"
    HUNG_UP = "hung_up"  # or left the queue by a key
    TURNED_AWAY = "turned_away"  # no room, or nobody there
    GIVEN_BACK = "given_back"  # waited as long as anybody may, or could not be joined
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a caller came for: talks and patience have their laws by it."""

    queue: QueueId
    need: Need


@dataclass(frozen=True, slots=True)
class Stay:
    """One wait, and the talk after it. `at` in seconds since the day's begin, as all times here."""

    at: float
    entered: QueueEntered
    kind: Kind
    waited_s: float = 0.0  # since `at`
    end: StayEnd = StayEnd.NOT_SEEN
    talked_s: float = 0.0  # for those who were served
    talk_is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """From `at` on an agent is to be ready, paused or signed out."""

    at: float
    agent: AgentId
    state: AgentState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """A day of the journal: what a simulation lets happen again."""

    duration_s: float
    settings: tuple[tuple[float, SettingsLoaded], ...]
    asks: tuple[Ask, ...]
    places: tuple[tuple[float, PlaceChanged], ...]
    stays: tuple[Stay, ...]
    ring_s: float  # the mean, of offers that agents picked up
    left_out: int  # talks that went on at the day's begin
    gaps: int

    @property
    def queues(self) -> tuple[QueueId, ...]:
        """All queues that were named or waited in, in order."""
        named = (each.queue for _, what in self.settings for each in what.queues)
        return tuple(dict.fromkeys([*named, *(stay.kind.queue for stay in self.stays)]))


class Recorder:
    """Takes the rows of a journal from its first on; `day` gives the day."""

    def __init__(self, begins_at: float, ends_at: float) -> None:
        """The day's begin and end in Unix seconds of the wall clock."""
        self._begins_at, self._ends_at = begins_at, ends_at
        self._following = Following(Centre())
        self._seen: _Seen | None = None

    def take(self, row: JournalRow) -> bool:
        """Take the next row; False once nothing after it is of this day.

        Raises `RowUnreadable` and `FactDoesNotApply`.
        """
        centre = self._following.centre
        wall = row.at + centre.wall_ahead_s
        if self._seen is None and wall >= self._begins_at:
            self._seen = _Seen(self._begins_at - centre.wall_ahead_s)
            self._seen.begin(centre)
        if self._seen is None:
            self._following.take(row)
            return True
        seen = self._seen
        seen.over = seen.over or wall >= self._ends_at
        if seen.over and not seen.open:
            return False
        if row.kind == "lost":
            seen.gap(row.at)
        elif row.kind == "input" and not seen.over:
            seen.take_input(read_input(row), row.at, self._following.centre)
        self._following.take(row)
        if row.kind == "fact" and self._following.is_whole:
            seen.take_fact(read_fact(row), self._following.centre)
        return True

    def day(self) -> RecordedDay:
        """Give the day, as far as rows were taken."""
        seen = self._seen or _Seen(0.0)
        seen.end_all(self._following.centre.at)
        rings = seen.rings
        return RecordedDay(
            self._ends_at - self._begins_at,
            tuple(seen.settings),
            tuple(seen.asks),
            tuple(seen.places),
            tuple(sorted(seen.stays, key=lambda stay: stay.at)),
            sum(rings) / len(rings) if rings else 0.0,
            seen.left_out,
            seen.gaps,
        )


@dataclass(slots=True)
class _Seen:
    zero: float  # the day's begin by the centre's clock
    settings: list[tuple[float, SettingsLoaded]] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    places: list[tuple[float, PlaceChanged]] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    rings: list[float] = field(default_factory=list)
    open: dict[CallId, Stay] = field(default_factory=dict)
    left_out: int = 0
    gaps: int = 0
    over: bool = False
    _entering: dict[CallId, QueueEntered] = field(default_factory=dict)
    _queued: dict[CallId, float] = field(default_factory=dict)  # from when it counts as waiting
    _answered: dict[CallId, float] = field(default_factory=dict)
    _rings_since: dict[OfferId, float] = field(default_factory=dict)

    def begin(self, centre: Centre) -> None:
        """Take over what there is at the day's begin."""
        if not centre.queues:
            return
        self._house_of(centre, 0.0)
        for call in centre.calls.values():
            if call.consults_for is not None:
                continue
            if call.state in WITH_AGENT:
                self.left_out += 1
                continue
            waited_s = max(0.0, self.zero - call.since)
            entered = QueueEntered(
                call.call, call.line, call.queue, waited_s, call.need, call.credit_s
            )
            self.open[call.call] = Stay(0.0, entered, Kind(call.queue, call.need))
            self._queued[call.call] = call.since

    def take_input(self, what: Input, at: float, centre: Centre) -> None:
        """Take what came from outside; the centre is as it was before."""
        since = self._since(at)
        match what:
            case SettingsLoaded():
                self.settings.append((since, what))
            case ReadyAsked(agent):
                self.asks.append(Ask(since, agent, AgentState.READY))
            case PauseAsked(agent, reason):
                self.asks.append(Ask(since, agent, AgentState.PAUSED, reason))
            case SignOutAsked(agent):
                self.asks.append(Ask(since, agent, AgentState.SIGNED_OUT))
            case PlaceChanged(place, state):
                if not (state is PlaceState.IN_USE and _is_ours(centre, place)):
                    self.places.append((since, what))
            case QueueEntered():
                self._entering[what.call] = what
            case _:
                pass

    def take_fact(self, fact: Fact, centre: Centre) -> None:
        """Take what was decided; the centre is as it was after."""
        match fact:
            case CallQueued() if not self.over:
                self._enter(fact, fact.since, centre)
            case OfferMade():
                self._rings_since[fact.offer] = fact.at
            case OfferAccepted() if (began := self._rings_since.pop(fact.offer, None)) is not None:
                self.rings.append(fact.at - began)
            case OfferMissed() if fact.then_reason == PAUSED_MISSED and not self.over:
                ask = Ask(self._since(fact.at), fact.agent, AgentState.PAUSED, PAUSED_MISSED)
                self.asks.append(ask)
            case TalkBegan():
                self._answered[fact.call] = fact.at
            case TalkEnded():
                self._end(fact.call, fact.at, talk_is_whole=fact.by is not TalkEnd.SWITCH)
            case CallRefused() if fact.reason not in _NOT_OURS and not self.over:
                self._enter(fact, fact.at, centre)
                self._end(fact.call, fact.at, StayEnd.TURNED_AWAY)
            case CallTransferred() | CallRequeued() if not self.over:
                self._wait_again(centre.calls[fact.call], fact.at)
            case CallClosed():
                hung_up = fact.cause is EndCause.HUNG_UP
                lived_until = self._queued.get(fact.call, fact.at) + fact.in_centre_s
                end = StayEnd.HUNG_UP if hung_up else StayEnd.NOT_SEEN
                self._end(fact.call, min(fact.at, lived_until), end)
            case CallTakenBack():
                self._end(fact.call, fact.at, StayEnd.HUNG_UP)
            case CallReturned():
                self._end(fact.call, fact.at, StayEnd.GIVEN_BACK)
            case PlacesForgotten() if not self.over:
                since = self._since(fact.at)
                self.places += [
                    (since, PlaceChanged(name, PlaceState.UNREACHABLE)) for name in centre.places
                ]
            case HistoryLost():
                self.end_all(fact.at)
                if not self.over:
                    self._house_of(centre, self._since(fact.at))
            case _:
                pass

    def gap(self, at: float) -> None:
        """Rows are missing here."""
        self.gaps += 1
        self.end_all(at)

    def end_all(self, at: float) -> None:
        """End what is open without having seen its end."""
        for call in list(self.open):
            self._end(call, max(at, self.zero))

    def _since(self, at: float) -> float:
        return max(0.0, at - self.zero)

    def _house_of(self, centre: Centre, since: float) -> None:
        queues = tuple(queue.setting for queue in centre.queues.values())
        agents = [agent for agent in centre.agents.values() if not agent.leaving]
        loaded = SettingsLoaded(queues, tuple(agent.setting for agent in agents), _EPOCH)
        self.settings.append((since, loaded))
        for place in centre.places.values():
            is_ours = place.offer is not None and place.state is PlaceState.IN_USE
            state = PlaceState.FREE if is_ours else place.state
            self.places.append((since, PlaceChanged(place.place, state)))
        for agent in sorted(agents, key=lambda agent: (agent.idle_since, agent.number)):
            self.asks += _there(agent, since)

    def _enter(self, fact: CallQueued | CallRefused, since: float, centre: Centre) -> None:
        entered = self._entering.pop(fact.call, None)
        if entered is None:
            return
        setting = centre.queues[fact.queue].setting
        need = setting.need if entered.need is None else entered.need
        self._end(fact.call, fact.at)
        self.open[fact.call] = Stay(self._since(fact.at), entered, Kind(fact.queue, need))
        self._queued[fact.call] = since

    def _wait_again(self, call: Call, at: float) -> None:
        alone = call.only is not None and call.need_until is not None
        entered = QueueEntered(
            call=call.call,
            line=call.line,
            queue=call.queue,
            waited_s=at - call.since,
            need=call.need,
            credit_s=call.credit_s,
            preferred=call.only,
            preferred_s=(call.need_until or at) - at if alone else 0.0,
        )
        self.open[call.call] = Stay(self._since(at), entered, Kind(call.queue, call.need))
        self._queued[call.call] = call.since

    def _end(
        self,
        call: CallId,
        at: float,
        end: StayEnd = StayEnd.NOT_SEEN,
        *,
        talk_is_whole: bool = False,
    ) -> None:
        """End a wait; who was answered was served, whatever ended the talk."""
        stay = self.open.pop(call, None)
        answered = self._answered.pop(call, None)
        self._queued.pop(call, None)
        if stay is None:
            return
        waited_s = max(0.0, self._since(at if answered is None else answered) - stay.at)
        if answered is None:
            self.stays.append(replace(stay, waited_s=waited_s, end=end))
            return
        self.stays.append(
            replace(
                stay,
                waited_s=waited_s,
                end=StayEnd.SERVED,
                talked_s=at - answered,
                talk_is_whole=talk_is_whole,
            )
        )


def _there(agent: Agent, since: float) -> Iterator[Ask]:
    """How an agent comes to be as in this state; one who talks then comes to what is planned."""
    name, state, reason = agent.setting.agent, agent.state, agent.reason
    if state is AgentState.TALKING:
        state, reason = agent.after_talk, agent.after_talk_reason
    if state is AgentState.SIGNED_OUT:
        yield Ask(since, name, AgentState.SIGNED_OUT)
        return
    yield Ask(since, name, AgentState.READY)
    if state is AgentState.PAUSED:
        yield Ask(since, name, AgentState.PAUSED, reason or "")


def _is_ours(centre: Centre, place: PlaceId) -> bool:
    known = centre.places.get(place)
    return known is not None and known.offer is not None
