"""Unit: a checked plan as text, which proves itself by its hash, and what is no such text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivr.dialplan import Plan, load_plan
from ivr.dialplan.written import PlanUnreadable, plan_from_text, plan_to_text

ROOT = Path(__file__).parents[4]
FILES = [
    *sorted((ROOT / "dialplans").glob("*/*.yaml")),
    *sorted((ROOT / "tests/corpus/dialplans/good").glob("*.yaml")),
]


def load(file: Path) -> Plan:
    return load_plan(file.read_bytes(), file="main.yaml", queues=("service", "repairs"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_plan_comes_back_out_of_its_text_whole(file: Path) -> None:
    plan = load(file)
    again = plan_from_text(plan_to_text(plan), plan.hash, file="kept")
    spoken_without_the_plan = replace(
        again,
        file=plan.file,
        when_down=plan.when_down,
        emergency_notice=plan.emergency_notice,
        phrase_lines=plan.phrase_lines,
    )
    assert spoken_without_the_plan == plan
    assert plan_to_text(again) == plan_to_text(plan)


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    def take(content: dict[str, Any]) -> None:
        del content[name]

    return take


def _node(change: Callable[[list[Any]], None]) -> Callable[[dict[str, Any]], None]:
    return lambda content: change(content["nodes"][content["start"]])


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.update(language="xx"),
        _without("human"),
        lambda content: content.update(nodes=[]),
        _node(lambda node: node.__setitem__(0, "Dance")),
        _node(lambda node: node[1].update(later="a field of another release")),
        _node(lambda node: node[1].pop("prompts")),
        _node(list.clear),
    ],
)
def test_a_plan_of_another_release_is_unreadable_and_nothing_of_it_is_told(
    change: Callable[[dict[str, Any]], None],
) -> None:
    content = json.loads(plan_to_text(load(FILES[0])))
    change(content)
    with pytest.raises(PlanUnreadable) as raised:
        plan_from_text(json.dumps(content), load(FILES[0]).hash, file="kept")
    assert len(str(raised.value)) < 80
    assert "Dance" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '"text"'])
def test_what_is_no_plan_at_all_is_unreadable(text: str) -> None:
    with pytest.raises(PlanUnreadable):
        plan_from_text(text, load(FILES[0]).hash, file="kept")


def test_a_text_that_was_changed_is_not_that_of_the_plan() -> None:
    plan = load(FILES[0])
    with pytest.raises(PlanUnreadable):
        plan_from_text(plan_to_text(plan).replace("drücken", "druecken"), plan.hash, file="kept")
