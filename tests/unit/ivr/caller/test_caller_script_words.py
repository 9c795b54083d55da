"""Unit: what is told of call scripts is complete, and is what the reader takes."""

from __future__ import annotations

import re
from itertools import chain

from typer.testing import CliRunner

from ivr.caller import read_expectation, read_script
from ivr.caller.fields import SPEECH
from ivr.caller.script_words import SCRIPT_WORDS
from ivr.cli import app


def told() -> set[str]:
    """Every word that stands before a colon, but for names that the author chooses."""
    return set(re.findall(r"([a-z_]+):(?=\s)", SCRIPT_WORDS))


def test_every_word_that_the_reader_knows_is_told_and_no_other() -> None:
    known = {
        *read_script._SCRIPT,
        *read_script._AGENT,
        *read_script._STEPS,
        *chain.from_iterable(read_script._STEPS.values()),
        *read_expectation._KEYS,
        *SPEECH,
    }
    assert told() == known


def test_the_steps_that_are_told_are_steps_of_a_script() -> None:
    steps = re.findall(r"^  - (\w+: .*?)(?:   .*)?$", SCRIPT_WORDS.partition("steps:")[2], re.M)
    assert len(steps) > len(read_script._STEPS)
    lines = [step.replace("SPEECH", "{text: Hello, voice: en-gb}") for step in steps]
    text = "steps:\n" + "\n".join(f"  - {line}" for line in lines)
    assert len(read_script.read_script(text).steps) == len(steps)


def test_the_command_shows_them_without_a_number_or_a_script() -> None:
    shown = CliRunner().invoke(app, ["call", "--words"])
    assert (shown.exit_code, shown.stdout.strip()) == (0, SCRIPT_WORDS.strip())
