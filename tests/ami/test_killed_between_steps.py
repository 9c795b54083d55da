"""A service is killed after each step of a call's life; the next one finds each possible switch.

A step is a decision: its rows are one transaction, and of a torn one nothing is left. What was
committed need not be carried out yet, and what the switch did since nobody has heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, cast

import pytest

from ivr.asterisk import wire_actions as a
from ivr.asterisk.errors import ActionRefused
from ivr.asterisk.wire_events import (
    BridgeEntered,
    ChannelEnded,
    ChannelId,
    ChannelInAgi,
    ChannelListed,
    ChannelName,
    DeviceChanged,
    DeviceListed,
    DeviceState,
    LinkUp,
    ListEntry,
    Response,
)
from ivr.flow.session import open_session
from ivr.keeping.dialogue_book import KeptDialogue
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.centre.journal.row import JournalRow
from queues.centre.recovery import recover
from queues.centre.state import Centre
from queues.ids import LineId
from tests.ami.started_again import CALL, LINE, PLAN, Client, Start
from tests.unit.queues.scenes import BILLING, Scene, settings
from tests.unit.queues.virtual_time import run_in_virtual_time
from tests.unit.queues.written import Written

BEFORE, AFTER = "offeraaaa", "offerbbbb"  # what the offers of the two services begin with
SETTINGS = settings(("anna", (BILLING,)), wrap_up_s=10.0)
PHONE = "p-anna"
SETTLED_S = 120.0  # longer than any rest of a phone or a call, and than wrap-up


class Leg(Enum):
    """Where the agent's leg of the offer is when the next service looks."""

    NONE = "no leg"
    RINGS = "rings"
    ANSWERED = "picked up, and nobody heard"
    JOINED = "in a bridge with the caller"


@dataclass
class World(Client):
    """A switch that does what it is told: one caller, and legs to one phone that picks up."""

    legs: dict[str, Leg]
    caller_lives: bool
    sent: list[a.Action] = field(default_factory=list)
    rung: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.up = True
        self.inbox = asyncio.Queue()

    async def send(self, action: a.Action, *, deadline_s: float = 5.0) -> Response:
        self.sent.append(action)
        headers = dict(action.headers)
        match action.name:
            case "Originate":
                name = headers["ChannelId"]
                assert not self.legs, "a phone that is in use was rung"
                self.rung.append(name)
                self.legs[name] = Leg.RINGS
                self.tell(DeviceChanged(PHONE, DeviceState.RINGING))
                asyncio.get_running_loop().call_later(1.0, self.pick_up)
            case "Hangup":
                name = headers["Channel"]
                if name not in self.legs:
                    raise ActionRefused("No such channel")
                del self.legs[name]
                self.tell(ChannelEnded(ChannelId(name), 0, None))
                self.tell(DeviceChanged(PHONE, DeviceState.NOT_INUSE))
            case "Bridge":
                (name,) = (leg for leg in self.legs if full_name(leg) in headers.values())
                assert full_name(CALL) in headers.values()
                assert self.caller_lives
                assert self.legs[name] is Leg.ANSWERED
                self.legs[name] = Leg.JOINED
                self.tell(BridgeEntered(ChannelId(CALL), "b"))
                self.tell(BridgeEntered(ChannelId(name), "b"))
        return Response("1", "", None)

    async def list(self, action: a.Action, *, deadline_s: float = 5.0) -> tuple[ListEntry, ...]:
        if action.name == "DeviceStateList":
            free = DeviceState.INUSE if self.legs else DeviceState.NOT_INUSE
            return (DeviceListed(PHONE, free),)
        found = [_leg(name, state) for name, state in self.legs.items()]
        if self.caller_lives:
            joined = Leg.JOINED in self.legs.values()
            found.append(listed(CALL, "new", "fz-hold", "AGI", "b" if joined else None))
        return tuple(found)

    def tell(self, event: Any) -> None:
        self.inbox.put_nowait(event)

    def pick_up(self) -> None:
        """Whoever sits at the phone takes what rings."""
        for name, state in self.legs.items():
            if state is Leg.RINGS:
                self.legs[name] = Leg.ANSWERED
                self.tell(DeviceChanged(PHONE, DeviceState.INUSE))
                self.tell(ChannelInAgi(ChannelId(name), None, "agent", "", None, full_name(name)))


def full_name(channel: str) -> ChannelName:
    return ChannelName(f"PJSIP/{channel}-0000000a")


def listed(
    name: str, why: str, context: str, application: str, bridge: str | None
) -> ChannelListed:
    return ChannelListed(
        ChannelId(name), full_name(name), context, "s", application,
        f"agi:async,{why},main", bridge, True, 30.0, name, None,
    )  # fmt: skip


def _leg(name: str, state: Leg) -> ChannelListed:
    application = "AppDial2" if state is Leg.RINGS else "AGI"
    bridge = "b" if state is Leg.JOINED else None
    return listed(name, "agent", "fz-agent", application, bridge)


@dataclass
class Left:
    """What the journal leads to, and when."""

    centre: Centre
    now: float


class Life(Enum):
    """What becomes of the call."""

    AGENT_ENDS = "the agent ends the talk"
    CALLER_ENDS = "the caller ends the talk"
    MISSED_FIRST = "the first offer is missed"
    GIVES_UP = "the caller hangs up while the phone rings"


def whole(life: Life) -> list[JournalRow]:
    """The rows of one call, from the settings to the end of wrap-up."""
    scene = Written(replace(SETTINGS, epoch=BEFORE))
    scene.ready("anna")
    scene.take(QueueEntered(CALL, LineId("100"), BILLING))
    if life is Life.GIVES_UP:
        scene.take(CallEnded(CALL, EndCause.HUNG_UP), after=2)
        return scene.rows
    if life is Life.MISSED_FIRST:
        scene.take(OfferRefused(scene.offer(CALL), RefuseCause.NO_ANSWER), after=20)
        scene.ready("anna")
    offer = scene.offer(CALL)
    scene.take(OfferAnswered(offer), after=3)
    scene.take(TalkStarted(offer))
    if life is not Life.CALLER_ENDS:
        scene.take(AgentLegEnded(offer), after=60)
    scene.take(CallEnded(CALL, EndCause.HUNG_UP), after=1)
    scene.take(TimerFired(), after=10)
    return scene.rows


def found(rows: list[JournalRow]) -> Iterator[tuple[Leg, bool]]:
    """Each switch that can be found after these rows: the leg, and whether the caller lives."""
    known = {row.type for row in rows}
    of_leg = [row.type for row in rows if row.type.startswith(("offer_", "talk_", "agent_leg"))]
    last = of_leg[-1] if of_leg else ""
    for leg in Leg:
        if leg is Leg.RINGS and last not in {"", "offer_made"}:
            continue  # it was picked up, or is over
        if leg is not Leg.NONE and last in {"offer_refused", "offer_missed", "agent_leg_ended"}:
            continue
        if "call_ended" not in known and not (leg is Leg.JOINED and last == "talk_ended"):
            yield leg, True
        if leg is not Leg.JOINED:
            yield leg, False


def first_leg(rows: list[JournalRow]) -> str:
    """The offer that the journal told of last, else the first of that service."""
    made = [row.payload["offer"] for row in rows if row.type == "offer_made"]
    return str(made[-1]) if made else f"{BEFORE}-1"


@asynccontextmanager
async def started_again(left: Left, world: World) -> Any:
    kept = KeptDialogue(open_session(CALL, LINE, PLAN), "contact")
    start = Start(cast(Scene, left), [], {CALL: kept}, world)
    tasks = [
        asyncio.create_task(each)
        for each in (start.board.run(), start.offers.run(), start.dispatcher.run())
    ]
    try:
        start.submit(replace(SETTINGS, epoch=AFTER))
        start.dispatcher.hold()
        world.tell(LinkUp(restarted=False, first=True))
        while not start.is_looked_up:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        start.dispatcher.release()
        yield start
    finally:
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)


@pytest.mark.parametrize("life", Life, ids=lambda life: life.name.lower())
def test_wherever_the_service_is_killed_the_call_is_gone_on_with_once(life: Life) -> None:
    rows = whole(life)
    ends = [n for n, row in enumerate(rows) if row.kind == "input" and n > 0]
    for end in (*ends, len(rows)):
        for leg, caller_lives in found(rows[:end]):
            with way(f"after row {end}, {rows[end - 1].type}: {leg.value}, {caller_lives=}"):
                run_in_virtual_time(_gone_on_with(rows[:end], leg, caller_lives))


@contextmanager
def way(name: str) -> Iterator[None]:
    """Say of an error which way it was on."""
    try:
        yield
    except BaseException as error:
        error.add_note(name)
        raise


async def _gone_on_with(rows: list[JournalRow], leg: Leg, caller_lives: bool) -> None:
    centre = recover(None, rows)
    left = Left(centre, rows[-1].at + 5)
    name = first_leg(rows)
    world = World({} if leg is Leg.NONE else {name: leg}, caller_lives)
    waited = CALL in centre.calls
    since = centre.calls[CALL].since if waited else None
    knew_offer = any(offer.offer == name for offer in centre.offers.values())
    async with started_again(left, world) as start:
        if leg is Leg.RINGS:
            asyncio.get_running_loop().call_later(3.0, world.pick_up)
        await asyncio.sleep(SETTLED_S)

        assert not any(each.startswith(BEFORE) for each in world.rung), "rung twice for an offer"
        assert len(world.rung) == len(set(world.rung))
        assert len(world.legs) <= 1
        told = [each[0] for each in start.driver.told]
        if not caller_lives:
            assert told.count("resumed") == 0
            assert (world.legs, centre.calls, centre.offers) == ({}, {}, {})
            return
        assert told.count("resumed") + told.count("arrived") <= 1
        if leg is Leg.JOINED:  # a talk is never touched
            assert world.legs == {name: Leg.JOINED}
            assert not {"Hangup", "Bridge", "Originate"} & {each.name for each in world.sent}
            assert (start.state() == "talking") == knew_offer
            return
        if not waited:  # only the dialogue knows the call
            assert told == ["resumed"]
            assert (world.legs, centre.offers) == ({}, {})
            return
        call = centre.calls.get(CALL)
        if call is None:  # the talk was over
            assert told == ["resumed"]
            return
        assert call.since == since
        if "agent_became_ready" not in {row.type for row in rows}:
            assert call.state.value == "waiting"
            return
        if leg is not Leg.NONE and knew_offer:
            assert world.rung == []  # it goes on with the leg that is there
        if centre.agents[next(iter(centre.agents))].state.value == "paused":
            assert call.state.value == "waiting"  # missed before
            return
        assert call.state.value == "talking"
        assert list(world.legs.values()) == [Leg.JOINED]
        assert [offer.call for offer in centre.offers.values()] == [CALL]
