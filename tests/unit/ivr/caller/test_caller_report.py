"""What a report of a call says, to people and of expectations that were missed. Pure."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from ivr.caller.expectations import judged
from ivr.caller.hearing import Heard
from ivr.caller.report import Report, StepReport, Understood, print_report
from ivr.caller.script import Expectation
from ivr.caller.turns import Turn

REPORT = Report(
    to="300",
    about="",
    ok=True,
    failed_step=None,
    why=None,
    rejected=None,
    answered_after_s=0.1,
    heard=(
        Heard("not_understood", "ko", 1.0, 2.0, False, 1.0),
        Heard("not_understood", "ko", 4.0, 5.0, False, 1.0),
    ),
    tones=(),
    digits=(),
    turns=(
        Turn(3, 2.0, 2.5, "main_menu", 0.18, 0.44, "internet"),
        Turn(4, 6.0, 6.5, "after_info"),
        Turn(5, 8.0, 8.5),
    ),
    understood=(
        Understood(1.9, "main", "voice", "인터넷", "internet"),
        Understood(3.0, "after_internet", "key", "0", "human"),
    ),
    bridge=None,
    agents=(),
    hung_up_by=None,
    ended_after_s=9.0,
    rtp_packets=450,
    steps=(StepReport(3, "say", True, 2.0, 2.6),),
)


def printed(report: Report) -> str:
    console = Console(file=io.StringIO(), width=120)
    print_report(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_people_are_told_how_soon_it_fell_silent_and_answered_and_what_was_understood() -> None:
    text = printed(REPORT)

    assert "to 2.50, over main_menu, silent after 0.18 s, answered after 0.44 s by internet" in text
    assert "to 6.50, over after_info, which went on, no answer" in text
    assert "to 8.50, no answer" in text
    assert "understood: 인터넷 (voice, at main) -> internet; 0 (key, at after_internet)" in text


def test_a_service_that_understood_nothing_is_told_from_one_that_does_not_tell() -> None:
    assert "understood: nothing" in printed(replace(REPORT, understood=()))
    assert "understood:" not in printed(replace(REPORT, understood=None))


def test_what_a_caller_said_stands_in_no_repr() -> None:
    assert "인터넷" not in repr(REPORT)


@pytest.mark.parametrize(
    ("expect", "why"),
    [
        (Expectation(understood=("인터넷",)), None),  # keys are no words
        (Expectation(understood=("서비스",)), "number 1 of what was understood by voice is"),
        (
            Expectation(understood=("인터넷", "도움")),
            "1 answers were understood by voice instead of",
        ),
        (Expectation(understood=()), "1 answers were understood by voice instead of 0"),
        (Expectation(heard_at_most=(("not_understood", 2),)), None),
        (Expectation(heard_at_most=(("not_understood", 1),)), "not_understood was heard 2 times"),
    ],
)
def test_an_expectation_that_is_missed_says_what_was_instead_without_words_of_the_caller(
    expect: Expectation, why: str | None
) -> None:
    found = judged(REPORT, expect)

    assert found.ok == (why is None)
    if why is not None:
        assert found.why is not None
        assert why in found.why
        assert "인터넷" not in found.why


def test_words_cannot_be_compared_when_the_service_does_not_tell_them() -> None:
    found = judged(replace(REPORT, understood=None), Expectation(understood=("인터넷",)))

    assert found.why == "the service did not tell what it understood in this call"


def test_a_step_that_failed_is_told_before_an_expectation() -> None:
    failed = StepReport(3, "say", False, 2.0, 2.6, "answered only after 2 s")
    found = judged(replace(REPORT, steps=(failed,)), Expectation(bridged=True))

    assert (found.failed_step, found.why) == ("line 3: say", "answered only after 2 s")
