"""`freizeichen dialplan`: says of dialplans whether they may answer calls, and what to mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ivr import resources
from ivr.cli.output import complain, say
from ivr.dialplan.faults import DialplanFaulty, Fault
from ivr.dialplan.load import load_plan
from ivr.dialplan.plan import Plan
from ivr.place import SettingsOption, find_place
from ivr.settings import SettingsFaulty, load_settings

app = typer.Typer(help="What a caller is led through.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What a caller is led through."""


@app.command("check")
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="dialplans to check; those of the settings' lines without", metavar="FILE"
        ),
    ] = None,
    queue: Annotated[list[str] | None, typer.Option(help="a queue that exists; repeatable")] = None,
    settings: SettingsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Check dialplans; exit 0 only if every one may answer calls."""
    wanted, queues = files_and_queues(settings)
    plans, faults = read_plans(files or wanted, queue or queues)
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


def files_and_queues(settings: Path | None) -> tuple[list[Path], list[str]]:
    """The dialplans and queues that the settings name. Ends the command when these are faulty."""
    try:
        loaded = load_settings(find_place(settings).settings_file)
        folder = resources.dialplans(loaded.dialplans)
    except (SettingsFaulty, resources.ResourceMissing) as error:
        complain(str(error))
        raise typer.Exit(1) from None
    names = dict.fromkeys(line.dialplan for line in loaded.lines)
    return [folder / name for name in names], [queue.id for queue in loaded.queues]


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
