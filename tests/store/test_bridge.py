"""The bridge: a loop hears of commits and is never held up by them."""

from __future__ import annotations

import asyncio
import threading

from queues.store import in_loop
from tests.store.places import Place, numbers, row


async def test_a_loop_hears_of_every_commit_in_its_own_thread(place: Place) -> None:
    store = place.open()
    try:
        threads: list[threading.Thread] = []
        heard = asyncio.Event()

        def done(error: Exception | None) -> None:
            assert error is None
            threads.append(threading.current_thread())
            if len(threads) == 50:
                heard.set()

        for number in range(50):
            store.journal.submit([row(number)], in_loop(asyncio.get_running_loop(), done))
        await asyncio.wait_for(heard.wait(), 20)
        assert set(threads) == {threading.main_thread()}
        assert numbers(store) == list(range(50))
    finally:
        store.close()


def test_a_loop_that_is_closed_hears_nothing(file_place: Place) -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    with file_place.opened() as store:
        store.journal.submit([row(1)], in_loop(loop, print))
        assert store.journal.flush(20)
        assert store.journal.health().ok
