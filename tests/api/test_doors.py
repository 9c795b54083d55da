"""API: queues are closed and opened by hand, and show when they turn."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from queues.centre.inputs.doors import HoursTold, QueueHours
from queues.centre.lives.door import OpenSpan
from tests.api.service import BILLING, Service

NOW = 1_700_000_000.0
CLOSES, OPENS = NOW + 3600, NOW + 50_000


def open_house() -> Service:
    service = Service(wall=NOW)
    hours = (OpenSpan(NOW - 100, CLOSES), OpenSpan(OPENS, None))
    service.dispatcher.submit(HoursTold((QueueHours(BILLING, hours),)))
    return service


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).isoformat()


def times(row: dict[str, Any]) -> list[float | None]:
    return [
        None if row[name] is None else datetime.fromisoformat(row[name]).timestamp()
        for name in ("closes_at", "opens_at")
    ]


async def test_a_queue_shows_whether_it_is_open_and_until_when() -> None:
    service = open_house()
    async with service.signed_in() as client:
        (row,) = (await client.get("/api/v1/queues")).json()["queues"]
        assert (row["open"], row["closed_by_hand"], times(row)) == (True, None, [CLOSES, None])


async def test_a_queue_that_is_closed_shows_who_did_it_and_gives_callers_back() -> None:
    service = open_house()
    service.enter("one")
    async with service.signed_in() as client:
        answer = await client.post("/api/v1/queues/billing/close", json={"by": "a"})
        assert answer.status_code == 200
        row = answer.json()
        assert (row["open"], row["waiting"], times(row)) == (False, 0, [None, OPENS])
        by_hand = row["closed_by_hand"]
        assert by_hand["by"] == "a"
        assert datetime.fromisoformat(by_hand["until"]).timestamp() == OPENS
        service.enter("two")
        assert service.dispatcher.view().calls == ()
        opened = await client.post("/api/v1/queues/billing/open", json={})
        assert (opened.json()["open"], times(opened.json())) == (True, [CLOSES, None])


async def test_a_closing_later_today_shows_and_is_the_next_turn() -> None:
    service = open_house()
    given = {"from": iso(NOW + 600), "until": iso(NOW + 900)}
    async with service.signed_in() as client:
        row = (await client.post("/api/v1/queues/billing/close", json=given)).json()
        assert (row["open"], times(row)) == (True, [NOW + 600, None])
        assert row["closed_by_hand"]["by"] is None


@pytest.mark.parametrize(
    ("path", "given", "status", "code"),
    [
        ("nobody/close", {}, 404, "no-such-queue"),
        ("nobody/open", {}, 404, "no-such-queue"),
        ("billing/close", {"by": "nobody"}, 404, "agent-unknown"),
        ("billing/open", {}, 409, "queue-not-closed"),
        ("billing/close", {"until": iso(NOW - 1)}, 422, "times-contradict"),
        (
            "billing/close",
            {"from": iso(NOW + 60), "until": iso(NOW + 60)},
            422,
            "times-contradict",
        ),
        ("billing/close", {"until": "2026-01-01T12:00:00"}, 422, "values-refused"),
        ("billing/close", {"until": 1e300}, 422, "values-refused"),
        ("billing/close", {"until": "9999-12-31T23:59:59-12:00"}, 422, "times-contradict"),
        ("billing/close", {"from": iso(NOW + 400 * 86_400)}, 422, "times-contradict"),
        ("billing/close", {"why": "lunch"}, 422, "values-refused"),
    ],
)
async def test_what_is_refused_changes_nothing(
    path: str, given: dict[str, Any], status: int, code: str
) -> None:
    service = open_house()
    before = service.dispatcher.view()
    async with service.signed_in() as client:
        answer = await client.post(f"/api/v1/queues/{path}", json=given)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert service.dispatcher.view() == before
