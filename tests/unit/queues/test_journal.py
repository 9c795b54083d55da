"""Unit: claim, commit, then act, over a journal that is quick, slow, gone or full."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
import structlog

from queues.centre.commands import ReturnReason
from queues.centre.facts.offers import OfferMade, TalkBegan
from queues.centre.inputs.agents import PauseAsked, ReadyAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueLeft
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.journal.codec import read_fact, read_input
from queues.centre.journal.snapshot import to_snapshot
from queues.centre.recovery import recover
from queues.dispatcher import LedgerHealth
from queues.ids import AgentId, PlaceId
from queues.ports import JournalTakenOver
from tests.unit.queues.fake_journal import Disk
from tests.unit.queues.fakes import Phone
from tests.unit.queues.journalled import Journalled, in_virtual_time, started
from tests.unit.queues.test_dispatcher import C1, C2, Stage, running

RING = [("ring", "test-1")]


async def turns_until(true: Callable[[], object]) -> int:
    """Count the turns of the loop until something is true."""
    for turn in range(100):
        if true():
            return turn
        await asyncio.sleep(0)
    raise AssertionError("never")


@in_virtual_time
async def test_every_input_is_a_row_and_its_facts_are_the_rows_after_it() -> None:
    async with started() as stage:
        stage.ring_c1()
        stage.submit(TimerFired())
        await asyncio.sleep(1)
        rows = stage.journal.rows
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert [row.type for row in rows[:9]] == [
            "settings_loaded",
            "settings_taken",
            "place_changed",
            "place_noted",
            "ready_asked",
            "agent_became_ready",
            "queue_entered",
            "call_queued",
            "offer_made",
        ]
        assert {(row.epoch, row.node) for row in rows} == {(3, "n1")}
        facts = [read_fact(row) for row in rows if row.kind == "fact"]
        assert facts == stage.dispatcher.facts
        assert (read_input(rows[9]), rows[9].at) == (TimerFired(), facts[0].at + 1)


@in_virtual_time
async def test_no_phone_rings_before_the_decision_is_committed() -> None:
    async with started(Disk.SLOW) as stage:
        stage.ring_c1()
        await asyncio.sleep(0.09)
        assert stage.telephony.commands == []
        assert stage.agent("a").state == "ringing"  # decided, all the same
        await asyncio.sleep(0.02)
        assert stage.telephony.commands[:1] == RING


@in_virtual_time
async def test_a_journal_that_commits_at_once_costs_one_turn_of_the_loop_at_most() -> None:
    turns = []
    for with_journal in (False, True):
        stage = Journalled() if with_journal else Stage()
        async with running(stage):
            stage.ready("a")
            await asyncio.sleep(1)
            stage.enter(C1)
            turns.append(await turns_until(lambda stage=stage: stage.telephony.commands))
    assert turns[1] <= turns[0] + 1


@in_virtual_time
async def test_a_journal_that_is_not_written_delays_a_ring_by_a_quarter_of_a_second() -> None:
    async with started(Disk.GONE) as stage:
        stage.ring_c1()
        await asyncio.sleep(0.249)
        assert stage.telephony.commands == []
        await asyncio.sleep(0.002)
        assert stage.telephony.commands[:1] == RING


@in_virtual_time
async def test_while_it_is_not_written_nothing_waits_any_more_and_health_says_so() -> None:
    async with started(Disk.GONE) as stage:
        stage.ring_c1()
        await asyncio.sleep(0.3)
        stage.ready("b")
        stage.enter(C2)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert ("ring", "test-2") in stage.telephony.commands
        health = stage.dispatcher.journal_health
        assert health is not None
        assert health.is_degraded
        assert (health.given_up, health.lost_rows) == (health.ahead, 0)


@in_virtual_time
async def test_when_it_is_written_again_all_is_there_in_order_and_nothing_is_done_twice() -> None:
    async with started(Disk.GONE) as stage:
        stage.ring_c1()
        await asyncio.sleep(30)
        commands = list(stage.telephony.commands)
        given_up = stage.dispatcher.journal_health.given_up
        stage.journal.back()
        await asyncio.sleep(1)
        assert stage.telephony.commands == commands
        assert stage.dispatcher.journal_health == LedgerHealth(False, 0, given_up, 0, None)
        rows = stage.journal.rows
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        stage.telephony.caller_hangs_up(C1)
        stage.enter(C2)
        assert stage.telephony.commands == commands  # waits for its commit again
        await asyncio.sleep(1)
        assert ("ring", "test-2") in stage.telephony.commands


@in_virtual_time
async def test_rows_that_are_refused_for_good_are_counted_and_delay_nothing() -> None:
    async with started(Disk.FULL) as stage:
        stage.submit(ReadyAsked(AgentId("a")))
        await asyncio.sleep(0.01)
        assert stage.dispatcher.journal_health == LedgerHealth(True, 0, 1, 2, None)
        stage.ring_c1()
        await asyncio.sleep(0.01)
        assert stage.telephony.commands[:1] == RING


@in_virtual_time
async def test_after_a_gap_the_whole_state_is_written_down_and_recovery_builds_on_it() -> None:
    async with started(Disk.FULL) as stage:
        stage.ring_c1()
        await asyncio.sleep(1)
        lost = stage.dispatcher.journal_health.lost_rows
        stage.journal.disk = Disk.QUICK
        stage.enter(C2)
        await asyncio.sleep(1)
        told = [row for row in stage.journal.rows if row.type == "history_lost"]
        assert [row.payload["rows"] for row in told] == [lost]
        stage.submit(CallEnded(C2, EndCause.HUNG_UP))
        await asyncio.sleep(1)
        again = recover(None, stage.journal.rows)
        assert to_snapshot(again) == to_snapshot(stage.dispatcher._centre)


@in_virtual_time
async def test_a_row_that_no_journal_takes_stops_no_decision() -> None:
    async with started() as stage:
        stage.ready("a")
        await asyncio.sleep(1)
        stage.journal.disk = Disk.STRANGE
        stage.enter(C1)
        assert stage.dispatcher.journal_health.lost_rows == 3
        stage.journal.disk = Disk.QUICK
        await asyncio.sleep(0.01)
        assert stage.telephony.commands[:1] == RING
        stage.telephony.caller_hangs_up(C1)
        await asyncio.sleep(1)
        assert recover(None, stage.journal.rows) == stage.dispatcher._centre


@in_virtual_time
async def test_a_later_decision_never_takes_effect_before_an_earlier_one() -> None:
    async with started(Disk.GONE) as stage:
        stage.ring_c1()
        stage.ready("b")
        stage.enter(C2)
        waiting = stage.journal.waiting
        while len(waiting) > 1:  # all but the first are committed, the last one first
            waiting.pop()[1](None)
        await asyncio.sleep(0.01)
        assert stage.telephony.commands == []
        stage.journal.back()
        await asyncio.sleep(0.01)
        assert [c for c in stage.telephony.commands if c[0] == "ring"] == [
            ("ring", "test-1"),
            ("ring", "test-2"),
        ]


@pytest.mark.parametrize("disk", [Disk.QUICK, Disk.SLOW, Disk.GONE, Disk.FULL])
@in_virtual_time
async def test_the_cancel_comes_before_the_next_ring_of_the_same_phone(disk: Disk) -> None:
    async with started(disk) as stage:
        stage.telephony.phones[PlaceId("p-a")] = Phone.SILENT
        stage.ring_c1()
        await asyncio.sleep(1)
        stage.enter(C2)
        stage.telephony.caller_hangs_up(C1)
        await asyncio.sleep(1)
        assert stage.telephony.commands == [
            ("ring", "test-1"),
            ("cancel", "test-1"),
            ("ring", "test-2"),
        ]


@in_virtual_time
async def test_dialogues_are_told_at_once_whatever_the_journal_does() -> None:
    async with started() as stage:
        stage.ring_c1()
        await asyncio.sleep(1)
        assert stage.found(TalkBegan)
        stage.journal.disk = Disk.GONE
        stage.telephony.agent_hangs_up(stage.telephony.legs()[0])
        assert stage.dialogues.told[-1] == ("returned", C1, ReturnReason.TALK_OVER)


@pytest.mark.parametrize("disk", [Disk.SLOW, Disk.GONE])
@in_virtual_time
async def test_the_live_stream_tells_of_a_fact_when_it_is_committed_or_given_up_on(
    disk: Disk,
) -> None:
    async with started(disk) as stage:
        before = stage.dispatcher.shown()
        frames = stage.hub.subscribe(None, stage.dispatcher.shown)
        stage.ring_c1()
        after = stage.dispatcher.view()
        assert (after.seq, stage.dispatcher.shown()) == (before.seq + 4, before)
        assert after.calls
        early = stage.hub.subscribe(None, stage.dispatcher.shown)
        assert f"-{before.seq}\n".encode() in early.first
        assert b'"calls":[]' in early.first
        await asyncio.sleep(0.09)
        assert stage.dispatcher.shown() is before
        told = await frames.next() or b""
        numbers = [int(line.split(b"-")[1]) for line in told.split(b"\n") if line[:3] == b"id:"]
        assert numbers == list(range(before.seq + 1, before.seq + 1 + len(numbers)))
        await asyncio.sleep(1)
        shown, view = stage.dispatcher.shown(), stage.dispatcher.view()
        assert (shown.calls, shown.agents, shown.seq) == (view.calls, view.agents, view.seq)


@in_virtual_time
async def test_a_service_that_is_taken_over_does_nothing_more_and_ends() -> None:
    stage = Journalled()
    with structlog.testing.capture_logs():
        task = asyncio.create_task(stage.dispatcher.run())
        await asyncio.sleep(1)
        stage.journal.disk, stage.journal.error = Disk.FULL, JournalTakenOver()
        stage.ring_c1()
        with pytest.raises(ExceptionGroup) as raised:
            await task
        assert raised.group_contains(JournalTakenOver)
        stage.submit(PauseAsked(AgentId("a"), "lunch"))
        await asyncio.sleep(1)
    assert stage.telephony.commands == []


@in_virtual_time
async def test_what_was_under_way_when_the_service_was_taken_over_is_never_carried_out() -> None:
    stage = Journalled()
    with structlog.testing.capture_logs():
        task = asyncio.create_task(stage.dispatcher.run())
        await asyncio.sleep(1)
        stage.journal.disk = Disk.GONE
        stage.ring_c1()
        errors = [JournalTakenOver(), OSError(), None]
        for error, (_, done) in zip(errors, tuple(stage.journal.waiting), strict=True):
            done(error)
        with pytest.raises(ExceptionGroup):
            await task
    assert stage.telephony.commands == []


@in_virtual_time
async def test_a_gap_that_only_we_know_of_is_followed_by_the_whole_state_at_once() -> None:
    async with started(Disk.GONE) as stage:
        stage.submit(PauseAsked(AgentId("a"), b"x"))  # of somebody signed out: decides nothing
        (((row,), _),) = stage.journal.waiting
        assert (row.type, row.payload["rows"]) == ("history_lost", 1)


@in_virtual_time
async def test_what_was_decided_before_a_fault_of_ours_is_kept_and_carried_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault")

    async with started() as stage:
        stage.ring_c1()
        await asyncio.sleep(1)
        with monkeypatch.context() as patch:
            patch.setattr("queues.centre.step.next_offer", fail)
            with pytest.raises(RuntimeError):
                stage.submit(CallEnded(C1, EndCause.HUNG_UP))
        await asyncio.sleep(1)
        assert [row.type for row in stage.journal.rows if row.type == "call_closed"]
        assert not stage.telephony.legs()
        assert recover(None, stage.journal.rows) == stage.dispatcher._centre


@in_virtual_time
async def test_an_input_that_is_refused_is_no_row() -> None:
    async with started() as stage:
        before = len(stage.journal.rows)
        settings = read_input(stage.journal.rows[0])
        assert isinstance(settings, SettingsLoaded)
        with pytest.raises(ValueError, match="epoch"):
            stage.submit(replace(settings, epoch="?"))
        await asyncio.sleep(1)
        assert len(stage.journal.rows) == before


@in_virtual_time
async def test_a_decision_that_cannot_be_written_down_is_carried_out_all_the_same() -> None:
    async with started() as stage:
        seq = stage.journal.rows[-1].seq
        stage.submit(PauseAsked(AgentId("a"), "lunch"))
        stage.ready("a")
        stage.submit(PauseAsked(AgentId("a"), b"x"))
        assert stage.agent("a").state == "paused"
        await asyncio.sleep(1)
        assert stage.dispatcher.journal_health.lost_rows == 2
        assert "history_lost" not in {row.type for row in stage.journal.rows}
        stage.submit(PauseAsked(AgentId("a"), "lunch"))
        await asyncio.sleep(1)
        assert stage.journal.rows[-1].type == "history_lost"
        numbers = [row.seq for row in stage.journal.rows if row.seq > seq]
        assert numbers == list(range(seq + 1, seq + 1 + len(numbers)))


async def test_without_a_journal_there_is_no_word_of_its_health() -> None:
    assert Stage().dispatcher.journal_health is None


@in_virtual_time
async def test_the_journals_own_word_of_trouble_is_passed_on() -> None:
    async with started() as stage:
        stage.journal.trouble = "disk is full"
        health = stage.dispatcher.journal_health
        assert (health.is_degraded, health.trouble) == (True, "disk is full")


@in_virtual_time
async def test_a_caller_who_leaves_before_the_commit_is_neither_rung_for_nor_forgotten() -> None:
    async with started(Disk.SLOW) as stage:
        stage.ring_c1()
        stage.submit(QueueLeft(C1))
        stage.submit(ReadyAsked(AgentId("a")))
        await asyncio.sleep(1)
        assert [name for name, _ in stage.telephony.commands] in ([], ["ring", "cancel"])
        assert not stage.telephony.legs()
        assert stage.found(OfferMade)
