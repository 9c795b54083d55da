"""Unit: a caller whom nobody can hear, for whatever cause, is told by one reply and goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ivr.asterisk.audiosocket.line import NoLine
from ivr.asterisk.audiosocket.prompt_store import PromptStore
from ivr.asterisk.errors import AgiCut, ChannelGone
from ivr.asterisk.listening_calls import ListeningCalls
from ivr.dialogues.ports import (
    Announcement,
    CallBusy,
    CallGone,
    Question,
    Reply,
    ReplyKind,
    Unheard,
)
from ivr.hearing.counts import At
from ivr.speech.hearing_desk import HearingDesk
from ivr.speech.recogniser import Recogniser
from ivr.speech.turn import Grammar
from ivr.speech.vosk_model import Decoder
from queues.ids import CallId
from tests.unit.ivr.fakes import FakeCalls

CALL = CallId("call-1")
PHRASES = ("word",)
QUESTION = Question("xx", ("xx/menu",), PHRASES, wait_s=1.0)
ANNOUNCEMENT = Announcement("xx", ("xx/menu",), PHRASES)


class PlainCalls(FakeCalls):
    """The fake of the contract suite, as the plain way of a caller."""

    async def with_link(self, what: Callable[[], Awaitable[Any]]) -> Any:
        return await what()


class Visits:
    """No caller can be brought into AudioSocket: each try ends as the test says."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.begun = 0

    async def begin(self, channel: str) -> None:
        self.begun += 1
        raise self.error


class Words:
    """A model that knows one word, and is never asked to decode."""

    def decoder(self, phrases: Sequence[str]) -> Decoder:
        raise AssertionError("nothing is decoded here")

    def unknown(self, words: Iterable[str]) -> tuple[str, ...]:
        return tuple(word for word in words if word != "word")


class Stage:
    """Listening calls on a desk whose model knows one word of `xx`."""

    def __init__(self, folder: Path, error: Exception) -> None:
        self.recogniser = Recogniser(1)
        self.recogniser.use("xx", Words())
        self.desk = HearingDesk(self.recogniser)
        self.plain = PlainCalls()
        self.visits = Visits(error)
        self.calls = ListeningCalls(
            self.plain,  # type: ignore[arg-type]
            self.visits,  # type: ignore[arg-type]
            PromptStore(folder),
            self.desk,
        )

    async def unheard(self, question: Question = QUESTION) -> Unheard | None:
        """Ask in vain: why, after what is true of every such question was seen."""
        reply = await self.calls.ask(CALL, question)
        assert reply == Reply(ReplyKind.UNHEARD, cause=reply.cause)
        assert self.calls.counts.unheard == {(At.QUESTION, reply.cause): 1}
        assert self.calls.counts.replies == {(At.QUESTION, ReplyKind.UNHEARD): 1}
        assert await self.calls.play(CALL, "xx/menu", keys_cut=True) is False
        assert self.plain.did[-1] == ("play", "xx/menu")  # the plain way
        return reply.cause


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path, NoLine("no line came"))
    yield stage
    assert stage.desk.load().listening == 0  # every slot was given back
    stage.recogniser.close()


async def test_a_language_without_a_model_is_not_even_tried(on: Stage) -> None:
    on.recogniser.forget("xx")
    assert await on.unheard() is Unheard.NO_MODEL
    assert on.visits.begun == 0


async def test_a_caller_without_a_model_is_counted_once_a_call_and_a_query_counts_nobody(
    on: Stage,
) -> None:
    on.recogniser.forget("xx")
    counts = on.calls.counts
    assert not on.calls.hears("xx")
    assert not counts.unheard
    on.calls.not_heard(CALL, "xx")
    for _ in range(2):  # each menu tries anew
        assert (await on.calls.ask(CALL, QUESTION)).cause is Unheard.NO_MODEL
        assert (await on.calls.announce(CALL, ANNOUNCEMENT)).cause is Unheard.NO_MODEL
    assert counts.unheard == {(At.WELCOME, Unheard.NO_MODEL): 1}
    assert not counts.replies
    on.calls.call_ended(CALL)
    on.calls.not_heard(CALL, "xx")
    assert counts.unheard == {(At.WELCOME, Unheard.NO_MODEL): 2}


async def test_who_finds_no_room_is_counted_at_the_welcome_and_in_passing_too(on: Stage) -> None:
    streams = [
        on.recogniser.open("xx", Grammar.of(PHRASES), lambda _: None)
        for _ in range(on.desk.capacity)
    ]
    on.calls.not_heard(CALL, "xx")
    await on.calls.announce(CALL, ANNOUNCEMENT)
    assert on.calls.counts.unheard == {
        (At.WELCOME, Unheard.OVERLOAD): 1,
        (At.ANNOUNCEMENT, Unheard.OVERLOAD): 1,
    }
    assert on.calls.counts.replies == {(At.ANNOUNCEMENT, ReplyKind.UNHEARD): 1}
    assert on.calls.counts.sent_to_keys(Unheard.OVERLOAD) == 1
    for stream in streams:
        stream.cancel()


async def test_a_menu_of_which_the_model_knows_no_word_is_not_asked(on: Stage) -> None:
    question = Question("xx", (), ("strange", "stranger"), wait_s=1.0)
    assert await on.unheard(question) is Unheard.NO_WORDS


async def test_a_full_desk_sends_to_keys_without_touching_the_caller(on: Stage) -> None:
    streams = [
        on.recogniser.open("xx", Grammar.of(PHRASES), lambda _: None)
        for _ in range(on.desk.capacity)
    ]
    assert await on.unheard() is Unheard.OVERLOAD
    assert on.visits.begun == 0
    for stream in streams:
        stream.cancel()


@pytest.mark.parametrize(
    ("error", "cause"),
    [(NoLine("no line came"), Unheard.SOUND_LOST), (RuntimeError("ours"), Unheard.FAULT)],
    ids=["no sound", "a fault of ours"],
)
async def test_a_caller_whose_sound_cannot_be_had_goes_on_by_keys(
    on: Stage, error: Exception, cause: Unheard
) -> None:
    on.visits.error = error
    assert await on.unheard() is cause
    assert on.visits.begun == 1


@pytest.mark.parametrize(
    ("error", "told"), [(ChannelGone("gone"), CallGone), (AgiCut("cut"), CallBusy)]
)
async def test_a_caller_who_is_gone_or_with_an_agent_gives_no_reply(
    on: Stage, error: Exception, told: type[Exception]
) -> None:
    on.visits.error = error
    with pytest.raises(told):
        await on.calls.ask(CALL, QUESTION)
    assert not on.calls.counts.replies
