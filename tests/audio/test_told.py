"""A caller who is told something over AudioSocket, and says a word meanwhile."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import numpy as np

from ivr.dialogues.ports import Reply, ReplyKind
from tests.ami.running import until
from tests.audio.asked import REFUSED, WITHIN_S, WORD, Scripted, silent, sounding, stage
from tests.audio.calls import tone
from tests.speech.sounds import vowel


async def test_what_is_told_is_cut_by_a_word_that_is_listened_for() -> None:
    async with stage(Scripted(measures=(1.0, -9.0))) as on:
        told = asyncio.ensure_future(on.tell(tone(440, 20)))
        await on.hears(sounding)
        on.say(WORD)
        assert await told == Reply(ReplyKind.UNDERSTOOD, "internet")
        await on.hears(silent)


async def test_what_is_told_goes_on_whatever_else_is_said_and_without_a_recogniser() -> None:
    for model in (Scripted(measures=REFUSED), Scripted(says=""), Scripted(dies=True)):
        async with stage(model) as on:
            told = asyncio.ensure_future(on.tell(tone(440, 1), tone(440, 1)))
            await on.hears(sounding)
            on.say(WORD)
            assert await told == Reply(ReplyKind.SILENT)
            gap = max((len(g) for g in silences(on.heard)), default=0)
            assert gap <= 1, "it stopped meanwhile"


def silences(heard: Sequence[bytes]) -> list[list[bytes]]:
    """Frames of silence between the first and the last sound that the caller heard."""
    loud = [bool(np.frombuffer(frame, "<i2").any()) for frame in heard]
    between = loud[loud.index(True) : len(loud) - loud[::-1].index(True)]
    return [list(group) for value, group in itertools.groupby(between) if not value]


async def test_a_key_cuts_what_is_told_also_when_the_recogniser_is_gone() -> None:
    for model in (Scripted(), Scripted(dies=True)):
        async with stage(model) as on:
            told = asyncio.ensure_future(on.tell(tone(440, 20)))
            await on.hears(sounding)
            if model.dies:
                on.say(WORD)
                await until(lambda on=on: on.desk.load().listening == 0, within_s=WITHIN_S)
            on.conversation.key_pressed()
            assert await told == Reply(ReplyKind.KEY)
            await on.hears(silent)


async def test_a_word_at_the_end_of_what_is_told_is_heard_out() -> None:
    async with stage(Scripted(measures=(1.0, -9.0))) as on:
        told = asyncio.ensure_future(on.tell(tone(440, 0.7)))
        await on.hears(sounding)
        on.say(WORD, vowel(0.4))
        assert await told == Reply(ReplyKind.UNDERSTOOD, "internet")
