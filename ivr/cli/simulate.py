"""`freizeichen simulate DAY.yaml`: what a day would be like, through the centre that runs live."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from ivr.cli.day_files import SHARES, day_of, text_of
from ivr.cli.output import complain, say
from ivr.cli.staff import MOST_SEEDS, goal_of, staff
from queues.simulation.callers import draw_callers
from queues.simulation.day import Day
from queues.simulation.fields import DayFaulty
from queues.simulation.figures import figures_of, over_seeds
from queues.simulation.judging import told_figures
from queues.simulation.learned_days import judge_days, learn_days
from queues.simulation.read_day import read_day
from queues.simulation.run import run
from queues.simulation.student import Interval

_SEEDS = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_MOST_SEEDS = 10_000
_LEARNED_DAYS = 20
_SHARES_TOLD = ("range_held", "hung_up_within")


def simulate(
    day: Annotated[Path, typer.Argument(help="the day's file, such as day-60x6.yaml")],
    seeds: Annotated[
        str | None, typer.Option(help="such as 1-10, or 7 alone; those of the file without")
    ] = None,
    staff_for: Annotated[
        str | None,
        typer.Option("--staff", help="such as '80% in 20 s': the least agents by half-hour"),
    ] = None,
    waits: Annotated[
        bool, typer.Option("--waits", help="also how true the waits are that callers are told")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Simulate a day once for each seed; give figures with the 95 % interval of their means.

    With --waits also how many waits a told range holds, by need: learned of 20 such days of other
    seeds, and judged on a tenth of the callers, who in this run never hang up.

    With --staff: the least agents for each half-hour of it, so that in each so many callers are
    answered in time; the agents of the file give the mix of skills.
    """
    goal = None if staff_for is None else goal_of(staff_for)
    text = text_of(day)
    try:
        read = read_day(text, str(day))
    except DayFaulty as error:
        complain("the day cannot be simulated:\n" + "\n".join(error.faults))
        raise typer.Exit(1) from None
    wanted = _seeds(seeds, read)
    if goal is not None:
        staff(text, goal, wanted if seeds else wanted[:MOST_SEEDS], as_json=as_json)
        return
    found = {draw: _figures(text, draw, wanted, waits=waits) for draw in read.houses}
    if as_json:
        say(json.dumps(_as_json(read, wanted, found), indent=1))
        return
    for draw, figures in found.items():
        _tell(draw, figures, read, wanted)
    for word in read.not_simulated:
        say(f"not simulated yet: {word}")


def _seeds(text: str | None, day: Day) -> range:
    if text is None:
        return range(day.seeds[0], day.seeds[1] + 1)
    found = _SEEDS.fullmatch(text)
    first = int(found[1]) if found else 0
    last = int(found[2] or first) if found else -1
    if not 1 <= first <= last < first + _MOST_SEEDS:
        complain(f"--seeds '{text}': expected a number from 1 on, or from-to, such as 1-10")
        raise typer.Exit(2)
    return range(first, last + 1)


def _figures(text: str, draw: str, seeds: range, *, waits: bool) -> dict[str, Interval]:
    jobs = [(text, draw, seed) for seed in seeds]
    if len(jobs) == 1 and not waits:
        return over_seeds([_run(jobs[0])])
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        figures = over_seeds(list(pool.map(_run, jobs)))
        if not waits:
            return figures
        others = range(seeds[-1] + 1, seeds[-1] + 1 + _LEARNED_DAYS)
        learned = learn_days(pool.map, text, draw, others)
        told = judge_days(pool.map, text, draw, seeds, learned)
    needs = day_of(text).houses[draw].needs
    return figures | over_seeds([told_figures(day, needs) for day in told])


def _run(job: tuple[str, str, int]) -> dict[str, float]:
    text, draw, seed = job
    day = day_of(text)
    house = day.houses[draw]
    outcome = run(house, draw_callers(day.demand, seed))
    return figures_of(outcome, mark_s=day.mark_s, needs=len(house.needs)).named(house.needs)


def _tell(draw: str, figures: Mapping[str, Interval], day: Day, seeds: range) -> None:
    say(f"{draw}: {len(day.houses[draw].agents)} agents, {len(seeds)} seeds, mark {day.mark_s:g} s")
    for name, found in figures.items():
        is_share = name in SHARES or name.startswith(_SHARES_TOLD)
        percent = 100 if is_share else 1
        unit = " %" if is_share else " s" if "_s" in name else ""
        within = "" if len(seeds) == 1 else f" ± {percent * found.half_width:.2f}"
        say(f"  {name:28} {percent * found.mean:9.2f}{within}{unit}")


def _as_json(day: Day, seeds: range, found: Mapping[str, Mapping[str, Interval]]) -> dict[str, Any]:
    return {
        "seeds": [seeds[0], seeds[-1]],
        "mark_s": day.mark_s,
        "not_simulated": list(day.not_simulated),
        "draws": {
            draw: {
                name: {
                    "mean": round(each.mean, 6),
                    "half_width": round(each.half_width, 6) if len(seeds) > 1 else None,
                }
                for name, each in figures.items()
            }
            for draw, figures in found.items()
        },
    }
