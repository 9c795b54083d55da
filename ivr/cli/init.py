"""`freizeichen init`: asks little, and writes a settings file with comments."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from ivr import resources
from ivr.cannot_start import CannotStart
from ivr.cli.output import complain, say
from ivr.place.credentials import fits_a_trunk
from ivr.place.place import SYSTEM_STATE, find_place
from ivr.place.private_files import write_private
from ivr.settings.begun import (
    LANGUAGES,
    SHIPPED_QUEUE,
    Answers,
    NewTrunk,
    TrunkKind,
    own_dialplan,
    settings_text,
    split,
)
from ivr.settings.settings import SettingsFaulty, load_settings
from ivr.starting.preparation import load_plans

_FILE: Final = Path("freizeichen.yaml")
_PASSWORD_FILE: Final = Path("trunk-password")
_OWN_DIALPLANS: Final = "dialplans"
_ZONE_FILE: Final = Path("/etc/localtime")
_NEXT: Final = "next: freizeichen doctor, then freizeichen up"
_NEXT_BELOW_ETC: Final = "next, as root: freizeichen service install"

Text = Annotated[str | None, typer.Option(show_default=False)]


def init(
    file: Annotated[Path, typer.Option(help="where the settings are written")] = _FILE,
    name: Text = None,
    zone: Text = None,
    region: Text = None,
    number: Annotated[str | None, typer.Option(help="of the line, such as +4930123456")] = None,
    language: Annotated[str | None, typer.Option(help=f"of {', '.join(LANGUAGES)}")] = None,
    queue: Annotated[list[str] | None, typer.Option(help="may be given several times")] = None,
    agent: Annotated[list[str] | None, typer.Option(help="a name; several times")] = None,
    address: Annotated[str | None, typer.Option(help="where telephones reach us")] = None,
    trunk: Annotated[str | None, typer.Option(help="none, address or registration")] = None,
    trunk_host: Annotated[str | None, typer.Option(help="the provider's server")] = None,
    trunk_user: Annotated[str | None, typer.Option(help="for a registration")] = None,
    trunk_password_file: Annotated[Path, typer.Option(help="will hold it")] = _PASSWORD_FILE,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="ask nothing: take what is meant")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> None:
    """Write a commented settings file out of a few answers; one that is there is left alone.

    Each answer can be given by an option; what is not given is asked, or with --yes taken as meant.
    The file is checked before it is written.
    """
    if file.exists() and not force:
        complain(
            f"{file} is there and was left as it is; --force replaces it, --file names another"
        )
        raise typer.Exit(1)
    ask, folder = _Asking(yes), file.absolute().parent
    answers = Answers(
        name=ask("Name of the organisation, as agents' phones show it", name, "Freizeichen"),
        zone=ask("Time zone", zone, _zone_here()),
        region=ask("Country (two letters)", region, "DE").upper(),
        number=ask("Number of the line, with plus and country if it has one", number, "100"),
        language=ask(f"Language of the line ({', '.join(LANGUAGES)})", language, "de"),
        queues=ask.several("Queues, with commas", queue, SHIPPED_QUEUE),
        agents=ask.several("Names of agents, with commas", agent, ""),
        address=ask("Address where telephones reach this machine", address, "127.0.0.1"),
        trunk=_trunk(ask, trunk, trunk_host, trunk_user, folder / trunk_password_file),
    )
    password = ask.password(answers.trunk)
    if answers.language not in LANGUAGES:
        complain(f"there is no dialplan in '{answers.language}' yet; choose {', '.join(LANGUAGES)}")
        raise typer.Exit(1)
    own = None if SHIPPED_QUEUE in answers.queues else folder / _OWN_DIALPLANS
    if own is not None:
        _write_dialplan(own, answers)
    text = settings_text(answers, dialplans=str(own) if own is not None else None)
    _check(folder, text)
    write_private(file, text)
    file.chmod(0o644)  # no password is in it
    secret = answers.trunk.password_file
    if password:
        write_private(secret, f"{password}\n")
    elif answers.trunk.kind == "registration" and not secret.exists():
        say(f"put the provider's password alone into {secret}, closed to others:")
        say(f"  install -m 600 /dev/stdin {secret}    # type it, Enter, Ctrl-D")
    is_below_etc = find_place(file).run_folder == SYSTEM_STATE
    say(f"{file} is written; {_NEXT_BELOW_ETC if is_below_etc else _NEXT}")


class _Asking:
    """Questions on the terminal; none with `--yes`, or for what an option has answered."""

    def __init__(self, nothing: bool) -> None:
        self._nothing = nothing

    def __call__(self, question: str, given: str | None, meant: str) -> str:
        """One answer."""
        if given is not None:
            return given.strip()
        if self._nothing:
            return meant
        return str(typer.prompt(question, default=meant)).strip()

    def several(self, question: str, given: list[str] | None, meant: str) -> tuple[str, ...]:
        """A list of answers."""
        if given:
            return tuple(part for each in given for part in split(each))
        return split(self(question, None, meant))

    def password(self, trunk: NewTrunk) -> str:
        """The provider's, not shown; none where it has a file already, or nothing is asked."""
        if self._nothing or trunk.kind != "registration" or trunk.password_file.exists():
            return ""
        question = "Password at the provider (not shown; Enter: later)"
        word = str(typer.prompt(question, default="", hide_input=True, show_default=False))
        if word and not fits_a_trunk(word):
            complain("nothing was written: a provider's password is one line of visible characters")
            raise typer.Exit(1)
        return word


def _trunk(
    ask: _Asking, kind: str | None, host: str | None, user: str | None, password_file: Path
) -> NewTrunk:
    meant = "none" if host is None else "registration" if user is not None else "address"
    asked = ask("Trunk: none, address or registration", kind or (meant if host else None), meant)
    kinds: dict[str, TrunkKind] = {
        "none": "none",
        "address": "address",
        "registration": "registration",
    }
    if asked not in kinds:
        complain(f"a trunk is one of {', '.join(kinds)}, not '{asked}'")
        raise typer.Exit(1)
    chosen = kinds[asked]
    if chosen == "none":
        return NewTrunk()
    return NewTrunk(
        chosen,
        ask("The provider's server", host, "sip.example.org"),
        ask("User name at the provider", user, "") if chosen == "registration" else "",
        password_file,
    )


def _zone_here() -> str:
    """The zone that this machine is set to."""
    target = os.path.realpath(_ZONE_FILE)
    _, found, zone = target.partition("/zoneinfo/")
    return zone if found and "/" in zone and not zone.startswith("Etc/") else "Europe/Berlin"


def _write_dialplan(folder: Path, answers: Answers) -> None:
    """A copy of the dialplan that comes along, for a place whose queue has another name."""
    path = folder / answers.language / "main.yaml"
    if path.exists():
        return
    shipped = resources.dialplans() / answers.language / "main.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(own_dialplan(shipped.read_text(encoding="utf-8"), answers.queues[0]))
    say(f"{path} is written: what is said and asked on the line")


def _check(folder: Path, text: str) -> None:
    """End the command where the settings' own reader finds a fault in the answers."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".freizeichen-init-") as scratch:
        path = Path(scratch) / _FILE.name
        path.write_text(text, encoding="utf-8")
        try:
            load_plans(load_settings(path))
        except (SettingsFaulty, CannotStart) as error:
            said = str(error).replace(str(path), "the settings")
            complain(f"nothing was written, for the answers do not fit:\n{said}")
            raise typer.Exit(1) from None
