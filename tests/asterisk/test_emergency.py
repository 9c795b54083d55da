"""Real Asterisk without a service: an agent's phone reaches 110, 112, 116117 over the trunk."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.caller.phone import CallFailed, SipServer, caller_phone
from tests.asterisk.sink import sink
from tests.switch import Switch, running_switch, test_settings


def phone_of(switch: Switch, name: str) -> SipServer:
    account = next(
        each for each in (*switch.secrets.places, *switch.secrets.callers) if each.username == name
    )
    return SipServer("127.0.0.1", switch.sip_port, account.username, account.password)


async def test_emergency_numbers_go_straight_to_the_trunk_without_a_controller(
    folder: Path,
) -> None:
    async with sink() as outside:
        settings = test_settings(trunk={"host": "127.0.0.1", "port": outside.port})
        async with running_switch(folder, settings=settings) as switch:
            for number in ("110", "112", "116117"):
                async with caller_phone(phone_of(switch, "desk1")) as phone:
                    await phone.dial(number, within_s=5)
            # A phone reaches nothing else outside: no way to a number that costs money.
            for number in ("0049301234567", "0900123456", "11", "1100"):
                async with caller_phone(phone_of(switch, "desk1")) as phone:
                    with pytest.raises(CallFailed) as refused:
                        await phone.dial(number, within_s=5)
                assert refused.value.status == 404
    assert outside.dialled == ["110", "112", "116117"]


async def test_without_a_trunk_an_emergency_call_fails_at_once_and_audibly(switch: Switch) -> None:
    async with caller_phone(phone_of(switch, "desk1")) as phone:
        with pytest.raises(CallFailed) as refused:
            await phone.dial("112", within_s=15)
    assert refused.value.status == 503


async def test_a_stranger_without_a_password_reaches_nobody(switch: Switch) -> None:
    for name, word in (("desk1", "wrong"), ("nobody", "wrong")):
        server = SipServer("127.0.0.1", switch.sip_port, name, word)
        async with caller_phone(server) as phone:
            with pytest.raises(CallFailed) as refused:
                await phone.dial("110", within_s=5)
        assert refused.value.status in {401, 403}
