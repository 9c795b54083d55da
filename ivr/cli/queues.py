"""`freizeichen queues`: how many wait where, who is there, until when; closes and opens queues."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from ivr.cli.output import complain, lasted, say, table
from ivr.cli.own_service import AsJson, alone, check_known, in_path, own_service
from ivr.place.place import SettingsOption, find_place
from ivr.settings.settings import SettingsFaulty, load_settings

QueueName = Annotated[str, typer.Argument(help="the queue's id, as the list shows it")]
By = Annotated[
    str | None, typer.Option("--by", help="the agent who asked for it; else a supervisor")
]

_HEAD: Final = (
    "queue", "waiting", "longest", "ready", "ringing", "talking", "wrap-up", "paused",
    "signed out", "limits", "door",
)  # fmt: skip
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_STATES: Final = ("ready", "ringing", "talking", "wrap_up", "paused", "signed_out")

app = typer.Typer(help="How many wait where, and who is there.", invoke_without_command=True)


@app.callback()
def _queues(
    context: typer.Context, settings: SettingsOption = None, as_json: AsJson = False
) -> None:
    """List all queues."""
    if alone(context, settings, as_json):
        list_queues(settings, as_json)


@app.command("list")
def list_queues(settings: SettingsOption = None, as_json: AsJson = False) -> None:
    """List each queue: how many wait, the longest wait, its agents by state, its limits."""
    with own_service(settings) as service:
        told = service.get("queues")
    if as_json:
        say(json.dumps(told, ensure_ascii=False, indent=1))
        return
    zone = _zone(settings)
    for line in table([_HEAD, *(_row(queue, zone) for queue in told["queues"])]):
        say(line)


@app.command("close")
def close(
    queue: QueueName,
    at: Annotated[
        str | None, typer.Option("--at", help="from when on: 15:30, or 2026-12-24T12:00; else now")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", help="until when; else until its hours begin anew, or it is opened"
        ),
    ] = None,
    by: By = None,
    settings: SettingsOption = None,
    as_json: AsJson = False,
) -> None:
    """Close a queue early. Who waits when it closes goes where the dialplan says.

    A time of the day is the next one, by the site's clock. It survives a restart.
    """
    zone = _zone(settings)
    since = _time(at, zone, datetime.now(zone))
    given = {"from": since, "until": _time(until, zone, since or datetime.now(zone)), "by": by}
    _ask(queue, "close", given, settings, zone, as_json=as_json)


@app.command("open")
def open_again(
    queue: QueueName, by: By = None, settings: SettingsOption = None, as_json: AsJson = False
) -> None:
    """Open a queue that was closed by hand; outside of its hours it stays closed, and that is 1."""
    row = _ask(queue, "open", {"by": by}, settings, _zone(settings), as_json=as_json)
    if not row["open"]:
        raise typer.Exit(1)


def _ask(
    queue: str,
    wish: str,
    given: dict[str, Any],
    settings: SettingsOption,
    zone: ZoneInfo,
    *,
    as_json: bool,
) -> dict[str, Any]:
    times = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in given.items()
    }
    with own_service(settings) as service:
        check_known("queue", queue, (row["id"] for row in service.get("queues")["queues"]))
        row = service.post(f"queues/{in_path(queue)}/{wish}", times)
    say(
        json.dumps(row, ensure_ascii=False, indent=1) if as_json else f"{queue}: {_door(row, zone)}"
    )
    return row


def _zone(settings: SettingsOption) -> ZoneInfo:
    try:
        return ZoneInfo(load_settings(find_place(settings).settings_file).site.zone)
    except SettingsFaulty as error:
        complain("the settings cannot be used:\n" + "\n".join(error.faults))
        raise typer.Exit(1) from None


def _time(text: str | None, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Give a moment as people write it: a time of the day is the next one after another moment."""
    if text is None:
        return None
    try:
        if not _CLOCK.fullmatch(text):
            at = datetime.fromisoformat(text)
            return at if at.tzinfo is not None else at.replace(tzinfo=zone)
        hours, minutes = map(int, text.split(":"))
        at = after.astimezone(zone).replace(hour=hours, minute=minutes, second=0, microsecond=0)
        return at if at > after else at + timedelta(days=1)
    except ValueError:
        complain(f"'{text}' is no time; give one such as 15:30, or 2026-12-24T12:00")
        raise typer.Exit(2) from None


def _door(queue: dict[str, Any], zone: ZoneInfo) -> str:
    """Whether it is open and until when, and a closing by hand to come."""
    turns_at = queue["closes_at"] if queue["open"] else queue["opens_at"]
    words = "open" if queue["open"] else "closed"
    if turns_at is not None:
        words += f" until {_shown(turns_at, zone)}"
    by_hand = queue["closed_by_hand"]
    if by_hand is not None:
        who = by_hand["by"] or "a supervisor"
        words += f" (closed by {who} from {_shown(by_hand['from'], zone)})"
    return words


def _shown(at: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(at).astimezone(zone).strftime("%a %d %b %H:%M")


def _row(queue: dict[str, Any], zone: ZoneInfo) -> tuple[str, ...]:
    longest_s = queue["longest_wait_s"]
    return (
        queue["id"],
        str(queue["waiting"]),
        "-" if longest_s is None else lasted(longest_s),
        *(str(queue["agents"].get(state, 0)) for state in _STATES),
        _limits(queue["limits"]),
        _door(queue, zone),
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
