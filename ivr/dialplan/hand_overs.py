"""Where a dialplan hands its callers over to a queue, and with what need and credit, for people."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.dialplan.plan import NodeId, Plan, Queue
from ivr.dialplan.staff import Staff
from queues.centre.values.needs import ANYBODY, Need, words_of
from queues.ids import QueueId


@dataclass(frozen=True, slots=True)
class HandOver:
    """A queue node with the need that its callers bring there; `str()` is a line for people."""

    node: NodeId
    queue: QueueId
    need: Need
    priority_s: float

    @property
    def says_more(self) -> bool:
        """Whether it is more than a queue's name."""
        return self.need != ANYBODY or bool(self.priority_s)

    def __str__(self) -> str:
        credit = f", {self.priority_s:g} s count as waited" if self.priority_s else ""
        return f"{self.node}: queue {self.queue}, for {words_of(self.need)}{credit}"


def hand_overs(plan: Plan, staff: Staff) -> tuple[HandOver, ...]:
    """Give each queue node of a plan, in the order of the file."""
    return tuple(
        HandOver(
            name,
            node.queue,
            staff.need(node.queue, node.asked, plan.language) or staff.queues_need(node.queue),
            node.priority_s,
        )
        for name, node in plan.nodes.items()
        if isinstance(node, Queue)
    )
