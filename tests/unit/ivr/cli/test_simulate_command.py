"""Unit: `freizeichen simulate` gives figures with intervals, and says what is wrong with a day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli import app
from ivr.resources import days

DAY = """\
duration_s: 1800
arrivals: {per_hour: 120}
service_s: {law: exponential, mean: 60}
patience_s: {law: exponential, mean: 60}
agents: 2
"""


@pytest.fixture
def day(tmp_path: Path) -> Path:
    path = tmp_path / "day.yaml"
    path.write_text(DAY)
    return path


def test_figures_come_with_the_interval_of_their_means(day: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", str(day), "--seeds", "1-3", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["seeds"] == [1, 3]
    wait = told["draws"]["all"]["mean_wait_s"]
    assert wait["mean"] > 0
    assert wait["half_width"] > 0
    again = CliRunner().invoke(app, ["simulate", str(day), "--seeds", "1-3", "--json"])
    assert json.loads(again.stdout) == told


def test_how_true_the_waits_are_that_callers_are_told_comes_beside_the_figures(day: Path) -> None:
    day.write_text(DAY.replace("1800", "7200").replace("mean: 60}\nagents", "mean: 120}\nagents"))
    done = CliRunner().invoke(app, ["simulate", str(day), "--seeds", "1-3", "--waits", "--json"])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)["draws"]["all"]
    assert figures["waits_told"]["mean"] > 5
    assert 0.5 < figures["range_held"]["mean"] <= figures["range_held_as_spoken"]["mean"]
    assert "range_held[any]" in figures


def test_one_seed_alone_has_no_interval_and_reads_as_a_table(day: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", str(day), "--seeds", "7"])
    assert done.exit_code == 0, done.output
    assert "all: 2 agents, 1 seeds, mark 20 s" in done.stdout
    assert "±" not in done.stdout


def test_a_faulty_day_is_refused_with_file_and_line(day: Path) -> None:
    day.write_text(DAY.replace("per_hour: 120", "per_hour: lots of"))
    done = CliRunner().invoke(app, ["simulate", str(day)])
    assert done.exit_code == 1
    assert f"{day}:2: arrivals.per_hour: expected" in done.stderr


@pytest.mark.parametrize("seeds", ["", "3-1", "1-99999999", "a-b", "-1", "0", "0-3", "00"])
def test_seeds_that_are_none_are_refused(day: Path, seeds: str) -> None:
    done = CliRunner().invoke(app, ["simulate", str(day), f"--seeds={seeds}"])
    assert done.exit_code == 2
    assert "such as 1-10" in done.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", str(tmp_path / "none.yaml")])
    assert done.exit_code == 1
    assert "none.yaml cannot be read" in done.stderr


def test_the_days_that_the_product_brings_are_found() -> None:
    assert {path.name for path in days().glob("*.yaml")} == {
        "bank-weekday.yaml",
        "day-60x6.yaml",
        "surge-day.yaml",
    }


def test_the_least_agents_are_told_for_each_half_hour_with_what_they_reach(day: Path) -> None:
    day.write_text(DAY.replace("duration_s: 1800", 'duration_s: 3000\nbegins_at: "23:45"'))
    words = ["simulate", str(day), "--staff", "80% in 20 s", "--seeds", "1-3"]
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["share"], told["within_s"], told["seeds"]) == (0.8, 20.0, [1, 3])
    first, second = told["draws"]["all"]["half_hours"]
    assert (first["from"], first["calls"]) == ("23:45", 60.0)
    assert (second["from"], second["calls"]) == ("00:15", 40.0)
    assert min(first["agents"], second["agents"]) >= 2
    assert first["answered_in_time"]["mean"] >= 0.75
    text = CliRunner().invoke(app, words).stdout
    assert "80 % in 20 s in every half-hour, 3 seeds" in text
    assert f"  00:15    40.0    1.33 {second['erlang_c']:9} {second['agents']:7}" in text


@pytest.mark.parametrize("goal", ["", "80 in 20", "100% in 20 s", "0% in 20 s", "80% in 0 s"])
def test_a_goal_that_is_none_is_refused(day: Path, goal: str) -> None:
    done = CliRunner().invoke(app, ["simulate", str(day), "--staff", goal])
    assert done.exit_code == 2
    assert "such as '80% in 20 s'" in done.stderr


def test_a_goal_that_nobody_can_reach_is_told(day: Path) -> None:
    day.write_text(f"{DAY}ring_s: 30\n")
    done = CliRunner().invoke(app, ["simulate", str(day), "--staff", "80% in 20 s"])
    assert done.exit_code == 1
    assert "no number of agents answers 80 % in 20 s" in done.stderr
