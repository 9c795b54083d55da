"""How a command asks the running service, or changes something there: by its API and token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from ivr.cli.output import complain
from ivr.place.asking import NoAnswer, ask
from ivr.place.place import SettingsOption, find_place
from ivr.place.runfile import RunFile, ServiceNotRunning, read_run_file

AsJson = Annotated[bool, typer.Option("--json", help="as JSON, as the API tells it")]


class CannotAsk(Exception):
    """The service did not do what was asked for; the message says why and what to do."""


class OwnService:
    """The API of the service that runs beside these settings."""

    def __init__(self, run: RunFile, token: str) -> None:
        """`token` is that of the service's token file."""
        self._run, self._token = run, token

    def get(self, path: str) -> dict[str, Any]:
        """Give what stands at `path` below /api/v1; raises `CannotAsk`."""
        return self._ask("GET", path, None)

    def post(self, path: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask for something to be done, and give what came of it; raises `CannotAsk`."""
        return self._ask("POST", path, given)

    def _ask(self, method: str, path: str, given: dict[str, Any] | None) -> dict[str, Any]:
        try:
            answer, body = ask(
                self._run,
                method,
                f"/api/v1/{path}",
                json=given,
                headers={"Authorization": f"Bearer {self._token}"},
            )
        except NoAnswer as error:
            raise CannotAsk(f"{error}; see: freizeichen status") from None
        if not isinstance(body, dict):
            raise CannotAsk("the service answers as another release would; restart it")
        if not answer.is_success:
            raise CannotAsk(_why(answer.status_code, body))
        return body


@contextmanager
def own_service(settings: SettingsOption) -> Iterator[OwnService]:
    """The running service; that there is none, or that it refuses, is told, and ends with 1."""
    try:
        run = read_run_file(find_place(settings).run_folder)
        yield OwnService(run, _token(run))
    except (ServiceNotRunning, CannotAsk) as error:
        complain(str(error))
        raise typer.Exit(1) from None


def alone(context: typer.Context, settings: SettingsOption, as_json: bool) -> bool:
    """Tell whether a command stands without a word behind it, and so is to list all.

    Options before a word would be lost: that is told, and ends with 2.
    """
    word = context.invoked_subcommand
    if word is not None and (settings is not None or as_json):
        complain(f"options stand behind the word: freizeichen {context.info_name} {word}")
        raise typer.Exit(2)
    return word is None


def check_known(kind: str, name: str, known: Iterable[str]) -> None:
    """Raise `CannotAsk` with the names that there are, unless this is one of them."""
    names = list(known)
    if name not in names:
        raise CannotAsk(f"there is no such {kind}; there are: {', '.join(names) or 'none'}")


def in_path(name: str) -> str:
    """Give a name as one part of an address."""
    return quote(name, safe="")


def _token(run: RunFile) -> str:
    try:
        return Path(run.token_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise CannotAsk(f"{run.token_file} cannot be read; restart the service") from None


def _why(status: int, problem: dict[str, Any]) -> str:
    title, detail = problem.get("title"), problem.get("detail")
    if not isinstance(title, str):
        return f"the service refused it (HTTP {status})"
    return f"{title}: {detail}" if isinstance(detail, str) else title
