"""What the dialogue wishes to be done for one caller."""

from dataclasses import dataclass

from queues.ids import QueueId


@dataclass(frozen=True, slots=True)
class Answer:
    """Take the call off the hook."""


@dataclass(frozen=True, slots=True)
class Play:
    """Play these prompts one after the other. `PromptEnded(token)` follows exactly once.

    With `keys_cut` any key ends the playing at once; the key itself arrives as `KeyPressed`.
    """

    prompts: tuple[str, ...]
    token: int
    keys_cut: bool


@dataclass(frozen=True, slots=True)
class WakeAt:
    """`Woke(token)` is wanted at this time (Unix seconds); replaces an earlier `WakeAt`."""

    at: float
    token: int


@dataclass(frozen=True, slots=True)
class EnterQueue:
    """Hand the caller over to wait for an agent, with music."""

    queue: QueueId


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""


Command = Answer | Play | WakeAt | EnterQueue | HangUp
