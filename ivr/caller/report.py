"""Decides what is told of a call: its timeline, for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr.caller.hearing import Heard
from ivr.caller.script import HungUpBy
from ivr.caller.tones import HeardTone
from ivr.caller.turns import Turn


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step: its line in the script, what it was, from when to when, and why it failed."""

    line: int
    step: str
    ok: bool
    from_s: float | None
    to_s: float | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class PressedKey:
    """A key the script pressed, and when it went down."""

    key: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Bridge:
    """When the caller first heard an agent, in its own RTP, and which."""

    heard_at_s: float
    agent: str


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What an agent's phone saw. `heard_caller` is None when the caller said nothing."""

    agent: str
    rang: bool
    calls: int  # that came to the phone; the times are those of the longest talk
    rang_at_s: float | None
    answered_after_s: float | None  # from the first ring to the answer
    heard_caller: bool | None
    heard_caller_s: float | None
    hung_up_by: str | None  # "agent" or "far end"


@dataclass(frozen=True, slots=True)
class Understood:
    """What the service says it understood: at which node, by key or voice, what, where it led."""

    at_s: float | None
    node: str
    by: str
    said: str = field(repr=False)
    led_to: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """The timeline of one call, in seconds since its answer where a field ends in `_s`.

    `turns` has one entry for each thing the caller said. `understood` is None when the service did
    not tell, or when it cannot be told which of its calls this one is. `ok` is true only if every
    step came true and every expectation held; else `failed_step` names the first that did not, and
    `why` says what was heard instead.
    """

    to: str
    about: str
    ok: bool
    failed_step: str | None
    why: str | None
    rejected: int | None
    answered_after_s: float | None
    heard: tuple[Heard, ...]
    tones: tuple[HeardTone, ...]
    digits: tuple[PressedKey, ...]
    turns: tuple[Turn, ...]
    understood: tuple[Understood, ...] | None
    bridge: Bridge | None
    agents: tuple[AgentReport, ...]
    hung_up_by: HungUpBy | None
    ended_after_s: float | None
    rtp_packets: int
    steps: tuple[StepReport, ...]

    def as_json(self) -> dict[str, Any]:
        """As plain values, ready for JSON; times to the millisecond."""
        return {key: _rounded(value) for key, value in asdict(self).items()}


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 3)
        case dict():
            return {key: _rounded(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_rounded(inner) for inner in value]
    return value


def _lines(report: Report) -> list[tuple[float, str, str]]:
    lines: list[tuple[float, str, str]] = []
    for heard in report.heard:
        until = "goes on" if heard.to_s is None else f"to {heard.to_s:.2f}"
        also = f", or {', '.join(heard.also)}" if heard.also else ""
        name = f"{heard.prompt} ({heard.language}){also}"
        lines.append((heard.from_s, "heard", f"{name} {until}{', cut short' * heard.cut}"))
    lines += [
        (tone.from_s, "heard", f"tone of {tone.hz:g} Hz to {tone.to_s:.2f}")
        for tone in report.tones
    ]
    lines += [(key.at_s, "pressed", key.key) for key in report.digits]
    lines += [(turn.said_from_s, "said", _turn(turn)) for turn in report.turns]
    if report.bridge is not None:
        lines.append((report.bridge.heard_at_s, "bridged", f"with agent {report.bridge.agent}"))
    for agent in report.agents:
        if agent.rang_at_s is not None:
            answer = agent.answered_after_s
            told = "not answered" if answer is None else f"answered after {answer:.2f} s"
            lines.append((agent.rang_at_s, "agent", f"{agent.agent} rang, {told}{_heard(agent)}"))
    if report.ended_after_s is not None:
        lines.append((report.ended_after_s, "ended", f"by {report.hung_up_by or 'nobody'}"))
    return sorted(lines, key=lambda line: line[0])


def _turn(turn: Turn) -> str:
    told = [f"to {turn.said_until_s:.2f}"]
    if turn.over is not None:
        silent = turn.silence_after_s
        fate = "which went on" if silent is None else f"silent after {silent:.2f} s"
        told.append(f"over {turn.over}, {fate}")
    if turn.answer_after_s is None:
        told.append("no answer")
    else:
        by = f" by {turn.answered_by}" if turn.answered_by is not None else ""
        told.append(f"answered after {turn.answer_after_s:.2f} s{by}")
    return ", ".join(told)


def _understood(report: Report) -> Text:
    if not report.understood:
        return Text("understood: nothing")
    entries = (
        f"{entry.said} ({entry.by}, at {entry.node}) -> {entry.led_to or '?'}"
        for entry in report.understood
    )
    return Text("understood: " + "; ".join(entries))


def _heard(agent: AgentReport) -> str:
    if agent.heard_caller is None or agent.answered_after_s is None:
        return ""
    return ", heard the caller" if agent.heard_caller else ", did not hear the caller"


def print_report(report: Report, console: Console) -> None:
    """The timeline for people."""
    if report.answered_after_s is not None:
        console.print(Text(f"{report.to} answered after {report.answered_after_s:.2f} s"))
    table = Table("at", "what", "", box=None, pad_edge=False)
    for at_s, what, text in _lines(report):
        table.add_row(f"{at_s:7.2f}", what, Text(text))
    if table.row_count:
        console.print(table)
    if report.understood is not None:
        console.print(_understood(report))
    for agent in report.agents:
        if not agent.rang:
            console.print(Text(f"agent {agent.agent} did not ring"))
    for step in report.steps:
        if not step.ok:
            console.print(Text(f"line {step.line}: {step.step}: {step.why}", style="red"))
    if report.ok:
        console.print(Text("every step came true", style="green"))
    else:
        console.print(Text(f"failed: {report.failed_step}: {report.why}", style="bold red"))
