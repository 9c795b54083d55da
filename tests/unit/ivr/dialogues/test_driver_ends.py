"""Unit: whatever fails, a caller comes to a human or to an end, and is then forgotten once."""

from __future__ import annotations

import asyncio

import pytest

from ivr.dialogues import driver as driver_module
from ivr.dialogues import rescue as rescue_module
from ivr.dialogues.ports import CallBusy
from queues.centre.commands import ReturnReason
from queues.centre.inputs.calls import QueueEntered
from queues.ids import CallId, LineId, QueueId
from tests.unit.ivr.dialogues.driver_stage import CALL, LINE, Stage, stage


async def test_a_line_without_a_dialplan_is_hung_up() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LineId("999"))
        await on.until(lambda: on.calls.did == [("hang_up", "")])


async def test_a_caller_whose_call_ends_on_a_line_without_a_dialplan_is_forgotten_once() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LineId("999"))
        await on.until(lambda: on.calls.did == [("hang_up", "")])
        on.driver.call_ended(CALL)
        await on.until(lambda: on.forgotten == [CALL])
        on.driver.call_ended(CALL)
        assert on.forgotten == [CALL]


async def test_a_caller_who_is_told_goodbye_is_forgotten_once() -> None:
    async with stage() as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: on.played()[-1:] == ["menu"])
        on.press("1")
        await on.until(lambda: ("hang_up", "") in on.calls.did and not on.driver.calls)
        on.driver.call_ended(CALL)
        assert on.forgotten == [CALL]
        assert not on.kept


async def spoil(on: Stage) -> None:
    """The dialogue of the caller at the menu fails by what cannot come there."""
    on.driver.call_arrived(CALL, LINE)
    await on.until(lambda: "menu" in on.played())
    on.driver.connected(CALL)
    await on.until(lambda: bool(on.inputs))


@pytest.mark.parametrize("error", [CallBusy(), OSError("planted")], ids=["busy", "a fault"])
async def test_a_rescued_caller_without_music_keeps_the_place_and_is_hung_up_after_the_talk(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_music(_: CallId) -> None:
        raise error

    monkeypatch.setattr(rescue_module, "_MUSIC_AGAIN_S", 0.0)
    async with stage() as on:
        monkeypatch.setattr(on.calls, "start_music", no_music)
        await spoil(on)
        await asyncio.sleep(0.05)
        on.driver.returned(CALL, ReturnReason.TALK_OVER)
        await on.until(lambda: ("hang_up", "") in on.calls.did and not on.driver.calls)
        assert on.inputs == [QueueEntered(CALL, LINE, QueueId("service"))]
        on.driver.call_ended(CALL)
        assert on.forgotten == [CALL]
        assert not on.kept


async def test_a_rescued_caller_has_music_once_the_channel_is_not_busy_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rescue_module, "_MUSIC_AGAIN_S", 0.0)
    async with stage() as on:
        tried = 0
        begin = on.calls.start_music

        async def busy_at_first(call: CallId) -> None:
            nonlocal tried
            tried += 1
            if tried <= 3:
                raise CallBusy
            await begin(call)

        monkeypatch.setattr(on.calls, "start_music", busy_at_first)
        await spoil(on)
        await on.until(lambda: ("music", "") in on.calls.did)
        for times in (2, 3):  # and each time that the channel is given back
            on.driver.call_given_back(CALL, waits=True, talks=False)
            await on.until(lambda times=times: on.calls.did.count(("music", "")) == times)


async def test_a_caller_who_cannot_be_rescued_is_hung_up_and_harms_no_other_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def no_rescue(*_: object) -> None:
        raise OSError("planted")

    async with stage() as on:
        monkeypatch.setattr(driver_module, "rescue", no_rescue)
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: "menu" in on.played())
        on.driver.connected(CALL)
        await on.until(lambda: ("hang_up", "") in on.calls.did and not on.driver.calls)
        other = CallId("call-2")
        on.driver.call_arrived(other, LINE)
        await on.until(lambda: on.played().count("menu") == 2)


async def test_a_rescued_caller_whom_the_dialplan_took_has_music_and_a_place_again() -> None:
    async with stage() as on:
        await spoil(on)
        on.driver.call_given_back(CALL, waits=True, talks=False)
        await on.until(lambda: on.calls.did[-2:] == [("music", ""), ("music", "")])
        assert len(on.inputs) == 1
        on.driver.call_given_back(CALL, waits=False, talks=False)
        await on.until(lambda: len(on.inputs) == 2)


async def test_who_comes_back_to_no_dialogue_is_hung_up_and_who_is_not_known_is_left_alone() -> (
    None
):
    async with stage() as on:
        stranger = CallId("call-2")
        on.driver.returned(stranger, ReturnReason.TALK_OVER)
        on.driver.call_arrived(CALL, LineId("999"))
        await on.until(lambda: on.calls.did == [("hang_up", "")] and not on.driver.calls)
        on.driver.returned(CALL, ReturnReason.TALK_OVER)
        await on.until(lambda: on.calls.did == [("hang_up", ""), ("hang_up", "")])
        assert stranger not in on.calls.gone
