"""Unit: what must hold of any day, read from its facts alone, beside the centre's own state."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from queues.centre.explanations.explain import explain
from queues.centre.explanations.recompute import Verdict, recompute
from queues.centre.explanations.wait import WaitFollowed
from queues.centre.facts.agents import AgentForgotten, AgentPaused, AgentSignedOut
from queues.centre.facts.calls import (
    CallClosed,
    CallMoved,
    CallOwed,
    CallQueued,
    CallRequeued,
    CallReturned,
    CallTakenBack,
    CallTransferred,
    NeedRelaxed,
)
from queues.centre.facts.consults import ConsultBegan, ConsultCompleted, ConsultEnded
from queues.centre.facts.offers import OfferMade, OfferMissed, OfferWithdrawn, TalkBegan, TalkEnded
from queues.centre.journal.snapshot import to_snapshot
from queues.centre.lives.call import WITH_AGENT
from queues.centre.recovery import recover
from queues.centre.replay import replay
from queues.centre.state import Centre
from queues.centre.values.needs import ANYBODY, Relaxed
from tests.unit.queues.random_day import LAW, MARKED, RandomDay

DAYS = st.integers(0, 10_000)
LITTLE = hypothesis_settings(max_examples=25, deadline=None, derandomize=True)


def a_day(seed: int, turns: int = 120) -> RandomDay:
    day = RandomDay(seed)
    day.go_on(turns)
    day.close()
    return day


@given(DAYS)
@LITTLE
def test_each_call_and_each_offer_has_exactly_one_end(seed: int) -> None:
    day = a_day(seed)
    queued = Counter(fact.call for fact in day.of_kind(CallQueued))
    ended = Counter(fact.call for fact in day.of_kind(CallClosed, CallReturned, CallTakenBack))
    assert queued == ended
    offers = day.of_kind(OfferMade)
    over = Counter(fact.offer for fact in day.of_kind(OfferMissed, OfferWithdrawn, TalkEnded))
    assert Counter(fact.offer for fact in offers) == over
    assert set(over.values()) <= {1}
    assert (day.centre.calls, day.centre.offers) == ({}, {})


@given(DAYS)
@LITTLE
def test_nobody_is_rung_for_two_calls_and_no_call_rings_at_two_phones(seed: int) -> None:
    alive: dict[str, OfferMade] = {}
    for fact in a_day(seed).facts:
        match fact:
            case OfferMade():
                for other in alive.values():
                    assert not {fact.call, fact.agent, fact.place} & {
                        other.call,
                        other.agent,
                        other.place,
                    }
                alive[fact.offer] = fact
            case OfferMissed() | OfferWithdrawn() | TalkEnded():
                del alive[fact.offer]
            case AgentPaused() | AgentSignedOut() | AgentForgotten():
                assert fact.agent not in {other.agent for other in alive.values()}
            case _:
                pass


@given(DAYS)
@LITTLE
def test_nobody_is_overtaken_by_a_call_of_the_same_need_and_priority(seed: int) -> None:
    waiting: dict[str, dict[str, Any]] = {}
    for fact in a_day(seed).facts:
        match fact:
            case CallQueued():
                waiting[fact.call] = {
                    "alike": (fact.queue, fact.need, fact.only, fact.credit_s, None),
                    "came": (fact.since, fact.number),
                    "rests_until": 0.0,
                    "rings": False,
                }
            case NeedRelaxed():
                queue, _, _, *others = waiting[fact.call]["alike"]
                waiting[fact.call]["alike"] = (queue, fact.need, None, *others)
            case CallMoved():
                waiting[fact.call]["alike"] = (
                    *(fact.to, ANYBODY, None),
                    *waiting[fact.call]["alike"][3:],
                )
            case CallTransferred():
                credit_s = waiting[fact.call]["alike"][3]
                alike = (fact.to, fact.need, fact.only, credit_s, fact.passed_by)
                waiting[fact.call] |= {"alike": alike, "rings": False, "rests_until": 0.0}
            case ConsultBegan():
                held = waiting[fact.call]
                alike = (fact.queue, fact.need, fact.only, held["alike"][3], fact.agent)
                waiting[fact.consult] = {
                    "alike": alike, "came": held["came"], "rests_until": 0.0, "rings": False,
                }  # fmt: skip
            case ConsultEnded():
                del waiting[fact.consult]
            case ConsultCompleted():
                del waiting[fact.consult]
                waiting[fact.call]["rings"] = True
            case CallOwed():
                waiting[fact.call]["alike"] = (*waiting[fact.call]["alike"][:4], None)
            case OfferMade():
                chosen = waiting[fact.call]
                if fact.queue != MARKED:  # whose order is another
                    before = [
                        call
                        for call, other in waiting.items()
                        if other["alike"] == chosen["alike"]
                        and other["came"] < chosen["came"]
                        and not other["rings"]
                        and other["rests_until"] <= fact.at
                    ]
                    assert before == []
                chosen["rings"] = True
            case OfferMissed():
                waiting[fact.call] |= {"rings": False, "rests_until": fact.call_rest_until or 0.0}
            case OfferWithdrawn():
                waiting[fact.call]["rings"] = False
            case CallClosed() | CallReturned() | CallTakenBack():
                del waiting[fact.call]
            case _:
                pass


@given(DAYS)
@LITTLE
def test_needs_relax_at_their_time_step_by_step_and_never_once_a_talk_began(seed: int) -> None:
    due: dict[str, float | None] = {}
    steps: dict[str, int] = {}
    for fact in a_day(seed).facts:
        match fact:
            case CallQueued() | CallTransferred():
                due[fact.call], steps[fact.call] = fact.need_until, fact.steps
            case NeedRelaxed(why=Relaxed.SETTINGS):  # asks anew, for what somebody has
                due[fact.call], steps[fact.call] = fact.until, fact.steps
                assert fact.until is None or fact.until > fact.at
            case NeedRelaxed():
                at = due[fact.call]
                assert at is not None or fact.queue == LAW  # the queue came back with its steps
                missed = fact.why is Relaxed.PREFERRED_MISSED
                assert missed or at is None or at <= fact.at
                assert fact.steps >= steps[fact.call]
                due[fact.call], steps[fact.call] = fact.until, fact.steps
                assert fact.until is None or fact.until > fact.at
            case CallRequeued() | CallTransferred():
                due[fact.call] = fact.need_until
            case CallMoved():
                steps[fact.call] = 0
            case TalkBegan() | CallClosed() | CallReturned() | CallTakenBack():
                due.pop(fact.call, None)
            case _:
                pass


@given(DAYS)
@hypothesis_settings(max_examples=6, deadline=None, derandomize=True)
def test_every_decision_is_decided_the_same_again_and_every_wait_is_told_whole(seed: int) -> None:
    day = a_day(seed, turns=70)
    wanted = {row.seq for row in day.rows if row.type in ("offer_made", "offer_missed")}
    found = list(recompute(Centre(), day.rows, wanted))
    assert {each.seq for each in found} == wanted
    assert {each.verdict for each in found} <= {Verdict.SAME}
    assert all(
        turn.then for each in found if each.standing is not None for turn in each.standing.turned_by
    )
    for queued in day.of_kind(CallQueued):
        wait = WaitFollowed(queued.call)
        list(recompute(Centre(), day.rows, frozenset(), wait))
        told_s = sum(each.until - each.since for each in wait.stretches() if each.until is not None)
        stays = explain(queued.call, day.rows).stays
        waited = [each for each in stays if each.state not in WITH_AGENT and each.until is not None]
        assert abs(told_s - sum((each.until or 0.0) - each.since for each in waited)) < 1e-6


@given(DAYS, st.floats(0, 1))
@hypothesis_settings(max_examples=10, deadline=None, derandomize=True)
def test_a_kill_anywhere_and_a_replay_come_to_the_same_centre(seed: int, where: float) -> None:
    day = RandomDay(seed)
    day.go_on(100)
    inputs = [row.seq - 1 for row in day.rows if row.kind == "input"]  # a decision is kept whole
    cut = inputs[int(where * (len(inputs) - 1))]
    snapshot = to_snapshot(recover(None, day.rows[:cut]))
    assert recover(snapshot, day.rows[cut:]) == day.centre
    report = replay(day.rows)
    assert (report.differences, report.not_recomputed, report.gaps) == (0, 0, 0)
