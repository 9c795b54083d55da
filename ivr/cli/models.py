"""`freizeichen models`: fetches the speech models of languages, or says which are there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ivr import resources
from ivr.cli.output import complain, say
from ivr.place.place import SettingsOption, find_place
from ivr.settings.settings import Settings, SettingsFaulty, load_settings
from ivr.speech.model_fetch import FetchUnderWay, fetch_model
from ivr.speech.model_states import faults_of, model_rows, tried
from ivr.speech.models import (
    SOURCES,
    ModelRefused,
    ModelUnreachable,
    Origin,
    Progress,
)
from ivr.starting.leave_root import fill_cache_as_its_owner

_MEGABYTE = 1_000_000
_ORIGINS = {Origin.FETCHED: "fetched", Origin.PACKAGE: "from its package"}

AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]
Tell = Callable[[str], None]

app = typer.Typer(help="What the machine needs in order to hear a language.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What the machine needs in order to hear a language."""


@app.command("list")
def list_models(settings: SettingsOption = None, as_json: AsJson = False) -> None:
    """Each language and its model; exit 0 unless one is broken. A new model is tried (3 s)."""
    loaded = _settings(settings)
    rows = model_rows(
        loaded.speech.models,
        resources.cache_folder(),
        loaded.lines,
        (lambda _: None) if as_json else say,
    )
    if as_json:
        say(json.dumps({"models": rows}, ensure_ascii=False, indent=2))
    else:
        for row in rows:
            say(f"{row['language']}: {_in_words(row)}{_lines_in_words(row['lines'])}")
    if any(row["faults"] for row in rows):
        raise typer.Exit(1)


@app.command("fetch")
def fetch(
    languages: Annotated[list[str], typer.Argument(help=f"of {', '.join(SOURCES)}")],
    settings: SettingsOption = None,
    as_json: AsJson = False,
) -> None:
    """Get the models of these languages; exit 0 only if all are there then.

    With a language that is not known nothing is fetched. Root does it as the account that the cache
    folder belongs to.
    """
    configured = _settings(settings).speech.models
    if unknown := [each for each in languages if each not in {*SOURCES, *configured}]:
        complain(_unknown_languages(unknown))
        raise typer.Exit(1)
    fill_cache_as_its_owner()
    cache = resources.cache_folder()
    rows = [
        _fetch_one(language, configured.get(language), cache, quiet=as_json)
        for language in dict.fromkeys(languages)
    ]
    if as_json:
        say(json.dumps({"models": rows}, ensure_ascii=False, indent=2))
    if any(row["error"] for row in rows):
        raise typer.Exit(1)


def _settings(explicit: Path | None) -> Settings:
    """The settings. Ends the command when they are faulty: they may name a model's folder."""
    try:
        return load_settings(find_place(explicit).settings_file)
    except SettingsFaulty as error:
        complain("the settings cannot be used:\n" + "\n".join(error.faults))
        raise typer.Exit(1) from None


def _fetch_one(
    language: str, configured: Path | None, cache: Path, *, quiet: bool
) -> dict[str, Any]:
    row: dict[str, Any] = {"language": language, "folder": None, "fetched": False, "error": None}
    tell: Tell = (lambda _: None) if quiet else say
    if configured is not None:
        folder = configured.expanduser()
        if faults := faults_of(language, folder, cache, tell):
            row["error"] = _broken_setting(language, folder, faults)
        else:
            row["folder"] = str(folder)
            tell(f"{language}: {folder}, which speech.models.{language} names; nothing to fetch")
    else:
        try:
            folder, row["fetched"] = fetch_model(
                SOURCES[language],
                cache,
                trial=partial(tried, language=language, cache=cache, tell=tell),
                progress=_told(language, tell),
            )
            row["folder"] = str(folder)
            tell(f"{language}: {folder}")
        except (ModelUnreachable, ModelRefused, FetchUnderWay) as error:
            row["error"] = str(error)
        except OSError as error:
            row["error"] = (
                f"{error.filename or cache}: {error.strerror or error}; make room there or mend "
                "its rights, or name another folder as FREIZEICHEN_CACHE"
            )
    if row["error"]:
        complain(f"{language}: {row['error']}; callers in this language use keys until it is there")
    return row


def _unknown_languages(unknown: Iterable[str]) -> str:
    names = " and ".join(f"'{language}'" for language in dict.fromkeys(unknown))
    return (
        f"no model is known for {names}, so nothing was fetched; choose from "
        f"{', '.join(SOURCES)}, or set a folder of yours as speech.models.<language>"
    )


def _told(language: str, tell: Tell) -> Progress:
    """Progress every 10 MB, on a terminal or not."""
    told = 0

    def progress(done: int, total: int | None) -> None:
        nonlocal told
        if done - told < 10 * _MEGABYTE and done != total:
            return
        told = done
        of = f" of {total / _MEGABYTE:.0f}" if total else ""
        tell(f"{language}: {done / _MEGABYTE:.0f}{of} MB")

    return progress


def _broken_setting(language: str, folder: Path, faults: Iterable[str]) -> str:
    mend = f"mend the folder, or delete the setting and run 'freizeichen models fetch {language}'"
    if language not in SOURCES:
        mend = "mend the folder, or name another"
    return f"speech.models.{language} names {folder}, which is broken: {'; '.join(faults)}; {mend}"


def _in_words(row: Mapping[str, Any]) -> str:
    language, folder, origin = row["language"], row["folder"], row["origin"]
    if folder is None:
        if language in SOURCES:
            return f"not there; run 'freizeichen models fetch {language}'"
        return f"not there, and none is known; set a folder as speech.models.{language}"
    if not row["faults"]:
        by = _ORIGINS.get(origin, f"set as speech.models.{language}")
        return f"{folder} ({by}), whole"
    if origin is Origin.SETTING:
        return _broken_setting(language, Path(folder), row["faults"])
    faults = "; ".join(row["faults"])
    return f"{folder} is broken: {faults}; run 'freizeichen models fetch {language}'"


def _lines_in_words(numbers: list[str]) -> str:
    if not numbers:
        return "; no line uses it"
    return f"; for line{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
