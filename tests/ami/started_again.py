"""A service that comes back to the centre of a scene, and a link that lists what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from ivr.asterisk import wire_actions as a
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.calls import Calls
from ivr.asterisk.client import AmiClient
from ivr.asterisk.offers import Offers
from ivr.asterisk.switchboard import Switchboard, Told
from ivr.asterisk.wire_events import (
    CallNoted,
    ChannelId,
    ChannelInAgi,
    ChannelListed,
    ChannelName,
    LinkUp,
    ListEntry,
    Response,
    WireEvent,
)
from ivr.dialplan import load_plan
from ivr.dialplan.staff import UNKNOWN_STAFF, Staff
from ivr.flow.session import Session
from ivr.keeping.dialogue_book import KeptDialogue
from ivr.starting.adoption import Adoption, lines_left, offers_left
from queues.centre.inputs.calls import CallMissed
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import OfferAnswered
from queues.dispatcher import Clock, Dispatcher
from queues.ids import CallId, ContactId, LineId, PlaceId
from queues.live import Hub
from queues.picture import Picture, look_at_all
from tests.ami.running import until
from tests.unit.queues.fakes import FakeDialogues
from tests.unit.queues.scenes import BILLING, Scene, settings

LINE = LineId("main")
PLAN = load_plan(
    "language: en\nstart: main\nhuman: human\n"
    "defaults: {wait_s: 5, tries: 2, no_input: menu, wrong_key: menu, otherwise: human}\n"
    "prompts: {menu: Choose., connecting: One moment., bye: Goodbye.}\n"
    "nodes:\n  main: {menu: menu, keys: {'1': bye}}\n"
    "  human: {queue: billing, say: connecting, then: bye, refused: bye}\n  bye: {goodbye: bye}\n",
    file="t.yaml",
    queues=["billing"],
)
CALL = CallId("c-1")


class Client:
    """What switchboard, desk and offers ask of the link, with a list that the test gives."""

    def __init__(self, channels: list[ChannelListed]) -> None:
        self.up = True
        self.inbox: asyncio.Queue[WireEvent] = asyncio.Queue()
        self.channels = channels
        self.noted: list[CallNoted] = []
        self.sent: list[a.Action] = []

    async def send(self, action: a.Action, *, deadline_s: float = 5.0) -> Response:
        self.sent.append(action)
        return Response("1", "", None)

    async def list(self, action: a.Action, *, deadline_s: float = 5.0) -> tuple[ListEntry, ...]:
        if action.name == "DBGetTree":
            return tuple(self.noted)
        return tuple(self.channels) if action.name == "CoreShowChannels" else ()

    def names(self) -> list[str]:
        return [action.name for action in self.sent]


class Driver:
    """Writes down what it is told of callers."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def call_arrived(self, call: CallId, line: LineId) -> None:
        self.told.append(("arrived", call))

    def key_pressed(self, call: CallId, key: str) -> None:
        raise AssertionError("no key was pressed")

    def call_ended(self, call: CallId) -> None:
        self.told.append(("ended", call))

    def call_resumed(self, kept: Session, *, waits: bool, talks: bool) -> None:
        self.told.append(("resumed", kept.call, waits, talks))

    def call_given_back(self, call: CallId, *, waits: bool, talks: bool) -> None:
        self.told.append(("given back", call, waits, talks))


class Start:
    """A service that comes back to a scene's centre and finds these channels."""

    def __init__(
        self,
        scene: Scene,
        channels: list[ChannelListed],
        dialogues: dict[CallId, KeptDialogue],
        client: Client | None = None,
        staff: Staff = UNKNOWN_STAFF,
    ) -> None:
        self.client = client or Client(channels)
        link = cast(AmiClient, self.client)
        desk = AgiDesk(link)
        self.inputs: list[Input] = []
        self.driver = Driver()
        lines = lines_left(scene.centre, dialogues)
        self.offers = Offers(link, desk, self.submit, lines, "Test")
        self.offers.begin_after(scene.centre.epoch, scene.centre.last_offer)
        for offer, call, leg in offers_left(scene.centre):
            self.offers.restore(offer, call, leg)
        loop = asyncio.get_running_loop()
        clock = Clock.after(scene.centre, wall=lambda: scene.now, monotonic=loop.time)
        self.dispatcher = Dispatcher(
            self.offers, FakeDialogues(), clock, Hub(), centre=scene.centre
        )
        self.centre = scene.centre
        self.is_looked_up = False
        self.forgotten: set[CallId] = set()
        self.adoption = Adoption(
            lines,
            dialogues,
            {LINE: PLAN},
            self.driver,
            self.submit,
            self._view,
            self.forgotten.add,
            lambda call: ContactId(f"contact of {call}"),
            staff,
            lived_at=scene.centre.at,
            own_time=lambda at: at,
        )
        self.board = Switchboard(
            link,
            desk,
            Calls(link, desk, cast(Any, None)),
            self.offers,
            self.driver,
            self.submit,
            lines,
            frozenset({PlaceId("p-anna")}),
            self.adoption,
            Told(looked_up=self._looked_up),
        )

    def submit(self, what: Input) -> None:
        self.inputs.append(what)
        self.dispatcher.submit(what)

    def _view(self) -> Any:
        picture = Picture()
        picture.follow(look_at_all(self.centre))
        return picture.view(len(self.inputs))

    def _looked_up(self) -> None:
        self.is_looked_up = True

    def state(self, call: CallId = CALL) -> str | None:
        found = self.centre.calls.get(call)
        return None if found is None else found.state.value


@asynccontextmanager
async def started(
    scene: Scene,
    *channels: ChannelListed,
    dialogues: dict[CallId, KeptDialogue] | None = None,
    staff: Staff = UNKNOWN_STAFF,
    noted: Sequence[CallNoted] = (),
) -> AsyncIterator[Start]:
    start = Start(scene, list(channels), dialogues or {}, staff=staff)
    start.client.noted.extend(noted)
    tasks = [
        asyncio.create_task(each)
        for each in (start.board.run(), start.offers.run(), start.dispatcher.run())
    ]
    try:
        start.client.inbox.put_nowait(LinkUp(restarted=False, first=True))
        await until(lambda: start.is_looked_up)
        yield start
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def channel(name: str, application: str = "AGI", bridge: str | None = None) -> ChannelListed:
    is_leg = name.startswith(("test-", "offer"))
    why, context = ("agent", "fz-agent") if is_leg else ("new", "fz-hold")
    if application == "Queue":
        context = "fz-fallback"
    return ChannelListed(
        ChannelId(name), ChannelName(f"PJSIP/{name}-0000000a"), context, "s", application,
        f"agi:async,{why},main", bridge, True, 30.0, name, None,
    )  # fmt: skip


def waiting() -> Scene:
    scene = Scene(settings(("anna", (BILLING,))))
    scene.enter(CALL)
    return scene


def offered() -> Scene:
    scene = waiting()
    scene.ready("anna")
    return scene


def connecting() -> Scene:
    scene = offered()
    scene.take(OfferAnswered(scene.offer(CALL)))
    return scene


def talking() -> Scene:
    scene = offered()
    scene.talk(CALL)
    return scene


def missed(start: Start) -> list[CallMissed]:
    return [each for each in start.inputs if isinstance(each, CallMissed)]


def answered(leg: str) -> ChannelInAgi:
    name = ChannelName(f"PJSIP/{leg}-0000000a")
    return ChannelInAgi(ChannelId(leg), None, "agent", "", None, name)


def given_back(why: str) -> ChannelInAgi:
    name = ChannelName(f"PJSIP/{CALL}-0000000a")
    return ChannelInAgi(ChannelId(CALL), CALL, why, "main", None, name)
