"""How a call is passed on over the API: who may be named, and what came of it."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter

from queues.api.asking import CallPath, problems, signed_in_router
from queues.api.problems import (
    AGENT_CANNOT,
    AGENT_UNKNOWN,
    CALL_NOT_TALKING,
    CALL_NOT_YOURS,
    CALL_UNKNOWN,
    LANGUAGE_UNKNOWN,
    QUEUE_UNKNOWN,
    SKILL_UNKNOWN,
    Refused,
)
from queues.api.rows import call_out
from queues.api.schema import NeedIn, TransferIn, TransferOut, TransferOutcome
from queues.api.sign_in import SignIn
from queues.centre.call_facts import CallOwed, TransferFault, TransferRefused
from queues.centre.facts import Fact
from queues.centre.inputs import Input, TransferAsked
from queues.centre.needs import Need, Skill
from queues.ids import AgentId, CallId, QueueId
from queues.view import CallRow, View

_FAULTS: Final = MappingProxyType(
    {
        TransferFault.NOT_TALKING: CALL_NOT_TALKING,
        TransferFault.NOT_YOURS: CALL_NOT_YOURS,
        TransferFault.QUEUE_UNKNOWN: QUEUE_UNKNOWN,
        TransferFault.AGENT_CANNOT: AGENT_CANNOT,
    }
)


def transfer_routes(
    sign_in: SignIn,
    submit: Callable[[Input], tuple[Fact, ...]],
    view: Callable[[], View],
    now: Callable[[], float],
) -> APIRouter:
    """Passing a call on. `now` gives Unix seconds of the wall clock, as the views do."""
    router = signed_in_router(sign_in)

    @router.post(
        "/calls/{call}/transfer",
        tags=["calls"],
        responses=problems(400, 403, 404, 409, 413, 422),
    )
    async def transfer(call: CallPath, given: TransferIn) -> TransferOut:
        """Pass a call in a talk on, blind: the caller hears music, the agent goes to wrap-up.

        The caller keeps the place that counts from the first waiting time, and the card. From the
        second transfer on only agents with everything needed are rung. If nobody else at work may
        take it, the talk goes on, and the call is owed to the agent who talks.
        """
        facts = submit(_asked(view(), CallId(call), given))
        for fact in facts:
            if isinstance(fact, TransferRefused):
                raise Refused(_FAULTS[fact.fault])
        is_owed = any(isinstance(fact, CallOwed) for fact in facts)
        outcome = TransferOutcome.OWED if is_owed else TransferOutcome.WAITS
        return TransferOut(outcome=outcome, call=call_out(_row(view(), call), now()))

    return router


def _asked(view: View, call: CallId, given: TransferIn) -> TransferAsked:
    """Give the input; nothing that the settings do not name may get into the journal."""
    _row(view, call)
    if given.queue is not None and given.queue not in {row.queue for row in view.queues}:
        raise Refused(QUEUE_UNKNOWN)
    for name in (given.agent, given.asked_by):
        if name is not None and view.agent(name) is None:
            raise Refused(AGENT_UNKNOWN)
    return TransferAsked(
        call=call,
        asked_by=None if given.asked_by is None else AgentId(given.asked_by),
        queue=None if given.queue is None else QueueId(given.queue),
        agent=None if given.agent is None else AgentId(given.agent),
        alone_s=given.alone_s,
        need=None if given.need is None else _need(view, given.need),
    )


def _need(view: View, given: NeedIn) -> Need:
    skills = {each.skill for row in view.agents for each in row.skills}
    if not skills.issuperset(each.skill for each in given.skills):
        raise Refused(SKILL_UNKNOWN)
    if given.language is not None and not any(given.language in a.languages for a in view.agents):
        raise Refused(LANGUAGE_UNKNOWN)
    by_name = {each.skill: each.level for each in given.skills}  # of one named twice the last
    return Need(tuple(Skill(name, level) for name, level in by_name.items()), given.language)


def _row(view: View, call: str) -> CallRow:
    row = next((row for row in view.calls if row.call == call), None)
    if row is None:
        raise Refused(CALL_UNKNOWN)
    return row
