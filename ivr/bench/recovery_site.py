"""The place that the bench of recovery calls: lines without a word, and a service that is killed.

Four lines: one leads to the queue that agents serve, one to a queue that nobody serves, one to two
menus that lead to each other, and one to agents whose talks last as long as they like.
"""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from ivr import resources
from ivr.asterisk.account import ordinary_account
from ivr.asterisk.folders import SwitchFolders
from ivr.asterisk.install import find_asterisk
from ivr.asterisk.process import SwitchProcess
from ivr.bench.ports import free_ports_environment
from ivr.bench.site import READY_S, BenchFailed, bench_folder, start_service
from ivr.runfile import RunFile, read_run_file

QUEUE, HELD, MENUS, TALKS = "101", "102", "103", "104"
TALKERS: Final = tuple(f"talker{number}" for number in range(1, 12))
SERVERS: Final = tuple(f"server{number}" for number in range(1, 6))
_LOOK_S: Final = 0.02
_ENDS_S: Final = 30.0
_PAGE: Final = 200  # the API's longest
_LEFT = re.compile(r"^freizeichen_calls_left (\S+)$", re.MULTILINE)
_PLAN = """
language: de
start: {start}
human: human
defaults: {{wait_s: 30, tries: 3, no_input: bench_again, wrong_key: bench_again,
           then: bye, refused: bye}}
prompts:
  bench_again: Noch einmal.
  bench_first: Für das andere Menü drücken Sie bitte die eins.
  bench_second: Für das erste Menü drücken Sie bitte die eins.
  bench_bye: Auf Wiederhören.
nodes:
  first: {{menu: bench_first, keys: {{1: second}}}}
  second: {{menu: bench_second, keys: {{1: first}}}}
  human: {{queue: service}}
  bye: {{goodbye: bench_bye}}
"""
_QUEUE_PLAN = """
language: de
start: human
defaults: {{then: bye, refused: bye}}
prompts:
  bench_bye: Auf Wiederhören.
nodes:
  human: {{queue: {queue}}}
  bye: {{goodbye: bench_bye}}
"""


def site_settings() -> str:
    """The settings file of the place, with the agents of the bench."""
    agents = [(name, "talks") for name in TALKERS] + [(name, "service") for name in SERVERS]
    lines = (
        f'{{number: "{number}", name: Bench, language: de, dialplan: de/{name}.yaml}}'
        for number, name in ((QUEUE, "service"), (HELD, "held"), (MENUS, "menus"), (TALKS, "talks"))
    )
    queues = (f"{{id: {name}, wrap_up_s: 0}}" for name in ("service", "held", "talks"))
    people = (f"{{id: {a}, name: {a}, place: p-{a}, queues: [{q}]}}" for a, q in agents)
    return "\n".join(
        (
            "version: 1",
            f"lines: [{', '.join(lines)}]",
            f"queues: [{', '.join(queues)}]",
            f"places: [{', '.join(f'p-{name}' for name, _ in agents)}]",
            f"agents: [{', '.join(people)}]",
            "callers: [caller1, caller2, caller3, caller4]",
            "asterisk: {qualify_frequency_s: 2, most_calls_each_phone: 400}",
            "dialplans: dialplans",
            "",
        )
    )


class KillableSite:
    """A service that can be killed and started again; its Asterisk lives on."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._run: RunFile | None = None

    @property
    def store_url(self) -> str:
        """Where the journal lies."""
        return f"sqlite:///{self._run_folder.absolute()}/store/store.db"

    @property
    def days_folder(self) -> Path:
        """Where the files of closed days lie."""
        return self._run_folder / "store" / "journal"

    @property
    def console_socket(self) -> Path:
        """Asterisk's console."""
        return SwitchFolders.below(self._run_folder).run / "asterisk.ctl"

    @property
    def queues_file(self) -> Path:
        """Where Asterisk reads its own queues from."""
        return SwitchFolders.below(self._run_folder).etc / "queues.conf"

    @property
    def _run_folder(self) -> Path:
        return self._folder / ".freizeichen"

    @property
    def run(self) -> RunFile:
        """Its addresses and accounts; raises RuntimeError before the first start is through."""
        if self._run is None:
            raise RuntimeError("the service was not started")
        return self._run

    def start(self) -> None:
        """Start the command; `wait_ready` comes back when a call would be answered."""
        (self._run_folder / "run.json").unlink(missing_ok=True)
        self._process = start_service(self._folder, self._environment)

    def wait_ready(self) -> None:
        """Raises `BenchFailed` with what the command printed when it does not come up."""
        began = time.monotonic()
        while not (self._run_folder / "run.json").exists():
            self._must_live(began, READY_S)
            time.sleep(_LOOK_S)
        self._run = read_run_file(self._run_folder)

    def wait_adopted(self, since: float, within_s: float) -> float:
        """Seconds from `since` (monotonic) until no caller of the service before is unknown."""
        while True:
            self._must_live(since, within_s)
            try:
                text = httpx.get(f"{self.run.address}/metrics", timeout=5).text
            except httpx.TransportError:
                text = ""  # it is not there yet
            left = _LEFT.search(text)
            if left is not None and float(left[1]) == 0:
                return time.monotonic() - since
            time.sleep(_LOOK_S)

    def kill(self) -> None:
        """SIGKILL, and see it gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_ENDS_S)

    def calls(self) -> list[dict[str, Any]]:
        """Every row of `/api/v1/calls`, longest wait first, page after page."""
        rows: list[dict[str, Any]] = []
        asked: dict[str, str | int] = {"limit": _PAGE}
        with self.api() as api:
            while True:
                page = api.get("/api/v1/calls", params=asked).raise_for_status().json()
                rows += page["calls"]
                if page["next"] is None:
                    return rows
                asked["cursor"] = page["next"]

    def answers_in_menus(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """How many answers the card of each of these calls holds that is in a dialogue."""
        found: dict[str, int] = {}
        with self.api() as api:
            for row in rows:
                if row["queue"] is None:
                    card = api.get(f"/api/v1/calls/{row['id']}/card")
                    if card.status_code != httpx.codes.NOT_FOUND:  # gone meanwhile
                        found[row["id"]] = len(card.raise_for_status().json()["entries"])
        return found

    def api(self) -> httpx.Client:
        """An HTTP client that is signed in."""
        token = Path(self.run.token_file).read_text().strip()
        return httpx.Client(
            base_url=self.run.address, headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    def ready(self, agents: Sequence[str]) -> None:
        """Have agents take calls."""
        with self.api() as api:
            for agent in agents:
                api.post(f"/api/v1/agents/{agent}/ready").raise_for_status()

    def end(self) -> None:
        """End service and Asterisk, whatever still runs of them."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_ENDS_S)
        asterisk = find_asterisk(None, resources.cache_folder())
        if asterisk is not None and self._run_folder.exists():
            folders = SwitchFolders.below(self._run_folder)
            asyncio.run(SwitchProcess(asterisk, folders, ordinary_account(self._folder)).stop())

    def _must_live(self, since: float, within_s: float) -> None:
        gone = self._process is None or self._process.poll() is not None
        if gone:
            said = (self._folder / "output").read_text(errors="replace")
            raise BenchFailed(said or "the service has ended")
        if time.monotonic() - since > within_s:
            raise BenchFailed(f"the service was not as it should be after {within_s:g} s")


@contextmanager
def killable_site() -> Iterator[KillableSite]:
    """A running service with the lines of the bench."""
    with bench_folder() as folder:
        plans = folder / "dialplans" / "de"
        plans.mkdir(parents=True)
        for name in ("service", "held", "talks"):
            (plans / f"{name}.yaml").write_text(_QUEUE_PLAN.format(queue=name), encoding="utf-8")
        (plans / "menus.yaml").write_text(_PLAN.format(start="first"), encoding="utf-8")
        (folder / "freizeichen.yaml").write_text(site_settings(), encoding="utf-8")
        site = KillableSite(folder, free_ports_environment())
        try:
            site.start()
            site.wait_ready()
            yield site
        finally:
            site.end()
