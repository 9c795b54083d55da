"""The bridge: a loop hears of commits and is never held up by them."""

from __future__ import annotations

import asyncio
import threading

import pytest

from queues.store import NotCommitted, Trouble, committed, in_loop
from tests.store.places import Place, locked, numbers, row


async def test_a_loop_waits_for_a_commit(place: Place) -> None:
    store = place.open()
    try:
        await asyncio.gather(*(committed(store.journal, [row(n)]) for n in range(50)))
        assert numbers(store) == list(range(50))
    finally:
        store.close()


async def test_a_loop_hears_that_a_promise_could_not_be_kept(file_place: Place) -> None:
    store = file_place.open()
    try:
        with locked(file_place):
            with pytest.raises(NotCommitted, match="locked"):
                await committed(store.journal, [row(1)], now_or_never=True)
            assert store.journal.health().trouble is Trouble.LOCKED
        await committed(store.journal, [row(2)])
        assert numbers(store) == [2]
    finally:
        store.close()


async def test_done_is_called_in_the_loop_and_whoever_gave_up_is_not_told(
    file_place: Place,
) -> None:
    store = file_place.open()
    try:
        threads: list[threading.Thread] = []
        heard = asyncio.Event()

        def done(_error: Exception | None) -> None:
            threads.append(threading.current_thread())
            heard.set()

        with locked(file_place):
            waiting = asyncio.ensure_future(committed(store.journal, [row(1)]))
            await asyncio.sleep(0)
            waiting.cancel()
        store.journal.submit([row(2)], in_loop(asyncio.get_running_loop(), done))
        await asyncio.wait_for(heard.wait(), 20)
        assert threads == [threading.main_thread()]
        assert waiting.cancelled()
        assert numbers(store) == [1, 2]
    finally:
        store.close()


def test_a_loop_that_is_closed_hears_nothing(file_place: Place) -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    with file_place.opened() as store:
        store.journal.submit([row(1)], in_loop(loop, print))
        assert store.journal.flush(20)
        assert store.journal.health().ok
