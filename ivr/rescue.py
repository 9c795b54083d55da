"""What becomes of a caller whose dialogue failed: a human, until the queue gives the caller back.

Rules:

1. Who is in no queue is put into the default queue, with music.
2. Only the caller's end or the queue's word ends a rescue: the queue holds the call, and nobody
   else would take it up again when a talk is over.
"""

from __future__ import annotations

import asyncio

import structlog

from ivr.dialogue import Dialogue, Surroundings
from ivr.flow.commands import EnterQueue
from ivr.flow.events import CallerHungUp, CallResumed, CallReturned
from ivr.ports import CallBusy, CallControl, CallGone
from queues.ids import CallId, QueueId

log = structlog.get_logger()

_MUSIC_TRIES = 3
_MUSIC_AGAIN_S = 1.0


async def rescue(dialogue: Dialogue, around: Surroundings, queue: QueueId) -> None:
    """Come back when the caller is to be hung up, or is gone."""
    if dialogue.gone.is_set():
        return
    entered = dialogue.entered(EnterQueue(queue))
    if not dialogue.with_centre:
        around.submit(entered)
        await _music(around.control, dialogue.call)
    while not dialogue.gone.is_set():
        match await dialogue.inbox.get():
            case CallerHungUp() | CallReturned():
                return
            case CallResumed(waits=waits, talks=talks):  # the dialplan had taken the channel
                if not (waits or talks):
                    around.submit(entered)
                if not talks:
                    await _music(around.control, dialogue.call)
            case _:
                pass


async def _music(control: CallControl, call: CallId) -> None:
    """Music, if that can be had; without it the caller still keeps the place in the queue."""
    for _ in range(_MUSIC_TRIES):
        try:
            await control.start_music(call)
        except (CallGone, CallBusy):  # the caller's end, an agent or the way back is told by itself
            return
        except Exception as error:  # whatever it is, the queue holds this caller
            log.error("no music for a rescued caller", call=call, exc_info=error)
            await asyncio.sleep(_MUSIC_AGAIN_S)
        else:
            return
