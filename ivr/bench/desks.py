"""The phones of many agents: opened and registered a few at a time, kept reachable, closed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from ivr.bench.plain_phone import PlainPhone

SOUNDS_S: Final = 5.0  # Asterisk hangs up on a phone that is not heard for 20 s
_REGISTERS_S: Final = 120.0  # a registration lasts 300 s
_AT_ONCE: Final = 10


async def open_phones(phones: Sequence[PlainPhone]) -> None:
    """Have all of them there and registered; raises `BenchFailed`."""
    for at in range(0, len(phones), _AT_ONCE):
        some = phones[at : at + _AT_ONCE]
        await asyncio.gather(*(phone.open() for phone in some))
        await asyncio.gather(*(phone.register() for phone in some))


async def stays_reachable(phone: PlainPhone) -> None:
    """Register again and again, until cancelled."""
    while True:
        await asyncio.sleep(_REGISTERS_S)
        await phone.register()


async def close_phones(phones: Sequence[PlainPhone]) -> None:
    """Hang up whatever is left, and give all ports back."""
    await asyncio.gather(*(phone.close() for phone in phones), return_exceptions=True)
