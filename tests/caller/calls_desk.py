"""An HTTP server that tells of calls and their cards as the service does, and can be told which."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ivr.caller.desk import Desk

Rows = Callable[[], Awaitable[list[dict[str, Any]]]]


def row(call: str, line: str, state: str, agent: str | None = None) -> dict[str, Any]:
    """A call as `GET /api/v1/calls` shows it."""
    since = "2026-03-02T09:00:00Z"
    return {
        "id": call,
        "line": line,
        "queue": "service",
        "state": state,
        "since": since,
        "state_since": since,
        "waited_s": None,
        "agent": agent,
        "rests_until": None,
        "need": None,
        "need_steps": 0,
        "need_until": None,
        "waits_for": None,
        "credit_s": 0.0,
        "talk_from": None,
        "talk_by": None,
    }


def entry(node: str, by: str, said: str, led_to: str, at: float = 0.0) -> dict[str, Any]:
    """One answer of a caller as the card shows it."""
    return {"at": at, "node": node, "by": by, "said": said, "led_to": led_to}


@dataclass(slots=True)
class CallsDesk:
    """Two rows a page. What is not in `cards` has none; everything POSTed is granted."""

    token_file: Path
    rows: Rows
    cards: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    port: int = 0

    @property
    def desk(self) -> Desk:
        return Desk(f"http://127.0.0.1:{self.port}", self.token_file)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, body = "401 Unauthorized", b"{}"
        if "authorization: bearer the-token" in head.lower():
            method, address, _ = head.split(" ", 2)
            status, body = await self.answer(method, address)
        length = f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(f"HTTP/1.1 {status}\r\n{length}".encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def answer(self, method: str, address: str) -> tuple[str, bytes]:
        path, query = urlsplit(address).path, urlsplit(address).query
        if method == "POST":
            return "200 OK", b"{}"
        if path == "/api/v1/calls":
            rows = await self.rows()
            begin = int(query.removeprefix("cursor=") or 0)
            following = str(begin + 2) if begin + 2 < len(rows) else None
            page = {"seq": 1, "at": "x", "calls": rows[begin : begin + 2], "next": following}
            return "200 OK", json.dumps(page).encode()
        call = path.removeprefix("/api/v1/calls/").removesuffix("/card")
        if call not in self.cards:
            return "404 Not Found", b"{}"
        return "200 OK", json.dumps({"call": call, "entries": self.cards[call]}).encode()


@asynccontextmanager
async def calls_desk(folder: Path, rows: Rows) -> AsyncIterator[CallsDesk]:
    """A desk that listens for the block."""
    token = folder / "token"
    token.write_text("the-token\n")
    desk = CallsDesk(token, rows)
    server = await asyncio.start_server(desk.serve, "127.0.0.1", 0)
    desk.port = server.sockets[0].getsockname()[1]
    async with server:
        yield desk
