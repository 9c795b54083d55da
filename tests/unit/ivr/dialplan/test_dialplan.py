"""Dialplans: which texts hold, which do not, and how each fault is told."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.dialplan import (
    DialplanFaulty,
    Goodbye,
    Menu,
    Node,
    NodeId,
    Plan,
    Queue,
    Say,
    load_plan,
)
from ivr.dialplan.spoken_keys import spoken_key

ROOT = Path(__file__).parents[4]
CORPUS = ROOT / "tests" / "corpus" / "dialplans"
QUEUES = ("service", "repairs")
SHIPPED = sorted((ROOT / "dialplans").glob("*/*.yaml"))
BAD = sorted((CORPUS / "bad").glob("*.yaml"))
GOOD = sorted((CORPUS / "good").glob("*.yaml"))
SMALL = """\
language: de
start: welcome
human: human
defaults: {no_input: hint, wrong_key: hint, then: bye, refused: bye}
prompts: {welcome: Guten Tag., hint: Bitte noch einmal.}
nodes:
  welcome: {menu: welcome, keys: {1: bye}}
  human: {queue: service}
  bye: {goodbye: hint}
"""


def load(text: str | bytes) -> Plan:
    return load_plan(text, file="main.yaml", queues=QUEUES)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_dialplan_is_refused_with_the_faults_its_first_line_states(file: Path) -> None:
    stated = file.read_bytes().split(b"\n")[0].decode().removeprefix("# expect: ").rstrip("\r")
    with pytest.raises(DialplanFaulty) as refused:
        load_plan(file.read_bytes(), file="x.yaml", queues=QUEUES)
    told = [str(fault) for fault in refused.value.faults]
    assert told == [f"x.yaml:{fault}" for fault in stated.split(" | ")]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_each_shipped_line_has_a_prompt_for_when_nobody_can_be_reached(file: Path) -> None:
    plan = load_plan(file.read_bytes(), file=str(file), queues=QUEUES)
    assert plan.when_down in plan.prompts


def test_a_prompt_for_when_nobody_can_be_reached_is_not_needed() -> None:
    assert load(SMALL).when_down is None


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_good_dialplan_is_loaded(file: Path) -> None:
    assert load_plan(file.read_bytes(), file=str(file), queues=QUEUES).nodes


def test_a_fault_reads_file_line_what_is_wrong_and_how_to_mend_it() -> None:
    text = (CORPUS / "bad" / "no_branch_for_silence.yaml").read_text()
    with pytest.raises(DialplanFaulty) as refused:
        load_plan(text, file="dialplans/de/main.yaml", queues=QUEUES)
    assert str(refused.value) == (
        "dialplans/de/main.yaml:11: menu 'rechnung' has no branch for silence; "
        "add 'no_input' or set a default"
    )


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_a_shipped_line_leads_key_0_of_each_menu_through_connecting_to_service(file: Path) -> None:
    plan = load_plan(file.read_bytes(), file=str(file), queues=("service",))
    assert plan.language == file.parent.name
    assert {"welcome", "main_menu"} <= set(plan.prompts)
    menus = [node for node in plan.nodes.values() if isinstance(node, Menu)]
    assert menus
    for menu in menus:
        human = plan.nodes[menu.keys["0"]]
        assert isinstance(human, Queue)
        assert (human.queue, human.prompts) == ("service", ("connecting",))
        assert menu.tries == 2


def by_meaning(plan: Plan) -> dict[str, tuple[Node, set[NodeId]]]:
    """Each node without its language's words, and where its words lead, but for spoken keys."""
    keys = {spoken_key(plan.language, key) for key in "0123456789"}
    return {
        name: (replace(node, phrases={}), {to for p, to in node.phrases.items() if p not in keys})
        if isinstance(node, Menu)
        else (node, set())
        for name, node in plan.nodes.items()
    }


def test_the_three_shipped_lines_lead_their_callers_the_same_way() -> None:
    plans = [load_plan(file.read_bytes(), file="", queues=QUEUES) for file in SHIPPED]
    assert [plan.language for plan in plans] == ["de", "en", "ko"]
    assert by_meaning(plans[0]) == by_meaning(plans[1]) == by_meaning(plans[2])
    assert plans[0].prompts.keys() == plans[1].prompts.keys() == plans[2].prompts.keys()


def test_defaults_reach_each_node_and_a_node_of_its_own_mind_wins() -> None:
    plan = load(SMALL)
    welcome, human = plan.nodes[plan.start], plan.nodes[plan.human or plan.start]
    assert isinstance(welcome, Menu)
    assert isinstance(human, Queue)
    assert (welcome.wait_s, welcome.tries) == (6.0, 2)
    assert (welcome.otherwise, welcome.when_silent) == ("human", "human")
    assert dict(welcome.keys) == {"1": "bye", "0": "human"}
    assert (human.then, human.refused) == ("bye", "bye")
    assert (human.when_full, human.when_nobody, human.when_long) == ("bye", "bye", "bye")
    assert human.when_closed is None
    own = load(
        SMALL.replace("{1: bye}}", "{1: bye, 0: bye, 2: human}, when_silent: bye, tries: 1}")
    )
    menu = own.nodes[own.start]
    assert isinstance(menu, Menu)
    assert (menu.keys["0"], menu.when_silent, menu.tries) == ("bye", "bye", 1)


def test_layout_and_comments_leave_the_hash_alone_and_every_change_of_meaning_changes_it() -> None:
    plan = load(SMALL)
    assert re.fullmatch("[0-9a-f]{64}", plan.hash)
    assert load("# note\n" + SMALL.replace("{1: bye}", '{ "1": bye }')).hash == plan.hash
    assert load_plan(SMALL, file="elsewhere.yaml", queues=QUEUES).hash == plan.hash
    changes = (
        ("Guten Tag.", "Guten Abend."),
        ("{1: bye}", "{2: bye}"),
        ("then: bye", "then: welcome"),
        ("language: de", "language: de\nspeed: 140"),
        ("queue: service", "queue: repairs"),
        ("defaults: {", "defaults: {wait_s: 9, "),
    )
    hashes = {load(SMALL.replace(old, new)).hash for old, new in changes}
    assert len(hashes | {plan.hash}) == len(changes) + 1


def test_a_checked_plan_cannot_be_changed() -> None:
    plan = load(SMALL)
    with pytest.raises(TypeError):
        plan.nodes["bye"] = Goodbye(())  # type: ignore[index]
    with pytest.raises(AttributeError):
        plan.start = "bye"  # type: ignore[misc]


def test_a_file_too_large_is_left_at_once() -> None:
    with pytest.raises(DialplanFaulty, match="300000 bytes, at most 200000 are read"):
        load(b" " * 300_000)


def test_ten_thousand_slips_are_told_as_the_first_hundred() -> None:
    with pytest.raises(DialplanFaulty) as refused:
        load("\n".join(f"slip{n}: x" for n in range(10_000)))
    assert len(refused.value.faults) == 100


def test_a_name_that_floods_or_breaks_lines_does_neither_to_the_message() -> None:
    with pytest.raises(DialplanFaulty) as refused:
        load(SMALL.replace("start: welcome", '"a\\nb\\e[31m' + "x" * 500 + '": y'))
    assert all(len(str(fault)) < 450 and str(fault).isprintable() for fault in refused.value.faults)


def test_a_line_without_menus_needs_no_human() -> None:
    plan = load(
        "{language: en, start: a, prompts: {a: Hi., b: Bye.}, "
        "nodes: {a: {say: a, goto: b}, b: {goodbye: b}}}"
    )
    assert plan.nodes[plan.start] == Say(("a",), "b")  # type: ignore[arg-type]
    assert (plan.voice, plan.speed, plan.human) == ("en-gb", 150, None)


_PIECES = st.sampled_from(
    ["*", "&a ", "{", "}", "[", ": ", "- ", "\t", "\n", "\x00", "'", "goto", "!"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SMALL)), st.integers(0, 9), _PIECES), max_size=4))
def test_no_damage_to_a_file_does_more_than_refuse_it(damage: list[tuple[int, int, str]]) -> None:
    text = SMALL
    for at, length, piece in damage:
        text = text[:at] + piece + text[at + length :]
    try:
        load(text)
    except DialplanFaulty as refused:
        assert refused.faults  # noqa: PT017  (either outcome is right, a third is not)


def test_the_examples_in_the_readme_hold() -> None:
    readme = (ROOT / "dialplans" / "README.md").read_text()
    by_keys, by_voice = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    assert load(by_keys).human == load(by_voice).human == "human"
    assert (load(by_keys).listens, load(by_voice).listens) == (False, True)
