"""`freizeichen agents`: who is at work and does what; asks for something on an agent's behalf."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from ivr.cli.output import complain, lasted, say, table
from ivr.cli.own_service import AsJson, alone, check_known, in_path, own_service
from ivr.place.place import SettingsOption

AgentName = Annotated[str, typer.Argument(help="the agent's id, as the list shows it")]

_HEAD: Final = ("agent", "state", "since", "queues", "skills", "place", "why")

app = typer.Typer(help="Who is at work and does what.", invoke_without_command=True)


@app.callback()
def _agents(
    context: typer.Context, settings: SettingsOption = None, as_json: AsJson = False
) -> None:
    """List all agents, or ask for something on the behalf of one."""
    if alone(context, settings, as_json):
        list_agents(settings, as_json)


@app.command("list")
def list_agents(settings: SettingsOption = None, as_json: AsJson = False) -> None:
    """List each agent: state, since when, queues, skills and languages, place, reason."""
    with own_service(settings) as service:
        told = service.get("agents")
    if as_json:
        say(json.dumps(told, ensure_ascii=False, indent=1))
        return
    at = datetime.fromisoformat(told["at"])
    for line in table([_HEAD, *(_row(agent, at) for agent in told["agents"])]):
        say(line)


@app.command("ready")
def ready(agent: AgentName, settings: SettingsOption = None, as_json: AsJson = False) -> None:
    """Let an agent get calls: signs in who was signed out, ends a pause and wrap-up."""
    _ask(agent, "ready", None, settings, as_json=as_json)


@app.command("pause")
def pause(
    agent: AgentName,
    reason: Annotated[
        str | None, typer.Option(help="one of the settings' reasons; the first one unless said")
    ] = None,
    settings: SettingsOption = None,
    as_json: AsJson = False,
) -> None:
    """Let an agent get no further calls; a ringing one goes to somebody else."""
    with own_service(settings) as service:
        reasons = service.get("agents")["pause_reasons"]
    given = reason if reason is not None else next(iter(reasons), None)
    if given not in reasons:
        complain(f"there is no such reason for a pause; there are: {', '.join(reasons)}")
        raise typer.Exit(1)
    _ask(agent, "pause", {"reason": given}, settings, as_json=as_json)


@app.command("sign-out")
def sign_out(agent: AgentName, settings: SettingsOption = None, as_json: AsJson = False) -> None:
    """Let an agent go home; a ringing call goes to somebody else."""
    _ask(agent, "sign-out", None, settings, as_json=as_json)


@app.command("wrap-up")
def wrap_up(
    agent: AgentName,
    lasts_s: Annotated[
        float, typer.Option("--lasts", min=1, help="seconds in all since the talk ended")
    ],
    settings: SettingsOption = None,
    as_json: AsJson = False,
) -> None:
    """Let wrap-up last longer; `ready` ends it."""
    _ask(agent, "wrap-up", {"lasts_s": lasts_s}, settings, as_json=as_json)


def _ask(
    agent: str,
    wish: str,
    given: dict[str, Any] | None,
    settings: SettingsOption,
    *,
    as_json: bool,
) -> None:
    with own_service(settings) as service:
        check_known("agent", agent, (row["id"] for row in service.get("agents")["agents"]))
        row = service.post(f"agents/{in_path(agent)}/{wish}", given)
    say(json.dumps(row, ensure_ascii=False, indent=1) if as_json else _came_to(row))


def _row(agent: dict[str, Any], at: datetime) -> tuple[str, ...]:
    skills = [f"{name} {level}" for name, level in agent["skills"].items()]
    place = agent["place"]
    if agent["place_rests_until"] is not None:
        place += " (rests)"
    elif agent["place_state"] != "free":
        place += f" ({_words(agent['place_state'])})"
    return (
        agent["id"],
        _words(agent["state"]),
        lasted((at - datetime.fromisoformat(agent["since"])).total_seconds()),
        ", ".join(agent["queues"]),
        ", ".join([*skills, *agent["languages"]]) or "-",
        place,
        _why(agent) or "-",
    )


def _why(agent: dict[str, Any]) -> str:
    if agent["reason"] is not None:
        return str(agent["reason"])
    return "" if agent["after_talk"] is None else f"then {_words(agent['after_talk'])}"


def _came_to(agent: dict[str, Any]) -> str:
    """What an agent does now, in a sentence."""
    why = _why(agent)
    sentence = f"{agent['id']} is {_words(agent['state'])}" + (f" ({why})" if why else "")
    if agent["state"] == "ready" and agent["place_state"] == "unreachable":
        sentence += f", but the phone at {agent['place']} cannot be reached: no call rings there"
    return sentence


def _words(state: str) -> str:
    return "in wrap-up" if state == "wrap_up" else state.replace("_", " ")
