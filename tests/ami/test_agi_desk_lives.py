"""Channels that are adopted, that come and go by the thousand, and all that in any order."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from collections.abc import Callable

import pytest

from ivr.asterisk import wire_actions as a
from ivr.asterisk.errors import (
    AgiCut,
    AgiTimedOut,
    ChannelGone,
)
from ivr.asterisk.wire_events import (
    AgiAnswer,
    AgiAnswered,
    BridgeEntered,
    BridgeLeft,
    ChannelEnded,
    ChannelId,
    ChannelLeftAgi,
    LinkUp,
)
from tests.ami.scripted_desk import DONE, C, Desk, arrived, failing, listed


async def test_a_living_channel_is_adopted_and_can_be_commanded() -> None:
    desk = Desk()
    desk.hear(LinkUp(restarted=False, first=True), listed("AGI"))
    task = desk.ask(a.answer())
    await desk.sent(1)
    desk.answer()
    assert await task == DONE


async def test_a_channel_adopted_in_an_application_waits_for_that_to_end() -> None:
    desk = Desk()
    desk.hear(listed("AudioSocket"))
    task = desk.ask(a.answer())
    await asyncio.sleep(0)
    assert not desk.link.sent
    desk.hear(AgiAnswered(C, "of-the-controller-before", DONE))
    await desk.sent(1)
    desk.answer()
    assert await task == DONE


async def test_a_channel_adopted_in_a_bridge_is_ours_when_it_comes_back() -> None:
    desk = Desk()
    desk.hear(listed("", bridge="b"))
    await failing(desk.ask(a.answer()), AgiCut)
    desk.hear(AgiAnswered(C, "late", DONE))
    assert not desk.desk.in_agi(C)
    desk.hear(BridgeLeft(C, "b"), arrived())
    assert desk.desk.in_agi(C)


async def test_ten_thousand_channels_leave_nothing_behind() -> None:
    desk = Desk()
    blocks = 0
    for n in range(10_000):
        if n == 1_000:
            gc.collect()
            blocks = sys.getallocatedblocks()
        channel = ChannelId(f"c-{n}")
        desk.hear(arrived(channel))
        task = asyncio.ensure_future(desk.desk.run(channel, a.answer(), deadline_s=5))
        await asyncio.sleep(0)
        desk.answer(channel=channel)
        await task
        desk.link.sent.clear()
        desk.hear(BridgeEntered(channel, "b"), BridgeLeft(channel, "b"), arrived(channel))
        desk.hear(ChannelLeftAgi(channel), ChannelEnded(channel, 16, None))
    assert len(desk.desk) == 0
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 5_000


@pytest.mark.parametrize("seed", range(1, 21))
async def test_whatever_happens_no_two_commands_are_in_flight_and_every_asker_gets_an_end(
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311  (a seeded order of events)
    desk = Desk(arrival_s=0.01)
    desk.hear(arrived())
    tasks: list[asyncio.Task[AgiAnswer]] = []
    settled = 0  # how many of the commands sent have been answered or cut

    def answer() -> None:
        nonlocal settled
        if settled < len(desk.link.sent):
            desk.answer(settled)
            settled += 1

    def cut() -> None:
        nonlocal settled
        settled = len(desk.link.sent)
        desk.hear(BridgeEntered(C, "b"))

    doings: list[Callable[[], object]] = [
        lambda: tasks.append(desk.ask(a.answer(), deadline_s=chance.choice([0.001, 0.1]))),
        answer,
        answer,
        cut,
        lambda: desk.hear(BridgeLeft(C, "b"), arrived()) if not desk.desk.in_agi(C) else None,
        lambda: tasks and chance.choice(tasks).cancel(),
    ]
    for _ in range(300):
        chance.choice(doings)()
        await asyncio.sleep(0)
        assert len(desk.link.sent) - settled <= 1
    desk.hear(ChannelEnded(C, 16, None))
    ends = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 2)
    allowed = (AgiAnswer, AgiCut, AgiTimedOut, ChannelGone, asyncio.CancelledError)
    assert all(isinstance(end, allowed) for end in ends)
    assert len(desk.desk) == 0
