"""API: nobody holds a descriptor of the service for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from queues.api import listen, serve, server
from queues.live import Hub

LATE_S = 0.2


@asynccontextmanager
async def serving(monkeypatch: pytest.MonkeyPatch, most: int = 500) -> AsyncIterator[int]:
    monkeypatch.setattr(server, "REQUEST_WITHIN_S", LATE_S)
    monkeypatch.setattr(server, "MOST_LINKS", most)

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    sock, stop = listen("127.0.0.1", 0), asyncio.Event()
    port = sock.getsockname()[1]
    running = asyncio.create_task(serve(app, sock, stop, hub=Hub()))
    try:
        yield port
    finally:
        stop.set()
        await running


async def closed(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(5):
            return await reader.read() == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /health HT", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"],
)
async def test_a_request_that_does_not_come_in_time_is_closed(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    async with serving(monkeypatch) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await closed(reader) or sent.startswith(b"POST")
        writer.close()


@pytest.mark.parametrize("sent", [b"G", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Le"])
async def test_a_second_request_on_a_link_has_no_more_time_than_the_first(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    async with serving(monkeypatch) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"204" in await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        assert await closed(reader)
        writer.close()


async def test_a_link_may_wait_between_requests_and_each_has_its_own_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(monkeypatch) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):  # longer together than one may take
            writer.write(b"GET / HTTP/1.1\r\n")
            await asyncio.sleep(LATE_S * 0.6)
            writer.write(b"Host: localhost\r\n\r\n")
            assert b"204" in await reader.readuntil(b"\r\n\r\n")
        writer.close()


async def test_too_many_links_are_refused_and_the_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(monkeypatch, most=3) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await closed(reader)
        first_reader, first = held[0]
        first.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"204" in await first_reader.readline()
        for _, each in (*held, (reader, writer)):
            each.close()
