"""Contract: what `queues.ports.Telephony` promises, held by the fake and by real Asterisk alike."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from queues.centre.inputs.calls import CallEnded
from queues.centre.inputs.house import PlaceState
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.ids import CallId, OfferId
from queues.ports import TelephonyFailed
from tests.contract.stages import (
    PLACE,
    SETTLE_S,
    Stage,
    of_offers,
    place_is,
    said,
    said_of,
)
from tests.unit.queues.fakes import Phone

_NUMBERS = itertools.count(1)
RING_S = 3.0


def new_offer() -> OfferId:
    return OfferId(f"contract-{next(_NUMBERS)}")


async def answered(stage: Stage) -> tuple[OfferId, CallId]:
    await stage.phone(Phone.ANSWERS)
    call, offer = await stage.caller(), new_offer()
    await stage.telephony.ring(offer, call, PLACE, timeout_s=RING_S)
    await said(stage, OfferAnswered)
    return offer, call


async def talking(stage: Stage) -> tuple[OfferId, CallId]:
    offer, call = await answered(stage)
    await stage.telephony.connect(offer, call)
    await said(stage, TalkStarted)
    return offer, call


async def test_an_answered_offer_comes_to_a_talk_that_the_agent_ends(stage: Stage) -> None:
    offer, _ = await talking(stage)
    await stage.agent_hangs_up(offer)
    await said(stage, AgentLegEnded)
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage) == [OfferAnswered(offer), TalkStarted(offer), AgentLegEnded(offer)]


@pytest.mark.parametrize(
    ("does", "cause"),
    [
        (Phone.RINGS_OUT, RefuseCause.NO_ANSWER),
        (Phone.DECLINES, RefuseCause.DECLINED),
        (Phone.UNREACHABLE, RefuseCause.UNREACHABLE),
    ],
)
async def test_a_phone_that_does_not_answer_is_told_once_with_its_cause(
    stage: Stage, does: Phone, cause: RefuseCause
) -> None:
    await stage.phone(does)
    call, offer = await stage.caller(), new_offer()
    await stage.telephony.ring(offer, call, PLACE, timeout_s=RING_S)
    await said(stage, OfferRefused)
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage) == [OfferRefused(offer, cause)]


async def test_a_cancelled_offer_is_silent_and_frees_the_phone(stage: Stage) -> None:
    await stage.phone(Phone.RINGS_OUT)
    call, offer = await stage.caller(), new_offer()
    await stage.telephony.ring(offer, call, PLACE, timeout_s=RING_S)
    await place_is(stage, PlaceState.IN_USE)
    await stage.telephony.cancel(offer)
    await place_is(stage, PlaceState.FREE)
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage) == []


async def test_a_ring_that_is_cancelled_at_once_leaves_no_phone_ringing(stage: Stage) -> None:
    await stage.phone(Phone.RINGS_OUT)
    call, offer = await stage.caller(), new_offer()
    await stage.telephony.ring(offer, call, PLACE, timeout_s=RING_S)
    await stage.telephony.cancel(offer)
    await asyncio.sleep(SETTLE_S)
    await place_is(stage, PlaceState.FREE)
    assert of_offers(stage) == []


async def test_cancelling_what_is_gone_is_no_error(stage: Stage) -> None:
    offer, _ = await talking(stage)
    await stage.agent_hangs_up(offer)
    await said(stage, AgentLegEnded)
    await stage.telephony.cancel(offer)
    await stage.telephony.cancel(new_offer())


async def test_a_caller_who_hangs_up_leaves_a_leg_that_is_ended_by_cancelling(
    stage: Stage,
) -> None:
    offer, call = await talking(stage)
    await stage.caller_hangs_up()
    ended = await said(stage, CallEnded)
    assert ended.call == call
    await stage.telephony.cancel(offer)
    await place_is(stage, PlaceState.FREE)
    await asyncio.sleep(SETTLE_S)
    # Whose end it was is told rightly: nothing says that the agent hung up.
    assert of_offers(stage) == [OfferAnswered(offer), TalkStarted(offer), ended]


async def test_a_caller_who_is_fetched_leaves_the_talk_in_silence_and_is_joined_anew(
    stage: Stage,
) -> None:
    offer, call = await talking(stage)
    await stage.telephony.fetch(offer, call)
    await place_is(stage, PlaceState.FREE)
    following = new_offer()
    await stage.telephony.ring(following, call, PLACE, timeout_s=RING_S)
    await said_of(stage, OfferAnswered(following))
    await stage.telephony.connect(following, call)
    await said_of(stage, TalkStarted(following))
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage) == [
        *(OfferAnswered(offer), TalkStarted(offer)),
        *(OfferAnswered(following), TalkStarted(following)),
    ]


async def test_fetching_a_caller_who_is_gone_ends_the_leg_and_is_no_error(stage: Stage) -> None:
    offer, call = await talking(stage)
    await stage.caller_hangs_up()
    ended = await said(stage, CallEnded)
    await stage.telephony.fetch(offer, call)
    await place_is(stage, PlaceState.FREE)
    await asyncio.sleep(SETTLE_S)
    assert of_offers(stage) == [OfferAnswered(offer), TalkStarted(offer), ended]


async def test_a_caller_whose_agent_is_gone_is_fetched_without_an_error(stage: Stage) -> None:
    offer, call = await talking(stage)
    await stage.agent_hangs_up(offer)
    await said(stage, AgentLegEnded)
    await stage.telephony.fetch(offer, call)


async def test_an_agent_who_hangs_up_before_the_talk_is_told(stage: Stage) -> None:
    offer, _ = await answered(stage)
    await stage.agent_hangs_up(offer)
    assert (await said(stage, AgentLegEnded)).offer == offer


async def test_joining_with_a_caller_who_is_gone_fails(stage: Stage) -> None:
    offer, call = await answered(stage)
    await stage.caller_hangs_up()
    await said(stage, CallEnded)
    with pytest.raises(TelephonyFailed):
        await stage.telephony.connect(offer, call)


async def test_an_offer_is_never_dialled_twice(stage: Stage) -> None:
    await stage.phone(Phone.RINGS_OUT)
    call, offer = await stage.caller(), new_offer()
    await stage.telephony.ring(offer, call, PLACE, timeout_s=RING_S)
    with pytest.raises(TelephonyFailed):
        await stage.telephony.ring(offer, call, PLACE, timeout_s=RING_S)
