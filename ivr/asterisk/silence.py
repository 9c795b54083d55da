"""What the service does so that the switch can do without it for a while, joined into one part."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.client import AmiClient
from ivr.asterisk.coming_back import ComingBack, OnAdopted, OnMissed
from ivr.asterisk.fallback import FallbackMembers
from ivr.asterisk.heartbeat import Heartbeat
from ivr.asterisk.wire_events import ChannelId, LinkUp, WireEvent
from queues.ids import CallId, LineId, PlaceId
from queues.view import AgentRow, Change

_AT_WORK = frozenset({"ready", "ringing", "talking", "wrap_up"})
_COALESCE_S = 0.1


def places_at_work(agents: Iterable[AgentRow]) -> frozenset[PlaceId]:
    """The phones that may ring although nobody decides: those of agents who take calls."""
    return frozenset(PlaceId(row.place) for row in agents if row.state in _AT_WORK)


class ReadyForSilence:
    """Beat, phones of the switch's own queue, and taking back; `run` is a task of its owner."""

    def __init__(
        self,
        client: AmiClient,
        desk: AgiDesk,
        callers: Mapping[CallId, LineId],
        *,
        decides: Callable[[], bool],
        agents: Callable[[], Iterable[AgentRow]],
        adopted: OnAdopted,
        missed: OnMissed,
    ) -> None:
        """`decides`: whether this service decides just now; `agents`: the rows of all of them.

        `adopted` is told of those alone who are not among the `callers`.
        """
        self._callers = callers
        self._adopted = adopted
        self._agents = agents
        self._changed = asyncio.Event()
        self._changed.set()
        self._members = FallbackMembers(client)
        self._heart = Heartbeat(
            client,
            is_healthy=decides,
            callers=lambda: [ChannelId(call) for call in callers],
            is_ours=desk.in_agi,
        )
        self._looked_up = asyncio.Event()
        self._back = ComingBack(client, self._may_take, self._comes_back, missed)
        self._heart.after_silence(self._back.look)

    @property
    def beats(self) -> int:
        """How many beats the switch has taken."""
        return self._heart.beats

    def on_event(self, event: WireEvent) -> None:
        """Hear each event."""
        self._members.on_event(event)
        self._heart.on_event(event)
        if isinstance(event, LinkUp):
            self._looked_up.clear()
            self._back.look()

    def looked_up(self) -> None:
        """Hear that our calls were compared with the switch's."""
        self._looked_up.set()

    def on_change(self, change: Change) -> None:
        """Hear what each fact changed."""
        if change.agents or change.roster is not None:
            self._changed.set()

    async def run(self) -> None:
        """Beat, mirror, take back, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._heart.run(), name="heartbeat")
            tasks.create_task(self._members.run(), name="fallback queue")
            tasks.create_task(self._back.run(), name="coming back")
            tasks.create_task(self._mirror(), name="phones at work")

    async def _may_take(self) -> None:
        await self._looked_up.wait()
        await self._heart.beating()

    def _comes_back(self, call: CallId, lasted_s: float) -> None:
        if call not in self._callers:  # where the others stand is known
            self._adopted(call, lasted_s)

    async def _mirror(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._members.want(places_at_work(self._agents()))
            await asyncio.sleep(_COALESCE_S)
