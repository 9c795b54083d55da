"""A caller who is asked over AudioSocket: what they hear, and what each question comes to."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import numpy as np
import pytest
from structlog.testing import capture_logs

from ivr.asterisk.audiosocket import conversation as conversations
from ivr.asterisk.audiosocket.conversation import Conversation, SoundLost
from ivr.asterisk.audiosocket.line import Line
from ivr.asterisk.audiosocket.visit import Visit, VisitEnd
from ivr.asterisk.wire_events import ChannelId
from ivr.dialogues.ports import Reply, ReplyKind, Unheard
from tests.ami.running import until
from tests.audio.asked import (
    QUIET,
    REFUSED,
    UNSURE,
    WAIT_S,
    WITHIN_S,
    WORD,
    Scripted,
    silent,
    sounding,
    stage,
)
from tests.audio.calls import tone
from tests.audio.peers import connected_line, running_server
from tests.speech.sounds import cough, hiss, to_int16, vowel


async def test_a_word_over_the_prompt_stops_it_and_is_understood() -> None:
    async with stage() as on:
        asked = asyncio.ensure_future(on.ask(tone(440, 20)))
        await on.hears(sounding)
        on.say(WORD)
        await on.hears(silent)
        assert await asked == Reply(ReplyKind.UNDERSTOOD, "internet")
        assert not on.line.playing


async def test_a_cough_of_no_word_lets_the_prompt_go_on_and_the_question_too() -> None:
    async with stage(Scripted(says="")) as on:
        asked = asyncio.ensure_future(on.ask(tone(440, 4)))
        await on.hears(sounding)
        on.say(WORD)
        await on.hears(silent)
        await on.hears(sounding)
        on.model.says = "change"
        on.say(WORD)
        assert await asked == Reply(ReplyKind.UNDERSTOOD, "change")


async def test_the_prompt_that_goes_on_after_a_cough_is_heard_to_its_end() -> None:
    async with stage(Scripted(says="")) as on:
        asked = asyncio.ensure_future(on.ask(tone(440, 1.5), tone(700, 0.5), wait_s=0.5))
        await on.hears(sounding)
        on.say(WORD)
        assert (await asked).kind is ReplyKind.SILENT
        played = np.frombuffer(b"".join(on.heard), "<i2")
        seconds = np.count_nonzero(np.abs(played) > 500) / 8000
        assert seconds > 1.9, "less than the whole of both prompts was heard"


async def test_an_unsure_phrase_is_asked_again_and_taken_the_second_time() -> None:
    async with stage(Scripted(measures=UNSURE)) as on:
        for expected in (ReplyKind.NOT_UNDERSTOOD, ReplyKind.UNDERSTOOD, ReplyKind.NOT_UNDERSTOOD):
            asked = asyncio.ensure_future(on.ask())
            on.say(WORD)
            assert (await asked).kind is expected


async def test_two_different_unsure_phrases_are_none() -> None:
    async with stage(Scripted(measures=UNSURE)) as on:
        for says in ("internet", "change"):
            on.model.says = says
            asked = asyncio.ensure_future(on.ask())
            on.say(WORD)
            assert (await asked).kind is ReplyKind.NOT_UNDERSTOOD


async def test_a_word_of_no_phrase_is_not_understood() -> None:
    async with stage(Scripted(measures=REFUSED)) as on:
        asked = asyncio.ensure_future(on.ask())
        on.say(WORD)
        assert await asked == Reply(ReplyKind.NOT_UNDERSTOOD)


async def test_silence_counts_from_the_end_of_the_prompts() -> None:
    async with stage() as on:
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert (await on.ask(tone(440, 0.5), tone(700, 0.5))).kind is ReplyKind.SILENT
        assert loop.time() - began > 0.9 * (1.0 + WAIT_S)


async def test_a_phone_that_sends_nothing_is_silent() -> None:
    async with stage(speaks=False) as on:
        assert (await on.ask(tone(440, 0.3))).kind is ReplyKind.SILENT


@pytest.mark.parametrize(
    "sound",
    [hiss(0.03, 3.0), np.tile(np.concatenate([cough(0.2, 3), QUIET[:6000]]), 3)],
    ids=["hiss", "coughs"],
)
async def test_what_is_no_voice_does_not_stop_the_prompt(sound: np.ndarray) -> None:
    async with stage() as on:
        on.say(to_int16(sound / 32768))
        assert (await on.ask(tone(440, 1.0))).kind is ReplyKind.SILENT


async def test_a_key_wins_at_once_even_in_the_middle_of_a_word() -> None:
    async with stage() as on:
        asked = asyncio.ensure_future(on.ask(tone(440, 20)))
        on.say(WORD, vowel(5.0))
        await on.hears(sounding)
        await on.hears(silent)
        on.conversation.key_pressed()
        assert (await asked).kind is ReplyKind.KEY


async def test_a_recogniser_that_dies_in_the_middle_of_a_word_says_so() -> None:
    async with stage(Scripted(dies=True)) as on:
        asked = asyncio.ensure_future(on.ask(tone(440, 20)))
        on.say(WORD)
        assert await asked == Reply(ReplyKind.UNHEARD, cause=Unheard.DIED)


async def test_a_recogniser_that_dies_at_the_last_word_says_so() -> None:
    async with stage(Scripted(hangs=True)) as on:
        asked = asyncio.ensure_future(on.ask())
        on.say(WORD)
        assert await asked == Reply(ReplyKind.UNHEARD, cause=Unheard.DIED)


async def test_a_caller_who_never_stops_talking_is_told_apart_from_one_who_is_not_understood() -> (
    None
):
    async with stage() as on:
        asked = asyncio.ensure_future(on.ask())
        on.say(vowel(13.0))
        assert (await asked).kind is ReplyKind.TALKED_ON


async def test_a_line_that_is_lost_ends_the_question_and_the_prompt() -> None:
    async with stage() as on:
        asked = asyncio.ensure_future(on.ask(tone(440, 20)))
        await on.hears(sounding)
        on.peer.reset()
        assert await asked == Reply(ReplyKind.UNHEARD, cause=Unheard.SOUND_LOST)
        with pytest.raises(SoundLost):
            await on.conversation.play(tone(440, 1), keys_cut=True)


async def test_a_question_that_is_cancelled_sounds_no_more_and_hears_no_more() -> None:
    async with stage() as on:
        asked = asyncio.ensure_future(on.ask(tone(440, 20)))
        await on.hears(sounding)
        asked.cancel()
        await asyncio.wait({asked})
        await on.hears(silent)
        assert await on.conversation.play(tone(440, 0.2), keys_cut=True) is False


async def test_a_key_cuts_a_prompt_only_if_it_may() -> None:
    async with stage() as on:
        for may, cut in ((True, True), (False, False)):
            playing = asyncio.ensure_future(on.conversation.play(tone(440, 1), keys_cut=may))
            await on.hears(sounding)
            on.conversation.key_pressed()
            assert await playing is cut


@contextmanager
def nothing_left_to_collect() -> Iterator[None]:
    """What is of ours and over in here must be gone without the collector of cycles.

    It runs rarely in a service that holds much, and a caller's sound would wait for it.
    """
    gc.collect()
    gc.disable()
    try:
        yield
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert [o for o in gc.garbage if type(o).__module__.startswith("ivr.")] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def test_a_question_that_is_answered_or_cancelled_leaves_nothing_in_memory() -> None:
    async with stage() as on:
        with nothing_left_to_collect():
            asked = asyncio.ensure_future(on.ask(tone(440, 20)))
            await on.hears(sounding)
            on.say(WORD)
            assert (await asked).kind is ReplyKind.UNDERSTOOD
            asked = asyncio.ensure_future(on.ask(tone(440, 20)))
            on.say(WORD, vowel(1.0))
            await until(lambda: on.desk.load().under_way == 1, within_s=WITHIN_S)
            asked.cancel()
            await asyncio.wait({asked})
            del asked


async def test_a_visit_that_is_over_leaves_nothing_in_memory() -> None:
    async with running_server() as server, connected_line(server) as (line, _):
        with nothing_left_to_collect():
            visit = Visit(ChannelId("1.2"), line)
            conversation = Conversation(visit)
            visit.when_ended(conversation.key_pressed)
            visit.finish(VisitEnd.GONE)
            del visit, conversation


@pytest.mark.parametrize("rest_s", [0.0, 9.0])
async def test_three_noises_without_a_word_end_the_question_as_silence(rest_s: float) -> None:
    async with stage(Scripted(says="")) as on:
        for number in range(3):
            on.say(QUIET[: 2400 + number], vowel(0.25), QUIET, QUIET[:6400])
        assert await on.ask(*[tone(440, rest_s)] if rest_s else [], wait_s=5) == Reply(
            ReplyKind.SILENT
        )
        assert not on.line.playing


async def test_a_question_whose_end_nobody_tells_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversations, "_STALLED_S", 0.2)
    monkeypatch.setattr(conversations, "_BEGINNINGS", 0)
    async with stage() as on:
        with capture_logs() as logs:
            asked = await on.ask(wait_s=60)
        assert asked == Reply(ReplyKind.UNHEARD, cause=Unheard.FAULT)
        assert [line["event"] for line in logs] == ["a question without an end"]
        assert not on.line.playing


async def test_a_prompt_that_stands_still_is_lost_and_no_key_press(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversations, "_STALLED_S", 0.2)
    unpaced = Line(uuid4(), lambda _: None)
    conversation = Conversation(Visit(ChannelId("1.3"), unpaced))
    for keys_cut in (True, False):
        with pytest.raises(SoundLost):
            await conversation.play(tone(440, 0.1), keys_cut=keys_cut)
        assert not unpaced.playing
