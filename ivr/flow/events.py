"""What happens to one caller, as the dialogue hears of it."""

from dataclasses import dataclass, field

from queues.centre.commands import ReturnReason
from queues.ids import QueueId


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The call rings on its line and is ours."""


@dataclass(frozen=True, slots=True)
class CallResumed:
    """The call lives, and what was last commanded for it is void: its node begins anew.

    So another service goes on, after one that ended without a word; and so does the same, when the
    channel was elsewhere for a while (after a silence the dialplan took it) and is ours again.
    `waits` says whether the queue knows the call; `talks` whether an agent is on the line;
    `listening` whether the caller can be listened to now.
    """

    waits: bool
    talks: bool
    listening: bool


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """All prompts of the `Play` with this token were heard.

    `cut`: or not, for a key or the end of the playing cut them short.
    """

    token: int
    cut: bool


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """One key: 0 to 9, * or #."""

    key: str

    def __repr__(self) -> str:
        return "KeyPressed(key=…)"


@dataclass(frozen=True, slots=True)
class Heard:
    """The caller said one of the phrases of the `Ask` or `Play` with this token."""

    token: int
    phrase: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """The caller said something in the `Ask` with this token, but none of its phrases surely."""

    token: int


@dataclass(frozen=True, slots=True)
class HeardNothing:
    """The caller stayed silent for as long as the `Ask` with this token waits."""

    token: int


@dataclass(frozen=True, slots=True)
class TalkedOn:
    """The caller never stopped talking in the `Ask` with this token, or it was music or a crowd."""

    token: int


@dataclass(frozen=True, slots=True)
class ListeningFailed:
    """The `Ask` with this token ended because nobody can listen: no recogniser, no sound."""

    token: int


@dataclass(frozen=True, slots=True)
class Woke:
    """The time asked for by the `WakeAt` with this token has come. An old token is ignored."""

    token: int


@dataclass(frozen=True, slots=True)
class AgentJoined:
    """An agent talks with the caller; nothing may be played."""


@dataclass(frozen=True, slots=True)
class CallReturned:
    """The caller came back from the queue; None: which one is not known."""

    reason: ReturnReason
    queue: QueueId | None = None


@dataclass(frozen=True, slots=True)
class EmergencyOver:
    """The caller is back from the standing emergency number.

    `reached`: after a talk; else nobody there could be reached.
    """

    reached: bool


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    """The caller's channel is gone."""


Event = (
    CallStarted
    | CallResumed
    | PromptEnded
    | KeyPressed
    | Heard
    | NotUnderstood
    | HeardNothing
    | TalkedOn
    | ListeningFailed
    | Woke
    | AgentJoined
    | CallReturned
    | EmergencyOver
    | CallerHungUp
)
