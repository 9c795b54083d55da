"""What is remembered of one caller's dialogue between two events, and how it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ivr.dialplan.plan import NodeId, Plan
from queues.cards import By, CardEntry
from queues.ids import CallId, LineId, QueueId


class Phase(StrEnum):
    """What the caller experiences."""

    NEW = "new"  # rings; the dialogue has not begun
    SPEAKING = "speaking"  # prompts are played; keys are kept
    ASKING = "asking"  # a menu speaks and listens at once, or listens after it has spoken
    LISTENING = "listening"  # a menu has spoken and waits for a key, with a deadline
    WAITING = "waiting"  # in a queue, with music
    TALKING = "talking"  # with an agent
    EMERGENCY = "emergency"  # the standing emergency number rings, or talks with the caller
    DONE = "done"  # the call is over, or is being ended


@dataclass(frozen=True, slots=True)
class Session:
    """One caller's dialogue.

    `plan` is the hash of the plan it runs on. `token` is the last one given away, `wake_at` the
    deadline (Unix seconds) that belongs to it while listening. `typed` holds keys not yet used:
    they are personal and stand in no repr. `failed` counts the failed turns in a row at this menu,
    `answered` says whether one of them was more than silence; `misheard` counts how often in the
    call a menu said that it did not understand; `unattended` counts nodes since the caller did
    anything. `listening` says whether the caller is listened to at this node where the plan
    listens, as far as is known; `told_listening` whether the caller heard to its end that a machine
    listens, and `keys_told` whether one who is not listened to was told to use keys. `holds` is the
    queue's node whose place is held while the caller is at a way out of it, `queued_at` when the
    caller began to wait (Unix seconds), `told` how often one who waits was told something.
    `left` is the queue that was left for the one waited in now, `overdue` the last one that gave
    the caller back after the longest wait. `card` holds the caller's answers so far.
    """

    call: CallId
    line: LineId
    plan: str
    phase: Phase
    node: NodeId
    token: int = 0
    wake_at: float | None = None
    typed: str = field(default="", repr=False)
    failed: int = 0
    answered: bool = False
    misheard: int = 0
    unattended: int = 0
    listening: bool = False
    told_listening: bool = False
    keys_told: bool = False
    holds: NodeId | None = None
    queued_at: float | None = None
    told: int = 0
    left: QueueId | None = None
    overdue: QueueId | None = None
    card: tuple[CardEntry, ...] = field(default=(), repr=False)

    @property
    def ended(self) -> bool:
        """Whether the call is over, or is being ended: no event changes anything any more."""
        return self.phase is Phase.DONE


def open_session(
    call: CallId, line: LineId, plan: Plan, *, listening: bool | None = None
) -> Session:
    """The session of a call that rings on a line with this plan; `CallStarted` sets it going.

    `listening` False is for a call that cannot be listened to now: where the plan listens its
    caller is told to use keys. By default every call on a plan that listens is listened to.
    """
    listens = plan.listens and listening is not False
    return Session(
        call=call, line=line, plan=plan.hash, phase=Phase.NEW, node=plan.start, listening=listens
    )


def session_to_json(session: Session) -> dict[str, Any]:
    """The session as values JSON knows. It holds keys and words: personal, to be stored as such."""
    return {
        "call": session.call,
        "line": session.line,
        "plan": session.plan,
        "phase": session.phase.value,
        "node": session.node,
        "token": session.token,
        "wake_at": session.wake_at,
        "typed": session.typed,
        "failed": session.failed,
        "answered": session.answered,
        "misheard": session.misheard,
        "unattended": session.unattended,
        "listening": session.listening,
        "told_listening": session.told_listening,
        "keys_told": session.keys_told,
        "holds": session.holds,
        "queued_at": session.queued_at,
        "told": session.told,
        "left": session.left,
        "overdue": session.overdue,
        "card": [[e.node, e.by.value, e.said, e.led_to, e.at] for e in session.card],
    }


def session_from_json(stored: Mapping[str, Any]) -> Session:
    """The session that `session_to_json` stored, that of an older release too.

    Raises `KeyError`, `TypeError` or `ValueError` for others.
    """
    wake_at, queued_at, holds = stored["wake_at"], stored.get("queued_at"), stored.get("holds")
    left, overdue = stored.get("left"), stored.get("overdue")
    return Session(
        call=CallId(str(stored["call"])),
        line=LineId(str(stored["line"])),
        plan=str(stored["plan"]),
        phase=Phase(str(stored["phase"])),
        node=NodeId(str(stored["node"])),
        token=int(stored["token"] or 0),
        wake_at=None if wake_at is None else float(wake_at),
        typed=str(stored["typed"]),
        failed=int(stored["failed"] or 0),
        answered=bool(stored["answered"]),
        misheard=int(stored["misheard"] or 0),
        unattended=int(stored["unattended"] or 0),
        listening=bool(stored["listening"]),
        told_listening=bool(stored.get("told_listening", True)),
        keys_told=bool(stored["keys_told"]),
        holds=None if holds is None else NodeId(str(holds)),
        queued_at=None if queued_at is None else float(queued_at),
        told=int(stored.get("told", 0)),
        left=None if left is None else QueueId(str(left)),
        overdue=None if overdue is None else QueueId(str(overdue)),
        card=tuple(_card_entry(*stored_entry) for stored_entry in stored["card"]),
    )


def _card_entry(node: str, by: str, said: str, to: str, at: float | None = None) -> CardEntry:
    """One answer; up to release 0.1 answers were kept without their time."""
    return CardEntry(node, By(by), said, to, None if at is None else float(at))
