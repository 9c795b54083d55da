"""Unit: the rows of a bench, what is written of them, and the small sums behind some."""

from __future__ import annotations

from itertools import islice

import pytest

from ivr.bench.memory import slope, what_is_left
from ivr.bench.recovery_memory import steady_slope
from ivr.bench.speech_site import Figures
from ivr.bench.table import Bar, Row, markdown
from ivr.bench.words import MENU, WORDS, menu_words


def cells(row: Row) -> list[str]:
    return [cell.strip() for cell in markdown([row]).splitlines()[-1].split("|")[1:-1]]


def test_a_row_says_whether_its_bar_is_kept() -> None:
    assert cells(Row("wait", (0.3, 0.2, 0.4), "s", bar=0.5))[1:5] == [
        "0.3 s",
        "0.2 to 0.4",
        "<= 0.5",
        "yes",
    ]
    assert cells(Row("wait", (0.7,), "s", bar=0.5))[4] == "no"
    assert cells(Row("callers", (49,), "", kind=Bar.AT_LEAST, bar=50))[4] == "no"


def test_a_row_without_a_bar_keeps_none_and_breaks_none() -> None:
    row = Row("right words taken at once", (90,), "%")
    assert cells(row)[4] == ""
    assert row.json()["holds"] is True


def test_a_row_that_could_not_be_measured_does_not_hold() -> None:
    row = Row("silence", (), "s", bar=0.2)
    assert cells(row)[1:5] == ["none", "", "<= 0.2", "no"]
    assert row.json()["holds"] is False


def test_a_row_whose_rival_did_not_run_does_not_hold_with_or_without_a_bar() -> None:
    row = Row("taken", (19,), "words", against="alone")
    assert cells(row)[4:] == ["no", "alone: none"]
    assert cells(Row("taken", (19,), "words", against="alone", against_values=(20,)))[4:] == [
        "",
        "alone: 20 words",
    ]


def test_memory_a_call_is_the_slope_through_the_readings() -> None:
    assert slope([(n, 500_000 + 3 * n) for n in range(200, 1001, 200)]) == pytest.approx(3)
    assert slope([(200, 9.0), (400, 8.0), (600, 9.0)]) == pytest.approx(0, abs=1e-9)


def test_what_a_service_still_holds_is_named() -> None:
    nothing = dict.fromkeys(
        (
            "freizeichen_audio_lines",
            "freizeichen_speech_listening",
            "freizeichen_speech_streams",
        ),
        0.0,
    )
    assert what_is_left(nothing) == ""
    left = nothing | {"freizeichen_audio_lines": 2.0, "freizeichen_speech_streams": 1.0}
    assert what_is_left(left) == "2 lines, 1 streams"


def test_counts_are_told_apart_by_their_labels() -> None:
    name = 'freizeichen_speech_replies_total{{reply="{}"}}'
    before = Figures({name.format("understood"): 3.0})
    after = Figures({name.format("understood"): 22.0, name.format("unheard"): 1.0})
    assert after.since(before, name.format("understood")) == 19
    assert after.since(before, name.format("unheard")) == 1


def test_a_caller_says_the_same_words_whenever_they_are_asked_for() -> None:
    said = list(islice(menu_words(7), 50))
    assert said == list(islice(menu_words(7), 50))
    assert said != list(islice(menu_words(8), 50))
    assert {voice for _, voice in said} == set(WORDS)
    assert all(text in MENU and text in WORDS[voice] for text, voice in said)


def test_a_steady_slope_is_that_of_most_readings_whatever_one_of_them_says() -> None:
    read = [(1000 * n, 100.0 + 2.0 * n) for n in range(10)]
    assert steady_slope(read) == pytest.approx(0.002)
    read[-1] = (9000, 0.0)
    assert steady_slope(read) == pytest.approx(0.002)
