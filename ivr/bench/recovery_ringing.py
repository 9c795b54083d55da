"""How soon a ready agent's phone rings while a call waits, beside Asterisk's own `Queue()`.

Both ring the same kind of phone on the same Asterisk in turn. Ours begins when the request that
makes the agent ready is sent over HTTP, and every decision is in the journal before the phone is
dialled; that of `Queue()` begins when its member is told to go on over Asterisk's own console
socket. Both end with the INVITE at the phone.
"""

from __future__ import annotations

import asyncio
import random
import socket
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from ivr.bench.plain_phone import PlainPhone
from ivr.bench.progress import Tell
from ivr.bench.recovery_site import QUEUE, SERVERS, KillableSite
from ivr.bench.site import BenchFailed
from ivr.bench.table import Bar, Row, p95
from ivr.bench.talking import run_callers

_RUNS, _TRIES = 5, 20
_RUNS_QUICK, _TRIES_QUICK = 2, 5
_BAR_MEDIAN_MS, _BAR_P95_MS = 20.0, 50.0
_SOON_S = 10.0
_SOUNDS_S = 5.0
_RIVAL, _RIVAL_NUMBER = "bench", "900"
# Its least time between two looks for somebody who is free.
_RIVAL_QUEUE = f"""
[{_RIVAL}]
strategy = rrmemory
timeout = 15
retry = 1
wrapuptime = 0
ringinuse = no
joinempty = yes
leavewhenempty = no
"""


def ringing_rows(site: KillableSite, *, quick: bool, tell: Tell) -> list[Row]:
    """Measure both in turn, in each run. Raises `BenchFailed`."""
    runs, tries = (_RUNS_QUICK, _TRIES_QUICK) if quick else (_RUNS, _TRIES)
    ours, theirs = run_callers(_measure(site, runs, tries, tell))
    return rows_of(ours, theirs)


def rows_of(ours: list[list[float]], theirs: list[list[float]]) -> list[Row]:
    """The rows for runs of tries, in milliseconds."""
    rival = "Asterisk's own Queue()"
    medians = tuple(statistics.median(run) for run in ours)
    rival_medians = tuple(statistics.median(run) for run in theirs)
    return [
        Row(
            "agent ready → INVITE at the phone, a call waits: median",
            medians,
            "ms",
            bar=_BAR_MEDIAN_MS,
            against=rival,
            against_values=rival_medians,
        ),
        Row(
            "the same, p95",
            tuple(p95(run) for run in ours),
            "ms",
            bar=_BAR_P95_MS,
            against=rival,
            against_values=tuple(p95(run) for run in theirs),
        ),
        Row(
            f"the same: sooner than {rival}",
            tuple(their / our for our, their in zip(medians, rival_medians, strict=False)),
            "times",
            kind=Bar.AT_LEAST,
            bar=1.0,
        ),
    ]


async def _measure(
    site: KillableSite, runs: int, tries: int, tell: Tell
) -> tuple[list[list[float]], list[list[float]]]:
    run = site.run
    server = run.sip_host, run.sip_port
    places = {place.agent: place for place in run.places}
    desks = [PlainPhone(server, places[name], 2**31 - 1) for name in SERVERS[:2]]
    callers = [PlainPhone(server, run.callers[number], number + 1) for number in range(2)]
    for phone in (*desks, *callers):
        await phone.open()
    with _Console(site.console_socket) as console, site.api() as api:
        try:
            for desk in desks:
                await desk.register()
            _open_rival(site, console)
            await callers[0].dial(QUEUE)
            await callers[1].dial(_RIVAL_NUMBER)
            for caller in callers:
                caller.sounds(_SOUNDS_S)  # Asterisk hangs up on who is not heard for a minute
            token = api.headers["Authorization"]
            async with httpx.AsyncClient(
                base_url=run.address, headers={"Authorization": token}, timeout=_SOON_S
            ) as client:
                agent = _OurAgent(client, SERVERS[0], desks[0])
                member = _Member(console, f"PJSIP/p-{SERVERS[1]}", desks[1])
                await agent.signs_in()
                await member.signs_in()
                ours, theirs = [], []
                chance = random.Random(1)  # noqa: S311  (when to try, no secret)
                for number in range(1, runs + 1):
                    ours.append([await agent.rings(chance) for _ in range(tries)])
                    theirs.append([await member.rings(chance) for _ in range(tries)])
                    tell(
                        f"readiness to ring, run {number} of {runs}: "
                        f"{statistics.median(ours[-1]):.1f} ms, "
                        f"Queue() {statistics.median(theirs[-1]):.0f} ms"
                    )
        finally:
            for phone in (*callers, *desks):
                await phone.close()
    return ours, theirs


def _open_rival(site: KillableSite, console: _Console) -> None:
    """A queue of Asterisk's own, with a number that leads there, until Asterisk ends."""
    with site.queues_file.open("a", encoding="utf-8") as file:
        file.write(_RIVAL_QUEUE)
    console.say("queue reload all")
    for step, what in enumerate(("Answer()", f"Queue({_RIVAL})"), 1):
        console.say(f"dialplan add extension {_RIVAL_NUMBER},{step},{what} into fz-callers")


class _Console:
    """Asterisk's console, as `asterisk -r` speaks to it: lines that end with a zero byte."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path = path

    def __enter__(self) -> _Console:
        self._socket.connect(str(self._path))
        self._socket.recv(4096)  # who it is
        self._socket.setblocking(False)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def say(self, line: str) -> None:
        """Send a line; what came back to earlier ones is thrown away."""
        try:
            while self._socket.recv(65536):
                pass
        except BlockingIOError:
            pass
        self._socket.sendall(line.encode() + b"\0")


class _Bell:
    """When a phone rang, and when it stopped."""

    def __init__(self, phone: PlainPhone) -> None:
        self._phone = phone
        self._rang: asyncio.Future[float] | None = None
        self.silent = asyncio.Event()
        self.silent.set()
        phone.on_invite = self._rings
        phone.on_over = self.silent.set

    def _rings(self, at_s: float) -> None:
        self.silent.clear()
        self._phone.ring()
        if self._rang is not None and not self._rang.done():
            self._rang.set_result(at_s)

    async def after(self, what: Callable[[], Awaitable[object]]) -> float:
        """Milliseconds from the beginning of `what` until it rings."""
        self._rang = asyncio.get_running_loop().create_future()
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(_SOON_S):
                await what()
                return (await self._rang - began_s) * 1000
        except TimeoutError:
            raise BenchFailed(f"a phone did not ring within {_SOON_S:g} s") from None


class _OurAgent:
    def __init__(self, api: httpx.AsyncClient, name: str, phone: PlainPhone) -> None:
        self._api = api
        self._name = name
        self._bell = _Bell(phone)

    async def signs_in(self) -> None:
        await self._until_free()
        await self._bell.after(self._ready)
        await self._pauses()

    async def rings(self, chance: random.Random) -> float:
        await asyncio.sleep(chance.uniform(0.05, 0.15))
        took_ms = await self._bell.after(self._ready)
        await self._pauses()
        return took_ms

    async def _ready(self) -> None:
        await self._post("ready")

    async def _pauses(self) -> None:
        await self._post("pause", {"reason": "break"})
        async with asyncio.timeout(_SOON_S):
            await self._bell.silent.wait()
        await self._until_free()

    async def _post(self, what: str, body: dict[str, str] | None = None) -> None:
        path = f"/api/v1/agents/{self._name}/{what}"
        (await self._api.post(path, json=body)).raise_for_status()

    async def _until_free(self) -> None:
        async with asyncio.timeout(_SOON_S):
            while True:
                rows = (await self._api.get("/api/v1/agents")).json()["agents"]
                if next(row for row in rows if row["id"] == self._name)["place_state"] == "free":
                    return
                await asyncio.sleep(0.02)


class _Member:
    def __init__(self, console: _Console, interface: str, phone: PlainPhone) -> None:
        self._console = console
        self._interface = interface
        self._phone = phone
        self._bell = _Bell(phone)

    async def signs_in(self) -> None:
        self._console.say(f"queue add member {self._interface} to {_RIVAL}")
        await self._bell.after(self._goes_on)
        self._stops()

    async def rings(self, chance: random.Random) -> float:
        # The queue looks once a second; when the member is free must not hang on that.
        await asyncio.sleep(chance.uniform(0.2, 1.2))
        took_ms = await self._bell.after(self._goes_on)
        self._stops()
        return took_ms

    async def _goes_on(self) -> None:
        self._console.say(f"queue unpause member {self._interface} queue {_RIVAL}")

    def _stops(self) -> None:
        self._console.say(f"queue pause member {self._interface} queue {_RIVAL}")
        self._phone.decline()
