"""When a caller goes straight to the emergency number, and what is let go of then."""

from __future__ import annotations

from dataclasses import replace

from ivr.dialplan.plan import Menu, NodeId, Plan
from ivr.flow.commands import CallEmergency, Command, LeaveQueue
from ivr.flow.session import Phase, Session


def keyed_emergency(plan: Plan, session: Session, at: NodeId) -> bool:
    """Whether the emergency key was pressed into what asks for no key; a menu has it itself."""
    if plan.emergency is None or plan.emergency_key is None or at == plan.emergency:
        return False
    return plan.emergency_key in session.typed and not isinstance(plan.nodes[at], Menu)


def call_emergency(session: Session) -> tuple[Session, tuple[Command, ...]]:
    """Let the place in a queue go, so that no agent is joined, and hand the caller over."""
    commands: tuple[Command, ...] = (CallEmergency(),)
    if session.holds is not None:
        commands = (LeaveQueue(), *commands)
    after = replace(session, phase=Phase.EMERGENCY, holds=None, typed="", wake_at=None)
    return after, commands
