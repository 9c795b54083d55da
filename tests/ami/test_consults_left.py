"""A start in the midst of a consultation: it goes on, or what was decided is carried out."""

from __future__ import annotations

from dataclasses import replace

from ivr.asterisk.wire_events import ChannelEnded, ChannelId
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.ids import OfferId
from tests.ami.running import until
from tests.ami.started_again import CALL, Start, answered, channel, started
from tests.unit.queues.scenes import BILLING, REPAIRS, Scene, settings

HOUSE = replace(settings(("anna", (BILLING,)), ("bert", (REPAIRS,))), epoch="offeraaaa")


def asking(*, talks: bool = True) -> tuple[Scene, OfferId, OfferId]:
    """The call is held, anna asks bert: who is rung, or with whom she talks already."""
    scene = Scene(HOUSE)
    scene.enter(CALL)
    scene.ready("anna", "bert")
    own = scene.talk(CALL)
    scene.take(ConsultAsked(CALL, None, REPAIRS, None, None), after=30)
    other = scene.offer(own)
    if talks:
        scene.take(OfferAnswered(other))
        scene.take(TalkStarted(other))
    return scene, own, other


def sent(start: Start) -> list[tuple[str, ...]]:
    """The actions on channels, each with its channels."""
    return [
        (each.name, *(value for key, value in each.headers if key.startswith("Channel")))
        for each in start.client.sent
        if each.name not in ("Getvar", "Setvar")
    ]


def bridged(start: Start, *names: str) -> bool:
    return any(
        each[0] == "Bridge" and all(name in " ".join(each[1:]) for name in names)
        for each in sent(start)
    )


async def test_agents_who_talk_go_on_and_the_held_caller_has_music_again() -> None:
    scene, own, other = asking()
    joined = (channel(own, bridge="b"), channel(other, bridge="b"))
    async with started(scene, channel(CALL), *joined) as start:
        await until(lambda: sent(start) == [("AGI", CALL)])
        assert start.driver.told == [("resumed", CALL, False, True)]
        assert start.state() == "held"
        start.submit(TakeBackAsked(CALL, None))
        await until(lambda: ("Hangup", other) in sent(start))
        start.client.inbox.put_nowait(ChannelEnded(ChannelId(other), 16, None))
        start.client.inbox.put_nowait(answered(own))
        await until(lambda: bridged(start, CALL, own))
        assert ("Hangup", own) not in sent(start)


async def test_a_caller_who_was_to_be_held_and_was_not_talks_on() -> None:
    scene, own, other = asking(talks=False)
    joined = (channel(CALL, bridge="b"), channel(own, bridge="b"))
    async with started(scene, *joined) as start:
        await until(lambda: start.state() == "talking")
        assert TalkStarted(own) in start.inputs
        assert start.driver.told == [("resumed", CALL, False, True)]
        assert other not in start.centre.offers
        assert ("Hangup", own) not in sent(start)


async def test_a_join_with_the_one_asked_that_was_decided_is_made() -> None:
    scene, own, other = asking()
    scene.take(CompleteAsked(CALL, None))
    joined = (channel(own, bridge="b"), channel(other, bridge="b"))
    async with started(scene, channel(CALL), *joined) as start:
        await until(lambda: ("Hangup", own) in sent(start))
        start.client.inbox.put_nowait(ChannelEnded(ChannelId(own), 16, None))
        start.client.inbox.put_nowait(answered(other))
        await until(lambda: bridged(start, CALL, other))
        assert ("Hangup", other) not in sent(start)


async def test_a_join_with_the_one_who_asked_that_was_decided_is_made() -> None:
    scene, own, other = asking()
    scene.take(TakeBackAsked(CALL, None))
    joined = (channel(own, bridge="b"), channel(other, bridge="b"))
    async with started(scene, channel(CALL), *joined) as start:
        await until(lambda: ("Hangup", other) in sent(start))
        start.client.inbox.put_nowait(ChannelEnded(ChannelId(other), 16, None))
        start.client.inbox.put_nowait(answered(own))
        await until(lambda: bridged(start, CALL, own))


async def test_the_asking_agent_who_hung_up_meanwhile_has_passed_the_caller_on() -> None:
    scene, _, other = asking()
    async with started(scene, channel(CALL), channel(other)) as start:
        await until(lambda: bridged(start, CALL, other))
        assert start.state() == "connecting"
        assert start.centre.calls[CALL].hops == 1


async def test_the_agent_asked_who_hung_up_meanwhile_gives_the_caller_back() -> None:
    scene, own, _ = asking()
    async with started(scene, channel(CALL), channel(own)) as start:
        await until(lambda: bridged(start, CALL, own))
        assert start.state() == "rejoining"


async def test_a_phone_that_was_never_rung_is_not_asked_and_the_caller_is_not_lost() -> None:
    scene, own, other = asking(talks=False)
    async with started(scene, channel(CALL), channel(own)) as start:
        await until(lambda: other not in start.centre.offers)
        assert start.state() == "held"
        assert {("AGI", CALL), ("AGI", own)} <= set(sent(start))
