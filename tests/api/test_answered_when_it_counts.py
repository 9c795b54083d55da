"""API: a change is answered once it counts, so that no kill after the answer undoes it."""

import asyncio

import pytest

from queues.ports import JournalTakenOver
from tests.api.service import Service
from tests.unit.queues.fake_journal import Disk, FakeJournal

CHANGES = [
    ("agents/a/ready", None),
    ("agents/b/pause", {"reason": "lunch"}),
    ("agents/b/sign-out", None),
    ("agents/a/wrap-up", {"lasts_s": 60}),
    ("queues/billing/close", {}),
    ("calls/c1/transfer", {"queue": "billing"}),
    ("calls/c1/transfer", {"queue": "billing", "consult": True}),
]


async def house(journal: FakeJournal, path: str) -> Service:
    """Two agents at work; where a call is passed on, a talks with c1, else a is in wrap-up."""
    service = Service(journal=journal)
    if path.startswith("calls"):
        service.talk("a", "c1")
    else:
        service.talk_is_over("a")
    service.ready("b")
    async with asyncio.timeout(5):
        await service.dispatcher.settled()
    return service


async def decided(journal: FakeJournal) -> None:
    """Wait until a decision is with the journal."""
    while not journal.waiting:  # noqa: ASYNC110  # the journal is a plain object
        await asyncio.sleep(0)


@pytest.mark.parametrize(("path", "body"), CHANGES)
async def test_a_change_is_answered_when_its_rows_are_committed(
    path: str, body: dict[str, object] | None
) -> None:
    journal = FakeJournal()
    service = await house(journal, path)
    journal.disk = Disk.GONE
    async with service.signed_in() as client, asyncio.timeout(5):
        asked = asyncio.create_task(client.post(f"/api/v1/{path}", json=body))
        await decided(journal)
        assert await asyncio.wait([asked], timeout=0.05) == (set(), {asked})
        journal.back()
        assert (await asked).status_code == 200
    assert service.dispatcher.view().seq == service.dispatcher.shown().seq


async def test_a_call_that_ends_meanwhile_was_passed_on_all_the_same() -> None:
    journal = FakeJournal()
    service = await house(journal, "calls/c1")
    journal.disk = Disk.GONE
    async with service.signed_in() as client, asyncio.timeout(5):
        asked = asyncio.create_task(
            client.post("/api/v1/calls/c1/transfer", json={"queue": "billing"})
        )
        await decided(journal)
        service.end("c1")
        journal.back()
        answer = await asked
    assert (answer.status_code, answer.json()["call"]["hops"]) == (200, 1)


async def test_what_another_service_may_have_undone_is_not_said_to_be_done() -> None:
    journal = FakeJournal()
    service = await house(journal, "agents")
    journal.disk, journal.error = Disk.FULL, JournalTakenOver()
    async with service.signed_in() as client, asyncio.timeout(5):
        for _ in range(2):  # known only after the first
            answer = await client.post("/api/v1/agents/b/sign-out")
            assert (answer.status_code, answer.json()["code"]) == (503, "not-known-to-count")
