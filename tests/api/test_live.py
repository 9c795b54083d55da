"""API: the live stream, over a real server on a loopback port."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from queues.centre.inputs.calls import CallEnded, EndCause
from queues.ids import CallId
from queues.live import Hub
from tests.api.service import BEARER, TOKEN, Service

Data = dict[str, object]


@dataclass
class Event:
    """One event as a browser would see it."""

    name: str
    id: str | None
    data: dict  # type: ignore[type-arg]
    retry: str | None


async def read(response: httpx.Response) -> AsyncIterator[Event]:
    """Read events as the standard says, ticks left out."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "data" in fields and fields.get("event") != "tick":
            data = json.loads(fields["data"])
            yield Event(fields["event"], fields.get("id"), data, fields.get("retry"))
        fields = {}


async def first(events: AsyncIterator[Event], count: int) -> list[Event]:
    return [await anext(events) for _ in range(count)]


@contextlib.asynccontextmanager
async def stream(address: str, last_event_id: str | None = None) -> AsyncIterator[httpx.Response]:
    """Listen to the live stream, with a client of its own."""
    headers = BEARER | ({} if last_event_id is None else {"Last-Event-ID": last_event_id})
    async with (
        httpx.AsyncClient(timeout=10, headers=headers) as client,
        client.stream("GET", f"{address}/api/v1/live") as response,
    ):
        yield response


async def test_a_snapshot_comes_first_then_every_fact_without_a_gap() -> None:
    service = Service()
    service.enter("c0")
    async with service.served() as address, stream(address) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = read(response)
        (snapshot,) = await first(events, 1)
        service.ready("a")
        service.enter("c1")
        service.end("c0")
        facts = await first(events, 7)
    assert snapshot.name == "snapshot"
    assert snapshot.data["seq"] == 2
    assert [call["id"] for call in snapshot.data["calls"]] == ["c0"]
    assert [fact.data["seq"] for fact in facts] == list(range(3, 10))
    assert [fact.id for fact in facts] == [f"{service.hub.epoch}-{n}" for n in range(3, 10)]
    assert facts[-2].data["fact"]["type"] == "call_closed"
    assert facts[-2].data["calls"] == {"c0": None}
    offer = next(fact for fact in facts if fact.data["fact"]["type"] == "offer_made")
    assert offer.data["fact"]["policy"] == "longest-wait/2"
    assert "a" in offer.data["agents"]


async def test_whoever_follows_the_rows_of_the_facts_ends_with_the_picture_of_a_snapshot() -> None:
    service = Service()
    async with service.served() as address, stream(address) as response:
        events = read(response)
        (snapshot,) = await first(events, 1)
        service.ready("a")
        service.enter("c1", "c2", "c3")
        service.end("c1")
        service.ready("b")
        calls = {row["id"]: row for row in snapshot.data["calls"]}
        agents = {row["id"]: row for row in snapshot.data["agents"]}
        view = service.dispatcher.view()
        for event in await first(events, view.seq - snapshot.data["seq"]):
            calls |= event.data["calls"]
            agents |= event.data["agents"]
    assert {k: v for k, v in calls.items() if v} == {row.call: row.json() for row in view.calls}
    assert agents == {row.agent: row.json() for row in view.agents}


async def test_the_first_words_are_when_to_come_back_and_what_time_it_is() -> None:
    service = Service()
    async with service.served() as address, stream(address) as response:
        lines = response.aiter_lines()
        words = [await anext(lines) for _ in range(3)]
    assert words[:2] == ["retry: 1000", "event: tick"]
    assert words[2] == 'data: {"at": "2023-11-14T22:13:20.000+00:00"}'


async def test_a_client_that_comes_back_gets_what_it_missed_and_no_snapshot() -> None:
    service = Service()
    service.enter("c0")
    last = f"{service.hub.epoch}-2"
    service.enter("c1", "c2")
    async with service.served() as address, stream(address, last) as response:
        events = read(response)
        missed = await first(events, 2)
        service.enter("c3")
        (then,) = await first(events, 1)
    assert [event.data["seq"] for event in (*missed, then)] == [3, 4, 5]
    assert {event.name for event in missed} == {"fact"}


@pytest.mark.parametrize(
    "last", ["", "0123456789abcdef-2", "{epoch}-999", "{epoch}-1", "{epoch}-x", "nonsense"]
)
async def test_a_place_in_the_stream_that_is_not_kept_leads_to_a_snapshot(last: str) -> None:
    service = Service(ring=2)
    service.enter("c0", "c1", "c2")
    header = last.format(epoch=service.hub.epoch)
    async with service.served() as address, stream(address, header) as response:
        (event,) = await first(read(response), 1)
    assert (event.name, event.data["seq"]) == ("snapshot", 4)


async def test_a_slow_client_is_dropped_whole_and_the_others_go_on() -> None:
    service = Service(backlog=3)
    slow = service.hub.subscribe(None, service.dispatcher.view)
    async with service.served() as address, stream(address) as response:
        events = read(response)
        await first(events, 1)
        for number in range(6):
            service.enter(f"c{number}")
            await first(events, 1)
        assert service.hub.clients == 1
    assert await slow.next() is None


async def test_ticks_come_by_themselves_and_keep_the_place() -> None:
    service = Service(tick_s=0.02)
    async with service.served() as address, stream(address) as response:
        seen = []
        async for line in response.aiter_lines():
            seen.append(line)
            if seen.count("event: tick") == 3:
                break
    assert sum(line.startswith("id: ") for line in seen) == 1


async def test_the_stream_ends_when_the_session_ends() -> None:
    service = Service(tick_s=0.02)
    async with service.served() as address, httpx.AsyncClient(base_url=address) as client:
        await client.post("/api/v1/session", json={"token": TOKEN})
        async with client.stream("GET", "/api/v1/live") as response:
            events = read(response)
            await first(events, 1)
            same = {"Sec-Fetch-Site": "same-origin"}
            await client.delete("/api/v1/session", headers=same)
            assert [event async for event in events] == []


async def test_the_end_of_the_service_ends_streams_at_once_and_without_complaint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Service()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    async def watch(address: str) -> None:
        async with stream(address) as response:
            async for _ in response.aiter_lines():
                watching.set()
        ended.set()

    watching = asyncio.Event()
    with caplog.at_level(logging.WARNING):
        async with asyncio.TaskGroup() as group, service.served() as address:
            group.create_task(watch(address))
            await watching.wait()
            began = loop.time()
        assert ended.is_set()
    assert loop.time() - began < 4  # the grace for requests, which would be waited for, is 5 s
    assert caplog.records == []
    assert service.hub.clients == 0


async def test_a_client_that_goes_away_is_forgotten() -> None:
    service = Service(tick_s=0.02)
    async with service.served() as address:
        async with stream(address) as response:
            await first(read(response), 1)
            assert service.hub.clients == 1
        async with asyncio.timeout(10):
            while service.hub.clients:  # noqa: ASYNC110  # the server has no event for it
                await asyncio.sleep(0.01)


async def test_a_gap_in_the_numbers_cannot_be_published() -> None:
    service = Service()
    service.enter("c1")
    seq = service.dispatcher.view().seq
    (fact,) = service.dispatcher.submit(  # a fact to publish under a wrong number
        CallEnded(CallId("x"), EndCause.HUNG_UP)
    )
    hub = Hub()
    with pytest.raises(ValueError, match="was published after"):
        hub.publish(seq + 5, fact, None)  # type: ignore[arg-type]
