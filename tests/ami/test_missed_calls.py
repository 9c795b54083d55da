"""Whose call is a missed one, when the service, the link or Asterisk was away."""

from __future__ import annotations

import pytest

from ivr.asterisk.wire_events import (
    LinkUp,
)
from ivr.dialogue_book import KeptDialogue
from ivr.flow.session import open_session
from queues.centre.inputs import (
    CallMissed,
    MissCause,
)
from queues.ids import ContactId
from tests.ami.running import until
from tests.ami.started_again import (
    CALL,
    LINE,
    PLAN,
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
