"""A start, or a new link, after a call was passed on: nobody is lost, and nobody hears silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.asterisk.wire_events import ChannelEnded, ChannelId
from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.calls import QueueLeft, TransferAsked
from queues.ids import AgentId, OfferId
from tests.ami.running import until
from tests.ami.started_again import CALL, channel, given_back, started, talking
from tests.unit.queues.scenes import BILLING, REPAIRS, Scene, settings

HOUSE = replace(settings(("anna", (BILLING,)), ("bert", (REPAIRS,))), epoch="offeraaaa")


def in_a_talk() -> tuple[Scene, OfferId]:
    """The call talks with anna by this leg; bert is at work, and his phone is gone."""
    scene = Scene(HOUSE)
    scene.enter(CALL)
    scene.ready("anna")
    scene.take(ReadyAsked(AgentId("bert")))
    leg = scene.talk(CALL)
    return scene, leg


def decided(scene: Scene) -> None:
    scene.take(TransferAsked(CALL, None, REPAIRS, None, 0.0, None), after=30)


async def test_a_talk_that_was_to_end_is_ended_and_the_caller_waits_on_with_music() -> None:
    scene, leg = in_a_talk()
    decided(scene)
    since = scene.centre.calls[CALL].since
    joined = (channel(CALL, bridge="b"), channel(leg, bridge="b"))
    async with started(scene, *joined) as start:
        channels = [dict(each.headers)["Channel"] for each in start.client.sent]
        assert (start.client.names(), channels) == (["Redirect", "Hangup"], [CALL, leg])
        assert start.driver.told == []
        start.client.inbox.put_nowait(given_back("redirect"))
        start.client.inbox.put_nowait(ChannelEnded(ChannelId(leg), 16, None))
        await until(lambda: start.driver.told == [("resumed", CALL, True, False)])
        assert start.centre.calls[CALL].since == since
        assert QueueLeft(CALL) not in start.inputs


async def test_a_caller_who_is_out_of_the_talk_waits_on_and_the_leg_is_ended() -> None:
    scene, leg = in_a_talk()
    decided(scene)
    async with started(scene, channel(CALL), channel(leg)) as start:
        assert start.client.names() == ["Hangup"]
        assert start.driver.told == [("resumed", CALL, True, False)]


async def test_a_talk_of_an_offer_that_no_row_tells_of_is_left_alone() -> None:
    """It was made while the journal could not be written, and is later than the last one known."""
    scene, leg = in_a_talk()
    decided(scene)
    later = f"offeraaaa-{scene.centre.last_offer + 1}"
    async with started(scene, channel(CALL, bridge="b"), channel(later, bridge="b")) as start:
        assert start.client.names() == []
        assert later != leg


async def test_a_talk_that_goes_on_is_never_ended() -> None:
    scene, leg = in_a_talk()
    async with started(scene, channel(CALL, bridge="b"), channel(leg, bridge="b")) as start:
        assert start.client.sent == []
        assert start.driver.told == [("resumed", CALL, False, True)]


@pytest.mark.parametrize("why", ["redirect", "returned"])
async def test_who_comes_out_of_a_talk_to_wait_hears_music_by_whichever_way(why: str) -> None:
    scene, leg = in_a_talk()
    async with started(scene, channel(CALL, bridge="b"), channel(leg, bridge="b")) as start:
        start.submit(TransferAsked(CALL, None, REPAIRS, None, 0.0, None))
        await until(lambda: start.client.names()[:2] == ["Redirect", "Hangup"])
        start.client.inbox.put_nowait(given_back(why))
        await until(lambda: start.driver.told[1:] == [("given back", CALL, True, False)])
        start.client.inbox.put_nowait(ChannelEnded(ChannelId(leg), 16, None))
        await until(lambda: not start.offers.knows(ChannelId(leg)))


async def test_who_comes_out_of_a_talk_that_the_agent_ended_is_told_once() -> None:
    scene = talking()
    leg = scene.offer(CALL)
    async with started(scene, channel(CALL, bridge="b"), channel(leg, bridge="b")) as start:
        start.client.inbox.put_nowait(given_back("returned"))
        await until(lambda: start.state() is None)
        assert start.driver.told == [("resumed", CALL, False, True)]
