"""One call's dialogue: the whole table of phase and event, enumerated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.dialplan import Plan, load_plan
from ivr.flow.advance import advance
from ivr.flow.events import (
    AgentJoined,
    CallerHungUp,
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
from ivr.flow.moves import IllegalTransition
from ivr.flow.session import Phase, Session, open_session
from queues.centre.commands import ReturnReason
from queues.ids import CallId, LineId
from tests.unit.ivr.flow.flow_call import EARS, EARS_TEXT, NOW, Call

ALARM = load_plan(
    EARS_TEXT.replace("more: k}", "more: k, alarm: l}")
    + "  alarm: {emergency: alarm, refused: human}\n"
    + 'emergency: alarm\nemergency_key: "8"\n',
    file="alarm.yaml",
    queues=["service"],
)


def plan_of(phase: Phase) -> Plan:
    return ALARM if phase is Phase.EMERGENCY else EARS


def at(phase: Phase) -> Session:
    call = open_session(CallId("c1"), LineId("100"), EARS)
    sessions = {
        Phase.NEW: call,
        Phase.SPEAKING: Call(EARS).told_the_hours().session,
        Phase.ASKING: Call(EARS).at_main().session,
        Phase.LISTENING: Call(EARS, listening=False).listening_at_main().session,
        Phase.WAITING: Call(EARS).waiting().session,
        Phase.TALKING: Call(EARS).talking().session,
        Phase.EMERGENCY: replace(
            open_session(CallId("c1"), LineId("100"), ALARM), phase=Phase.EMERGENCY, node="alarm"
        ),
        Phase.DONE: replace(call, phase=Phase.DONE),
    }
    assert sessions[phase].phase is phase
    return sessions[phase]


SAME, WRONG = "no change", "illegal"
SPEAKING, ASKING = Phase.SPEAKING, Phase.ASKING
EVENTS = (
    "started", "prompt", "old prompt", "key", "no key", "woke", "old wake",
    "joined", "over", "refused",
    "heard", "old heard", "not understood", "old not understood", "nothing", "old nothing",
    "ears failed", "old ears failed", "talked on", "old talked on",
    "helped", "unhelped",
)  # fmt: skip
UNHEARD = (SAME,) * 10  # what listening brings where nobody listens any more
TABLE = {
    Phase.NEW: (SPEAKING, WRONG, WRONG, SAME, SAME, *(WRONG,) * 17),
    SPEAKING: (
        WRONG, ASKING, SAME, "kept", SAME, SAME, SAME, WRONG, WRONG, WRONG, ASKING, *UNHEARD[1:],
        SAME, SAME,
    ),
    ASKING: (
        WRONG, SAME, SAME, SPEAKING, SAME, SAME, SAME, WRONG, WRONG, WRONG,
        SPEAKING, SAME, ASKING, SAME, ASKING, SAME, SPEAKING, SAME, SPEAKING, SAME, SAME, SAME,
    ),
    Phase.LISTENING: (
        WRONG, SAME, SAME, SPEAKING, SAME, SPEAKING, SAME, WRONG, WRONG, WRONG, *UNHEARD,
        SAME, SAME,
    ),
    Phase.WAITING: (
        WRONG, SAME, SAME, SAME, SAME, SAME, SAME, Phase.TALKING, ASKING, SPEAKING, *UNHEARD,
        SAME, SAME,
    ),
    Phase.TALKING: (
        WRONG, SAME, SAME, SAME, SAME, SAME, SAME, SAME, ASKING, SPEAKING, *UNHEARD, SAME, SAME,
    ),
    Phase.EMERGENCY: (WRONG, *(SAME,) * 9, *UNHEARD, SPEAKING, SPEAKING),
    Phase.DONE: (SAME,) * len(EVENTS),
}  # fmt: skip


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("name", EVENTS)
def test_each_phase_meets_each_event_as_the_table_says(phase: Phase, name: str) -> None:
    session = at(phase)
    token = session.token - name.startswith("old")
    event: Event = {
        "started": CallStarted(),
        "prompt": PromptEnded(token, cut=name.startswith("old")),
        "key": KeyPressed("4"),
        "no key": KeyPressed("12"),
        "woke": Woke(token),
        "wake": Woke(token),
        "joined": AgentJoined(),
        "over": CallReturned(ReturnReason.TALK_OVER),
        "refused": CallReturned(ReturnReason.REFUSED),
        "heard": Heard(token, "opening hours"),
        "not understood": NotUnderstood(token),
        "nothing": HeardNothing(token),
        "ears failed": ListeningFailed(token),
        "talked on": TalkedOn(token),
        "helped": EmergencyOver(reached=True),
        "unhelped": EmergencyOver(reached=False),
    }[name.removeprefix("old ")]
    expected = TABLE[phase][EVENTS.index(name)]
    if expected == WRONG:
        with pytest.raises(IllegalTransition, match=f"{type(event).__name__} while {phase.value}"):
            advance(plan_of(phase), session, event, now=NOW)
        return
    after, commands = advance(plan_of(phase), session, event, now=NOW)
    if expected == SAME:
        assert (after, commands) == (session, ())
    elif expected == "kept":
        assert (after, commands) == (replace(session, typed="4"), ())
    else:
        assert after.phase is expected
        assert commands or expected is Phase.TALKING


@pytest.mark.parametrize("phase", Phase)
def test_a_caller_may_hang_up_at_any_time_and_nothing_more_is_done(phase: Phase) -> None:
    after, commands = advance(plan_of(phase), at(phase), CallerHungUp(), now=NOW)
    assert (after.phase, commands) == (Phase.DONE, ())
