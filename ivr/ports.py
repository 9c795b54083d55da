"""What the dialogue's driver asks of the switch for one caller."""

from typing import Protocol

from queues.ids import CallId


class CallGone(Exception):
    """The caller's channel is gone; nothing more can be done for this call."""


class CallBusy(Exception):
    """The call is joined with an agent (or was just now): the command was not carried out."""


class CallControl(Protocol):
    """Commands to one caller's channel, one at a time and in order.

    Each raises `CallGone` or `CallBusy`; none of them outlives a lost link: it waits for the link's
    return, for what it does is harmless when done late.
    """

    async def answer(self, call: CallId) -> None:
        """Take the call off the hook."""

    async def play(self, call: CallId, sound: str, *, keys_cut: bool) -> bool:
        """Play one prompt, `<language>/<id>`, to its end; True when a key cut it short."""

    async def start_music(self, call: CallId) -> None:
        """Music on hold until something else is played or an agent joins."""

    async def hang_up(self, call: CallId) -> None:
        """End the call. A call that is gone already is no error."""
