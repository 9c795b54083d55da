"""What an agent asks for by dialling a code at a phone, and what the phone is told of it.

Whose phone it is, the channel's name tells, which follows from the phone's own password; what a
caller claims to be counts for nothing. A code acts for the one agent who is signed in at the phone;
where nobody is, only "ready" does anything: it signs in the one agent who sits there. Two whom it
could mean are one too many: the phone hears a low tone, and the desk is the place to ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.client import AmiClient
from ivr.asterisk.errors import AmiError
from ivr.asterisk.wire_events import ChannelId, ChannelInAgi, WireEvent
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked
from queues.centre.inputs.input import Input
from queues.centre.lives.agent import AgentState
from queues.ids import AgentId
from queues.view import AgentRow

log = structlog.get_logger()

_REFUSED = "refused"


class Wish(StrEnum):
    """What can be asked for; the dialplan writes these words."""

    READY = "ready"  # signs in, and ends pause, wrap-up and breath
    SIGN_OUT = "sign_out"
    PAUSE = "pause"


class FeatureCodes:
    """Hears the phones that dialled a code, asks the centre, and lets them hear what came of it."""

    def __init__(
        self,
        client: AmiClient,
        submit: Callable[[Input], object],
        agents: Callable[[], Sequence[AgentRow]],
        pause_reason: str,
    ) -> None:
        self._client = client
        self._submit = submit
        self._agents = agents
        self._pause_reason = pause_reason
        self._to_tell: asyncio.Queue[tuple[ChannelId, str]] = asyncio.Queue()

    def on_event(self, event: WireEvent) -> None:
        """Hear each event; a code was dialled where the dialplan says so."""
        if isinstance(event, ChannelInAgi) and event.why == "code":
            done = self._ask(event.endpoint, event.line)
            self._to_tell.put_nowait((event.channel, done))

    async def run(self) -> None:
        """Let phones hear what came of their codes, until cancelled."""
        while True:
            channel, done = await self._to_tell.get()
            try:
                await self._client.send(wire.redirect(channel, context="fz-code", exten=done))
            except AmiError as error:  # hung up, or no link: the dialplan's own time ends it
                log.info("feature code not confirmed", error=error.code)

    def _ask(self, endpoint: str | None, word: str) -> str:
        """Ask for what was dialled, and give the extension that says what came of it."""
        wish = Wish(word)
        agent = meant(self._agents(), endpoint, wish)
        if agent is None:
            return _REFUSED
        match wish:
            case Wish.READY:
                self._submit(ReadyAsked(agent))
            case Wish.SIGN_OUT:
                self._submit(SignOutAsked(agent))
            case Wish.PAUSE:
                self._submit(PauseAsked(agent, self._pause_reason))
        return wish


def meant(agents: Sequence[AgentRow], endpoint: str | None, wish: Wish) -> AgentId | None:
    """Give the agent for whom a code at this phone acts; None if that is nobody, or not certain."""
    here = [row for row in agents if row.place == endpoint]
    at_work = [row for row in here if row.state != AgentState.SIGNED_OUT]
    whom = here if wish is Wish.READY and not at_work else at_work
    return AgentId(whom[0].agent) if len(whom) == 1 else None
