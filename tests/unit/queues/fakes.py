"""A telephone switch and callers' dialogues without wires, for tests of what stands on the ports.

The fake keeps the port's promises and nothing more: it reports what a phone does in the loop's
time, reports the phone busy and free as Asterisk does, and is silent about what was cancelled.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from queues.centre.commands import ReturnReason
from queues.centre.inputs.calls import CallEnded, EndCause
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.ids import CallId, OfferId, PlaceId, QueueId
from queues.ports import TelephonyFailed


class Phone(Enum):
    """What the person, or nobody, at a phone does when it rings."""

    ANSWERS = auto()  # after `answer_s`
    RINGS_OUT = auto()
    DECLINES = auto()
    UNREACHABLE = auto()
    FAILS = auto()  # the switch refuses to dial
    HANGS = auto()  # the switch never answers the command
    SILENT = auto()  # dialled, and nothing is ever reported


@dataclass(slots=True)
class _Leg:
    offer: OfferId
    call: CallId
    place: PlaceId
    answered: bool = False
    joined: bool = False
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class FakeTelephony:
    """Fulfils `queues.ports.Telephony`. Phones not named in `phones` answer."""

    submit: Callable[[Input], object]
    phones: dict[PlaceId, Phone] = field(default_factory=dict)
    answer_s: float = 0.0
    refuses_connect: bool = False
    refuses_hold: bool = False
    reports_places: bool = True
    faults: list[BaseException] = field(default_factory=list)  # each raised by one ring
    commands: list[tuple[str, str]] = field(default_factory=list)  # as they arrived
    _legs: dict[OfferId, _Leg] = field(default_factory=dict)
    _gone: set[CallId] = field(default_factory=set)
    _held: set[OfferId] = field(default_factory=set)  # legs whose callers are, or were, held

    async def ring(self, offer: OfferId, call: CallId, place: PlaceId, *, timeout_s: float) -> None:
        """Dial; the outcome is reported later."""
        self.commands.append(("ring", offer))
        if self.faults:
            raise self.faults.pop(0)
        phone = self.phones.get(place, Phone.ANSWERS)
        if phone is Phone.HANGS:
            await asyncio.Event().wait()
        if phone is Phone.FAILS or offer in self._legs:
            raise TelephonyFailed("the switch refused to dial")
        leg = self._legs[offer] = _Leg(offer, call, place)
        match phone:
            case Phone.ANSWERS:
                self._place(place, PlaceState.IN_USE)
                self._later(leg, self.answer_s, self._answer)
            case Phone.RINGS_OUT:
                self._place(place, PlaceState.IN_USE)
                self._later(leg, timeout_s, self._refuse, RefuseCause.NO_ANSWER)
            case Phone.DECLINES:
                self._later(leg, 0.0, self._refuse, RefuseCause.DECLINED)
            case Phone.UNREACHABLE:
                self._later(leg, timeout_s, self._refuse, RefuseCause.UNREACHABLE)

    async def cancel(self, offer: OfferId) -> None:
        """End the agent's leg, silently."""
        self.commands.append(("cancel", offer))
        leg = self._legs.pop(offer, None)
        if leg is not None:
            self._end(leg)

    async def connect(self, offer: OfferId, call: CallId) -> None:
        """Join; refused when a leg is not up or the caller is gone."""
        self.commands.append(("connect", offer))
        leg = self._legs.get(offer)
        if self.refuses_connect or leg is None or not leg.answered or call in self._gone:
            raise TelephonyFailed("the switch refused to join")
        asking = self._legs.get(OfferId(call))
        if OfferId(call) in self._held and (asking is None or not asking.answered):
            raise TelephonyFailed("the switch refused to join")
        self._later(leg, 0.0, self._join)

    async def hold(self, offer: OfferId, call: CallId) -> None:
        """Take them apart; the agent's leg stays up."""
        self.commands.append(("hold", offer))
        leg = self._legs.get(offer)
        if self.refuses_hold or leg is None or call in self._gone:
            raise TelephonyFailed("the switch refused to hold")
        leg.joined = False
        self._held.add(offer)

    async def fetch(self, offer: OfferId, call: CallId) -> None:
        """Take them apart and end the agent's leg, silently."""
        self.commands.append(("fetch", offer))
        leg = self._legs.pop(offer, None)
        if leg is not None:
            self._end(leg)

    def agent_hangs_up(self, offer: OfferId) -> None:
        """The agent puts the phone down on an answered leg."""
        leg = self._legs.pop(offer)
        assert leg.answered
        self._end(leg)
        self.submit(AgentLegEnded(offer))

    def phone_is_lost(self, offer: OfferId) -> None:
        """The agent's phone goes away under an answered leg, and comes back at once."""
        leg = self._legs.pop(offer)
        assert leg.answered
        self._end(leg)
        self.submit(AgentLegEnded(offer, lost=True))

    def caller_hangs_up(self, call: CallId) -> None:
        """The caller puts the phone down; a joined agent's leg stays up until cancelled."""
        self._gone.add(call)
        self.submit(CallEnded(call, EndCause.HUNG_UP))

    def legs(self) -> list[OfferId]:
        """The agents' legs that ring or are up."""
        return list(self._legs)

    def _later(
        self, leg: _Leg, delay_s: float, what: Callable[..., None], *more: RefuseCause
    ) -> None:
        leg.timer = asyncio.get_running_loop().call_later(delay_s, what, leg, *more)

    def _answer(self, leg: _Leg) -> None:
        leg.answered = True
        self.submit(OfferAnswered(leg.offer))

    def _join(self, leg: _Leg) -> None:
        leg.joined = True
        self.submit(TalkStarted(leg.offer))

    def _refuse(self, leg: _Leg, cause: RefuseCause) -> None:
        del self._legs[leg.offer]
        self._end(leg)
        self.submit(OfferRefused(leg.offer, cause))

    def _end(self, leg: _Leg) -> None:
        if leg.timer is not None:
            leg.timer.cancel()
        if self.phones.get(leg.place) is not Phone.UNREACHABLE:
            self._place(leg.place, PlaceState.FREE)

    def _place(self, place: PlaceId, state: PlaceState) -> None:
        if self.reports_places:
            self.submit(PlaceChanged(place, state))


@dataclass(slots=True)
class FakeDialogues:
    """Fulfils `queues.ports.Dialogues` by writing down what it is told."""

    told: list[tuple[str, CallId, ReturnReason | None]] = field(default_factory=list)
    returned_from: list[QueueId] = field(default_factory=list)
    then: Callable[[CallId], object] | None = None  # done when a call is returned

    def connected(self, call: CallId) -> None:
        """An agent is on the line."""
        self.told.append(("connected", call, None))

    def waits_again(self, call: CallId) -> None:
        """The caller waits on."""
        self.told.append(("waits_again", call, None))

    def returned(self, call: CallId, reason: ReturnReason, queue: QueueId) -> None:
        """The caller is the dialogue's again."""
        self.told.append(("returned", call, reason))
        self.returned_from.append(queue)
        if self.then is not None:
            self.then(call)
