"""Decides what a call script can say: the caller's steps, the agents it brings, what it expects."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ivr.caller.sound import Speech, Tone

WITHIN_S = 15.0


class Answering(enum.Enum):
    """What an agent's phone does when it rings."""

    ANSWERS = "answers"
    DECLINES = "declines"
    NEVER = "never"


class HungUpBy(enum.StrEnum):
    """Who ended the call: our own agent, when its phone hung up just before the call ended."""

    CALLER = "caller"
    SERVICE = "service"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """An agent the script brings. `agent` None: the next one that has a phone account."""

    line: int
    agent: str | None = None
    answering: Answering = Answering.ANSWERS
    answer_after_s: float = 0.5
    speak: Speech | None = None
    hang_up_after_s: float | None = None  # after the answer; None: the far end ends the talk


@dataclass(frozen=True, slots=True)
class HearPrompt:
    """Wait until a prompt is recognised, or (`to_end`) until it is over."""

    line: int
    prompt: str
    within_s: float = WITHIN_S
    to_end: bool = False

    def __str__(self) -> str:
        return f"hear {self.prompt}"


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys one after the other; a blank between them is a pause of half a second."""

    line: int
    keys: str

    def __str__(self) -> str:
        return f"press {self.keys}"


@dataclass(frozen=True, slots=True)
class Say:
    """Speak, to the end or (`to_end` False) until the first sound of it has left.

    With `after_s` its first loud sound leaves that long after the prompt last waited for began, or
    at once if that is past. `answered_within_s`, from its end, and `silent_within_s`, from its
    beginning, fail the step when the far end is slower, or when there was nothing to measure.
    """

    line: int
    speech: Speech
    to_end: bool = True
    after_s: float | None = None
    answered_within_s: float | None = None
    silent_within_s: float | None = None

    def __str__(self) -> str:
        return "say a tone" if isinstance(self.speech, Tone) else "say"


@dataclass(frozen=True, slots=True)
class WaitForQuiet:
    """Wait until nothing has been heard for `for_s`, counted from the beginning of the step."""

    line: int
    for_s: float = 1.0
    within_s: float = WITHIN_S

    def __str__(self) -> str:
        return f"quiet for {self.for_s:g} s"


@dataclass(frozen=True, slots=True)
class HearTone:
    """Wait until a tone has been heard for `for_s` without a break.

    Of a tone that still sounds after an earlier step heard it, what sounds from then on counts.
    """

    line: int
    hz: float
    for_s: float = 0.5
    within_s: float = WITHIN_S

    def __str__(self) -> str:
        return f"hear a tone of {self.hz:g} Hz"


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass."""

    line: int
    for_s: float

    def __str__(self) -> str:
        return f"wait {self.for_s:g} s"


@dataclass(frozen=True, slots=True)
class WaitForHangUp:
    """Wait until the far end hangs up."""

    line: int
    within_s: float = WITHIN_S

    def __str__(self) -> str:
        return "wait for hang-up"


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up. A script that does not end with it hangs up after its last step all the same."""

    line: int

    def __str__(self) -> str:
        return "hang up"


Step = HearPrompt | Press | Say | WaitForQuiet | HearTone | Wait | WaitForHangUp | HangUp


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be true in the end, beyond that every step came true. None: not asked."""

    bridged: bool | None = None
    hung_up_by: HungUpBy | None = None
    heard_by_agent: bool | None = None
    understood: tuple[str, ...] | None = None  # by voice, in order, as the service tells it
    heard_at_most: tuple[tuple[str, int], ...] = ()  # a prompt, and how often
    rejected: int | None = None  # a SIP code; then there are no steps


@dataclass(frozen=True, slots=True)
class Script:
    """One call, as planned. `language` limits which prompts are listened for."""

    about: str = ""
    language: str | None = None
    answered_within_s: float = 20.0
    agents: tuple[AgentPlan, ...] = ()
    steps: tuple[Step, ...] = ()
    expect: Expectation = Expectation()

    @property
    def tones_hz(self) -> tuple[float, ...]:
        """The tones to listen for: those of its steps and those its agents speak."""
        steps = {step.hz for step in self.steps if isinstance(step, HearTone)}
        agents = {agent.speak.hz for agent in self.agents if isinstance(agent.speak, Tone)}
        return tuple(sorted(steps | agents))
