"""The command `freizeichen`: one file for each of its words."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from ivr.cli.later import LateWords, Word


class _Words(LateWords):
    """Every word, as help lists them."""

    WORDS = (
        Word(
            "up",
            "up:up",
            "Set up what is missing, start Asterisk and the service, and stay until Ctrl-C.",
        ),
        Word(
            "status",
            "status:status",
            "Say whether a call would be answered; the exit status is 0 only then.",
        ),
        Word(
            "init",
            "init:init",
            "Write a commented settings file out of a few answers; one that is there is left"
            " alone.",
        ),
        Word(
            "doctor",
            "doctor:doctor",
            "Look at everything that a call needs, and say what to do; exit 0 only without faults.",
        ),
        Word(
            "call",
            "call:call",
            "Call a number as a caller would, do what the script says, and report what was heard.",
        ),
        Word(
            "explain",
            "journal:explain_command",
            "Tell the way of one call through the queue: what was decided, when and why.",
        ),
        Word(
            "backup",
            "backup:backup",
            "Back up store, people, key, settings and passwords into one file, while the service"
            " runs.",
        ),
        Word(
            "restore",
            "backup:restore",
            "Put a backup in the place of what is here, whole or not at all; not while a service"
            " runs.",
        ),
        Word(
            "logs",
            "logs:logs",
            "Print what was logged of one call; the exit status is 0 only if there was anything.",
        ),
        Word(
            "replay",
            "replay:replay_command",
            "Decide everything in the journal anew, compare, and check each row's seal.",
        ),
        Word(
            "simulate",
            "simulate:simulate",
            "Simulate a day once for each seed; give figures with the 95 % interval of their"
            " means.",
        ),
        Word(
            "bench",
            "bench:bench",
            "Measure on this machine; the exit status is 0 only if every bar holds.",
        ),
        Word("agents", "agents:app", "Who is at work and does what."),
        Word("queues", "queues:app", "How many wait where, and who is there."),
        Word("dialplan", "dialplan:app", "What a caller is led through."),
        Word("models", "models:app", "What the machine needs in order to hear a language."),
        Word("prompts", "prompts:app", "What is spoken on the line."),
        Word(
            "records",
            "records:app",
            "What reports are made of: a record for each call, offer, missed call.",
        ),
        Word("service", "service:app", "The systemd units that run this place."),
        Word("asterisk", "switch:app", "The Asterisk that carries the calls."),
    )


app = typer.Typer(
    name="freizeichen",
    cls=_Words,
    help="The phone line that settles what it can and brings everyone else to the right human.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def import_ahead(arguments: Sequence[str]) -> None:
    """Import the command that the arguments name, if they name one."""
    named = next((each for each in arguments if not each.startswith("-")), None)
    for word in _Words.WORDS:
        if word.name == named:
            word.imported()


@app.callback()
def _freizeichen() -> None:
    """Nothing is done before the word."""
