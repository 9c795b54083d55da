"""How facts change a call's record: where it waits, for what, since when, whose it is."""

from queues.centre.estimates.closing import may_wait_s
from queues.centre.facts.calls import (
    CallMoved,
    CallQueued,
    CallRequeued,
    CallTransferred,
    NeedRelaxed,
)
from queues.centre.facts.consults import ConsultBegan
from queues.centre.facts.estimates import EstimateMade
from queues.centre.index import index_call, set_deadline, unindex_call
from queues.centre.lives.call import CallEvent, CallState, call_after
from queues.centre.lives.illegal import IllegalTransition
from queues.centre.state import Call, Centre, DeadlineKind, the_call, the_offer
from queues.centre.values.needs import ANYBODY
from queues.ids import AgentId, CallId, OfferId

ENDED_KEPT_S = 30.0  # how long a late hand-over of an ended call is recognised


def queue_call(centre: Centre, fact: CallQueued) -> None:
    """A call waits from now on."""
    if fact.call in centre.calls:
        raise IllegalTransition(f"call {fact.call} is in the centre already")
    if fact.queue not in centre.queues:
        raise IllegalTransition(f"no queue {fact.queue} in the settings")
    call = Call(
        call=fact.call,
        line=fact.line,
        queue=fact.queue,
        number=fact.number,
        since=fact.since,
        wait_from=fact.since,
        state=CallState.WAITING,
        state_since=fact.since,
        need=fact.need,
        steps=fact.steps,
        only=fact.only,
        credit_s=fact.credit_s,
        leave_at=fact.leave_at,
    )
    centre.calls[fact.call] = call
    centre.last_call = fact.number
    set_need_deadline(centre, call, fact.need_until)
    set_deadline(centre, DeadlineKind.LEAVE, call.call, old=None, new=call.leaves_at)
    index_call(centre, call)


def hold_for(centre: Centre, held: Call, fact: ConsultBegan) -> None:
    """What is asked about a held call waits, with the place that the call would have."""
    asking = Call(
        call=fact.consult,
        line=held.line,
        queue=fact.queue,
        number=held.number,
        since=held.since,
        wait_from=fact.at,
        state=CallState.WAITING,
        state_since=fact.at,
        need=fact.need,
        steps=fact.steps,
        only=fact.only,
        credit_s=held.credit_s,
        hops=fact.hops,
        passed_by=fact.agent,
        leave_at=fact.until,
        consults_for=held.call,
    )
    centre.calls[fact.consult] = asking
    set_need_deadline(centre, asking, fact.need_until)
    set_deadline(centre, DeadlineKind.LEAVE, asking.call, old=None, new=asking.leaves_at)
    index_call(centre, asking)


def foretell_wait(call: Call, fact: EstimateMade) -> None:
    """A call's wait was foretold, if it could be with a range."""
    if fact.low_s is not None and fact.high_s is not None:
        call.talk_from, call.talk_by = fact.at + fact.low_s, fact.at + fact.high_s


def relax_need(centre: Centre, call: Call, fact: NeedRelaxed) -> None:
    """A call asks for less."""
    unindex_call(call)
    call.need, call.steps, call.only = fact.need, fact.steps, None
    set_need_deadline(centre, call, fact.until)
    index_call(centre, call)


def move_to_queue(centre: Centre, call: Call, fact: CallMoved) -> None:
    """A call goes on in another queue, whatever it is at."""
    unindex_call(call)
    call.queue, call.need, call.steps, call.only = fact.to, ANYBODY, 0, None
    set_need_deadline(centre, call, None)
    if call.offer is not None:
        the_offer(centre, call.offer).queue = fact.to
    if fact.to in centre.queues:  # else it comes with the settings, the next fact
        index_call(centre, call)


def transfer_call(centre: Centre, call: Call, fact: CallTransferred) -> None:
    """A call whose talk just ended waits again, at its place."""
    state = call_after(call.state, CallEvent.TRANSFERRED)
    if fact.to not in centre.queues:
        raise IllegalTransition(f"no queue {fact.to} in the settings")
    call.queue, call.need, call.steps, call.only = fact.to, fact.need, fact.steps, fact.only
    call.hops, call.passed_by, call.owner = fact.hops, fact.passed_by, None
    call.wait_from, call.leave_at, call.failed_joins = fact.at, fact.leave_at, 0
    call.talk_from = call.talk_by = None
    set_need_deadline(centre, call, fact.need_until)
    _set_owed_deadline(centre, call, fact.owed_at)
    move_call(centre, call, state, fact.at, None)


def requeue_call(centre: Centre, call: Call, fact: CallRequeued) -> None:
    """A call whose agent's phone was lost waits again, at its place.

    How long it may wait counts anew: the talk was no wait.
    """
    state = call_after(call.state, CallEvent.REQUEUED)
    stays_s = may_wait_s(centre.queues[call.queue])
    call.only, call.leave_at = None, None if stays_s is None else fact.at + stays_s
    set_need_deadline(centre, call, fact.need_until)
    move_call(centre, call, state, fact.at, None)


def owe_call(centre: Centre, call: Call, owner: AgentId) -> None:
    """A call is owed to its owner, who may have it again."""
    unindex_call(call)
    call.owner, call.passed_by = owner, None
    _set_owed_deadline(centre, call, None)
    index_call(centre, call)


def talk_begins(centre: Centre, call: Call) -> None:
    """Somebody took the call: it is owed no more, and asks for nothing."""
    call.owner = call.passed_by = None
    call.talk_from = call.talk_by = None
    set_need_deadline(centre, call, None)
    _set_owed_deadline(centre, call, None)


def rest_call(centre: Centre, call: Call, until: float | None) -> None:
    """A call is not offered until then; None: it is again."""
    unindex_call(call)
    set_deadline(centre, DeadlineKind.CALL_REST, call.call, old=call.rest_until, new=until)
    call.rest_until = until
    index_call(centre, call)


def move_call(
    centre: Centre, call: Call, state: CallState, at: float, offer: OfferId | None
) -> None:
    """A call is in another state, with or without an offer."""
    unindex_call(call)
    left_at = call.leaves_at
    call.state, call.state_since, call.offer = state, at, offer
    if left_at != (leaves_at := call.leaves_at):
        set_deadline(centre, DeadlineKind.LEAVE, call.call, old=left_at, new=leaves_at)
    index_call(centre, call)


def end_call(centre: Centre, name: CallId, event: CallEvent) -> None:
    """A call leaves the centre."""
    call = the_call(centre, name)
    call_after(call.state, event)
    unindex_call(call)
    set_deadline(centre, DeadlineKind.CALL_REST, name, old=call.rest_until, new=None)
    set_need_deadline(centre, call, None)
    _set_owed_deadline(centre, call, None)
    set_deadline(centre, DeadlineKind.LEAVE, name, old=call.leaves_at, new=None)
    del centre.calls[name]


def remember_end(centre: Centre, name: CallId, at: float) -> None:
    """A call ended; those that ended long ago are forgotten."""
    while centre.ended:
        oldest = next(iter(centre.ended))
        if centre.ended[oldest] > at - ENDED_KEPT_S:
            break
        del centre.ended[oldest]
    centre.ended[name] = at


def set_need_deadline(centre: Centre, call: Call, new: float | None) -> None:
    """When the call asks for less; None: never."""
    set_deadline(centre, DeadlineKind.NEED, call.call, old=call.need_until, new=new)
    call.need_until = new


def _set_owed_deadline(centre: Centre, call: Call, new: float | None) -> None:
    set_deadline(centre, DeadlineKind.OWED, call.call, old=call.owed_at, new=new)
    call.owed_at = new
