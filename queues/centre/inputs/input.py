"""Which inputs there are: all that can come to the centre.

`TYPE` and `VERSION` name an input in the journal and never change their meaning. An input holds
plain values only, as a fact does; its time is that of its row.
"""

from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked, WrapUpAsked
from queues.centre.inputs.calls import (
    CallArrived,
    CallEnded,
    CallMissed,
    QueueEntered,
    QueueLeft,
    TransferAsked,
)
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.inputs.doors import CloseAsked, HoursTold, OpenAsked
from queues.centre.inputs.house import (
    ClockMoved,
    PlaceChanged,
    ServiceEnding,
    SwitchRestarted,
    TimerFired,
)
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    TalkStarted,
)
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.values.learned import EstimatesLearned

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
