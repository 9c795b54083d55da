"""What the explanation of a call looks like, as JSON. Times are aware ISO 8601."""

from datetime import datetime

from pydantic import BaseModel, Field

from queues.centre.explanations.recompute import Verdict
from queues.centre.explanations.standing import Role
from queues.centre.explanations.wait import WaitedFor
from queues.centre.lives.call import CallState


class CallThenOut(BaseModel):
    """A call that the chosen agent could have taken when the offer was made."""

    call: str
    waited_s: float
    same_need: bool


class AgentThenOut(BaseModel):
    """An agent of the queue when the offer was made; `why` is the rule that excluded, if one did.

    `idle_s` is null for who was not free.
    """

    agent: str
    role: Role
    why: str
    idle_s: float | None


class TurnOut(BaseModel):
    """A change that would have turned the offer, tried on the state before it, and what then.

    `by_s` is by how many seconds, for a change of time.
    """

    change: str
    then: str
    by_s: float | None


class StandingOut(BaseModel):
    """All that the offer was chosen from.

    `calls` in the order in which this agent would have got them, the offered one first, and
    `more_calls` behind them; `turned_by` the nearest change first.
    """

    calls: list[CallThenOut]
    more_calls: int
    agents: list[AgentThenOut]
    turned_by: list[TurnOut]


class AnewOut(BaseModel):
    """A decision asked again. `full` is its standing in lines for people."""

    policy: str
    verdict: Verdict
    differs_in: list[str]
    full: list[str]
    standing: StandingOut | None


class EntryOut(BaseModel):
    """One thing that happened to the call: a row of the journal, with its recorded reason."""

    seq: int
    at: datetime
    what: str
    why: str
    ids: dict[str, str]
    anew: AnewOut | None


class StayOut(BaseModel):
    """How long the call was in one state; `seconds` is null while it still is."""

    state: CallState
    since: datetime
    seconds: float | None


class StretchOut(BaseModel):
    """A part of the wait and what was waited for; `seconds` is null while it lasts."""

    waited_for: WaitedFor
    agent: str | None = Field(description="whose phone, or who was waited for alone")
    since: datetime
    seconds: float | None
    why: str


class ExplanationOut(BaseModel):
    """The way of a call through the queue, each decision asked again, and where the wait went.

    `waited`: for what in all, in seconds, the longest first.
    """

    call: str
    entries: list[EntryOut]
    stays: list[StayOut]
    wait: list[StretchOut]
    waited: dict[WaitedFor, float]
