"""`freizeichen simulate DAY.yaml --staff "80% in 20 s"`: agents for each half-hour of a day."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import typer

from ivr.cli.day_files import day_of
from ivr.cli.output import Progress, complain, say
from queues.simulation.day import Day
from queues.simulation.laws import Floats
from queues.simulation.staffing import (
    SLOT_S,
    Counted,
    Goal,
    NotReached,
    Plan,
    calls_by_slot,
    counted,
    fewest_agents,
    first_plan,
    least_plan,
    reached,
)
from queues.simulation.student import Interval, interval

MOST_SEEDS: Final = 10  # unless more are asked for: each plan that is tried runs all of them
_GOAL: Final = re.compile(r"\s*(\d{1,3}(?:\.\d+)?)\s*%\s*in\s*(\d{1,5}(?:\.\d+)?)\s*s\s*")


@dataclass(frozen=True, slots=True)
class _Found:
    plan: Plan
    erlang: Plan
    runs: Sequence[Counted]

    @property
    def hours(self) -> float:
        return sum(self.plan) * SLOT_S / 3600


def goal_of(text: str) -> Goal:
    """Read a goal; ends with 2 if it is none."""
    found = _GOAL.fullmatch(text)
    goal = Goal(float(found[1]) / 100, float(found[2])) if found else None
    if goal is None or not 0 < goal.share < 1 or goal.within_s <= 0:
        complain("--staff: expected a share below 100 % and a time, such as '80% in 20 s'")
        raise typer.Exit(2)
    return goal


def staff(text: str, goal: Goal, seeds: range, *, as_json: bool) -> None:
    """Tell the least agents by half-hour for each draw of skills; ends with 1 if none suffice."""
    day = day_of(text)
    try:
        found = {draw: _search(text, draw, goal, seeds) for draw in day.houses}
    except NotReached:
        complain(
            f"no number of agents answers {100 * goal.share:g} % in {goal.within_s:g} s in every "
            "half-hour; give a longer time or a smaller share"
        )
        raise typer.Exit(1) from None
    if as_json:
        told = {draw: _as_json(day, each) for draw, each in found.items()}
        head = {"share": goal.share, "within_s": goal.within_s, "seeds": [seeds[0], seeds[-1]]}
        say(json.dumps(head | {"draws": told}, indent=1))
        return
    for draw, each in found.items():
        for line in _as_text(day, draw, each, goal, seeds):
            say(line)


def _search(text: str, draw: str, goal: Goal, seeds: range) -> _Found:
    day = day_of(text)
    house = day.houses[draw]
    start = first_plan(day.demand, house, goal)
    progress = Progress(f"runs of {draw} simulated")
    with ProcessPoolExecutor(min(len(seeds), os.cpu_count() or 1)) as pool:

        def runs_of(plan: Plan) -> list[Counted]:
            runs = list(pool.map(partial(_run, text, draw, goal, plan), seeds))
            progress.step(len(seeds))
            return runs

        def measure(plan: Plan) -> Floats:
            return reached(runs_of(plan))

        plan = least_plan(start, fewest_agents(house), goal, measure)
        found = _Found(plan, start, runs_of(plan))
    progress.end()
    return found


def _run(text: str, draw: str, goal: Goal, plan: Plan, seed: int) -> Counted:
    day = day_of(text)
    return counted(day.demand, day.houses[draw], plan, goal, seed)


def _as_text(day: Day, draw: str, found: _Found, goal: Goal, seeds: range) -> Iterator[str]:
    yield (
        f"{draw}: {100 * goal.share:g} % in {goal.within_s:g} s in every half-hour, "
        f"{len(seeds)} seeds; {found.hours:g} hours of work"
    )
    yield "  from   calls  Erlang  Erlang C  agents  answered in time"
    held_s = _held_s(day, draw)
    for slot, calls in enumerate(calls_by_slot(day.demand).tolist()):
        share = _share(found.runs, slot)
        told = "nobody came" if share is None else _told(share)
        yield (
            f"  {_clock(day, slot)} {calls:7.1f} {calls * held_s / SLOT_S:7.2f} "
            f"{found.erlang[slot]:9} {found.plan[slot]:7}  {told}"
        )
    yield f"  the whole day: {_told(_whole(found.runs))} answered in time"


def _as_json(day: Day, found: _Found) -> dict[str, Any]:
    half_hours = []
    for slot, calls in enumerate(calls_by_slot(day.demand).tolist()):
        half_hours.append(
            {
                "from": _clock(day, slot),
                "calls": round(calls, 3),
                "erlang_c": found.erlang[slot],
                "agents": found.plan[slot],
                "answered_in_time": _interval_as_json(_share(found.runs, slot)),
            }
        )
    return {
        "half_hours": half_hours,
        "hours_of_work": found.hours,
        "answered_in_time": _interval_as_json(_whole(found.runs)),
    }


def _held_s(day: Day, draw: str) -> float:
    """How long a call holds an agent."""
    house = day.houses[draw]
    return day.demand.mean_service_s + house.ring_s + house.wrap_up_s


def _share(runs: Sequence[Counted], slot: int) -> Interval | None:
    shares = [float(run.in_time[slot] / run.came[slot]) for run in runs if run.came[slot] > 0]
    return interval(shares) if shares else None


def _whole(runs: Sequence[Counted]) -> Interval:
    return interval([float(run.in_time.sum() / max(run.came.sum(), 1.0)) for run in runs])


def _told(share: Interval) -> str:
    within = "" if share.half_width == float("inf") else f" ± {100 * share.half_width:.1f}"
    return f"{100 * share.mean:.1f}{within} %"


def _interval_as_json(share: Interval | None) -> dict[str, float | None] | None:
    if share is None:
        return None
    alone = share.half_width == float("inf")
    return {
        "mean": round(share.mean, 6),
        "half_width": None if alone else round(share.half_width, 6),
    }


def _clock(day: Day, slot: int) -> str:
    hours, minutes = divmod(day.begins_min + int(slot * SLOT_S) // 60, 60)
    return f"{hours % 24:02}:{minutes:02}"
