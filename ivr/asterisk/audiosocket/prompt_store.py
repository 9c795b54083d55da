"""Decides which prompts lie in memory, and refuses a file that a telephone could not play.

A prompt is read once and kept as long as the store has room; the one that was not asked for the
longest goes first. Files are read in a thread: a disk may take longer than the sound can wait.
"""

from __future__ import annotations

import asyncio
import re
import wave
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ivr.asterisk.audiosocket.frames import RATE
from ivr.asterisk.audiosocket.player import Samples

MOST_BYTES = 128 * 1024 * 1024  # over two hours
LONGEST_S = 600.0

_NAME = re.compile(r"[a-z]{2,3}/[A-Za-z0-9_-]{1,80}")


class PromptUnusable(Exception):
    """A prompt cannot be played; the text names the file and what to do."""

    code = "prompt_unusable"


class PromptStore:
    """The prompts below one folder, `<language>/<id>`; for one loop."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, Samples] = OrderedDict()
        self._bytes = 0

    def kept(self, name: str) -> Samples | None:
        """The prompt if it lies in memory; never touches a file."""
        samples = self._kept.get(name)
        if samples is not None:
            self._kept.move_to_end(name)
        return samples

    async def get(self, name: str) -> Samples:
        """The prompt, 8 kHz, read-only; raises PromptUnusable."""
        samples = self.kept(name)
        if samples is None:
            samples = await asyncio.to_thread(self._read, name)
            self._keep(name, samples)
        return samples

    async def load(self, names: Iterable[str]) -> tuple[PromptUnusable, ...]:
        """Read all these now, so that none is read during a call; gives what cannot be played."""
        faults = []
        for name in names:
            try:
                await self.get(name)
            except PromptUnusable as fault:
                faults.append(fault)
        return tuple(faults)

    def _read(self, name: str) -> Samples:
        if not _NAME.fullmatch(name):
            raise PromptUnusable("a prompt is named <language>/<id>")
        return read_prompt(self._folder / f"{name}.wav")

    def _keep(self, name: str, samples: Samples) -> None:
        earlier = self._kept.pop(name, None)  # two may have read it at once
        self._bytes += samples.nbytes - (0 if earlier is None else earlier.nbytes)
        self._kept[name] = samples
        while self._bytes > self._most_bytes:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes


def read_prompt(path: Path) -> Samples:
    """The samples of a WAV file of 8 kHz, mono, 16 bit; raises PromptUnusable."""
    try:
        with wave.open(str(path), "rb") as file:
            form = (file.getframerate(), file.getnchannels(), 8 * file.getsampwidth())
            if form != (RATE, 1, 16):
                raise PromptUnusable(
                    f"{path} is {form[0]} Hz, {form[1]} channel(s), {form[2]} bit; a prompt is "
                    "8000 Hz, mono, 16 bit: put it where recordings lie and run prompts build"
                )
            if file.getnframes() > LONGEST_S * RATE:
                raise PromptUnusable(f"{path} is longer than {LONGEST_S:g} s")
            data = file.readframes(file.getnframes())
    except OSError as error:
        raise PromptUnusable(f"{path} cannot be read ({error.strerror})") from None
    except (wave.Error, EOFError) as error:
        raise PromptUnusable(f"{path} is no WAV file ({error}); run prompts build") from None
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
    if not len(samples):
        raise PromptUnusable(f"{path} holds no sound; run prompts build")
    return samples
