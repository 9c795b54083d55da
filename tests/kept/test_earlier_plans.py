"""Dialplans in the real store: kept while live calls run on them, made ready beside today's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from ivr.dialplan import Plan, PromptId, Queue
from ivr.dialplan.staff import NOTHING_SAID
from ivr.dialplan.written import plan_to_text
from ivr.keeping.dialogue_book import read_plans
from ivr.place.place import Place
from ivr.starting.earlier_plans import ready_earlier_plans
from ivr.starting.preparation import Prepared
from queues.ids import CallId, LineId
from tests.kept.kept_place import SESSION, WITHIN_S, book_of, opened, until
from tests.programs import real_espeak
from tests.switch import test_settings
from tests.unit.ivr.dialogues.driver_stage import PLAN, plan_of

ONE = plan_of(PLAN)
TWO = plan_of(
    PLAN.replace("Choose.", "Choose now.").replace(
        "queue: service", "queue: gone, need: {skills: {law: 2}}"
    )
)
FIRST = replace(SESSION, plan=ONE.hash)
OTHER = replace(FIRST, call=CallId("call-2"))


async def test_a_plan_is_kept_as_long_as_a_live_call_runs_on_it(place: Place) -> None:
    with opened(place) as kept:
        plans = kept.store.dialplans
        async with book_of(kept) as book:
            book.keep(FIRST, ONE)
            book.keep(OTHER, ONE)
            await until(lambda: len(kept.store.dialogues.all()) == 2)
            assert plans.all() == {ONE.hash: plan_to_text(ONE)}
            book.end(FIRST.call)
            await until(lambda: len(kept.store.dialogues.all()) == 1)
            assert set(plans.all()) == {ONE.hash}
            book.keep(replace(OTHER, plan=TWO.hash), TWO)  # the call began anew
            await until(lambda: set(plans.all()) == {TWO.hash})
            book.end(OTHER.call)
            await until(lambda: not plans.all())


async def test_a_kept_dialogue_comes_back_with_its_plan_which_goes_with_it(place: Place) -> None:
    with opened(place) as kept:
        async with book_of(kept) as book:
            book.keep(FIRST, ONE)
            await until(lambda: len(kept.store.dialogues.all()) == 1)
        kept.store.dialplans.keep("of nobody", "{}")
    with opened(place) as kept:
        assert [plan_to_text(plan) for plan in kept.plans.values()] == [plan_to_text(ONE)]
        assert set(kept.store.dialplans.all()) == {ONE.hash}
        async with book_of(kept) as book:
            book.end(FIRST.call)
            await until(lambda: not kept.store.dialplans.all())


@pytest.mark.parametrize("damage", ["gone", "unreadable"])
async def test_a_plan_that_is_gone_or_unreadable_costs_no_dialogue(
    place: Place, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(place) as kept:
        async with book_of(kept) as book:
            book.keep(FIRST, ONE)
            await until(lambda: len(kept.store.dialogues.all()) == 1)
        kept.store.dialplans.drop(ONE.hash)
        if damage == "unreadable":
            kept.store.dialplans.keep(ONE.hash, plan_to_text(ONE)[:-1])
        assert kept.store.journal.flush(WITHIN_S)
    with opened(place) as kept:
        assert set(kept.dialogues) == {FIRST.call}
        assert kept.plans == {}
        assert read_plans(kept.store, kept.dialogues) == {}
        async with book_of(kept) as book:
            book.keep(FIRST, ONE)  # today's plan has this hash
            await until(lambda: set(kept.store.dialplans.all()) == {ONE.hash})
    assert ("cannot be read" in capsys.readouterr().out) == (damage == "unreadable")


class Today:
    """What of a prepared place is looked at."""

    def __init__(self, folder: Path, plan: Plan, **settings: object) -> None:
        self.plans = {LineId("100"): plan}
        self.settings = test_settings(**settings)
        self.prompts = folder / "prompts"


def ready(today: Today, *kept: Plan) -> dict[str, Plan]:
    plans = {plan.hash: plan for plan in kept}
    return ready_earlier_plans(cast(Prepared, today), plans, lambda _: None)


def test_what_an_earlier_plan_says_differently_is_spoken_beside_todays_prompts(
    tmp_path: Path,
) -> None:
    assert real_espeak()
    today = Today(tmp_path, ONE)
    (earlier,) = ready(today, ONE, TWO).values()
    assert (earlier.hash, dict(earlier.prompts)) == (TWO.hash, dict(TWO.prompts))
    assert earlier.sound(PromptId("hint")) == ONE.sound(PromptId("hint")) == "en/hint"
    own = earlier.sound(PromptId("menu"))
    assert own != "en/menu"
    files = {file.relative_to(today.prompts).as_posix() for file in today.prompts.rglob("*.wav")}
    assert files == {f"en/{name}.wav" for name in ONE.prompts} | {f"{own}.wav"}
    node = earlier.nodes[earlier.human or earlier.start]
    assert isinstance(node, Queue)
    assert (node.queue, node.asked) == ("service", NOTHING_SAID)


def test_a_plan_of_today_is_no_earlier_one(tmp_path: Path) -> None:
    today = Today(tmp_path, ONE)
    assert ready(today, ONE) == ready(today) == {}
    assert not today.prompts.exists()


def test_prompts_that_cannot_be_spoken_any_more_hinder_no_start(tmp_path: Path) -> None:
    speech = {"voices": {"en": str(tmp_path / "no-voice.onnx")}}
    (earlier,) = ready(Today(tmp_path, ONE, speech=speech), TWO).values()
    assert earlier.sound(PromptId("menu")) != "en/menu"
