"""What a service does with what lives, after a start: the centre and Asterisk's list are given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from ivr.adoption import Adoption, lines_left, offers_left
from ivr.asterisk import wire_actions as a
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.calls import Calls
from ivr.asterisk.client import AmiClient
from ivr.asterisk.offers import Offers
from ivr.asterisk.switchboard import Switchboard, Told
from ivr.asterisk.wire_events import (
    ChannelId,
    ChannelInAgi,
    ChannelListed,
    ChannelName,
    LinkUp,
    ListEntry,
    Response,
    WireEvent,
)
from ivr.dialogue_book import KeptDialogue
from ivr.dialplan import load_plan
from ivr.flow.session import Session, open_session
from queues.centre.inputs import (
    CallEnded,
    CallMissed,
    EndCause,
    Input,
    MissCause,
    OfferAnswered,
    QueueLeft,
)
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
        self.sent: list[a.Action] = []

    async def send(self, action: a.Action, *, deadline_s: float = 5.0) -> Response:
        self.sent.append(action)
        return Response("1", "", None)

    async def list(self, action: a.Action, *, deadline_s: float = 5.0) -> tuple[ListEntry, ...]:
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
    ) -> None:
        self.client = client or Client(channels)
        link = cast(AmiClient, self.client)
        desk = AgiDesk(link)
        self.inputs: list[Input] = []
        self.driver = Driver()
        lines = lines_left(scene.centre, dialogues)
        self.offers = Offers(link, desk, self.submit, lines, "Test")
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
    scene: Scene, *channels: ChannelListed, dialogues: dict[CallId, KeptDialogue] | None = None
) -> AsyncIterator[Start]:
    start = Start(scene, list(channels), dialogues or {})
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
    is_leg = name.startswith("test-")
    why, context = ("agent", "fz-agent") if is_leg else ("new", "fz-hold")
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


async def test_who_waits_is_gone_on_with_in_the_queue_and_keeps_the_time_waited() -> None:
    scene = waiting()
    since = scene.centre.calls[CALL].since
    async with started(scene, channel(CALL)) as start:
        assert start.driver.told == [("resumed", CALL, True, False)]
        assert scene.centre.calls[CALL].since == since
        assert len(start.adoption) == 0


async def test_who_is_gone_ends_as_lost_also_where_only_the_dialogue_knew_the_call() -> None:
    other = CallId("c-2")
    kept = KeptDialogue(open_session(other, LINE, PLAN), "contact")
    async with started(waiting(), dialogues={other: kept}) as start:
        ended = [each for each in start.inputs if isinstance(each, CallEnded)]
        assert {(each.call, each.cause) for each in ended} == {
            (CALL, EndCause.LOST),
            (other, EndCause.LOST),
        }
        assert start.state() is None
        assert {each[1] for each in start.driver.told} == start.forgotten == {CALL, other}


async def test_who_was_in_a_menu_is_gone_on_with_there_and_strangers_are_fetched() -> None:
    kept = KeptDialogue(open_session(CALL, LINE, PLAN), "contact")
    scene = Scene(settings(("anna", (BILLING,))))
    async with started(scene, channel(CALL), channel("c-9"), dialogues={CALL: kept}) as start:
        assert start.driver.told == [("resumed", CALL, False, False)]
        (fetched,) = start.client.sent
        assert (fetched.name, dict(fetched.headers)["Channel"]) == ("Redirect", "c-9")


async def test_a_phone_that_rings_goes_on_ringing_and_its_answer_joins_the_two() -> None:
    scene = offered()
    leg = scene.offer(CALL)
    async with started(scene, channel(CALL), channel(leg, "AppDial2")) as start:
        assert start.state() == "offered"
        told = ChannelInAgi(
            ChannelId(leg), None, "agent", "", None, ChannelName(f"PJSIP/{leg}-0000000a")
        )
        start.client.inbox.put_nowait(told)
        await until(lambda: start.client.names() == ["Bridge"])


async def test_a_phone_that_rings_no_more_frees_the_agent_without_blame() -> None:
    scene = offered()
    async with started(scene, channel(CALL)) as start:
        assert start.state() == "waiting"
        assert scene.agent("anna") == "ready"


async def test_who_was_to_be_joined_and_was_not_is_joined_once() -> None:
    scene = connecting()
    leg = scene.offer(CALL)
    async with started(scene, channel(CALL), channel(leg)) as start:
        await until(lambda: start.client.names() == ["Bridge"])


async def test_who_was_joined_while_nobody_heard_talks() -> None:
    for scene in (offered(), connecting()):
        leg = scene.offer(CALL)
        async with started(scene, channel(CALL, bridge="b"), channel(leg, bridge="b")) as start:
            assert start.state() == "talking"
            assert start.driver.told == [("resumed", CALL, False, True)]
            assert "Bridge" not in start.client.names()


async def test_a_talk_that_goes_on_is_left_alone() -> None:
    scene = talking()
    leg = scene.offer(CALL)
    async with started(scene, channel(CALL, bridge="b"), channel(leg, bridge="b")) as start:
        assert start.state() == "talking"
        assert start.driver.told == [("resumed", CALL, False, True)]
        assert start.client.sent == []


async def test_a_talk_that_the_agent_ended_meanwhile_gives_the_caller_back() -> None:
    scene = talking()
    kept = KeptDialogue(open_session(CALL, LINE, PLAN), "contact")
    async with started(scene, channel(CALL), dialogues={CALL: kept}) as start:
        assert start.state() is None
        assert scene.agent("anna") == "wrap_up"
        assert start.driver.told == [("resumed", CALL, False, False)]


async def test_who_waits_in_asterisks_own_queue_is_gone_on_with_once_given_back() -> None:
    async with started(waiting(), channel(CALL, "Queue")) as start:
        assert start.driver.told == []
        assert CALL in start.adoption
        start.client.inbox.put_nowait(given_back("redirect"))
        await until(lambda: start.driver.told == [("resumed", CALL, True, False)])
        start.client.inbox.put_nowait(given_back("timeout"))
        await until(lambda: start.driver.told[1:] == [("given back", CALL, True, False)])


async def test_who_talks_by_asterisks_own_queue_has_left_ours_and_is_left_alone() -> None:
    async with started(waiting(), channel(CALL, "Queue", "b")) as start:
        assert QueueLeft(CALL) in start.inputs
        assert start.state() is None
        assert start.driver.told == []


async def test_a_look_up_that_is_done_twice_goes_on_with_nobody_twice() -> None:
    async with started(waiting(), channel(CALL)) as start:
        start.is_looked_up = False
        start.client.inbox.put_nowait(LinkUp(restarted=False, first=False))
        await until(lambda: start.is_looked_up)
        assert len(start.driver.told) == 1


async def test_after_a_restart_of_asterisk_nobody_is_left() -> None:
    async with started(waiting(), channel(CALL, "Queue")) as start:
        start.client.channels = []
        start.client.inbox.put_nowait(LinkUp(restarted=True, first=False))
        await until(lambda: ("ended", CALL) in start.driver.told)
        assert (start.state(), len(start.adoption)) == (None, 0)
        assert [each.cause for each in missed(start)] == [MissCause.GONE]


async def test_who_waited_and_is_gone_is_a_missed_call_with_contact_line_and_time() -> None:
    scene = waiting()
    since = scene.centre.calls[CALL].since
    kept = {CALL: KeptDialogue(open_session(CALL, LINE, PLAN), "contact-1")}
    async with started(scene, dialogues=kept) as start:
        assert start.state() is None
        assert missed(start) == [
            CallMissed(CALL, LINE, since, ContactId("contact-1"), MissCause.GONE)
        ]


@pytest.mark.parametrize("restarted", [True, False])
async def test_who_waited_and_went_with_asterisk_or_under_a_lost_link_is_a_missed_call_too(
    restarted: bool,
) -> None:
    scene = waiting()
    since = scene.centre.calls[CALL].since
    async with started(scene, channel(CALL)) as start:
        start.client.channels = []
        start.client.inbox.put_nowait(LinkUp(restarted=restarted, first=False))
        await until(lambda: ("ended", CALL) in start.driver.told)
        contact = ContactId(f"contact of {CALL}")
        assert missed(start) == [CallMissed(CALL, LINE, since, contact, MissCause.GONE)]
        assert start.state() is None


async def test_who_called_after_a_start_with_nobody_left_is_given_back_and_missed_too() -> None:
    scene = Scene(settings(("anna", (BILLING,))))
    async with started(scene, channel(CALL)) as start:
        assert len(start.adoption) == 0
        start.client.inbox.put_nowait(given_back("new"))
        await until(lambda: start.driver.told == [("arrived", CALL)])
        start.client.inbox.put_nowait(given_back("timeout"))
        await until(lambda: start.driver.told[1:] == [("given back", CALL, False, False)])
        scene.enter(CALL)
        start.client.inbox.put_nowait(given_back("timeout"))
        await until(lambda: start.driver.told[2:] == [("given back", CALL, True, False)])
        start.client.inbox.put_nowait(LinkUp(restarted=True, first=False))
        await until(lambda: bool(missed(start)))
        assert [each.call for each in missed(start)] == [CALL]


async def test_who_talked_and_went_with_asterisk_is_no_missed_call() -> None:
    scene = talking()
    leg = scene.offer(CALL)
    async with started(scene, channel(CALL, bridge="b"), channel(leg, bridge="b")) as start:
        start.client.channels = []
        start.client.inbox.put_nowait(LinkUp(restarted=True, first=False))
        await until(lambda: ("ended", CALL) in start.driver.told)
        assert (start.state(), missed(start)) == (None, [])


async def test_who_was_in_the_menu_or_talked_and_is_gone_is_no_missed_call() -> None:
    kept = {CALL: KeptDialogue(open_session(CALL, LINE, PLAN), "contact-1")}
    async with started(Scene(), dialogues=kept) as start:
        assert (CALL in start.forgotten, missed(start)) == (True, [])
    async with started(talking()) as start:
        assert (start.state(), missed(start)) == (None, [])


def missed(start: Start) -> list[CallMissed]:
    return [each for each in start.inputs if isinstance(each, CallMissed)]


def given_back(why: str) -> ChannelInAgi:
    name = ChannelName(f"PJSIP/{CALL}-0000000a")
    return ChannelInAgi(ChannelId(CALL), CALL, why, "main", None, name)
