"""A caller who is asked over AudioSocket, with a recogniser that answers by a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import numpy as np

from ivr.asterisk.audiosocket.conversation import Conversation
from ivr.asterisk.audiosocket.frames import Kind, message
from ivr.asterisk.audiosocket.line import Line
from ivr.asterisk.audiosocket.visit import Visit
from ivr.asterisk.wire_events import ChannelId
from ivr.dialogues.ports import Reply
from ivr.speech.hearing_desk import HearingDesk, ListeningSlot
from ivr.speech.recogniser import Recogniser
from ivr.speech.turn import Grammar
from ivr.speech.vosk_model import Answer, Decoder
from tests.ami.running import until
from tests.audio.peers import Peer, connected_line, running_server
from tests.speech.sounds import hiss, vowel

GRAMMAR = Grammar.of(["internet", "change"])
WAIT_S = 1.2
WITHIN_S = 15.0
QUIET = hiss(0.0005, 1.0)
WORD = np.concatenate([QUIET[:2400], vowel(0.4)])
SURE, UNSURE, REFUSED = (0.9, 2.0), (0.9, 24.0), (0.9, 30.0)


@dataclass
class Scripted:
    """A model that hears what the test says, once it has heard some sound."""

    says: str = "internet"
    measures: tuple[float, float] = SURE
    dies: bool = False
    hangs: bool = False

    def decoder(self, phrases: Sequence[str]) -> Decoder:
        return self

    def unknown(self, words: Iterable[str]) -> tuple[str, ...]:
        return ()

    def accept(self, chunk: bytes) -> str:
        if self.dies:
            raise RuntimeError
        return self.says

    def finish(self) -> tuple[Answer, float | None]:
        if self.hangs:
            raise TimeoutError
        return Answer(self.says, 1.0, self.measures[0], 0.4), self.measures[1]


@dataclass
class Stage:
    line: Line
    peer: Peer
    desk: HearingDesk
    model: Scripted
    conversation: Conversation
    heard: list[bytes] = field(default_factory=list)
    _says: asyncio.Queue[np.ndarray] = field(default_factory=asyncio.Queue)

    async def ask(self, *prompts: np.ndarray, wait_s: float = WAIT_S) -> Reply:
        place = self.desk.listen("xx", GRAMMAR)
        assert isinstance(place, ListeningSlot)
        async with asyncio.timeout(WITHIN_S):
            return await self.conversation.ask(prompts, place, GRAMMAR, wait_s)

    async def tell(self, *prompts: np.ndarray) -> Reply:
        place = self.desk.listen("xx", GRAMMAR)
        assert isinstance(place, ListeningSlot)
        async with asyncio.timeout(WITHIN_S):
            return await self.conversation.announce(prompts, place, GRAMMAR)

    def say(self, *sounds: np.ndarray) -> None:
        """The caller speaks, then is quiet again."""
        self._says.put_nowait(np.concatenate(sounds))

    async def hears(self, true: Callable[[np.ndarray], bool]) -> None:
        """Come back when the last 100 ms that the caller heard are so."""
        await until(
            lambda: len(self.heard) >= 5 and true(np.frombuffer(b"".join(self.heard[-5:]), "<i2")),
            within_s=WITHIN_S,
        )

    async def speak(self) -> None:
        """Send 20 ms after 20 ms: what is to be said, else a quiet line."""
        loop = asyncio.get_running_loop()
        due, left, quiet = loop.time(), QUIET[:0], np.resize(QUIET, 160)
        while True:
            if len(left) < 160 and not self._says.empty():
                left = self._says.get_nowait()
            frame, left = (left[:160], left[160:]) if len(left) >= 160 else (quiet, left)
            self.peer.send(message(Kind.AUDIO, frame.astype("<i2").tobytes()))
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def listen(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, payload = await self.peer.frame()
                if kind == Kind.AUDIO:
                    self.heard.append(payload)


@asynccontextmanager
async def stage(model: Scripted | None = None, *, speaks: bool = True) -> AsyncIterator[Stage]:
    recogniser = Recogniser(1)
    script = model or Scripted()
    recogniser.use("xx", script)
    async with running_server() as server, connected_line(server) as (line, peer):
        conversation = Conversation(Visit(ChannelId("1.1"), line))
        on = Stage(line, peer, HearingDesk(recogniser), script, conversation)
        tasks = [asyncio.create_task(on.listen())]
        if speaks:
            tasks.append(asyncio.create_task(on.speak()))
        try:
            yield on
            assert on.desk.load().listening == 0
            assert on.desk.load().under_way == 0
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await asyncio.to_thread(recogniser.close)


def silent(samples: np.ndarray) -> bool:
    return not samples.any()


def sounding(samples: np.ndarray) -> bool:
    return bool(np.abs(samples).max() > 1000)
