"""How long it takes from the command until a call would be answered, beside Asterisk alone."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ivr import resources
from ivr.asterisk.account import ordinary_account
from ivr.asterisk.folders import SwitchFolders
from ivr.asterisk.install import Asterisk, find_asterisk
from ivr.asterisk.process import SwitchProcess
from ivr.bench.ports import free_ports_environment
from ivr.bench.table import Row

READY_S = 300.0
BAR_SECOND_START_S = 10.0
BAR_FRESH_S = 300.0


class BenchFailed(Exception):
    """A bench could not be run; the text says why."""


def run_start(*, quick: bool) -> list[Row]:
    """Start the service with nothing but the caches there, then again and again."""
    runs = 2 if quick else 5
    with tempfile.TemporaryDirectory(prefix="freizeichen-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(resources.example_settings(), folder / "freizeichen.yaml")
        environment = dict(os.environ) | free_ports_environment()
        first = _start_once(folder, environment)
        again = [_start_once(folder, environment) for _ in range(runs)]
        asterisk = find_asterisk(None, resources.cache_folder())
        alone = (
            tuple(asyncio.run(_asterisk_alone(asterisk, folder)) for _ in range(runs))
            if asterisk is not None
            else ()
        )
        rows = [
            Row("first start, prompts to be spoken", (first,), "s", bar=BAR_FRESH_S),
            Row(
                "second start",
                tuple(again),
                "s",
                bar=BAR_SECOND_START_S,
                against="Asterisk alone",
                against_values=alone,
            ),
        ]
        if not quick:
            rows.insert(
                0, Row("start with an empty cache", (_fresh(folder),), "s", bar=BAR_FRESH_S)
            )
        return rows


def _fresh(folder: Path) -> float:
    """As on a machine that has never seen the product: Asterisk and espeak-ng are fetched."""
    with tempfile.TemporaryDirectory(prefix="freizeichen-bench-cache-") as cache:
        Path(cache).chmod(0o755)
        fresh = folder / "fresh"
        fresh.mkdir()
        shutil.copy(resources.example_settings(), fresh / "freizeichen.yaml")
        environment = dict(os.environ) | free_ports_environment() | {"FREIZEICHEN_CACHE": cache}
        return _start_once(fresh, environment)


def _start_once(folder: Path, environment: dict[str, str]) -> float:
    """Seconds from the command to the run file, which is written when a call would be answered."""
    began = time.monotonic()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ivr.cli", "up"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    try:
        while not (folder / ".freizeichen" / "run.json").exists():
            if process.poll() is not None or time.monotonic() - began > READY_S:
                raise BenchFailed((folder / "output").read_text(errors="replace"))
            time.sleep(0.01)
        return time.monotonic() - began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


async def _asterisk_alone(asterisk: Asterisk, folder: Path) -> float:
    """Seconds until the same Asterisk with the same configuration is booted, without us."""
    folders = SwitchFolders.below(folder / ".freizeichen")
    switch = SwitchProcess(asterisk, folders, ordinary_account(folder))
    began = time.monotonic()
    switch.start()
    try:
        await switch.wait_booted()
        return time.monotonic() - began
    finally:
        await switch.stop()
