"""Unit: what somebody is told is certain is committed first, or taken back."""

import asyncio

import pytest

from queues.centre.facts.calls import CallQueued
from queues.centre.facts.fact import Fact
from queues.centre.inputs.calls import QueueEntered, QueueLeft
from queues.centre.recovery import recover
from queues.dispatcher import NotStored
from queues.ids import CallId, LineId
from tests.unit.queues.fake_journal import Disk
from tests.unit.queues.journalled import Journalled, in_virtual_time, started
from tests.unit.queues.test_dispatcher import BILLING, C1, C2, Stage

PROMISE = QueueEntered(C1, LineId("main"), BILLING)  # stands here for any promise


async def promise(stage: Stage) -> tuple[Fact, ...]:
    return await stage.dispatcher.submit_and_commit(PROMISE, otherwise=QueueLeft(C1))


def waiting(stage: Stage) -> list[str]:
    return [row.call for row in stage.dispatcher.view().calls]


@pytest.mark.parametrize("disk", [Disk.QUICK, Disk.SLOW])
@in_virtual_time
async def test_the_facts_are_given_once_they_are_committed(disk: Disk) -> None:
    async with started(disk) as stage:
        facts = await promise(stage)
        assert [type(fact) for fact in facts] == [CallQueued]
        assert stage.journal.rows[-1].type == "call_queued"
        assert waiting(stage) == [C1]


@in_virtual_time
async def test_what_is_not_committed_in_time_is_taken_back_and_said_to_be() -> None:
    async with started(Disk.GONE) as stage:
        began = asyncio.get_running_loop().time()
        with pytest.raises(NotStored, match="is taken back"):
            await promise(stage)
        assert asyncio.get_running_loop().time() - began == pytest.approx(2.0)
        assert waiting(stage) == []
        stage.journal.back()
        await asyncio.sleep(1)
        assert [row.type for row in stage.journal.rows[-4:]] == [
            "queue_entered",
            "call_queued",
            "queue_left",
            "call_taken_back",
        ]
        assert recover(None, stage.journal.rows).calls == {}


@in_virtual_time
async def test_what_the_journal_refuses_is_taken_back_at_once() -> None:
    async with started(Disk.FULL) as stage:
        began = asyncio.get_running_loop().time()
        with pytest.raises(NotStored):
            await promise(stage)
        assert asyncio.get_running_loop().time() == began
        assert waiting(stage) == []


@in_virtual_time
async def test_while_it_is_known_that_nothing_is_written_nothing_is_decided_at_all() -> None:
    async with started(Disk.GONE) as stage:
        stage.enter(C2)
        await asyncio.sleep(1)
        stage.dispatcher.facts.clear()
        rows = len(stage.journal.waiting)
        with pytest.raises(NotStored, match="nothing was decided"):
            await promise(stage)
        assert (waiting(stage), len(stage.journal.waiting)) == ([C2], rows)


async def test_without_a_journal_nothing_can_be_promised() -> None:
    stage = Stage()
    with pytest.raises(NotStored, match="nothing was decided"):
        await promise(stage)
    assert waiting(stage) == []


@in_virtual_time
async def test_if_whoever_waits_goes_away_it_is_taken_back_too() -> None:
    async with started(Disk.GONE) as stage:
        task = asyncio.create_task(promise(stage))
        await asyncio.sleep(0.1)
        assert waiting(stage) == [C1]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert waiting(stage) == []


@in_virtual_time
async def test_a_commit_that_comes_too_late_changes_nothing_any_more() -> None:
    async with started() as stage:
        stage.journal.disk, stage.journal.slow_s = Disk.SLOW, 5.0
        with pytest.raises(NotStored):
            await promise(stage)
        await asyncio.sleep(10)
        assert waiting(stage) == []
        assert [row.type for row in stage.journal.rows[-4:]][1::2] == [
            "call_queued",
            "call_taken_back",
        ]


@in_virtual_time
async def test_others_are_served_while_somebody_waits_for_the_commit() -> None:
    async with started(Disk.SLOW) as stage:
        task = asyncio.create_task(promise(stage))
        await asyncio.sleep(0.01)
        stage.enter(CallId("c3"))
        assert waiting(stage) == [C1, "c3"]
        await task
        assert isinstance(stage, Journalled)


@in_virtual_time
async def test_what_was_decided_counts_once_it_is_committed() -> None:
    async with started(Disk.SLOW) as stage:
        began = asyncio.get_running_loop().time()
        stage.enter(C1)
        await stage.dispatcher.settled()
        assert stage.journal.rows[-1].type == "call_queued"
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.1)
        await stage.dispatcher.settled()  # nothing is under way: at once
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.1)


@in_virtual_time
async def test_nobody_waits_longer_for_a_dead_disk_than_calls_do() -> None:
    async with started(Disk.GONE) as stage:
        began = asyncio.get_running_loop().time()
        stage.enter(C1)
        await stage.dispatcher.settled()
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.25)


@in_virtual_time
async def test_one_who_no_longer_waits_keeps_nobody_else_from_being_told() -> None:
    async with started(Disk.SLOW) as stage:
        stage.enter(C1)
        gone, stays = (asyncio.create_task(stage.dispatcher.settled()) for _ in range(2))
        await asyncio.sleep(0.01)
        gone.cancel()
        await stays
        assert gone.cancelled()
