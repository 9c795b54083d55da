"""How the API is served: on a socket of our own, in the running loop, leaving signals alone.

With the kernel's defaults megabytes vanish into buffers before a client that stopped reading is
noticed, and its socket delays the end of the service; hence the two socket options.
"""

import asyncio
import contextlib
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from queues.live import Hub

SEND_BUFFER: Final = 65_536  # bytes
UNACKNOWLEDGED_MS: Final = 15_000
GRACE_S: Final = 5
MOST_LINKS: Final = 500
SOURCES_AT_LEAST: Final = 5  # so many are needed to hold them all
BACKLOG: Final = 128  # links made between two looks at them; fewer than there may be
REQUEST_WITHIN_S: Final = 10.0


def is_here(source: str, own: str) -> bool:
    """Whether a link comes from this machine, and so perhaps through a proxy, for many people."""
    return source == own or ip_address(source).is_loopback


class _Links:
    """Who holds a link, those first who have held theirs longest without asking for anything.

    `is_shared` tells of a source, and our own address that it came to, whether it may hold all.
    """

    def __init__(self, is_shared: Callable[[str, str], bool]) -> None:
        self._is_shared = is_shared
        self._links: dict[_Impatient, None] = {}
        self._each = Counter[str]()  # by source

    def come(self, link: "_Impatient") -> None:
        """One more; if there are too many the longest idle one goes, or this one where none is.

        If there are too many of its source, that is one of its source.
        """
        source = link.source
        is_too_many = self._each[source] >= MOST_LINKS // SOURCES_AT_LEAST
        if is_too_many and not self._is_shared(source, link.own):
            (self._longest_idle(source) or link).transport.abort()
        elif len(self._links) >= MOST_LINKS:
            (self._longest_idle() or link).transport.abort()
        self._links[link] = None
        self._each[source] += 1

    def go(self, link: "_Impatient") -> None:
        """It is closed."""
        if link in self._links:
            del self._links[link]
            self._each[link.source] -= 1
            if not self._each[link.source]:
                del self._each[link.source]

    def _longest_idle(self, source: str | None = None) -> "_Impatient | None":
        for link in tuple(self._links):
            if source in (None, link.source) and not link.transport.is_closing():
                if link.is_idle:
                    return link
                # Served: whoever looks next does not meet it first again.
                self._links[link] = self._links.pop(link)
        return None


class _Impatient(H11Protocol):
    """Lets nobody hold a descriptor for nothing: late requests and too many links are closed.

    A newcomer is heard however many links are held: monitoring must not depend on who else came.
    Each request has its time, from the link's begin or its first byte; a link that waits for the
    next one is closed by uvicorn's own keep-alive.
    """

    _late: asyncio.TimerHandle | None = None

    def __init__(self, *given: Any, links: _Links, **named: Any) -> None:
        super().__init__(*given, **named)
        self._links = links

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.source: str = transport.get_extra_info("peername")[0]
        self.own: str = transport.get_extra_info("sockname")[0]
        self._links.come(self)
        self._expect_it_whole()

    def data_received(self, data: bytes) -> None:
        if self._late is None:
            self._expect_it_whole()
        super().data_received(data)

    def on_response_complete(self) -> None:
        if not self.cycle.more_body:  # else it was answered before it was whole
            self._expect_nothing()
        super().on_response_complete()

    def _expect_it_whole(self) -> None:
        self._late = asyncio.get_running_loop().call_later(REQUEST_WITHIN_S, self._give_up_on_late)

    def _expect_nothing(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)
        self._links.go(self)

    @property
    def is_idle(self) -> bool:
        """Nothing was asked for, or not to the end, or it was answered."""
        cycle = self.cycle
        return cycle is None or cycle.more_body or cycle.response_complete

    def _give_up_on_late(self) -> None:
        """Close a link whose request is not whole by now; a stream that is served goes on."""
        self._late = None
        cycle = self.cycle
        is_whole = cycle is not None and not cycle.more_body and not cycle.response_complete
        if not is_whole and not self.transport.is_closing():
            self.transport.abort()


class _Server(uvicorn.Server):
    """Leaves signals alone: the service that runs this loop owns them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Give a listening socket; port 0 takes a free one. Raises OSError if it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if sys.platform == "linux":
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


async def serve(
    app: ASGIApp,
    sock: socket.socket,
    shutdown_event: asyncio.Event,
    *,
    hub: Hub,
    is_shared: Callable[[str, str], bool] = is_here,
) -> None:
    """Serve until `shutdown_event` is set; then streams end and requests get 5 s at most.

    Of all links one source holds a fifth at most, unless it `is_shared`. Takes the socket over and
    closes it. Cancelling ends at once.
    """
    config = uvicorn.Config(
        app,
        http=partial(_Impatient, links=_Links(is_shared)),  # type: ignore[arg-type]
        backlog=BACKLOG,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Server(config)

    async def stop() -> None:
        await shutdown_event.wait()
        hub.close()
        server.should_exit = True

    try:
        async with asyncio.TaskGroup() as group:
            stopper = group.create_task(stop(), name="api stopper")
            await server.serve(sockets=[sock])
            stopper.cancel()
    finally:
        hub.close()
        sock.close()
