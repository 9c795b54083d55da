"""Whose call is a missed one, when the service, the link or Asterisk was away."""

from __future__ import annotations

import pytest

from ivr.asterisk.wire_events import (
    ChannelId,
    LinkUp,
    MissedCallListed,
    ServedCallListed,
)
from ivr.flow.session import open_session
from ivr.keeping.dialogue_book import KeptDialogue
from queues.centre.inputs.calls import CallEnded, CallMissed, EndCause, MissCause, QueueLeft
from queues.centre.inputs.house import ClockMoved, TimerFired
from queues.ids import ContactId
from tests.ami.running import until
from tests.ami.started_again import (
    CALL,
    LINE,
    PLAN,
    Start,
    channel,
    given_back,
    missed,
    started,
    talking,
    waiting,
)
from tests.unit.queues.scenes import BILLING, Scene, settings


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


async def test_the_wait_of_who_is_gone_ends_when_the_dialplan_saw_the_end_and_once() -> None:
    scene = waiting()
    since = scene.centre.calls[CALL].since
    scene.now += 600
    noted = MissedCallListed(ChannelId(CALL), LINE, since + 12.0, "4930999")
    async with started(scene, noted=[noted]) as start:
        assert [each.cause for each in missed(start)] == [MissCause.GONE]
        assert ended(start) == [CallEnded(CALL, EndCause.LOST, since + 12.0)]


async def test_the_wait_of_who_is_gone_and_was_not_seen_ends_with_the_last_that_is_known() -> None:
    scene = waiting()
    scene.take(TimerFired(), after=5)
    scene.enter("c-2")
    known = scene.now
    scene.now += 600
    async with started(scene, channel("c-2")) as start:
        assert ended(start) == [CallEnded(CALL, EndCause.LOST, known)]
        start.client.channels = []
        start.client.inbox.put_nowait(LinkUp(restarted=False, first=False))
        await until(lambda: len(ended(start)) == 2)
        assert ended(start)[1].gone_at is None  # it lived until just now


async def test_who_was_answered_in_asterisks_queue_and_is_gone_is_no_missed_call() -> None:
    scene = waiting()
    served = ServedCallListed(ChannelId(CALL), scene.now + 60)
    scene.now += 600
    async with started(scene, noted=[served]) as start:
        assert (start.state(), missed(start)) == (None, [])
        assert QueueLeft(CALL) in start.inputs


async def test_a_clock_that_is_set_between_start_and_end_moves_the_call_as_everything_else() -> (
    None
):
    scene = waiting()
    since = scene.centre.calls[CALL].since
    async with started(scene, channel(CALL, "Queue")) as start:
        start.submit(ClockMoved(7200.0))
        start.client.channels = []
        start.client.inbox.put_nowait(LinkUp(restarted=False, first=False))
        await until(lambda: bool(missed(start)))
        assert [each.called_at for each in missed(start)] == [since + 7200.0]


def ended(start: Start) -> list[CallEnded]:
    return [each for each in start.inputs if isinstance(each, CallEnded)]


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
