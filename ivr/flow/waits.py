"""What a waiting caller hears, and how the place in the queue is held at a way out."""

from __future__ import annotations

from dataclasses import replace

from ivr.dialplan.plan import Plan, Queue
from ivr.flow.commands import Command, EnterQueue, LeaveQueue, TellWait, WaitOn, WakeAt
from ivr.flow.events import CallReturned
from ivr.flow.session import Phase, Session
from queues.centre.commands import ReturnReason
from queues.ids import QueueId

Step = tuple[Session, tuple[Command, ...]]


def wait(plan: Plan, session: Session, node: Queue, now: float) -> Step:
    """Come to wait. A place held in this queue is gone on with, one in another is given up.

    The time already waited goes along into the other queue, also when the first kept the call no
    longer; only where it was the longest that anybody may wait, it begins anew in the same queue.
    """
    held = None if session.holds is None else plan.nodes[session.holds]
    since = session.queued_at
    if since is None or session.overdue == node.queue:
        since, session = now, replace(session, overdue=None)
    left = held.queue if isinstance(held, Queue) and held.queue != node.queue else None
    after = replace(
        session, phase=Phase.WAITING, typed="", wake_at=None, holds=None, queued_at=since, left=left
    )
    commands: tuple[Command, ...] = (
        EnterQueue(node.queue, node.asked, node.priority_s, max(0.0, now - since)),
    )
    if isinstance(held, Queue):
        commands = (WaitOn(),) if left is None else (LeaveQueue(), *commands)
    told = node.told
    if told is None:
        return after, commands
    after, alarm = _alarm(after, now + told.first_s)
    return after, (*commands, alarm)


def holds_place(plan: Plan, session: Session, node: Queue) -> bool:
    """Whether the caller comes back to the queue in which the place is held."""
    held = None if session.holds is None else plan.nodes[session.holds]
    return isinstance(held, Queue) and held.queue == node.queue


def tell(plan: Plan, session: Session) -> Step:
    """It is time to tell the caller something: one message after the other, place and wait."""
    node = plan.nodes[session.node]
    if not isinstance(node, Queue) or node.told is None:
        return session, ()
    told, messages = node.told, node.told.messages
    prompts = (messages[session.told % len(messages)],) if messages else ()
    token = session.token + 1
    after = replace(session, token=token, wake_at=None, told=session.told + 1)
    keys_cut = bool(node.keys)
    return after, (TellWait(prompts, told.position, told.wait, token, keys_cut),)


def wait_on(plan: Plan, session: Session, now: float) -> Step:
    """Music again, until it is time to tell something."""
    node = plan.nodes[session.node]
    if not isinstance(node, Queue) or node.told is None:
        return session, (WaitOn(),)
    after, alarm = _alarm(session, now + node.told.every_s)
    return after, (WaitOn(), alarm)


def hold(session: Session) -> Session:
    """The caller takes a way out, and the place is held meanwhile."""
    return replace(session, holds=session.node, wake_at=None, unattended=0)


def join(session: Session) -> Session:
    """An agent talks with the caller, at the queue that held the place."""
    node = session.node if session.holds is None else session.holds
    return replace(
        session,
        phase=Phase.TALKING,
        node=node,
        holds=None,
        queued_at=None,
        overdue=None,
        wake_at=None,
        typed="",
    )


def lose(plan: Plan, session: Session, reason: ReturnReason) -> Session:
    """The queue holds no place any more for a caller who is at a way out."""
    node = None if session.holds is None else plan.nodes[session.holds]
    after = replace(session, holds=None)
    return overdue(after, node.queue, reason) if isinstance(node, Queue) else after


def overdue(session: Session, queue: QueueId, reason: ReturnReason) -> Session:
    """A queue gave the caller back. Of two that did so after the longest wait the time is spent:

    or each would give the caller to the other at once, until the call is ended.
    """
    if reason is not ReturnReason.WAITED:
        return session
    queued_at = session.queued_at if session.overdue is None else None
    return replace(session, overdue=queue, queued_at=queued_at)


def left_already(plan: Plan, session: Session, back: CallReturned) -> bool:
    """Whether it is the word of a queue whose place was given up for the one waited in now."""
    if back.queue is None or back.queue != session.left:
        return False
    node = plan.nodes[session.node if session.holds is None else session.holds]
    return not isinstance(node, Queue) or node.queue != back.queue


def _alarm(session: Session, at: float) -> tuple[Session, WakeAt]:
    token = session.token + 1
    return replace(session, token=token, wake_at=at), WakeAt(at, token)
