"""What a fact says of a call to people: its reason as it was recorded, in a sentence."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from queues.centre.commands import ReturnReason
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
    Owing,
    TransferFault,
    TransferRefused,
)
from queues.centre.facts.consults import (
    ConsultBegan,
    ConsultCompleted,
    ConsultEnd,
    ConsultEnded,
    ConsultJoined,
    TalkResumed,
)
from queues.centre.facts.estimates import EstimateMade
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
from queues.centre.inputs.calls import EndCause
from queues.centre.inputs.offers import RefuseCause
from queues.centre.lives.agent import AgentState
from queues.centre.relaxing import STRICT_FROM
from queues.centre.values.needs import ANYBODY, words_of

_WITHDRAWN: Final[Mapping[WithdrawReason, str]] = MappingProxyType(
    {
        WithdrawReason.CALLER_GONE: "the caller hung up",
        WithdrawReason.CALLER_LEFT: "the dialogue took the caller back",
        WithdrawReason.PAUSE_ASKED: "{agent} asked for a pause",
        WithdrawReason.SIGN_OUT_ASKED: "{agent} signed out",
        WithdrawReason.PLACE_LOST: "phone {place} became unreachable",
        WithdrawReason.SWITCH_LOST: "the switch was started anew",
        WithdrawReason.SERVICE_ENDS: "the service was about to end",
        WithdrawReason.SETTINGS_CHANGED: "{agent} is not in the settings any more",
        WithdrawReason.TAKEN_BACK: "the agent who wanted to ask has the caller again",
    }
)
_MISSED: Final[Mapping[RefuseCause, str]] = MappingProxyType(
    {
        RefuseCause.NO_ANSWER: "{agent} did not answer",
        RefuseCause.DECLINED: "{agent} declined, or phone {place} was busy",
        RefuseCause.UNREACHABLE: "phone {place} was not reached",
        RefuseCause.FAILED: "what became of the ringing is not known",
    }
)
_RETURNED: Final[Mapping[ReturnReason, str]] = MappingProxyType(
    {
        ReturnReason.TALK_OVER: "the agent's side ended the talk",
        ReturnReason.REFUSED: "the queue is not in the settings",
        ReturnReason.FULL: "as many wait in the queue as may",
        ReturnReason.NOBODY: "nobody is signed in who could take it",
        ReturnReason.CLOSED: "the queue is closed",
        ReturnReason.CLOSING: "the queue closes before the call could be served",
        ReturnReason.WAITED: "it has waited as long as anybody may",
        ReturnReason.FAILED: "no agent could be joined with it",
    }
)
_CLOSED: Final[Mapping[EndCause, str]] = MappingProxyType(
    {
        EndCause.HUNG_UP: "the caller hung up, or the dialogue said goodbye",
        EndCause.LOST: "the switch or the caller's phone went away under the call",
    }
)
_ENDED_BY: Final[Mapping[TalkEnd, str]] = MappingProxyType(
    {
        TalkEnd.CALLER: "the caller ended it",
        TalkEnd.AGENT: "the agent's side ended it",
        TalkEnd.AGENT_LOST: "the agent's phone was lost",
        TalkEnd.SWITCH: "the switch was started anew",
        TalkEnd.TRANSFER: "the call was passed on",
        TalkEnd.CONSULTED: "the call was passed on to the agent who was asked",
        TalkEnd.TAKEN_BACK: "the agent who asked has the caller again",
        TalkEnd.NOT_REJOINED: "caller and agent could not be joined again",
    }
)
_NOT_TRANSFERRED: Final[Mapping[TransferFault, str]] = MappingProxyType(
    {
        TransferFault.NOT_TALKING: "no agent talked with the caller",
        TransferFault.NOT_YOURS: "another agent asked than the one who talked with the caller",
        TransferFault.QUEUE_UNKNOWN: "the queue is not in the settings",
        TransferFault.AGENT_CANNOT: "the agent named was not at work, or may not take it",
        TransferFault.QUEUE_FULL: "as many wait in the queue as may",
        TransferFault.AGENT_BUSY: "the agent named was not free to be asked",
        TransferFault.CONSULTING: "the caller was held, to ask another agent",
        TransferFault.NOT_CONSULTING: "no agent was being asked",
        TransferFault.NOBODY_REACHED: "nobody who was asked had picked up",
    }
)

_CONSULT_OVER: Final[Mapping[ConsultEnd, str]] = MappingProxyType(
    {
        ConsultEnd.TAKEN_BACK: "the caller was wanted back",
        ConsultEnd.REFUSED: "the agent asked hung up",
        ConsultEnd.LOST: "the phone of the agent asked was lost",
        ConsultEnd.NOBODY: "nobody could be asked in time",
        ConsultEnd.LASTED: "the caller was held for as long as anybody may be",
        ConsultEnd.NOT_HELD: "our side could not hold the caller",
        ConsultEnd.STILL_JOINED: "the caller was not held, and the talk went on",
        ConsultEnd.CALLER_GONE: "the caller hung up",
        ConsultEnd.SWITCH: "the switch was started anew",
        ConsultEnd.LEFT: "the agent who wanted to ask was gone; it is passed on all the same",
    }
)


def reason_of(fact: Fact, *, rang_s: float | None = None) -> str:
    """Give why, as recorded. `rang_s` is how long the offer was alive; None before an answer."""
    match fact:
        case CallQueued():
            return (
                f"came over line {fact.line} and waits in queue {fact.queue}"
                + _before(fact)
                + _asking(fact)
            )
        case NeedRelaxed():
            return f"{fact.reason}; after {_s(fact.waited_s)} it asks for {words_of(fact.need)}"
        case CallRefused(reason=ReturnReason.REFUSED):
            return f"queue {fact.queue} is not in the settings; the dialogue has the caller again"
        case CallRefused(reason=ReturnReason.CLOSED | ReturnReason.CLOSING):
            return f"{_RETURNED[fact.reason]} ({fact.queue}); the dialogue has it again"
        case CallRefused():
            return f"{_RETURNED[fact.reason]} in queue {fact.queue}; the dialogue has it again"
        case CallMoved():
            return (
                f"queue {fact.queue} is not in the settings any more; it goes on in queue"
                f" {fact.to}, with the {_s(fact.in_centre_s)} since it came"
            )
        case CallTransferred():
            return _transferred(fact)
        case TransferRefused():
            return f"not passed on: {_NOT_TRANSFERRED[fact.fault]}"
        case CallOwed(why=Owing.NOBODY_ABLE):
            return (
                f"not passed on: nobody else at work may take it in queue {fact.queue} for"
                f" {words_of(fact.need)}; {fact.owner} talks on, and it is owed to {fact.owner}"
            )
        case CallOwed():
            return f"nobody took it; it is owed to {fact.owner}, who may be rung for it too"
        case ConsultBegan():
            return _consult(fact)
        case ConsultJoined():
            return f"{fact.agent} is asked, after {_s(fact.waited_s)}; the caller hears music"
        case ConsultEnded(deadline=None):
            return _CONSULT_OVER[fact.how]
        case ConsultEnded():
            return f"{_CONSULT_OVER[fact.how]}; {fact.agent} is to have the caller again"
        case ConsultCompleted(joins=True):
            return f"{fact.agent}, who was asked, is to be joined with the caller"
        case ConsultCompleted():
            return f"the phone of {fact.agent} rings on, for the caller"
        case TalkResumed():
            return f"{fact.agent} talks on, after {_s(fact.held_s)}"
        case EstimateMade():
            return _foretold(fact)
        case OfferMade():
            return _offered(fact)
        case OfferAccepted():
            return f"{fact.agent} picked up" + ("" if rang_s is None else f" after {_s(rang_s)}")
        case OfferMissed():
            return _missed(fact)
        case OfferWithdrawn():
            why = _WITHDRAWN[fact.reason].format(agent=fact.agent, place=fact.place)
            return f"{why}; {fact.agent} is {_state(fact.then)}"
        case CallRested():
            return "may be offered again, at its old place in the order"
        case TalkBegan():
            return f"joined with {fact.agent} after a wait of {_s(fact.waited_s)}"
        case TalkEnded():
            return (
                f"{_ENDED_BY[fact.by]} after {_s(fact.talked_s)};"
                f" {fact.agent} is {_state(fact.then)}"
            )
        case CallTakenBack():
            return f"the dialogue took it back after a wait of {_s(fact.waited_s)}"
        case CallReturned():
            return f"{_RETURNED[fact.reason]}; the dialogue has the caller again"
        case CallRequeued():
            return f"waits again, in the place of the {_s(fact.in_centre_s)} since it came"
        case CallClosed():
            return f"{_CLOSED[fact.cause]}, {_s(fact.in_centre_s)} after it came"
        case CallEndNoted():
            return f"{_CLOSED[fact.cause]}, while it did not wait here"
        case LegDropped():
            return "a phone answered for an offer that was over; its leg was ended"
        case _:
            return ""


def _asking(fact: CallQueued) -> str:
    parts = []
    if fact.need != ANYBODY:
        parts.append(f" for {words_of(fact.need)}")
    if fact.only is not None and fact.need_until is not None:
        parts.append(
            f"; for {_s(fact.need_until - fact.at)} it waits for {fact.only} alone,"
            " the last one who had the matter"
        )
    if fact.credit_s:
        parts.append(f"; {_s(fact.credit_s)} count as waited")
    return "".join(parts)


def _transferred(fact: CallTransferred) -> str:
    parts = [
        f"{fact.passed_by} passed it on to queue {fact.to} for {words_of(fact.need)}"
        + ("" if fact.asked_by is not None else ", by a supervisor's hand"),
        f"transfer {fact.hops}, with its place since it came {_s(fact.at - fact.since)} before",
    ]
    if fact.only is not None and fact.need_until is not None:
        parts.append(f"for {_s(fact.need_until - fact.at)} it waits for {fact.only} alone")
    if fact.hops >= STRICT_FROM:
        parts.append("only who has all of that may take it")
    return "; ".join(parts)


def _consult(fact: ConsultBegan) -> str:
    whom = f"agent {fact.only}" if fact.only is not None else "an agent"
    hand = "" if fact.asked_by is not None else ", by a supervisor's hand"
    return (
        f"{fact.agent} holds it to ask {whom} of queue {fact.queue} for {words_of(fact.need)}"
        f"{hand}; for {_s(fact.until - fact.at)} somebody is looked for"
    )


def _before(fact: CallQueued) -> str:
    waited_s = fact.at - fact.since
    return f", with the {_s(waited_s)} that it had waited before" if waited_s else ""


def _foretold(fact: EstimateMade) -> str:
    from_what = (
        f"{_count(fact.ahead, 'call')} before it for its agents, {_count(fact.agents, 'agent')} at"
        f" work; by the formula alone {_s(fact.expected_s)}"
    )
    if fact.low_s is None or fact.high_s is None:
        return f"no range was told, too few waits of its need were seen so far; {from_what}"
    return f"foretold to wait {_s(fact.low_s)} to {_s(fact.high_s)} from then on: {from_what}"


def _offered(fact: OfferMade) -> str:
    others = "the only agent free" if fact.candidates == 1 else f"first of {fact.candidates} free"
    instead = (
        "no other call waited for this agent"
        if fact.runner_up is None
        else f"else this agent would have got call {fact.runner_up}"
    )
    return (
        f"{fact.agent} was {others}, for {_s(fact.idle_s)}; the call had waited"
        f" {_s(fact.waited_s)}; {instead}"
    )


def _missed(fact: OfferMissed) -> str:
    joined = fact.cause is RefuseCause.FAILED and not fact.unexplained
    parts = [
        "caller and agent were not joined"
        if joined
        else _MISSED[fact.cause].format(agent=fact.agent, place=fact.place)
    ]
    if fact.cause in (RefuseCause.NO_ANSWER, RefuseCause.DECLINED):
        parts.append(f"{fact.misses} missed in a row, {fact.limit} pause")
    parts.append(f"{fact.agent} is {_state(fact.then)}")
    if fact.rest_until is not None:
        parts.append(f"phone {fact.place} rests for {_s(fact.rest_until - fact.at)}")
    if fact.call_rest_until is not None:
        parts.append(
            f"the call rests for {_s(fact.call_rest_until - fact.at)}"
            f" after {fact.failed_joins} failed joins in a row"
        )
    return "; ".join(parts)


def _state(state: AgentState) -> str:
    return "in wrap-up" if state is AgentState.WRAP_UP else state.value.replace("_", " ")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _s(seconds: float) -> str:
    return f"{seconds:.1f} s"
