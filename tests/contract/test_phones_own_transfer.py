"""Real Asterisk: a phone that wants to transfer by itself is refused, and its call goes on."""

from __future__ import annotations

import asyncio

from queues.centre.inputs import OfferAnswered, TalkStarted
from queues.ids import OfferId
from tests.contract.stages import PLACE, SETTLE_S, of_offers, real_stage, said
from tests.switch import Switch
from tests.unit.queues.fakes import Phone

DECLINED = 603


async def test_a_refer_within_a_talk_is_declined_and_the_talk_goes_on(switch: Switch) -> None:
    """Phones and callers are the same kind of endpoint to Asterisk."""
    async with real_stage(switch) as stage:
        await stage.phone(Phone.ANSWERS)
        call, offer = await stage.caller(), OfferId("refer-1")
        await stage.telephony.ring(offer, call, PLACE, timeout_s=3.0)
        await said(stage, OfferAnswered)
        await stage.telephony.connect(offer, call)
        await said(stage, TalkStarted)
        phone = stage.caller_phone
        assert phone is not None
        dialled = phone._call
        assert dialled is not None
        target = f"sip:110@127.0.0.1:{switch.sip_port}"
        refer = phone._uac.send_refer(dialled.dialog, target, dialled.remote_addr)
        async with asyncio.timeout(5):
            assert await phone._transport.outcome(refer) == DECLINED
        await asyncio.sleep(SETTLE_S)
        assert not phone.ended.is_set()
        assert of_offers(stage) == [OfferAnswered(offer), TalkStarted(offer)]
