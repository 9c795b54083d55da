"""Whether the switch greets who comes to its control port anew, whatever became of our link."""

from __future__ import annotations

import asyncio
from typing import Final

from ivr.asterisk.protocol import GREETING

_WITHIN_S: Final = 2.0


async def greets(host: str, port: int, *, within_s: float = _WITHIN_S) -> bool:
    """Tell whether a banner comes in time. Nothing is sent, and nobody signs in."""
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return (await reader.readexactly(len(GREETING))) == GREETING
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False
