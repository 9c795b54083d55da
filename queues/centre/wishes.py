"""Which fact leads to which wish. Pure: the same fact always leads to the same commands."""

from queues.centre.commands import (
    CancelRing,
    Command,
    ConnectCall,
    FetchCaller,
    HandOverCall,
    HoldCaller,
    ReturnCall,
    RingAgent,
    WaitAgain,
)
from queues.centre.facts.calls import CallRefused, CallRequeued, CallReturned
from queues.centre.facts.consults import (
    ConsultBegan,
    ConsultCompleted,
    ConsultEnd,
    ConsultEnded,
)
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import (
    LegDropped,
    OfferAccepted,
    OfferMade,
    OfferMissed,
    OfferWithdrawn,
    TalkBegan,
    TalkEnd,
    TalkEnded,
    WithdrawReason,
)
from queues.centre.inputs.offers import RefuseCause


def commands_for(fact: Fact) -> tuple[Command, ...]:
    """Give what is to be done outside because of one fact, in order."""
    match fact:
        case OfferMade():
            return (RingAgent(fact.offer, fact.call, fact.place, fact.ring_timeout_s),)
        case OfferAccepted():
            return (ConnectCall(fact.offer, fact.call),)
        case OfferMissed(cause=RefuseCause.FAILED):
            return (CancelRing(fact.offer),)  # what became of the leg is not known
        case OfferWithdrawn() if fact.reason is not WithdrawReason.SWITCH_LOST:
            return (CancelRing(fact.offer),)
        case LegDropped():
            return (CancelRing(fact.offer),)
        case TalkBegan():
            return (HandOverCall(fact.call),)
        case TalkEnded(
            by=TalkEnd.CALLER | TalkEnd.CONSULTED | TalkEnd.TAKEN_BACK | TalkEnd.NOT_REJOINED
        ):
            return (CancelRing(fact.offer),)  # the agent's leg outlives the bridge
        case TalkEnded(by=TalkEnd.TRANSFER):
            return (FetchCaller(fact.offer, fact.call),)
        case ConsultBegan():
            return (HoldCaller(fact.offer, fact.call),)
        case ConsultEnded(deadline=float()):
            return (ConnectCall(fact.offer, fact.call),)
        case ConsultEnded(how=ConsultEnd.LEFT):
            return (WaitAgain(fact.call),)
        case ConsultCompleted(joins=joins):
            again = WaitAgain(fact.call)  # should the join fail, the dialogue knows that it waits
            return (again, ConnectCall(fact.offer, fact.call)) if joins else (again,)
        case CallRequeued():
            return (WaitAgain(fact.call),)
        case CallReturned() | CallRefused():
            return (ReturnCall(fact.call, fact.queue, fact.reason),)
        case _:
            return ()
