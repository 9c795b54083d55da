"""Hears everything Asterisk says, in order, and tells dialogues, offers and centre what is theirs.

Rules:
- a channel new to us that comes to AGI with a line is a caller; one that is an offer is an agent's
  leg
- after each `LinkUp` what we hold, or a service before us held, is compared with what lives: what
  is gone ends as lost, who is left is gone on with (`Left`), a caller of whom nobody knows begins
  the line anew, an agent's leg without an offer is hung up
- who comes new from the switch's own queue goes on in ours, without a welcome
- a caller of ours who comes out of a talk and is to wait hears music; an agent's leg that was
  settled before us is hung up, also out of a talk
- a caller whom the dialplan took while we were silent, and gives back, hears from us again; so does
  one whom it sent to the emergency number; keys pressed meanwhile were for the dialplan
- one who came back from the emergency number while there was no link is told of by the look-up
- a restart of Asterisk ends everything at once
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.calls import Calls
from ivr.asterisk.client import AmiClient
from ivr.asterisk.config import STANDING
from ivr.asterisk.errors import ActionRefused
from ivr.asterisk.offers import OFFER_PREFIX, Offers
from ivr.asterisk.wire_events import (
    ChannelEnded,
    ChannelInAgi,
    ChannelListed,
    ContactChanged,
    DeviceChanged,
    DeviceListed,
    DeviceState,
    KeyReleased,
    LinkDown,
    LinkUp,
    ListEntry,
    WireEvent,
)
from ivr.phone_number import PhoneNumber
from queues.centre.inputs.calls import CallArrived, CallEnded, EndCause
from queues.centre.inputs.house import PlaceChanged, PlaceState, SwitchRestarted
from queues.centre.inputs.input import Input
from queues.ids import CallId, LineId, PlaceId

log = structlog.get_logger()

_FREE = frozenset({DeviceState.NOT_INUSE})
_UNREACHABLE = frozenset({DeviceState.UNAVAILABLE, DeviceState.INVALID, DeviceState.UNKNOWN})
_LOOK_AGAIN_S = 1.0
_TAKEN = frozenset({"timeout", "redirect"})  # why a channel comes that the dialplan had taken
_NO_CALLER = frozenset({"agent", "code"})  # an agent's leg, a feature code
_EMERGENCY = {"helped": True, "unhelped": False}  # why a channel comes from the emergency number
_HOLD = "fz-hold"  # the context of the loop that gives callers to us
_AT_ONCE = 20  # callers gone on with before the loop has its turn


class Callers(Protocol):
    """Who is told of callers: the driver."""

    def call_arrived(self, call: CallId, line: LineId) -> None: ...

    def key_pressed(self, call: CallId, key: str) -> None: ...

    def emergency_over(self, call: CallId, *, reached: bool) -> bool: ...

    def call_ended(self, call: CallId) -> None: ...


class Left(Protocol):
    """Callers of the service before us, until each is gone on with or gone: the adoption."""

    def __contains__(self, call: CallId) -> bool: ...

    def found(self, call: CallId, *, in_bridge: bool) -> None: ...

    def taken_back(self, call: CallId, line: LineId) -> bool: ...

    def given_back(self, call: CallId) -> None: ...

    def comes_out_of_a_talk(self, call: CallId) -> None: ...

    def ended(self, call: CallId) -> None: ...

    def lost(
        self, calls: Collection[CallId], noted: Iterable[ListEntry] = ()
    ) -> Mapping[CallId, float]: ...


class NobodyLeft:
    """For a switch that no service served before."""

    def __contains__(self, call: CallId) -> bool:
        return False

    def found(self, call: CallId, *, in_bridge: bool) -> None:
        """Nobody is left to be found."""

    def taken_back(self, call: CallId, line: LineId) -> bool:
        """Nobody waited before."""
        return False

    def given_back(self, call: CallId) -> None:
        """Without a dialplan that serves callers none is given back."""

    def comes_out_of_a_talk(self, call: CallId) -> None:
        """Nobody waits who talked."""

    def ended(self, call: CallId) -> None:
        """Nobody is left to end."""

    def lost(
        self, calls: Collection[CallId], noted: Iterable[ListEntry] = ()
    ) -> Mapping[CallId, float]:
        """Nobody calls back."""
        return {}


@dataclass(frozen=True, slots=True)
class Told:
    """Who else is told: of each event, of who calls, of the end of a look-up that came through."""

    event: Callable[[WireEvent], None] = lambda _: None
    caller: Callable[[CallId, PhoneNumber | None], None] = lambda _call, _number: None
    looked_up: Callable[[], None] = lambda: None


class Switchboard:
    """The one reader of the client's inbox.

    `lines`: every caller's channel that is ours or was a service's before us, with its line.
    """

    def __init__(
        self,
        client: AmiClient,
        desk: AgiDesk,
        calls: Calls,
        offers: Offers,
        callers: Callers,
        submit: Callable[[Input], object],
        lines: dict[CallId, LineId],
        places: frozenset[PlaceId],
        left: Left | None = None,
        told: Told | None = None,
    ) -> None:
        self._client = client
        self._desk = desk
        self._calls = calls
        self._offers = offers
        self._callers = callers
        self._submit = submit
        self._places = places
        self._known = lines
        self._left = NobodyLeft() if left is None else left
        self._others = told or Told()
        self._told: set[str] = set()  # phones that an event told of since the last look-up
        self._lookups: asyncio.Queue[LinkUp] = asyncio.Queue()

    async def run(self) -> None:
        """Hear and tell until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_up_after_each_link())
            while True:
                event = await self._client.inbox.get()
                try:
                    self._hear(event)
                except Exception as error:  # one bad event must not cost the others
                    log.error("event not handled", event_kind=type(event).__name__, exc_info=error)

    def _hear(self, event: WireEvent) -> None:
        self._others.event(event)
        if isinstance(event, LinkUp):
            if event.restarted:
                self._everything_ended()
            self._desk.on_event(event)
            self._lookups.put_nowait(event)
            return
        self._desk.on_event(event)
        self._offers.on_event(event)
        match event:
            case ChannelInAgi():
                self._in_agi(event)
            case KeyReleased(channel, key) if CallId(channel) in self._known:
                if not self._desk.is_elsewhere(channel):
                    self._callers.key_pressed(CallId(channel), key)
            case ChannelEnded(channel) if CallId(channel) in self._known:
                self._end(CallId(channel), EndCause.LOST if event.lost else EndCause.HUNG_UP)
            case ChannelEnded(channel):
                self._left.ended(CallId(channel))
            case DeviceChanged(endpoint, state):
                self._told.add(endpoint)
                self._place(endpoint, _place_state(state))
            case ContactChanged(endpoint, reachable=False):
                self._place(endpoint, PlaceState.UNREACHABLE)
            case LinkDown():
                self._calls.link_lost()
            case _:
                pass

    def _in_agi(self, event: ChannelInAgi) -> None:
        call = CallId(event.channel)
        if self._offers.knows(event.channel) or event.why in _NO_CALLER:
            return
        if call in self._left:
            self._left.found(call, in_bridge=False)
        elif call not in self._known:
            self._known[call] = LineId(event.line)
            self._others.caller(call, event.caller_number)
            self._submit(CallArrived(call, LineId(event.line)))
            if not self._left.taken_back(call, LineId(event.line)):
                self._callers.call_arrived(call, LineId(event.line))
        elif event.why in _EMERGENCY:
            self._calls.back_from_help(call)
            if not self._callers.emergency_over(call, reached=_EMERGENCY[event.why]):
                self._left.given_back(call)
        elif event.why in _TAKEN:
            self._left.given_back(call)
        else:
            self._left.comes_out_of_a_talk(call)

    def _end(self, call: CallId, cause: EndCause, gone_at: float | None = None) -> None:
        self._known.pop(call, None)
        self._left.ended(call)
        self._submit(CallEnded(call, cause, gone_at))
        self._callers.call_ended(call)

    def _place(self, endpoint: str, state: PlaceState) -> None:
        place = PlaceId(endpoint)
        if place in self._places:
            self._submit(PlaceChanged(place, state))

    def _everything_ended(self) -> None:
        log.warning("Asterisk was restarted; its calls are gone", calls=len(self._known))
        self._left.lost(self._known.keys())
        self._offers.switch_restarted()
        self._submit(SwitchRestarted())
        for call in tuple(self._known):
            self._end(call, EndCause.LOST)

    async def _look_up_after_each_link(self) -> None:
        while True:
            await self._lookups.get()
            while not self._lookups.empty():
                self._lookups.get_nowait()
            try:
                await self._look_up()
            except Exception as error:  # whatever it is, the other calls must not end with it
                log.warning("look-up after a new link failed", exc_info=error)
                await asyncio.sleep(_LOOK_AGAIN_S)
                if self._client.up:
                    self._lookups.put_nowait(LinkUp(restarted=False, first=False))

    async def _look_up(self) -> None:
        """Compare what we hold with what lives in Asterisk."""
        known = tuple(self._known)
        listed = await self._client.list(wire.core_show_channels())
        channels = [entry for entry in listed if isinstance(entry, ChannelListed)]
        for entry in channels:
            self._desk.on_event(entry)
        alive = {CallId(entry.channel) for entry in channels}
        gone = [call for call in known if call not in alive]
        noted = await self._client.list(wire.missed_calls()) if gone else ()
        gone = [call for call in gone if call in self._known]
        gone_at = self._left.lost(gone, noted)
        for call in gone:
            self._end(call, EndCause.LOST, gone_at.get(call))
        for call in self._calls.looked_up(channels):
            log.warning("a caller came back from the emergency number unheard", call=call)
            self._callers.emergency_over(call, reached=False)  # as far as is known: a human helps
        self._offers.look_up(channels)
        settled = {e.bridge for e in channels if e.bridge and self._offers.is_settled(e.channel)}
        for number, entry in enumerate(channels):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            call = CallId(entry.channel)
            if call not in self._left:
                continue
            is_over = entry.bridge is not None and entry.bridge in settled
            # Where the emergency number still rings no bridge is yet.
            is_served = entry.bridge is not None or entry.context == STANDING
            if not is_over and (entry.in_agi or is_served):
                self._left.found(call, in_bridge=is_served)
            elif is_over or (entry.context == _HOLD and entry.exten == "s"):
                # In a talk that was decided to be over; or listed with what it ran last for the
                # service before us, a sound that broke off.
                with suppress(ActionRefused):
                    await self._calls.fetch(call)
        for entry in channels:
            if CallId(entry.channel) not in self._known:
                with suppress(ActionRefused):  # it ended since it was listed
                    await self._take_in(entry)
        self._told.clear()
        for phone in await self._client.list(wire.device_state_list()):
            # What an event told since we asked is newer than the list.
            if isinstance(phone, DeviceListed) and phone.endpoint not in self._told:
                self._place(phone.endpoint, _place_state(phone.state))
                self._others.event(phone)
        self._others.looked_up()

    async def _take_in(self, entry: ChannelListed) -> None:
        """A channel that nobody here drives: a caller begins anew, a leg that still rings ends."""
        if entry.in_agi and entry.context == _HOLD:
            await self._calls.fetch(CallId(entry.channel))
        elif (
            entry.channel.startswith(OFFER_PREFIX)
            and not self._offers.knows(entry.channel)
            and (entry.bridge is None or self._offers.is_settled(entry.channel))
        ):
            await self._client.send(wire.hangup(entry.channel))


def _place_state(state: DeviceState) -> PlaceState:
    if state in _FREE:
        return PlaceState.FREE
    return PlaceState.UNREACHABLE if state in _UNREACHABLE else PlaceState.IN_USE
