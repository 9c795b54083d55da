"""Contract: a caller is held while two agents talk; the fake and real Asterisk alike."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from queues.centre.inputs.calls import CallEnded
from queues.centre.inputs.house import PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, TalkStarted
from queues.ids import CallId, OfferId
from queues.ports import TelephonyFailed
from tests.contract.stages import (
    OTHER_PLACE,
    PLACE,
    SETTLE_S,
    WITHIN_S,
    Stage,
    of_offers,
    place_is,
    said,
    said_of,
)
from tests.unit.queues.fakes import Phone

_NUMBERS = itertools.count(1)
RING_S = 3.0


async def said_often(stage: Stage, what: Input, times: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while stage.inputs.count(what) < times:  # noqa: ASYNC110  (a list tells nobody)
            await asyncio.sleep(0.01)


async def held(stage: Stage) -> tuple[OfferId, CallId]:
    """A caller in a talk is held, and the agent's leg stays up."""
    await stage.phone(Phone.ANSWERS)
    call, offer = await stage.caller(), OfferId(f"asking-{next(_NUMBERS)}")
    await stage.telephony.ring(offer, call, PLACE, timeout_s=RING_S)
    await said_of(stage, OfferAnswered(offer))
    await stage.telephony.connect(offer, call)
    await said_of(stage, TalkStarted(offer))
    await stage.telephony.hold(offer, call)
    return offer, call


async def consulting(stage: Stage) -> tuple[OfferId, OfferId, CallId]:
    """Both agents talk: who asks, who is asked, and who is held."""
    await stage.phone(Phone.ANSWERS, OTHER_PLACE)
    own, call = await held(stage)
    asked = OfferId(f"asked-{next(_NUMBERS)}")
    await stage.telephony.ring(asked, CallId(own), OTHER_PLACE, timeout_s=RING_S)
    await said_of(stage, OfferAnswered(asked))
    await stage.telephony.connect(asked, CallId(own))
    await said_of(stage, TalkStarted(asked))
    return own, asked, call


async def test_a_caller_who_is_held_is_joined_again_and_nothing_is_said_meanwhile(
    stage: Stage,
) -> None:
    own, call = await held(stage)
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage) == [OfferAnswered(own), TalkStarted(own)]
    await stage.telephony.connect(own, call)
    await said_often(stage, TalkStarted(own), 2)
    await stage.agent_hangs_up(own)
    await said_of(stage, AgentLegEnded(own))
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage)[2:] == [TalkStarted(own), AgentLegEnded(own)]


async def test_the_agent_asked_gets_the_caller_and_the_asking_ones_leg_ends_in_silence(
    stage: Stage,
) -> None:
    own, asked, call = await consulting(stage)
    await asyncio.gather(stage.telephony.cancel(own), stage.telephony.connect(asked, call))
    await said_often(stage, TalkStarted(asked), 2)
    await place_is(stage, PlaceState.FREE)
    await stage.caller_hangs_up()
    ended = await said(stage, CallEnded)
    await stage.telephony.cancel(asked)
    await place_is(stage, PlaceState.FREE, OTHER_PLACE)
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage)[2:] == [
        *(OfferAnswered(asked), TalkStarted(asked), TalkStarted(asked)),
        ended,
    ]


async def test_the_asking_agent_who_hangs_up_leaves_the_other_one_up_for_the_caller(
    stage: Stage,
) -> None:
    own, asked, call = await consulting(stage)
    await stage.agent_hangs_up(own)
    await said_of(stage, AgentLegEnded(own))
    await stage.telephony.connect(asked, call)
    await said_often(stage, TalkStarted(asked), 2)
    await asyncio.sleep(SETTLE_S)
    assert AgentLegEnded(asked) not in stage.inputs


async def test_the_caller_is_taken_back_from_two_agents_who_talk(stage: Stage) -> None:
    own, asked, call = await consulting(stage)
    await asyncio.gather(stage.telephony.cancel(asked), stage.telephony.connect(own, call))
    await said_often(stage, TalkStarted(own), 2)
    await place_is(stage, PlaceState.FREE, OTHER_PLACE)
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage)[2:] == [
        *(OfferAnswered(asked), TalkStarted(asked), TalkStarted(own)),
    ]


async def test_the_agent_asked_who_hangs_up_is_told_and_the_caller_can_be_joined_again(
    stage: Stage,
) -> None:
    own, asked, call = await consulting(stage)
    await stage.agent_hangs_up(asked, OTHER_PLACE)
    await said_of(stage, AgentLegEnded(asked))
    await stage.telephony.connect(own, call)
    await said_often(stage, TalkStarted(own), 2)
    assert AgentLegEnded(own) not in stage.inputs


async def test_a_caller_who_hangs_up_while_held_is_told_and_leaves_both_legs_up(
    stage: Stage,
) -> None:
    own, asked, call = await consulting(stage)
    await stage.caller_hangs_up()
    ended = await said(stage, CallEnded)
    assert ended.call == call
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage)[-1] == ended
    for offer, place in ((own, PLACE), (asked, OTHER_PLACE)):
        await stage.telephony.cancel(offer)
        await place_is(stage, PlaceState.FREE, place)
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage)[-1] == ended


async def test_a_caller_who_is_gone_cannot_be_held(stage: Stage) -> None:
    own, call = await held(stage)
    await stage.caller_hangs_up()
    await said(stage, CallEnded)
    with pytest.raises(TelephonyFailed):
        await stage.telephony.hold(own, call)
