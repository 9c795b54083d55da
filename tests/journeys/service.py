"""A real service for journeys: the command in its own process, ports and folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from ivr.place.runfile import RunFile, read_run_file
from tests.programs import real_asterisk
from tests.switch import ROOT, test_settings

COMMAND = str(Path(sys.executable).parent / "freizeichen")
READY_S = 60.0
LOOK_S = 0.05


def write_settings(folder: Path, **changes: object) -> Path:
    """A settings file of a small place on free ports."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "freizeichen.yaml"
    values = test_settings(**changes).model_dump(mode="json", exclude_none=True)
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(values, file)
    return path


def eventually(what: Any, within_s: float = 10.0) -> Any:
    """Ask again until the answer is true, and give it; fails with the last answer."""
    until = time.monotonic() + within_s
    while True:
        answer = what()
        if answer:
            return answer
        assert time.monotonic() < until, f"not within {within_s:g} s: {what}"
        time.sleep(LOOK_S)


@dataclass(slots=True)
class Service:
    """A running `freizeichen up`."""

    folder: Path
    process: subprocess.Popen[bytes]
    run: RunFile

    @property
    def api(self) -> httpx.Client:
        """An HTTP client that is signed in."""
        token = Path(self.run.token_file).read_text().strip()
        return httpx.Client(
            base_url=self.run.address, headers={"Authorization": f"Bearer {token}"}, timeout=5
        )

    def get(self, name: str) -> list[dict[str, Any]]:
        """The rows of `/api/v1/<name>`."""
        with self.api as api:
            rows: list[dict[str, Any]] = api.get(f"/api/v1/{name}").raise_for_status().json()[name]
        return rows

    def in_queue(self) -> list[dict[str, Any]]:
        """The calls that were handed over to the queue: they wait, or talk."""
        return [row for row in self.get("calls") if row["queue"] is not None]

    def agent(self, name: str) -> dict[str, Any]:
        """One agent's row."""
        return next(row for row in self.get("agents") if row["id"] == name)

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status code and body of `/health`."""
        answer = httpx.get(f"{self.run.address}/health", timeout=5)
        return answer.status_code, answer.json()

    def said(self) -> str:
        """What the command printed so far, and what its log holds."""
        files = [self.folder / "output", *(self.folder / ".freizeichen/log").glob("*")]
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())

    @property
    def asterisk_pid(self) -> int:
        """The process id of its Asterisk."""
        return int((self.folder / ".freizeichen/asterisk/asterisk.pid").read_text())

    def stop(self, kind: signal.Signals = signal.SIGINT, within_s: float = 20.0) -> int:
        """Send a signal and give the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(kind)
        return self.process.wait(within_s)


def start(
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    output: str = "output",
    command: Sequence[str] = (COMMAND,),
    words: Sequence[str] = ("up",),
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start `freizeichen up` beside the settings file in this folder; its words go to a file.

    `options` are further ones of Popen, such as the user.
    """
    with (folder / output).open("wb") as said:
        return subprocess.Popen(
            [*command, *words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=dict(os.environ) | dict(environment or {}),
            **options,
        )


def wait_ready(folder: Path, process: subprocess.Popen[bytes]) -> Service:
    """Wait until a call would be answered."""
    run_folder = folder / ".freizeichen"

    def ready() -> bool:
        assert process.poll() is None, (folder / "output").read_text()
        return (run_folder / "run.json").exists()

    eventually(ready, READY_S)
    return Service(folder, process, read_run_file(run_folder))


_spoken = tempfile.TemporaryDirectory(prefix="freizeichen-spoken-")  # by the first service


def lend_prompts(folder: Path) -> None:
    """Give a new place what the first service of these tests spoke: it would say the same again."""
    run, spoken = folder / ".freizeichen", Path(_spoken.name) / "prompts"
    if spoken.exists() and not (run / "prompts").exists():
        run.mkdir(mode=0o700, exist_ok=True)
        shutil.copytree(spoken, run / "prompts")


def keep_prompts(folder: Path) -> None:
    """Keep what the first service of these tests has spoken."""
    spoken = Path(_spoken.name) / "prompts"
    if not spoken.exists():
        shutil.copytree(folder / ".freizeichen/prompts", spoken)


@contextmanager
def running_service(
    folder: Path, *, environment: Mapping[str, str] | None = None, **changes: object
) -> Iterator[Service]:
    """A service of its own; ended afterwards, also one that was started again in its place."""
    write_settings(folder, **changes)
    lend_prompts(folder)
    process = start(folder, environment=environment)
    try:
        service = wait_ready(folder, process)
        if not changes.keys() & {"lines", "dialplans"}:
            keep_prompts(folder)
        try:
            yield service
        finally:
            process = service.process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        end_asterisk(folder)


def end_asterisk(folder: Path) -> None:
    """End the Asterisk of a service that was killed; it outlives such a service on purpose."""
    mine = str(folder / ".freizeichen").encode()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            if mine in words and b"asterisk.conf" in words:
                os.kill(int(entry.name), signal.SIGKILL)


def command(service: Service, *words: str) -> tuple[int, str]:
    """Another command of ours beside the service: exit status, and what it printed."""
    done = subprocess.run(
        [COMMAND, *words], cwd=service.folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def console(service: Service, line: str) -> str:
    """What its Asterisk answers to a line on the console."""
    base = service.folder / ".freizeichen/asterisk"
    words = [*real_asterisk().command, "-C", str(base / "etc/asterisk.conf"), "-rx", line]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def kept_dialogues(service: Service, node: str = "%") -> int:
    """How many dialogues are kept, at any node or at this one."""
    path = service.folder / ".freizeichen/store/store.db"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
        found: int = database.execute(
            'SELECT count(*) FROM dialogues WHERE "node" LIKE ?', (node,)
        ).fetchone()[0]
    return found


def missed_calls(service: Service, count: int) -> list[dict[str, Any]] | None:
    """The missed calls, once there are so many."""
    with service.api as api:
        answer = api.get("/api/v1/reports/missed", params={"limit": 100}).raise_for_status()
    assert service.run.callers[0].username not in answer.text
    rows: list[dict[str, Any]] = answer.json()["missed"]
    return rows if len(rows) >= count else None


def call(service: Service, to: str, script: Path) -> tuple[int, dict[str, Any]]:
    """`freizeichen call --json`: exit status and report."""
    done = subprocess.run(
        [COMMAND, "call", "--to", to, "--script", str(script), "--json"],
        cwd=service.folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    report = json.loads(done.stdout) if done.stdout.strip().startswith("{") else {}
    return done.returncode, report | {"stderr": done.stderr}


SCRIPTS = ROOT / "tests" / "corpus" / "calls"
