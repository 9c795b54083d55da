"""A place whose store is opened, and a dispatcher that keeps in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from ivr.dialplan.plan import NodeId
from ivr.flow.session import Phase, Session
from ivr.keeping.dialogue_book import DialogueBook
from ivr.keeping.journal import StoredJournal
from ivr.keeping.kept import Kept, open_kept
from ivr.place.place import Place
from queues.cards import By, CardEntry
from queues.centre.inputs.calls import QueueEntered
from queues.dispatcher import Clock, Dispatcher
from queues.ids import CallId, LineId
from queues.live import Hub
from tests.switch import test_settings
from tests.unit.queues.fakes import FakeDialogues, FakeTelephony
from tests.unit.queues.scenes import BILLING, settings

WITHIN_S = 10.0
C1, C2 = CallId("call-1"), CallId("call-2")
TYPED = "47110815"  # long enough that no random id holds it by chance
SAID = "meine kontonummer"
NUMBER = "+4930998877"
SESSION = Session(
    call=CallId("call-1"),
    line=LineId("100"),
    plan="hash",
    phase=Phase.SPEAKING,
    node=NodeId("main"),
    token=3,
    typed=TYPED,
    card=(CardEntry("main", By.VOICE, SAID, "human", at=1_700_000_000.0),),
)


SETTINGS = settings(("anna", (BILLING,)))


def enter(call: CallId) -> QueueEntered:
    return QueueEntered(call, LineId("100"), BILLING)


@contextmanager
def opened(place: Place, **changes: Any) -> Iterator[Kept]:
    place.run_folder.mkdir(exist_ok=True)
    with open_kept(test_settings(**changes), place, lambda _: None) as kept:
        yield kept


@asynccontextmanager
async def book_of(kept: Kept) -> AsyncIterator[DialogueBook]:
    """A running book on this store."""
    book = DialogueBook(kept.store, lambda: 1000.0, kept.dialogues, kept.plans)
    running = asyncio.create_task(book.run())
    try:
        yield book
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def dispatching(kept: Kept) -> AsyncIterator[Dispatcher]:
    """A dispatcher on this store, ended as if killed: nothing is said to anybody."""
    made = Dispatcher.recovered(
        FakeTelephony(lambda _: None),
        FakeDialogues(),
        Clock.after(kept.centre),
        Hub(),
        journal=StoredJournal(kept.store.journal),
        centre=kept.centre,
        last_seq=kept.store.last_seq,
        epoch=kept.store.epoch,
        node=kept.store.node,
    )
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, ExceptionGroup):
            await running


async def until(true: Any) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true():  # noqa: ASYNC110  (another thread does it)
            await asyncio.sleep(0.005)
