"""Unit: what the README tells to type exists, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
from pydantic import BaseModel

from ivr.cli import app
from ivr.cli.later import Later
from ivr.settings.settings import Settings

README = (Path(__file__).parents[4] / "README.md").read_text("utf-8")
ROOT = typer.main.get_command(app)
_PARTS = re.split(r"^```.*\n", README, flags=re.MULTILINE)
TEXT, BLOCKS = "".join(_PARTS[::2]), "".join(_PARTS[1::2])
_TYPED = re.compile(r"(?:^|[\s/;&])freizeichen ([a-z][^#;)\n]*)")


def typed() -> list[str]:
    """What stands behind `freizeichen` in code blocks and in code within the text."""
    spans = [*BLOCKS.splitlines(), *re.findall(r"`([^`\n]+)`", TEXT)]
    found = [match for span in spans for match in _TYPED.findall(f" {span}")]
    return sorted({each.strip().removeprefix("freizeichen ") for each in found})


@pytest.mark.parametrize("words", typed())
def test_what_the_readme_tells_to_type_is_a_command_with_these_options(words: str) -> None:
    command: Any = ROOT
    rest = words.split()
    while hasattr(command, "commands"):
        if not rest or rest[0].startswith(("-", "[")):
            break  # a group that does something by itself, or stands for all of it
        name = rest.pop(0).rstrip(",")
        assert name in command.commands, words
        command = command.commands[name]
        command = command.loaded() if isinstance(command, Later) else command
    known = {option for parameter in command.params for option in parameter.opts}
    for word in rest:
        if word.startswith("-") or word.startswith("[-"):
            assert word.strip("[],").split("=")[0] in known | {"--help"}, words


def test_the_readme_tells_many_commands_to_type() -> None:
    assert len(typed()) > 30


def told_settings() -> list[str]:
    """The places of settings in the first column of their table; `b` behind `a.x` is `a.b`."""
    table = README.partition("\n## Settings\n")[2].partition("\n## ")[0]
    places = []
    for row in re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE):
        first, *others = re.findall(r"`([^`]+)`", row)
        above = first.rpartition(".")[0]
        places.append(first)
        places += [f"{above}.{each}" if above and "." not in each else each for each in others]
    return [each.replace("[]", "") for each in places]


def known_settings(model: type[BaseModel], above: str = "") -> dict[str, bool]:
    """Every setting's place, and whether it is a table or a list of tables."""
    known: dict[str, bool] = {}
    for name, field in model.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        below = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        known[f"{above}{name}"] = bool(below)
        for kind in below:
            known |= known_settings(kind, f"{above}{name}.")
    return known


@pytest.mark.parametrize("place", told_settings())
def test_a_setting_that_the_readme_tells_of_is_one(place: str) -> None:
    assert place in known_settings(Settings)


def test_the_readme_tells_of_every_setting() -> None:
    told = told_settings()
    table = README.partition("\n## Settings\n")[2].partition("\n## ")[0]
    for place, is_table in known_settings(Settings).items():
        word = place.rpartition(".")[2]
        assert is_table or place in told or re.search(rf"\b{word}\b", table), place


def test_each_link_within_the_readme_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
    links = re.findall(r"\]\(#([^)]+)\)", README)
    assert links
    assert set(links) <= anchors
