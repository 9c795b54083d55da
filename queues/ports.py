"""What the waiting side asks of the world outside: a telephone switch, the callers' dialogues."""

from typing import Protocol

from queues.centre.commands import ReturnReason
from queues.ids import CallId, OfferId, PlaceId


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
        """Join the answered leg and the caller.

        `TalkStarted` follows, later `AgentLegEnded` or `CallEnded`.
        """


class Dialogues(Protocol):
    """The callers' side, told what the centre does with a call that waits."""

    def connected(self, call: CallId) -> None:
        """An agent is on the line: the dialogue sends nothing more until the call is returned."""

    def returned(self, call: CallId, reason: ReturnReason) -> None:
        """The caller is the dialogue's again.

        With `failed`, as with `refused`, no agent can be had for this call here.
        """


class TelephonyFailed(Exception):
    """The switch refused a command or did not answer it in time. The text names no number."""
