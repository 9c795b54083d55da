"""Real Asterisk: a phone cannot transfer by itself; its talk goes on."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.wire_events import ChannelListed
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.ids import OfferId
from tests.contract.stages import PLACE, SETTLE_S, of_offers, real_stage, said
from tests.switch import Switch
from tests.unit.queues.fakes import Phone


async def test_a_refer_within_a_talk_moves_nobody(switch: Switch) -> None:
    """Phones and callers are one kind of endpoint; the module for REFER is not loaded."""
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
        with suppress(TimeoutError):  # it need not be answered, but never with a yes
            async with asyncio.timeout(1.5):
                assert await phone._transport.outcome(refer) >= 300
        await asyncio.sleep(SETTLE_S)
        assert not phone.ended.is_set()
        assert of_offers(stage) == [OfferAnswered(offer), TalkStarted(offer)]
        listed = await stage.client.list(wire.core_show_channels())
        bridges = {each.channel: each.bridge for each in listed if isinstance(each, ChannelListed)}
        assert bridges.keys() == {call, offer}
        assert bridges[call] == bridges[offer] is not None  # type: ignore[index]
