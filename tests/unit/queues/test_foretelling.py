"""Unit: when a call's wait is foretold, with which range, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from queues.centre.estimates.correcting import WEIGHTS, corrected_s
from queues.centre.estimates.estimate import Expected
from queues.centre.estimates.foretelling import range_of_next
from queues.centre.explanations.explain import explain
from queues.centre.explanations.recompute import Verdict, recompute
from queues.centre.facts.estimates import EstimateMade
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered, TransferAsked
from queues.centre.inputs.consults import ConsultAsked
from queues.centre.inputs.offers import AgentLegEnded
from queues.centre.state import Centre
from queues.centre.values.learned import Band, EstimatesLearned, Learned, Pace, Spread
from queues.centre.values.needs import ANYBODY, Need, PoolKey
from queues.ids import AgentId, CallId, LineId
from tests.unit.queues.scenes import BILLING, REPAIRS, settings
from tests.unit.queues.written import Written

PACE: Final = Pace(BILLING, 100.0, 5.0, None)
SPREAD: Final = Spread(BILLING, None, (Band(150.0, 0.2, 1.5, 2.0), Band(None, 0.5, 1.0, 1.5)))
LEARNED: Final = Learned((PACE, replace(PACE, queue=REPAIRS)), (SPREAD,))


GERMAN: Final = Need(language="de")


def scene(learned: Learned = LEARNED, speaks: tuple[str, ...] = ()) -> Written:
    """One agent, who talks."""
    known = settings(("anna", (BILLING, REPAIRS)), wrap_up_s=0.0)
    made = Written(replace(known, agents=(replace(known.agents[0], languages=speaks),)))
    made.take(EstimatesLearned(learned))
    made.ready("anna")
    made.enter("first")
    made.talk("first")
    return made


def told(made: Written, call: str) -> EstimateMade:
    (found,) = [f for f in made.facts if isinstance(f, EstimateMade) and f.call == call]
    return found


def test_a_wait_is_foretold_once_from_low_to_high_by_how_long_it_is() -> None:
    made = scene()
    made.enter("second")
    made.enter("third", after=10)
    second, third = told(made, "second"), told(made, "third")
    assert (second.expected_s, second.foretold_s) == (105.0, 157.5)
    assert (second.low_s, second.high_s) == (21.0, 210.0)
    assert (second.ahead, second.head_s, second.agents) == (0, 0.0, 1)
    assert (third.expected_s, third.low_s, third.high_s) == (205.0, 102.5, 307.5)
    assert (third.ahead, third.head_s) == (1, 10.0)
    call = made.centre.calls[CallId("third")]
    assert (call.talk_from, call.talk_by) == (made.now + 102.5, made.now + 307.5)


def test_nobody_is_foretold_a_wait_whom_an_agent_can_take_at_once() -> None:
    made = scene()
    assert not [fact for fact in made.facts if isinstance(fact, EstimateMade)]
    assert made.centre.calls[CallId("first")].talk_by is None


def test_without_enough_waits_seen_the_wait_is_foretold_but_no_range_is_told() -> None:
    made = scene(Learned((PACE,)))
    made.enter("second")
    found = told(made, "second")
    assert (found.foretold_s, found.low_s, found.high_s) == (105.0, None, None)
    assert made.centre.calls[CallId("second")].talk_from is None
    (why,) = [e.why for e in explain(CallId("second"), made.rows).entries if e.what == found.TYPE]
    assert "no range was told" in why


def test_without_anything_learned_nothing_is_foretold() -> None:
    made = scene(Learned())
    made.enter("second")
    assert not [fact for fact in made.facts if isinstance(fact, EstimateMade)]


def test_a_need_of_its_own_counts_before_that_of_the_whole_queue() -> None:
    own = Spread(BILLING, GERMAN, (Band(None, 0.1, 1.0, 9.0),))
    made = scene(replace(LEARNED, spreads=(SPREAD, own)), speaks=("de",))
    enters = QueueEntered(CallId("plain"), LineId("main"), BILLING)
    made.take(enters)
    made.take(replace(enters, call=CallId("german"), need=GERMAN))
    assert told(made, "plain").high_s == 210.0
    assert told(made, "german").high_s == 9 * 205.0


def test_nobody_is_foretold_a_wait_for_somebody_who_is_not_there() -> None:
    made = scene()
    enters = QueueEntered(CallId("german"), LineId("main"), BILLING, need=GERMAN)
    made.take(enters)
    assert not [fact for fact in made.facts if isinstance(fact, EstimateMade)]


def test_a_call_that_is_passed_on_begins_a_wait_that_is_foretold_anew() -> None:
    made = Written(settings(("anna", (BILLING,)), ("bert", (REPAIRS,))))
    made.take(EstimatesLearned(replace(LEARNED, spreads=(SPREAD, replace(SPREAD, queue=REPAIRS)))))
    made.ready("anna", "bert")
    made.enter("other", REPAIRS)
    made.talk("other")
    made.enter("call")
    made.talk("call")
    made.take(TransferAsked(CallId("call"), AgentId("anna"), REPAIRS, None, 0.0, None), after=30)
    assert told(made, "call").queue == REPAIRS
    assert made.centre.calls[CallId("call")].talk_from == made.now + 21.0


@pytest.mark.parametrize("call", ["a", "z"])  # ids stand on both sides of the consult's
def test_what_its_own_agent_asked_is_not_before_a_call_that_is_passed_on(call: str) -> None:
    made = Written(settings(("anna", (BILLING,)), ("bert", (REPAIRS,))))
    made.take(EstimatesLearned(LEARNED))
    made.ready("anna", "bert")
    made.enter("other", REPAIRS)
    made.talk("other")
    made.enter(call)
    leg = made.talk(call)
    made.take(ConsultAsked(CallId(call), AgentId("anna"), REPAIRS, None, None), after=30)
    made.take(AgentLegEnded(leg), after=5)
    assert (told(made, call).ahead, told(made, call).expected_s) == (0, 105.0)
    (row,) = [row for row in made.rows if row.type == EstimateMade.TYPE and row.subject == call]
    (anew,) = recompute(Centre(), made.rows, {row.seq})
    assert anew.verdict is Verdict.SAME


def test_a_range_is_gone_once_the_talk_begins() -> None:
    made = scene()
    made.enter("second")
    made.take(AgentLegEnded(made.offer("first")))
    made.talk("second")
    call = made.centre.calls[CallId("second")]
    assert (call.talk_from, call.talk_by) == (None, None)


def test_the_words_of_an_explanation_tell_range_and_reason() -> None:
    made = scene()
    made.enter("second")
    (why,) = [e.why for e in explain(CallId("second"), made.rows).entries if "foretold" in e.why]
    assert why == (
        "foretold to wait 21.0 s to 210.0 s from then on: 0 calls before it for its agents, 1 agent"
        " at work; by the formula alone 105.0 s"
    )


@pytest.mark.parametrize(
    ("after_s", "words"),
    [
        (10.0, "sooner than was told"),
        (100.0, "within the range that was told"),
        (211.0, "later than was told"),
    ],
)
def test_an_explanation_tells_with_the_talk_whether_the_range_held(
    after_s: float, words: str
) -> None:
    made = scene()
    made.enter("second")
    made.take(AgentLegEnded(made.offer("first")), after=after_s)
    made.talk("second")
    why = explain(CallId("second"), made.rows).entries[-1].why
    assert why == f"joined with anna after a wait of {after_s:.1f} s, {words}"


def test_of_who_hangs_up_within_the_range_it_tells_that_it_is_not_known() -> None:
    made = scene()
    made.enter("second")
    made.take(CallEnded(CallId("second"), EndCause.HUNG_UP), after=50)
    why = explain(CallId("second"), made.rows).entries[-1].why
    assert why.endswith("50.0 s after it came, before the range that was told was over")


def test_who_came_now_would_be_told_the_range_of_the_last_in_line() -> None:
    made = scene()
    assert range_of_next(made.centre, PoolKey(BILLING), made.now) == (21.0, 210.0)
    made.enter("second")
    assert range_of_next(made.centre, PoolKey(BILLING), made.now) == (102.5, 307.5)
    assert range_of_next(made.centre, PoolKey(REPAIRS), made.now) is None
    free = Written(settings(("anna", (BILLING,))))
    free.take(EstimatesLearned(LEARNED))
    free.ready("anna")
    assert range_of_next(free.centre, PoolKey(BILLING, ANYBODY), free.now) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("weights", "wait_s"),
    [
        ((), 100.0),
        ((10.0, 0.5, 0.25, 3.0), 10 + 50 + 10 + 3 * 4 / 2),
        ((1e6, 0.0, 0.0, 0.0), 300.0),  # not believed
        ((-1e6, 0.0, 0.0, 0.0), 30.0),
    ],
)
def test_a_correction_weighs_the_state_within_bounds(
    weights: tuple[float, ...], wait_s: float
) -> None:
    assert len(weights) in (0, WEIGHTS)
    assert corrected_s(weights, Expected(100.0, 4, None, 2), 40.0) == pytest.approx(wait_s)
