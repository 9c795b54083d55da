"""What each move of a dialogue does: come to a node, speak, ask, take an answer, fail, let go.

When which move is made stands in the table of `advance.py`, and so do the rules they keep.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum

from ivr.dialplan.plan import Goodbye, Menu, NodeId, Plan, PromptId, Queue, Say
from ivr.flow.commands import Answer, Ask, Command, HangUp, LeaveQueue, Play, WakeAt
from ivr.flow.events import CallResumed
from ivr.flow.session import Phase, Session
from ivr.flow.waits import hold, holds_place, overdue, wait, wait_on
from queues.cards import By, CardEntry
from queues.centre.commands import ReturnReason

MAX_TYPED = 8
MAX_MISHEARD = 2
MAX_CARD = 40
KEYS = frozenset("0123456789*#")
HUMAN_KEY = "0"

Step = tuple[Session, tuple[Command, ...]]


class IllegalTransition(Exception):
    """An event that cannot come in this phase: a mistake of the program, not of a caller."""

    code = "illegal_transition"


class Miss(Enum):
    """Why a turn at a menu failed."""

    SILENCE = "silence"
    WRONG_KEY = "wrong key"
    NOT_UNDERSTOOD = "not understood"
    TALKED_ON = "never stopped talking"


def enter(plan: Plan, session: Session, target: NodeId, now: float) -> Step:
    """Come to a node, and by kept keys through as many menus as they open."""
    while True:
        session = replace(
            session, node=target, failed=0, answered=False, unattended=session.unattended + 1
        )
        if session.unattended > len(plan.nodes):
            return end(session)
        match plan.nodes[target]:
            case Menu(keys=keys) as menu:
                fitting = [n for n, key in enumerate(session.typed) if key in keys]
                if not fitting:
                    return _offer(plan, replace(session, typed=""), menu)
                key, rest = session.typed[fitting[0]], session.typed[fitting[0] + 1 :]
                session = replace(session, typed=rest)
                session = _answered(plan, session, By.KEY, key, keys[key], now)
                target = keys[key]
            case Say(goto=goto) as say:
                said = _say(plan, session, say)
                if said is not None:
                    return said
                target = goto
            case Queue() as queue if not queue.prompts or holds_place(plan, session, queue):
                return wait(plan, session, queue, now)
            case Queue(prompts=prompts) | Goodbye(prompts=prompts):
                return _speak(replace(session, typed=""), prompts, keys_cut=False)


def keep(session: Session, key: str) -> Session:
    """A key pressed into a prompt, for the menu that follows."""
    if key not in KEYS or len(session.typed) >= MAX_TYPED:
        return session
    return replace(session, typed=session.typed + key)


def go_on(plan: Plan, session: Session, now: float, *, cut: bool) -> Step:
    """The node's prompts are over. Only who heard them to the end knows what they tell."""
    node = plan.nodes[session.node]
    if not cut and _tells_of_listening(plan, session):
        session = replace(session, told_listening=True)
    match node:
        case Say(goto=goto):
            return enter(plan, session, goto, now)
        case Menu(wait_s=wait_s) as menu:
            if session.typed:
                rest = replace(session, typed=session.typed[1:])
                return choose(plan, rest, session.typed[0], now)
            if menu.listens and session.listening:  # only the notice was spoken
                return _offer(plan, session, menu) if not cut else go_deaf(plan, session)
            token, at = session.token + 1, now + wait_s
            after = replace(session, phase=Phase.LISTENING, token=token, wake_at=at)
            return after, (WakeAt(at, token),)
        case Queue() as queue:
            return wait(plan, session, queue, now)
        case Goodbye():
            if HUMAN_KEY in session.typed and plan.human is not None:
                session = _answered(plan, session, By.KEY, HUMAN_KEY, plan.human, now)
                return enter(plan, replace(session, typed=""), plan.human, now)
            return end(session)


def choose(plan: Plan, session: Session, key: str, now: float) -> Step:
    """The caller pressed a key at a menu; what was typed after it stays for the next one."""
    target = _menu(plan, session).keys.get(key)
    if target is None:
        return fail(plan, session, Miss.WRONG_KEY, now)
    return enter(plan, _answered(plan, session, By.KEY, key, target, now), target, now)


def follow(plan: Plan, session: Session, phrase: str, now: float) -> Step:
    """The caller said a phrase of the menu. Any other was not understood."""
    target = _menu(plan, session).phrases.get(phrase)
    if target is None:
        return fail(plan, session, Miss.NOT_UNDERSTOOD, now)
    return enter(plan, _answered(plan, session, By.VOICE, phrase, target, now), target, now)


def call_for_a_human(plan: Plan, session: Session, phrase: str, now: float) -> Step:
    """The caller asked for a human while something was said. Any other phrase changes nothing."""
    if plan.human is None or phrase not in plan.human_phrases:
        return go_on(plan, session, now, cut=True)
    session = _answered(plan, session, By.VOICE, phrase, plan.human, now)
    return enter(plan, session, plan.human, now)


def fail(plan: Plan, session: Session, miss: Miss, now: float) -> Step:
    """A turn without a fitting answer. Keys typed behind a wrong one are dropped with it."""
    menu = _menu(plan, session)
    failed, answered = session.failed + 1, session.answered or miss is not Miss.SILENCE
    # Noise is no sign of a caller; a key is.
    unattended = 0 if miss is Miss.WRONG_KEY else session.unattended
    session = replace(
        session,
        typed="",
        failed=failed,
        answered=answered,
        unattended=unattended,
    )
    enough = miss is Miss.NOT_UNDERSTOOD and session.misheard >= MAX_MISHEARD
    if failed >= menu.tries or enough:
        return enter(plan, session, menu.otherwise if answered else menu.when_silent, now)
    match miss:
        case Miss.SILENCE:
            return _offer(plan, session, menu, menu.no_input)
        case Miss.WRONG_KEY:
            return _offer(plan, session, menu, menu.wrong_key)
        case Miss.TALKED_ON:
            return go_deaf(plan, session)
        case Miss.NOT_UNDERSTOOD:
            heard = replace(session, misheard=session.misheard + 1)
            return _offer(plan, heard, menu, menu.not_understood)


def take_way_out(plan: Plan, session: Session, key: str, now: float) -> Step:
    """A waiting caller pressed a key; one that leads nowhere changes nothing."""
    target = _queue(plan, session).keys.get(key)
    if target is None:
        return session, ()
    held = hold(_answered(plan, session, By.KEY, key, target, now))
    return enter(plan, held, target, now)


def go_deaf(plan: Plan, session: Session) -> Step:
    """Nobody can listen now: the menu again, by keys; the next menu is tried anew."""
    return _offer(plan, replace(session, listening=False), _menu(plan, session))


def come_back(plan: Plan, session: Session, reason: ReturnReason, now: float) -> Step:
    """The caller is the dialogue's again: after a talk, or because the queue keeps no such call."""
    node = _queue(plan, session)
    session = overdue(replace(session, wake_at=None), node.queue, reason)
    match reason:
        case ReturnReason.TALK_OVER:
            session = replace(
                session, unattended=0, queued_at=None, listening=_may_be_heard(plan, session)
            )
            return enter(plan, session, node.then, now)
        case ReturnReason.FULL:
            follows = node.when_full
        case ReturnReason.NOBODY:
            follows = node.when_nobody
        case ReturnReason.WAITED:
            follows = node.when_long
        case ReturnReason.CLOSED | ReturnReason.CLOSING:
            follows = node.refused if node.when_closed is None else node.when_closed
        case ReturnReason.REFUSED | ReturnReason.FAILED:
            follows = node.refused
    return enter(plan, session, follows, now)


def resume(plan: Plan, session: Session, how: CallResumed, now: float) -> Step:
    """Go on where the service before us was: at the same node, which speaks anew; nothing counts.

    What was said or typed into a prompt that nobody heard the end of is kept as it was stored.
    """
    session = replace(session, listening=how.listening, wake_at=None, holds=None, left=None)
    if how.talks:
        return replace(session, phase=Phase.TALKING, typed=""), ()
    match session.phase, plan.nodes[session.node]:
        case (Phase.NEW, _):
            after, commands = enter(plan, session, plan.start, now)
            return after, (Answer(), *commands)
        case (Phase.WAITING | Phase.TALKING, Queue()):
            if how.waits:
                return wait_on(plan, replace(session, phase=Phase.WAITING), now)
            if session.phase is Phase.WAITING:
                return wait(plan, session, _queue(plan, session), now)
            return come_back(plan, session, ReturnReason.TALK_OVER, now)
        case (_, Menu() as menu):
            return _offer(plan, session, menu)
        case (_, Queue(prompts=()) as queue):
            return wait(plan, session, queue, now)
        case (_, Say(goto=goto) as say):
            return _say(plan, session, say) or enter(plan, session, goto, now)
        case (_, Queue(prompts=prompts) | Goodbye(prompts=prompts)):
            return _speak(session, prompts, keys_cut=False)
    raise IllegalTransition(f"nothing to go on with in {session.phase.value}")


def end(session: Session) -> Step:
    """Hang up. A place that is held is given up first, or an agent would be joined to nobody."""
    commands: tuple[Command, ...] = (HangUp(),)
    if session.holds is not None:
        commands = (LeaveQueue(), *commands)
    return replace(done(session), holds=None), commands


def done(session: Session) -> Session:
    """The call is over, or is being ended."""
    return replace(session, phase=Phase.DONE, typed="", wake_at=None)


def _answered(
    plan: Plan, session: Session, by: By, said: str, target: NodeId, now: float
) -> Session:
    """An answer that led somewhere, for the card; the oldest go first when it is full.

    Whom nobody could listen to is listened to again, if there is room by then.
    """
    entry = CardEntry(session.node, by, said, target, now)
    card = (*session.card, entry)[-MAX_CARD:]
    return replace(session, unattended=0, listening=_may_be_heard(plan, session), card=card)


def _may_be_heard(plan: Plan, session: Session) -> bool:
    """Whether listening is tried again.

    Not for one whom nobody could listen to from the first on, as on a line without a model: such a
    caller would be told that a machine listens, and it would not.
    """
    return plan.listens and (session.listening or session.told_listening)


def _offer(plan: Plan, session: Session, menu: Menu, hint: PromptId | None = None) -> Step:
    """The menu speaks, behind a hint, and listens if it does and the caller is listened to.

    Who was not told that a machine listens is told first, and the menu follows at the end of that.
    """
    listens = menu.listens and session.listening
    lead = [hint]
    if listens and not session.told_listening and plan.listening_notice is not None:
        lead.insert(0, plan.listening_notice)
        return _speak(session, _named(lead), keys_cut=True)
    if menu.listens and not listens and not session.keys_told:
        session = replace(session, keys_told=True)
        lead.insert(0, menu.keys_only)
    prompts = (*_named(lead), *menu.prompts)
    if not listens:
        return _speak(session, prompts, keys_cut=True)
    token = session.token + 1
    after = replace(session, phase=Phase.ASKING, token=token, wake_at=None)
    return after, (Ask(prompts, tuple(menu.phrases), token, menu.wait_s),)


def _say(plan: Plan, session: Session, say: Say) -> Step | None:
    """Speak, and listen for the words for a human; None where nothing is left to say.

    To a caller who is not listened to nobody says that a machine listens, and nobody listens to one
    who does not know it yet.
    """
    notice = plan.listening_notice
    if plan.listens and notice in say.prompts and not session.listening:
        prompts = _named(plan.keys_notice if p == notice else p for p in say.prompts)
        told = session.keys_told or plan.keys_notice is not None
        session = replace(session, keys_told=told)
        return _speak(session, prompts, keys_cut=True) if prompts else None
    if not (session.listening and session.told_listening and plan.human_phrases):
        return _speak(session, say.prompts, keys_cut=True)
    return _speak(session, say.prompts, keys_cut=True, phrases=plan.human_phrases)


def _tells_of_listening(plan: Plan, session: Session) -> bool:
    """Whether the prompts that are spoken at this node say that a machine listens."""
    node, listening = plan.nodes[session.node], session.listening
    match node:
        case Menu() if node.listens and listening:
            return True
        case Say() if not listening:
            return False
        case _:
            return plan.listening_notice in node.prompts


def _named(prompts: Iterable[PromptId | None]) -> tuple[PromptId, ...]:
    return tuple(prompt for prompt in prompts if prompt is not None)


def _speak(
    session: Session,
    prompts: tuple[PromptId, ...],
    *,
    keys_cut: bool,
    phrases: tuple[str, ...] = (),
) -> Step:
    token = session.token + 1
    after = replace(session, phase=Phase.SPEAKING, token=token, wake_at=None)
    return after, (Play(prompts, token, keys_cut, phrases),)


def _menu(plan: Plan, session: Session) -> Menu:
    node = plan.nodes[session.node]
    if not isinstance(node, Menu):
        raise IllegalTransition(f"an answer at '{session.node}', which is no menu")
    return node


def _queue(plan: Plan, session: Session) -> Queue:
    node = plan.nodes[session.node]
    if not isinstance(node, Queue):
        raise IllegalTransition(f"'{session.node}' is no queue")
    return node
