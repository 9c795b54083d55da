"""Unit: how long after Asterisk told of an event it is read, in the order of telling."""

from __future__ import annotations

import asyncio
import time

from ivr.asterisk.inbox import Inbox
from ivr.asterisk.wire import told_at_s
from ivr.asterisk.wire_events import ChannelId, KeyReleased, LinkDown


def test_events_come_out_in_order_and_those_with_a_time_are_counted_by_their_lateness() -> None:
    inbox = Inbox()
    first, last = KeyReleased(ChannelId("1"), "1"), KeyReleased(ChannelId("2"), "2")
    inbox.put_told(first, time.time() - 0.03)
    inbox.put_nowait(LinkDown())
    inbox.put_told(last, None)
    assert [inbox.get_nowait() for _ in range(3)] == [first, LinkDown(), last]
    assert sum(inbox.lag.counts) == 1
    assert 0.03 <= inbox.lag.sum_s < 1.0
    assert inbox.empty()


def test_a_clock_that_was_set_back_makes_no_event_earlier_than_it_was_told() -> None:
    inbox = Inbox()
    inbox.put_told(LinkDown(), time.time() + 60)
    assert inbox.get_nowait() == LinkDown()
    assert inbox.lag.sum_s == 0.0


def test_asterisks_time_is_read_and_nonsense_is_no_time() -> None:
    assert told_at_s({"Timestamp": "1795814059.398"}) == 1795814059.398
    assert told_at_s({"Timestamp": "now"}) is None
    assert told_at_s({}) is None


async def test_who_waits_is_woken_by_what_is_told() -> None:
    inbox = Inbox()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(inbox.get())
        await asyncio.sleep(0)
        inbox.put_told(LinkDown(), None)
    assert waiting.result() == LinkDown()
