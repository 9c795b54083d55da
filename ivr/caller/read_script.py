"""Decides whether a text is a call script; every fault is named with its line and how to mend it.

What each word means stands in `script_words.py`, which is shown to those who write scripts.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ivr.caller.fields import SPEECH, Fault, Fields, ScriptFaulty, line_of
from ivr.caller.media import KEYS
from ivr.caller.read_expectation import read_expectation
from ivr.caller.script import (
    AgentPlan,
    Answering,
    HangUp,
    HearPrompt,
    HearTone,
    Press,
    Say,
    Script,
    Step,
    Wait,
    WaitForHangUp,
    WaitForQuiet,
)
from queues.bounded_yaml import bounded_yaml

_SCRIPT = {"about", "language", "answered_within_s", "agents", "steps", "expect"}
_AGENT = {"agent", "answer", "answer_after_s", "speak", "hang_up_after_s"}
_SAY = frozenset({"to_end", "after_s", "answered_within_s", "silent_within_s"})
_STEPS: dict[str, Set[str]] = {
    "hear": {"prompt", "within_s", "to_end"},
    "press": {"keys"},
    "say": _SAY | SPEECH,
    "quiet": {"for_s", "within_s"},
    "hear_tone": {"hz", "for_s", "within_s"},
    "wait_s": frozenset(),
    "wait_for_hang_up": {"within_s"},
    "hang_up": frozenset(),
}


def read_script_file(path: Path) -> Script:
    """The script in a file; its WAV files are relative to it. Raises `ScriptFaulty`."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); give --script an existing file"
        raise ScriptFaulty((Fault(str(path), 1, reason),)) from None
    except UnicodeDecodeError:
        raise ScriptFaulty((Fault(str(path), 1, "is not UTF-8; save it as UTF-8"),)) from None
    return read_script(text, str(path), path.parent)


def read_script(text: str, file: str = "script", folder: Path = Path()) -> Script:
    """The script in `text`; raises `ScriptFaulty` with all its faults."""
    try:
        data = bounded_yaml().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        fault = Fault(file, line, f"is no YAML: {error.problem}; mend the syntax")
        raise ScriptFaulty((fault,)) from None
    except (YAMLError, ValueError) as error:
        fault = Fault(file, 1, f"is no YAML ({type(error).__name__}); mend the syntax")
        raise ScriptFaulty((fault,)) from None
    reader = _Reader(file, folder)
    script = reader.script(data)
    if reader.faults:
        raise ScriptFaulty(tuple(sorted(reader.faults, key=lambda fault: fault.line)))
    return script


@dataclass(slots=True)
class _Reader(Fields):
    prompt_waited_for: bool = False

    def script(self, data: Any) -> Script:
        if not isinstance(data, Mapping):
            self.fault(1, "is no mapping; begin with about:, agents: and steps:")
            return Script()
        self.known(data, _SCRIPT, 1)
        expect = read_expectation(self, data)
        steps = self.items(data, "steps")
        if not steps and expect.rejected is None:
            self.fault(line_of(data, "steps"), "has no steps; add one, such as - hear: welcome")
        return Script(
            about=str(data.get("about") or ""),
            language=self.name(data, "language", 1),
            answered_within_s=self.seconds(data, "answered_within_s", 1, 20.0),
            agents=tuple(self.agent(node, line) for node, line in self.items(data, "agents")),
            steps=tuple(
                step for node, line in steps if (step := self.step(node, line)) is not None
            ),
            expect=expect,
        )

    def agent(self, node: Any, line: int) -> AgentPlan:
        if not isinstance(node, Mapping):
            self.fault(line, "an agent is a mapping; write - answer_after_s: 0.5")
            return AgentPlan(line)
        self.known(node, _AGENT, line)
        answering = Answering.ANSWERS
        match node.get("answer"):
            case None | "yes" | True:
                pass
            case "never" | False:
                answering = Answering.NEVER
            case "decline":
                answering = Answering.DECLINES
            case _:
                self.fault(line_of(node, "answer", line), "'answer' is 'never' or 'decline'")
        speak = node.get("speak")
        return AgentPlan(
            line=line,
            agent=self.name(node, "agent", line),
            answering=answering,
            answer_after_s=self.seconds(node, "answer_after_s", line, 0.5, least=0.0),
            speak=None if speak is None else self.speech(speak, line_of(node, "speak", line)),
            hang_up_after_s=(
                self.seconds(node, "hang_up_after_s", line, 0.0, least=0.0)
                if "hang_up_after_s" in node
                else None
            ),
        )

    def step(self, node: Any, line: int) -> Step | None:
        names = ", ".join(_STEPS)
        if not isinstance(node, Mapping) or len(node) != 1:
            self.fault(line, f"a step has exactly one of: {names}")
            return None
        kind, value = next(iter(node.items()))
        if kind not in _STEPS:
            self.fault(line, f"unknown step {kind!r}; use one of: {names}")
            return None
        if kind == "say":
            return self.say(value, line)
        if kind == "wait_s":
            return Wait(line, self.seconds(node, "wait_s", line, 1.0))
        if kind == "hang_up":
            if value is not True:
                self.fault(line, "write hang_up: true")
            return HangUp(line)
        return self.step_with_options(kind, value, line)

    def say(self, value: Any, line: int) -> Say | None:
        speech = self.speech(value, line, _SAY)
        if speech is None:
            return None
        to_end = value.get("to_end", True)
        if not isinstance(to_end, bool):
            self.fault(line_of(value, "to_end", line), "'to_end' is true or false")
            to_end = True
        if value.get("after_s") is not None and not self.prompt_waited_for:
            self.fault(
                line_of(value, "after_s", line),
                "'after_s' counts from the beginning of a prompt; put  - hear: NAME  before it",
            )
        return Say(
            line,
            speech,
            to_end,
            self.seconds_or_none(value, "after_s", line),
            self.seconds_or_none(value, "answered_within_s", line),
            self.seconds_or_none(value, "silent_within_s", line),
        )

    def step_with_options(self, kind: str, value: Any, line: int) -> Step | None:
        short = {"hear": "prompt", "press": "keys", "hear_tone": "hz"}
        options = value if isinstance(value, Mapping) else {}
        if not isinstance(value, Mapping):
            if kind in short and value is not None and not isinstance(value, bool):
                options = {short[kind]: value}
            elif value is not True and value is not None:
                self.fault(line, f"{kind!r} takes a mapping, such as {kind}: {{within_s: 10}}")
        self.known(options, _STEPS[kind], line)
        within_s = self.seconds(options, "within_s", line, 15.0)
        match kind:
            case "hear":
                prompt = self.name(options, "prompt", line)
                if prompt is None:
                    self.fault(line, "names no prompt; write hear: welcome")
                    return None
                self.prompt_waited_for = True
                return HearPrompt(line, prompt, within_s, options.get("to_end") is True)
            case "press":
                return self.press(options.get("keys"), line)
            case "quiet":
                return WaitForQuiet(line, self.seconds(options, "for_s", line, 1.0), within_s)
            case "hear_tone":
                hz = self.hertz(options, "hz", line)
                return HearTone(line, hz, self.seconds(options, "for_s", line, 0.5), within_s)
        return WaitForHangUp(line, within_s)

    def press(self, keys: Any, line: int) -> Press | None:
        if not isinstance(keys, str):
            self.fault(line, "keys are text: 012 as a number loses its zero; put them in quotes")
            return None
        if not keys.strip() or set(keys.upper()) - KEYS - {" "}:
            self.fault(line, f"{keys!r} has a key no phone has; use 0 to 9, *, #, A to D")
            return None
        return Press(line, keys)
