"""Inputs: what came to the centre from outside, each as what happened or was asked.

`TYPE` and `VERSION` name an input in the journal and never change their meaning. An input holds
plain values only, as a fact does; its time is that of its row.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from queues.centre.consult_inputs import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.door_inputs import CloseAsked, HoursTold, OpenAsked
from queues.centre.learned import EstimatesLearned
from queues.centre.needs import ANYBODY, Need, NeedStep, Skill
from queues.ids import AgentId, CallId, ContactId, LineId, OfferId, PlaceId, QueueId


class EndCause(StrEnum):
    """Why a call is over."""

    HUNG_UP = "hung_up"  # the caller hung up, or the dialogue said goodbye
    LOST = "lost"  # Asterisk or the caller's phone went away under the call


class PlaceState(StrEnum):
    """What is known of a phone."""

    UNREACHABLE = "unreachable"  # not registered, or does not answer OPTIONS: never offered a call
    FREE = "free"
    IN_USE = "in_use"  # ringing or talking, with a call of ours or of its own


class RefuseCause(StrEnum):
    """Why an offer did not come to a talk on the phone's side."""

    NO_ANSWER = "no_answer"  # rang until the timeout
    DECLINED = "declined"  # 603, 486: the agent pressed "reject" or the phone was busy
    UNREACHABLE = "unreachable"  # no ringing was ever seen; counts against nobody
    FAILED = "failed"  # our own side could not dial or bridge; counts against nobody


class MissCause(StrEnum):
    """Why a call is a missed one."""

    NO_SERVICE = "no_service"  # nobody decided here when it ended, and the switch noted it
    GONE = "gone"  # it waited, and was gone when somebody heard of calls again


class Order(StrEnum):
    """Which of a queue's calls comes first."""

    LONGEST_WAIT = "longest_wait"
    SERVICE_LEVEL = "service_level"


@dataclass(frozen=True, slots=True)
class QueueSetting:
    """A queue as the settings file describes it. Times in seconds.

    `need` is what its calls ask for if they bring no need of their own, `relax` how any of them
    asks for less, in the order of time. For `Order.SERVICE_LEVEL`: calls are to be answered within
    `mark_s`, of which a phone rings `pick_up_s`; who has waited `cap_s` comes before all others.

    It takes no more calls while `most_waiting` wait, and gives back who has waited
    `longest_wait_s`; with `needs_somebody` also calls that nobody who is signed in could take.

    After a talk, or an offer that came to nothing, an agent is offered no call for `breath_s`.
    """

    queue: QueueId
    ring_timeout_s: float
    wrap_up_s: float
    missed_before_pause: int
    need: Need = ANYBODY
    relax: tuple[NeedStep, ...] = ()
    order: Order = Order.LONGEST_WAIT
    mark_s: float = 20.0
    pick_up_s: float = 4.0
    cap_s: float = 75.0
    most_waiting: int | None = None
    longest_wait_s: float | None = None
    needs_somebody: bool = False
    breath_s: float = 0.0


@dataclass(frozen=True, slots=True)
class AgentSetting:
    """An agent, the phone where the agent sits, the queues the agent serves, and with what.

    Above `occupancy_cap`, a share of the last half hour, others who are free come first.
    """

    agent: AgentId
    place: PlaceId
    queues: tuple[QueueId, ...]
    skills: tuple[Skill, ...] = ()
    languages: tuple[str, ...] = ()
    occupancy_cap: float | None = None


@dataclass(frozen=True, slots=True)
class SettingsLoaded:
    """The settings file was read, at a start or anew.

    What is known and still named is kept. Other agents begin signed out, other places unreachable.
    `epoch` (4 to 32 of a-z and 0-9) is drawn anew by the edge at each start and begins each offer's
    id, because a leg that an earlier run rang may still be alive in the switch.
    """

    TYPE: ClassVar[str] = "settings_loaded"
    VERSION: ClassVar[int] = 3
    queues: tuple[QueueSetting, ...]
    agents: tuple[AgentSetting, ...]
    epoch: str


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A caller rang on a line; the dialogue has the call."""

    TYPE: ClassVar[str] = "call_arrived"
    VERSION: ClassVar[int] = 1
    call: CallId
    line: LineId


@dataclass(frozen=True, slots=True)
class QueueEntered:
    """A call was handed over to wait for an agent: by the dialogue, or from the switch's own queue.

    It has waited `waited_s` already, elsewhere; less than 0 counts as 0, more than an hour as one.
    `need` is what it asks for, None for what its queue asks for; `credit_s` counts as waited. For
    `preferred_s` seconds it waits for the agent `preferred` alone.
    """

    TYPE: ClassVar[str] = "queue_entered"
    VERSION: ClassVar[int] = 3
    call: CallId
    line: LineId
    queue: QueueId
    waited_s: float = 0.0
    need: Need | None = None
    credit_s: float = 0.0
    preferred: AgentId | None = None
    preferred_s: float = 0.0


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """The dialogue took a waiting call back (a key pressed while waiting)."""

    TYPE: ClassVar[str] = "queue_left"
    VERSION: ClassVar[int] = 1
    call: CallId


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The agent who talks with a caller, or a supervisor, sends the call on.

    `asked_by` is None for a supervisor. To a queue, None for the call's own or one of `agent`; with
    `agent` it waits for that one alone for `alone_s` seconds. `need` is what it asks for from then
    on, None for what the queue asks for, in the language that the call asked for.
    """

    TYPE: ClassVar[str] = "transfer_asked"
    VERSION: ClassVar[int] = 1
    call: CallId
    asked_by: AgentId | None
    queue: QueueId | None
    agent: AgentId | None
    alone_s: float
    need: Need | None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The caller's channel is gone.

    If it is told late `gone_at` is when it is last known to have lived, by the centre's clock.
    """

    TYPE: ClassVar[str] = "call_ended"
    VERSION: ClassVar[int] = 2
    call: CallId
    cause: EndCause
    gone_at: float | None = None


@dataclass(frozen=True, slots=True)
class ReadyAsked:
    """An agent, or a supervisor for the agent, asked for calls. Signs in who was signed out."""

    TYPE: ClassVar[str] = "ready_asked"
    VERSION: ClassVar[int] = 1
    agent: AgentId


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """An agent, or a supervisor for the agent, asked for no further calls for a stated reason."""

    TYPE: ClassVar[str] = "pause_asked"
    VERSION: ClassVar[int] = 1
    agent: AgentId
    reason: str


@dataclass(frozen=True, slots=True)
class WrapUpAsked:
    """An agent in wrap-up asked that it last so many seconds in all; it is never made shorter."""

    TYPE: ClassVar[str] = "wrap_up_asked"
    VERSION: ClassVar[int] = 1
    agent: AgentId
    lasts_s: float


@dataclass(frozen=True, slots=True)
class SignOutAsked:
    """An agent goes home."""

    TYPE: ClassVar[str] = "sign_out_asked"
    VERSION: ClassVar[int] = 1
    agent: AgentId


@dataclass(frozen=True, slots=True)
class PlaceChanged:
    """A phone became reachable, unreachable, free or busy."""

    TYPE: ClassVar[str] = "place_changed"
    VERSION: ClassVar[int] = 1
    place: PlaceId
    state: PlaceState


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The agent picked up the phone that rang for this offer."""

    TYPE: ClassVar[str] = "offer_answered"
    VERSION: ClassVar[int] = 1
    offer: OfferId


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """The phone that was to ring for this offer did not come to an answer."""

    TYPE: ClassVar[str] = "offer_refused"
    VERSION: ClassVar[int] = 1
    offer: OfferId
    cause: RefuseCause


@dataclass(frozen=True, slots=True)
class TalkStarted:
    """Caller and agent are in one bridge."""

    TYPE: ClassVar[str] = "talk_started"
    VERSION: ClassVar[int] = 1
    offer: OfferId


@dataclass(frozen=True, slots=True)
class AgentLegEnded:
    """The agent's leg of an answered offer is gone: hung up, or the phone was `lost`."""

    TYPE: ClassVar[str] = "agent_leg_ended"
    VERSION: ClassVar[int] = 2
    offer: OfferId
    lost: bool = False


@dataclass(frozen=True, slots=True)
class SwitchRestarted:
    """Asterisk was started anew: every call and every leg is gone.

    Every place counts as unreachable from here on, until a `PlaceChanged` for it follows.
    """

    TYPE: ClassVar[str] = "switch_restarted"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class ServiceEnding:
    """The service is about to end under living calls; places count as after `SwitchRestarted`."""

    TYPE: ClassVar[str] = "service_ending"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class CallMissed:
    """A call ended while nobody decided here; it may be told twice.

    `called_at` in Unix seconds of the wall clock; no contact if the number was withheld.
    """

    TYPE: ClassVar[str] = "call_missed"
    VERSION: ClassVar[int] = 2
    call: CallId
    line: LineId
    called_at: float
    contact: ContactId | None
    cause: MissCause


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The deadline that `next_wake` named has come."""

    TYPE: ClassVar[str] = "timer_fired"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class ClockMoved:
    """The wall clock was set: by so many seconds it is further ahead of the time that we keep."""

    TYPE: ClassVar[str] = "clock_moved"
    VERSION: ClassVar[int] = 1
    by_s: float


Input = (
    SettingsLoaded
    | HoursTold
    | CloseAsked
    | OpenAsked
    | CallArrived
    | QueueEntered
    | QueueLeft
    | TransferAsked
    | ConsultAsked
    | CompleteAsked
    | TakeBackAsked
    | CallEnded
    | ReadyAsked
    | PauseAsked
    | WrapUpAsked
    | SignOutAsked
    | PlaceChanged
    | OfferAnswered
    | OfferRefused
    | TalkStarted
    | AgentLegEnded
    | SwitchRestarted
    | ServiceEnding
    | CallMissed
    | TimerFired
    | ClockMoved
    | EstimatesLearned
)
