"""What the dialogue wishes to be done for one caller."""

from dataclasses import dataclass

from ivr.dialplan.staff import NOTHING_SAID, Asked
from queues.ids import QueueId


@dataclass(frozen=True, slots=True)
class Answer:
    """Take the call off the hook."""


@dataclass(frozen=True, slots=True)
class Play:
    """Play these prompts one after the other. `PromptEnded(token)` follows exactly once.

    With `keys_cut` any key ends the playing at once; the key itself arrives as `KeyPressed`. With
    `phrases` the caller is listened to meanwhile, if there is room: one of these phrases, surely
    said, ends the playing, and `Heard(token)` follows in the place of `PromptEnded`. Whatever else
    is said, the prompts go on.
    """

    prompts: tuple[str, ...]
    token: int
    keys_cut: bool
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """Play these prompts one after the other and listen for one of the phrases.

    Speech and keys cut the prompts; the listening goes on until `wait_s` seconds of silence after
    them. Exactly one of `Heard`, `NotUnderstood`, `HeardNothing`, `TalkedOn` and `ListeningFailed`
    follows with this token, unless another command comes first: that ends the asking, or keeps it
    from beginning, and is carried out once nothing of it sounds any more.
    """

    prompts: tuple[str, ...]
    phrases: tuple[str, ...]
    token: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class WakeAt:
    """`Woke(token)` is wanted at this time (Unix seconds); replaces an earlier `WakeAt`."""

    at: float
    token: int


@dataclass(frozen=True, slots=True)
class EnterQueue:
    """Hand the caller over to wait for an agent, with music, after `waited_s` in another queue.

    `credit_s` counts as waited, too.
    """

    queue: QueueId
    asked: Asked = NOTHING_SAID
    credit_s: float = 0.0
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """Take the caller back from the queue."""


@dataclass(frozen=True, slots=True)
class TellWait:
    """Say these prompts to a waiting caller, then the place and the range of the wait, if known.

    `position` and `wait` are prompts of which there is one for each number or range. `PromptEnded`
    follows with this token.
    """

    prompts: tuple[str, ...]
    position: str | None
    wait: str | None
    token: int
    keys_cut: bool


@dataclass(frozen=True, slots=True)
class WaitOn:
    """Music again for a caller whom the queue knows already."""


@dataclass(frozen=True, slots=True)
class CallEmergency:
    """Send the caller to the standing emergency number; `EmergencyOver` follows."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""


Command = (
    Answer
    | Play
    | Ask
    | WakeAt
    | EnterQueue
    | LeaveQueue
    | TellWait
    | WaitOn
    | CallEmergency
    | HangUp
)
