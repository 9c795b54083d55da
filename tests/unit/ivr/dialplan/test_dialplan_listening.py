"""Dialplans that listen: which words lead where, and who is told that a machine listens."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from ivr.dialplan import Menu, NodeId, Plan, PromptId, load_plan

ROOT = Path(__file__).parents[4]
LINES = sorted((ROOT / "dialplans").glob("*/main.yaml"))
SMALL = """\
language: de
start: welcome
human: human
human_words: [Hilfe]
listening_notice: welcome
defaults:
  {no_input: hint, wrong_key: hint, not_understood: what, keys_only: keys, then: bye, refused: bye}
prompts: {welcome: Ein Automat hört zu., hint: Noch einmal., what: Wie bitte., keys: Bitte Tasten.}
nodes:
  welcome: {say: welcome, goto: main}
  main:
    menu: hint
    keys: {1: more, 2: bye}
    words:
      more: [Öffnungszeiten, wann  offen]
      bye: nein
  more: {menu: hint, keys: {9: main}}
  human: {queue: service}
  bye: {goodbye: hint}
"""


def load(text: str) -> Plan:
    return load_plan(text, file="main.yaml", queues=["service"])


def menu(plan: Plan, name: str) -> Menu:
    node = plan.nodes[NodeId(name)]
    assert isinstance(node, Menu)
    return node


def test_words_lead_to_their_node_and_the_words_for_a_human_to_one_from_every_menu() -> None:
    plan = load(SMALL)
    assert plan.listens
    assert dict(menu(plan, "main").phrases) == {
        "öffnungszeiten": "more",
        "wann offen": "more",
        "nein": "bye",
        "hilfe": "human",
        "eins": "more",
        "zwei": "bye",
        "null": "human",
    }
    assert dict(menu(plan, "more").phrases) == {"hilfe": "human", "neun": "main", "null": "human"}
    assert (menu(plan, "more").not_understood, menu(plan, "more").keys_only) == ("what", "keys")
    assert plan.listening_notice == "welcome"


@pytest.mark.parametrize("written", ["ÖFFNUNGSZEITEN", " öffnungszeiten ", "o\u0308ffnungszeiten"])
def test_a_phrase_is_kept_as_it_is_heard_however_it_is_written(written: str) -> None:
    plan = load(SMALL.replace("Öffnungszeiten", f'"{written}"'))
    assert plan.hash == load(SMALL).hash
    assert all(p == unicodedata.normalize("NFC", p) for p in menu(plan, "main").phrases)


def test_an_apostrophe_within_a_word_is_one_whatever_its_shape() -> None:
    plan = load(SMALL.replace("nein", "don’t know"))  # noqa: RUF001  (as word processors write it)
    assert "don't know" in menu(plan, "main").phrases


def test_the_same_word_for_the_same_node_twice_is_no_fault() -> None:
    plan = load(SMALL.replace("bye: nein", "bye: [nein, Nein]\n      human: [hilfe]"))
    assert plan.hash == load(SMALL).hash


def test_each_phrase_knows_its_line_for_messages() -> None:
    assert load(SMALL).phrase_lines == {
        "hilfe": 4,
        "öffnungszeiten": 15,
        "wann offen": 15,
        "nein": 16,
        "eins": 13,
        "zwei": 13,
        "null": 3,
        "neun": 17,
    }


def test_a_changed_word_changes_the_hash_and_a_moved_line_does_not() -> None:
    assert load(SMALL.replace("bye: nein", "bye: nie")).hash != load(SMALL).hash
    exchanged = SMALL.replace("what, keys_only: keys", "keys, keys_only: what")
    assert load(exchanged).hash != load(SMALL).hash
    assert load("# note\n" + SMALL).hash == load(SMALL).hash


def test_a_plan_without_words_does_not_listen() -> None:
    text = SMALL.replace("human_words: [Hilfe]\nlistening_notice: welcome\n", "")
    plan = load(text[: text.index("    words:")] + text[text.index("  more: {menu") :])
    assert not plan.listens
    assert plan.listening_notice is None
    assert (dict(menu(plan, "main").phrases), menu(plan, "main").not_understood) == ({}, None)


@pytest.mark.parametrize("file", LINES, ids=lambda file: file.stem)
def test_a_listening_line_says_in_its_welcome_that_a_machine_listens(file: Path) -> None:
    plan = load_plan(file.read_bytes(), file=str(file), queues=["service"])
    assert plan.listening_notice in plan.nodes[plan.start].prompts
    spoken = {"de": "Ein Automat hört zu", "en": "A machine is listening", "ko": "기계가 듣고"}
    assert spoken[plan.language] in plan.prompts[plan.listening_notice]


@pytest.mark.parametrize("file", LINES, ids=lambda file: file.stem)
def test_the_word_internet_leads_to_an_answer_from_which_a_human_is_one_word_away(
    file: Path,
) -> None:
    plan = load_plan(file.read_bytes(), file=str(file), queues=["service"])
    word, help_ = {"ko": ("인터넷", "도움"), "de": ("internet", "hilfe")}.get(
        plan.language, ("internet", "help")
    )
    answer = plan.nodes[menu(plan, "main").phrases[word]]
    assert answer.prompts == ("internet",)
    after = menu(plan, "after_internet")
    assert after.phrases[help_] == after.keys["0"] == plan.human


def test_the_korean_line_is_led_by_words_its_model_hears_well() -> None:
    (file,) = (file for file in LINES if file.parent.name == "ko")
    plan = load_plan(file.read_bytes(), file=str(file), queues=["service"])
    assert {"인터넷", "서비스", "변경", "도움", "계좌"} <= set(menu(plan, "main").phrases)


def test_each_word_that_a_korean_prompt_asks_for_is_heard_in_its_menu() -> None:
    (file,) = (file for file in LINES if file.parent.name == "ko")
    plan = load_plan(file.read_bytes(), file=str(file), queues=["service"])
    asked = 0
    for node in plan.nodes.values():
        if not isinstance(node, Menu):
            continue
        for prompt in node.prompts:
            text = plan.prompts[prompt]
            words = re.findall(r"(\w+)이라고 말씀", text)
            for row in re.findall(r"([\w, ]+) 가운데 하나를 말씀", text):
                words += row.split(", ")
            asked += len(words)
            assert set(words) <= set(node.phrases), prompt
    assert asked > 10


@pytest.mark.parametrize("file", LINES, ids=lambda file: file.parent.name)
def test_a_line_that_nobody_can_listen_to_is_welcomed_without_a_word_of_listening(
    file: Path,
) -> None:
    plan = load_plan(file.read_bytes(), file=str(file), queues=["service"])
    assert plan.keys_notice is not None
    for prompt in (plan.keys_notice, PromptId("keys_only")):
        text = plan.prompts[prompt]
        assert {"de": "Tasten", "en": "keys", "ko": "번호"}[plan.language] in text
        assert not any(said in text for said in ("Moment", "moment", "now", "지금", "hört", "듣"))


def test_a_word_that_is_written_wins_over_the_one_for_a_key() -> None:
    plan = load(SMALL.replace("bye: nein", "bye: [nein, eins]"))
    assert menu(plan, "main").phrases["eins"] == "bye"
    assert "eins" not in menu(load(SMALL.replace("language: de", "language: ko")), "main").phrases
