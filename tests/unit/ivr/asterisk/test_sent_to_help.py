"""Unit: a caller is sent to the standing emergency number once, also over a link that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ivr.asterisk.calls import Calls
from ivr.asterisk.config import STANDING
from ivr.asterisk.errors import ActionTimedOut, LinkLost
from ivr.asterisk.wire_events import ChannelId, ChannelListed, ChannelName
from queues.ids import CallId

CALL = CallId("1700000000.1")
BROKEN = LinkLost("the link broke", sent=True)


class Client:
    """Answers each action as the test says, then with yes."""

    def __init__(self, *answers: Exception) -> None:
        self.answers = list(answers)
        self.asked = asyncio.Queue[None]()
        self.count = 0

    async def send(self, _: Any) -> None:
        self.count += 1
        self.asked.put_nowait(None)
        if self.answers:
            raise self.answers.pop(0)


class Desk:
    """Takes what is reserved and released."""

    def reserve_for_bridge(self, channel: ChannelId) -> None:
        """Nothing more is sent to it."""

    def release(self, channel: ChannelId) -> None:
        """It is ours again."""


def listed(*, at_help: bool) -> ChannelListed:
    """The caller's channel: at the emergency number, or back in AGI."""
    context = STANDING if at_help else "fz-hold"
    runs = ("Dial", "PJSIP/desk1") if at_help else ("AGI", "agi:async,unhelped,100")
    name = ChannelName("PJSIP/caller1-0000002a")
    return ChannelListed(
        ChannelId(CALL), name, context, "s", *runs, None, True, 9.0, "caller1", None
    )


@asynccontextmanager
async def sent(*answers: Exception) -> AsyncIterator[tuple[Calls, Client, asyncio.Task[bool]]]:
    """A caller who is to be sent there, once the first action was answered so."""
    client = Client(*answers)
    calls = Calls(client, Desk(), Path())  # type: ignore[arg-type]
    assert calls.looked_up() == frozenset()
    sending = asyncio.create_task(calls.call_emergency(CALL))
    await client.asked.get()
    await asyncio.sleep(0)
    yield calls, client, sending


async def test_who_is_there_when_the_link_is_back_is_not_sent_once_more() -> None:
    async with sent(BROKEN) as (calls, client, sending):
        assert calls.looked_up([listed(at_help=True)]) == frozenset()
        assert await sending
        assert client.count == 1
        assert calls.looked_up([listed(at_help=False)]) == {CALL}


async def test_who_is_not_there_when_the_link_is_back_is_sent_again() -> None:
    async with sent(BROKEN) as (calls, client, sending):
        assert calls.looked_up([listed(at_help=False)]) == frozenset()  # never left
        assert await sending
        assert client.count == 2


async def test_who_came_back_unheard_is_told_of_once() -> None:
    async with sent() as (calls, _, sending):
        assert await sending
        calls.link_lost()
        assert calls.looked_up([listed(at_help=True)]) == frozenset()
        calls.link_lost()
        assert calls.looked_up([listed(at_help=False)]) == {CALL}
        assert calls.looked_up([listed(at_help=False)]) == frozenset()


@pytest.mark.parametrize("end", ["heard", "over"])
async def test_who_was_heard_to_come_back_or_is_gone_is_not_told_of(end: str) -> None:
    async with sent() as (calls, _, sending):
        assert await sending
        if end == "heard":
            calls.back_from_help(CALL)
        else:
            calls.call_ended(CALL)
        assert calls.looked_up([listed(at_help=False)]) == frozenset()


async def test_a_wish_that_was_not_answered_leaves_nobody_expected_back() -> None:
    async with sent(ActionTimedOut("silence")) as (calls, _, sending):
        assert not await sending
        assert calls.looked_up([listed(at_help=False)]) == frozenset()
