"""`freizeichen init`: asks little, and writes a settings file with comments."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
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
from ivr.settings.settings import Settings, SettingsFaulty, load_settings
from ivr.starting.preparation import load_plans

_FILE: Final = Path("freizeichen.yaml")
_PASSWORD_FILE: Final = Path("trunk-password")
_OWN_DIALPLANS: Final = "dialplans"
_ZONE_FILE: Final = Path("/etc/localtime")
_NEXT: Final = "next: freizeichen doctor, then freizeichen up"
_NEXT_BELOW_ETC: Final = "next, as root: freizeichen service install"

_MEANT: Final = Answers(
    "Freizeichen", "UTC", "DE", "100", "de", (SHIPPED_QUEUE,), (), "127.0.0.1", NewTrunk()
)
Among = Callable[[str], Answers]  # one answer among others that are in order
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
    folder = file.absolute().parent
    if not folder.is_dir():
        complain(f"{folder} is not there; make it (mkdir -p), or let --file name another place")
        raise typer.Exit(1)
    ask = _Asking(yes)
    answers = Answers(
        name=ask(
            "Name of the organisation, as agents' phones show it",
            name,
            "Freizeichen",
            lambda word: replace(_MEANT, name=word),
        ),
        zone=ask("Time zone", zone, _zone_here(), lambda word: replace(_MEANT, zone=word)),
        region=ask(
            "Country (two letters)",
            region,
            "DE",
            lambda word: replace(_MEANT, region=word.upper()),
        ).upper(),
        number=ask(
            "Number of the line, with plus and country if it has one",
            number,
            "100",
            lambda word: replace(_MEANT, number=word),
        ),
        language=ask(
            f"Language of the line ({', '.join(LANGUAGES)})",
            language,
            "de",
            lambda word: replace(_MEANT, language=word),
        ),
        queues=ask.several(
            "Queues, with commas",
            queue,
            SHIPPED_QUEUE,
            lambda word: replace(_MEANT, queues=split(word)),
        ),
        agents=ask.several(
            "Names of agents, with commas",
            agent,
            "",
            lambda word: replace(_MEANT, agents=split(word)),
        ),
        address=ask(
            "Address where telephones reach this machine",
            address,
            "127.0.0.1",
            lambda word: replace(_MEANT, address=word),
        ),
        trunk=_trunk(ask, trunk, trunk_host, trunk_user, folder / trunk_password_file),
    )
    password = ask.password(answers.trunk)
    plans = None if SHIPPED_QUEUE in answers.queues else folder / _OWN_DIALPLANS
    try:
        _check(answers)
        if plans is not None:
            _check_plan(answers, plans)
    except (SettingsFaulty, CannotStart) as error:
        complain(f"nothing was written, for the answers do not fit:\n{error}")
        raise typer.Exit(1) from None
    if plans is not None and not _dialplan(plans, answers).exists():
        say(f"{_write_dialplan(plans, answers)} is written: what is said and asked on the line")
    text = settings_text(answers, dialplans=str(plans) if plans is not None else None)
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

    def __call__(self, question: str, given: str | None, meant: str, among: Among) -> str:
        """One answer; asked again while the settings could not take it."""
        if given is not None:
            return given.strip()
        if self._nothing:
            return meant
        while True:
            answer = str(typer.prompt(question, default=meant)).strip()
            try:
                _check(among(answer))
            except SettingsFaulty as error:
                complain(str(error))
            else:
                return answer

    def several(
        self, question: str, given: list[str] | None, meant: str, among: Among
    ) -> tuple[str, ...]:
        """A list of answers."""
        if given:
            return tuple(part for each in given for part in split(each))
        return split(self(question, None, meant, among))

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
    try:
        chosen = _kind(
            ask(
                "Trunk: none, address or registration",
                kind or (meant if host else None),
                meant,
                lambda word: replace(_MEANT, trunk=NewTrunk(_kind(word))),
            )
        )
    except SettingsFaulty as error:
        complain(str(error))
        raise typer.Exit(1) from None
    if chosen == "none":
        return NewTrunk()
    return NewTrunk(
        chosen,
        ask(
            "The provider's server",
            host,
            "sip.example.org",
            lambda word: replace(_MEANT, trunk=NewTrunk(chosen, word)),
        ),
        ask(
            "User name at the provider",
            user,
            "",
            lambda word: replace(_MEANT, trunk=NewTrunk(chosen, "", word)),
        )
        if chosen == "registration"
        else "",
        password_file,
    )


def _kind(word: str) -> TrunkKind:
    kinds: dict[str, TrunkKind] = {
        "none": "none",
        "address": "address",
        "registration": "registration",
    }
    if word not in kinds:
        raise SettingsFaulty([f"a trunk is one of {', '.join(kinds)}, not '{word}'"])
    return kinds[word]


def _zone_here() -> str:
    """The zone that this machine is set to."""
    target = os.path.realpath(_ZONE_FILE)
    _, found, zone = target.partition("/zoneinfo/")
    return zone if found and "/" in zone and not zone.startswith("Etc/") else "Europe/Berlin"


def _dialplan(folder: Path, answers: Answers) -> Path:
    return folder / answers.language / "main.yaml"


def _write_dialplan(folder: Path, answers: Answers) -> Path:
    """A copy of the dialplan that comes along, for a place whose queue has another name."""
    path = _dialplan(folder, answers)
    shipped = resources.dialplans() / answers.language / "main.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = own_dialplan(shipped.read_text(encoding="utf-8"), answers.queues[0])
    path.write_text(text, encoding="utf-8")
    return path


def _check(answers: Answers) -> None:
    """Raise `SettingsFaulty` with what the settings' own reader finds wrong in the answers."""
    if answers.language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise SettingsFaulty([f"there is no dialplan in '{answers.language}' yet; choose {known}"])
    _read(answers, None)


def _check_plan(answers: Answers, plans: Path) -> None:
    """Raise `CannotStart` with what is wrong in the place's own dialplan.

    One that is not there yet is read as it would be written.
    """
    with tempfile.TemporaryDirectory(prefix="freizeichen-init-") as scratch:
        if not _dialplan(plans, answers).exists():
            plans = Path(scratch)
            _write_dialplan(plans, answers)
        load_plans(_read(answers, plans))


def _read(answers: Answers, plans: Path | None) -> Settings:
    """The settings; a fault has no line, for the file is not there yet."""
    with tempfile.TemporaryDirectory(prefix="freizeichen-init-") as scratch:
        path = Path(scratch) / _FILE.name
        text = settings_text(answers, dialplans=None if plans is None else str(plans))
        path.write_text(text, encoding="utf-8")
        try:
            return load_settings(path)
        except SettingsFaulty as error:
            line = re.compile(rf"^{re.escape(str(path))}(:\d+)?: ")
            raise SettingsFaulty([line.sub("", each) for each in error.faults]) from None
