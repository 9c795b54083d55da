"""Decides when a caller's channel is in AudioSocket, and what its end says about the call.

Rules:

1. Music is ended first, whether we began any or not: the dialplan begins some by itself, an agent's
   phone too, and under AudioSocket it would win, and nothing of ours be heard.
2. The application runs within TryExec, as the channel's one AGI command in flight. Whatever happens
   to the socket, that command's answer says that the channel is back in AGI.
3. A bridge cuts the command: the visit ends quietly. The caller is elsewhere, not gone.
4. When the sound ends the switch itself begins music, for we may be gone. If we are not, what we
   say next is said before the first of it is heard, or wanted music.
5. When the link to the switch breaks the sound goes on; its end is then known by the line alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from uuid import uuid4

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.audiosocket.line import Line, NoLine
from ivr.asterisk.audiosocket.server import AudioServer
from ivr.asterisk.config import MUSIC
from ivr.asterisk.errors import AgiCut, AmiError, ChannelGone, LinkLost
from ivr.asterisk.wire_events import AgiAnswer, ChannelId

_SHORT_S = 5.0
_BACK_S = 5.0
_LONGEST_S = 4 * 3600.0

log = structlog.get_logger()


class VisitEnd(Enum):
    """Where the call is after a visit."""

    LEFT = "we left: the channel waits for our next command"
    LOST = "the sound was lost: the channel waits for our next command"
    CUT = "a bridge or the dialplan took the channel, or the caller is just hanging up"
    GONE = "the caller has hung up"
    UNKNOWN = "the link to the switch broke meanwhile"


class Visit:
    """One caller in AudioSocket; made by `Visits.begin`. Hear and play by `line`."""

    def __init__(self, channel: ChannelId, line: Line) -> None:
        self.channel = channel
        self.line = line
        self.ended = asyncio.Event()  # the channel is no longer in AudioSocket
        self.end: VisitEnd | None = None
        self._when_ended: Callable[[], None] | None = None

    def when_ended(self, call: Callable[[], None]) -> None:
        """Have this called once when the visit is over; at once if it is already."""
        if self.ended.is_set():
            call()
        else:
            self._when_ended = call

    def finish(self, end: VisitEnd) -> None:
        """For `Visits`: it is over, and how."""
        self.end = end
        self.ended.set()
        call, self._when_ended = self._when_ended, None  # it mostly holds this visit
        if call is not None:
            call()

    async def leave(self) -> VisitEnd:
        """End the sound and come back when the channel can be given its next command.

        Once more does no harm. UNKNOWN also if the switch did not answer in time.
        """
        self.line.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_BACK_S):
                await self.ended.wait()
        return self.end or VisitEnd.UNKNOWN


class Visits:
    """Brings callers into AudioSocket. `run` is a task of its owner and holds all visits."""

    def __init__(self, desk: AgiDesk, server: AudioServer) -> None:
        self._desk = desk
        self._server = server
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Hold visits until cancelled; the lines are then the server's to close."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None

    async def begin(self, channel: ChannelId, *, within_s: float = 1.0) -> Visit:
        """Bring a channel that is in AGI and answered into AudioSocket.

        Raises NoLine (the call is in AGI and goes on with keys), AgiCut, ChannelGone, LinkLost,
        AgiTimedOut, ActionRefused.
        """
        if self._group is None:
            raise NoLine("visits are not run")
        await self._desk.run(channel, wire.music_off(), deadline_s=_SHORT_S)
        if self._group is None:
            raise NoLine("visits are not run")
        visit = Visit(channel, self._server.expect(uuid4()))
        self._group.create_task(self._hold(visit))
        try:
            await visit.line.connected(within_s)
        except NoLine:
            match await visit.leave():
                case VisitEnd.CUT:
                    raise AgiCut("a bridge or the dialplan took the channel") from None
                case VisitEnd.GONE:
                    raise ChannelGone("the channel has ended") from None
                case _:
                    raise
        except BaseException:
            visit.line.close()
            raise
        return visit

    async def _hold(self, visit: Visit) -> None:
        """Have the switch join the sound, until it has ended, and say how it ended."""
        line, end = visit.line, VisitEnd.UNKNOWN
        try:
            end = await self._held(visit)
        except AmiError as error:
            log.warning("the end of a visit is not known", call=visit.channel, error=error.code)
        except Exception as error:  # one visit must not end those of the other callers
            log.error("a visit failed", call=visit.channel, exc_info=error)
        finally:
            visit.finish(end)
            line.close()

    async def _held(self, visit: Visit) -> VisitEnd:
        line, server = visit.line, self._server
        command = wire.exec_audiosocket(line.uuid, server.host, server.port)
        try:
            answer = await self._desk.run(
                visit.channel, command, deadline_s=_LONGEST_S, then=wire.music_on(MUSIC)
            )
        except AgiCut:
            return VisitEnd.CUT
        except ChannelGone:
            return VisitEnd.GONE
        except LinkLost as lost:
            if lost.sent:
                async with asyncio.timeout(_LONGEST_S):
                    await line.ended.wait()
            return VisitEnd.UNKNOWN
        return await self._after(visit, answer)

    async def _after(self, visit: Visit, answer: AgiAnswer) -> VisitEnd:
        """The command has answered, so the channel was in AGI at that moment."""
        if answer.number == -1:
            return VisitEnd.GONE
        if visit.line.closed_by_us:
            return VisitEnd.LEFT
        # TryExec answers alike when the caller has hung up; a channel that ends cuts this command.
        try:
            asked = await self._desk.run(
                visit.channel, wire.get_variable("TRYSTATUS"), deadline_s=_SHORT_S
            )
        except AgiCut:
            return VisitEnd.CUT
        except ChannelGone:
            return VisitEnd.GONE
        if not asked.ok:
            return VisitEnd.GONE
        log.warning("a caller's sound was lost", call=visit.channel, status=asked.data)
        return VisitEnd.LOST
