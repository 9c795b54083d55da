"""What a service does with what lives, after a start: the centre and Asterisk's list are given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.asterisk.wire_events import (
    ChannelEnded,
    ChannelId,
    ChannelLeftAgi,
    LinkUp,
)
from ivr.dialplan.staff import Staff
from ivr.flow.session import open_session
from ivr.keeping.dialogue_book import KeptDialogue
from queues.centre.inputs.calls import CallEnded, EndCause, MissCause, QueueEntered, QueueLeft
from queues.centre.inputs.house import TimerFired
from queues.centre.values.needs import Need
from queues.ids import CallId
from tests.ami.running import until
from tests.ami.started_again import (
    CALL,
    LINE,
    PLAN,
    answered,
    channel,
    connecting,
    given_back,
    missed,
    offered,
    started,
    talking,
    waiting,
)
from tests.unit.queues.scenes import BILLING, Scene, settings


async def test_who_waits_is_gone_on_with_in_the_queue_and_keeps_the_time_waited() -> None:
    scene = waiting()
    since = scene.centre.calls[CALL].since
    async with started(scene, channel(CALL)) as start:
        assert start.driver.told == [("resumed", CALL, True, False)]
        assert scene.centre.calls[CALL].since == since
        assert len(start.adoption) == 0


async def test_who_is_gone_ends_as_lost_also_where_only_the_dialogue_knew_the_call() -> None:
    other = CallId("c-2")
    kept = KeptDialogue(open_session(other, LINE, PLAN), "contact")
    async with started(waiting(), dialogues={other: kept}) as start:
        ended = [each for each in start.inputs if isinstance(each, CallEnded)]
        assert {(each.call, each.cause) for each in ended} == {
            (CALL, EndCause.LOST),
            (other, EndCause.LOST),
        }
        assert start.state() is None
        assert {each[1] for each in start.driver.told} == start.forgotten == {CALL, other}


async def test_who_was_in_a_menu_is_gone_on_with_there_and_strangers_are_fetched() -> None:
    kept = KeptDialogue(open_session(CALL, LINE, PLAN), "contact")
    scene = Scene(settings(("anna", (BILLING,))))
    async with started(scene, channel(CALL), channel("c-9"), dialogues={CALL: kept}) as start:
        assert start.driver.told == [("resumed", CALL, False, False)]
        (fetched,) = start.client.sent
        assert (fetched.name, dict(fetched.headers)["Channel"]) == ("Redirect", "c-9")


async def test_who_is_listed_with_a_sound_that_broke_off_is_fetched_and_then_gone_on_with() -> None:
    kept = KeptDialogue(open_session(CALL, LINE, PLAN), "contact")
    scene = Scene(settings(("anna", (BILLING,))))
    for last in ("AudioSocket", "StartMusicOnHold"):
        async with started(scene, channel(CALL, last), dialogues={CALL: kept}) as start:
            (fetched,) = start.client.sent
            assert (fetched.name, dict(fetched.headers)["Channel"]) == ("Redirect", CALL)
            assert start.driver.told == []
            start.client.inbox.put_nowait(given_back("redirect"))
            await until(lambda start=start: start.driver.told == [("resumed", CALL, False, False)])


async def test_a_phone_that_rings_goes_on_ringing_and_its_answer_joins_the_two() -> None:
    scene = offered()
    leg = scene.offer(CALL)
    async with started(scene, channel(CALL), channel(leg, "AppDial2")) as start:
        assert start.state() == "offered"
        start.client.inbox.put_nowait(answered(leg))
        await until(lambda: start.client.names() == ["Bridge"])


async def test_a_caller_whom_the_dialplan_holds_is_waited_for_and_the_phone_rings_once() -> None:
    scene = offered()
    leg = scene.offer(CALL)
    async with started(scene, channel(CALL), channel(leg, "AppDial2")) as start:
        start.client.inbox.put_nowait(ChannelLeftAgi(ChannelId(CALL)))
        start.client.inbox.put_nowait(answered(leg))
        await until(lambda: start.state() == "connecting")
        start.client.inbox.put_nowait(given_back("timeout"))
        await until(lambda: start.client.names() == ["Bridge"])


async def test_a_caller_who_goes_while_the_dialplan_holds_the_call_frees_the_agent() -> None:
    scene = offered()
    leg = scene.offer(CALL)
    async with started(scene, channel(CALL), channel(leg, "AppDial2")) as start:
        start.client.inbox.put_nowait(ChannelLeftAgi(ChannelId(CALL)))
        start.client.inbox.put_nowait(answered(leg))
        await until(lambda: start.state() == "connecting")
        start.client.inbox.put_nowait(ChannelEnded(ChannelId(CALL), 16, None))
        await until(lambda: start.client.names() == ["Hangup"])
        assert start.state() is None


async def test_a_phone_that_rings_no_more_frees_the_agent_without_blame() -> None:
    scene = offered()
    async with started(scene, channel(CALL)) as start:
        assert start.state() == "waiting"
        assert scene.agent("anna") == "ready"


async def test_who_was_to_be_joined_and_was_not_is_joined_once() -> None:
    scene = connecting()
    leg = scene.offer(CALL)
    async with started(scene, channel(CALL), channel(leg)) as start:
        await until(lambda: start.client.names() == ["Bridge"])


async def test_who_was_joined_while_nobody_heard_talks() -> None:
    for scene in (offered(), connecting()):
        leg = scene.offer(CALL)
        async with started(scene, channel(CALL, bridge="b"), channel(leg, bridge="b")) as start:
            assert start.state() == "talking"
            assert start.driver.told == [("resumed", CALL, False, True)]
            assert "Bridge" not in start.client.names()


async def test_a_talk_that_goes_on_is_left_alone() -> None:
    scene = talking()
    leg = scene.offer(CALL)
    async with started(scene, channel(CALL, bridge="b"), channel(leg, bridge="b")) as start:
        assert start.state() == "talking"
        assert start.driver.told == [("resumed", CALL, False, True)]
        assert start.client.sent == []


async def test_a_talk_that_the_agent_ended_meanwhile_gives_the_caller_back() -> None:
    scene = talking()
    kept = KeptDialogue(open_session(CALL, LINE, PLAN), "contact")
    async with started(scene, channel(CALL), dialogues={CALL: kept}) as start:
        assert start.state() is None
        assert scene.agent("anna") == "wrap_up"
        assert start.driver.told == [("resumed", CALL, False, False)]


async def test_who_waits_in_asterisks_own_queue_is_gone_on_with_once_given_back() -> None:
    async with started(waiting(), channel(CALL, "Queue")) as start:
        assert start.driver.told == []
        assert CALL in start.adoption
        start.client.inbox.put_nowait(given_back("redirect"))
        await until(lambda: start.driver.told == [("resumed", CALL, True, False)])
        start.client.inbox.put_nowait(given_back("timeout"))
        await until(lambda: start.driver.told[1:] == [("given back", CALL, True, False)])


async def test_who_came_while_nobody_decided_goes_on_in_our_queue_in_the_order_of_the_calls() -> (
    None
):
    scene = Scene(settings(("anna", (BILLING,))))
    scene.enter("c-0")
    scene.take(TimerFired(), after=60)
    async with started(scene, channel("c-0"), channel(CALL, "Queue")) as start:
        start.adoption.comes_back(CALL, 40.0)
        start.client.inbox.put_nowait(given_back("redirect"))
        await until(lambda: start.driver.told[1:] == [("resumed", CALL, True, False)])
        scene.enter("c-2")
        since = {name: scene.now - call.since for name, call in scene.centre.calls.items()}
        assert since == {"c-0": 60.0, CALL: pytest.approx(40.0, abs=1.0), "c-2": 0.0}
        assert QueueEntered(CALL, LINE, BILLING, 40.0) in start.inputs
        order = [rank[2] for pool in scene.centre.pools.values() for rank in pool.waiting]
        assert order == ["c-0", CALL, "c-2"]


async def test_who_came_while_nobody_decided_asks_for_the_dialplans_language_there() -> None:
    taken = settings(("anna", (BILLING,)))
    speaks = tuple(replace(each, languages=("en", "de")) for each in taken.agents)
    scene = Scene(replace(taken, agents=speaks))
    staff = Staff(taken.queues, speaks)
    async with started(scene, channel(CALL, "Queue"), staff=staff) as start:
        start.adoption.comes_back(CALL, 40.0)
        start.client.inbox.put_nowait(given_back("redirect"))
        await until(lambda: bool(start.driver.told))
        assert scene.centre.calls[CALL].need == Need((), "en")


async def test_who_came_while_nobody_decided_and_waited_in_no_queue_begins_the_line() -> None:
    async with started(Scene(), channel(CALL, "Queue")) as start:
        start.adoption.comes_back(CALL, 40.0)
        start.client.inbox.put_nowait(ChannelEnded(ChannelId(CALL), 16, None))
        start.client.inbox.put_nowait(given_back("redirect"))
        await until(lambda: start.driver.told == [("arrived", CALL)])


async def test_who_talks_by_asterisks_own_queue_has_left_ours_and_is_left_alone() -> None:
    async with started(waiting(), channel(CALL, "Queue", "b")) as start:
        assert QueueLeft(CALL) in start.inputs
        assert start.state() is None
        assert start.driver.told == []


async def test_a_look_up_that_is_done_twice_goes_on_with_nobody_twice() -> None:
    async with started(waiting(), channel(CALL)) as start:
        start.is_looked_up = False
        start.client.inbox.put_nowait(LinkUp(restarted=False, first=False))
        await until(lambda: start.is_looked_up)
        assert len(start.driver.told) == 1


async def test_after_a_restart_of_asterisk_nobody_is_left() -> None:
    async with started(waiting(), channel(CALL, "Queue")) as start:
        start.client.channels = []
        start.client.inbox.put_nowait(LinkUp(restarted=True, first=False))
        await until(lambda: ("ended", CALL) in start.driver.told)
        assert (start.state(), len(start.adoption)) == (None, 0)
        assert [each.cause for each in missed(start)] == [MissCause.GONE]
