"""What follows for a caller from each thing that happens: the whole dialogue as one table.

| phase     | CallStarted | PromptEnded | KeyPressed | Woke    | AgentJoined | CallReturned  |
|-----------|-------------|-------------|------------|---------|-------------|---------------|
| NEW       | answer, go  | illegal     | ignored    | illegal | illegal     | illegal       |
| SPEAKING  | illegal     | go on       | kept       | stale   | illegal     | illegal       |
| LISTENING | illegal     | stale       | choose     | silence | illegal     | illegal       |
| WAITING   | illegal     | stale       | ignored    | stale   | TALKING     | then, refused |
| TALKING   | illegal     | stale       | ignored    | stale   | TALKING     | then, refused |
| DONE      | ignored     | ignored     | ignored    | ignored | ignored     | ignored       |

`CallerHungUp` ends every phase in DONE without a command.

The rules:
1. One thing at a time. While prompts are played keys are only kept (at most `MAX_TYPED`); at
   `PromptEnded` they are used. So no command is ever sent into a running `Play`.
2. A key cuts a `say` and is kept for the next menu. A kept key that does not fit there is dropped
   and the menu speaks. A key pressed in a menu's own prompts that does not fit is a failed turn.
3. A failed turn (a wrong key, or silence for `wait_s` after the prompts) is answered by one short
   prompt and the menu again. After `tries` of them in a row the caller goes to `otherwise`; if no
   key at all was heard in them, to `when_silent`.
4. The announcement of a queue and a goodbye are not cut; keys in them and in the queue are dropped.
5. After an agent joined nothing is played until the caller is returned.
6. Each `Play` and each `WakeAt` takes a token of its own; what comes with another one is stale.
7. Nobody wanders: after as many nodes as the plan has without anything from the caller or an agent,
   the call is ended. A checked plan never comes to that.
8. In every phase but DONE the caller has a prompt, a deadline, a queue or an agent.

Illegal is only what no race of the real world can bring: it raises and changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from ivr.dialplan.plan import Goodbye, Menu, NodeId, Plan, PromptId, Queue, Say
from ivr.flow.commands import Answer, Command, EnterQueue, HangUp, Play, WakeAt
from ivr.flow.events import (
    AgentJoined,
    CallerHungUp,
    CallReturned,
    CallStarted,
    Event,
    KeyPressed,
    PromptEnded,
    Woke,
)
from ivr.flow.session import Phase, Session
from queues.centre.commands import ReturnReason

MAX_TYPED = 8
_KEYS = "0123456789*#"

Step = tuple[Session, tuple[Command, ...]]


class IllegalTransition(Exception):
    """An event that cannot come in this phase: a mistake of the program, not of a caller."""

    code = "illegal_transition"


def advance(plan: Plan, session: Session, event: Event, *, now: float) -> Step:
    """The session after the event, and what is to be done now, in this order.

    `now` is Unix time in seconds. Raises `IllegalTransition` for an event that cannot come in this
    phase, or when the session runs on another plan than the one given.
    """
    if session.plan != plan.hash:
        raise IllegalTransition(f"session of plan {session.plan:.12} given plan {plan.hash:.12}")
    match session.phase, event:
        case (Phase.DONE, _):
            return session, ()
        case (_, CallerHungUp()):
            return _done(session), ()

        case (Phase.NEW, CallStarted()):
            after, commands = _enter(plan, session, plan.start)
            return after, (Answer(), *commands)
        case (Phase.NEW, KeyPressed()):
            return session, ()

        case (Phase.SPEAKING, PromptEnded(token=token)) if token == session.token:
            return _spoken(plan, session, now)
        case (Phase.SPEAKING, KeyPressed(key=key)):
            return _keep(session, key), ()
        case (Phase.SPEAKING, PromptEnded() | Woke()):
            return session, ()

        case (Phase.LISTENING, KeyPressed(key=key)) if key in _KEYS:
            return _choose(plan, session, key)
        case (Phase.LISTENING, Woke(token=token)) if token == session.token:
            return _fail(plan, session, silent=True)
        case (Phase.LISTENING, KeyPressed() | PromptEnded() | Woke()):
            return session, ()

        case (Phase.WAITING | Phase.TALKING, AgentJoined()):
            return replace(session, phase=Phase.TALKING), ()
        case (Phase.WAITING | Phase.TALKING, CallReturned(reason=reason)):
            return _returned(plan, session, reason)
        case (Phase.WAITING | Phase.TALKING, KeyPressed() | PromptEnded() | Woke()):
            return session, ()
    raise IllegalTransition(f"{type(event).__name__} while {session.phase.value}")


def _enter(plan: Plan, session: Session, target: NodeId) -> Step:
    """Come to a node, and by kept keys through as many menus as they open."""
    while True:
        session = replace(
            session, node=target, failed=0, heard_key=False, unattended=session.unattended + 1
        )
        if session.unattended > len(plan.nodes):
            return _done(session), (HangUp(),)
        match plan.nodes[target]:
            case Menu(keys=keys, prompts=prompts):
                fitting = [n for n, key in enumerate(session.typed) if key in keys]
                if not fitting:
                    return _speak(replace(session, typed=""), prompts, keys_cut=True)
                target = keys[session.typed[fitting[0]]]
                session = replace(session, typed=session.typed[fitting[0] + 1 :], unattended=0)
            case Say(prompts=prompts):
                return _speak(session, prompts, keys_cut=True)
            case Queue(prompts=()):
                return _queue(plan, session)
            case Queue(prompts=prompts) | Goodbye(prompts=prompts):
                return _speak(replace(session, typed=""), prompts, keys_cut=False)


def _speak(session: Session, prompts: tuple[PromptId, ...], *, keys_cut: bool) -> Step:
    token = session.token + 1
    after = replace(session, phase=Phase.SPEAKING, token=token, wake_at=None)
    return after, (Play(prompts, token, keys_cut),)


def _keep(session: Session, key: str) -> Session:
    if key not in _KEYS or len(session.typed) >= MAX_TYPED:
        return session
    return replace(session, typed=session.typed + key)


def _spoken(plan: Plan, session: Session, now: float) -> Step:
    """The node's prompts are over."""
    match plan.nodes[session.node]:
        case Say(goto=goto):
            return _enter(plan, session, goto)
        case Menu(wait_s=wait_s):
            if session.typed:
                return _choose(plan, replace(session, typed=session.typed[1:]), session.typed[0])
            token, at = session.token + 1, now + wait_s
            after = replace(session, phase=Phase.LISTENING, token=token, wake_at=at)
            return after, (WakeAt(at, token),)
        case Queue():
            return _queue(plan, session)
        case Goodbye():
            return _done(session), (HangUp(),)


def _choose(plan: Plan, session: Session, key: str) -> Step:
    """The caller pressed a key at a menu; what was typed after it stays for the next one."""
    target = _menu(plan, session).keys.get(key)
    if target is None:
        return _fail(plan, session, silent=False)
    return _enter(plan, replace(session, unattended=0), target)


def _fail(plan: Plan, session: Session, *, silent: bool) -> Step:
    """A turn without a fitting key. Keys typed behind a wrong one are dropped with it."""
    menu = _menu(plan, session)
    failed, heard_key = session.failed + 1, session.heard_key or not silent
    unattended = session.unattended if silent else 0
    session = replace(session, typed="", failed=failed, heard_key=heard_key, unattended=unattended)
    if failed >= menu.tries:
        return _enter(plan, session, menu.otherwise if heard_key else menu.when_silent)
    hint = menu.no_input if silent else menu.wrong_key
    return _speak(session, (hint, *menu.prompts), keys_cut=True)


def _menu(plan: Plan, session: Session) -> Menu:
    node = plan.nodes[session.node]
    if not isinstance(node, Menu):
        raise IllegalTransition(f"a key at '{session.node}', which is no menu")
    return node


def _queue(plan: Plan, session: Session) -> Step:
    node = plan.nodes[session.node]
    if not isinstance(node, Queue):
        raise IllegalTransition(f"'{session.node}' is no queue")
    after = replace(session, phase=Phase.WAITING, typed="", wake_at=None)
    return after, (EnterQueue(node.queue),)


def _returned(plan: Plan, session: Session, reason: ReturnReason) -> Step:
    """The caller is the dialogue's again: after a talk, or because the queue takes no call."""
    node = plan.nodes[session.node]
    if not isinstance(node, Queue):
        raise IllegalTransition(f"'{session.node}' is no queue")
    if reason is ReturnReason.TALK_OVER:
        return _enter(plan, replace(session, unattended=0), node.then)
    return _enter(plan, session, node.refused)


def _done(session: Session) -> Session:
    return replace(session, phase=Phase.DONE, typed="", wake_at=None)
