"""Unit: the stories of a demo, their order, who calls, and what is told of a call."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import pytest

from ivr.caller.desk import CallRow, CardEntry
from ivr.caller.script import Press
from ivr.demo.__main__ import main
from ivr.demo.stories import NAMES, STORIES, name_for, told_in_turn
from ivr.demo.watching import farewell, news, shown_card
from ivr.dialplan import Menu, NodeId, Plan, Queue, Say, load_plan
from ivr.place.runfile import LineInfo, RunFile, write_run_file

ROOT = Path(__file__).parents[3]
CHANCE = random.Random(1)  # noqa: S311  (stories, not secrets)
ALL_STEPS = [step for story in STORIES for step in story.steps]


def row(state: str, agent: str | None = None) -> CallRow:
    return CallRow(id="c-1", line="100", state=state, agent=agent)


def told(before: CallRow | None, now: CallRow) -> str | None:
    return news(before, now, lambda agent: agent or "an agent")


def test_every_story_comes_once_before_any_comes_again() -> None:
    count = len(STORIES)
    dealt = list(islice(told_in_turn(CHANCE), 3 * count))
    assert dealt[:count] == list(STORIES)
    assert dealt[count : 2 * count] != list(STORIES)
    for at in (count, 2 * count):
        assert {story.about for story in dealt[at : at + count]} == {s.about for s in STORIES}


def test_a_place_without_a_phone_account_for_callers_is_told_what_a_demo_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = LineInfo("100", "German", "de")
    address = "http://127.0.0.1:1"
    run = RunFile(1, address, "127.0.0.1", 5060, "token", "", "", (line,), callers=(), places=())
    write_run_file(tmp_path, run)
    monkeypatch.setattr("sys.argv", ["demo", str(tmp_path), "6"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "callers: [caller1]" in capsys.readouterr().err


def test_nobody_has_the_name_of_one_who_calls_just_now() -> None:
    taken: set[str] = set()
    for _ in range(3 * len(NAMES["ko"])):
        name = name_for("ko", taken, CHANCE)
        assert name not in taken
        taken.add(name)
    assert name_for("fr", set(), CHANCE) in NAMES["en"]


def test_a_call_is_told_when_it_gets_on_and_not_twice() -> None:
    waits = row("waiting")
    assert told(None, waits) == "waits for a person"
    assert told(waits, waits) is None
    rings = row("offered", "anna")
    assert told(waits, rings) == "is offered to anna, whose phone rings"
    assert told(rings, waits) is None
    assert told(rings, row("talking", "anna")) == "talks with anna"
    assert told(row("talking", "anna"), row("talking", "jiwoo")) == "talks with jiwoo"
    assert "anna asks" in str(told(row("talking", "anna"), row("held", "anna")))


def test_the_end_tells_who_ended_it_and_whether_the_caller_still_waited() -> None:
    assert farewell("waiting", by_far_end=False) == "hung up while waiting"
    assert farewell("talking", by_far_end=False) == "hung up"
    assert "goodbye" in farewell("talking", by_far_end=True)


def test_the_card_is_told_with_what_led_where() -> None:
    entry = CardEntry(node="main", by="key", said="0", led_to="human")
    assert shown_card((entry, entry)) == "main: 0 (key) → human, main: 0 (key) → human"


@pytest.mark.parametrize("line", sorted((ROOT / "dialplans").glob("*/main.yaml")), ids=str)
def test_the_stories_keys_lead_to_a_person_on_every_line_that_ships(line: Path) -> None:
    plan = load_plan(line.read_text("utf-8"), file=line.name, queues=["service"])
    for story in STORIES:
        keys = [step.keys for step in story.steps if isinstance(step, Press)]
        ways = [key for key in keys if key not in ("7", plan.emergency_key)]
        ends_at = plan.nodes[_after(plan, ways)]
        assert isinstance(ends_at, Menu if ways == ["4"] else Queue), story.about
    assert any(isinstance(step, Press) and step.keys == plan.emergency_key for step in ALL_STEPS)


def _after(plan: Plan, keys: list[str]) -> NodeId:
    """Where a caller is asked, or waits, after these keys."""
    at = _asked(plan, plan.start)
    for key in keys:
        menu = plan.nodes[at]
        assert isinstance(menu, Menu)
        at = _asked(plan, menu.keys[key])
    return at


def _asked(plan: Plan, at: NodeId) -> NodeId:
    node = plan.nodes[at]
    return _asked(plan, node.goto) if isinstance(node, Say) else at
