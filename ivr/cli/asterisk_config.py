"""`freizeichen asterisk config`: our part of the configuration of an Asterisk that is there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from ivr import resources
from ivr.asterisk.account import RunAccount, acting_as
from ivr.asterisk.config import DOCTOR, SOUNDS, PathUnusable
from ivr.asterisk.config_reader import ConfigUnreadable, merged
from ivr.asterisk.included import (
    FILES,
    NotWritten,
    Theirs,
    included_text,
    refuse_names_twice,
    refuse_unknown_context,
    remove_included,
    write_included,
)
from ivr.asterisk.install import OLDEST, Asterisk
from ivr.cannot_start import CannotStart
from ivr.cli.output import complain, say
from ivr.place.credentials import CredentialsUnusable, load_credentials
from ivr.place.place import Place, SettingsOption, find_place
from ivr.settings.settings import Settings, SettingsFaulty, load_settings
from ivr.starting.preparation import load_plans
from ivr.starting.rendered import emergency_ways, render_apart, secrets_of, when_down

_ETC: Final = Path("/etc/asterisk")
_FOLDER: Final = "freizeichen"
_DATA: Final = "/usr/share/asterisk"  # Debian's; other builds have /var/lib/asterisk


def config_command(
    settings: SettingsOption = None,
    theirs: Annotated[
        Path | None,
        typer.Option(
            "--asterisk-config",
            metavar="FOLDER",
            help="where its asterisk.conf lies",
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--into", help="our folder; else freizeichen in that one")
    ] = None,
    outside: Annotated[
        str | None,
        typer.Option(metavar="CONTEXT", help="of theirs, that dials out: for 110, 112, 116117"),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="remove what was written")] = False,
) -> None:
    """Write our part of the configuration of an Asterisk that is there, and say what to add where.

    Nothing of its own files is touched: the lines that have it read ours are yours to add. --undo
    removes what was written, if nothing of it was changed and no file includes it any more.
    """
    place = find_place(settings)
    try:
        loaded = load_settings(place.settings_file)
        etc = theirs or loaded.asterisk.config or _ETC
        there = Theirs(etc.absolute(), (folder or etc / _FOLDER).absolute())
        if undo:
            _undone(there)
        else:
            _written(place, loaded, there, outside)
    except SettingsFaulty as error:
        _refuse("the settings cannot be used:\n" + "\n".join(error.faults))
    except (
        NotWritten,
        ConfigUnreadable,
        CannotStart,
        CredentialsUnusable,
        PathUnusable,
        resources.ResourceMissing,
    ) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or _FOLDER}: {error.strerror or error}; mend its rights")


def _written(place: Place, settings: Settings, there: Theirs, outside: str | None) -> None:
    if not (there.etc / "asterisk.conf").is_file():
        raise NotWritten(f"{there.etc} holds no asterisk.conf; name its folder: --asterisk-config")
    if outside is not None and not outside.replace("-", "").replace("_", "").isalnum():
        raise NotWritten("--outside takes the name of a context, such as from-internal")
    if outside is not None:
        refuse_unknown_context(there, outside)
    texts = _texts(place, settings, outside)
    refuse_names_twice(there, texts)
    write_included(there, texts, there.etc.stat().st_gid)
    say(f"written: {there.folder} ({', '.join(texts)})")
    for line in _to_add(place, settings, there):
        say(line)


def _texts(place: Place, settings: Settings, outside: str | None) -> dict[str, str]:
    """Our part of each file, with the passwords of the run folder, made if they are missing."""
    place.run_folder.mkdir(parents=True, exist_ok=True)
    names = [*settings.places, *settings.callers, DOCTOR]
    owner = place.run_folder.stat()
    # Root writes to another's Asterisk; the passwords are the service's, which must read them.
    with acting_as(RunAccount(owner.st_uid, owner.st_gid)):
        credentials = load_credentials(place.run_folder, names)
    secrets = secrets_of(settings, credentials)
    # Only files that we do not write name its modules and data.
    any_asterisk = Asterisk((), Path("/usr/lib/asterisk/modules"), Path(_DATA), OLDEST)
    plans = load_plans(settings)
    with tempfile.TemporaryDirectory(prefix="freizeichen-config-") as scratch:
        etc = render_apart(
            place,
            settings,
            secrets,
            any_asterisk,
            Path(scratch),
            when_down=when_down(plans),
            emergency_ways=emergency_ways(settings, plans),
        )
        return {
            name: included_text(name, (etc / name).read_text(), outside=outside) for name in FILES
        }


def _to_add(place: Place, settings: Settings, there: Theirs) -> Iterator[str]:
    """What is to be done by hand, with the very lines."""
    directories = merged(there.sections("asterisk.conf"), "directories")
    data = (directories.get("astdatadir") if directories else "") or _DATA
    yield "add, each line at the end of its file:"
    for name in FILES:
        yield f"  {there.etc / there.host_file(name)}:  #include {there.named(name)}"
    yield "add to the context that calls of your trunk come into:"
    yield "  include => fz-lines"
    yield "have it find our prompts:"
    yield f"  ln -s {place.run_folder / 'prompts'} {data}/sounds/{SOUNDS}"
    general = merged(there.sections("manager.conf"), "general")
    port = (general.get("port") if general else "") or "5038"
    if general is None or not general.is_on("enabled"):
        yield f"turn the control port on, in {there.etc / 'manager.conf'} under [general]:"
        yield "  enabled = yes and bindaddr = 127.0.0.1"
    if port != str(settings.ports.ami):
        yield f"in {place.settings_file}: its control port, ports.ami: {port}"
    if settings.asterisk.config is None:
        yield f"in {place.settings_file}: that it is this Asterisk, which 'up' then leaves alone"
        yield f"  asterisk: {{config: {there.etc}}}"
    yield "have it read all of that, on its console (asterisk -r):"
    for _, reload in FILES.values():
        yield f"  {reload}"
    yield f"then look: freizeichen doctor --asterisk-config {there.etc}; then freizeichen up"


def _undone(there: Theirs) -> None:
    names = remove_included(there)
    say(f"removed from {there.folder}: {', '.join(names)}")
    say(f"the link sounds/{SOUNDS} in its data folder, if you made it, is yours to remove")


def _refuse(why: str) -> None:
    complain(why)
    raise typer.Exit(1) from None
