"""What one client of the live stream gets: what it missed or a snapshot, then facts and ticks."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Final

from sse_starlette import EventSourceResponse

from queues.live import RETRY_MS, Hub
from queues.view import View, iso

TICK_S: Final = 5.0
_PING_S: Final = 15
_SEND_TIMEOUT_S: Final = 10.0


def live_response(
    hub: Hub,
    last_event_id: str | None,
    *,
    view: Callable[[], View],
    now: Callable[[], float],
    is_allowed: Callable[[], bool],
    tick_s: float = TICK_S,
) -> EventSourceResponse:
    """Give the stream. It ends when the client is too slow, its session is over or the hub closes.

    The hub's closing is what ends streams at shutdown, before the server is told to stop: the
    library's own watcher looks for uvicorn's signal handlers, which this service does not use.
    """
    frames = _frames(hub, last_event_id, view=view, now=now, is_allowed=is_allowed, tick_s=tick_s)
    return EventSourceResponse(frames, ping=_PING_S, send_timeout=_SEND_TIMEOUT_S)


async def _frames(
    hub: Hub,
    last_event_id: str | None,
    *,
    view: Callable[[], View],
    now: Callable[[], float],
    is_allowed: Callable[[], bool],
    tick_s: float,
) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop()
    subscription = hub.subscribe(last_event_id, view)
    try:
        yield f"retry: {RETRY_MS}\n".encode() + _tick(now()) + subscription.first
        next_tick = clock.time() + tick_s
        while True:
            if clock.time() >= next_tick:
                if not is_allowed():
                    return
                next_tick = clock.time() + tick_s
                yield _tick(now())
            try:
                async with asyncio.timeout_at(next_tick):
                    frames = await subscription.next()
            except TimeoutError:
                continue
            if frames is None:
                return
            yield frames
    finally:
        hub.unsubscribe(subscription)


def _tick(at: float) -> bytes:
    """Give the server's time. No id: a tick is no fact and leaves the client's place."""
    return f"event: tick\ndata: {json.dumps({'at': iso(at)})}\n\n".encode()
