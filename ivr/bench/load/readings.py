"""What our service and its Asterisk hold and have counted, read while calls come and go."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from ivr.bench.load.site import OurHouse
from ivr.bench.site import BenchFailed, resident_bytes

READ_EVERY_S: Final = 5.0
_AT_REST_S: Final = 45.0  # transactions of SIP end up to 32 s later
_LOOK_S: Final = 0.2
_LAG: Final = "freizeichen_asterisk_lag_seconds"


@dataclass(frozen=True, slots=True)
class Held:
    """At one moment: memory in kB, descriptors and tasks."""

    at_s: float
    resident_kb: float
    switch_kb: float
    files: int
    switch_files: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Since the start: decisions by type, and of events how many were no later than so many s."""

    decided: dict[str, float]
    lag: dict[float, float]
    dialogues: float
    waiting: float


@dataclass(slots=True)
class Watch:
    """Reads our house again and again."""

    ours: OurHouse
    held: list[Held] = field(default_factory=list)

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            self.held.append(await asyncio.to_thread(self.hold))
            await asyncio.sleep(READ_EVERY_S)

    def hold(self) -> Held:
        """What is held now."""
        service, switch = self.ours.house.service, self.ours.house.asterisk
        if service is None:
            raise BenchFailed("there is no service to be read")
        return Held(
            time.monotonic(),
            resident_bytes(service) / 1000,
            resident_bytes(switch) / 1000,
            _files(service),
            _files(switch),
            round(_samples(self.ours)["freizeichen_tasks", ()]),
        )

    def count(self) -> Counted:
        """What was counted so far."""
        found = _samples(self.ours)
        return Counted(
            {
                labels[0]: n
                for (name, labels), n in found.items()
                if name.endswith("decisions_total")
            },
            {
                float(labels[0]): n
                for (name, labels), n in found.items()
                if name == f"{_LAG}_bucket"
            },
            found["freizeichen_dialogues", ()],
            sum(n for (name, _), n in found.items() if name == "freizeichen_calls_waiting"),
        )

    async def comes_to_rest(self) -> Held:
        """What is held when nobody calls any more; raises `BenchFailed` when somebody is left."""
        until_s = time.monotonic() + _AT_REST_S
        while True:
            now = await asyncio.to_thread(self.count)
            if now.dialogues == now.waiting == 0:
                break
            if time.monotonic() > until_s:
                left = f"{now.dialogues:g} dialogues, {now.waiting:g} wait"
                raise BenchFailed(f"{_AT_REST_S:g} s after the last call there are still {left}")
            await asyncio.sleep(_LOOK_S)
        least = await asyncio.to_thread(self.hold)
        while time.monotonic() < until_s:
            await asyncio.sleep(1.0)
            held = await asyncio.to_thread(self.hold)
            least = replace(
                held,
                files=min(least.files, held.files),
                switch_files=min(least.switch_files, held.switch_files),
                tasks=min(least.tasks, held.tasks),
            )
        return least


def share_within(before: Counted, after: Counted, share: float) -> float:
    """The least bound of the histogram, in seconds, within which that share of the events lay."""
    new = sorted((edge, n - before.lag.get(edge, 0.0)) for edge, n in after.lag.items())
    total = new[-1][1] if new else 0.0
    return next((edge for edge, n in new if total and n >= share * total), float("inf"))


def _samples(ours: OurHouse) -> dict[tuple[str, tuple[str, ...]], float]:
    text = httpx.get(f"{ours.run.address}/metrics", timeout=10).raise_for_status().text
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def told(held: Sequence[Held]) -> str:
    """The last reading, for whoever waits."""
    last = held[-1]
    return (
        f"service {last.resident_kb / 1000:.0f} MB, {last.files} files, {last.tasks} tasks; "
        f"Asterisk {last.switch_kb / 1000:.0f} MB, {last.switch_files} files"
    )
