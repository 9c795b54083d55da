"""Unit: a consultation through dispatcher, switch, dialogues, live stream and records."""

import asyncio
from contextlib import suppress

from queues.centre.commands import ReturnReason
from queues.centre.facts.offers import TalkBegan
from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.calls import CallArrived, QueueEntered
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.dispatcher import Clock, Dispatcher
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId
from queues.live import Hub
from queues.reports import Projection
from queues.reports.open import NOTHING
from tests.unit.queues.consulting import SETTINGS, asks, both_talk, leg
from tests.unit.queues.fakes import FakeDialogues, FakeTelephony, Phone
from tests.unit.queues.scenes import BILLING, REPAIRS
from tests.unit.queues.virtual_time import run_in_virtual_time
from tests.unit.queues.written import Written

C1 = CallId("c1")
OWN, OTHER = OfferId("test-1"), OfferId("test-2")
HOUSE = SettingsLoaded(
    (QueueSetting(QueueId("front"), 5.0, 0.0, 1), QueueSetting(QueueId("back"), 5.0, 0.0, 1)),
    (
        AgentSetting(AgentId("anna"), PlaceId("p1"), (QueueId("front"),)),
        AgentSetting(AgentId("bert"), PlaceId("p2"), (QueueId("back"),)),
    ),
    "test",
)


class House:
    """A dispatcher on fakes, in virtual time: anna talks with c1, bert is ready."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.telephony = FakeTelephony(lambda what: self.dispatcher.submit(what), answer_s=2.0)
        self.dialogues = FakeDialogues()
        clock = Clock(wall=loop.time, monotonic=loop.time)
        self.hub = Hub()
        self.dispatcher = Dispatcher(self.telephony, self.dialogues, clock, self.hub)
        self.running = asyncio.create_task(self.dispatcher.run())
        submit = self.dispatcher.submit
        submit(HOUSE)
        for agent in HOUSE.agents:
            submit(PlaceChanged(agent.place, PlaceState.FREE))
            submit(ReadyAsked(agent.agent))
        submit(QueueEntered(C1, LineId("main"), QueueId("front")))

    def row(self) -> tuple[str, str | None]:
        (row,) = self.dispatcher.view().calls
        return row.state, row.agent

    def ask(self) -> None:
        self.dispatcher.submit(ConsultAsked(C1, None, QueueId("back"), None, None))

    def done(self) -> list[tuple[str, str]]:
        return self.telephony.commands[2:]  # but the first ring and join


def test_completed_by_the_switch_and_the_dialogue_hears_of_the_next_talk_alone() -> None:
    async def run() -> None:
        house = House()
        await asyncio.sleep(3)
        house.ask()
        await asyncio.sleep(3)
        assert house.row() == ("held", "anna")
        house.dispatcher.submit(CompleteAsked(C1, None))
        await asyncio.sleep(1)
        assert house.row() == ("talking", "bert")
        assert house.done()[:3] == [("hold", OWN), ("ring", OTHER), ("connect", OTHER)]
        assert sorted(house.done()[3:]) == [("cancel", OWN), ("connect", OTHER)]
        assert [told for told, *_ in house.dialogues.told] == [
            "connected", "waits_again", "connected",
        ]  # fmt: skip
        assert house.telephony.legs() == [OTHER]
        house.running.cancel()

    run_in_virtual_time(run())


def test_taken_back_by_the_switch_and_the_dialogue_hears_nothing_of_it() -> None:
    async def run() -> None:
        house = House()
        await asyncio.sleep(3)
        house.ask()
        await asyncio.sleep(3)
        house.dispatcher.submit(TakeBackAsked(C1, None))
        await asyncio.sleep(1)
        assert house.row() == ("talking", "anna")
        assert house.telephony.legs() == [OWN]
        assert house.dialogues.told == [("connected", C1, None)]
        house.running.cancel()

    run_in_virtual_time(run())


def test_a_caller_who_cannot_be_held_talks_on_or_waits_in_the_first_place() -> None:
    async def run(*, joins: bool) -> tuple[str, str | None]:
        house = House()
        await asyncio.sleep(3)
        house.telephony.refuses_hold = True
        house.telephony.refuses_connect = not joins
        house.telephony.phones[PlaceId("p2")] = Phone.RINGS_OUT
        house.ask()
        await asyncio.sleep(0.5)
        row = house.row()
        assert ReturnReason.TALK_OVER not in [reason for *_, reason in house.dialogues.told]
        house.running.cancel()
        return row

    assert run_in_virtual_time(run(joins=True)) == ("talking", "anna")
    state, agent = run_in_virtual_time(run(joins=False))
    assert state in ("waiting", "offered")
    assert agent in (None, "anna")


def test_each_frame_of_the_stream_shows_the_callers_call_and_never_what_is_asked() -> None:
    async def run() -> list[bytes]:
        house = House()
        await asyncio.sleep(3)
        subscription = house.hub.subscribe(None, house.dispatcher.shown)
        house.ask()
        await asyncio.sleep(3)
        frames: list[bytes] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while (frame := await subscription.next()) is not None:
                    frames.append(frame)
        house.running.cancel()
        return frames

    frames = run_in_virtual_time(run())
    text = b"".join(frames).decode()
    assert '"consult_joined"' in text
    assert '"state":"held"' in text
    assert f'"calls":{{"{OWN}"' not in text


def test_an_offer_to_one_who_is_asked_is_recorded_under_the_callers_call() -> None:
    scene = Written(SETTINGS)
    scene.take(CallArrived(C1, LineId("main")))
    scene.enter("c1", BILLING)
    scene.now += 10
    scene.ready("anna")
    scene.talk("c1")
    scene.ready("bert")
    _, other = both_talk(scene)
    scene.take(TakeBackAsked(C1, None), after=5)
    scene.take(TalkStarted(leg(scene)))
    asks(scene, REPAIRS, after=0)
    again = scene.offer(leg(scene))
    scene.take(OfferAnswered(again), after=2)
    scene.take(TalkStarted(again))
    scene.take(CompleteAsked(C1, None), after=5)
    scene.take(TalkStarted(again), after=1)
    projection = Projection(NOTHING)
    for row in scene.rows:
        projection.take(row)
    offers = [(each.offer, each.call, each.outcome) for each in projection.batch().offers]
    assert offers == [
        (leg_of_anna(scene), C1, "talked"), (other, C1, "talked"), (again, C1, "talked"),
    ]  # fmt: skip


def leg_of_anna(scene: Written) -> str:
    return next(fact.offer for fact in scene.facts if isinstance(fact, TalkBegan))
