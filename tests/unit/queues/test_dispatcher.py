"""Unit: the dispatcher over a fake switch; real loop, no real phone, no waiting for the clock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from queues.centre.commands import ReturnReason
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMissed, TalkBegan, TalkEnded
from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState, SwitchRestarted
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import RefuseCause
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.dispatcher import Clock, Dispatcher
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId
from queues.live import Hub
from queues.view import AgentRow
from tests.unit.queues.fakes import FakeDialogues, FakeTelephony, Phone

BILLING = QueueId("billing")
C1, C2 = CallId("c1"), CallId("c2")


class Recording(Dispatcher):
    """A dispatcher whose facts can be looked at, those of its own inputs included."""

    facts: list[Fact]

    def submit(self, what: Input) -> tuple[Fact, ...]:
        facts = super().submit(what)
        self.facts.extend(facts)
        return facts


class Stage:
    """A dispatcher with fakes around it, and every fact it came to."""

    def __init__(
        self,
        *,
        ring_s: float = 5.0,
        wrap_up_s: float = 0.0,
        deadline_s: float = 5.0,
        fault_pause_s: float = 1.0,
        dispatcher: type[Recording] = Recording,
        clock: Clock | None = None,
        **more: Any,
    ) -> None:
        self.telephony = FakeTelephony(submit=self.submit)
        self.dialogues = FakeDialogues()
        self.hub = Hub()
        self.dispatcher = dispatcher(
            self.telephony,
            self.dialogues,
            clock or Clock(),
            self.hub,
            command_deadline_s=deadline_s,
            fault_pause_s=fault_pause_s,
            **more,
        )
        self.dispatcher.facts = []
        self.submit(
            SettingsLoaded(
                (QueueSetting(BILLING, ring_s, wrap_up_s, 1),),
                tuple(AgentSetting(AgentId(n), PlaceId(f"p-{n}"), (BILLING,)) for n in "ab"),
                "test",
            )
        )

    def submit(self, what: Input) -> tuple[Fact, ...]:
        return self.dispatcher.submit(what)

    def ready(self, name: str) -> None:
        self.submit(PlaceChanged(PlaceId(f"p-{name}"), PlaceState.FREE))
        self.submit(ReadyAsked(AgentId(name)))

    def enter(self, call: CallId) -> None:
        self.submit(QueueEntered(call, LineId("main"), BILLING))

    def agent(self, name: str) -> AgentRow:
        row = self.dispatcher.view().agent(name)
        assert row is not None
        return row

    def found(self, kind: type[Fact]) -> list[Fact]:
        return [fact for fact in self.dispatcher.facts if isinstance(fact, kind)]


async def until(true: Callable[[], object]) -> None:
    """Wait for a condition, ten seconds at most."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  # what is waited for has no event of its own
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[None]:
    task = asyncio.create_task(stage.dispatcher.run())
    try:
        yield
    finally:
        assert not task.done(), "the dispatcher ended by itself"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_call_comes_to_a_talk_and_back_to_the_dialogue() -> None:
    stage = Stage()
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: stage.found(TalkBegan))
        offer = stage.telephony.legs()[0]
        stage.telephony.agent_hangs_up(offer)
    assert stage.dialogues.told == [
        ("connected", C1, None),
        ("returned", C1, ReturnReason.TALK_OVER),
    ]
    assert stage.dialogues.returned_from == [BILLING]
    assert stage.agent("a").state == "ready"
    assert stage.dispatcher.view().calls == ()


async def test_commands_from_before_the_start_are_carried_out_at_the_start() -> None:
    stage = Stage()
    stage.ready("a")
    stage.enter(C1)
    async with running(stage):
        await until(lambda: stage.found(TalkBegan))


async def test_a_call_that_ended_before_its_ring_was_sent_rings_nowhere() -> None:
    stage = Stage()
    stage.ready("a")
    stage.enter(C1)
    stage.telephony.caller_hangs_up(C1)
    stage.enter(C2)
    async with running(stage):
        await until(lambda: stage.found(TalkBegan))
    assert [name for name, _ in stage.telephony.commands] == ["ring", "connect"]


async def test_a_ring_that_never_returns_holds_up_no_other_agent() -> None:
    stage = Stage()
    stage.telephony.phones[PlaceId("p-a")] = Phone.HANGS
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: stage.telephony.commands)
        stage.ready("b")
        stage.enter(C2)
        await until(lambda: stage.found(TalkBegan))
        assert stage.agent("a").state == "ringing"


async def test_a_command_over_its_deadline_fails_and_the_leg_is_cancelled() -> None:
    stage = Stage(deadline_s=0.02)
    stage.telephony.phones[PlaceId("p-a")] = Phone.HANGS
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: ("cancel", "test-1") in stage.telephony.commands)
    missed = stage.found(OfferMissed)[0]
    assert isinstance(missed, OfferMissed)
    assert missed.cause is RefuseCause.FAILED
    assert stage.agent("a").state == "ready"


async def test_a_switch_that_refuses_to_dial_costs_the_agent_nothing() -> None:
    stage = Stage()
    stage.telephony.phones[PlaceId("p-a")] = Phone.FAILS
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: stage.found(OfferMissed))
        assert (stage.agent("a").state, stage.agent("a").reason) == ("ready", None)
        stage.ready("b")
        await until(lambda: stage.found(TalkBegan))


async def test_a_switch_that_refuses_to_join_leaves_the_caller_waiting_and_no_leg_up() -> None:
    stage = Stage()
    stage.telephony.refuses_connect = True
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: stage.found(OfferMissed))
        await until(lambda: not stage.telephony.legs())
    assert stage.dispatcher.view().calls[0].state == "waiting"
    assert stage.dialogues.told == []


async def test_a_caller_who_hangs_up_in_the_talk_takes_the_agents_leg_along() -> None:
    stage = Stage()
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: stage.found(TalkBegan))
        stage.telephony.caller_hangs_up(C1)
        await until(lambda: not stage.telephony.legs())
        await until(lambda: stage.agent("a").place_state == "free")


async def test_the_cancel_comes_before_the_next_ring_of_the_same_phone() -> None:
    stage = Stage()
    stage.telephony.phones[PlaceId("p-a")] = Phone.SILENT
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: stage.telephony.commands)
        stage.enter(C2)
        stage.telephony.caller_hangs_up(C1)
        await until(lambda: len(stage.telephony.commands) == 3)
    assert stage.telephony.commands == [
        ("ring", "test-1"),
        ("cancel", "test-1"),
        ("ring", "test-2"),
    ]


async def test_the_one_timer_ends_wrap_up() -> None:
    stage = Stage(wrap_up_s=0.02)
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: stage.found(TalkBegan))
        stage.telephony.agent_hangs_up(stage.telephony.legs()[0])
        assert stage.agent("a").state == "wrap_up"
        await until(lambda: stage.agent("a").state == "ready")


async def test_no_answer_pauses_the_agent_and_the_caller_keeps_waiting() -> None:
    stage = Stage(ring_s=0.02)
    stage.telephony.phones[PlaceId("p-a")] = Phone.RINGS_OUT
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: stage.agent("a").state == "paused")
    assert stage.agent("a").reason == "missed"
    assert stage.dispatcher.view().calls[0].state == "waiting"


async def test_a_dialogue_may_hand_a_call_over_from_within_its_return() -> None:
    stage = Stage()
    stage.dialogues.then = stage.enter
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: stage.found(TalkBegan))
        stage.telephony.agent_hangs_up(stage.telephony.legs()[0])
        await until(lambda: len(stage.found(TalkBegan)) == 2)


async def test_a_dialogue_that_fails_stops_no_decision() -> None:
    def fail(call: CallId) -> None:
        raise RuntimeError("a fault")

    stage = Stage()
    stage.dialogues.then = fail
    async with running(stage):
        stage.ready("a")
        stage.enter(C1)
        await until(lambda: stage.found(TalkBegan))
        stage.telephony.agent_hangs_up(stage.telephony.legs()[0])
    assert stage.found(TalkEnded)


async def test_a_view_that_was_given_out_never_changes() -> None:
    stage = Stage()
    before = stage.dispatcher.view()
    stage.enter(C1)
    after = stage.dispatcher.view()
    assert (before.calls, len(after.calls)) == ((), 1)
    assert (after.queues[0].waiting, before.queues[0].waiting) == (1, 0)
    assert stage.dispatcher.view() is after
    assert after.seq == before.seq + 1


async def test_a_call_that_is_closed_leaves_the_view() -> None:
    stage = Stage()
    stage.enter(C1)
    stage.submit(CallEnded(C1, EndCause.HUNG_UP))
    assert stage.dispatcher.view().calls == ()


async def test_the_fake_switch_refuses_to_join_what_is_not_up() -> None:
    stage = Stage()
    with pytest.raises(Exception, match="refused to join"):
        await stage.telephony.connect(OfferId("none"), C1)


async def test_who_is_not_in_the_settings_any_more_leaves_the_view_and_the_stream() -> None:
    stage = Stage()
    stage.ready("a")
    other = QueueSetting(QueueId("other"), 5.0, 0.0, 1)
    agent = AgentSetting(AgentId("b"), PlaceId("p-b"), (other.queue,))
    frames = stage.hub.subscribe(None, stage.dispatcher.shown)
    stage.submit(SettingsLoaded((other,), (agent,), "next"))
    view = stage.dispatcher.view()
    assert [row.agent for row in view.agents] == ["b"]
    assert [row.queue for row in view.queues] == ["other"]
    assert stage.dispatcher.shown() == view
    told = await frames.next()
    assert told is not None
    assert told.rstrip().endswith(b'"agents":{"a":null}}')


async def test_a_restart_of_the_switch_shows_every_phone_as_unreachable() -> None:
    stage = Stage()
    stage.ready("a")
    stage.ready("b")
    stage.submit(SwitchRestarted())
    assert {row.place_state for row in stage.dispatcher.view().agents} == {"unreachable"}
