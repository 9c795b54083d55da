"""What happens to one caller, as the dialogue hears of it."""

from dataclasses import dataclass

from queues.centre.commands import ReturnReason


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The call rings on its line and is ours."""


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """All prompts of the `Play` with this token were heard, or a key cut them short."""

    token: int
    cut: bool


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """One key: 0 to 9, * or #."""

    key: str

    def __repr__(self) -> str:
        return "KeyPressed(key=…)"


@dataclass(frozen=True, slots=True)
class Woke:
    """The time asked for by the `WakeAt` with this token has come. An old token is ignored."""

    token: int


@dataclass(frozen=True, slots=True)
class AgentJoined:
    """An agent talks with the caller; nothing may be played."""


@dataclass(frozen=True, slots=True)
class CallReturned:
    """The caller came back from the queue."""

    reason: ReturnReason


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    """The caller's channel is gone."""


Event = CallStarted | PromptEnded | KeyPressed | Woke | AgentJoined | CallReturned | CallerHungUp
