"""Journeys: under which account service and Asterisk run, whoever starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ivr import resources
from ivr.asterisk.account import RunAccount, can_run
from tests.asterisk.test_process import status
from tests.journeys.service import COMMAND, Service, start, wait_ready, write_settings
from tests.programs import real_asterisk
from tests.switch import ROOT

ANYBODY = RunAccount(61_743, 61_743)
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start others")


@pytest.fixture(scope="module")
def everyones() -> tuple[str, dict[str, str]]:
    """A Python of our version, with our packages, that every account can run."""
    real_asterisk()  # into the cache, where an ordinary account can only read it
    environment = {
        "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}",
        "FREIZEICHEN_CACHE": str(resources.cache_folder()),
    }
    for python in (sys.executable, "/usr/bin/python3.11"):
        tried = ["env", *(f"{k}={v}" for k, v in environment.items()), python, "-c"]
        if can_run(ANYBODY, [*tried, "import ivr.cli.up"]):
            return python, environment
    pytest.fail("these tests need a Python of our version that every account can run")


@contextmanager
def up(folder: Path, python: str | None = None, **options: Any) -> Iterator[Service]:
    command = [python, "-m", "ivr.cli"] if python else [COMMAND]
    process = start(folder, command=command, **options)
    try:
        yield wait_ready(folder, process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def owners(folder: Path) -> set[int]:
    return {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}


def test_asterisk_never_runs_as_root_where_an_account_can_reach_its_files(folder: Path) -> None:
    write_settings(folder)
    with up(folder) as service:
        uid, gid = (status(service.asterisk_pid, field)[0] for field in ("Uid", "Gid"))
        assert "0" not in (uid, gid)
        assert os.geteuid() in (0, int(uid))


@AS_ROOT
def test_an_ordinary_account_needs_no_root_for_anything(
    folder: Path, everyones: tuple[str, dict[str, str]]
) -> None:
    python, environment = everyones
    place = folder / "place"
    write_settings(place)
    (place / "output").touch()
    for path in (place, *place.iterdir()):
        os.chown(path, ANYBODY.uid, ANYBODY.gid)
    as_anybody: dict[str, Any] = {
        "user": ANYBODY.uid,
        "group": ANYBODY.gid,
        "extra_groups": [],
        "environment": environment,
    }
    with up(place, python, **as_anybody) as service:
        for pid in (service.process.pid, service.asterisk_pid):
            assert status(pid, "Uid") == [str(ANYBODY.uid)] * 4
        assert service.health()[0] == 200
        assert owners(place / ".freizeichen") == {ANYBODY.uid}
        asterisk = service.asterisk_pid
        assert service.stop() == 0
    assert not Path(f"/proc/{asterisk}").exists()
    assert "root" not in (place / "output").read_text()


@AS_ROOT
def test_a_service_that_root_starts_leaves_root_for_good_and_still_does_its_work(
    folder: Path, everyones: tuple[str, dict[str, str]]
) -> None:
    python, environment = everyones
    write_settings(folder)
    with up(folder, python, environment=environment) as service:
        (uid,) = set(status(service.process.pid, "Uid"))
        assert uid != "0"
        assert status(service.process.pid, "Groups") == []
        assert status(service.process.pid, "CapEff") == ["0" * 16]
        assert set(status(service.asterisk_pid, "Uid")) == {uid}
        assert owners(folder / ".freizeichen") == {int(uid)}
        assert service.get("agents")
        # Asterisk is killed by root and brought back by the service, which is nobody special.
        first = service.asterisk_pid
        os.kill(first, signal.SIGKILL)
        while service.asterisk_pid == first or "Asterisk is back" not in service.said():
            assert service.process.poll() is None
        asterisk = service.asterisk_pid
        assert service.stop() == 0
    assert not Path(f"/proc/{asterisk}").exists()
    assert not (folder / ".freizeichen/run.json").exists()
    assert f"started as root: going on as account {uid}" in (folder / "output").read_text()
    with up(folder, python, environment=environment, output="output") as again:
        assert set(status(again.process.pid, "Uid")) == {uid}
    # Without a Python for everybody root does not write into a folder that is not its own.
    second = start(folder, command=[COMMAND])
    closed = not can_run(ANYBODY, [sys.executable, "-c", "import ivr.cli.up"])
    if closed:
        assert second.wait(30) == 1
        said = (folder / "output").read_text()
        assert "belongs to another account" in said
        assert "note: the service runs as root, because account " in said
        assert ". To mend that, put both where every account can read them, or start it" in said
    else:
        second.send_signal(signal.SIGINT)
        second.wait(30)


@AS_ROOT
def test_a_link_in_place_of_the_run_folder_is_not_followed(folder: Path) -> None:
    victim = folder / "victim"
    victim.mkdir(mode=0o700)
    (folder / ".freizeichen").symlink_to(victim)
    write_settings(folder)
    process = start(folder)
    assert process.wait(30) == 1
    assert f"cannot write to {folder}/.freizeichen" in (folder / "output").read_text()
    assert list(victim.iterdir()) == []
    assert victim.stat().st_mode & 0o777 == 0o700
