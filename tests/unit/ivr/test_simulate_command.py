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


@pytest.mark.parametrize("seeds", ["", "3-1", "1-99999999", "a-b", "-1"])
def test_seeds_that_are_none_are_refused(day: Path, seeds: str) -> None:
    done = CliRunner().invoke(app, ["simulate", str(day), f"--seeds={seeds}"])
    assert done.exit_code == 2
    assert "such as 1-10" in done.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", str(tmp_path / "none.yaml")])
    assert done.exit_code == 1
    assert "none.yaml cannot be read" in done.stderr


def test_the_days_that_the_product_brings_are_found() -> None:
    assert {path.name for path in days().glob("*.yaml")} == {"day-60x6.yaml", "surge-day.yaml"}
