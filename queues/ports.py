"""What the waiting side asks of the world outside: a switch, the callers' dialogues, a journal."""

from collections.abc import Callable
from typing import Protocol

from queues.centre.commands import ReturnReason
from queues.centre.journal.row import JournalRow
from queues.ids import CallId, OfferId, PlaceId, QueueId


class Telephony(Protocol):
    """A switch that rings phones and joins calls. Outcomes come back as inputs, not as results.

    Every method raises `TelephonyFailed` when the switch refuses or does not answer in time; none
    is ever repeated by the implementation. A ring or a connect that failed, or was cut off by the
    caller's deadline, is followed by `cancel` for the same offer.
    """

    async def ring(self, offer: OfferId, call: CallId, place: PlaceId, *, timeout_s: float) -> None:
        """Let `place` ring.

        `OfferAnswered` or `OfferRefused` follows exactly once, unless cancelled.
        """

    async def cancel(self, offer: OfferId) -> None:
        """End the agent's leg. A leg that is already gone is no error. No input follows."""

    async def connect(self, offer: OfferId, call: CallId) -> None:
        """Join the answered leg and the caller; again, where one of them was with another one.

        `TalkStarted` follows, later `AgentLegEnded` or `CallEnded`. If `call` is the id of an offer
        whose caller is held, its leg takes the caller's part: when that leg ends, nothing is said
        of this one, which stays up to be joined with the caller.
        """

    async def hold(self, offer: OfferId, call: CallId) -> None:
        """Take the caller out of the talk, with music at once for both; the agent's leg stays up.

        No input follows, but `AgentLegEnded` if that leg ends. `connect` joins them again.
        """

    async def fetch(self, offer: OfferId, call: CallId) -> None:
        """Take the caller out of the talk, with music at once, and end the agent's leg.

        No input follows. A caller who is gone, or a leg that is, is no error.
        """


class Dialogues(Protocol):
    """The callers' side, told what the centre does with a call that waits."""

    def connected(self, call: CallId) -> None:
        """An agent is on the line: the dialogue sends nothing more until the call is returned."""

    def waits_again(self, call: CallId) -> None:
        """The caller whom an agent had waits on, and hears music again.

        The agent's phone was lost in the talk, or the caller goes on to the agent who was asked.
        """

    def returned(self, call: CallId, reason: ReturnReason, queue: QueueId) -> None:
        """The caller is the dialogue's again, from this queue; it may have left it meanwhile.

        With `failed`, as with `refused`, no agent can be had for this call here.
        """


class TelephonyFailed(Exception):
    """The switch refused a command or did not answer it in time. The text names no number."""


class Journal(Protocol):
    """Where inputs and facts are kept. It tries by itself for as long as it can.

    What is appended together is committed together or not at all, after all that was appended
    before it.
    """

    def append(
        self, rows: tuple[JournalRow, ...], done: Callable[[Exception | None], None]
    ) -> None:
        """Take rows, at once and without waiting.

        `done` is called once, later, on the loop: with None when the rows are committed, with
        `JournalTakenOver` when another service writes now, with any other error when these rows
        will never be committed.
        """

    def append_whole_state(
        self, at: float, row: Callable[[], JournalRow], done: Callable[[Exception | None], None]
    ) -> None:
        """Take the row of a `HistoryLost` of that time, as `append` does.

        It is large: `row` makes it, is called later, in a thread of the journal's, perhaps more
        than once, and gives the same each time.
        """

    @property
    def health(self) -> str | None:
        """What keeps the journal from being written, in a few words of ours; None if nothing."""


class JournalTakenOver(Exception):
    """Another service writes the journal now; this one must do nothing any more."""
