"""What the API takes and gives, as JSON. Times are aware ISO 8601, durations seconds."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from queues.api.health import HealthStatus
from queues.cards import By
from queues.centre.agent import AgentState
from queues.centre.call import CallState
from queues.centre.inputs import MissCause, PlaceState

Reason = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class PauseIn(BaseModel):
    """Why an agent wants no calls: one of the place's reasons, never words of the agent's own."""

    model_config = ConfigDict(extra="forbid")
    reason: Reason


class SessionIn(BaseModel):
    """The token, to be exchanged for a session cookie."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    token: Token = Field(repr=False)


class HealthOut(BaseModel):
    """Whether a call would be answered; each part by name. `figures` end in their unit."""

    status: HealthStatus
    checks: dict[str, HealthStatus]
    figures: dict[str, float]


class QueueOut(BaseModel):
    """A queue. `waiting` counts calls without an agent on the line."""

    id: str
    waiting: int
    oldest_since: datetime | None
    longest_wait_s: float | None
    agents: dict[AgentState, int]


class QueuesOut(BaseModel):
    """All queues as of fact `seq`."""

    seq: int
    at: datetime
    queues: list[QueueOut]


class CallOut(BaseModel):
    """A call in the centre. `waited_s` runs since its hand-over; null once it talks.

    With `rests_until` others go first until then, because joins with an agent failed.
    """

    id: str
    line: str
    queue: str
    state: CallState
    since: datetime
    state_since: datetime
    waited_s: float | None
    agent: str | None
    rests_until: datetime | None


class CallsOut(BaseModel):
    """A page of calls, longest wait first. `next` is the cursor of the next page, or null."""

    seq: int
    at: datetime
    calls: list[CallOut]
    next: str | None


class CardEntryOut(BaseModel):
    """One answer of the caller: at which node, by key or by voice, what, and where it led."""

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
