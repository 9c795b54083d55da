"""Which facts there are: all that the centre can decide.

A fact carries its time `at` (Unix seconds) and plain values only: ids, numbers, strings, enums of
strings, `None`, and tuples of such. `TYPE` and `VERSION` name it in the journal and in the live
stream and never change their meaning. What rests on a choice carries the policy's name and
version, and a short reason.
"""

from queues.centre.facts.agents import (
    AfterTalkPlanned,
    AgentBecameReady,
    AgentForgotten,
    AgentPaused,
    AgentSignedOut,
    WrapUpEnded,
    WrapUpExtended,
)
from queues.centre.facts.calls import (
    CallClosed,
    CallEndNoted,
    CallMoved,
    CallOwed,
    CallQueued,
    CallRefused,
    CallRequeued,
    CallRested,
    CallReturned,
    CallTakenBack,
    CallTransferred,
    NeedRelaxed,
    TransferRefused,
)
from queues.centre.facts.consults import (
    ConsultBegan,
    ConsultCompleted,
    ConsultEnded,
    ConsultJoined,
    TalkResumed,
)
from queues.centre.facts.doors import (
    ClosingLifted,
    ClosingOrdered,
    HoursTaken,
    QueueClosed,
    QueueOpened,
)
from queues.centre.facts.estimates import EstimateMade, EstimatesTaken
from queues.centre.facts.house import (
    ClockReanchored,
    HistoryLost,
    PlaceNoted,
    PlaceRested,
    PlacesForgotten,
    SettingsTaken,
)
from queues.centre.facts.load import BreathBegan, BreathEnded, OccupancyFell, OccupancyPassed
from queues.centre.facts.offers import (
    LegDropped,
    OfferAccepted,
    OfferMade,
    OfferMissed,
    OfferWithdrawn,
    TalkBegan,
    TalkEnded,
)

Fact = (
    SettingsTaken
    | HoursTaken
    | ClosingOrdered
    | ClosingLifted
    | QueueOpened
    | QueueClosed
    | CallQueued
    | NeedRelaxed
    | CallRefused
    | CallMoved
    | CallTransferred
    | TransferRefused
    | CallOwed
    | ConsultBegan
    | ConsultJoined
    | ConsultEnded
    | ConsultCompleted
    | TalkResumed
    | CallTakenBack
    | CallReturned
    | CallRequeued
    | CallClosed
    | CallEndNoted
    | OfferMade
    | OfferAccepted
    | OfferMissed
    | CallRested
    | OfferWithdrawn
    | LegDropped
    | TalkBegan
    | TalkEnded
    | AgentBecameReady
    | AgentPaused
    | AgentSignedOut
    | AgentForgotten
    | AfterTalkPlanned
    | WrapUpExtended
    | WrapUpEnded
    | BreathBegan
    | BreathEnded
    | OccupancyPassed
    | OccupancyFell
    | PlaceNoted
    | PlaceRested
    | PlacesForgotten
    | ClockReanchored
    | EstimatesTaken
    | EstimateMade
    | HistoryLost
)
