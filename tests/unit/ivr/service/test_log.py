"""The log: what is ours is written as told, what libraries and errors quote is not."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog

from ivr.logs.log import log_level, set_up_log

SECRET = "zmk493077709123"


def written(log_folder: Path) -> list[dict[str, Any]]:
    text = (log_folder / "service.log").read_text()
    assert SECRET not in text
    return [json.loads(line) for line in text.splitlines()]


def test_a_full_disk_costs_no_word_on_the_terminal_and_is_told_in_the_next_line(
    log_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = set_up_log(log_folder)
    log = structlog.get_logger("ivr.anything")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
    try:
        for _ in range(3):
            try:
                raise RuntimeError(SECRET)
            except RuntimeError as error:
                log.error("a line of ours", exc_info=error)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    log.info("there is room again")
    told = [row for row in written(log_folder) if row["event"].startswith("lines of the log")]
    assert [row["lines"] for row in told] == [3]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("logger", [structlog.get_logger(), logging.getLogger("some.library")])
def test_a_line_that_no_file_can_hold_costs_whoever_logs_it_nothing(
    log_folder: Path, logger: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_log(log_folder)
    logger.error("half a character \udc80")
    structlog.get_logger().info("the next")
    told = [row["lines"] for row in written(log_folder) if "lines" in row]
    assert told == [1]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("name", "told"), [("debug", 3), ("info", 2), ("warning", 1)])
def test_our_lines_are_written_from_the_level_of_the_settings_on(
    log_folder: Path, name: str, told: int
) -> None:
    set_up_log(log_folder, log_level(name))
    log = structlog.get_logger("ivr.anything")
    for each in (log.debug, log.info, log.warning):
        each("a line of ours", call="1.1")
    ours = [row for row in written(log_folder) if row["event"] == "a line of ours"]
    assert [row["call"] for row in ours] == ["1.1"] * told


def test_a_library_is_heard_from_warnings_on_and_without_its_values(log_folder: Path) -> None:
    set_up_log(log_folder, logging.DEBUG)
    library = logging.getLogger("some.library")
    library.debug("chunk: %s", SECRET)
    library.info("sent %s", SECRET)
    library.warning("refused %s", SECRET)
    library.error("lost (%(who)s)", {"who": SECRET})
    assert [row["event"] for row in written(log_folder)[1:]] == ["refused %s", "lost"]


def test_an_error_is_written_by_its_kind_and_place_alone(log_folder: Path) -> None:
    set_up_log(log_folder, logging.DEBUG)
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        structlog.get_logger("queues.anything").error("failed", exc_info=error)
        logging.getLogger("some.library").exception("failed too")
    for row in written(log_folder)[1:]:
        assert row["error"] == "ValueError"
        assert row["places"][0].startswith("test_log.py:")


async def test_what_a_loop_tells_of_a_task_that_failed_holds_nothing_of_it(
    log_folder: Path,
) -> None:
    set_up_log(log_folder, logging.DEBUG)

    def fails(_: str) -> None:
        raise ValueError(SECRET)

    loop = asyncio.get_running_loop()
    loop.call_soon(fails, SECRET)
    future: asyncio.Future[None] = loop.create_future()
    future.set_exception(ValueError(SECRET))
    del future
    await asyncio.sleep(0)
    told = [row for row in written(log_folder) if row["level"] == "error"]
    assert [row["error"] for row in told] == ["ValueError", "ValueError"]


CRASHES = """
import sys, threading
from pathlib import Path
from ivr.logs.crash import tell_crashes_without_values
from ivr.logs.log import set_up_log
set_up_log(Path(sys.argv[1]))
tell_crashes_without_values()
secret = sys.argv[2]
def thread():
    raise KeyError(secret)
class Object:
    def __del__(self):
        raise LookupError(secret)
threading.Thread(target=thread, name=secret).start()
one = Object()
del one
def falls():
    try:
        raise OSError(secret)
    except OSError as error:
        raise ExceptionGroup(secret, [ValueError(secret)]) from error
falls()
"""


def test_a_crash_tells_kinds_and_places_and_no_value(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASHES, str(tmp_path), SECRET],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert SECRET not in done.stderr
    kinds = [row["error"] for row in written(tmp_path) if row["level"] == "critical"]
    assert sorted(kinds) == ["KeyError", "LookupError", "ValueError"]
    for each in (*kinds, "<string>:"):
        assert each in done.stderr
