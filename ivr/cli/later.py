"""When the module of a command is imported: when that command is run, not when the line begins.

All commands together import what serves calls, what measures and what simulates; each start and
each `status` would wait for that. What help lists is known without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Word:
    """A word behind `freizeichen`, and where the function or the group of words is that it runs."""

    name: str
    at: str  # "file:function" or "file:app", below ivr.cli
    help: str  # one line, as the command's own begins

    def imported(self) -> Any:
        """Import what it runs and give it."""
        file, _, named = self.at.partition(":")
        return getattr(import_module(f"ivr.cli.{file}"), named)


class Later(TyperCommand):
    """Stands for a command until it is run."""

    def __init__(self, word: Word) -> None:
        """`word` names what is run."""
        super().__init__(name=word.name, help=word.help)
        self._word = word

    def loaded(self) -> TyperCommand | TyperGroup:
        """Import the command and give it."""
        word = self._word
        found = word.imported()
        if isinstance(found, typer.Typer):
            group = typer.main.get_group(found)
            group.name = word.name
            return group
        alone = typer.Typer(add_completion=False)
        alone.command(word.name)(found)
        command = typer.main.get_command(alone)
        assert isinstance(command, TyperCommand)  # noqa: S101  for mypy: one function, no group
        return command

    def make_context(self, *given: Any, **named: Any) -> Any:
        """Begin to run it: from here on the loaded command takes the place of this one."""
        return self.loaded().make_context(*given, **named)


class LateWords(TyperGroup):
    """A group whose words are imported when they are run."""

    WORDS: tuple[Word, ...] = ()

    def __init__(self, **given: Any) -> None:
        """As any group is made."""
        super().__init__(**given)
        for word in self.WORDS:
            self.add_command(Later(word))
