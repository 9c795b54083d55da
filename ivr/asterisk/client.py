"""When the link to the switch stands, when it is dead, and what becomes of each wish sent over it.

Rules:

1. `run()` owns everything: it connects, signs in, waits for FullyBooted, and asks for a sign of
   life every 2 s. No answer within 3 s: the link is dead, also when nothing was closed.
2. A link that broke is tried again after 0.2 s, doubling to 2 s, each time between half and all of
   it; only a link that stood for 10 s begins anew. A refused login ends `run()` at once. Longer
   pauses would cost callers: a switch that stood still waits only some seconds for our beat.
3. Nothing is ever sent twice. What was pending when the link went fails with `LinkLost(sent=True)`.
4. Events come in one inbox in the order of the switch; `LinkUp` before the first and `LinkDown`
   after the last of each link. An inbox that is full counts as a lost link: what lay in it is
   thrown away whole, and `LinkDown` and `LinkUp` make the reader look everything up.
"""

import asyncio
import random
import secrets
from dataclasses import dataclass

import structlog

from ivr.asterisk import wire, wire_actions
from ivr.asterisk.errors import ActionRefused, ActionTimedOut, LinkLost, LoginRefused
from ivr.asterisk.inbox import Inbox
from ivr.asterisk.protocol import AmiProtocol
from ivr.asterisk.wire_actions import Action
from ivr.asterisk.wire_events import (
    LinkDown,
    LinkUp,
    ListEntry,
    Response,
    SwitchReady,
)

_log = structlog.get_logger(__name__)

# Uptime comes in whole seconds; a switch that had lived shorter than this had no calls to lose.
_UPTIME_TOLERANCE_S = 1.5
# An answer later than its deadline by this much says that we ourselves stood still.
_OVERSLEPT_S = 0.5


@dataclass(frozen=True, slots=True)
class Timing:
    """Deadlines and pauses of the link, all in seconds; the defaults notice a dead link in 5 s."""

    connect_s: float = 3.0
    login_s: float = 5.0
    boot_s: float = 60.0
    ping_every_s: float = 2.0
    pong_within_s: float = 3.0
    backoff_first_s: float = 0.2
    backoff_most_s: float = 2.0
    settled_s: float = 10.0
    close_s: float = 2.0


class AmiClient:
    """One AMI user's link to one switch. Give `inbox` a single reader."""

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        timing: Timing | None = None,
        inbox_size: int = 100_000,
        chance: random.Random | None = None,
    ) -> None:
        """`chance` gives the jitter of the pauses. Nothing happens before `run()`."""
        self.inbox = Inbox()
        self.dropped_events = 0
        self._host, self._port = host, port
        self._username, self._secret = username, secret
        self._timing = timing or Timing()
        self._inbox_size = inbox_size
        self._chance = chance or random.Random()  # noqa: S311  (jitter, no secret)
        self._ids = secrets.token_hex(4)
        self._count = 0
        self._link: AmiProtocol | None = None
        self._task: asyncio.Task[object] | None = None
        self._closing = False
        self._ended = asyncio.Event()
        self._news = asyncio.Event()  # set while up, and for good once refused or closed
        self._up = False
        self._refusal: str | None = None
        self._reason = "not yet tried"
        self._booted_at_s: float | None = None
        self._last_heard_s = 0.0
        self._up_since_s = 0.0
        self._untold_first, self._untold_restart = True, False
        self._told_unreadable: set[str] = set()

    @property
    def up(self) -> bool:
        """The link stands (between `LinkUp` and `LinkDown`)."""
        return self._up

    async def run(self) -> None:
        """Own the link until cancelled or closed. Raises LoginRefused, whose text says it all."""
        if self._task is not None:
            raise RuntimeError("run() is running already")
        if self._closing:
            return
        self._task = asyncio.current_task()
        try:
            await self._keep_link()
        except asyncio.CancelledError:
            ours = self._closing and self._task is not None and self._task.uncancel() == 0
            if not ours:
                raise
        except LoginRefused as refusal:
            self._refusal = str(refusal)
            raise
        finally:
            self._closing = True
            self._task = None
            self._ended.set()
            self._news.set()

    async def wait_up(self, timeout_s: float) -> None:
        """Return once the link stands. Raises LoginRefused, or LinkLost which says why."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self._up:
                    if self._refusal is not None:
                        raise LoginRefused(self._refusal)
                    if self._closing:
                        raise LinkLost("the link is closed", sent=False)
                    await self._news.wait()
        except TimeoutError:
            raise LinkLost(
                f"no link to Asterisk at {self._host}:{self._port}: {self._reason}", sent=False
            ) from None

    async def send(self, action: Action, *, deadline_s: float = 5.0) -> Response:
        """Send one action, at most once.

        Raises LinkLost, ActionRefused, ActionTimedOut (the outcome is unknown), HostileText.
        """
        response, _ = await self._ask(self._standing_link(), action, deadline_s)
        return response

    async def list(self, action: Action, *, deadline_s: float = 5.0) -> tuple[ListEntry, ...]:
        """Send a list action and give its entries; raises as `send` does.

        Events that came meanwhile lie in the inbox, so whoever applies the entries before reading
        on there ends with the truth.
        """
        _, entries = await self._ask(self._standing_link(), action, deadline_s)
        return entries

    async def close(self) -> None:
        """End the link and `run()`, also in the middle of a reconnect; once more does no harm."""
        self._closing = True
        if self._link is not None:
            self._link.drop("we closed the link")
        task = self._task
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            async with asyncio.timeout(self._timing.close_s):
                await self._ended.wait()
        self._news.set()

    # --- one link after the other ----------------------------------------------------------------

    async def _keep_link(self) -> None:
        loop, timing = asyncio.get_running_loop(), self._timing
        pause_s = timing.backoff_first_s
        told = ""
        while True:
            stood = await self._one_link()
            if stood and loop.time() - self._up_since_s >= timing.settled_s:
                pause_s = timing.backoff_first_s
            if stood or told != self._reason:
                _log.warning("no link to the switch", reason=self._reason)
                told = self._reason
            await asyncio.sleep(pause_s * self._chance.uniform(0.5, 1.0))
            pause_s = min(pause_s * 2, timing.backoff_most_s)

    async def _one_link(self) -> bool:
        """One link from its beginning to its end; whether it ever stood."""
        link = AmiProtocol(self._take, self._lost)
        self._link, self._stood = link, False
        try:
            await self._connect(link)
            await self._log_in(link)
            await self._watch(link)
        except LinkLost as lost:
            link.drop(str(lost))
            self._reason = str(lost)
        finally:
            link.drop("we closed the link")
        return self._stood

    async def _connect(self, link: AmiProtocol) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timing.connect_s):
                await loop.create_connection(lambda: link, self._host, self._port)
        except TimeoutError:
            raise LinkLost("the connection was not accepted in time", sent=False) from None
        except OSError as fault:
            reason = fault.strerror or type(fault).__name__
            raise LinkLost(f"cannot connect: {reason}", sent=False) from None

    async def _log_in(self, link: AmiProtocol) -> None:
        where = f"Asterisk at {self._host}:{self._port}"
        login = wire_actions.login(self._username, self._secret)
        try:
            await self._ask(link, login, self._timing.login_s)
        except ActionRefused as refusal:
            if wire.says_login_in_use(str(refusal)):
                raise LinkLost("another session of our AMI user is still open", sent=True) from None
            if wire.says_shutting_down(str(refusal)):
                raise LinkLost("the switch is shutting down", sent=True) from None
            raise LoginRefused(
                f"{where} refuses the AMI user {self._username!r} ({refusal}): name, secret and "
                f"permit= in its manager.conf must agree with ours"
            ) from None
        except ActionTimedOut:
            raise LinkLost("the login was not answered in time", sent=True) from None
        except LinkLost as lost:
            if not link.ended_by_switch:
                raise
            raise LinkLost(
                f"the login was not answered, {lost} (permit= and authlimit= in manager.conf?)",
                sent=True,
            ) from None

    async def _watch(self, link: AmiProtocol) -> None:
        """Ask for signs of life until there is none; ends by raising LinkLost."""
        loop, timing = asyncio.get_running_loop(), self._timing
        boot_by_s = loop.time() + timing.boot_s
        while True:
            await asyncio.wait({link.lost}, timeout=timing.ping_every_s)
            if link.lost.done():
                raise LinkLost(link.lost.result(), sent=True)
            if not self._up and loop.time() > boot_by_s:
                raise LinkLost("no FullyBooted came: the AMI user needs read=system", sent=True)
            if not await self._answers(link):
                raise LinkLost("the switch gives no sign of life", sent=True)

    async def _answers(self, link: AmiProtocol) -> bool:
        loop, within_s = asyncio.get_running_loop(), self._timing.pong_within_s
        asked_s = loop.time()
        pending = link.send(wire_actions.ping(), self._next_id())
        try:
            done, _ = await asyncio.wait({pending.future}, timeout=within_s)
            if not done and loop.time() - asked_s > within_s + _OVERSLEPT_S:
                # Our own process stood still; what the switch said meanwhile lies unread.
                done, _ = await asyncio.wait({pending.future}, timeout=_OVERSLEPT_S)
            if done:
                pending.future.result()
            return bool(done)
        except ActionRefused as refusal:  # it does when it is shutting down
            raise LinkLost(f"the switch gives no sign of life: {refusal}", sent=True) from None
        finally:
            link.forget(pending)

    # --- what one link brings --------------------------------------------------------------------

    def _take(self, headers: wire.Headers) -> None:
        event = wire.translate(headers)
        if isinstance(event, SwitchReady):
            self._came_up(event)
        elif isinstance(event, wire.Unreadable):
            self.dropped_events += 1
            if event.event not in self._told_unreadable:  # once for each kind, not a log full
                self._told_unreadable.add(event.event)
                _log.warning("unreadable event dropped", event_name=event.event)
        elif event is not None and self._up:  # what comes before LinkUp is looked up after it
            if self.inbox.qsize() >= self._inbox_size:
                self._overflow()
            else:
                self.inbox.put_told(event, wire.told_at_s(headers))

    def _came_up(self, ready: SwitchReady) -> None:
        if self._up or self._link is None:
            return
        now_s = asyncio.get_running_loop().time()
        if ready.uptime_s is not None:
            booted_at_s, known_s = now_s - ready.uptime_s, self._booted_at_s
            # Both, because the switch counts by the wall clock, which somebody may have set back.
            self._untold_restart |= (
                known_s is not None
                and booted_at_s > known_s + _UPTIME_TOLERANCE_S
                and ready.uptime_s <= now_s - self._last_heard_s + _UPTIME_TOLERANCE_S
            )
            self._booted_at_s = booted_at_s
        self._up, self._stood, self._up_since_s = True, True, now_s
        self.inbox.put_nowait(LinkUp(restarted=self._untold_restart, first=self._untold_first))
        _log.info("link to the switch", restarted=self._untold_restart, first=self._untold_first)
        self._untold_first = self._untold_restart = False
        self._news.set()

    def _lost(self, reason: str) -> None:
        self._reason = reason
        if not self._up:
            return
        self._up = False
        self._news.clear()
        if self._link is not None:
            self._last_heard_s = self._link.last_heard_s
        self.inbox.put_nowait(LinkDown())

    def _overflow(self) -> None:
        while not self.inbox.empty():
            event = self.inbox.get_nowait()
            self.dropped_events += 1
            if isinstance(event, LinkUp):  # what the reader was not told is told next time
                self._untold_first |= event.first
                self._untold_restart |= event.restarted
        if self._link is not None:
            self._link.drop("nobody reads the inbox")

    # --- actions ---------------------------------------------------------------------------------

    def _standing_link(self) -> AmiProtocol:
        if self._link is None or not self._up:
            raise LinkLost(f"no link to the switch: {self._reason}", sent=False)
        return self._link

    def _next_id(self) -> str:
        self._count += 1
        return f"{self._ids}-{self._count}"

    async def _ask(
        self, link: AmiProtocol, action: Action, deadline_s: float
    ) -> tuple[Response, tuple[ListEntry, ...]]:
        pending = link.send(action, action.action_id or self._next_id())
        try:
            async with asyncio.timeout(deadline_s):
                return await pending.future, tuple(pending.entries)
        except TimeoutError:
            raise ActionTimedOut(
                f"{action.name} was not answered within {deadline_s:g} s"
            ) from None
        finally:
            link.forget(pending)
