"""Who hears of which fact over the live stream, and from where a client that comes back goes on.

A frame is encoded once, when the first client takes it, so that a thousand facts at once do not
hold up the decisions; all clients share it. Its id is `<epoch>-<seq>`: the epoch is random for each
process, so that numbers of an earlier run are never taken for ours. A client that cannot keep up is
dropped as a whole, never single frames: it comes back and gets a snapshot or what it missed.
"""

import asyncio
import json
import re
import secrets
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from queues.centre.facts.fact import Fact
from queues.centre.journal.plain import plain
from queues.view import AgentRow, CallRow, Change, View, iso

RETRY_MS: Final = 1000
_EVENT_ID: Final = re.compile(r"([0-9a-f]{16})-([0-9]{1,15})")


class Frame:
    """One fact with the rows it touched, as it goes over the wire."""

    __slots__ = ("_change", "_encoded", "_epoch", "_fact", "seq")

    def __init__(self, epoch: str, seq: int, fact: Fact, change: Change) -> None:
        self.seq = seq
        self._epoch = epoch
        self._fact = fact
        self._change = change
        self._encoded: bytes | None = None

    def encoded(self) -> bytes:
        """Give the frame's bytes; the first time they are made."""
        if self._encoded is None:
            fact, change = self._fact, self._change
            calls = {
                name: "null" if row is None else _row(row) for name, row in change.calls.items()
            }
            agents = {
                name: "null" if row is None else _row(row) for name, row in change.agents.items()
            }
            self._encoded = _frame(
                self._epoch,
                "fact",
                self.seq,
                f'{{"seq":{self.seq},"at":"{iso(change.at)}","fact":{_json(plain(fact))},'
                f'"calls":{_named(calls)},"agents":{_named(agents)}}}',
            )
        return self._encoded


class Subscription:
    """One client's frames. Give it back to `Hub.unsubscribe` in any case."""

    def __init__(self, first: bytes, backlog: int) -> None:
        self.first = first  # what the client is to get before anything else; may be empty
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue(backlog)
        self._ended = False

    def offer(self, frame: Frame) -> bool:
        """Queue a frame. Gives False, and ends the subscription, if the client fell behind."""
        try:
            self._frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.end()
            return False
        return True

    def end(self) -> None:
        """Let `next` give None from now on, and forget what was not yet taken."""
        self._ended = True
        while not self._frames.empty():
            self._frames.get_nowait()
        self._frames.put_nowait(None)

    async def next(self) -> bytes | None:
        """Wait for frames and give all that are there as one piece; None when it is over."""
        frame = await self._frames.get()
        if frame is None or self._ended:
            return None
        frames = [frame.encoded()]
        while not self._frames.empty():
            more = self._frames.get_nowait()
            if more is not None:
                frames.append(more.encoded())
        return b"".join(frames)


class Hub:
    """Numbers go without a gap; the last `ring` frames are kept for clients that come back."""

    def __init__(self, *, ring: int = 2000, backlog: int = 100) -> None:
        self.epoch = secrets.token_hex(8)
        self._ring: deque[Frame] = deque(maxlen=ring)
        self._backlog = backlog
        self._subscriptions: set[Subscription] = set()
        self._seq = 0
        self._snapshot: tuple[int, bytes] | None = None
        self._closed = False
        self._watchers: list[Callable[[Fact, Change], None]] = []

    def watch(self, told: Callable[[Fact, Change], None]) -> None:
        """Have this called at once with each fact and what it changed; for the service itself."""
        self._watchers.append(told)

    @property
    def clients(self) -> int:
        """How many clients listen."""
        return len(self._subscriptions)

    def publish(self, seq: int, fact: Fact, change: Change) -> None:
        """Tell all clients of fact number `seq`, which must be one more than the last.

        Raises ValueError for a gap, for then no client could trust the numbers.
        """
        if seq != self._seq + 1:
            raise ValueError(f"fact {seq} was published after {self._seq}")
        self._seq = seq
        frame = Frame(self.epoch, seq, fact, change)
        self._ring.append(frame)
        for subscription in tuple(self._subscriptions):
            if not subscription.offer(frame):
                self._subscriptions.discard(subscription)
        for told in self._watchers:
            told(fact, change)

    def subscribe(self, last_event_id: str | None, view: Callable[[], View]) -> Subscription:
        """Enter a client, from the frame after `last_event_id` on or else with a snapshot.

        Runs without a break between entering and looking, so nothing is lost and nothing doubled.
        `view` must give the picture after the last published fact.
        """
        subscription = Subscription(self._first(last_event_id, view), self._backlog)
        if self._closed:
            subscription.end()
        else:
            self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Let a client go; also one that was dropped already."""
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End all streams, now and for later ones, so that the server can stop at once."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()

    def _first(self, last_event_id: str | None, view: Callable[[], View]) -> bytes:
        known = self._known(last_event_id)
        if known is not None:
            return b"".join(frame.encoded() for frame in self._ring if frame.seq > known)
        if self._snapshot is None or self._snapshot[0] != self._seq:
            self._snapshot = (
                self._seq,
                _frame(self.epoch, "snapshot", self._seq, self._body(view())),
            )
        return self._snapshot[1]

    def _known(self, last_event_id: str | None) -> int | None:
        match = _EVENT_ID.fullmatch(last_event_id or "")
        if match is None or match[1] != self.epoch:
            return None
        known = int(match[2])
        oldest = self._ring[0].seq if self._ring else self._seq + 1
        return known if oldest - 1 <= known <= self._seq else None

    def _body(self, view: View) -> str:
        calls, agents = ",".join(map(_row, view.calls)), ",".join(map(_row, view.agents))
        queues = _json([row.json() for row in view.queues])
        return (
            f'{{"epoch":"{self.epoch}","seq":{view.seq},'
            f'"calls":[{calls}],"agents":[{agents}],"queues":{queues}}}'
        )


def _frame(epoch: str, event: str, seq: int, data: str) -> bytes:
    return f"id: {epoch}-{seq}\nevent: {event}\ndata: {data}\n\n".encode()


@lru_cache(maxsize=8192)
def _row(row: CallRow | AgentRow) -> str:
    """Give a row as JSON. Kept, so that a snapshot of a thousand calls is no long work."""
    return _json(row.json())


def _named(rows: dict[str, str]) -> str:
    return "{" + ",".join(f"{_json(name)}:{row}" for name, row in rows.items()) + "}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
