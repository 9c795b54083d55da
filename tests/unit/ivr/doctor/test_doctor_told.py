"""Unit: what doctor could not look at is told once for each reason, with all codes."""

from __future__ import annotations

from ivr.cli.doctor import told_once
from ivr.doctor.finding import Finding, State


def test_what_one_fault_hides_is_told_in_one_line_and_other_reasons_in_theirs() -> None:
    def unseen(code: str, why: str, do: str = "mend it") -> Finding:
        return Finding(code, State.UNSEEN, why, do)

    told = told_once(
        [unseen("a", "no file"), unseen("b", "not up"), unseen("c", "no file"), unseen("d", "x")]
    )
    assert [(each.code, each.found) for each in told] == [
        ("a, c", "no file"),
        ("b", "not up"),
        ("d", "x"),
    ]
    assert told_once([unseen("a", "no file"), unseen("b", "no file", "wait")])[1].do == "wait"
