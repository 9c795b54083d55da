"""Unit: what the bench of the live queue sets up, reads from its callers, and says of the model."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from ivr.bench.live_queue_callers import SCENARIO, callers_file
from ivr.bench.live_queue_day import LiveDay, live_day
from ivr.bench.live_queue_rows import rows_of
from ivr.bench.live_queue_seen import Met, PickedUp, Seen, idle_while_called, outcome_of, read_log
from ivr.bench.live_queue_switch import dialplan, queue_configuration
from ivr.bench.site import BenchFailed
from ivr.bench.table import Row
from ivr.cli.bench import BENCHES, asked_for
from ivr.resources import days
from queues.simulation.callers import Callers, draw_callers
from queues.simulation.day import Day
from queues.simulation.house import House
from queues.simulation.outcome import End
from queues.simulation.read_day import read_day
from queues.simulation.rival import AppQueue, run_rival

BEGAN = 1_000.0
APP_QUEUE = AppQueue(poll_s=1.0, ring_s=2.0)
HOUSE = House(("bill", "repair"), (("bill", "repair"), ("bill",)))


def callers(*each: tuple[float, int, float, float]) -> Callers:
    """Callers by arrival, need, length of the talk and patience."""
    arrived, need, service, patience = (np.array(column) for column in zip(*each, strict=True))
    return Callers(arrived.astype(float), need.astype(np.int64), service, patience)


# The third waits for an agent, the fourth until patience ends.
DAY = LiveDay(
    HOUSE,
    APP_QUEUE,
    callers((0.0, 0, 5.0, 99.0), (0.5, 0, 9.0, 99.0), (1.25, 0, 3.0, 99.0), (2.0, 1, 3.0, 4.0)),
    mark_s=7.0,
)


def as_modelled(day: LiveDay, *, later_s: float = 0.0) -> Seen:
    """What would be seen if Asterisk were the model, but for who waits, who is so much later."""
    model = run_rival(day.house, day.callers, day.app_queue)
    seen = Seen(BEGAN, [])
    for number, arrived in enumerate(day.callers.arrived):
        came, wait = BEGAN + float(arrived), float(model.wait[number])
        gone = came + wait + (later_s if wait > day.app_queue.ring_s else 0.0)
        if model.end[number] == End.ANSWERED:
            rang = gone - day.app_queue.ring_s
            seen.callers = [*seen.callers, Met(came, rung=rang, answered=gone)]
            seen.picked_up.append(PickedUp(int(model.agent[number]), number, rang, gone))
        else:
            seen.callers = [*seen.callers, Met(came, hung_up=gone)]
    return seen


def by_name(rows: list[Row]) -> dict[str, Row]:
    return {row.name: row for row in rows}


@pytest.fixture
def router_day() -> Day:
    return read_day((days() / "day-60x6.yaml").read_text("utf-8"))


def test_the_live_callers_are_the_first_of_the_day_that_the_router_meets(router_day: Day) -> None:
    live = live_day(router_day, quick=False)
    whole = draw_callers(router_day.demand, 1)
    count = len(live.callers)
    assert 300 < count < 600
    assert live.callers.arrived[-1] <= 1200 < whole.arrived[count]
    for column in ("arrived", "need", "service", "patience"):
        assert np.array_equal(getattr(live.callers, column), getattr(whole, column)[:count])


def test_a_quick_run_hurries_callers_and_talks_and_not_the_switch(router_day: Day) -> None:
    quick, whole = live_day(router_day, quick=True), draw_callers(router_day.demand, 1)
    assert quick.callers.arrived[-1] <= 150
    assert quick.callers.service[:9] * 6 == pytest.approx(whole.service[:9])
    assert quick.callers.patience[:9] * 6 == pytest.approx(whole.patience[:9])
    assert quick.app_queue == router_day.rival


def test_a_day_without_a_rival_cannot_be_played(router_day: Day) -> None:
    with pytest.raises(ValueError, match="app_queue"):
        live_day(replace(router_day, rival=None), quick=False)


def test_a_phone_is_a_member_of_the_queue_of_each_skill_of_its_agent() -> None:
    general, bill, repair = queue_configuration(HOUSE, APP_QUEUE).split("[")[1:]
    assert [line for line in bill.splitlines() if "=>" in line] == [
        "member => PJSIP/phone1",
        "member => PJSIP/phone0",
    ]
    assert [line for line in repair.splitlines() if "=>" in line] == ["member => PJSIP/phone0"]
    assert "strategy = leastrecent" in bill
    assert "retry = 1" in bill
    assert {"autofill = yes", "shared_lastcall = yes"} <= set(general.splitlines())
    assert "exten => repair,1,Queue(repair,R)" in dialplan(HOUSE.needs)


def test_a_pace_that_asterisk_cannot_have_is_refused() -> None:
    with pytest.raises(BenchFailed, match="looks every 1 s"):
        queue_configuration(HOUSE, AppQueue(poll_s=0.5))


def test_each_caller_is_told_when_to_call_whom_and_for_how_long() -> None:
    two = callers((0.0, 0, 5.0, 99.0), (1.25, 1, 5.0, float("inf")))
    assert callers_file(HOUSE, two, BEGAN).splitlines() == [
        "SEQUENTIAL",
        "0;1000000;99000;bill",
        "1;1001250;604800000;repair",
    ]


def test_the_scenario_jumps_to_places_that_it_has() -> None:
    steps = list(ElementTree.parse(SCENARIO).getroot())  # noqa: S314  (a file of ours)
    places = {step.get("id") for step in steps if step.tag == "label"}
    jumps = {step.get(by) for step in steps for by in ("next", "ontimeout")} - {None}
    assert jumps == places - {None}


def test_the_log_tells_what_each_caller_met() -> None:
    met = [Met(), Met()]
    lines = ["came 1 1000500.25", "came 0 1000000.0", "rung 1 1001000.0", "answered 1 1003000.0"]
    read_log([*lines, "hung_up 0 1002000.0"], met)
    assert met == [Met(1000.0, hung_up=1002.0), Met(1000.50025, 1001.0, 1003.0)]
    assert all(each.waits_no_more for each in met)
    with pytest.raises(ValueError, match="danced"):
        read_log(["danced 0 1000000.0"], met)


def test_what_was_seen_is_an_outcome_like_that_of_a_simulated_run() -> None:
    model = run_rival(HOUSE, DAY.callers, APP_QUEUE)
    outcome = outcome_of(as_modelled(DAY), DAY.callers)
    assert outcome.end.tolist() == model.end.tolist()
    assert outcome.wait == pytest.approx(model.wait)
    assert outcome.agent.tolist() == model.agent.tolist()


def test_who_never_came_and_whose_wait_had_no_end_is_lost() -> None:
    seen = as_modelled(DAY)
    seen.callers = [Met(), Met(BEGAN + 0.5), *seen.callers[2:]]
    outcome = outcome_of(seen, DAY.callers)
    assert outcome.end.tolist()[:2] == [End.NOT_KNOWN, End.NOT_KNOWN]
    row = by_name(rows_of(seen, DAY))["callers who never came, or whose wait had no end"]
    assert (row.value, row.holds) == (2.0, False)


def test_an_agent_who_is_free_counts_as_idle_only_while_the_next_caller_waits() -> None:
    """The first agent is free at 7.0, and the third caller, who waits, looks at 7.25."""
    model = run_rival(HOUSE, DAY.callers, APP_QUEUE)
    assert model.agent.tolist() == [0, 1, 0, -1]
    assert idle_while_called(model, HOUSE, 2.0) == pytest.approx([0.25])
    nobody_waits = callers((0.0, 0, 5.0, 99.0), (0.5, 0, 5.0, 99.0), (20.0, 0, 3.0, 99.0))
    alone = run_rival(HOUSE, nobody_waits, APP_QUEUE)
    assert idle_while_called(alone, HOUSE, 2.0) == []


def test_the_model_holds_where_asterisk_does_as_it_says() -> None:
    rows = by_name(rows_of(as_modelled(DAY), DAY))
    assert all(row.holds for row in rows.values())
    assert rows["answered in 7 s: the model is off by"].value == pytest.approx(0, abs=1e-6)
    assert rows["mean wait: the model is off by"].value == pytest.approx(0, abs=1e-6)
    assert rows["Queue(): answered in 7 s"].against_values == (50.0,)
    assert rows["phone rings → picked up"].value == pytest.approx(2.0)


def test_the_model_is_refuted_where_callers_wait_longer_than_it_says() -> None:
    """Of two who wait one is served at 8.0 s and not at 9.0, and one gives up after 4.0 s."""
    rows = by_name(
        rows_of(as_modelled(replace(DAY, mark_s=8.5), later_s=1.0), replace(DAY, mark_s=8.5))
    )
    assert rows["answered in 8.5 s: the model is off by"].value == pytest.approx(25.0)
    assert not rows["answered in 8.5 s: the model is off by"].holds
    assert rows["mean wait: the model is off by"].holds  # (2+2+8+4) of (2+2+9+5): 11 %
    later = by_name(rows_of(as_modelled(DAY, later_s=3.0), DAY))
    assert later["mean wait: the model is off by"].value == pytest.approx(100 * 6 / 22)
    assert not later["mean wait: the model is off by"].holds


def test_benches_of_twenty_minutes_run_by_name_alone() -> None:
    assert "live-queue" not in asked_for(None)
    assert set(asked_for(None)) == set(BENCHES) - {"live-queue", "load"}
    assert asked_for(["live-queue"]) == ["live-queue"]
