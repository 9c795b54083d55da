"""Which channel may be given an AGI command now, and when a command that was given is lost.

Rules, for each channel by itself:

1. It is ours to command from `ChannelInAgi` until it enters a bridge, leaves AGI or ends.
2. One command is in flight; others wait their turn in the order they came. The switch would queue
   them itself, but then they survive a bridge and run when the caller comes back.
3. A bridge swallows the answer of the command it cuts: that command, and those that waited behind
   it, fail with `AgiCut`. An answer with an id that nobody waits for is a late one and is ignored.
   Only what is to be done at once when a command ends, whoever is there by then, is given with it
   (`then`): nobody waits for its answer, and after a bridge it may run late.
4. A command whose asker gave up (deadline, cancelled) is still in flight: the next is not sent
   before it has answered or was cut.
5. A channel is forgotten when it ends, and all are when the link goes: what then was in flight
   fails with `LinkLost`, and living channels are learnt anew from `ChannelListed`.
"""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from ivr.asterisk import wire, wire_actions
from ivr.asterisk.client import AmiClient
from ivr.asterisk.errors import (
    ActionRefused,
    ActionTimedOut,
    AgiCut,
    AgiTimedOut,
    AmiError,
    ChannelGone,
    LinkLost,
)
from ivr.asterisk.wire_actions import AgiCommand
from ivr.asterisk.wire_events import (
    AgiAnswer,
    AgiAnswered,
    BridgeEntered,
    ChannelEnded,
    ChannelId,
    ChannelInAgi,
    ChannelLeftAgi,
    ChannelListed,
    ChannelName,
    LinkDown,
    WireEvent,
)


class _End(Enum):
    ENDED = "the channel has ended"
    LINK = "the link to the switch broke"


@dataclass(slots=True)
class _Seat:
    """What the desk knows of one channel."""

    name: ChannelName
    in_agi: bool = False
    reserved: bool = False
    # Found at adoption while it ran something of the controller before us: its answer frees it.
    adopted_busy: bool = False
    visit: int = 0
    end: _End | None = None
    command_id: str | None = None
    answer: asyncio.Future[AgiAnswer] | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiter: asyncio.Future[None] | None = None

    @property
    def ready(self) -> bool:
        return self.in_agi and not self.reserved and self.command_id is None

    def stir(self) -> None:
        """Let the one whose turn it is look again."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def settle(self, outcome: AgiAnswer | Exception) -> None:
        """The command in flight, if any, has come to this end."""
        answer, self.command_id, self.answer = self.answer, None, None
        if answer is not None and not answer.done():
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
        self.stir()

    def cut(self) -> None:
        """The visit in AGI is over, and with it all that was asked in it."""
        self.in_agi = self.reserved = self.adopted_busy = False
        self.visit += 1
        self.settle(AgiCut("a bridge or the dialplan took the channel"))

    def end_error(self) -> Exception | None:
        match self.end:
            case None:
                return None
            case _End.LINK:
                return LinkLost(self.end.value, sent=True)
            case _End.ENDED:
                return ChannelGone(self.end.value)


class AgiDesk:
    """Gives AGI commands to channels, one at a time each. Feed it every event, in order."""

    def __init__(self, client: AmiClient, *, arrival_s: float = 2.0) -> None:
        """`arrival_s`: how long a command waits for a channel that is not in AGI (or reserved)."""
        self._client = client
        self._arrival_s = arrival_s
        self._seats: dict[ChannelId, _Seat] = {}
        # Ids of a controller before us may still come in: ours must differ from them.
        self._ids = secrets.token_hex(4)
        self._count = 0

    def __len__(self) -> int:
        """How many living channels are known."""
        return len(self._seats)

    def in_agi(self, channel: ChannelId) -> bool:
        """The channel is ours to command, perhaps after the command that it now runs."""
        seat = self._seats.get(channel)
        return seat is not None and seat.in_agi and not seat.reserved

    def is_elsewhere(self, channel: ChannelId) -> bool:
        """The channel left AGI and has not come back: the dialplan or a bridge has it."""
        seat = self._seats.get(channel)
        return seat is not None and not seat.in_agi and not seat.adopted_busy

    def on_event(self, event: WireEvent) -> None:
        """Hear one event. Living channels are learnt by feeding each `ChannelListed` too."""
        match event:
            case ChannelInAgi(channel=channel):
                seat = self._seats.setdefault(channel, _Seat(event.name))
                seat.name = event.name
                if seat.in_agi or seat.command_id is not None:
                    seat.cut()
                seat.reserved = seat.adopted_busy = False
                seat.in_agi = True
                seat.stir()
            case AgiAnswered(channel=channel, command_id=command_id, answer=answer):
                self._answered(channel, command_id, answer)
            case BridgeEntered(channel=channel) | ChannelLeftAgi(channel=channel):
                if channel in self._seats:
                    self._seats[channel].cut()
            case ChannelEnded(channel=channel):
                self._forget(channel, _End.ENDED)
            case LinkDown():
                for channel in list(self._seats):
                    self._forget(channel, _End.LINK)
            case ChannelListed():
                self._adopt(event)
            case _:
                pass

    def reserve_for_bridge(self, channel: ChannelId) -> None:
        """Send nothing more to this channel until it next comes to AGI; `bridge` does it itself.

        What it runs goes on and is cut by the bridge. A command that is sent in the moment of a
        bridge would run when the caller comes back.
        """
        if channel in self._seats:
            self._seats[channel].reserved = True

    def release(self, channel: ChannelId) -> None:
        """Take `reserve_for_bridge` back, because the Bridge was refused."""
        if channel in self._seats:
            self._seats[channel].reserved = False
            self._seats[channel].stir()

    async def bridge(self, first: ChannelId, second: ChannelId, *, deadline_s: float = 5.0) -> None:
        """Join two channels that are in AGI; what they run is cut, nothing more is sent to them.

        Raises ChannelGone, AgiCut (one is not in AGI, so perhaps not yet answered), LinkLost,
        ActionRefused, ActionTimedOut. After a failure both can be commanded as before.
        """
        seats = [self._known(first), self._known(second)]
        if not all(seat.in_agi for seat in seats):
            raise AgiCut("only channels in AGI can be joined")
        for seat in seats:
            seat.reserved = True
        try:
            action = wire_actions.bridge(seats[0].name, seats[1].name)
            await self._client.send(action, deadline_s=deadline_s)
        except AmiError:
            self.release(first)
            self.release(second)
            raise

    async def run(
        self,
        channel: ChannelId,
        command: AgiCommand,
        *,
        deadline_s: float,
        then: AgiCommand | None = None,
    ) -> AgiAnswer:
        """Run one command and give its answer; `deadline_s` covers waiting for its turn too.

        The switch does `then` right behind it, also if we are gone by then; it must harm nobody.

        After a redirect of the channel wait for its next `ChannelInAgi` before asking again: a
        command sent into a visit that ends is cut, and the switch may still run it in the next.

        Raises AgiCut (a bridge or the dialplan took the channel, or it did not come back in time),
        ChannelGone, AgiTimedOut (the outcome is unknown), LinkLost, ActionRefused, HostileText.
        """
        seat = self._known(channel)
        visit = seat.visit if seat.in_agi else None
        try:
            async with asyncio.timeout(deadline_s), seat.turn:
                await self._until_ready(seat, visit)
                return await self._give(seat, channel, command, then)
        except (TimeoutError, ActionTimedOut):
            raise AgiTimedOut(f"{command.verb} did not end within {deadline_s:g} s") from None

    def _known(self, channel: ChannelId) -> _Seat:
        seat = self._seats.get(channel)
        if seat is None:
            if not self._client.up:
                raise LinkLost("no link to the switch", sent=False)
            raise ChannelGone("the channel has ended or never was in AGI")
        return seat

    async def _until_ready(self, seat: _Seat, visit: int | None) -> None:
        loop = asyncio.get_running_loop()
        arrive_by_s = loop.time() + self._arrival_s
        while True:
            error = seat.end_error()
            if error is not None:
                raise error
            if visit is not None and seat.visit != visit:
                raise AgiCut("a bridge or the dialplan took the channel before its turn")
            if seat.ready:
                return
            # Behind a command that still runs the asker's own deadline is the only one.
            running = seat.in_agi and not seat.reserved
            left_s = None if running else arrive_by_s - loop.time()
            if left_s is not None and left_s <= 0:
                raise AgiCut("the channel did not come back to AGI in time")
            seat.waiter = loop.create_future()
            try:
                await asyncio.wait({seat.waiter}, timeout=left_s)
            finally:
                seat.waiter = None

    async def _give(
        self, seat: _Seat, channel: ChannelId, command: AgiCommand, then: AgiCommand | None
    ) -> AgiAnswer:
        self._count += 1
        command_id = f"{self._ids}-{self._count}"
        action = wire_actions.agi(channel, command, command_id)
        answer: asyncio.Future[AgiAnswer] = asyncio.get_running_loop().create_future()
        # Before sending: the answer may be in the inbox before the response has woken us.
        seat.command_id, seat.answer = command_id, answer
        try:
            await self._send(seat, action)
            if then is not None:
                with suppress(AmiError):  # the command itself hears of whatever it was
                    await self._client.send(wire_actions.agi(channel, then, f"{command_id}-then"))
            return await answer
        finally:
            if seat.answer is answer:
                seat.answer = None
            if not answer.cancel() and not answer.cancelled():
                answer.exception()  # an exception that nobody fetches would be reported

    async def _send(self, seat: _Seat, action: wire_actions.Action) -> None:
        try:
            await self._client.send(action)
        except ActionRefused as refusal:
            error = _meaning(refusal)
            seat.settle(error)
            raise error from None
        except LinkLost as lost:
            if not lost.sent:
                seat.settle(lost)
            raise

    def _answered(self, channel: ChannelId, command_id: str, answer: AgiAnswer) -> None:
        seat = self._seats.get(channel)
        if seat is None:
            return
        if seat.command_id == command_id:
            seat.settle(answer)
        elif seat.adopted_busy:
            seat.adopted_busy, seat.in_agi = False, True
            seat.stir()

    def _adopt(self, listed: ChannelListed) -> None:
        if listed.in_agi:
            seat = self._seats.setdefault(listed.channel, _Seat(listed.name))
            seat.in_agi = True
            seat.stir()
        elif listed.endpoint is not None and listed.channel not in self._seats:
            # In a bridge, or running an application for the controller before us.
            self._seats[listed.channel] = _Seat(listed.name, adopted_busy=listed.bridge is None)

    def _forget(self, channel: ChannelId, end: _End) -> None:
        seat = self._seats.pop(channel, None)
        if seat is None:
            return
        seat.end, seat.in_agi = end, False
        error = seat.end_error()
        if error is not None:
            seat.settle(error)


def _meaning(refusal: ActionRefused) -> Exception:
    """What the refusal of an AGI command says about its channel."""
    sentence = str(refusal)
    if wire.says_no_such_channel(sentence):
        return ChannelGone("the switch knows no such channel")
    if wire.says_not_in_agi(sentence):
        return AgiCut("the channel is not in AGI")
    return refusal
