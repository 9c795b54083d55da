"""Unit: an agent's leg by its table; whose end it was, and why a phone did not answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.legs import (
    CALLER_FOLLOWS_S,
    HANG_UP_FOLLOWS_S,
    Leg,
    LegEvent,
    LegState,
    Step,
    Told,
    refuse_cause,
    step,
)
from queues.centre.inputs.offers import RefuseCause

E, S = LegEvent, LegState

# Every pair that does something; all others change nothing.
TABLE: dict[tuple[LegState, LegEvent], tuple[LegState, Told | None, bool]] = {
    (S.DIALLED, E.RANG): (S.RINGING, None, False),
    **{(s, E.IN_AGI): (S.ANSWERED, Told.ANSWERED, False)
       for s in (S.DIALLED, S.RINGING, S.FAILING)},
    **{(s, e): (S.FAILING, None, False)
       for s in (S.DIALLED, S.RINGING) for e in (E.DIAL_FAILED, E.ENDED)},
    **{(S.FAILING, e): (S.GONE, Told.REFUSED, False) for e in (E.DIAL_FAILED, E.ENDED, E.DUE)},
    **{(s, E.VANISHED): (S.GONE, Told.REFUSED, False) for s in (S.DIALLED, S.RINGING, S.FAILING)},
    **{(s, E.JOINED): (S.TALKS, Told.TALK_STARTED, False) for s in (S.ANSWERED, S.HELD)},
    **{(s, E.TO_HOLD): (S.HELD, None, False) for s in (S.TALKS, S.PARTED, S.BACK)},
    **{(s, E.TO_JOIN): (S.ANSWERED, None, False) for s in (S.TALKS, S.PARTED, S.BACK, S.HELD)},
    (S.TALKS, E.IN_AGI): (S.BACK, None, False),
    **{(s, E.CALLER_ENDED): (S.ENDING, None, False) for s in (S.TALKS, S.PARTED, S.BACK)},
    (S.TALKS, E.CALLER_BACK): (S.PARTED, None, False),
    (S.PARTED, E.IN_AGI): (S.ENDING, Told.OVER, True),
    (S.BACK, E.CALLER_BACK): (S.ENDING, Told.OVER, True),
    **{(s, E.DUE): (S.ENDING, Told.OVER, True) for s in (S.PARTED, S.BACK)},
    **{(s, e): (S.GONE, Told.OVER, False)
       for s in (S.ANSWERED, S.TALKS, S.PARTED, S.BACK, S.HELD) for e in (E.ENDED, E.VANISHED)},
    **{(S.ENDING, e): (S.ENDING, None, True) for e in (E.RANG, E.IN_AGI)},
    **{(S.ENDING, e): (S.GONE, None, False) for e in (E.ENDED, E.DIAL_FAILED, E.VANISHED)},
    **{(s, E.CANCELLED): (S.ENDING, None, False) for s in S if s is not S.GONE},
}  # fmt: skip


@pytest.mark.parametrize("event", E)
@pytest.mark.parametrize("state", S)
def test_the_whole_table(state: LegState, event: LegEvent) -> None:
    after = step(Leg(state=state), event, now=100.0)
    expected = TABLE.get((state, event), (state, None, False))
    assert (after.leg.state, after.told, after.hang_up) == expected


@pytest.mark.parametrize("state", [S.ANSWERED, S.TALKS, S.PARTED, S.BACK, S.HELD])
def test_a_leg_whose_phone_went_away_is_told_as_lost(state: LegState) -> None:
    after = step(Leg(state=state), E.ENDED, now=100.0, lost=True)
    assert (after.leg.state, after.told, after.hang_up) == (S.GONE, Told.LOST, False)


def run(*events: tuple[LegEvent, int | None, str | None]) -> tuple[Leg, list[Told]]:
    leg, told = Leg(), []
    for event, reason, code in events:
        after: Step = step(leg, event, now=0.0, reason=reason, code=code)
        leg = after.leg
        if after.told is not None:
            told.append(after.told)
    return leg, told


FAILED = [
    ("busy", False, 0, "486", RefuseCause.DECLINED),
    ("pressed reject", True, 0, "603", RefuseCause.DECLINED),
    ("rang out", True, 3, "480", RefuseCause.NO_ANSWER),
    ("no sign of life", False, 3, "480", RefuseCause.UNREACHABLE),
    ("our network", False, 0, "503", RefuseCause.FAILED),
    ("never dialled", False, 0, None, RefuseCause.UNREACHABLE),
]


@pytest.mark.parametrize("hang_up_first", [False, True])
@pytest.mark.parametrize(("what", "rang", "reason", "code", "cause"), FAILED)
def test_the_cause_does_not_depend_on_which_word_comes_first(
    what: str, rang: bool, reason: int, code: str | None, cause: RefuseCause, hang_up_first: bool
) -> None:
    words = [(E.DIAL_FAILED, reason, None), (E.ENDED, None, code)]
    if hang_up_first:
        words.reverse()
    leg, told = run(*([(E.RANG, None, None)] if rang else []), *words)
    assert told == [Told.REFUSED], what
    assert refuse_cause(leg) is cause


def test_a_phone_that_was_never_dialled_is_told_after_a_moment() -> None:
    waiting = step(Leg(), E.DIAL_FAILED, now=10.0, reason=0).leg
    assert waiting.due == 10.0 + HANG_UP_FOLLOWS_S
    assert step(waiting, E.DUE, now=11.0).told is Told.REFUSED


def test_a_leg_that_is_back_waits_for_word_of_its_caller() -> None:
    back = step(Leg(state=S.TALKS), E.IN_AGI, now=10.0).leg
    assert back.due == 10.0 + CALLER_FOLLOWS_S
    assert step(back, E.CALLER_ENDED, now=10.1) == Step(Leg(state=S.ENDING))


@given(st.lists(st.sampled_from(list(E)), max_size=30))
def test_nothing_is_told_twice_or_after_the_end(events: list[LegEvent]) -> None:
    leg, told = run(*((event, 0, "486") for event in events))
    once = [each for each in told if each is not Told.TALK_STARTED]  # they may be joined anew
    assert len(once) == len(set(once))
    assert not {Told.REFUSED, Told.OVER} <= set(told)
    if Told.TALK_STARTED in told:
        assert told.index(Told.ANSWERED) < told.index(Told.TALK_STARTED)
    if leg.state is S.GONE:
        assert leg.due is None
