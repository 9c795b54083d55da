"""The API on a dispatcher whose switch does nothing: everything a test of the API needs to hold."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from queues.api import HealthReason, HealthReport, HealthStatus, create_app, listen, serve
from queues.api.estimates import ReadEstimates
from queues.api.explanations import Explain
from queues.api.reports import ReadMissed
from queues.cards import CardEntry
from queues.centre.commands import ReturnReason
from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.dialogues import DialogueRow
from queues.dispatcher import Clock, Dispatcher
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId
from queues.live import Hub
from tests.unit.queues.fake_journal import FakeJournal

TOKEN = "a-token-for-tests-0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
REASONS = ("lunch", "Mittagspause")
BILLING = QueueId("billing")


class DeadSwitch:
    """Takes every command and reports nothing."""

    async def ring(self, offer: OfferId, call: CallId, place: PlaceId, *, timeout_s: float) -> None:
        """Do nothing."""

    async def cancel(self, offer: OfferId) -> None:
        """Do nothing."""

    async def connect(self, offer: OfferId, call: CallId) -> None:
        """Do nothing."""

    async def hold(self, offer: OfferId, call: CallId) -> None:
        """Do nothing."""

    async def fetch(self, offer: OfferId, call: CallId) -> None:
        """Do nothing."""


class DeafDialogues:
    """Hears nothing."""

    def connected(self, call: CallId) -> None:
        """Do nothing."""

    def waits_again(self, call: CallId) -> None:
        """Do nothing."""

    def returned(self, call: CallId, reason: ReturnReason, queue: QueueId) -> None:
        """Do nothing."""


async def no_journal(_: CallId) -> Mapping[str, Any] | None:
    """Explain nothing."""
    return None


@dataclass
class Service:
    """The app with what stands behind it, and short cuts to move it."""

    hosts: tuple[str, ...] = ("phones.example",)
    session_s: float = 3600.0
    tick_s: float = 5.0
    backlog: int = 100
    ring: int = 2000
    wall: float = 1_700_000_000.0
    monotonic: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, list[HealthReason]] = field(default_factory=dict)
    dialogues: list[DialogueRow] = field(default_factory=list)
    cards: dict[CallId, tuple[CardEntry, ...]] = field(default_factory=dict)
    missed: ReadMissed = lambda _limit, _before: ()
    estimates: ReadEstimates = lambda _since, _until: ()
    explain: Explain = no_journal
    journal: FakeJournal | None = None
    checks: dict[str, HealthStatus] = field(default_factory=lambda: {"switch": HealthStatus.OK})

    def __post_init__(self) -> None:
        clock = Clock(lambda: self.wall, lambda: self.monotonic)
        self.hub = Hub(ring=self.ring, backlog=self.backlog)
        self.dispatcher = Dispatcher(
            DeadSwitch(), DeafDialogues(), clock, self.hub, journal=self.journal
        )
        self.app: FastAPI = create_app(
            submit=self.dispatcher.submit,
            settled=self.dispatcher.settled,
            view=self.dispatcher.view,
            shown=self.dispatcher.shown,
            now=clock.wall,
            hub=self.hub,
            token=TOKEN,
            health=lambda: HealthReport(self.checks, self.figures, self.reasons),
            metrics=lambda: b"freizeichen_up 1\n",
            card=self.cards.get,
            dialogues=lambda: tuple(self.dialogues),
            pause_reasons=REASONS,
            missed=self.missed,
            estimates=self.estimates,
            next_wait=self.dispatcher.next_wait,
            explain=self.explain,
            hosts=self.hosts,
            session_s=self.session_s,
            tick_s=self.tick_s,
        )
        agents = tuple(AgentSetting(AgentId(n), PlaceId(f"p-{n}"), (BILLING,)) for n in "ab")
        queues = (QueueSetting(BILLING, 20.0, 30.0, 1),)
        self.dispatcher.submit(SettingsLoaded(queues, agents, "test"))

    def ready(self, name: str) -> None:
        self.dispatcher.submit(PlaceChanged(PlaceId(f"p-{name}"), PlaceState.FREE))
        self.dispatcher.submit(ReadyAsked(AgentId(name)))

    def enter(self, *calls: str) -> None:
        for call in calls:
            self.monotonic += 1
            self.dispatcher.submit(QueueEntered(CallId(call), LineId("main"), BILLING))

    def talk(self, name: str, call: str) -> None:
        """Let an agent talk with a caller, as the first of all."""
        self.ready(name)
        self.enter(call)
        offer = OfferId("test-1")
        self.dispatcher.submit(OfferAnswered(offer))
        self.dispatcher.submit(TalkStarted(offer))

    def talk_is_over(self, name: str) -> None:
        """Let an agent talk with a caller, who hangs up."""
        self.talk(name, "talked")
        self.end("talked")

    def end(self, call: str) -> None:
        self.dispatcher.submit(CallEnded(CallId(call), EndCause.HUNG_UP))

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A client without a socket; give headers with `_` for `-`."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://127.0.0.1:8080",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    def signed_in(self) -> httpx.AsyncClient:
        return self.client(**BEARER)

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve on a loopback port; gives the address, and stops as the service does."""
        sock = listen("127.0.0.1", 0)
        port = sock.getsockname()[1]
        stop = asyncio.Event()
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(serve(self.app, sock, stop, hub=self.hub))
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                stop.set()
