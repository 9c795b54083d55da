"""What follows for a caller from each thing that happens: the whole dialogue as one table.

| phase     | CallStarted | PromptEnded | KeyPressed | Woke    | AgentJoined | CallReturned  |
|-----------|-------------|-------------|------------|---------|-------------|---------------|
| NEW       | answer, go  | illegal     | ignored    | illegal | illegal     | illegal       |
| SPEAKING  | illegal     | go on       | kept       | stale   | illegal     | illegal       |
| ASKING    | illegal     | stale       | choose     | stale   | illegal     | illegal       |
| LISTENING | illegal     | stale       | choose     | silence | illegal     | illegal       |
| WAITING   | illegal     | music on    | way out    | tell    | TALKING     | then, refused |
| TALKING   | illegal     | stale       | ignored    | stale   | TALKING     | then, refused |
| EMERGENCY | illegal     | stale       | ignored    | stale   | ignored     | ignored       |
| DONE      | ignored     | ignored     | ignored    | ignored | ignored     | ignored       |

| phase      | Heard   | NotUnderstood | HeardNothing | TalkedOn          | ListeningFailed |
|------------|---------|---------------|--------------|-------------------|-----------------|
| NEW        | illegal | illegal       | illegal      | illegal           | illegal         |
| SPEAKING   | a human | stale         | stale        | stale             | stale           |
| ASKING     | follow  | failed turn   | silence      | failed turn, keys | keys            |
| DONE       | ignored | ignored       | ignored      | ignored           | ignored         |
| each other | stale   | stale         | stale        | stale             | stale           |

`EmergencyOver` leads from EMERGENCY on to `then` or `refused`, is illegal in NEW, else stale.
`CallerHungUp` ends every phase in DONE without a command. `CallResumed` is told first to a session
that another service stored, and to a living one whose channel was elsewhere: in every phase but
DONE it goes on at the same node (`moves.resume`).

The rules:
1. One thing at a time. While prompts are played keys are only kept (at most `MAX_TYPED`); at
   `PromptEnded` they are used. So no command is ever sent into a running `Play`. An `Ask` is used
   up by its first answer or key, and the command that follows ends it.
2. While a `say` is spoken to someone who was told that a machine listens, a word for a human leads
   to one; whatever else is said, the prompt goes on. A key cuts a `say` and is kept for the next
   menu. A kept key that does not fit there is dropped and the menu speaks. A key pressed in a
   menu's own prompts that does not fit is a failed turn.
3. A failed turn (a wrong key, words not understood, or silence for `wait_s` after the prompts) is
   answered by one short prompt and the menu again. After `tries` of them in a row, in any mix, the
   caller goes to `otherwise`; if all of them were silence, to `when_silent`.
4. Nobody hears three times in a call that something was not understood: the third time leads to
   `otherwise` at once.
5. A menu with phrases asks while the session is `listening`. In it a key wins over words at any
   time: what is heard later has an old token.
6. When listening fails, the menu is spoken again, to be answered by keys; that is no failed turn.
   So it goes on for one who never stops talking, and for that it is one. With the next answer, or
   after a talk, listening is tried again, but for one whom nobody heard from the first on. Who is
   not listened to where the plan listens is told to
   use keys once in a call (`keys_only`, or `keys_notice` in the welcome). Nobody is listened to who
   did not hear the `listening_notice` to its end: while it is spoken nobody listens, and who cut it
   hears it in a `Play` of its own ahead of the next menu that listens.
7. The announcement of a queue and a goodbye are not cut; keys in them and in the queue are dropped,
   but for key 0 in a goodbye: when it is spoken, a human follows and no hang-up.
8. After an agent joined nothing is played until the caller is returned.
9. Each `Play`, `Ask` and `WakeAt` takes a token of its own; what comes with another one is stale.
10. Nobody wanders: after as many nodes as the plan has without a key, an understood phrase or an
    agent, the call is ended. A checked plan comes to that only by endless noise.
11. A key leads a waiting caller out of the queue by the node's `keys`; the place is held (`waits`):
    then an agent may join in any phase, and the queue may give the place up. What a queue says that
    was left for another one is stale.
12. The emergency key and words lead to the emergency node from everywhere, straight: what else was
    typed is dropped, a place in a queue is given up. Who is there is nobody's caller until
    `EmergencyOver`: an agent who was to join is not.
13. In every phase but DONE the caller has a prompt, an ask, a deadline, a queue, an agent or the
    emergency number.

Illegal is only what no race of the real world can bring: it raises and changes nothing.
"""

from __future__ import annotations

from ivr.dialplan.plan import Plan
from ivr.flow.commands import Answer, HangUp
from ivr.flow.events import (
    AgentJoined,
    CallerHungUp,
    CallResumed,
    CallReturned,
    CallStarted,
    EmergencyOver,
    Event,
    Heard,
    HeardNothing,
    KeyPressed,
    ListeningFailed,
    NotUnderstood,
    PromptEnded,
    TalkedOn,
    Woke,
)
from ivr.flow.moves import (
    KEYS,
    IllegalTransition,
    Miss,
    Step,
    back_from_emergency,
    call_for_a_human,
    choose,
    come_back,
    done,
    enter,
    fail,
    follow,
    go_deaf,
    go_on,
    keep,
    resume,
    take_way_out,
)
from ivr.flow.session import Phase, Session
from ivr.flow.waits import join, left_already, lose, tell, wait_on


def advance(plan: Plan, session: Session, event: Event, *, now: float) -> Step:
    """The session after the event, and what is to be done now, in this order.

    `now` is Unix time in seconds. Raises `IllegalTransition` for an event that cannot come in this
    phase, or when the session runs on another plan than the one given.
    """
    if session.plan != plan.hash:
        raise IllegalTransition(f"session of plan {session.plan:.12} given plan {plan.hash:.12}")
    match session.phase, event:
        case (Phase.DONE, CallResumed()):
            return session, (HangUp(),)
        case (Phase.DONE, _):
            return session, ()
        case (_, CallerHungUp()):
            return done(session), ()

        case (_, CallResumed()):
            return resume(plan, session, event, now)

        case (Phase.NEW, CallStarted()):
            after, commands = enter(plan, session, plan.start, now)
            return after, (Answer(), *commands)
        case (Phase.NEW, KeyPressed()):
            return session, ()

        case (Phase.SPEAKING, PromptEnded(token=token, cut=cut)) if token == session.token:
            return go_on(plan, session, now, cut=cut)
        case (Phase.SPEAKING, Heard(token=token, phrase=phrase)) if token == session.token:
            return call_for_a_human(plan, session, phrase, now)
        case (Phase.SPEAKING, KeyPressed(key=key)):
            return keep(session, key), ()

        case (Phase.ASKING | Phase.LISTENING, KeyPressed(key=key)) if key in KEYS:
            return choose(plan, session, key, now)
        case (Phase.ASKING, Heard(token=token, phrase=phrase)) if token == session.token:
            return follow(plan, session, phrase, now)
        case (Phase.ASKING, NotUnderstood(token=token)) if token == session.token:
            return fail(plan, session, Miss.NOT_UNDERSTOOD, now)
        case (Phase.ASKING, HeardNothing(token=token)) if token == session.token:
            return fail(plan, session, Miss.SILENCE, now)
        case (Phase.ASKING, TalkedOn(token=token)) if token == session.token:
            return fail(plan, session, Miss.TALKED_ON, now)
        case (Phase.ASKING, ListeningFailed(token=token)) if token == session.token:
            return go_deaf(plan, session)
        case (Phase.LISTENING, Woke(token=token)) if token == session.token:
            return fail(plan, session, Miss.SILENCE, now)

        case (Phase.WAITING, Woke(token=token)) if token == session.token:
            return tell(plan, session)
        case (Phase.WAITING, PromptEnded(token=token)) if token == session.token and session.told:
            return wait_on(plan, session, now)
        case (Phase.WAITING, KeyPressed(key=key)):
            return take_way_out(plan, session, key, now)
        case (Phase.EMERGENCY, EmergencyOver(reached=reached)):
            return back_from_emergency(plan, session, now, reached=reached)
        case (Phase.EMERGENCY, AgentJoined() | CallReturned()):
            return session, ()
        case (Phase.WAITING | Phase.TALKING, AgentJoined()):
            return join(session), ()
        case (_, AgentJoined()) if session.holds is not None:
            return join(session), ()
        case (_, CallReturned()) if left_already(plan, session, event):
            return session, ()
        case (_, CallReturned(reason=reason)) if session.holds is not None:
            return lose(plan, session, reason), ()
        case (Phase.WAITING | Phase.TALKING, CallReturned(reason=reason)):
            return come_back(plan, session, reason, now)

        case (Phase.NEW, _):
            pass
        case (_, PromptEnded() | KeyPressed() | Woke() | EmergencyOver()):
            return session, ()  # stale, or a key that nobody waits for
        case (_, Heard() | NotUnderstood() | HeardNothing() | TalkedOn() | ListeningFailed()):
            return session, ()
    raise IllegalTransition(f"{type(event).__name__} while {session.phase.value}")
