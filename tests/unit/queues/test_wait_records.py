"""Unit: which records of waits and talks follow from the rows, and whether a range came true."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from queues.centre.estimates.came_true import CameTrue, came_true
from queues.centre.inputs.agents import PauseAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueLeft
from queues.centre.inputs.house import SwitchRestarted, TimerFired
from queues.centre.inputs.offers import AgentLegEnded
from queues.centre.values.learned import EstimatesLearned
from queues.centre.values.needs import Need, Skill
from queues.ids import AgentId, CallId
from queues.record_rows import EndedTalk, EndedWait
from queues.reports.waits import need_as_text, need_from_text
from tests.unit.queues.scenes import BILLING, WRAP_UP_S
from tests.unit.queues.scenes import settings as centre_settings
from tests.unit.queues.test_foretelling import LEARNED
from tests.unit.queues.test_projection import DAY, projected
from tests.unit.queues.written import Written

LOW_S, HIGH_S = 21.0, 210.0  # of the first call behind a talk


def behind_a_talk(*calls: str) -> Written:
    scene = Written(centre_settings(("anna", (BILLING,))))
    scene.take(EstimatesLearned(LEARNED))
    scene.ready("anna")
    for call in ("first", *calls):
        scene.enter(call)
    scene.talk("first")
    return scene


def ends(scene: Written, call: str, *, after: float) -> EndedWait:
    scene.take(CallEnded(CallId(call), EndCause.HUNG_UP), after=after)
    return wait_of(scene, call)


def wait_of(scene: Written, call: str) -> EndedWait:
    (wait,) = [each for each in projected(scene.rows).waits if each.call == call]
    return wait


@pytest.mark.parametrize(
    ("after_s", "truth"),
    [(10.0, CameTrue.SHORTER), (100.0, CameTrue.HELD), (300.0, CameTrue.LONGER)],
)
def test_a_wait_until_a_talk_came_true_or_was_shorter_or_longer(
    after_s: float, truth: CameTrue
) -> None:
    scene = Written(centre_settings(("anna", (BILLING,)), wrap_up_s=0.0))
    scene.take(EstimatesLearned(LEARNED))
    scene.ready("anna")
    scene.enter("first")
    offer = scene.talk("first")
    scene.enter("c1", after=5)
    scene.take(AgentLegEnded(offer), after=after_s)
    scene.talk("c1")
    wait = wait_of(scene, "c1")
    assert (wait.queue, wait.end, wait.lasted_s) == (BILLING, "talked", after_s)
    assert (wait.low_s, wait.high_s, wait.came_true) == (LOW_S, HIGH_S, truth)
    assert (wait.expected_s, wait.ahead, wait.agents) == (105.0, 0, 1)
    assert wait.ended_at == scene.now


def test_who_hangs_up_counts_as_missed_once_past_the_upper_end_and_else_as_not_known() -> None:
    early, late = (
        ends(behind_a_talk("c1"), "c1", after=200),
        ends(behind_a_talk("c1"), "c1", after=211),
    )
    assert (early.end, early.came_true) == ("hung_up", "not_known")
    assert (late.end, late.came_true) == ("hung_up", "longer")


def test_a_wait_that_was_not_foretold_is_recorded_too() -> None:
    scene = behind_a_talk()
    wait = wait_of(scene, "first")
    assert (wait.end, wait.expected_s, wait.came_true) == ("talked", None, None)


def test_a_caller_who_is_taken_back_left_and_a_lost_one_is_lost() -> None:
    scene = behind_a_talk("c1", "c2")
    scene.take(QueueLeft(CallId("c1")), after=5)
    scene.take(SwitchRestarted(), after=5)
    assert [wait_of(scene, call).end for call in ("c1", "c2")] == ["left", "lost"]


def test_how_long_a_call_takes_an_agent_is_ringing_talk_and_wrap_up() -> None:
    scene = Written(centre_settings(("anna", (BILLING,))))
    scene.ready("anna")
    scene.enter("c1")
    scene.now += 4
    offer = scene.talk("c1")
    scene.take(AgentLegEnded(offer), after=60)
    assert projected(scene.rows).talks == ()
    scene.take(TimerFired(), after=WRAP_UP_S)
    (talk,) = projected(scene.rows).talks
    assert astuple(talk) == (len(scene.rows), "c1", BILLING, scene.now, 4.0, 60.0, WRAP_UP_S)


def test_an_agent_who_wants_a_pause_after_the_talk_is_let_go_with_it() -> None:
    scene = behind_a_talk()
    scene.take(PauseAsked(AgentId("anna"), "lunch"))
    scene.take(AgentLegEnded(scene.offer("first")), after=60)
    (talk,) = projected(scene.rows).talks
    assert (talk.talked_s, talk.wrapped_up_s) == (60.0, 0.0)


def test_a_talk_that_the_switch_took_with_it_tells_nothing_of_talks() -> None:
    scene = behind_a_talk()
    scene.take(SwitchRestarted(), after=60)
    assert projected(scene.rows).talks == ()


def test_a_rich_day_has_a_record_of_each_wait_and_each_talk_that_was_whole() -> None:
    made = projected(DAY)
    begun = [row for row in DAY if row.type in ("call_queued", "call_transferred")]
    assert len(made.waits) == len({(w.call, w.began_at) for w in made.waits})
    assert 0.9 * len(begun) < len(made.waits) <= len(begun)
    foretold = [wait for wait in made.waits if wait.expected_s is not None]
    assert {wait.came_true for wait in foretold if wait.low_s is not None} == {*CameTrue}
    assert all(isinstance(talk, EndedTalk) and talk.talked_s >= 0 for talk in made.talks)
    assert len(made.talks) > 50


def test_a_need_is_the_same_after_its_text() -> None:
    need = Need((Skill("law", 3), Skill("tax", 1)), "de")
    assert need_from_text(need_as_text(need)) == need
    with pytest.raises(ValueError, match="no need"):
        need_from_text('{"skills": 1}')


@pytest.mark.parametrize(
    ("lasted_s", "talked", "truth"),
    [
        (10.0, True, CameTrue.HELD),
        (20.0, True, CameTrue.HELD),
        (9.9, True, CameTrue.SHORTER),
        (20.1, True, CameTrue.LONGER),
        (20.1, False, CameTrue.LONGER),
        (20.0, False, CameTrue.NOT_KNOWN),
        (5.0, False, CameTrue.NOT_KNOWN),
    ],
)
def test_a_range_is_judged_by_the_wait(lasted_s: float, talked: bool, truth: CameTrue) -> None:
    assert came_true(lasted_s, 10.0, 20.0, talked=talked) is truth
