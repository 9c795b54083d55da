"""How a call is passed on over the API, blind or after asking: who may be named, what came."""

from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter

from queues.api.asking import CallPath, problems, signed_in_router
from queues.api.problems import (
    AGENT_BUSY,
    AGENT_CANNOT,
    AGENT_UNKNOWN,
    CALL_HELD,
    CALL_NOT_HELD,
    CALL_NOT_TALKING,
    CALL_NOT_YOURS,
    CALL_UNKNOWN,
    LANGUAGE_UNKNOWN,
    NOBODY_REACHED,
    QUEUE_FULL,
    QUEUE_UNKNOWN,
    SKILL_UNKNOWN,
    Refused,
)
from queues.api.rows import call_out
from queues.api.schema import HandIn, NeedIn, TransferIn, TransferOut, TransferOutcome
from queues.api.sign_in import SignIn
from queues.centre.facts.calls import CallOwed, TransferFault, TransferRefused
from queues.centre.facts.fact import Fact
from queues.centre.inputs.calls import TransferAsked
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.inputs.input import Input
from queues.centre.values.needs import Need, Skill
from queues.ids import AgentId, CallId, QueueId
from queues.view import CallRow, View

_FAULTS: Final = MappingProxyType(
    {
        TransferFault.NOT_TALKING: CALL_NOT_TALKING,
        TransferFault.NOT_YOURS: CALL_NOT_YOURS,
        TransferFault.QUEUE_UNKNOWN: QUEUE_UNKNOWN,
        TransferFault.AGENT_CANNOT: AGENT_CANNOT,
        TransferFault.QUEUE_FULL: QUEUE_FULL,
        TransferFault.AGENT_BUSY: AGENT_BUSY,
        TransferFault.CONSULTING: CALL_HELD,
        TransferFault.NOT_CONSULTING: CALL_NOT_HELD,
        TransferFault.NOBODY_REACHED: NOBODY_REACHED,
    }
)

_REFUSALS: Final = problems(400, 403, 404, 409, 413, 422, 503)


def transfer_routes(
    sign_in: SignIn,
    submit: Callable[[Input], tuple[Fact, ...]],
    counts: Callable[[], Awaitable[None]],
    view: Callable[[], View],
    now: Callable[[], float],
) -> APIRouter:
    """Passing a call on; answered once it `counts`.

    `now` gives Unix seconds of the wall clock, as the views do.
    """
    router = signed_in_router(sign_in)

    async def done(call: str, what: Input, outcome: TransferOutcome) -> TransferOut:
        for fact in submit(what):
            if isinstance(fact, TransferRefused):
                raise Refused(_FAULTS[fact.fault])
            if isinstance(fact, CallOwed):
                outcome = TransferOutcome.OWED
        then = TransferOut(outcome=outcome, call=call_out(_row(view(), call), now()))
        await counts()
        return then

    @router.post(
        "/calls/{call}/transfer",
        tags=["calls"],
        responses=_REFUSALS,
    )
    async def transfer(call: CallPath, given: TransferIn) -> TransferOut:
        """Pass a call in a talk on: the caller hears music, the agent goes to wrap-up.

        The caller keeps the place that counts from the first waiting time, and the card. From the
        second transfer on only agents with everything needed are rung. If nobody else at work may
        take it, the talk goes on, and the call is owed to the agent who talks.

        With `consult` the other agent is asked first: the caller is held with music, both agents
        talk, then the transfer is completed (also by hanging up) or the caller is taken back. Who
        is looked for and not found in a minute, or does not answer, gives the caller back too.
        """
        what = _asked(view(), CallId(call), given)
        consults = isinstance(what, ConsultAsked)
        return await done(call, what, TransferOutcome.HELD if consults else TransferOutcome.WAITS)

    @router.post(
        "/calls/{call}/transfer/complete",
        tags=["calls"],
        responses=_REFUSALS,
    )
    async def complete(call: CallPath, given: HandIn) -> TransferOut:
        """Join a held caller with the agent who is asked. The one who asked goes to wrap-up."""
        what = CompleteAsked(CallId(call), _hand(view(), call, given))
        return await done(call, what, TransferOutcome.COMPLETED)

    @router.post(
        "/calls/{call}/transfer/take-back",
        tags=["calls"],
        responses=_REFUSALS,
    )
    async def take_back(call: CallPath, given: HandIn) -> TransferOut:
        """Join a held caller with the agent who asks again; whoever is asked or rung is let go."""
        what = TakeBackAsked(CallId(call), _hand(view(), call, given))
        return await done(call, what, TransferOutcome.TAKEN_BACK)

    return router


def _asked(view: View, call: CallId, given: TransferIn) -> TransferAsked | ConsultAsked:
    """Give the input; nothing that the settings do not name may get into the journal."""
    asked_by = _hand(view, call, given)
    if given.queue is not None and given.queue not in {row.queue for row in view.queues}:
        raise Refused(QUEUE_UNKNOWN)
    if given.agent is not None and view.agent(given.agent) is None:
        raise Refused(AGENT_UNKNOWN)
    queue = None if given.queue is None else QueueId(given.queue)
    agent = None if given.agent is None else AgentId(given.agent)
    need = None if given.need is None else _need(view, given.need)
    if given.consult:
        return ConsultAsked(call, asked_by, queue, agent, need)
    return TransferAsked(call, asked_by, queue, agent, given.alone_s, need)


def _hand(view: View, call: str, given: TransferIn | HandIn) -> AgentId | None:
    """Give who asks about a call that is known."""
    _row(view, call)
    if given.asked_by is None:
        return None
    if view.agent(given.asked_by) is None:
        raise Refused(AGENT_UNKNOWN)
    return AgentId(given.asked_by)


def _need(view: View, given: NeedIn) -> Need:
    skills = {each.skill for row in view.agents for each in row.skills}
    if not skills.issuperset(each.skill for each in given.skills):
        raise Refused(SKILL_UNKNOWN)
    if given.language is not None and not any(given.language in a.languages for a in view.agents):
        raise Refused(LANGUAGE_UNKNOWN)
    return Need(tuple(Skill(each.skill, each.level) for each in given.skills), given.language)


def _row(view: View, call: str) -> CallRow:
    row = next((row for row in view.calls if row.call == call), None)
    if row is None:
        raise Refused(CALL_UNKNOWN)
    return row
