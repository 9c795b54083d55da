"""API: nobody holds a descriptor of the service for nothing."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from queues.api import listen, serve, server
from queues.live import Hub

LATE_S = 0.2


@asynccontextmanager
async def serving(
    monkeypatch: pytest.MonkeyPatch,
    most: int = 500,
    late_s: float = LATE_S,
    is_shared: Callable[[str, str], bool] = server.is_here,
) -> AsyncIterator[int]:
    monkeypatch.setattr(server, "REQUEST_WITHIN_S", late_s)
    monkeypatch.setattr(server, "MOST_LINKS", most)

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        await receive()
        if scope["path"] == "/lasts":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    sock, stop = listen("127.0.0.1", 0), asyncio.Event()
    port = sock.getsockname()[1]
    running = asyncio.create_task(serve(app, sock, stop, hub=Hub(), is_shared=is_shared))
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


ASKS = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
ASKS_FOR_MUCH = ASKS.replace(b"/ ", b"/lasts ", 1)


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


async def test_of_too_many_links_the_longest_idle_one_goes_and_the_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(monkeypatch, most=3, late_s=60.0) as port:
        first, second, third, new = [
            await asyncio.open_connection("127.0.0.1", port) for _ in range(4)
        ]
        assert await closed(first[0])
        for reader, writer in (second, third, new):
            writer.write(ASKS)
            assert b"204" in await reader.readline()
        for _, writer in (first, second, third, new):
            writer.close()


async def test_a_link_that_is_served_goes_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(monkeypatch, most=2, late_s=60.0) as port:
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in streams:
            writer.write(ASKS_FOR_MUCH)
            assert b"200" in await reader.readline()
        refused_reader, refused = await asyncio.open_connection("127.0.0.1", port)
        assert await closed(refused_reader)
        for reader, writer in streams:
            assert not reader.at_eof()
            writer.close()
        refused.close()


async def test_a_newcomer_is_answered_beside_1500_idle_links(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    async with serving(monkeypatch, late_s=60.0) as port:
        stream_reader, stream = await asyncio.open_connection("127.0.0.1", port)
        stream.write(ASKS_FOR_MUCH)
        assert b"200" in await stream_reader.readline()
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(1500)]
        for _ in range(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASKS)
            async with asyncio.timeout(2):
                assert b"204" in await reader.readline()
            held.append((reader, writer))
        assert not stream_reader.at_eof()
        for _, writer in (*held, (stream_reader, stream)):
            writer.close()


async def test_a_newcomer_is_answered_among_links_that_come_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(monkeypatch, most=2 * server.BACKLOG, late_s=60.0) as port:
        async with asyncio.TaskGroup() as group:
            coming = [
                group.create_task(asyncio.open_connection("127.0.0.1", port)) for _ in range(1000)
            ]
            asks = group.create_task(asyncio.open_connection("127.0.0.1", port))
            coming += [
                group.create_task(asyncio.open_connection("127.0.0.1", port)) for _ in range(100)
            ]
        reader, writer = asks.result()
        writer.write(ASKS)
        async with asyncio.timeout(5):
            assert b"204" in await reader.readline()
        for each in (*coming, asks):
            each.result()[1].close()


STRANGER, OTHER = "127.0.0.2", "127.0.0.3"


async def coming_from(source: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))


async def test_one_source_holds_a_fifth_of_the_links_at_most_and_its_own_longest_idle_one_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(
        monkeypatch, most=15, late_s=60.0, is_shared=lambda source, own: source == own
    ) as port:
        here = await coming_from("127.0.0.1", port)  # the longest idle one of all
        others = [await coming_from(OTHER, port) for _ in range(3)]
        strangers = [await coming_from(STRANGER, port) for _ in range(9)]
        for reader, _ in strangers[:6]:
            assert await closed(reader)
        for reader, writer in (here, *others, *strangers[6:]):
            writer.write(ASKS_FOR_MUCH)
            assert b"200" in await reader.readline()
        # All of its links are served: now the newest is the one too many.
        one_more = await coming_from(STRANGER, port)
        assert await closed(one_more[0])
        strangers[6][1].close()
        while b"204" not in await _answer(
            STRANGER, port
        ):  # as soon as the link is known to be gone
            pass
        ours = [await coming_from("127.0.0.1", port) for _ in range(8)]
        for reader, writer in ours:
            writer.write(ASKS)
            assert b"204" in await reader.readline()
        for _, writer in (here, *others, *strangers, one_more, *ours):
            writer.close()


async def _answer(source: str, port: int) -> bytes:
    """What a new link is answered; nothing if it is closed."""
    reader, writer = await coming_from(source, port)
    try:
        writer.write(ASKS)
        return await reader.readline()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("source", "own", "is_so"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.8.8.8", "192.168.1.10", True),
        ("192.168.1.10", "192.168.1.10", True),
        ("192.168.1.11", "192.168.1.10", False),
        ("203.0.113.7", "127.0.0.1", False),
        ("::1", "::1", True),
    ],
)
def test_a_proxy_on_this_machine_may_hold_links_for_everybody(
    source: str, own: str, is_so: bool
) -> None:
    assert server.is_here(source, own) is is_so
