"""When bytes are a whole message, whose answer it is, and when the line is broken.

panoramisk's protocol with its faults cured. What is ours:

1. Bytes are cut into messages before they are decoded, so a letter split over two reads survives.
2. One message and the send buffer have a largest size; beyond it the line counts as broken.
3. An event goes to one callback, whose failure loses neither the rest of the bytes nor the line.
4. An answer belongs to the action with its ActionID and to nothing else; a list is gathered until
   its Complete event; a refusal resolves in every case. Answers that nobody waits for are counted.
5. When the line goes, all that is pending fails with `LinkLost`; nothing is kept to be sent again.
6. Nothing that was read or sent is ever logged.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from ivr.asterisk import wire
from ivr.asterisk.errors import ActionRefused, LinkLost
from ivr.asterisk.wire_actions import Action, render
from ivr.asterisk.wire_events import ListEntry, Response

GREETING = b"Asterisk Call Manager"
LARGEST_MESSAGE_BYTES = 256 * 1024
LARGEST_SEND_BUFFER_BYTES = 1024 * 1024
LONGEST_LIST = 100_000
# So many messages are read before others get their turn: about 5 ms of the loop that carries sound.
_AT_ONCE = 100
_END = b"\r\n\r\n"

_log = structlog.get_logger(__name__)


class _Message(dict[str, object]):
    """A message as panoramisk reads it, by the names that the switch writes; theirs looks up by
    any spelling, at four times the price.
    """

    quoted_keys = Message.quoted_keys

    def __init__(self, headers: dict[str, object], content: str = "") -> None:
        """`content` is the body of an answer to a command, which nobody here asks for."""
        super().__init__(headers)

    @classmethod
    def from_line(cls, text: str) -> "_Message | None":
        """The message of this text; None where it is neither event nor answer."""
        read: _Message | None = Message.from_line.__func__(cls, text)
        return read


@dataclass(slots=True)
class Pending:
    """One action that was sent and is not answered; `entries` fill up while a list comes in."""

    action: Action
    action_id: str
    future: asyncio.Future[Response]
    entries: list[ListEntry] = field(default_factory=list)
    response: Response | None = None


class AmiProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One line to the switch, used once. `on_event` hears each event, `on_lost` the end."""

    def __init__(
        self, on_event: Callable[[wire.Headers], None], on_lost: Callable[[str], None]
    ) -> None:
        """`on_lost` is called exactly once, before any pending action's asker runs on."""
        self._loop = asyncio.get_running_loop()
        self._on_event = on_event
        self._on_lost = on_lost
        self._buffer = bytearray()
        self._looked_at = 0
        self._rest: asyncio.Handle | None = None
        self._reading = True
        self.transport: asyncio.Transport | None = None
        self.responses: dict[str, Pending] = {}
        self.closed = False
        self.ended_by_switch = False
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self.last_heard_s = self._loop.time()
        self.strays = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """The line stands; it is cut at once if it was given up meanwhile."""
        given_up = self.closed
        super().connection_made(transport)
        if given_up:
            self.closed = True
            transport.abort()
            return
        self.last_heard_s = self._loop.time()
        transport.set_write_buffer_limits(high=LARGEST_SEND_BUFFER_BYTES)

    def pause_writing(self) -> None:
        """The switch has stopped to read: so much is never on its way to one that lives."""
        self.drop("the switch does not read what we send")

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone."""
        self.ended_by_switch = not self.closed
        cause = "the switch closed the link" if exc is None else "the link broke"
        self.drop(f"{cause} ({type(exc).__name__})" if exc else cause)

    def close(self) -> None:
        """Give the line up."""
        self.drop("we closed the link")

    def drop(self, reason: str) -> None:
        """Cut the line now, without waiting for what is still to be sent; once, then nothing."""
        if self.closed:
            return
        self.closed = True
        if self._rest is not None:
            self._rest.cancel()
        if self.transport is not None:
            self.transport.abort()
        self._buffer.clear()
        pending, self.responses = list(self.responses.values()), {}
        self._on_lost(reason)
        for each in pending:
            if not each.future.done():
                each.future.set_exception(LinkLost(reason, sent=True))
        self.lost.set_result(reason)

    def send(self, action: Action, action_id: str) -> Pending:
        """Write one action; `forget` must follow. Raises LinkLost, HostileText, ActionRefused."""
        if self.closed or self.transport is None:
            raise LinkLost("there is no link", sent=False)
        if action_id in self.responses:
            raise ActionRefused("an action with this id is already on its way")
        data = render(action, action_id)
        pending = Pending(action, action_id, self._loop.create_future())
        self.responses[action_id] = pending
        self.transport.write(data)
        return pending

    def forget(self, pending: Pending) -> None:
        """Nobody waits for this answer any more."""
        if self.responses.get(pending.action_id) is pending:
            del self.responses[pending.action_id]
        if not pending.future.cancel() and not pending.future.cancelled():
            pending.future.exception()  # an exception that nobody fetches would be reported

    def data_received(self, data: bytes) -> None:
        """Take bytes, in whatever pieces they come."""
        self.last_heard_s = self._loop.time()
        self._buffer += data
        if self._rest is None:
            self._read_on()

    def _read_on(self) -> None:
        self._rest = None
        if self.version is None and not self._read_banner():
            return
        start = 0
        for _ in range(_AT_ONCE):
            end = self._buffer.find(_END, max(start, self._looked_at))
            size = (len(self._buffer) if end < 0 else end) - start
            if size > LARGEST_MESSAGE_BYTES:
                self.drop("the switch sent a message beyond all measure")
            if end < 0 or self.closed:
                break
            block = bytes(self._buffer[start:end])
            start = end + len(_END)
            self._hand_on(block)
            if self.closed:  # by what that message told
                return
        else:
            self._rest = self._loop.call_soon(self._read_on)
        del self._buffer[:start]
        self._looked_at = 0 if self._rest else max(0, len(self._buffer) - len(_END) + 1)
        self._hold_back()

    def _hold_back(self) -> None:
        # While a flood is worked off, what comes after it waits in the socket, not in our memory.
        if self.closed or self.transport is None or self._reading == (self._rest is None):
            return
        self._reading = self._rest is None
        if self._reading:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def _read_banner(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end > 200 or (end < 0 and len(self._buffer) > 200):
            self.drop("what answers there is no Asterisk manager")
        if end < 0 or self.closed:
            return False
        words, _, version = bytes(self._buffer[:end]).partition(b"/")
        if words != GREETING:
            self.drop("what answers there is no Asterisk manager")
            return False
        self.version = version.decode(errors="replace")
        del self._buffer[: end + 2]
        return True

    def _hand_on(self, block: bytes) -> None:
        try:
            message = _Message.from_line(block.decode(errors="replace").strip("\r\n"))
            if message is None:
                self.strays += 1
            else:
                self.handle_message(message)
        except Exception as fault:
            # One message must not cost the others; its text may be personal, so only the kind.
            _log.error("ami message failed", fault=type(fault).__name__)
            self.strays += 1

    def handle_message(self, message: wire.Headers) -> None:
        """Give one whole message to whom it belongs."""
        action_id = wire.action_id(message)
        pending = self.responses.get(action_id) if action_id else None
        if wire.is_event(message):
            if pending is not None and pending.action.lists:
                self._gather(pending, message)
            else:
                self._on_event(message)
        elif pending is None or pending.future.done() or pending.response is not None:
            self.strays += 1
        elif wire.is_refusal(message):
            pending.future.set_exception(ActionRefused(wire.message(message)))
        else:
            pending.response = wire.response(message, pending.action_id)
            if not pending.action.lists:
                pending.future.set_result(pending.response)

    def _gather(self, pending: Pending, message: wire.Headers) -> None:
        if pending.future.done():
            self.strays += 1
        elif wire.ends_list(message):
            done = pending.response or Response(pending.action_id, "", None)
            pending.future.set_result(done)
        elif len(pending.entries) >= LONGEST_LIST:
            self.drop("the switch sent a list beyond all measure")
        else:
            entry = wire.listed(message)
            if entry is None or isinstance(entry, wire.Unreadable):
                self.strays += 1
            else:
                pending.entries.append(entry)
