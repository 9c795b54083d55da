"""Where the dialogue of a caller stands whom the queue knows, whatever it stood at last."""

from __future__ import annotations

from dataclasses import replace

from ivr.dialplan.plan import Plan, Queue
from ivr.flow.session import Phase, Session, open_session


def in_the_queue(kept: Session, plan: Plan) -> Session | None:
    """The session of a caller who waits or talks: at a queue. None if the plan has no queue."""
    if plan.hash == kept.plan and kept.holds is not None:
        return replace(kept, phase=Phase.WAITING, node=kept.holds, holds=None, wake_at=None)
    if plan.hash == kept.plan and isinstance(plan.nodes[kept.node], Queue):
        in_queue = kept.phase in (Phase.WAITING, Phase.TALKING)
        return kept if in_queue else replace(kept, phase=Phase.WAITING, wake_at=None)
    ways = [plan.human, *(name for name, node in plan.nodes.items() if isinstance(node, Queue))]
    queue = next((n for n in ways if n is not None and isinstance(plan.nodes[n], Queue)), None)
    if queue is None:
        return None
    fresh = open_session(kept.call, kept.line, plan)
    return replace(fresh, phase=Phase.WAITING, node=queue, card=kept.card, token=kept.token)
