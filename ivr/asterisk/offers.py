"""Agents' legs: lets phones ring, joins them with callers, and tells the centre what came of it.

An offer's id is its leg's channel id: while the leg lives Asterisk refuses a second one, so no
offer rings twice. What follows from what stands in `legs.py`; here it is heard, told, carried out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.bridges import Bridges
from ivr.asterisk.client import AmiClient
from ivr.asterisk.errors import ActionRefused, AmiError, LinkLost
from ivr.asterisk.held_music import HeldMusic
from ivr.asterisk.legs import Leg, LegEvent, LegState, Told, moved_on, refuse_cause, step
from ivr.asterisk.shown_name import shown_name
from ivr.asterisk.wire_events import (
    BridgeEntered,
    ChannelEnded,
    ChannelId,
    ChannelInAgi,
    ChannelListed,
    OriginateDone,
    RingingSeen,
    WireEvent,
)
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.ids import CallId, LineId, OfferId, PlaceId
from queues.ports import TelephonyFailed

log = structlog.get_logger()

OFFER_PREFIX = "offer"  # every offer's id begins so: legs of a service before us are known by it
_HANG_UP_WITHIN_S = 2.0
_LOOK_AGAIN_S = 0.05
_CALLER_COMES_S = 5.5  # the dialplan looks for 5 s whether the beat goes on
_CALLER_LEAVES_S = 2.0
_TOO_YOUNG_S = 1.0  # a leg just dialled may not be listed yet; its events will come


@dataclass(slots=True)
class _Offer:
    """One offer under way: its caller, its leg, and when it was dialled (the loop's clock)."""

    call: CallId
    leg: Leg
    dialled_at: float
    joins_anew: bool = False  # the service before us was to join them, and perhaps did
    with_agent: bool = False  # the caller's part is another leg's, whose agent asks


class Offers:
    """`queues.ports.Telephony` on Asterisk. `callers`: the callers' channels with their lines."""

    def __init__(
        self,
        client: AmiClient,
        desk: AgiDesk,
        submit: Callable[[Input], object],
        callers: Mapping[CallId, LineId],
        shown_as: str,
    ) -> None:
        self._client = client
        self._desk = desk
        self._submit = submit
        self._callers = callers
        self._shown_as = shown_name(shown_as)
        self._offers: dict[OfferId, _Offer] = {}
        self._bridges = Bridges()
        self._music = HeldMusic(desk)
        self._before = ("", 0)
        self._to_end: asyncio.Queue[OfferId] = asyncio.Queue()
        self._to_join: asyncio.Queue[OfferId] = asyncio.Queue()
        self._due_changed = asyncio.Event()
        self._moved = asyncio.Event()  # a caller or a leg

    def __len__(self) -> int:
        """How many offers are under way."""
        return len(self._offers)

    def unsettled(self) -> int:
        """How many legs ring, wait to be joined or are being ended."""
        settled = (LegState.TALKS, LegState.HELD)
        return sum(each.leg.state not in settled for each in self._offers.values())

    async def run(self) -> None:
        """Hang up what must not stay up, and keep the legs' deadlines, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_deadlines(), name="legs' deadlines")
            tasks.create_task(self._join_anew(), name="joins left undone")
            tasks.create_task(self._music.run(), name="music of the held")
            while True:
                tasks.create_task(self._end_leg(await self._to_end.get()))

    async def ring(self, offer: OfferId, call: CallId, place: PlaceId, *, timeout_s: float) -> None:
        """Let the phone ring; see `Telephony.ring`."""
        if offer in self._offers:
            raise TelephonyFailed("this offer was dialled already")
        try:
            action = wire.originate(
                wire.phone(place),
                channel_id=ChannelId(offer),
                context="fz-agent",
                exten="wait",
                timeout_ms=round(timeout_s * 1000),
                caller_number=self._line(call),  # what kind of call this is
                caller_name=self._shown_as,
            )
            self._offers[offer] = _Offer(call, Leg(), _now(), with_agent=self._is_leg(call))
            await self._client.send(action)
        except AmiError as error:
            never_dialled = isinstance(error, ActionRefused) or (
                isinstance(error, LinkLost) and not error.sent
            )
            self._happens(offer, LegEvent.CANCELLED)
            if never_dialled:
                self._offers.pop(offer, None)
            raise TelephonyFailed(f"dial not carried out: {error.code}") from None

    async def cancel(self, offer: OfferId) -> None:
        """End the agent's leg; see `Telephony.cancel`."""
        self._happens(offer, LegEvent.CANCELLED)
        await self._end_leg(offer)

    async def connect(self, offer: OfferId, call: CallId) -> None:
        """Join leg and caller; see `Telephony.connect`.

        A caller whom the dialplan holds, to see whether somebody decides, is waited for; so are
        legs that are still with another one.
        """
        if (mine := self._offers.get(offer)) is not None:
            mine.call, mine.with_agent = call, self._is_leg(call)
            self._happens(offer, LegEvent.TO_JOIN)
        if self._are_joined(offer, call):
            self._happens(offer, LegEvent.JOINED)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_CALLER_COMES_S):
                while self._is_to_come(offer, call):
                    self._moved.clear()
                    await self._moved.wait()
        try:
            await self._desk.bridge(ChannelId(call), ChannelId(offer))
        except AmiError as error:
            raise TelephonyFailed(f"caller and agent not joined: {error.code}") from None

    async def hold(self, offer: OfferId, call: CallId) -> None:
        """Take the caller out of the talk; see `Telephony.hold`. Music follows as they come."""
        self._happens(offer, LegEvent.TO_HOLD)
        try:
            action = wire.redirect(ChannelId(call), context="fz-hold", exten="back")
            await self._client.send(action)
            async with asyncio.timeout(_CALLER_LEAVES_S):
                while self._are_joined(offer, call):
                    self._moved.clear()
                    await self._moved.wait()
        except AmiError as error:
            raise TelephonyFailed(f"caller not held: {error.code}") from None
        except TimeoutError:
            raise TelephonyFailed("the caller did not leave the talk") from None

    async def fetch(self, offer: OfferId, call: CallId) -> None:
        """Take the caller back to the loop that gives channels to us; see `Telephony.fetch`.

        Should the way back fail, the end of the agent's leg brings the caller there.
        """
        self._happens(offer, LegEvent.CANCELLED)
        try:
            action = wire.redirect(ChannelId(call), context="fz-hold", exten="back")
            await self._client.send(action)
        except AmiError as error:
            log.warning("caller not fetched", call=call, error=error.code)
        await self._end_leg(offer)

    def on_event(self, event: WireEvent) -> None:
        """Hear each event in order; those of other channels change nothing."""
        self._moved.set()
        self._bridges.on_event(event)
        match event:
            case RingingSeen(channel):
                self._happens(OfferId(channel), LegEvent.RANG)
            case ChannelInAgi(channel=channel, why=why):
                if OfferId(channel) in self._offers:
                    self._happens(OfferId(channel), LegEvent.IN_AGI)
                elif why == "agent":
                    self._to_end.put_nowait(OfferId(channel))  # nobody here rang it
                self._happens_to_caller(channel, LegEvent.CALLER_BACK)
                self._comes_while_held(channel)
            case OriginateDone(action_id=action_id, succeeded=False, reason=reason):
                self._happens(OfferId(action_id), LegEvent.DIAL_FAILED, reason=reason)
            case ChannelEnded(channel=channel, tech_cause=code):
                self._happens(OfferId(channel), LegEvent.ENDED, code=code, lost=event.lost)
                self._happens_to_caller(channel, LegEvent.CALLER_ENDED)
            case BridgeEntered(channel=channel):
                self._look_for_joined(channel)
            case _:
                pass

    def knows(self, channel: ChannelId) -> bool:
        """Whether this channel is the leg of an offer under way."""
        return OfferId(channel) in self._offers

    def begin_after(self, epoch: str, number: int) -> None:
        """Offers up to this one were decided on by the service before us; see `restore`."""
        self._before = (epoch, number)

    def is_settled(self, channel: ChannelId) -> bool:
        """Whether this is the leg of an offer that the service before us knew to be over."""
        epoch, _, number = channel.partition("-")
        before, last = self._before
        is_offer = channel.startswith(OFFER_PREFIX) and number.isdecimal() and bool(before)
        if not is_offer or self.knows(channel):
            return False
        return epoch != before or int(number) <= last

    def restore(self, offer: OfferId, call: CallId, state: LegState) -> None:
        """Take over an offer of the service before us, whose leg was last known to be here.

        The next look-up judges it: its leg may be gone, answered or joined by now.
        """
        joins_anew = state is LegState.ANSWERED
        leg = Leg(state, rang=True)
        self._offers[offer] = _Offer(call, leg, -_TOO_YOUNG_S, joins_anew, self._is_leg(call))

    def look_up(self, listed: Iterable[ChannelListed]) -> None:
        """After a lost link: compare the legs with what lives."""
        alive = {entry.channel: entry for entry in listed}
        self._bridges.learn(alive.values())
        for name in tuple(self._offers):
            offer = self._offers[name]
            entry = alive.get(ChannelId(name))
            if entry is None:
                young = _now() - offer.dialled_at < _TOO_YOUNG_S
                if not (young and offer.leg.state is LegState.DIALLED):
                    self._happens(name, LegEvent.VANISHED)
            elif offer.leg.state is LegState.ENDING:
                self._to_end.put_nowait(name)
            elif moved_on(offer.leg.state, in_agi=entry.in_agi, joined=entry.bridge is not None):
                self._happens(name, LegEvent.IN_AGI)
        for entry in alive.values():
            if entry.in_agi:
                self._comes_while_held(entry.channel)
        self._look_for_joined()
        for name, offer in self._offers.items():
            if offer.joins_anew and offer.leg.state is LegState.ANSWERED:
                self._to_join.put_nowait(name)
            offer.joins_anew = False

    def switch_restarted(self) -> None:
        """All legs are gone; the centre is told of the restart as a whole."""
        self._offers.clear()
        self._bridges.forget_all()

    def _is_to_come(self, offer: OfferId, call: CallId) -> bool:
        """Both live and are to be joined, and one of them is elsewhere."""
        mine = self._offers.get(offer)
        waits = mine is not None and mine.leg.state is LegState.ANSWERED and self._client.up
        lives = call in self._callers or self._is_leg(call)
        here = self._desk.in_agi(ChannelId(call)) and self._desk.in_agi(ChannelId(offer))
        return waits and lives and not here

    def _is_leg(self, call: CallId) -> bool:
        return OfferId(call) in self._offers

    def _line(self, call: CallId) -> LineId | None:
        """The line of a caller, or of the one about whom an agent asks."""
        asking = self._offers.get(OfferId(call))
        return self._callers.get(call if asking is None else asking.call)

    def _are_joined(self, offer: OfferId, call: CallId) -> bool:
        return self._bridges.joined(ChannelId(offer), ChannelId(call))

    def _look_for_joined(self, entered: ChannelId | None = None) -> None:
        """Who is in a bridge with its caller, of all, or with whoever entered one.

        Who is to be held is not joined by being in it still.
        """
        for name in tuple(self._offers):
            call = self._offers[name].call
            touched = entered in (None, ChannelId(name), ChannelId(call))
            if touched and self._are_joined(name, call):
                self._happens(name, LegEvent.JOINED)

    def _happens_to_caller(self, channel: ChannelId, event: LegEvent) -> None:
        for name in [n for n, offer in self._offers.items() if offer.call == CallId(channel)]:
            asks = self._offers[name].with_agent and event is LegEvent.CALLER_ENDED
            self._happens(name, LegEvent.TO_JOIN if asks else event)

    def _comes_while_held(self, channel: ChannelId) -> None:
        """A caller who is held, or the agent who holds, is in nobody's hands but ours."""
        for name, offer in self._offers.items():
            is_one = channel in (ChannelId(name), ChannelId(offer.call))
            if is_one and offer.leg.state is LegState.HELD:
                self._music.want(channel)

    def _happens(
        self,
        name: OfferId,
        event: LegEvent,
        *,
        reason: int | None = None,
        code: str | None = None,
        lost: bool = False,
    ) -> None:
        offer = self._offers.get(name)
        if offer is None:
            return
        self._moved.set()
        after = step(offer.leg, event, now=_now(), reason=reason, code=code, lost=lost)
        if after.leg.due != offer.leg.due:
            self._due_changed.set()
        offer.leg = after.leg
        if after.leg.state is LegState.GONE:
            del self._offers[name]
        if after.hang_up:
            self._to_end.put_nowait(name)
        if after.told is not None:
            self._tell(name, after.told, after.leg)

    def _tell(self, name: OfferId, told: Told, leg: Leg) -> None:
        match told:
            case Told.ANSWERED:
                self._submit(OfferAnswered(name))
            case Told.TALK_STARTED:
                self._submit(TalkStarted(name))
            case Told.OVER | Told.LOST:
                self._submit(AgentLegEnded(name, lost=told is Told.LOST))
            case Told.REFUSED:
                self._submit(OfferRefused(name, refuse_cause(leg)))

    async def _keep_deadlines(self) -> None:
        while True:
            self._due_changed.clear()
            dues = [(o.leg.due, name) for name, o in self._offers.items() if o.leg.due is not None]
            due, name = min(dues, default=(None, OfferId("")))
            if due is not None and due <= _now():
                self._happens(name, LegEvent.DUE)
                continue
            try:
                async with asyncio.timeout_at(due):
                    await self._due_changed.wait()
            except TimeoutError:
                continue

    async def _join_anew(self) -> None:
        """Join whom the service before us did not come to join: the look-up saw them apart."""
        while True:
            name = await self._to_join.get()
            offer = self._offers.get(name)
            if offer is None or offer.leg.state is not LegState.ANSWERED:
                continue
            try:
                await self.connect(name, offer.call)
            except TelephonyFailed:
                self._submit(OfferRefused(name, RefuseCause.FAILED))

    async def _end_leg(self, name: OfferId) -> None:
        """Hang the leg up, also one whose channel Asterisk is only about to make."""
        try:
            async with asyncio.timeout(_HANG_UP_WITHIN_S):
                while not await self._hung_up(name):
                    if name not in self._offers:
                        return  # never rung by us, or gone
                    await asyncio.sleep(_LOOK_AGAIN_S)
        except TimeoutError:
            self._offers.pop(name, None)  # Asterisk never made the channel
        except AmiError as error:
            # No link: the leg stays known, and the look-up after the next link judges it.
            log.warning("leg not ended", offer=name, error=error.code)

    async def _hung_up(self, name: OfferId) -> bool:
        try:
            await self._client.send(wire.hangup(ChannelId(name)))
        except ActionRefused:  # no such channel: not yet, or no longer
            return False
        return True


def _now() -> float:
    return asyncio.get_running_loop().time()
