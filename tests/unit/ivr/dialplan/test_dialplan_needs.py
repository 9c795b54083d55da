"""Unit: what queue nodes ask for, how it meets the settings, and how it comes to the queue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from ivr.cannot_start import CannotStart
from ivr.cli import app
from ivr.dialogues import dialogue as dialogue_module
from ivr.dialplan import DialplanFaulty, NodeId, Plan, Queue, load_plan
from ivr.dialplan.hand_overs import hand_overs
from ivr.dialplan.staff import NOTHING_SAID, UNKNOWN_STAFF, Asked, Staff
from ivr.flow.commands import EnterQueue
from ivr.starting.preparation import load_plans
from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.settings import AgentSetting, QueueSetting
from queues.centre.values.needs import Need, NeedStep, Skill
from queues.ids import AgentId, PlaceId, QueueId
from tests.switch import test_settings as place_settings
from tests.unit.ivr.dialogues.driver_stage import CALL, LINE, stage
from tests.unit.ivr.dialogues.driver_stage import PLAN as STAGE_PLAN
from tests.unit.ivr.flow.flow_call import Call

SERVICE = QueueId("service")
BILLING, LAW, TAX = Skill("billing", 2), Skill("law", 4), Skill("tax", 1)
PLAN = """\
language: en
start: welcome
human: human
defaults: {no_input: hint, wrong_key: hint, then: bye, refused: bye}
prompts: {welcome: Hello., hint: Again please.}
nodes:
  welcome: {menu: welcome, keys: {1: bye}}
  human:
    queue: service
    need: {skills: {tax: 1, billing: 2}, language: de}
    priority_s: 90
  bye: {goodbye: hint}
"""
NEED = "    need: {skills: {tax: 1, billing: 2}, language: de}\n"


def agent(
    name: str, skills: tuple[Skill, ...] = (), languages: tuple[str, ...] = ()
) -> AgentSetting:
    return AgentSetting(AgentId(name), PlaceId(f"p-{name}"), (SERVICE,), skills, languages)


def staff(
    *agents: AgentSetting, need: Need | None = None, relax: tuple[NeedStep, ...] = ()
) -> Staff:
    return Staff((QueueSetting(SERVICE, 20.0, 0.0, 1, need or Need(), relax),), agents)


ALL = staff(agent("anna", (BILLING, TAX, LAW), ("de", "en")), agent("ben", (), ("en",)))


def load(text: str = PLAN, people: Staff = UNKNOWN_STAFF) -> Plan:
    return load_plan(text, file="en.yaml", queues=["service"], staff=people)


def queue_of(plan: Plan) -> Queue:
    node = plan.nodes[NodeId("human")]
    assert isinstance(node, Queue)
    return node


def faults(text: str, people: Staff = ALL) -> list[str]:
    with pytest.raises(DialplanFaulty) as refused:
        load(text, people)
    return [f"{fault.line}: {fault.message}" for fault in refused.value.faults]


def test_a_queue_node_asks_for_skills_and_a_language_and_gives_a_credit() -> None:
    node = queue_of(load(people=ALL))
    assert (node.asked, node.priority_s) == (Asked((BILLING, TAX), "de"), 90.0)
    plain = queue_of(load(PLAN.replace(NEED, "").replace("    priority_s: 90\n", "")))
    assert (plain.asked, plain.priority_s) == (NOTHING_SAID, 0.0)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "billing: 2",
            "billing: 6",
            "10: 'billing' in 'need' of queue 'human' has no level; write",
        ),
        ("billing: 2", "billing: 2.5", "10: 'billing' in 'need' of queue 'human' has no level"),
        ("billing: 2", "billing: [2]", "10: 'billing' in 'need' of queue 'human' has no level"),
        ("{tax: 1, billing: 2}", "[tax]", "10: 'skills' of queue 'human' is no mapping"),
        ("language: de", "language: German", "10: 'language' is not valid; write two letters like"),
        ("language: de", "level: 3", "10: unknown word 'level' in 'need' of queue 'human'"),
        (
            "{skills: {tax: 1, billing: 2}, language: de}",
            "tax",
            "10: 'need' of queue 'human' is no",
        ),
        (
            "{skills: {tax: 1, billing: 2}, language: de}",
            "{}",
            "10: 'need' of queue 'human' is empty",
        ),
        ("90", "3601", "11: 'priority_s' of queue 'human' is not valid; write a number of seconds"),
        ("90", "-1", "11: 'priority_s' of queue 'human' is not valid"),
        ("tax: 1", "taxes: 1", "10: unknown skill 'taxes'; did you mean 'tax'?"),
        ("tax: 1", "plumbing: 1", "10: unknown skill 'plumbing'; known are billing, law, tax"),
        ("language: de", "language: fr", "10: unknown language 'fr'; known are de, en"),
        ("billing: 2", "billing: 3", "10: no agent of queue 'service' could ever take the callers"),
    ],
)
def test_what_no_agent_could_give_and_what_is_no_need_is_told(
    old: str, new: str, told: str
) -> None:
    assert any(told in fault for fault in faults(PLAN.replace(old, new)))


def test_needs_are_refused_where_nobody_has_skills_or_languages() -> None:
    told = faults(PLAN, staff(agent("anna")))
    assert told == [
        "10: unknown language 'de'; no agent has languages",
        "10: unknown skill 'billing'; no agent has skills",
        "10: unknown skill 'tax'; no agent has skills",
    ]


def test_a_need_that_the_queues_steps_bring_down_to_an_agent_is_taken() -> None:
    low = agent("anna", (Skill("billing", 1), TAX), ("de",))
    assert faults(PLAN, staff(low))
    assert load(people=staff(low, relax=(NeedStep(30.0, "soon", lower=1),)))


@pytest.mark.parametrize(
    ("asked", "people", "need"),
    [
        (NOTHING_SAID, staff(agent("anna")), None),  # nobody lists languages: none is asked for
        (NOTHING_SAID, staff(agent("anna", (), ("de",)), agent("ben")), Need((), "en")),
        (NOTHING_SAID, staff(agent("anna", (), ("de",)), need=Need((TAX,), "de")), None),
        (NOTHING_SAID, staff(agent("anna", (), ("de",)), need=Need((TAX,))), Need((TAX,), "en")),
        (Asked((LAW,)), staff(agent("anna"), need=Need((TAX,), "de")), Need((LAW,), "de")),
        (Asked(None, "de"), staff(agent("anna"), need=Need((TAX,), "en")), Need((TAX,), "de")),
        (Asked(None, "any"), staff(agent("anna", (), ("de",))), None),
        (Asked(None, "any"), staff(agent("anna"), need=Need((TAX,), "de")), Need((TAX,))),
        (Asked((), None), staff(agent("anna"), need=Need((TAX,))), Need()),
        (Asked((LAW,)), UNKNOWN_STAFF, Need((LAW,))),
    ],
)
def test_the_nodes_word_counts_before_the_queues_and_that_before_the_dialplans_language(
    asked: Asked, people: Staff, need: Need | None
) -> None:
    assert people.need(SERVICE, asked, "en") == need


def test_a_dialplan_in_a_language_that_no_agent_of_its_queue_has_says_how_to_mend_it() -> None:
    text = PLAN.replace(NEED, "").replace("    priority_s: 90\n", "")
    people = staff(agent("anna", (), ("de",)))
    (fault,) = faults(text, people)
    assert fault.startswith("8: no agent of queue 'service' could ever take the callers of 'human'")
    assert "they ask for language en; the dialplan's language counts as theirs" in fault
    assert load(text.replace("service\n", "service\n    need: {language: any}\n"), people)


def test_need_and_credit_are_in_the_hash_and_their_absence_leaves_it_as_it_was() -> None:
    bare = PLAN.replace(NEED, "").replace("    priority_s: 90\n", "")
    texts = (
        PLAN,
        bare,
        PLAN.replace("90", "91"),
        PLAN.replace("billing: 2", "billing: 3"),
        PLAN.replace("language: de", "language: any"),
        PLAN.replace(", language: de", ""),
    )
    assert len({load(text).hash for text in texts}) == len(texts)
    assert load(PLAN.replace("tax: 1, billing: 2", "billing: 2, tax: 1")).hash == load().hash
    assert load(people=ALL).hash == load().hash
    released = (
        "3b9ac11eefa56548e1c852cbca0d08d7e829bdcd8fb64ed1ea2e23969c980655"  # as release 0.1 made it
    )
    assert load(bare).hash == released


def test_hand_overs_are_told_with_the_need_that_counts() -> None:
    (told,) = hand_overs(load(), ALL)
    assert str(told) == (
        "human: queue service, for billing 2 and tax 1 and language de, 90 s count as waited"
    )
    text = PLAN.replace(NEED, "").replace("    priority_s: 90\n", "")
    (told,) = hand_overs(load(text), staff(agent("anna"), need=Need((LAW,))))
    assert (told.need, told.says_more) == (Need((LAW,)), True)
    assert not hand_overs(load(text), UNKNOWN_STAFF)[0].says_more


def test_the_dialogue_hands_need_and_credit_over() -> None:
    call = Call(load())
    assert call.key("0") == (EnterQueue(SERVICE, Asked((BILLING, TAX), "de"), 90.0),)


async def test_a_caller_enters_the_queue_with_the_need_that_counts_there() -> None:
    text = STAGE_PLAN.replace("queue: service,", "queue: service, priority_s: 60,")
    async with stage(text=text, staff=ALL) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: bool(on.played()))
        on.press("0")
        await on.until(lambda: bool(on.inputs))
        need = Need((), "en")  # the dialplan's language: an agent there has languages
        assert on.inputs == [QueueEntered(CALL, LINE, SERVICE, need=need, credit_s=60.0)]


async def test_who_is_rescued_from_a_dialogue_that_failed_asks_for_the_language_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_args: object, **_named: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(dialogue_module, "advance", fails)
    async with stage(staff=ALL) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: bool(on.inputs))
        assert on.inputs == [QueueEntered(CALL, LINE, SERVICE, need=Need((), "en"))]
        on.driver.call_ended(CALL)
        await on.until(lambda: on.driver.calls == ())


def test_the_command_shows_the_need_of_each_queue_node_and_refuses_those_of_nobody(
    tmp_path: Path,
) -> None:
    anna = {"id": "anna", "name": "Anna", "place": "desk1", "queues": ["service"]}
    can = {"skills": {"billing": 2, "tax": 5}, "languages": ["de"]}
    place, plan = tmp_path / "freizeichen.yaml", tmp_path / "plan.yaml"
    with place.open("w", encoding="utf-8") as file:
        values = place_settings(agents=[anna | can]).model_dump(mode="json", exclude_none=True)
        YAML(typ="safe").dump(values, file)

    def check(text: str, *words: str) -> tuple[int, str]:
        plan.write_text(text, encoding="utf-8")
        line = ["dialplan", "check", str(plan), "--settings", str(place), "--no-models", *words]
        result = CliRunner().invoke(app, line)
        return result.exit_code, result.stdout + result.stderr

    assert check(PLAN) == (
        0,
        f"{plan}: sound (3 nodes, 2 prompts)\n"
        "  human: queue service, for billing 2 and tax 1 and language de, 90 s count as waited\n",
    )
    (queue,) = json.loads(check(PLAN, "--json")[1])["plans"][0]["queues"]
    assert queue == {
        "node": "human",
        "queue": "service",
        "need": {"skills": {"billing": 2, "tax": 1}, "language": "de"},
        "priority_s": 90.0,
    }
    status, told = check(PLAN.replace("billing", "biling"))
    assert (status, f"{plan}:10: unknown skill 'biling'; did you mean 'billing'?" in told) == (
        1,
        True,
    )


def test_a_line_whose_dialplan_speaks_another_language_does_not_start() -> None:
    line = {"number": "100", "name": "German", "language": "en", "dialplan": "de/main.yaml"}
    with pytest.raises(CannotStart, match=r"de/main.yaml: is in 'de', and line 100 in 'en'; name"):
        load_plans(place_settings(lines=[line]))


def test_a_place_whose_agents_lack_a_lines_language_does_not_start() -> None:
    anna = {"id": "anna", "name": "A", "place": "desk1", "queues": ["service"], "languages": ["de"]}
    with pytest.raises(CannotStart, match="at last they ask for language en") as refused:
        load_plans(place_settings(agents=[anna]))
    assert "de/main.yaml" not in str(refused.value)
