"""One AGI command at a time for each channel, and never into a bridge."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from ivr.asterisk import wire_actions as a
from ivr.asterisk.errors import (
    ActionRefused,
    ActionTimedOut,
    AgiCut,
    AgiTimedOut,
    AmiError,
    ChannelGone,
    LinkLost,
)
from ivr.asterisk.wire_events import (
    AgiAnswer,
    BridgeEntered,
    BridgeLeft,
    ChannelEnded,
    ChannelId,
    ChannelLeftAgi,
    LinkDown,
    Response,
    WireEvent,
)
from tests.ami.scripted_desk import DONE, C, Desk, arrived, failing, name_of


@pytest.fixture
def desk() -> Desk:
    found = Desk()
    found.hear(arrived())
    return found


async def test_a_command_gives_its_answer(desk: Desk) -> None:
    task = desk.ask(a.answer())
    await desk.sent(1)
    desk.answer(answer=AgiAnswer(200, "0", None, 7))
    assert await task == AgiAnswer(200, "0", None, 7)


async def test_commands_of_one_channel_go_one_after_the_other_in_order(desk: Desk) -> None:
    tasks = [desk.ask(a.stream_file(f"p{n}")) for n in range(4)]
    for n in range(4):
        await desk.sent(n + 1)
        assert len(desk.link.sent) == n + 1
        desk.answer()
        await tasks[n]
    assert desk.link.commands == [f'STREAM FILE "p{n}" ""' for n in range(4)]


async def test_commands_of_two_channels_do_not_wait_for_each_other(desk: Desk) -> None:
    other = ChannelId("c-2")
    desk.hear(arrived(other))
    first = desk.ask(a.answer())
    second = asyncio.ensure_future(desk.desk.run(other, a.answer(), deadline_s=2))
    await desk.sent(2)
    desk.answer(1, channel=other)
    assert await second == DONE
    desk.answer(0)
    await first


async def test_what_follows_a_command_is_given_with_it_and_nobody_waits_for_its_answer(
    desk: Desk,
) -> None:
    task = asyncio.ensure_future(
        desk.desk.run(C, a.answer(), deadline_s=2, then=a.music_on("default"))
    )
    await desk.sent(2)
    assert desk.link.commands == ["ANSWER", "SET MUSIC ON default"]
    assert len({sent["CommandID"] for sent in desk.link.sent}) == 2
    desk.answer(0)
    assert await task == DONE
    behind = desk.ask(a.music_on("default"))
    await desk.sent(3)
    desk.answer(1)  # late, and of no concern to the next command
    await asyncio.sleep(0)
    assert not behind.done()
    desk.answer(2)
    assert await behind == DONE


@pytest.mark.parametrize("cut", [BridgeEntered(C, "b"), ChannelLeftAgi(C)])
async def test_a_cut_fails_the_running_command_and_those_behind_it(
    desk: Desk, cut: WireEvent
) -> None:
    running, behind = desk.ask(a.stream_file("p")), desk.ask(a.music_on("default"))
    await desk.sent(1)
    desk.hear(cut)
    await failing(running, AgiCut)
    await failing(behind, AgiCut)
    assert len(desk.link.sent) == 1
    assert not desk.desk.in_agi(C)


async def test_a_command_that_waited_behind_a_cut_one_is_not_sent_when_the_channel_is_back(
    desk: Desk,
) -> None:
    running, behind = desk.ask(a.stream_file("p")), desk.ask(a.music_on("default"))
    await desk.sent(1)
    desk.hear(BridgeEntered(C, "b"), BridgeLeft(C, "b"), arrived())
    await failing(running, AgiCut)
    await failing(behind, AgiCut)
    assert len(desk.link.sent) == 1


async def test_no_command_is_sent_to_a_bridged_channel_and_the_asker_hears_of_it(
    desk: Desk,
) -> None:
    desk.hear(BridgeEntered(C, "b"))
    await failing(desk.ask(a.answer()), AgiCut)
    assert not desk.link.sent


async def test_a_command_waits_for_a_channel_that_is_just_coming_back(desk: Desk) -> None:
    desk.hear(BridgeEntered(C, "b"))
    task = desk.ask(a.answer())
    await asyncio.sleep(0)
    desk.hear(BridgeLeft(C, "b"), arrived())
    await desk.sent(1)
    desk.answer()
    assert await task == DONE


async def test_a_late_answer_of_a_cut_command_is_not_taken_for_the_next_ones(desk: Desk) -> None:
    first = desk.ask(a.stream_file("p"))
    await desk.sent(1)
    desk.hear(BridgeEntered(C, "b"), BridgeLeft(C, "b"), arrived())
    await failing(first, AgiCut)
    second = desk.ask(a.answer())
    await desk.sent(2)
    desk.answer(0, AgiAnswer(200, "-1"))
    assert not second.done()
    desk.answer(1)
    assert await second == DONE


async def test_an_answer_that_comes_before_the_response_is_not_lost(desk: Desk) -> None:
    async def early(action: a.Action, *, deadline_s: float = 5.0) -> Response:
        desk.link.sent.append(dict(action.headers))
        desk.answer()
        return Response("1", "", None)

    desk.link.send = early  # type: ignore[method-assign]
    assert await desk.ask(a.answer()) == DONE


async def test_the_end_of_the_channel_fails_all_that_was_asked_of_it(desk: Desk) -> None:
    running, behind = desk.ask(a.stream_file("p")), desk.ask(a.answer())
    await desk.sent(1)
    desk.hear(ChannelEnded(C, 16, None))
    await failing(running, ChannelGone)
    await failing(behind, ChannelGone)
    await failing(desk.ask(a.answer()), ChannelGone)


async def test_a_broken_link_fails_what_is_in_flight_and_forgets_the_channels(desk: Desk) -> None:
    running = desk.ask(a.stream_file("p"))
    await desk.sent(1)
    desk.link.up = False
    desk.hear(LinkDown())
    await failing(running, LinkLost)
    await failing(desk.ask(a.answer()), LinkLost)
    assert len(desk.desk) == 0


async def test_a_command_without_answer_times_out_and_the_next_waits_until_it_has_ended(
    desk: Desk,
) -> None:
    await failing(desk.ask(a.stream_file("p"), deadline_s=0.02), AgiTimedOut)
    behind = desk.ask(a.answer())
    await failing(desk.ask(a.answer(), deadline_s=0.05), AgiTimedOut)
    assert len(desk.link.sent) == 1
    desk.answer(0)
    await desk.sent(2)
    desk.answer(1)
    assert await behind == DONE


async def test_an_asker_who_is_cancelled_leaves_the_turn_to_the_next_after_the_answer(
    desk: Desk,
) -> None:
    task = desk.ask(a.stream_file("p"))
    await desk.sent(1)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    behind = desk.ask(a.answer())
    await asyncio.sleep(0.01)
    assert len(desk.link.sent) == 1
    desk.answer(0)
    await desk.sent(2)
    desk.answer(1)
    assert await behind == DONE


async def test_a_channel_reserved_for_a_bridge_gets_nothing_until_released(desk: Desk) -> None:
    desk.desk.reserve_for_bridge(C)
    assert not desk.desk.in_agi(C)
    await failing(desk.ask(a.answer()), AgiCut)
    task = desk.ask(a.answer())
    await asyncio.sleep(0)
    desk.desk.release(C)
    await desk.sent(1)
    desk.answer()
    assert await task == DONE


async def test_two_channels_in_agi_are_joined_by_their_full_names_and_then_left_alone(
    desk: Desk,
) -> None:
    other = ChannelId("c-2")
    with pytest.raises(ChannelGone):
        await desk.desk.bridge(C, other)
    desk.hear(arrived(other))
    await desk.desk.bridge(C, other)
    assert desk.link.sent == [{"Channel1": name_of(C), "Channel2": name_of(other)}]
    assert not desk.desk.in_agi(C)
    desk.hear(BridgeEntered(C, "b"))
    with pytest.raises(AgiCut):
        await desk.desk.bridge(C, other)


async def test_a_refused_bridge_leaves_both_to_be_commanded(desk: Desk) -> None:
    other = ChannelId("c-2")
    desk.hear(arrived(other))
    desk.link.refusal = ActionRefused("Channel2 does not exist: c-2")
    with pytest.raises(ActionRefused):
        await desk.desk.bridge(C, other)
    assert desk.desk.in_agi(C)
    assert desk.desk.in_agi(other)


async def test_a_reservation_ends_when_the_channel_comes_back(desk: Desk) -> None:
    desk.desk.reserve_for_bridge(C)
    desk.hear(BridgeEntered(C, "b"), BridgeLeft(C, "b"), arrived())
    assert desk.desk.in_agi(C)


@pytest.mark.parametrize(
    ("refusal", "meaning"),
    [
        (ActionRefused("Channel c-1 does not exist."), ChannelGone),
        (ActionRefused("Failed to add AGI command to channel PJSIP/x-1 queue"), AgiCut),
        (ActionRefused("Permission denied"), ActionRefused),
        (LinkLost("gone", sent=True), LinkLost),
        (ActionTimedOut("AGI"), AgiTimedOut),
    ],
)
async def test_a_refused_command_is_told_by_its_meaning(
    desk: Desk, refusal: AmiError, meaning: type[Exception]
) -> None:
    desk.link.refusal = refusal
    await failing(desk.ask(a.answer()), meaning)
    desk.link.refusal = None
    if isinstance(refusal, ActionRefused):  # nothing is in flight: the next may go
        task = desk.ask(a.answer())
        await desk.sent(2)
        desk.answer()
        assert await task == DONE
