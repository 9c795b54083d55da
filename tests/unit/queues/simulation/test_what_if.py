"""Unit: a recorded day comes out as it was, and changes do what they say, always the same."""

from dataclasses import replace
from math import inf

import pytest

from queues.centre.inputs.agents import SignOutAsked
from queues.centre.inputs.settings import Order, QueueSetting
from queues.centre.journal.row import JournalRow
from queues.centre.lives.agent import AgentState
from queues.ids import AgentId, QueueId
from queues.simulation.changes import Changes, FewerAgents, MoreAgents, Span, agents_of, changed
from queues.simulation.fields import DayFaulty
from queues.simulation.fit import fit
from queues.simulation.house import House
from queues.simulation.outcome import End
from queues.simulation.play import play
from queues.simulation.read_changes import read_changes
from queues.simulation.recorded import Ask, RecordedDay, Recorder, StayEnd
from queues.simulation.what_if import as_recorded, ranges, simulated
from tests.unit.queues.rich_day import EIGHT_O_CLOCK, record
from tests.unit.queues.simulation.recorded_days import (
    HOURS_S,
    HOUSE,
    callers_at,
    recorded,
    script,
    written_as,
    written_down,
)
from tests.unit.queues.virtual_time import run_in_virtual_time

ALL_DAY = Span(0.0, HOURS_S)
BILL, REPAIR = QueueId("bill"), QueueId("repair")


@pytest.fixture(scope="module")
def rows() -> list[JournalRow]:
    return written_down()[0]


@pytest.fixture(scope="module")
def day(rows: list[JournalRow]) -> RecordedDay:
    return recorded(rows)


@pytest.fixture(scope="module")
def rich() -> RecordedDay:
    """The day on which everything happens: restarts, other settings, phones that are lost."""
    return recorded(
        run_in_virtual_time(record(1)), EIGHT_O_CLOCK - 8 * 3600, EIGHT_O_CLOCK + 16 * 3600
    )


@pytest.mark.parametrize("seed", [1, 2, 20])
def test_a_day_without_changes_comes_out_as_it_was_whatever_is_drawn(
    day: RecordedDay, seed: int
) -> None:
    was = as_recorded(day, 20.0)
    assert was["abandoned"] > 0.05
    assert simulated(day, fit(day), 20.0, seed) == pytest.approx(was)


def test_the_rich_day_is_simulated_the_same_with_the_same_seed_and_changes(
    rich: RecordedDay,
) -> None:
    ends = {stay.end for stay in rich.stays}
    assert ends >= {StayEnd.SERVED, StayEnd.HUNG_UP, StayEnd.GIVEN_BACK}
    more = changed(rich, Changes((MoreAgents(2, rich.queues, (), (), Span(0.0, 86_400.0)),)))
    laws = fit(rich)
    first = [simulated(each, laws, 20.0, 3) for each in (rich, more)]
    assert [simulated(each, laws, 20.0, 3) for each in (rich, more)] == first
    assert first[0] != simulated(rich, laws, 20.0, 4)
    assert first[1]["mean_wait_s"] < first[0]["mean_wait_s"]
    assert first[1]["callers"] == first[0]["callers"] == len(rich.stays)


def test_more_agents_help_and_fewer_do_not(day: RecordedDay) -> None:
    laws = fit(day)
    more = changed(day, Changes((MoreAgents(2, (BILL, REPAIR), (), (), ALL_DAY),)))
    fewer = changed(day, Changes((), (FewerAgents(agents_of(day, BILL)[-2:], ALL_DAY),)))
    waits = [
        ranges([simulated(each, laws, 20.0, seed) for seed in (1, 2, 3)])["mean_wait_s"]
        for each in (more, day, fewer)
    ]
    assert waits[0].high < waits[1].low
    assert waits[1].high < waits[2].low
    assert waits[1].low == pytest.approx(waits[1].high)


def test_an_agent_who_is_away_comes_back_to_what_was_asked_for_meanwhile(day: RecordedDay) -> None:
    name = agents_of(day)[0]
    pause = Ask(500.0, name, AgentState.PAUSED, "lunch")
    asks = (*day.asks, pause)
    away = FewerAgents((name,), Span(400.0, 600.0))
    mine = [
        (ask.at, ask.state)
        for ask in changed(replace(day, asks=asks), Changes((), (away,))).asks
        if ask.agent == name
    ]
    assert mine == [
        (0.0, AgentState.READY),
        (400.0, AgentState.SIGNED_OUT),
        (600.0, AgentState.READY),
        (600.0, AgentState.PAUSED),
    ]


def test_other_settings_of_a_queue_reach_the_centre(day: RecordedDay) -> None:
    other = changed(day, Changes(queues={BILL: {"order": Order.SERVICE_LEVEL, "wrap_up_s": 60.0}}))
    [(_, loaded)] = other.settings
    bill, repair = loaded.queues
    assert (bill.order, bill.wrap_up_s) == (Order.SERVICE_LEVEL, 60.0)
    assert repair == day.settings[0][1].queues[1]
    laws = fit(day)
    assert simulated(other, laws, 20.0, 1)["mean_wait_s"] > as_recorded(day, 20.0)["mean_wait_s"]


def test_a_day_that_begins_in_the_midst_knows_who_is_there_and_who_waits(
    rows: list[JournalRow],
) -> None:
    half = HOURS_S / 2
    later = recorded(rows, half, HOURS_S)
    assert {ask.agent for ask in later.asks} == set(agents_of(later))
    assert isinstance(later.settings[0][1].queues[0], QueueSetting)
    before = recorded(rows, 0.0, half)
    waiting = [stay for stay in before.stays if stay.at + stay.waited_s > half]
    assert {stay.entered.call for stay in later.stays if stay.at == 0.0} == {
        stay.entered.call for stay in waiting
    }
    assert later.left_out > 0
    both = [*before.stays, *(stay for stay in later.stays if stay.at > 0)]
    assert len(both) == len(recorded(rows).stays)


def test_a_gap_of_the_journal_ends_what_it_hides(rows: list[JournalRow]) -> None:
    cut = next(row.seq for row in rows if row.at > HOURS_S / 2)
    lost = JournalRow(cut, rows[cut - 1].at, 1, "n", "lost", "lost", 1, "", {"rows": 5})
    day = recorded([*rows[: cut - 1], lost, *rows[cut:]])
    assert day.gaps == 1
    ends = [stay.end for stay in day.stays]
    assert StayEnd.NOT_SEEN in ends
    assert simulated(day, fit(day), 20.0, 1)["callers"] == len(day.stays)


def test_nothing_is_known_of_a_day_that_the_journal_does_not_tell_of(
    rows: list[JournalRow],
) -> None:
    recorder = Recorder(10 * HOURS_S, 11 * HOURS_S)
    assert all(recorder.take(row) for row in rows)
    assert recorder.day().stays == ()


def test_a_caller_who_gives_up_while_the_phone_rings_frees_the_agent() -> None:
    house = House(("any",), (("any",),), ring_s=4.0)
    callers = callers_at((0.0, 60.0, 2.0), (1.0, 60.0, 100.0))
    outcome = play(script(house, callers), callers)
    assert list(outcome.end) == [End.HUNG_UP, End.ANSWERED]
    assert list(outcome.wait) == [2.0, 5.0]


def test_who_waits_on_when_everybody_has_gone_home_is_told_of_as_not_known() -> None:
    house = House(("any",), (("any",),))
    callers = callers_at((0.0, 60.0, inf), (1.0, 60.0, inf))
    written = script(house, callers)
    home = (30.0, SignOutAsked(AgentId("a0")))
    outcome = play(replace(written, house=[*written.house, home]), callers)
    assert list(outcome.end) == [End.ANSWERED, End.NOT_KNOWN]


def test_whom_a_queue_did_not_take_or_gave_back_is_a_caller_who_could_have_been_served(
    rows: list[JournalRow], day: RecordedDay
) -> None:
    limits = Changes(queues={BILL: {"most_waiting": 1}, REPAIR: {"longest_wait_s": 40.0}})
    limited = changed(day, limits)
    laws = fit(day)
    tight = simulated(limited, laws, 20.0, 1)
    assert tight["turned_away"] > 0.02
    assert tight["given_back"] > 0.02
    again = recorded(written_as(limited, laws))
    assert as_recorded(again, 20.0) == pytest.approx(tight)
    assert simulated(again, fit(again), 20.0, 2) == pytest.approx(tight)
    more = changed(again, Changes((MoreAgents(6, (BILL, REPAIR), (), (), ALL_DAY),)))
    eased = simulated(more, fit(again), 20.0, 2)
    assert eased["turned_away"] < tight["turned_away"]
    assert eased["callers"] == tight["callers"] == len(day.stays)


CHANGES = """\
service_level_s: 30
agents:
  more:
    - {count: 2, queues: [bill], skills: {tax: 3}, languages: [de], from: "01:00", to: "24:00"}
  fewer:
    - {agent: a0}
    - {queue: repair, count: 2, to: "02:00"}
queues:
  bill:
    order: service_level
    cap_s: 60
    wrap_up_s: 0
    relax: [{after_s: 30, lower: 1, reason: long wait}, {after_s: 60, without: [tax]}]
"""


def minutes(of: int) -> float:
    return 60.0 * of


def test_a_file_of_changes_is_read_whole(day: RecordedDay) -> None:
    found = read_changes(CHANGES, "c.yaml", day, minutes)
    [more] = found.more
    assert (more.number, more.queues, more.span) == (2, (BILL,), Span(3600.0, 86_400.0))
    assert [each.agents for each in found.fewer] == [("a0",), agents_of(day, REPAIR)[-2:]]
    assert found.mark_s == 30
    assert found.queues[BILL]["order"] is Order.SERVICE_LEVEL
    assert [step.after_s for step in found.queues[BILL]["relax"]] == [30, 60]
    assert simulated(changed(day, found), fit(day), 30.0, 1)["callers"] == len(day.stays)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("count: 2, queues", "count: 0, queues", "c.yaml:4: agents.more.count: expected a whole"),
        ("[bill]", "[tax]", "c.yaml:4: agents.more.queues: expected a list of this day's queues"),
        ("tax: 3", "tax: 9", "c.yaml:4: agents.more.skills.tax: expected a whole number"),
        ('"01:00"', "1 am", "c.yaml:4: agents.more.from: expected a time of the day"),
        ('"02:00"', '"00:00"', "c.yaml:7: agents.fewer.to: expected 'to' to be later"),
        ("agent: a0", "agent: a99", "c.yaml:6: agents.fewer.agent: expected the id of an agent"),
        ("agent: a0", "queue: bill, agent: a0", "c.yaml:6: agents.fewer: expected either"),
        ("count: 2, to", "count: 7, to", "c.yaml:7: agents.fewer.count: expected at most 6"),
        (
            "  bill:\n",
            "  bills:\n",
            "c.yaml:9: queues.bills: is no queue of this day; expected bill",
        ),
        ("order: service_level", "order: fair", "c.yaml:10: queues.bill.order: expected longest"),
        ("cap_s: 60", "cap: 60", "c.yaml:11: queues.bill.cap: is not known here"),
        ("cap_s: 60", "cap_s: 20", "c.yaml:11: queues.bill.cap_s: expected 'cap_s' above 'mark_s'"),
        ("cap_s: 60", "most_waiting: 0", "c.yaml:11: queues.bill.most_waiting: expected a whole"),
        ("wrap_up_s: 0", "wrap_up_s: -1", "c.yaml:12: queues.bill.wrap_up_s: expected seconds"),
        ("after_s: 60", "after_s: 30", "c.yaml:13: relax.after_s: expected more seconds"),
        (", lower: 1", "", "c.yaml:13: relax: changes nothing"),
        ("service_level_s: 30", "service_level_s: soon", "c.yaml:1: service_level_s: expected"),
    ],
)
def test_what_is_wrong_in_a_file_of_changes_is_named_with_its_line(
    day: RecordedDay, before: str, after: str, told: str
) -> None:
    assert before in CHANGES
    with pytest.raises(DayFaulty) as caught:
        read_changes(CHANGES.replace(before, after, 1), "c.yaml", day, minutes)
    assert any(fault.startswith(told) for fault in caught.value.faults), caught.value.faults


def test_a_file_that_changes_nothing_is_refused(day: RecordedDay) -> None:
    with pytest.raises(DayFaulty, match="expected 'agents' or 'queues'"):
        read_changes("service_level_s: 20\n", "c.yaml", day, minutes)


def test_the_house_is_whole_before_anything_is_changed() -> None:
    assert HOUSE.ring_s == recorded(written_down()[0]).ring_s
