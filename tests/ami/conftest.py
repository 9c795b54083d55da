"""The real Asterisk of these tests, with actors in its dialplan."""

from __future__ import annotations

import tempfile
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.switch import Switch, running_switch

ACTORS = """
[actors]
; Comes to AGI again and again, as a caller of ours does.
exten => agi,1,Answer()
 same => n(loop),Set(AGISTATUS=)
 same => n,AGI(agi:async,new,${EXTEN})
 same => n,GotoIf($["${AGISTATUS}" = "FAILURE"]?bye)
 same => n,Goto(loop)
 same => n(bye),Hangup()
; Somebody at the other end.
exten => other,1,Answer()
 same => n,Wait(60)
; A phone that nobody answers.
exten => never,1,Wait(60)
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def actors() -> AsyncIterator[Switch]:
    """An Asterisk for this folder alone: it is frozen, killed and started again."""
    # Not pytest's own folder: another pytest that starts closes that to Asterisk's account.
    with tempfile.TemporaryDirectory(prefix="freizeichen-ami-") as name:
        folder = Path(name)
        prompts = _prompts(folder)
        async with running_switch(folder, prompts=prompts, extra_extensions=ACTORS) as running:
            yield running


def _prompts(folder: Path) -> Path:
    """A folder with one short sound in it."""
    folder.chmod(0o755)
    prompts = folder / "prompts"
    prompts.mkdir()
    with wave.open(str(prompts / "quiet.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 400))
    return prompts
