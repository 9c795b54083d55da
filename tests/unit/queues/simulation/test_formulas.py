"""Unit: the closed forms come to the values of the field, as computed by independent means."""

import pytest

from queues.simulation.formulas import (
    ErlangA,
    ErlangC,
    erlang_b,
    erlang_c,
    least_agents,
    mean_wait_one_agent,
    mean_waits_by_priority,
    relative_error_floor,
    wait_behind,
)

AN_HOUR = 3600


@pytest.mark.parametrize(
    ("load", "agents", "blocked"),
    [
        (5, 10, 0.0183845703),
        (20, 30, 0.0084574983),
        (100, 120, 0.0056900546),
        (10, 14, 0.0568191434),
        (48, 50, 0.0833373535),
        (84, 90, 0.0446198710),
    ],
)
def test_erlang_b_is_the_share_of_callers_turned_away(
    load: float, agents: int, blocked: float
) -> None:
    assert erlang_b(load, agents) == pytest.approx(blocked, abs=1e-10)


@pytest.mark.parametrize(
    ("rate", "service", "agents", "waits", "mean_wait"),
    [
        (0.9, 1, 1, 0.9, 9.0),
        (1.5, 1, 2, 0.6428571429, 1.2857142857),
        (200 / AN_HOUR, 180, 14, 0.1741319336, 7.8359370),
        (200 / AN_HOUR, 180, 13, 0.2852704530, 17.1162272),
        (200 / AN_HOUR, 180, 12, 0.4493882243, 40.4449402),
        (48, 1, 50, 0.6944556112, 0.3472278056),
        (8.4, 10, 90, 0.4119573138, 0.6865955230),
        (1.4, 10, 15, 0.7223185815, 7.2231858148),
        (95, 1, 100, 0.5064568539, 0.1012913708),
    ],
)
def test_erlang_c_gives_who_waits_and_how_long(
    rate: float, service: float, agents: int, waits: float, mean_wait: float
) -> None:
    queue = ErlangC(rate, service, agents)
    assert queue.waits == pytest.approx(waits, abs=1e-9)
    assert queue.mean_wait == pytest.approx(mean_wait, rel=1e-7)
    assert queue.waiting == pytest.approx(rate * mean_wait, rel=1e-7)


def test_erlang_c_gives_the_service_level_and_quantiles_of_the_wait() -> None:
    assert ErlangC(200 / AN_HOUR, 180, 14).answered_within(20) == pytest.approx(0.8883500192)
    assert ErlangC(200 / AN_HOUR, 180, 13).answered_within(20) == pytest.approx(0.7955947884)
    assert ErlangC(200 / AN_HOUR, 180, 12).answered_within(20) == pytest.approx(0.6401580404)
    assert ErlangC(48 / 60, 60, 50).wait_quantile(0.9) == pytest.approx(58.14, abs=0.01)
    assert ErlangC(95, 1, 100).mean_wait_if_waiting == pytest.approx(0.2)
    assert ErlangC(0.1, 1, 5).wait_quantile(0.5) == 0


@pytest.mark.parametrize(("rate", "agents"), [(2, 2), (3, 2), (0, 2), (-1, 2)])
def test_a_load_that_no_queue_can_carry_is_refused(rate: float, agents: int) -> None:
    with pytest.raises(ValueError, match="load"):
        ErlangC(rate, 1, agents)


def test_at_full_load_everybody_waits() -> None:
    assert erlang_c(7, 7) == 1
    with pytest.raises(ValueError, match="load"):
        mean_wait_one_agent(1, 1, 1)
    with pytest.raises(ValueError, match="load"):
        mean_waits_by_priority([0.5, 0.5], 1, 1)


@pytest.mark.parametrize(
    ("an_hour", "service", "agents"),
    [(100, 180, 8), (200, 180, 14), (360, 240, 29), (500, 300, 48), (1000, 180, 56)],
)
def test_the_least_agents_for_four_of_five_in_twenty_seconds(
    an_hour: int, service: float, agents: int
) -> None:
    assert least_agents(an_hour / AN_HOUR, service, within_s=20, share=0.8) == agents


@pytest.mark.parametrize(("cv2", "mean_wait"), [(0, 2.0), (1, 4.0), (1.5, 5.0)])
def test_the_wait_for_one_agent_grows_with_how_varied_talks_are(
    cv2: float, mean_wait: float
) -> None:
    assert mean_wait_one_agent(0.8, 1, cv2) == pytest.approx(mean_wait)


A_CALL = 200 / AN_HOUR
ERLANG_A = [
    # rate, service, patience, agents; waits, hangs up, mean wait; within, answered
    (0.8, 60, 120, 50, 0.46777407, 0.03091225, 3.709, 20, 0.94301895),
    (10, 1, 1, 10, 0.54207029, 0.12511004, 0.12511004, 0.1, 0.57512690),
    (120, 1, 1, 100, 0.97213626, 0.16769296, 0.16769296, 0.1, 0.18305270),
    (A_CALL, 180, 180, 12, 0.30322385, 0.05309163, 9.55649257, 20, 0.80230387),
    (A_CALL, 180, 120, 10, 0.49685275, 0.13746383, 16.49565915, 20, 0.63994131),
    (A_CALL, 180, 350, 12, 0.34003965, 0.03971894, 13.90162793, 20, 0.76338617),
    (100 / AN_HOUR, 177, 348, 5, 0.61458171, 0.14055208, 48.9121245, 20, 0.46612978),
    (8.4, 10, 10, 90, 0.27035540, 0.01720015, 0.17200149, 1 / 3, 0.81951746),
    (100, 1, 2, 100, 0.59670314, 0.03303015, 0.06606031, 0.05, 0.56310595),
]


@pytest.mark.parametrize("known", ERLANG_A, ids=[f"A{n + 1}" for n in range(len(ERLANG_A))])
def test_erlang_a_gives_waits_abandonment_and_service_level(known: tuple[float, ...]) -> None:
    rate, service, patience, agents, waits, abandoned, mean_wait, within, answered = known
    queue = ErlangA(rate, service, patience, int(agents))
    assert queue.waits == pytest.approx(waits, abs=1e-8)
    assert queue.abandoned == pytest.approx(abandoned, abs=1e-8)
    assert queue.mean_wait == pytest.approx(mean_wait, rel=2e-4)
    assert queue.answered_within(within) == pytest.approx(answered, abs=1e-8)


def test_erlang_a_agrees_with_itself() -> None:
    queue = ErlangA(0.8, 60, 120, 50)
    assert queue.wait_quantile(0.9) == pytest.approx(12.44, abs=0.01)
    assert queue.waits_longer(0) == pytest.approx(queue.waits)
    # Everybody is answered or hangs up: within ever longer times, all who do not hang up.
    assert queue.answered_within(5000) == pytest.approx(1 - queue.abandoned)


def test_endless_patience_makes_erlang_a_erlang_c() -> None:
    patient, endless = ErlangA(1.5, 1, 1e7, 2), ErlangC(1.5, 1, 2)
    assert patient.mean_wait == pytest.approx(endless.mean_wait, rel=1e-4)
    assert patient.answered_within(1) == pytest.approx(endless.answered_within(1), abs=1e-4)


@pytest.mark.parametrize(
    ("rates", "agents", "waits"),
    [
        ((0.4, 0.4), 1, (1.3333333333, 6.6666666667)),
        ((3, 4), 8, (0.1270632035, 1.0165056279)),
        ((30, 60), 95, (0.00764014, 0.14516262)),
    ],
)
def test_under_strict_priority_the_mean_over_the_classes_is_that_of_first_come_first_served(
    rates: tuple[float, ...], agents: int, waits: tuple[float, ...]
) -> None:
    found = mean_waits_by_priority(rates, 1, agents)
    assert found == pytest.approx(waits, rel=1e-6)
    mean = sum(rate * wait for rate, wait in zip(rates, found, strict=True)) / sum(rates)
    assert mean == pytest.approx(ErlangC(sum(rates), 1, agents).mean_wait)


def test_the_wait_behind_others_counts_those_who_will_hang_up() -> None:
    mean, spread = wait_behind(5, agents=12, service_s=180, patience_s=180)
    assert (mean, spread) == pytest.approx((75.5415, 31.0598), abs=5e-4)
    assert wait_behind(0, agents=2, service_s=10) == pytest.approx((5, 5))


@pytest.mark.parametrize(("load", "floor"), [(0.8, 0.4472), (0.9, 0.3162), (0.95, 0.2236)])
def test_no_estimate_can_be_nearer_than_chance_allows(load: float, floor: float) -> None:
    assert relative_error_floor(load * 10, 10) == pytest.approx(floor, abs=1e-4)
