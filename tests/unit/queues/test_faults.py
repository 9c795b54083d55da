"""Unit: faults of our own code in the running part; each is logged and none ends the service."""

import asyncio

import pytest
import structlog

from queues.centre.commands import COMMAND_SETTLED_S
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMissed, TalkBegan
from queues.centre.inputs.house import PlaceChanged, PlaceState, SwitchRestarted, TimerFired
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import OfferRefused
from queues.centre.inputs.settings import QueueSetting, SettingsLoaded
from queues.dispatcher import COMMAND_DEADLINE_S
from queues.ids import CallId, PlaceId
from tests.unit.queues.fakes import Phone
from tests.unit.queues.scenes import Scene, settings
from tests.unit.queues.test_dispatcher import BILLING, C1, C2, Recording, Stage, running, until

SENTINEL = "+4930123456"


class Faulty(Recording):
    """Raises when an input of this kind is submitted, so many times."""

    fails_on: type[Input] = TimerFired
    times: int = 0
    tried: int = 0

    def submit(self, what: Input) -> tuple[Fact, ...]:
        if isinstance(what, self.fails_on):
            self.tried += 1
            if self.tried <= self.times:
                raise RuntimeError(SENTINEL)
        return super().submit(what)


def _faulty(
    fails_on: type[Input], times: int, *, wrap_up_s: float = 0.0, fault_pause_s: float = 1.0
) -> tuple[Stage, Faulty]:
    stage = Stage(dispatcher=Faulty, wrap_up_s=wrap_up_s, fault_pause_s=fault_pause_s)
    assert isinstance(stage.dispatcher, Faulty)
    stage.dispatcher.fails_on, stage.dispatcher.times = fails_on, times
    return stage, stage.dispatcher


def _logged(logs: list[structlog.typing.EventDict], event: str) -> structlog.typing.EventDict:
    return next(entry for entry in logs if entry["event"] == event)


async def test_a_deadline_that_cannot_be_settled_is_tried_again_after_a_pause() -> None:
    stage, faulty = _faulty(TimerFired, 2, wrap_up_s=0.01, fault_pause_s=0.05)
    loop = asyncio.get_running_loop()
    with structlog.testing.capture_logs() as logs:
        async with running(stage):
            stage.ready("a")
            stage.enter(C1)
            await until(lambda: stage.found(TalkBegan))
            stage.telephony.agent_hangs_up(stage.telephony.legs()[0])
            began = loop.time()
            await until(lambda: stage.agent("a").state == "ready")
    assert loop.time() - began >= 0.1
    assert faulty.tried == 3
    entry = _logged(logs, "deadlines not settled")
    assert isinstance(entry["exc_info"], RuntimeError)
    assert SENTINEL not in str({name: value for name, value in entry.items() if name != "exc_info"})


async def test_a_failure_that_cannot_be_reported_ends_neither_the_lane_nor_the_service() -> None:
    stage, faulty = _faulty(OfferRefused, 1)
    stage.telephony.phones[PlaceId("p-a")] = Phone.FAILS
    with structlog.testing.capture_logs() as logs:
        async with running(stage):
            stage.ready("a")
            stage.enter(C1)
            await until(lambda: faulty.tried)
            stage.telephony.phones[PlaceId("p-a")] = Phone.ANSWERS
            stage.telephony.caller_hangs_up(C1)
            stage.enter(C2)
            await until(lambda: stage.found(TalkBegan))
    assert isinstance(_logged(logs, "failure not taken")["exc_info"], RuntimeError)


@pytest.mark.parametrize("error", [RuntimeError(SENTINEL), asyncio.CancelledError()])
async def test_a_command_that_raises_or_is_cancelled_from_within_is_a_failed_command(
    error: BaseException,
) -> None:
    stage = Stage()
    stage.telephony.faults.append(error)
    with structlog.testing.capture_logs() as logs:
        async with running(stage):
            stage.ready("a")
            stage.enter(C1)
            await until(lambda: ("cancel", "test-1") in stage.telephony.commands)
            stage.telephony.caller_hangs_up(C1)
            stage.submit(PlaceChanged(PlaceId("p-a"), PlaceState.UNREACHABLE))
            stage.ready("a")
            stage.enter(C2)
            await until(lambda: stage.found(TalkBegan))  # the lane of the phone is alive
    assert stage.found(OfferMissed)
    assert _logged(logs, "command failed")["exc_info"] is error


async def test_a_fact_that_cannot_be_shown_is_carried_out_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage()
    before = stage.dispatcher.view().seq

    def fail(*_: object) -> None:
        raise RuntimeError(SENTINEL)

    with structlog.testing.capture_logs() as logs:
        async with running(stage):
            stage.ready("a")
            with monkeypatch.context() as patch:
                patch.setattr(stage.hub, "publish", fail)
                stage.enter(C1)
            await until(lambda: stage.found(TalkBegan))
            stage.telephony.caller_hangs_up(C1)
    assert _logged(logs, "fact not shown")["fact"] == "call_queued"
    assert stage.dispatcher.view().seq > before
    assert stage.dispatcher.view().calls == ()


async def test_a_thousand_facts_at_once_are_encoded_only_for_who_listens() -> None:
    stage = Stage()
    for number in range(1000):
        stage.enter(CallId(f"c{number}"))
    slow = stage.hub.subscribe(None, stage.dispatcher.view)
    stage.submit(SwitchRestarted())
    assert await slow.next() is None
    last = f"{stage.hub.epoch}-{stage.dispatcher.view().seq - 2}"
    again = stage.hub.subscribe(last, stage.dispatcher.view)
    assert again.first.count(b"event: fact") == 2


def test_a_commands_own_failure_is_told_before_the_centre_gives_the_offer_up() -> None:
    edge_s = 5.0
    assert edge_s < COMMAND_DEADLINE_S < COMMAND_SETTLED_S
    scene = Scene(
        SettingsLoaded(
            (QueueSetting(BILLING, 3.0, 0.0, 1),), settings(("anna", (BILLING,))).agents, "test"
        )
    )
    scene.ready("anna")
    scene.enter("c1")
    assert scene.offers()[0].deadline == scene.now + COMMAND_SETTLED_S
