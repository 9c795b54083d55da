"""Agents' legs: lets a phone ring, joins it with the caller, and reads from the events how it went.

An offer's id is its leg's channel id: while the leg lives Asterisk refuses a second one, so that no
offer can ring twice. Rules of one leg:
- dialled -> answered (the leg comes to AGI) -> joined (both in one bridge) -> ended
- dialled -> refused: said once, from the dial's outcome and the hang-up's SIP code
- cancelled at any time: nothing is said any more, and whatever still comes of the leg is hung up
- a leg that nobody here knows (a service before us rang it) is hung up
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.client import AmiClient
from ivr.asterisk.errors import ActionRefused, AmiError
from ivr.asterisk.wire_events import (
    BridgeEntered,
    ChannelEnded,
    ChannelId,
    ChannelInAgi,
    ChannelListed,
    ListEntry,
    OriginateDone,
    RingingSeen,
    WireEvent,
)
from queues.centre.inputs import (
    AgentLegEnded,
    Input,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.ids import CallId, LineId, OfferId, PlaceId
from queues.ports import TelephonyFailed

log = structlog.get_logger()

_HANG_UP_WITHIN_S = 2.0
_LOOK_AGAIN_S = 0.05
_HANG_UP_FOLLOWS_S = 0.25
_NO_ANSWER_REASON = 3
_DECLINED = frozenset({"486", "600", "603", "480"})
_OUR_SIDE = frozenset({"488", "500", "503"})


@dataclass(slots=True)
class _Leg:
    """What is known of one agent's leg."""

    call: CallId
    rang: bool = False
    answered: bool = False
    joined: bool = False
    cancelled: bool = False
    settled: bool = False  # refusal or end was told
    bridge: str | None = None
    ended: ChannelEnded | None = None
    dialled: OriginateDone | None = None


class Offers:
    """`queues.ports.Telephony` on Asterisk."""

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
        self._shown_as = shown_as
        self._legs: dict[OfferId, _Leg] = {}
        self._bridges: dict[CallId, str] = {}
        self._to_end: asyncio.Queue[OfferId] = asyncio.Queue()

    async def run(self) -> None:
        """Hang up what must not stay up, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._end_leg(await self._to_end.get()))

    async def ring(self, offer: OfferId, call: CallId, place: PlaceId, *, timeout_s: float) -> None:
        """Let the phone ring; see `Telephony.ring`."""
        if offer in self._legs:
            raise TelephonyFailed("this offer was dialled already")
        self._legs[offer] = _Leg(call)
        action = wire.originate(
            wire.phone(place),
            channel_id=ChannelId(offer),
            context="fz-agent",
            exten="wait",
            timeout_ms=round(timeout_s * 1000),
            caller_number=self._callers.get(call),  # the line: what kind of call this is
            caller_name=self._shown_as,
        )
        try:
            await self._client.send(action)
        except AmiError as error:
            # Whether it went out is not known; by the port's contract `cancel` follows.
            if (leg := self._legs.get(offer)) is not None:
                leg.settled = True
            raise TelephonyFailed(f"dial not carried out: {error.code}") from None

    async def cancel(self, offer: OfferId) -> None:
        """End the agent's leg; see `Telephony.cancel`."""
        leg = self._legs.get(offer)
        if leg is None:
            return
        leg.cancelled = leg.settled = True
        await self._end_leg(offer)

    async def connect(self, offer: OfferId, call: CallId) -> None:
        """Join leg and caller; see `Telephony.connect`."""
        try:
            await self._desk.bridge(ChannelId(call), ChannelId(offer))
        except AmiError as error:
            raise TelephonyFailed(f"caller and agent not joined: {error.code}") from None

    def on_event(self, event: WireEvent) -> None:
        """Hear each event in order; those of other channels change nothing."""
        match event:
            case RingingSeen(channel):
                self._leg_rings(OfferId(channel))
            case ChannelInAgi(channel=channel, why=why):
                if OfferId(channel) in self._legs:
                    self._leg_in_agi(OfferId(channel))
                elif why == "agent":
                    self._to_end.put_nowait(OfferId(channel))  # rung by a service before us
            case OriginateDone(action_id=action_id, succeeded=False):
                self._dial_failed(OfferId(action_id), event)
            case ChannelEnded(channel):
                self._bridges.pop(CallId(channel), None)
                self._leg_ended(OfferId(channel), event)
            case BridgeEntered(channel, bridge):
                self._joined(channel, bridge)
            case _:
                pass

    def knows(self, channel: ChannelId) -> bool:
        """Whether this channel is an agent's leg that the centre knows of."""
        return OfferId(channel) in self._legs

    def look_up(self, listed: tuple[ListEntry, ...], legs: tuple[OfferId, ...]) -> None:
        """After the link was lost: legs that are gone are ended, those that answered are told."""
        alive = {entry.channel: entry for entry in listed if isinstance(entry, ChannelListed)}
        for offer in legs:
            leg = self._legs.get(offer)
            if leg is None:
                continue
            entry = alive.get(ChannelId(offer))
            if entry is None:
                self._leg_ended(offer, ChannelEnded(ChannelId(offer), 0, None))
                self._refuse(offer, leg, RefuseCause.FAILED)
            elif entry.in_agi and not leg.answered:
                self._leg_in_agi(offer)

    @property
    def legs(self) -> tuple[OfferId, ...]:
        """Every leg that may be up."""
        return tuple(self._legs)

    def switch_restarted(self) -> None:
        """All legs are gone; the centre is told of the restart as a whole."""
        self._legs.clear()
        self._bridges.clear()

    def _leg_rings(self, offer: OfferId) -> None:
        if (leg := self._legs.get(offer)) is not None:
            leg.rang = True
            if leg.cancelled:
                self._to_end.put_nowait(offer)

    def _leg_in_agi(self, offer: OfferId) -> None:
        leg = self._legs.get(offer)
        if leg is None:
            return
        if leg.cancelled:
            self._to_end.put_nowait(offer)
        elif not leg.answered:
            leg.answered = True
            self._submit(OfferAnswered(offer))
        elif leg.joined and not leg.settled:
            # The talk is over and the leg is back in its loop: for the agent the call has ended.
            leg.settled = leg.cancelled = True
            self._submit(AgentLegEnded(offer))
            self._to_end.put_nowait(offer)

    def _joined(self, channel: ChannelId, bridge: str) -> None:
        self._bridges[CallId(channel)] = bridge
        leg = self._legs.get(OfferId(channel))
        if leg is not None:
            leg.bridge = bridge
            del self._bridges[CallId(channel)]
        for offer, each in tuple(self._legs.items()):
            if not each.joined and each.bridge and each.bridge == self._bridges.get(each.call):
                each.joined = True
                self._submit(TalkStarted(offer))

    def _dial_failed(self, offer: OfferId, done: OriginateDone) -> None:
        leg = self._legs.get(offer)
        if leg is None:
            return
        leg.dialled = done
        if leg.cancelled:
            if leg.ended is not None:
                del self._legs[offer]
        elif leg.ended is not None:
            self._refuse(offer, leg, self._cause(leg, done))
        else:  # the hang-up with its SIP code follows, unless the phone was never dialled at all
            asyncio.get_running_loop().call_later(_HANG_UP_FOLLOWS_S, self._settle, offer)

    def _settle(self, offer: OfferId) -> None:
        leg = self._legs.get(offer)
        if leg is not None and leg.dialled is not None and not leg.cancelled:
            self._refuse(offer, leg, self._cause(leg, leg.dialled))

    def _leg_ended(self, offer: OfferId, event: ChannelEnded) -> None:
        leg = self._legs.get(offer)
        if leg is None:
            return
        leg.ended = event
        if leg.cancelled:
            del self._legs[offer]
        elif leg.answered:
            del self._legs[offer]
            leg.settled = True
            self._submit(AgentLegEnded(offer))
        elif leg.dialled is not None:
            self._refuse(offer, leg, self._cause(leg, leg.dialled))

    def _refuse(self, offer: OfferId, leg: _Leg, cause: RefuseCause) -> None:
        self._legs.pop(offer, None)
        if not leg.settled:
            leg.settled = True
            self._submit(OfferRefused(offer, cause))

    @staticmethod
    def _cause(leg: _Leg, done: OriginateDone) -> RefuseCause:
        code = leg.ended.tech_cause if leg.ended is not None else None
        if done.reason == _NO_ANSWER_REASON:
            return RefuseCause.NO_ANSWER if leg.rang else RefuseCause.UNREACHABLE
        if code in _OUR_SIDE:
            return RefuseCause.FAILED
        return RefuseCause.DECLINED if code in _DECLINED else RefuseCause.UNREACHABLE

    async def _end_leg(self, offer: OfferId) -> None:
        """Hang the leg up, also one whose channel Asterisk is only about to make."""
        try:
            async with asyncio.timeout(_HANG_UP_WITHIN_S):
                while True:
                    try:
                        await self._client.send(wire.hangup(ChannelId(offer)))
                        return
                    except ActionRefused:  # no such channel: not yet, or no longer
                        leg = self._legs.get(offer)
                        if leg is None or leg.ended is not None or leg.dialled is not None:
                            break
                        await asyncio.sleep(_LOOK_AGAIN_S)
            self._legs.pop(offer, None)
        except (AmiError, TimeoutError) as error:
            log.warning("leg not ended", offer=offer, error=type(error).__name__)
