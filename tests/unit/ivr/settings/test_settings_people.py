"""Unit: what queues ask for and what agents can do, as the settings file says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.settings.settings import SettingsFaulty, load_settings
from queues.centre.inputs.settings import AgentSetting, Order, QueueSetting
from queues.centre.values.needs import Need, NeedStep, Skill
from queues.ids import AgentId, PlaceId, QueueId

GOOD = """\
version: 1
lines:
  - {number: "100", name: German, language: de, dialplan: de/main.yaml}
queues:
  - id: service
    need: {skills: {tax: 2, billing: 3}, language: de}
    relax:
      - {after_s: 30, reason: "somebody soon", lower: 1}
      - {after_s: 60.5, reason: "anybody", without: [tax], any_language: true}
    order: service_level
    mark_s: 30
  - id: plain
places: [desk1, desk2]
agents:
  - {id: anna, name: A, place: desk1, queues: [service], skills: {billing: 5}, languages: [de, en]}
  - {id: ben, name: Ben, place: desk2, queues: [service, plain]}
"""


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "freizeichen.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsFaulty) as raised:
        load_settings(settings_file(folder, text))
    return [fault.removeprefix(f"{folder}/freizeichen.yaml:") for fault in raised.value.faults]


def test_the_last_agent_is_preferred_for_times_that_make_sense(tmp_path: Path) -> None:
    text = GOOD.replace("  - id: plain\n", "  - id: plain\n    prefer_last_agent: {for_s: 30}\n")
    service, plain = load_settings(settings_file(tmp_path, text)).queues
    assert service.prefer_last_agent is None
    assert plain.prefer_last_agent is not None
    assert (plain.prefer_last_agent.within_h, plain.prefer_last_agent.for_s) == (72.0, 30.0)
    found = faults_of(tmp_path, text.replace("for_s: 30", "for_s: 0, within_h: 0, why: x"))
    assert len(found) == 3


def test_needs_steps_and_order_become_the_centres(tmp_path: Path) -> None:
    staff = load_settings(settings_file(tmp_path, GOOD)).staff
    service, plain = staff.queues
    assert (service.need, service.relax, service.order, service.mark_s) == (
        Need((Skill("billing", 3), Skill("tax", 2)), "de"),
        (
            NeedStep(30.0, "somebody soon", lower=1),
            NeedStep(60.5, "anybody", without=("tax",), any_language=True),
        ),
        Order.SERVICE_LEVEL,
        30.0,
    )
    assert plain == QueueSetting(QueueId("plain"), 15, 10, 1, longest_wait_s=3600)
    assert staff.agents[0] == AgentSetting(
        AgentId("anna"),
        PlaceId("desk1"),
        (QueueId("service"),),
        (Skill("billing", 5),),
        ("de", "en"),
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("tax: 2", "tax: 9", "6: queues.0.need.skills.tax: expected a level, a whole number from"),
        ("tax: 2", "tax: yes", "6: queues.0.need.skills.tax: expected a level"),
        ("tax: 2", "tax: true", "6: queues.0.need.skills.tax: expected a level"),
        ("tax: 2", "Tax: 2", "6: queues.0.need.skills.Tax: expected a name of small letters"),
        ("language: de}\n    relax", "language: deu}\n    relax", "6: queues.0.need.language: "),
        ("{skills: {tax: 2, billing: 3}, language: de}", "5", "6: queues.0.need: expected lines"),
        ("{tax: 2, billing: 3}", "[tax]", "6: queues.0.need.skills: expected lines of"),
        ("after_s: 30", "after_s: 0", "8: queues.0.relax.0.after_s: "),
        ("after_s: 30", "after_s: .nan", "8: queues.0.relax.0.after_s: "),
        ("after_s: 60.5", "after_s: 30", "9: queues.0.relax.1.after_s: expected more seconds than"),
        (", lower: 1", "", "8: queues.0.relax.0: changes nothing; give it 'lower', 'without' or"),
        ("lower: 1", "lower: 5", "8: queues.0.relax.0.lower: "),
        ('"somebody soon"', '""', "8: queues.0.relax.0.reason: "),
        ('"somebody soon"', '"a\\nb"', "8: queues.0.relax.0.reason: holds a line break"),
        ("[tax]", "[taks]", "9: queues.0.relax.1.without.0: neither an agent nor a need names"),
        ("[tax]", "[taxes]", "did you mean 'tax'?"),
        ("service_level", "fair", "10: queues.0.order: Input should be 'longest_wait' or"),
        ("mark_s: 30", "mark_s: 3", "pick_up_s: expected less than mark_s, which is 3"),
        ("mark_s: 30", "mark_s: 90", "cap_s: expected more than mark_s, which is 90"),
        ("billing: 5", "billing: 0", "15: agents.0.skills.billing: expected a level"),
        ("[de, en]", "[de, de]", "15: agents.0.languages.1: 'de' stands twice; each name once"),
        ("[de, en]", "[german]", "15: agents.0.languages.0: expected two small letters"),
        ("[service, plain]", "[plain, plain]", "16: agents.1.queues.1: 'plain' stands twice"),
    ],
)
def test_a_bad_value_is_named_with_line_and_what_was_expected(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in GOOD
    assert any(told in fault for fault in faults_of(tmp_path, GOOD.replace(old, new, 1)))


def test_a_need_that_nobody_could_meet_even_after_all_steps_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, GOOD.replace("billing: 5", "billing: 1"))
    assert fault == (
        "6: queues.0.need: no agent of queue 'service' could ever take its calls: even after all "
        "steps they ask for billing 2; give one of its agents what is missing, or a step that asks "
        "for less"
    )
    (fault,) = faults_of(tmp_path, GOOD.replace("tax: 2, billing: 3", "tax: 2, biling: 3"))
    assert "they ask for biling 2; no agent has 'biling': did you mean 'billing'?" in fault
    (fault,) = faults_of(
        tmp_path, GOOD.replace("  - id: plain", "  - {id: plain, need: {language: fr}}")
    )
    assert "and no step relaxes it they ask for language fr" in fault


def test_a_queue_without_agents_may_ask_for_anything(tmp_path: Path) -> None:
    text = GOOD.replace("  - id: plain", "  - {id: night, need: {skills: {law: 5}}}\n  - id: plain")
    assert load_settings(settings_file(tmp_path, text)).staff.queues[1].need.skills


def test_faults_of_several_queues_and_agents_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("after_s: 60.5", "after_s: 3").replace("[de, en]", "[en, en]")
    assert [fault.split(":")[0] for fault in faults_of(tmp_path, text)] == ["9", "15"]


def test_a_feature_code_can_be_chosen_or_left_out(tmp_path: Path) -> None:
    text = GOOD + 'feature_codes: {ready: "**7", pause: null}\n'
    codes = load_settings(settings_file(tmp_path, text)).feature_codes
    assert codes.dialled == {"ready": "**7", "sign_out": "*82"}


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        ('{ready: "100"}', "feature_codes.ready: it is a line, an emergency number or another"),
        ('{pause: "112"}', "feature_codes.pause: it is a line, an emergency number or another"),
        ('{ready: "*5", pause: "*5"}', "feature_codes.pause: it is a line, an emergency"),
        ('{ready: "*82"}', "feature_codes.sign_out: it is a line, an emergency number"),
        ('{ready: "*8,1)"}', "feature_codes.ready: expected up to six digits"),
        ("{ready: 81}", "feature_codes.ready: expected text; put it in quotes"),
    ],
)
def test_a_feature_code_that_means_something_else_is_a_fault_with_its_line(
    tmp_path: Path, codes: str, says: str
) -> None:
    (fault,) = faults_of(tmp_path, f"{GOOD}feature_codes: {codes}\n")
    assert fault.startswith(f"{GOOD.count(chr(10)) + 1}: {says}")


def test_a_breath_is_the_queues_and_a_cap_the_agents(tmp_path: Path) -> None:
    text = GOOD.replace("mark_s: 30", "mark_s: 30\n    breath_s: 2.5\n    consult_seeks_s: 25")
    text = text.replace("id: ben,", "id: ben, occupancy_cap: 0.85,")
    staff = load_settings(settings_file(tmp_path, text)).staff
    assert [queue.breath_s for queue in staff.queues] == [2.5, 0.0]
    assert [queue.consult_seeks_s for queue in staff.queues] == [25.0, 60.0]
    assert [queue.consult_lasts_s for queue in staff.queues] == [300.0, 300.0]
    assert [agent.occupancy_cap for agent in staff.agents] == [None, 0.85]
