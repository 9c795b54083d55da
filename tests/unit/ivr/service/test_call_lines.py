"""Unit: what of a log is about one call, in JSON and in text, whoever wrote the line."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from ivr.cli import app
from ivr.logs.call_lines import lines_of, read_line
from ivr.logs.call_log import log_fact
from ivr.logs.log import log_files, set_up_log
from queues.centre.facts.offers import OfferMissed
from queues.centre.inputs.offers import OfferRefused, RefuseCause
from queues.ids import CallId
from queues.view import Change
from tests.unit.queues.scenes import Scene

ONE, OTHER = "1764232000.1", "1764232000.12"


@pytest.mark.parametrize("as_text", [False, True])
async def test_the_lines_of_a_call_and_of_its_offers_are_found(
    log_folder: Path, as_text: bool
) -> None:
    path = set_up_log(log_folder, as_text=as_text)
    log = structlog.get_logger("ivr.anything")

    async def dialogue() -> None:
        structlog.contextvars.bind_contextvars(call=ONE)
        log.warning('who knows nothing of a call says "so = what"')

    await asyncio.create_task(dialogue())
    log.info("a line of nobody")
    log.info("offer made", call=ONE, offer="e-1")
    log.info("offer made", call=OTHER, offer="e-2")
    log.warning("leg not ended", offer="e-1")
    log.warning("leg not ended", offer="e-2")
    found = lines_of(ONE, path.read_text().splitlines())
    assert [row["event"] for row in found] == [
        'who knows nothing of a call says "so = what"',
        "offer made",
        "leg not ended",
    ]
    assert [row["level"] for row in found] == ["warning", "info", "warning"]
    assert lines_of("1764232000", path.read_text().splitlines()) == []


def test_a_line_that_was_cut_off_or_is_of_somebody_else_is_passed_over() -> None:
    assert read_line('{"call": "1.1", "eve') == {}
    assert read_line("[1, 2]") == {}
    assert lines_of("1.1", ['{"call": "1.1", "eve', "ready after 1.8 s", "[]", '"call"']) == []


def test_each_decision_about_a_call_is_a_line_without_the_agent(log_folder: Path) -> None:
    path = set_up_log(log_folder)
    scene = Scene()
    scene.ready("anna")
    facts = [*scene.enter("c1"), *scene.take(OfferRefused(scene.offer("c1"), RefuseCause.DECLINED))]
    for fact in facts:
        log_fact(fact, Change(1.0, {}, {}))
    rows = [read_line(line) for line in path.read_text().splitlines()[1:]]
    assert [row["event"] for row in rows] == ["call queued", "offer made", "offer missed"]
    assert all(row["call"] == CallId("c1") for row in rows)
    assert rows[2]["cause"] == "declined"
    assert any(isinstance(fact, OfferMissed) for fact in facts)
    assert "anna" not in path.read_text()


def test_the_journal_of_the_system_is_told_priorities(
    log_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    set_up_log(log_folder, to_journal=True)
    structlog.get_logger("ivr.anything").error("broken", call=ONE)
    first, second = stream.getvalue().splitlines()
    assert (first[:3], second[:3]) == ("<6>", "<3>")
    assert read_line(second[3:])["call"] == ONE
    assert log_files(log_folder) == []


def test_the_command_reads_turned_over_files_oldest_first_and_says_when_there_is_nothing(
    tmp_path: Path,
) -> None:
    settings = tmp_path / "freizeichen.yaml"
    settings.write_text(Path("ivr/example.yaml").read_text())
    log = tmp_path / ".freizeichen" / "log"
    log.mkdir(parents=True)
    (log / "service.log").write_text(f'{{"call": "{ONE}", "event": "later"}}\n')
    (log / "service.log.1").write_text(f'{{"call": "{ONE}", "event": "sooner"}}\n')
    run = CliRunner()
    done = run.invoke(app, ["logs", ONE, "--settings", str(settings)])
    assert done.exit_code == 0, done.output
    assert done.stdout.index("sooner") < done.stdout.index("later")
    assert run.invoke(app, ["logs", OTHER, "--settings", str(settings)]).exit_code == 1
    piped = run.invoke(app, ["logs", ONE, "--from", "-", "--json"], input=f"x\ncall={ONE} a=b\n")
    assert piped.stdout == f'{{"call": "{ONE}", "a": "b"}}\n'


# As journald has after months: 90 MB between two lines of a call. It notes what its reader took.
LARGE_JOURNAL = """#!/bin/sh
echo 'call=1764232000.1 event=sooner'
head -c 90000000 /dev/zero | tr '\\0' ' ' | fold -w 4000
echo
echo 'call=1764232000.1 event=later'
grep VmHWM /proc/$PPID/status > {used}
"""
MOST_KB = 110_000  # half of it the program's own


def journalled(folder: Path, program: str) -> tuple[int, str, str]:
    """Status, words and complaint of `logs` where this is the system's journalctl."""
    settings = folder / "freizeichen.yaml"
    settings.write_text(Path("ivr/example.yaml").read_text() + "\nlog: {to: journal}\n")
    journalctl = folder / "journalctl"
    journalctl.write_text(program)
    journalctl.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "ivr.cli", "logs", ONE, "--settings", str(settings)],
        env=dict(os.environ) | {"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_journal_however_large_is_read_line_by_line(tmp_path: Path) -> None:
    used = tmp_path / "used"
    status, told, complaint = journalled(tmp_path, LARGE_JOURNAL.format(used=used))
    assert status == 0, complaint
    assert [line.split()[0] for line in told.splitlines()] == ["sooner", "later"]
    assert int(used.read_text().split()[1]) < MOST_KB, used.read_text()


def test_a_journal_that_cannot_be_read_is_told_with_what_helps(tmp_path: Path) -> None:
    status, told, complaint = journalled(tmp_path, "#!/bin/sh\nexit 1\n")
    assert (status, told) == (1, "")
    assert "systemd-journal" in complaint
