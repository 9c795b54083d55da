"""Phrases that a model cannot hear: each is named with its line, and what its menus lose."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.dialplan import Plan, load_plan
from ivr.speech.unheard import unheard_phrases

PLAN = """\
language: xx
start: welcome
human: human
human_words: [Hilfe, Mensch]
listening_notice: welcome
defaults:
  {no_input: hint, wrong_key: hint, not_understood: what, keys_only: keys, then: bye, refused: bye}
prompts: {welcome: Ein Automat hört zu., hint: Noch einmal., what: Wie bitte., keys: Bitte Tasten.}
nodes:
  welcome: {say: welcome, goto: main}
  main:
    menu: hint
    keys: {1: more, 2: bye, 3: desk}
    words:
      more: [Öffnungszeiten, wann offen]
      bye: nein
      desk: Schalter
  more: {menu: hint, keys: {9: main}, words: {main: zurück}}
  desk: {say: hint, goto: human}
  human: {queue: service}
  bye: {goodbye: hint}
"""


def plan() -> Plan:
    return load_plan(PLAN, file="de/main.yaml", queues=["service"])


class Model:
    """A model that knows every word but these."""

    def __init__(self, *strange: str) -> None:
        self._strange = frozenset(strange)
        self.asked: list[str] = []

    def unknown(self, words: Iterable[str]) -> tuple[str, ...]:
        self.asked = sorted(words)
        return tuple(word for word in self.asked if word in self._strange)


def told(*strange: str) -> list[str]:
    return [str(fault) for fault in unheard_phrases(plan(), Model(*strange).unknown)]


def test_a_plan_whose_words_are_known_has_nothing_to_mend() -> None:
    model = Model("unused")
    assert unheard_phrases(plan(), model.unknown) == ()
    assert model.asked == [
        *("hilfe", "mensch", "nein", "offen", "schalter", "wann", "zurück", "öffnungszeiten")
    ]


def test_an_unknown_word_is_named_with_its_line_and_a_mend() -> None:
    assert told("öffnungszeiten") == [
        "de/main.yaml:15: the model of 'xx' does not know 'öffnungszeiten', so it is never heard; "
        "use another word, or spell it as the model does"
    ]


def test_a_phrase_with_an_unknown_word_is_never_heard_as_it_was_written() -> None:
    (one,) = told("wann")
    assert one.startswith("de/main.yaml:15: the model of 'xx' does not know 'wann' in 'wann offen'")
    (both,) = told("wann", "offen")
    assert "does not know 'wann' and 'offen' in 'wann offen'" in both


def test_a_menu_without_a_phrase_that_can_be_heard_is_named() -> None:
    faults = told("hilfe", "mensch", "zurück")
    assert [f for f in faults if "menu 'more'" in f] == [
        "de/main.yaml:18: menu 'more' has no phrase that can be heard, so its callers need keys; "
        "use another word, or spell it as the model does"
    ]


def test_a_menu_without_a_word_for_a_human_that_can_be_heard_is_named() -> None:
    faults = told("hilfe", "mensch", "schalter")
    assert [f for f in faults if "menu" in f] == [
        "de/main.yaml:15: menu 'main' has no phrase that can be heard and leads to a human; add a "
        "word that the model knows to 'human_words'",
        "de/main.yaml:18: menu 'more' has no phrase that can be heard and leads to a human; add a "
        "word that the model knows to 'human_words'",
    ]


def test_a_phrase_that_leads_to_a_human_past_an_announcement_is_enough() -> None:
    faults = told("hilfe", "mensch")
    assert [f.split("menu ")[1][:6] for f in faults if "menu" in f] == ["'more'"]


def test_a_plan_that_does_not_listen_asks_no_model() -> None:
    text = PLAN.replace("human_words: [Hilfe, Mensch]\n", "").replace(
        "listening_notice: welcome\n", ""
    )
    silent = "\n".join(
        line.replace(", words: {main: zurück}", "")
        for line in text.splitlines()
        if not line.startswith(("    words:", "      "))
    )
    silent = silent.replace(" not_understood: what, keys_only: keys,", "").replace(
        ", what: Wie bitte., keys: Bitte Tasten.", ""
    )
    quiet = load_plan(silent, file="de/main.yaml", queues=["service"])
    assert not quiet.listens
    assert unheard_phrases(quiet, Model("hilfe").unknown) == ()
