"""`freizeichen dialplan`: says of dialplans whether they may answer calls, and what to mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli.output import complain, say
from ivr.dialplan.faults import DialplanFaulty, Fault
from ivr.dialplan.load import load_plan
from ivr.dialplan.plan import Plan

app = typer.Typer(help="What a caller is led through.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What a caller is led through."""


@app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="dialplans to check", metavar="FILE...")],
    queue: Annotated[list[str] | None, typer.Option(help="a queue that exists; repeatable")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Check dialplans; exit 0 only if every one may answer calls."""
    plans, faults = read_plans(files, queue or ["service"])
    if as_json:
        report = {
            "sound": not faults,
            "plans": [
                {"file": p.file, "language": p.language, "nodes": len(p.nodes), "hash": p.hash}
                for p in plans
            ],
            "faults": [{"file": f.file, "line": f.line, "message": f.message} for f in faults],
        }
        say(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        for plan in plans:
            say(f"{plan.file}: sound ({len(plan.nodes)} nodes, {len(plan.prompts)} prompts)")
    if faults:
        if not as_json:
            complain("the dialplans cannot be used:\n" + "\n".join(map(str, faults)))
        raise typer.Exit(1)


def read_plans(files: list[Path], queues: list[str]) -> tuple[list[Plan], list[Fault]]:
    """The plans that hold, and every fault of the others; a file that cannot be read is a fault."""
    plans: list[Plan] = []
    faults: list[Fault] = []
    for file in files:
        try:
            plans.append(load_plan(file.read_bytes(), file=str(file), queues=queues))
        except OSError as error:
            faults.append(Fault(str(file), 1, f"cannot be read: {error.strerror}; mend the path"))
        except DialplanFaulty as error:
            faults.extend(error.faults)
    return plans, faults
