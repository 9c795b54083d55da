"""How long it takes from the command until a call would be answered, beside Asterisk alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from ivr import resources
from ivr.asterisk.account import ordinary_account
from ivr.asterisk.folders import SwitchFolders
from ivr.asterisk.install import Asterisk, find_asterisk
from ivr.asterisk.process import SwitchProcess
from ivr.bench.ports import free_ports_environment
from ivr.bench.progress import Tell
from ivr.bench.site import bench_folder, running_site
from ivr.bench.table import Row

BAR_SECOND_START_S = 10.0
BAR_FRESH_S = 300.0


def run_start(*, quick: bool, tell: Tell) -> list[Row]:
    """Start the service with nothing but the caches there, then again and again."""
    runs = 2 if quick else 5
    with bench_folder() as folder:
        environment = free_ports_environment()
        tell("first start")
        first = _start_once(folder, environment)
        again: list[float] = []
        for run in range(1, runs + 1):
            tell(f"second start, run {run} of {runs}")
            again.append(_start_once(folder, environment))
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
            tell("start with an empty cache")
            rows.insert(
                0, Row("start with an empty cache", (_fresh(folder),), "s", bar=BAR_FRESH_S)
            )
        return rows


def _fresh(folder: Path) -> float:
    """As on a machine that has never seen the product: Asterisk and espeak-ng are fetched."""
    with TemporaryDirectory(prefix="freizeichen-bench-cache-") as cache:
        Path(cache).chmod(0o755)
        fresh = folder / "fresh"
        fresh.mkdir()
        return _start_once(fresh, free_ports_environment() | {"FREIZEICHEN_CACHE": cache})


def _start_once(folder: Path, environment: Mapping[str, str]) -> float:
    with running_site(folder, environment=environment) as site:
        return site.ready_after_s


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
