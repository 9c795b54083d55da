"""A call script: what it can say, and that each of its faults is named with line and mend. Pure."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.caller.fields import ScriptFaulty
from ivr.caller.read_script import read_script, read_script_file
from ivr.caller.script import (
    AgentPlan,
    Answering,
    Expectation,
    HangUp,
    HearPrompt,
    HearTone,
    HungUpBy,
    Press,
    Say,
    Wait,
    WaitForHangUp,
    WaitForQuiet,
)
from ivr.caller.sound import Recording, Tone, Words
from ivr.dialplan.load import load_plan

ROOT = Path(__file__).parents[4]
CALLS, DIALPLANS = ROOT / "tests" / "corpus" / "calls", ROOT / "dialplans"


def faults(text: str) -> list[str]:
    with pytest.raises(ScriptFaulty) as refused:
        read_script(text, "call.yaml")
    return [str(fault) for fault in refused.value.faults]


def test_a_script_says_agents_steps_and_expectations(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    script = read_script(
        """
about: all of it
language: ko
answered_within_s: 5
agents:
  - agent: jiwoo
    answer_after_s: 1
    speak: {tone_hz: 1130, for_s: 3}
    hang_up_after_s: 4
  - answer: never
  - answer: decline
steps:
  - hear: welcome
  - hear: {prompt: main_menu, within_s: 3, to_end: true}
  - press: "1 2#"
  - say: {text: 네, language: ko, voice: ko+f2, speed: 120}
  - say:
      wav: a.wav
      after_s: 0.5
      answered_within_s: 0.8
      silent_within_s: 0.3
      to_end: false
  - quiet: {for_s: 2}
  - hear_tone: {hz: 440, for_s: 1, within_s: 9}
  - wait_s: 2
  - wait_for_hang_up: true
  - hang_up: true
expect:
  bridged: true
  hung_up_by: agent
  heard_by_agent: false
  understood: [인터넷, 도움]
  heard_at_most: {not_understood: 2}
""",
        folder=tmp_path,
    )

    assert script.agents == (
        AgentPlan(6, "jiwoo", Answering.ANSWERS, 1.0, Tone(1130, 3), 4.0),
        AgentPlan(10, answering=Answering.NEVER),
        AgentPlan(11, answering=Answering.DECLINES),
    )
    assert script.steps == (
        HearPrompt(13, "welcome"),
        HearPrompt(14, "main_menu", 3.0, to_end=True),
        Press(15, "1 2#"),
        Say(16, Words("네", "ko", "ko+f2", 120)),
        Say(17, Recording(tmp_path / "a.wav"), False, 0.5, 0.8, 0.3),
        WaitForQuiet(23, 2.0),
        HearTone(24, 440.0, 1.0, 9.0),
        Wait(25, 2.0),
        WaitForHangUp(26),
        HangUp(27),
    )
    assert script.expect == Expectation(
        True, HungUpBy.AGENT, False, ("인터넷", "도움"), (("not_understood", 2),)
    )
    assert script.tones_hz == (440.0, 1130.0)


@pytest.mark.parametrize("name", sorted(path.stem for path in CALLS.glob("*.yaml")))
def test_a_script_of_the_corpus_can_be_used_and_waits_only_for_prompts_of_its_line(
    name: str,
) -> None:
    script = read_script_file(CALLS / f"{name}.yaml")
    language = name[:2]
    file = f"{language}/main.yaml"
    plan = load_plan((DIALPLANS / file).read_text("utf-8"), file=file, queues={"service"})

    assert script.language == language
    assert script.expect.bridged is bool(script.agents)
    prompts = {step.prompt for step in script.steps if isinstance(step, HearPrompt)}
    prompts |= {prompt for prompt, _ in script.expect.heard_at_most}
    assert prompts <= set(plan.prompts)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("steps: [", "call.yaml:1: is no YAML"),
        ("- hear: welcome", "call.yaml:1: is no mapping"),
        ("about: nothing", "call.yaml:1: has no steps"),
        ("steps:\n  - hear: welcome\n  - listen: x", "call.yaml:3: unknown step 'listen'"),
        ("steps: [{hear: a, press: '1'}]", "call.yaml:1: a step has exactly one of"),
        ("steps:\n  - press: 012", "call.yaml:2: keys are text"),
        ("steps:\n  - press: '1x'", "call.yaml:2: '1x' has a key no phone has"),
        ("steps:\n  - hear: ../secret", "call.yaml:2: prompt '../secret' is no id"),
        ("steps:\n  - hear: {within_s: 3}", "call.yaml:2: names no prompt"),
        ("steps:\n  - wait_s: soon", "call.yaml:2: 'wait_s' is a number of seconds"),
        ("steps:\n  - wait_s: 1e9", "call.yaml:2: 'wait_s' is a number of seconds"),
        ("steps:\n  - hear_tone: {hz: 9}", "call.yaml:2: 'hz' is a tone of 100 to 3600 Hz"),
        ("steps:\n  - say: {text: a}", "call.yaml:2: says no language"),
        ("steps:\n  - say: {text: a, language: '-w /x'}", "is no voice of espeak-ng"),
        ("steps:\n  - say: {wav: missing.wav}", "call.yaml:2: missing.wav is missing"),
        ("steps:\n  - say: {text: a, tone_hz: 440}", "call.yaml:2: needs exactly one of text"),
        ("agents: 3\nsteps: [hang_up: true]", "call.yaml:1: 'agents' is no list"),
        ("agents:\n  - answer: later\nsteps: [hang_up: true]", "call.yaml:2: 'answer' is"),
        ("agents:\n  - wait: 1\nsteps: [hang_up: true]", "call.yaml:2: unknown key 'wait'"),
        ("steps: [hang_up: true]\nexpect:\n  hung_up_by: me", "'hung_up_by' is caller"),
        ("steps: [hang_up: true]\nexpect: {rejected: 200}", "'rejected' is a SIP code"),
        ("steps: [hang_up: true]\nexpect: {understood: 도움}", "'understood' is a list of words"),
        ("steps: [hang_up: true]\nexpect: {understood: [1]}", "'understood' is a list of words"),
        ("steps: [hang_up: true]\nexpect: {heard_at_most: {a: -1}}", "counts prompts, such as"),
        ("steps: [hang_up: true]\nexpect: {heard_at_most: 2}", "counts prompts, such as"),
        (
            "steps:\n  - say: {text: a, language: ko, after_s: 1}",
            "call.yaml:2: 'after_s' counts from the beginning of a prompt; put  - hear: NAME",
        ),
        ("steps:\n  - say: {tone_hz: 440, to_end: 1}", "call.yaml:2: 'to_end' is true or false"),
        (
            "steps:\n  - say: {tone_hz: 440, answered_within_s: soon}",
            "call.yaml:2: 'answered_within_s' is a number of seconds",
        ),
        ("agents:\n  - speak: {tone_hz: 440, after_s: 1}\nsteps: [hang_up: true]", "unknown key"),
    ],
)
def test_a_fault_is_named_with_file_line_and_what_is_wrong(text: str, fault: str) -> None:
    assert fault in "\n".join(faults(text))


def test_all_faults_are_named_at_once_in_order_of_line() -> None:
    found = faults("stepps: []\nagents:\n  - answer: x\nsteps:\n  - press: 1\n  - hear: 3\n")

    assert [fault.split(":")[1] for fault in found] == ["1", "3", "5", "6", "6"]


def test_a_script_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptFaulty, match=r"cannot be read .No such file"):
        read_script_file(tmp_path / "none.yaml")
