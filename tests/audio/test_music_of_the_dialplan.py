"""Music that the dialplan began by itself ends where something of ours is to be heard."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.audiosocket.prompt_store import PromptStore
from ivr.asterisk.calls import Calls
from ivr.asterisk.listening_calls import ListeningCalls
from ivr.asterisk.wire_events import ChannelInAgi
from ivr.dialogues.ports import Announcement
from ivr.speech.hearing_desk import HearingDesk
from ivr.speech.recogniser import Recogniser
from queues.ids import CallId
from tests.ami.running import until
from tests.audio.calls import MUSIC_HZ, WITHIN_S, audio_stage, tone
from tests.audio.test_conversation import Scripted
from tests.switch import Switch

PROMPT_HZ = 1000


async def test_a_caller_whom_the_dialplan_gave_music_hears_the_prompt_and_no_music(
    switch: Switch, tmp_path: Path
) -> None:
    (tmp_path / "xx").mkdir()
    with wave.open(str(tmp_path / "xx" / "menu.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(tone(PROMPT_HZ, WITHIN_S).tobytes())
    recogniser = Recogniser(1)
    recogniser.use("xx", Scripted())
    async with audio_stage(switch) as stage, stage.caller() as caller:
        floor = stage.floor
        plain = Calls(floor.client, floor.desk, tmp_path)
        plain.looked_up()
        desk = HearingDesk(recogniser)
        calls = ListeningCalls(plain, stage.visits, PromptStore(tmp_path), desk)
        seen = len(floor.seen)
        # What the caller's absolute timeout leads to when nobody renewed it.
        await floor.client.send(wire.redirect(caller.channel, context="fz-hold", exten="T"))
        await until(
            lambda: any(
                isinstance(e, ChannelInAgi) and e.why == "timeout" for e in floor.seen[seen:]
            ),
            within_s=WITHIN_S,
        )
        await caller.hears(MUSIC_HZ)
        told = Announcement("xx", ("xx/menu",), ("internet",))
        telling = asyncio.ensure_future(calls.announce(CallId(caller.channel), told))
        try:
            await caller.hears(PROMPT_HZ)
        finally:
            telling.cancel()
            await asyncio.wait({telling})
            await asyncio.to_thread(recogniser.close)
