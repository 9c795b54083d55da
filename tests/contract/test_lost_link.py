"""Real Asterisk: what happened while there was no link is told once it is back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from queues.centre.inputs.calls import CallEnded, EndCause
from queues.centre.inputs.house import PlaceState
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, TalkStarted
from queues.ids import CallId, OfferId
from queues.ports import TelephonyFailed
from tests.contract.link import Link, link_to
from tests.contract.stages import (
    PLACE,
    RealStage,
    of_offers,
    place_is,
    real_stage,
    said,
)
from tests.switch import Switch
from tests.unit.queues.fakes import Phone

RING_S = 8.0
_NUMBERS = itertools.count(1)


@dataclass(slots=True)
class Scene:
    """A caller on the line, an offer, and the link that can be cut."""

    stage: RealStage
    link: Link
    call: CallId
    offer: OfferId

    async def lose_link(self) -> None:
        self.link.cut()
        async with asyncio.timeout(5):
            while self.stage.client.up:  # noqa: ASYNC110  (the client tells it by its inbox)
                await asyncio.sleep(0.01)

    async def regain_link(self) -> None:
        self.link.mend()
        await self.stage.client.wait_up(20)

    async def rings(self, does: Phone) -> None:
        await self.stage.phone(does)
        await self.stage.telephony.ring(self.offer, self.call, PLACE, timeout_s=RING_S)

    async def talks(self) -> None:
        await self.rings(Phone.ANSWERS)
        await said(self.stage, OfferAnswered)
        await self.stage.telephony.connect(self.offer, self.call)
        await said(self.stage, TalkStarted)


@pytest_asyncio.fixture
async def scene(switch: Switch) -> AsyncIterator[Scene]:
    async with link_to(switch.ami_port) as link, real_stage(switch, link.port) as stage:
        offer = OfferId(f"offer-lost-{next(_NUMBERS)}")
        yield Scene(stage, link, await stage.caller(), offer)


async def test_an_agent_who_answered_meanwhile_is_told(scene: Scene) -> None:
    await scene.stage.phone(Phone.ANSWERS, after_s=0.8)
    await scene.stage.telephony.ring(scene.offer, scene.call, PLACE, timeout_s=RING_S)
    await scene.lose_link()
    await asyncio.sleep(1.2)
    assert of_offers(scene.stage) == []
    await scene.regain_link()
    assert (await said(scene.stage, OfferAnswered)).offer == scene.offer


async def test_a_talk_goes_on_and_its_end_meanwhile_is_told(scene: Scene) -> None:
    await scene.talks()
    await scene.lose_link()
    await scene.stage.agent_hangs_up(scene.offer)
    await scene.regain_link()
    assert (await said(scene.stage, AgentLegEnded)).offer == scene.offer
    assert len(scene.stage.telephony) == 0


async def test_a_talk_that_outlives_the_gap_is_not_told_as_over(scene: Scene) -> None:
    await scene.talks()
    await scene.lose_link()
    await scene.regain_link()
    await asyncio.sleep(1.0)
    assert of_offers(scene.stage) == [OfferAnswered(scene.offer), TalkStarted(scene.offer)]


async def test_a_leg_that_could_not_be_cancelled_is_ended_when_the_link_is_back(
    scene: Scene,
) -> None:
    await scene.rings(Phone.ANSWERS)
    await said(scene.stage, OfferAnswered)
    await scene.lose_link()
    await scene.stage.telephony.cancel(scene.offer)
    await scene.regain_link()
    await place_is(scene.stage, PlaceState.FREE)
    assert len(scene.stage.telephony) == 0


async def test_a_caller_who_could_not_be_fetched_is_out_of_the_talk_when_the_link_is_back(
    scene: Scene,
) -> None:
    await scene.talks()
    await scene.lose_link()
    await scene.stage.telephony.fetch(scene.offer, scene.call)
    await scene.regain_link()
    await place_is(scene.stage, PlaceState.FREE)
    await scene.stage.calls.start_music(scene.call)  # which waits until the channel is ours again
    assert of_offers(scene.stage) == [OfferAnswered(scene.offer), TalkStarted(scene.offer)]
    assert len(scene.stage.telephony) == 0


async def test_a_caller_who_hung_up_meanwhile_is_told_as_lost(scene: Scene) -> None:
    await scene.lose_link()
    await scene.stage.caller_hangs_up()
    await scene.regain_link()
    assert await said(scene.stage, CallEnded) == CallEnded(scene.call, EndCause.LOST)


async def test_a_dial_without_a_link_fails_at_once_and_leaves_nothing(scene: Scene) -> None:
    await scene.stage.phone(Phone.ANSWERS)
    await scene.lose_link()
    with pytest.raises(TelephonyFailed):
        await scene.stage.telephony.ring(scene.offer, scene.call, PLACE, timeout_s=RING_S)
    assert len(scene.stage.telephony) == 0
    await scene.stage.telephony.cancel(scene.offer)
    await scene.regain_link()
    await asyncio.sleep(0.5)
    assert of_offers(scene.stage) == []


async def test_a_leg_that_an_earlier_service_rang_stops_ringing(scene: Scene) -> None:
    await scene.rings(Phone.RINGS_OUT)
    await place_is(scene.stage, PlaceState.IN_USE)
    scene.stage.telephony.switch_restarted()  # as a new service, which knows of no offer
    await scene.lose_link()
    await scene.regain_link()
    await place_is(scene.stage, PlaceState.FREE)
