"""Real Asterisk without a service: a full house turns callers away and lets emergencies through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ivr.asterisk import config
from ivr.asterisk.turned_away import TurnedAway, Turnstile
from ivr.caller.phone import CallerPhone, CallFailed, SipServer, caller_phone
from tests.ami.running import PATIENT, running_client, until
from tests.asterisk.sink import sink
from tests.switch import running_switch, test_settings


@asynccontextmanager
async def waiting(server: SipServer) -> AsyncIterator[CallerPhone]:
    """A caller whom Asterisk has taken and who waits for a service."""
    async with caller_phone(server) as phone:
        dialling = asyncio.create_task(phone.dial("100", within_s=60))
        try:
            await until(lambda: 180 in phone.provisional or dialling.done())
            assert not dialling.done(), dialling
            yield phone
        finally:
            assert phone._call is not None
            phone._uac.send_cancel(phone._call)
            await asyncio.wait([dialling], timeout=5)
            assert isinstance(dialling.exception(), CallFailed)


@pytest.mark.parametrize(
    ("channels", "status", "why"),
    [(50, 486, TurnedAway.FULL_HOUSE), (1, 503, TurnedAway.CHANNEL_LIMIT)],
    ids=["our limit of callers", "Asterisk's own limit"],
)
async def test_a_call_that_asterisk_refuses_is_told_with_its_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch, channels: int, status: int, why: TurnedAway
) -> None:
    monkeypatch.setattr(config, "most_channels", lambda _: channels)
    settings = test_settings(asterisk={"max_calls": 1, "qualify_frequency_s": 1})
    turnstile = Turnstile()
    async with (
        running_switch(folder, settings=settings) as switch,
        running_client(switch.ami_port, timing=PATIENT) as client,
    ):
        caller = SipServer(
            "127.0.0.1", switch.sip_port, switch.caller.username, switch.caller.password
        )
        async with waiting(caller), caller_phone(caller) as phone:
            with pytest.raises(CallFailed) as refused:
                await phone.dial("100", within_s=5)
            assert refused.value.status == status
            async with asyncio.timeout(5):
                while not turnstile.turned_away:
                    turnstile.on_event(await client.inbox.get())
    assert turnstile.turned_away == {why: 1}


async def test_one_phone_cannot_take_the_whole_house_and_still_reaches_emergency_numbers(
    folder: Path,
) -> None:
    async with sink() as outside:
        settings = test_settings(
            asterisk={"most_calls_each_phone": 2, "qualify_frequency_s": 1},
            trunk={"host": "127.0.0.1", "port": outside.port},
        )
        turnstile = Turnstile()
        async with (
            running_switch(folder, settings=settings) as switch,
            running_client(switch.ami_port, timing=PATIENT) as client,
        ):
            caller, desk = (
                SipServer("127.0.0.1", switch.sip_port, each.username, each.password)
                for each in (switch.caller, switch.place("desk1"))
            )
            async with waiting(caller):
                async with waiting(caller), caller_phone(caller) as phone:
                    with pytest.raises(CallFailed) as refused:
                        await phone.dial("100", within_s=5)
                    assert refused.value.status == 486
                    async with caller_phone(caller) as phone:
                        await phone.dial("112", within_s=5)
                    async with waiting(desk):
                        pass
                async with waiting(caller):
                    pass
            async with asyncio.timeout(5):
                while not turnstile.turned_away:
                    turnstile.on_event(await client.inbox.get())
    assert turnstile.turned_away == {TurnedAway.SOURCE_LIMIT: 1}
    assert outside.dialled == ["112"]


async def test_a_full_house_is_busy_for_callers_and_open_for_emergency_calls(folder: Path) -> None:
    async with sink() as outside:
        settings = test_settings(
            asterisk={"max_calls": 2, "qualify_frequency_s": 1},
            trunk={"host": "127.0.0.1", "port": outside.port},
        )
        async with running_switch(folder, settings=settings) as switch:
            caller, desk = (
                SipServer("127.0.0.1", switch.sip_port, each.username, each.password)
                for each in (switch.caller, switch.place("desk1"))
            )
            async with waiting(caller):
                async with waiting(caller):
                    for third in (caller, desk):
                        async with caller_phone(third) as phone:
                            with pytest.raises(CallFailed) as refused:
                                await phone.dial("100", within_s=5)
                            assert refused.value.status == 486
                    for number in ("110", "112", "116117"):
                        async with caller_phone(desk) as phone:
                            await phone.dial(number, within_s=5)
                async with waiting(caller):
                    pass
    assert outside.dialled == ["110", "112", "116117"]
