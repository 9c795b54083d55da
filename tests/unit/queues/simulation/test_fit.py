"""Unit: the laws of a day are found again from what was seen, and what was seen stays as it was."""

import numpy as np
import pytest

from queues.centre.values.needs import ANYBODY
from queues.ids import QueueId
from queues.simulation.fit import NobodyServed, draw_again, fit, fit_patience, fit_talks
from queues.simulation.laws import Endless, Exponential, Lognormal
from queues.simulation.recorded import Kind, StayEnd
from tests.unit.queues.simulation.recorded_days import (
    DEMAND,
    HOUSE,
    PATIENCE,
    TALK,
    recorded,
    written_down,
)


def test_the_law_of_talks_is_found_again() -> None:
    found = fit_talks(list(Lognormal(180.0, 1.1).draw(np.random.default_rng(1), 20_000)))
    assert found.mean == pytest.approx(180.0, rel=0.04)
    assert found.log_sd == pytest.approx(1.1, rel=0.02)


def test_patience_is_found_again_though_most_callers_are_answered_before_it_ends() -> None:
    generator = np.random.default_rng(1)
    patience = Exponential(300.0).draw(generator, 20_000)
    answered_after = Exponential(60.0).draw(generator, 20_000)
    waited = np.minimum(patience, answered_after)
    hang_ups = int((patience < answered_after).sum())
    assert hang_ups < 4000
    found = fit_patience(float(waited.sum()), hang_ups)
    assert isinstance(found, Exponential)
    assert found.mean == pytest.approx(300.0, rel=0.04)


def test_where_nobody_hung_up_patience_is_endless_and_where_nobody_talked_nothing_is_known() -> (
    None
):
    assert fit_patience(1000.0, 0) == Endless()
    with pytest.raises(NobodyServed):
        fit_talks([])


def test_one_talk_alone_has_no_spread() -> None:
    found = fit_talks([60.0])
    assert found.mean == pytest.approx(60.0)
    assert found.log_sd == 0.0


def test_the_laws_of_a_recorded_day_are_those_that_it_was_drawn_from() -> None:
    rows, outcome = written_down()
    laws = fit(recorded(rows))
    assert set(laws) == {Kind(QueueId(need), ANYBODY) for need in HOUSE.needs}
    assert sum(each.talks for each in laws.values()) == outcome.answered.sum()
    for each in laws.values():
        assert each.talk.log_sd == pytest.approx(TALK.log_sd, rel=0.15)
        assert each.talk.mean == pytest.approx(TALK.mean, rel=0.25)
        assert each.patience.mean == pytest.approx(PATIENCE.mean, rel=0.3)


def test_a_kind_of_which_little_was_seen_has_the_laws_of_the_whole_day() -> None:
    rare = type(DEMAND)(DEMAND.duration_s, DEMAND.rate, (0.985, 0.015), TALK, PATIENCE)
    rows, _ = written_down(demand=rare)
    day = recorded(rows)
    laws = fit(day)
    whole = [stay.talked_s for stay in day.stays if stay.talk_is_whole]
    few = laws[Kind(QueueId("repair"), ANYBODY)]
    assert (few.talk, few.talks) == (fit_talks(whole), len(whole))


def test_what_was_seen_stays_and_only_the_rest_is_drawn_anew_with_each_seed() -> None:
    rows, _ = written_down()
    day = recorded(rows)
    laws = fit(day)
    first, again, other = (draw_again(day, laws, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.service, again.service)
    for n, stay in enumerate(day.stays):
        if stay.end is StayEnd.SERVED:
            assert first.service[n] == other.service[n] == stay.talked_s
            assert min(first.patience[n], other.patience[n]) >= stay.waited_s
            assert first.patience[n] != other.patience[n]
        else:
            assert first.patience[n] == other.patience[n] == stay.waited_s
            assert first.service[n] != other.service[n]
