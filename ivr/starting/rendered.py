"""What Asterisk's configuration is rendered of, and how it is rendered to be looked at alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ivr import resources
from ivr.asterisk.config import DOCTOR, EmergencyWay, Secrets, accounts, render
from ivr.asterisk.folders import SwitchFolders
from ivr.asterisk.install import Asterisk
from ivr.dialplan.plan import Plan
from ivr.place.credentials import Credentials, trunk_password
from ivr.place.place import Place
from ivr.place.runfile import Account
from ivr.settings.settings import Settings
from queues.ids import LineId


def render_apart(
    place: Place,
    settings: Settings,
    secrets: Secrets,
    asterisk: Asterisk,
    folder: Path,
    *,
    when_down: Mapping[str, str],
    emergency_ways: Mapping[str, EmergencyWay],
) -> Path:
    """Render Asterisk's configuration into an empty folder, to be looked at; the files' folder.

    Raises as `render`.
    """
    folders = SwitchFolders(folder, folder / "run")
    for each in (folders.etc, folder / "data" / "sounds"):
        each.mkdir(parents=True)
    render(
        settings,
        secrets,
        asterisk,
        folders,
        templates=resources.asterisk_conf(),
        prompts=place.run_folder / "prompts",
        music=place.run_folder / "music",
        readers=None,
        when_down=when_down,
        emergency_ways=emergency_ways,
    )
    return folders.etc


def when_down(plans: Mapping[LineId, Plan]) -> dict[str, str]:
    """For each line the prompt that says that nobody can be reached."""
    return {
        number: f"{plan.language}/{plan.when_down}"
        for number, plan in plans.items()
        if plan.when_down is not None
    }


def emergency_ways(settings: Settings, plans: Mapping[LineId, Plan]) -> dict[str, EmergencyWay]:
    """For each line how its callers reach the standing emergency number without the service."""
    if settings.emergency is None:
        return {}
    return {
        number: EmergencyWay(
            plan.emergency_key,
            None if plan.emergency_notice is None else f"{plan.language}/{plan.emergency_notice}",
        )
        for number, plan in plans.items()
        if plan.emergency_key is not None
    }


def secrets_of(settings: Settings, credentials: Credentials) -> Secrets:
    """The passwords of all phones, our own included, as Asterisk's configuration takes them."""
    sits = {agent.place: agent.id for agent in settings.agents}
    places = tuple(
        Account(name, credentials.phones[name], sits.get(name)) for name in settings.places
    )
    callers = accounts(settings.callers, credentials.phones)
    doctor = Account(DOCTOR, credentials.phones[DOCTOR])
    return Secrets(credentials.ami, places, callers, trunk_password(settings.trunk), doctor)
