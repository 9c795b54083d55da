"""How each fact changes the state. Nothing else does; recovery and replay come through here too.

Each function first asks the lives (`lives/`) for the next states, which raises
`IllegalTransition` before anything is changed, and only then writes.
"""

from dataclasses import fields

from queues.centre.applying.agents import (
    change_agent,
    extend_wrap_up,
    forget_agent,
    plan_after_talk,
    set_breath,
    spare,
)
from queues.centre.applying.calls import (
    end_call,
    foretell_wait,
    move_to_queue,
    owe_call,
    queue_call,
    relax_need,
    remember_end,
    requeue_call,
    rest_call,
    transfer_call,
)
from queues.centre.applying.consults import (
    begin_consult,
    complete_consult,
    end_consult,
    join_consult,
    resume_talk,
)
from queues.centre.applying.doors import (
    lift_closing,
    order_closing,
    set_wall_clock,
    take_hours,
    turn_door,
)
from queues.centre.applying.offers import accept_offer, begin_talk, end_offer, end_talk, make_offer
from queues.centre.applying.places import forgive_place, note_place, rest_place
from queues.centre.applying.settings import take_settings
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
from queues.centre.facts.fact import Fact
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
from queues.centre.inputs.house import PlaceState
from queues.centre.journal.snapshot import from_snapshot
from queues.centre.lives.call import CallEvent
from queues.centre.state import Centre, the_agent, the_call, the_place


def apply(centre: Centre, fact: Fact) -> None:
    """Change the state by one fact. Raises `IllegalTransition`, then nothing was changed."""
    match fact:  # what comes with every call first
        case CallQueued():
            queue_call(centre, fact)
        case OfferMade():
            make_offer(centre, fact)
        case OfferAccepted():
            accept_offer(centre, fact)
        case TalkBegan():
            begin_talk(centre, fact)
        case TalkEnded():
            end_talk(centre, fact)
        case CallTakenBack() | CallReturned():
            end_call(centre, fact.call, CallEvent.RETURNED)
        case CallClosed():
            end_call(centre, fact.call, CallEvent.ENDED)
            remember_end(centre, fact.call, fact.at)
        case SettingsTaken():
            take_settings(centre, fact)
        case NeedRelaxed():
            relax_need(centre, the_call(centre, fact.call), fact)
        case CallMoved():
            move_to_queue(centre, the_call(centre, fact.call), fact)
        case CallTransferred():
            transfer_call(centre, the_call(centre, fact.call), fact)
        case CallOwed():
            owe_call(centre, the_call(centre, fact.call), fact.owner)
        case ConsultBegan():
            begin_consult(centre, fact)
        case ConsultJoined():
            join_consult(centre, fact)
        case ConsultEnded():
            end_consult(centre, fact)
        case ConsultCompleted():
            complete_consult(centre, fact)
        case TalkResumed():
            resume_talk(centre, fact)
        case CallRequeued():
            requeue_call(centre, the_call(centre, fact.call), fact)
        case CallEndNoted():
            remember_end(centre, fact.call, fact.at)
        case OfferMissed() | OfferWithdrawn():
            end_offer(centre, fact)
        case AgentBecameReady() | AgentPaused() | AgentSignedOut() | WrapUpEnded():
            change_agent(centre, fact)
        case WrapUpExtended():
            extend_wrap_up(centre, fact)
        case BreathBegan():
            set_breath(centre, the_agent(centre, fact.agent), fact.until)
        case BreathEnded():
            set_breath(centre, the_agent(centre, fact.agent), None)
        case OccupancyPassed():
            spare(centre, the_agent(centre, fact.agent), fact.until)
        case OccupancyFell():
            spare(centre, the_agent(centre, fact.agent), None)
        case AgentForgotten():
            forget_agent(centre, the_agent(centre, fact.agent))
        case AfterTalkPlanned():
            plan_after_talk(centre, fact)
        case CallRested():
            rest_call(centre, the_call(centre, fact.call), None)
        case PlaceNoted():
            note_place(centre, the_place(centre, fact.place), fact.state)
        case PlaceRested():
            rest_place(centre, the_place(centre, fact.place), None)
        case PlacesForgotten():
            for place in centre.places.values():
                place.state = PlaceState.UNREACHABLE
                forgive_place(centre, place)
        case EstimatesTaken():
            centre.learned = fact.learned
        case EstimateMade():
            foretell_wait(the_call(centre, fact.call), fact)
        case ClockReanchored():
            set_wall_clock(centre, fact.at, fact.by_s)
        case HoursTaken():
            take_hours(centre, fact)
        case ClosingOrdered():
            order_closing(centre, fact)
        case ClosingLifted():
            lift_closing(centre, fact)
        case QueueOpened() | QueueClosed():
            turn_door(centre, fact)
        case HistoryLost():
            _begin_with(centre, from_snapshot(fact.state))
        case CallRefused() | TransferRefused() | LegDropped():
            pass  # they tell and command; nothing is kept of them
    centre.at = max(centre.at, fact.at)


def _begin_with(centre: Centre, other: Centre) -> None:
    for field in fields(Centre):
        setattr(centre, field.name, getattr(other, field.name))
