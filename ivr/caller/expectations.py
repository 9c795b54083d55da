"""Decides whether a call was what its script expects, and what is told to have failed first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ivr.caller.report import Report, Understood
from ivr.caller.script import Expectation

_VOICE = "voice"


def judged(report: Report, expect: Expectation) -> Report:
    """The report with `ok`, and with the step that failed first, else the first expectation."""
    wrong = next(_wrong(report, expect), None)
    if wrong is None:
        return report
    step, why = wrong
    return replace(report, ok=False, failed_step=step, why=why)


def _wrong(report: Report, expect: Expectation) -> Iterator[tuple[str, str]]:
    failed = next((step for step in report.steps if not step.ok), None)
    if failed is not None:
        yield f"line {failed.line}: {failed.step}", failed.why or ""
    if expect.rejected is not None:
        yield "expect rejected", "the call was answered"
    if expect.bridged is not None and expect.bridged != (report.bridge is not None):
        found = "an agent was heard" if report.bridge is not None else "no agent was heard"
        yield "expect bridged", found
    if expect.hung_up_by is not None and expect.hung_up_by != report.hung_up_by:
        yield "expect hung_up_by", f"it was {report.hung_up_by or 'nobody'}"
    if expect.heard_by_agent is not None:
        heard = any(agent.heard_caller for agent in report.agents)
        if heard != expect.heard_by_agent:
            yield "expect heard_by_agent", f"{'an' if heard else 'no'} agent heard the caller"
    if expect.understood is not None:
        why = _misunderstood(report.understood, expect.understood)
        if why is not None:
            yield "expect understood", why
    for prompt, most in expect.heard_at_most:
        times = sum(heard.is_(prompt) for heard in report.heard)
        if times > most:
            yield "expect heard_at_most", f"{prompt} was heard {times} times"


def _misunderstood(understood: Sequence[Understood] | None, expected: Sequence[str]) -> str | None:
    """Why the words are not those expected; without the words, which are the caller's."""
    if understood is None:
        return "the service did not tell what it understood in this call"
    said = [entry.said for entry in understood if entry.by == _VOICE]
    for index, (one, other) in enumerate(zip(said, expected, strict=False), 1):
        if one != other:
            return f"number {index} of what was understood by voice is something else"
    if len(said) != len(expected):
        return f"{len(said)} answers were understood by voice instead of {len(expected)}"
    return None
