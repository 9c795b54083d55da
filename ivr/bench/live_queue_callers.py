"""The callers of the live queue: SIPp places all their calls, and its log says what each met."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ivr.bench.live_queue_seen import Met, Seen, read_log
from ivr.bench.live_queue_switch import HOST
from ivr.bench.progress import Tell
from ivr.bench.site import BenchFailed
from queues.simulation.callers import Callers
from queues.simulation.house import House

SCENARIO: Final = Path(__file__).with_name("live_queue_caller.xml")
_LONGEST_S: Final = 7 * 86_400.0  # for whom patience has no end
_LOOK_S: Final = 0.25
_TELL_EVERY_S: Final = 60.0
_ENDS_S: Final = 5.0


def callers_file(house: House, callers: Callers, began: float) -> str:
    """What SIPp reads: number, when to call (ms since 1970), patience (ms) and queue of each."""
    lines = ["SEQUENTIAL"]
    for number, (arrived, need, patience) in enumerate(
        zip(callers.arrived, callers.need, callers.patience, strict=True)
    ):
        due_ms, patience_ms = 1000 * (began + arrived), 1000 * min(patience, _LONGEST_S)
        lines.append(f"{number};{due_ms:.0f};{patience_ms:.0f};{house.needs[need]}")
    return "\n".join([*lines, ""])


def sipp_command(sipp: Sequence[str], port: int, callers: Path, log: Path, count: int) -> list[str]:
    """The command that places so many calls, each of which waits in SIPp for its time."""
    return [
        *sipp,
        f"{HOST}:{port}",
        *("-i", HOST, "-sf", str(SCENARIO), "-inf", str(callers)),
        *("-m", str(count), "-l", str(count), "-r", str(count)),
        *("-trace_logs", "-log_file", str(log)),
        "-nostdin",
    ]


class LiveCallers:
    """SIPp, placing the calls of one day."""

    def __init__(self, folder: Path, seen: Seen) -> None:
        self._log = folder / "callers.log"
        self._input = folder / "callers.csv"
        self._seen = seen
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0

    def begin(self, sipp: Sequence[str], port: int, house: House, callers: Callers) -> None:
        """Let them call, each in time."""
        self._input.write_text(callers_file(house, callers, self._seen.began))
        count = len(callers)
        command = sipp_command(sipp, port, self._input, self._log, count)
        self._process = subprocess.Popen(  # noqa: S603  (a program we chose)
            command,
            cwd=self._log.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    async def all_waits_end(self, within_s: float, tell: Tell) -> None:
        """Come back when nobody waits any more, or when time is up: who still waits is then lost.

        Raises `BenchFailed` if SIPp ends before that.
        """
        loop = asyncio.get_running_loop()
        began_s = told_s = loop.time()
        while True:
            is_over = self._process is None or self._process.poll() is not None
            self._look()
            if all(met.waits_no_more for met in self._seen.callers):
                return
            if is_over:
                raise BenchFailed("SIPp has ended before its callers did")
            if loop.time() - began_s > within_s:
                return
            if loop.time() - told_s >= _TELL_EVERY_S:
                told_s = loop.time()
                tell(_standing(self._seen.callers))
            await asyncio.sleep(_LOOK_S)

    def end(self) -> None:
        """End SIPp, with whoever still talks."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(_ENDS_S)

    def _look(self) -> None:
        if not self._log.exists():
            return
        with self._log.open("rb") as file:
            file.seek(self._read)
            lines = file.read().rpartition(b"\n")[0]
        if lines:
            self._read += len(lines) + 1
            told = (line for line in lines.decode().splitlines() if line.strip())
            read_log(told, self._seen.callers)


def _standing(callers: Sequence[Met]) -> str:
    came = sum(met.came is not None for met in callers)
    waiting = sum(met.came is not None and not met.waits_no_more for met in callers)
    return f"{came} of {len(callers)} called, {waiting} wait"
