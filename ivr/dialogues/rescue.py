"""What becomes of a caller whose dialogue failed: a human, until the queue gives the caller back.

Rules:

1. Who is in no queue is put into the default queue, with music.
2. Music is tried for again while the channel is busy, until an agent has joined.
3. Only the caller's end or the queue's word ends a rescue: the queue holds the call, and nobody
   else would take it up again when a talk is over.
"""

from __future__ import annotations

import asyncio

import structlog

from ivr.dialogues.dialogue import Dialogue, Surroundings
from ivr.dialogues.ports import CallBusy, CallControl, CallGone
from ivr.flow.commands import EnterQueue
from ivr.flow.events import AgentJoined, CallerHungUp, CallResumed, CallReturned
from queues.ids import CallId, QueueId

log = structlog.get_logger()

_MUSIC_TRIES = 10  # by then it has been told what became of a join
_MUSIC_AGAIN_S = 1.0


async def rescue(dialogue: Dialogue, around: Surroundings, queue: QueueId) -> None:
    """Come back when the caller is to be hung up, or is gone."""
    if dialogue.gone.is_set():
        return
    entered = dialogue.entered(EnterQueue(queue))
    tries = 0
    if not dialogue.with_centre:
        around.submit(entered)
        tries = _MUSIC_TRIES
    while not dialogue.gone.is_set():
        if tries and await _has_music(around.control, dialogue.call):
            tries = 0
        dialogue.has_waited_on()
        try:
            async with asyncio.timeout(_MUSIC_AGAIN_S if tries else None):
                event = await dialogue.inbox.get()
        except TimeoutError:
            tries -= 1
            continue
        match event:
            case CallerHungUp() | CallReturned():
                return
            case AgentJoined():
                tries = 0
            case CallResumed(waits=waits, talks=talks):  # the dialplan had taken the channel
                if not (waits or talks):
                    around.submit(entered)
                tries = 0 if talks else _MUSIC_TRIES
            case _:
                pass


async def _has_music(control: CallControl, call: CallId) -> bool:
    """Begin the music; without it the caller still keeps the place in the queue.

    False: it is to be tried again. A channel may be busy with a join that is refused yet.
    """
    try:
        await control.start_music(call)
    except CallGone:  # that is told by itself
        return True
    except CallBusy:
        return False
    except Exception as error:  # whatever it is, the queue holds this caller
        log.error("no music for a rescued caller", call=call, exc_info=error)
        return False
    return True
