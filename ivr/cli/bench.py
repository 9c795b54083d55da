"""`freizeichen bench`: measures what is promised and says whether it holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from ivr.bench.decision import run_decision
from ivr.bench.estimate import run_estimate
from ivr.bench.live_queue import run_live_queue
from ivr.bench.load.bench import run_load
from ivr.bench.recovery import run_recovery
from ivr.bench.router import run_router
from ivr.bench.site import BenchFailed
from ivr.bench.skills import run_skills
from ivr.bench.speech import run_speech
from ivr.bench.start import run_start
from ivr.bench.table import Row, markdown
from ivr.cli.output import complain, say

BENCHES: Mapping[str, Callable[..., list[Row]]] = {
    "start": run_start,
    "speech": run_speech,
    "recovery": run_recovery,
    "router": run_router,
    "estimate": run_estimate,
    "decision": run_decision,
    "skills": run_skills,
    "load": run_load,
    "live-queue": run_live_queue,
}
BY_NAME_ALONE = ("load", "live-queue")  # with their half-hour all benches would take over 45
_WHICH = f"which: {', '.join(BENCHES)}; without a name all but {', '.join(BY_NAME_ALONE)}"


def asked_for(names: list[str] | None) -> list[str]:
    """Which benches run: those that are named, else all but those that run by name alone."""
    return names or [name for name in BENCHES if name not in BY_NAME_ALONE]


def bench(
    names: Annotated[list[str] | None, typer.Argument(help=_WHICH)] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="fewer runs, to see that it works")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the rows as JSON")] = False,
) -> None:
    """Measure on this machine; the exit status is 0 only if every bar holds."""
    wanted = asked_for(names)
    if unknown := [name for name in wanted if name not in BENCHES]:
        complain(f"there is no bench '{unknown[0]}'; there are: {', '.join(BENCHES)}")
        raise typer.Exit(2)
    rows: list[Row] = []
    for name in wanted:
        if not as_json:
            say(f"bench {name}: running")
        try:
            rows += BENCHES[name](quick=quick, tell=lambda text, name=name: _progress(name, text))
        except BenchFailed as error:
            complain(f"bench {name}: {error}")
            raise typer.Exit(1) from None
    say(json.dumps([row.json() for row in rows], indent=1) if as_json else markdown(rows))
    if not all(row.holds for row in rows):
        raise typer.Exit(1)


def _progress(name: str, text: str) -> None:
    """One line on standard error, so that standard output is the rows alone."""
    sys.stderr.write(f"bench {name}: {text}\n")
    sys.stderr.flush()
