"""API: the range that a caller was told, that of the next one, and how many of them held."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queues.centre.values.learned import Band, EstimatesLearned, Learned, Pace, Spread
from queues.store import EndedWait, Position, Store
from tests.api.service import BILLING, Service

PATH = "/api/v1/reports/estimates"
NEED = '{"skills":[{"skill":"law","level":3}],"language":"de"}'
LEARNED = EstimatesLearned(
    Learned((Pace(BILLING, 100.0, 5.0, None),), (Spread(BILLING, None, (Band(None, 0.5, 1, 2),)),))
)
WAIT = EndedWait(
    1, "c", "billing", NEED, 900.0, 1000.0, 100.0, "talked",
    90.0, 95.0, 50.0, 150.0, 2, 30.0, 4, "held",
)  # fmt: skip


def note(store: Store, *waits: EndedWait) -> None:
    store.records.add(store.records.position(1), Position(1, len(waits), "{}"), waits=waits)


async def test_the_share_that_held_is_told_by_need_with_what_is_not_known_beside_it(
    store: Store,
) -> None:
    truths = ["held"] * 3 + ["shorter", "longer", "not_known"]
    other = replace(WAIT, queue="other", need='{"skills":[],"language":null}')
    waits = [replace(WAIT, seq=n, came_true=truth) for n, truth in enumerate(truths)]
    outside = replace(WAIT, seq=50, ended_at=3000.0)
    untold = replace(WAIT, seq=51, came_true=None)
    note(store, *waits, replace(other, seq=40, came_true="not_known"), outside, untold)
    service = Service(estimates=store.records.estimates)
    span = {"since": "1970-01-01T00:15:00Z", "until": "1970-01-01T00:30:00Z"}
    async with service.signed_in() as client:
        answer = await client.get(PATH, params=span)
    assert answer.status_code == 200
    told = answer.json()
    assert told["all"] == {
        "told": 7, "held": 3, "shorter": 1, "longer": 1, "not_known": 2,
        "held_share": 0.6, "not_known_share": 0.2857,
    }  # fmt: skip
    first, second = told["needs"]
    assert (first["queue"], first["told"], first["held_share"]) == ("billing", 6, 0.6)
    assert first["need"] == {"skills": {"law": 3}, "language": "de"}
    assert (second["queue"], second["told"], second["held_share"]) == ("other", 1, None)
    assert second["not_known_share"] == 1.0


async def test_without_times_it_is_the_last_seven_days() -> None:
    asked: list[tuple[float, float]] = []

    def read(since: float, until: float) -> tuple[()]:
        asked.append((since, until))
        return ()

    service = Service(estimates=read)
    async with service.signed_in() as client:
        answer = await client.get(PATH)
        bad = await client.get(PATH, params={"since": "2026-01-01T00:00:00"})
        first = await client.get(PATH, params={"until": "0001-01-02T00:00:00Z"})
    assert answer.json()["all"]["held_share"] is None
    (since, until), (begin, end) = asked
    assert (first.status_code, begin) == (200, end)
    assert until - since == 7 * 86_400
    assert (bad.status_code, bad.json()["code"]) == (422, "values-refused")


async def test_calls_show_the_range_told_and_queues_that_of_who_came_next() -> None:
    service = Service()
    service.dispatcher.submit(LEARNED)
    async with service.signed_in() as client:
        (nobody,) = (await client.get("/api/v1/queues")).json()["queues"]
        service.ready("a")
        (free,) = (await client.get("/api/v1/queues")).json()["queues"]
        service.enter("talks", "waits")
        (queue,) = (await client.get("/api/v1/queues")).json()["queues"]
        talks, waits = (await client.get("/api/v1/calls")).json()["calls"]
    assert (nobody["next_low_s"], nobody["next_high_s"]) == (None, None)
    assert (free["next_low_s"], free["next_high_s"]) == (0.0, 0.0)
    assert (queue["next_low_s"], queue["next_high_s"]) == (102.5, 410.0)
    assert (talks["talk_from"], talks["talk_by"]) == (None, None)
    told = [seconds(waits["since"]), seconds(waits["talk_from"]), seconds(waits["talk_by"])]
    assert [each - told[0] for each in told] == pytest.approx([0.0, 52.5, 210.0])


def seconds(time: str) -> float:
    hours, minutes, rest = time.split("T")[1].rstrip("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)
