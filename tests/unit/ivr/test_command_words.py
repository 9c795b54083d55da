"""Unit: each word of the command imports what it needs and no more, and help lists all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from ivr.cli import app
from ivr.cli.later import Later

ROOT: Any = typer.main.get_command(app)
_TELL = (
    "import json, sys; from ivr.cli import import_ahead; import_ahead(sys.argv[1:]);"
    " print(json.dumps(list(sys.modules)))"
)
HEARING = ("vosk", "requests")
SERVING = ("fastapi", "uvicorn", "prometheus_client", "panoramisk", "ivr.bootstrap")
MEASURING = ("ivr.bench", "queues.simulation", "ivr.doctor", "ivr.caller", "ivr.settings_begun")
STORING = ("sqlalchemy", "alembic", "cryptography")
PREPARING = ("ivr.preparation", "numpy", "jinja2")


def imported_by(*words: str) -> set[str]:
    run = [sys.executable, "-c", _TELL, *words]
    return set(json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout))


@pytest.mark.parametrize(
    ("words", "without"),
    [
        (["--help"], (*HEARING, *SERVING, *MEASURING, *STORING, *PREPARING, "pydantic")),
        (["status"], (*HEARING, *SERVING, *MEASURING, *STORING, *PREPARING)),
        (["agents", "list"], (*HEARING, *SERVING, *MEASURING, *STORING, *PREPARING)),
        (["queues", "list"], (*HEARING, *SERVING, *MEASURING, *STORING, *PREPARING)),
        (["logs", "x"], (*HEARING, *SERVING, *MEASURING, *STORING, *PREPARING)),
        (["explain", "x"], (*HEARING, *SERVING, *MEASURING, *PREPARING)),
        (["asterisk", "run"], (*HEARING, *SERVING, *MEASURING, *STORING)),
        (["dialplan", "check"], (*HEARING, *SERVING, *MEASURING, *STORING)),
        (["up"], (*HEARING, *MEASURING, "alembic", "holidays", "httpx")),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_a_command_imports_nothing_of_what_others_do(
    words: list[str], without: tuple[str, ...]
) -> None:
    imported = imported_by(*words)
    assert "ivr.cli" in imported
    assert imported.isdisjoint(without)


def test_what_is_called_heavy_is_there_and_is_imported_by_somebody() -> None:
    assert {*SERVING, *PREPARING, "sqlalchemy"} <= imported_by("up")
    assert {"ivr.bench", "queues.simulation", "ivr.caller"} <= imported_by("bench")
    assert "ivr.doctor" in imported_by("doctor")
    assert "ivr.settings_begun" in imported_by("init")
    assert set(HEARING) <= set(
        json.loads(
            subprocess.run(
                [sys.executable, "-c", "import json, sys, vosk; print(json.dumps([*sys.modules]))"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
    )


@pytest.mark.parametrize("word", ROOT.commands.values(), ids=lambda each: each.name)
def test_what_help_lists_of_a_word_is_what_the_word_says_of_itself(word: Later) -> None:
    command = word.loaded()
    assert command.name == word.name
    assert command.help is not None
    assert word.help == " ".join(command.help.split("\n\n")[0].split())
    assert CliRunner().invoke(app, [str(word.name), "--help"]).exit_code == 0


def test_help_lists_every_word_with_a_line() -> None:
    told = CliRunner().invoke(app, ["--help"], terminal_width=200).stdout
    for word in ROOT.commands.values():
        assert word.name in told
        assert word.help.split(";")[0][:40] in told


def test_a_word_that_does_not_exist_is_told_with_what_was_meant() -> None:
    told = CliRunner().invoke(app, ["statu"])
    assert told.exit_code == 2
    assert "Did you mean 'status'" in told.stderr
