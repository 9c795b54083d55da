"""`freizeichen queues`: how many wait where, for how long, who is there, up to which limits."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import typer

from ivr.cli.output import complain, lasted, say, table
from ivr.cli.own_service import own_service
from ivr.place import SettingsOption

AsJson = Annotated[bool, typer.Option("--json", help="as JSON, as the API tells it")]

_HEAD: Final = (
    "queue", "waiting", "longest", "ready", "ringing", "talking", "wrap-up", "paused",
    "signed out", "limits",
)  # fmt: skip
_STATES: Final = ("ready", "ringing", "talking", "wrap_up", "paused", "signed_out")

app = typer.Typer(help="How many wait where, and who is there.", invoke_without_command=True)


@app.callback()
def _queues(
    context: typer.Context, settings: SettingsOption = None, as_json: AsJson = False
) -> None:
    """List all queues."""
    if context.invoked_subcommand is None:
        list_queues(settings, as_json)
    elif settings is not None or as_json:
        complain(f"options stand behind the word: freizeichen queues {context.invoked_subcommand}")
        raise typer.Exit(2)


@app.command("list")
def list_queues(settings: SettingsOption = None, as_json: AsJson = False) -> None:
    """List each queue: how many wait, the longest wait, its agents by state, its limits."""
    with own_service(settings) as service:
        told = service.get("queues")
    if as_json:
        say(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for line in table([_HEAD, *map(_row, told["queues"])]):
        say(line)


def _row(queue: dict[str, Any]) -> tuple[str, ...]:
    longest_s = queue["longest_wait_s"]
    return (
        queue["id"],
        str(queue["waiting"]),
        "-" if longest_s is None else lasted(longest_s),
        *(str(queue["agents"].get(state, 0)) for state in _STATES),
        _limits(queue["limits"]),
    )


def _limits(limits: dict[str, Any]) -> str:
    parts = []
    if limits["most_waiting"] is not None:
        parts.append(f"{limits['most_waiting']} wait")
    if limits["longest_wait_s"] is not None:
        parts.append(f"for {lasted(limits['longest_wait_s'])}")
    if limits["needs_somebody"]:
        parts.append("somebody signed in")
    return ", ".join(parts) or "-"
