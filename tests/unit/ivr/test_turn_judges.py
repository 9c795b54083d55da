"""How words fit a grammar, and when they are taken as said."""

from __future__ import annotations

import pytest

from ivr.speech.turn import (
    Fit,
    Grammar,
    Limits,
    Verdict,
    judge,
)
from tests.speech.turn_caller import MENU


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("internet", Fit.COMPLETE),
        ("change", Fit.OPEN),
        ("change address", Fit.COMPLETE),
        ("address", Fit.NONE),
        ("internet internet", Fit.NONE),
        ("", Fit.NONE),
    ],
)
def test_how_words_fit_a_grammar(text: str, fit: Fit) -> None:
    assert MENU.fit(text) is fit


def test_a_beginning_that_is_no_phrase_fits_as_begun() -> None:
    grammar = Grammar.of(["new address please"])
    assert [grammar.fit(t) for t in ("new", "new address")] == [Fit.BEGUN, Fit.BEGUN]
    with pytest.raises(ValueError, match="at least one phrase"):
        Grammar.of(["  "])


@pytest.mark.parametrize(
    ("text", "confidence", "competing", "verdict"),
    [
        ("internet", 0.9, 3.0, Verdict.UNDERSTOOD),
        ("internet", 0.9, None, Verdict.UNDERSTOOD),
        ("internet", 0.9, 24.0, Verdict.UNSURE),
        ("internet", 0.7, 3.0, Verdict.UNSURE),
        ("internet", 0.9, 29.0, Verdict.REFUSED),
        ("internet", 0.5, 3.0, Verdict.REFUSED),
        ("internet change", 1.0, -9.0, Verdict.REFUSED),
        ("[unk]", 1.0, -9.0, Verdict.REFUSED),
    ],
)
def test_both_measures_must_hold(
    text: str, confidence: float, competing: float | None, verdict: Verdict
) -> None:
    assert judge(text, confidence, competing, grammar=MENU, limits=Limits()) is verdict
