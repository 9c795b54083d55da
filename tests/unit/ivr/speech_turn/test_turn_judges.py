"""How words fit a grammar, and when they are taken as said."""

from __future__ import annotations

import pytest

from ivr.speech.turn import (
    FinalHeard,
    Fit,
    Grammar,
    Limits,
    Utterance,
    Verdict,
    judge,
)
from tests.speech.turn_caller import MENU, Caller


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


ASKED = Grammar.of(["internet", "a person", "person", "no"], human=["Person", "a person", "chief"])


@pytest.mark.parametrize(
    ("heard", "competing", "phrase"),
    [
        ("internet a person internet", 1.0, "a person"),
        ("person internet", -7.0, "person"),
        ("internet person", 3.0, ""),  # syllables explain it better: something else was said
        ("internet person", None, ""),  # a model without syllables
        ("internet internet", -7.0, ""),
        ("person", -7.0, ""),  # the bare word, which was not sure
    ],
)
def test_a_sentence_for_a_human_is_one_though_it_is_no_phrase(
    heard: str, competing: float | None, phrase: str
) -> None:
    caller = Caller(ASKED)
    caller.speak()
    caller.quiet(0.8)
    caller.tell(FinalHeard(heard, 0.5, competing))
    said = caller.last()
    assert isinstance(said, Utterance)
    expected = (phrase, Verdict.UNDERSTOOD) if phrase else (heard, Verdict.REFUSED)
    assert (said.text, said.verdict) == expected


def test_a_long_noise_is_no_sentence_for_a_human() -> None:
    caller = Caller(ASKED)
    caller.speak(4.6)
    caller.quiet(0.8)
    caller.tell(FinalHeard("person no", 1.0, -7.0))
    said = caller.last()
    assert isinstance(said, Utterance)
    assert said.verdict is Verdict.REFUSED
