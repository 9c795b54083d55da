"""`freizeichen models`: fetches the speech models of languages, or says which are there."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ivr import resources
from ivr.cli.output import complain, say
from ivr.speech.models import (
    SOURCES,
    ModelRefused,
    ModelUnreachable,
    Progress,
    fetch_model,
    find_model,
    model_faults,
)

_MEGABYTE = 1_000_000

AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]

app = typer.Typer(help="What the machine needs in order to hear a language.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What the machine needs in order to hear a language."""


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Each language, and the folder of its model; exit 0 unless a model is broken."""
    rows = model_rows({}, resources.cache_folder())
    if as_json:
        say(json.dumps({"models": rows}, indent=2))
    else:
        for row in rows:
            say(f"{row['language']}: {_in_words(row)}")
    if any(row["faults"] for row in rows):
        raise typer.Exit(1)


@app.command("fetch")
def fetch(
    languages: Annotated[list[str], typer.Argument(help=f"of {', '.join(SOURCES)}")],
    as_json: AsJson = False,
) -> None:
    """Get the models of these languages; exit 0 only if all are there then."""
    if unknown := [language for language in languages if language not in SOURCES]:
        complain(f"there is no model for '{unknown[0]}'; choose from {', '.join(SOURCES)}")
        raise typer.Exit(1)
    cache = resources.cache_folder()
    rows = [_fetch_one(language, cache, quiet=as_json) for language in dict.fromkeys(languages)]
    if as_json:
        say(json.dumps({"models": rows}, indent=2))
    if any(row["error"] for row in rows):
        raise typer.Exit(1)


def model_rows(configured: Mapping[str, Path], cache: Path) -> list[dict[str, Any]]:
    """What is known of each language's model, for `list` and `doctor`."""
    rows: list[dict[str, Any]] = []
    for language in sorted({*SOURCES, *configured}):
        folder = find_model(language, configured.get(language), cache)
        faults = model_faults(folder) if folder is not None else ()
        rows.append(
            {
                "language": language,
                "folder": str(folder) if folder is not None else None,
                "ready": folder is not None and not faults,
                "faults": list(faults),
            }
        )
    return rows


def _fetch_one(language: str, cache: Path, *, quiet: bool) -> dict[str, Any]:
    source = SOURCES[language]
    row: dict[str, Any] = {"language": language, "folder": None, "sha256": None, "error": None}
    try:
        folder, sha256 = fetch_model(source, cache, progress=_told(language, quiet))
    except (ModelUnreachable, ModelRefused, OSError) as error:
        row["error"] = str(error)
        complain(f"{language}: {error}; callers in this language use keys until it is there")
        return row
    row["folder"], row["sha256"] = str(folder), sha256
    if not quiet:
        say(f"{language}: {folder}")
        if sha256 is not None and source.sha256 is None:
            say(
                f"{language}: no checksum is pinned for {source.name}; compare SHA-256 {sha256} "
                "with one you trust. From now on another one is refused on this machine."
            )
    return row


def _told(language: str, quiet: bool) -> Progress:
    """Progress every 10 MB, on a terminal or not."""
    told = 0

    def tell(done: int, total: int | None) -> None:
        nonlocal told
        if done - told < 10 * _MEGABYTE and done != total:
            return
        told = done
        if not quiet:
            of = f" of {total / _MEGABYTE:.0f}" if total else ""
            say(f"{language}: {done / _MEGABYTE:.0f}{of} MB")
            sys.stdout.flush()

    return tell


def _in_words(row: dict[str, Any]) -> str:
    if row["folder"] is None:
        return f"not there; run 'freizeichen models fetch {row['language']}'"
    if row["faults"]:
        return f"{row['folder']} is broken: {'; '.join(row['faults'])}"
    return f"{row['folder']}"
