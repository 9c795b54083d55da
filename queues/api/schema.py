"""What the API takes and gives, as JSON. Times are aware ISO 8601, durations seconds."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from queues.api.health import HealthStatus
from queues.cards import By
from queues.centre.deciding.agents import WRAP_UP_MOST_S
from queues.centre.inputs.calls import MissCause
from queues.centre.inputs.house import PlaceState
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import CallState
from queues.centre.values.needs import LEVELS
from queues.dialogues import DialogueState

Reason = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Levels = dict[str, Annotated[int, Field(ge=LEVELS[0], le=LEVELS[-1])]]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Given(BaseModel):
    """What a client gives: nothing more than is named."""

    model_config = ConfigDict(extra="forbid")


class PauseIn(Given):
    """Why an agent wants no calls: one of the place's reasons, never words of the agent's own."""

    reason: Reason


class SkillIn(Given):
    """A skill, and how well it is to be had at least."""

    skill: Name
    level: Annotated[int, Field(ge=1, le=5, strict=True)] = 1


class NeedIn(Given):
    """What a call asks for: all of these skills, each named once, and perhaps a language."""

    skills: Annotated[list[SkillIn], Field(max_length=20)] = []
    language: Name | None = None

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len({each.skill for each in self.skills}) < len(self.skills):
            raise PydanticCustomError("named_twice", "a skill is named twice")
        return self


class TransferIn(Given):
    """Where a call is to go on: in `queue`, or with `agent` first and then in the queue.

    The agent is waited for alone for `alone_s` seconds, then anybody of the queue. Without `need`
    it asks for what the queue asks for. `asked_by` is the agent who talks; null for a supervisor.

    With `consult` the caller is held until the two agents have talked: an agent of the queue is
    looked for, or `agent` alone, who must be free now; `alone_s` does not count.
    """

    queue: Name | None = None
    agent: Name | None = None
    alone_s: Annotated[float, Field(ge=1, le=600, strict=True)] = 20.0
    need: NeedIn | None = None
    asked_by: Name | None = None
    consult: StrictBool = False

    @model_validator(mode="after")
    def _names_where(self) -> Self:
        if self.queue is None and self.agent is None:
            raise PydanticCustomError("missing", "queue or agent is to be named")
        return self


class HandIn(Given):
    """Who asks: the agent who holds the call; null for a supervisor."""

    asked_by: Name | None = None


class WrapUpIn(Given):
    """How long wrap-up is to last in all, in seconds since the talk ended."""

    lasts_s: float = Field(gt=0, le=WRAP_UP_MOST_S, strict=True, allow_inf_nan=False)


class SessionIn(Given):
    """The token, to be exchanged for a session cookie."""

    model_config = ConfigDict(hide_input_in_errors=True)
    token: Token = Field(repr=False)


class HealthReasonOut(BaseModel):
    """Why a part is not well: a stable `code`, and a `text` for people that says what to do."""

    code: str
    text: str


class HealthOut(BaseModel):
    """Whether a call would be answered; each part by name, with the reasons why it is not well.

    `figures` end in their unit.
    """

    status: HealthStatus
    checks: dict[str, HealthStatus]
    reasons: dict[str, list[HealthReasonOut]]
    figures: dict[str, float]


class LimitsOut(BaseModel):
    """How many calls a queue takes, and for how long; null: as many as come.

    With `needs_somebody` it takes those alone that somebody signed in could take.
    """

    most_waiting: int | None
    longest_wait_s: float | None
    needs_somebody: bool


class ClosedByHandOut(BaseModel):
    """That somebody closed a queue, whatever its hours say; `by` is null for a supervisor.

    `until` is null where it lasts until the queue is opened again.
    """

    model_config = ConfigDict(serialize_by_alias=True)
    by: str | None
    since: datetime = Field(alias="from")
    until: datetime | None


class CloseIn(Given):
    """When to close a queue: from `from` (null: now) until `until`, as an agent or a supervisor.

    Without `until` it is closed until its hours begin anew; one without hours until it is opened.
    """

    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: AwareDatetime | None = None
    by: Name | None = None


class OpenIn(Given):
    """Who lifts a closing: an agent, or null for a supervisor."""

    by: Name | None = None


class QueueOut(BaseModel):
    """A queue. `waiting` counts calls without an agent on the line.

    It closes at `closes_at`, or is closed and opens at `opens_at`; null: not in sight.
    Who came now, as the last in line, would be told a wait from `next_low_s` to `next_high_s`: both
    0 if an agent is free, null while too few waits were seen or nobody is at work.
    """

    id: str
    waiting: int
    oldest_since: datetime | None
    longest_wait_s: float | None
    agents: dict[AgentState, int]
    limits: LimitsOut
    open: bool
    closes_at: datetime | None
    opens_at: datetime | None
    closed_by_hand: ClosedByHandOut | None
    next_low_s: float | None
    next_high_s: float | None


class QueuesOut(BaseModel):
    """All queues as of fact `seq`."""

    seq: int
    at: datetime
    queues: list[QueueOut]


class NeedOut(BaseModel):
    """What a call asks for: the least level of each skill, and a language; null for any."""

    skills: Levels
    language: str | None


class ConsultOut(BaseModel):
    """Whom the agent of a held call asks: an agent of `queue`, or with `waits_for` that one alone.

    `state` is `waiting` (nobody is rung), `offered` (`agent`'s phone rings), `connecting` or
    `talking` (the two agents).
    """

    queue: str
    state: CallState
    since: datetime
    agent: str | None
    waits_for: str | None


class CallOut(BaseModel):
    """A call. In a dialogue it is `ringing`, `speaking` (hears prompts) or `listening` (is asked).

    Then it has no queue, and `since` is its arrival. In the centre `since` is its hand-over, and
    `waited_s` runs since then; it is null in a dialogue and once the call talks. With `rests_until`
    others go first until then, because joins with an agent failed. `need` is what it asks for now
    (null in a dialogue), after `need_steps` of its queue have relaxed it; at `need_until` it asks
    for less, or no more for the agent alone whom it `waits_for`. `credit_s` counts as waited. It
    was transferred `hops` times; `owner` is the agent to whom it is owed, because nobody else can
    take it, or nobody took it. If a range was told of its wait, when that began and never anew, the
    talk is to begin from `talk_from` to `talk_by`. While it is `held` the agent asks another one
    (`consult`); then it is passed on, or `rejoining` until it talks on.
    """

    id: str
    line: str
    queue: str | None
    state: CallState | DialogueState
    since: datetime
    state_since: datetime
    waited_s: float | None
    agent: str | None
    rests_until: datetime | None
    hops: int
    owner: str | None
    need: NeedOut | None
    need_steps: int
    need_until: datetime | None
    waits_for: str | None
    credit_s: float
    talk_from: datetime | None
    talk_by: datetime | None
    consult: ConsultOut | None


class CallsOut(BaseModel):
    """A page of calls, the longest there first. `next` is the cursor of the next page, or null."""

    seq: int
    at: datetime
    calls: list[CallOut]
    next: str | None


class TransferOutcome(StrEnum):
    """What became of a transfer."""

    WAITS = "waits"  # the caller hears music, with the old place
    OWED = "owed"  # nobody else at work may take it: the talk goes on, the agent owns the call
    HELD = "held"  # the caller hears music, another agent is looked for, to be asked
    COMPLETED = "completed"  # the caller is being joined with the agent who was asked
    TAKEN_BACK = "taken_back"  # the caller is being joined with the agent who asked


class TransferOut(BaseModel):
    """What became of a transfer, and the call as it is now."""

    outcome: TransferOutcome
    call: CallOut


class CardEntryOut(BaseModel):
    """One answer of the caller: when, at which node, by key or by voice, what, and where it led.

    `at` is null for an answer that a service of an older release noted.
    """

    at: datetime | None
    node: str
    by: By
    said: str = Field(repr=False)
    led_to: str


class CardOut(BaseModel):
    """What an agent should know of a call before the first word, oldest first."""

    call: str
    entries: list[CardEntryOut]


class AgentOut(BaseModel):
    """An agent and the phone. `after_talk` is what was asked for during a talk.

    With `place_rests_until` the phone is not rung until then: it was not reached, or not joined.
    Wrap-up ends at `wrap_up_until`; with `breath_until` no call is offered until then.
    """

    id: str
    place: str
    place_state: PlaceState
    place_rests_until: datetime | None
    state: AgentState
    since: datetime
    reason: str | None
    after_talk: AgentState | None
    call: str | None
    queues: list[str]
    wrap_up_until: datetime | None
    breath_until: datetime | None
    skills: Levels
    languages: list[str]


class AgentsOut(BaseModel):
    """All agents as of fact `seq`, and the reasons for a pause that can be given."""

    seq: int
    at: datetime
    agents: list[AgentOut]
    pause_reasons: list[str]


class MissedCallOut(BaseModel):
    """A call that ended without anybody. `contact` is a random id; null for a number withheld."""

    id: str
    line: str
    at: datetime
    noted_at: datetime
    cause: MissCause
    contact: str | None


class MissedCallsOut(BaseModel):
    """A page of missed calls, the last noted first. `next` is the next page's cursor, or null."""

    missed: list[MissedCallOut]
    next: str | None
