"""Unit: a time without time to hear callers is two lines in the log, whoever comes and goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from ivr.dialogues.ports import Unheard
from ivr.hearing.counts import At, HearingCounts
from ivr.hearing.watch import HearingWatch
from ivr.speech.hearing_desk import HearingLoad

CALM = HearingLoad(3, 1, 16, 0.01, 0.05, frozenset({"ko"}), (), 0.0)
BEGIN = "no time to hear more callers; they use keys"
END = "there is time to hear callers again"


class Watched:
    """A watch with its load, its count and its clock in the test's hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.load = CALM
        self.counts = HearingCounts()
        self.counts.unheard[At.QUESTION, Unheard.OVERLOAD] = 7  # from before
        self.watch = HearingWatch(lambda: self.load, self.counts.sent_to_keys, lambda: self.now)

    def look_for(self, seconds: int, refused: Unheard | None = None, at: At = At.QUESTION) -> None:
        for _ in range(seconds):
            self.now += 1
            if refused is not None:
                self.counts.unheard[at, refused] += 3
            self.watch.look()


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    with capture_logs() as lines:
        yield lines


def test_a_crowd_is_one_line_when_it_begins_and_one_when_it_ends(logged: list[EventDict]) -> None:
    on = Watched()
    on.look_for(5)
    assert logged == []
    on.look_for(4, Unheard.OVERLOAD)
    on.look_for(9)  # a lull within the crowd
    on.look_for(1, Unheard.LAG)
    assert [line["event"] for line in logged] == [BEGIN]
    assert (logged[0]["cause"], logged[0]["listening"]) == ("overload", 3)
    on.look_for(30)
    assert [line["event"] for line in logged] == [BEGIN, END]
    assert (logged[1]["sent_to_keys"], logged[1]["after_s"]) == (15, 13)
    on.look_for(1, Unheard.OVERLOAD)
    assert [line["event"] for line in logged] == [BEGIN, END, BEGIN]


@pytest.mark.parametrize(
    ("load", "refused", "code"),
    [
        (replace(CALM, lag_s=0.5), None, "lag"),
        (replace(CALM, lag_s=6.0, hangs=True), None, "hung"),
        (CALM, Unheard.OVERLOAD, "overload"),
        (CALM, Unheard.LAG, "lag"),
    ],
)
def test_what_there_is_no_time_for_is_named_with_the_mend_and_logged_without_a_caller(
    load: HearingLoad, refused: Unheard | None, code: str, logged: list[EventDict]
) -> None:
    on = Watched()
    on.load = load
    on.look_for(1, refused)
    reason = on.watch.reason()
    assert reason is not None
    assert reason.code == code
    assert "; " in reason.text
    (line,) = logged
    named = {"cause", "listening", "streams", "streams_capacity", "lag_s", "event", "log_level"}
    assert set(line) == named


@pytest.mark.parametrize("cause", [Unheard.NO_MODEL, Unheard.SOUND_LOST, Unheard.DIED])
def test_what_has_other_causes_is_no_want_of_time(cause: Unheard, logged: list[EventDict]) -> None:
    on = Watched()
    on.look_for(3, cause)
    assert on.watch.reason() is None
    assert logged == []


@pytest.mark.parametrize(("at", "seen"), [(At.WELCOME, [BEGIN]), (At.ANNOUNCEMENT, [])])
def test_who_is_refused_at_the_welcome_is_sent_to_keys_and_who_is_told_something_is_not(
    at: At, seen: list[str], logged: list[EventDict]
) -> None:
    on = Watched()
    on.look_for(2, Unheard.OVERLOAD, at)
    assert [line["event"] for line in logged] == seen
