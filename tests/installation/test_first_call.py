"""From the built wheel to the first call and away again: what the handbook says, in a clean Debian.

The lines of the transcript are typed at a terminal of a machine that has its own systemd; the units
run with all of their sandbox. The call comes over a provider, and is heard at both ends.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.folders import open_folder
from tests.installation.clean_root import clean_root
from tests.installation.machine import Machine, booted
from tests.installation.sandbox import held
from tests.installation.terminal import Terminal, Typed, terminal
from tests.installation.test_transcript import BAR_S
from tests.installation.transcript import CORPUS, Transcript, reading_s, section, words
from tests.installation.world import AGENT_HZ, CALLER_HZ, Outside, world
from tests.switch import ROOT

UNITS = ("freizeichen.service", "freizeichen-asterisk.service")
_PATIENCE = 8  # a wait that the transcript allows may be so many times longer on a busy machine
_UNTIMED_S = 240.0
_PORT = "5160"
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can give a clean machine a systemd of its own"
)


@dataclass(slots=True)
class Play:
    """The transcript as it is played: its machine, its terminals, and what it took so far."""

    script: Transcript
    machine: Machine
    here: Terminal
    online: Terminal
    outside: Outside
    printed: dict[str, str] = field(default_factory=dict)
    waited_s: float = 0.0
    read_words: int = 0

    def play(self, step: dict[str, Any]) -> None:
        """Do one step, and see what must come of it."""
        if "read" in step:
            self.read_words += words(section(step["read"]))
        elif "type" in step:
            self._type(step)
        elif "telephone" in step:
            server, port, user, password = map(self.script.filled, step["telephone"])
            assert port == _PORT
            self._account = {"server": server, "port": port, "user": user, "password": password}
            self.outside.ask("telephone", **self._account)
        elif "dial" in step:
            self.outside.ask("dial", code=step["dial"], **self._account)
        else:
            self._call(step)

    _account: dict[str, str] = field(default_factory=dict)

    def _type(self, step: dict[str, Any]) -> None:
        at, line = self.here, step["type"]
        if step.get("online"):
            at = self.online
            _typed(at, f"cd {self.here.folder}", 10)
        within_s = step["takes_s"] * _PATIENCE if "takes_s" in step else _UNTIMED_S
        answers = [(asked, self.script.filled(answer)) for asked, answer in step.get("answers", ())]
        typed = _typed(at, line, within_s, answers)
        assert typed.status == 0, f"{line}: {typed.printed}"
        for said in step.get("says", ()):
            assert said in typed.printed, f"{line}: {typed.printed}"
        if "prints" in step:
            count = words(typed.printed)
            assert count <= step["prints"], f"{line} prints {count} words: {typed.printed}"
            self.read_words += count
        self.printed[line] = typed.printed
        self.waited_s += typed.took_s
        if line == "freizeichen status":
            for user, password in re.findall(r"agent phone +(\w+), password (\S+)", typed.printed):
                self.script.values[f"password of {user}"] = password

    def _call(self, step: dict[str, Any]) -> None:
        began_s = time.monotonic()
        came = self.outside.ask(
            "call",
            number=self.script.filled(step["call"]),
            script=str(CORPUS / "first-call.yaml"),
            prompts=str(self.machine.root / "var/lib/freizeichen/prompts"),
        )
        self.waited_s += time.monotonic() - began_s
        assert came["report"]["ok"], json.dumps(came)
        assert abs(came["report"]["tones"][0]["hz"] - AGENT_HZ) < 12, json.dumps(came)
        assert [abs(hz - CALLER_HZ) < 12 for hz in came["agent_heard_hz"]] == [True], json.dumps(
            came
        )


def _typed(at: Terminal, line: str, within_s: float, answers: Any = ()) -> Typed:
    began_s = time.monotonic()
    at.type_line(line)
    for asked, answer in answers:
        at.asks(asked, within_s)
        at.type_line(answer)
    return at.done(line, began_s, within_s)


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """A clean machine with what is carried over, its provider's network, and two terminals."""
    script = Transcript()
    with ExitStack() as stack:
        root = stack.enter_context(clean_root())
        _carry_over(root / "root")
        machine = stack.enter_context(booted(root))
        for address in (script.values["house"], script.values["host"]):
            said = machine.run("ip", "address", "add", f"{address}/24", "dev", "lo")
            assert said == "", said
        folder = stack.enter_context(open_folder())
        outside = stack.enter_context(world(machine.network(), folder, script.values["host"]))
        here = stack.enter_context(terminal(machine.inside()))
        online = stack.enter_context(terminal(machine.inside(online=True)))
        _typed(here, "cd", 10)
        yield Play(script, machine, here, online, outside)


def _carry_over(home: Path) -> None:
    """The wheel, built as `make wheel` does, and the versions that were tested."""
    words = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(home)]
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
    shutil.copy(ROOT / "requirements.lock", home)


@pytest.mark.timeout(900)
def test_the_handbook_leads_to_the_first_call_in_ten_minutes_and_away_again(play: Play) -> None:
    try:
        for step in play.script.before:
            play.play(step)
        play.waited_s = 0.0
        for step in play.script.counted:
            play.play(step)
        _units_run_in_their_sandbox(play.machine)
    except AssertionError as failed:
        said = play.machine.run("journalctl", "--no-pager", "--unit=freizeichen*", "--lines=60")
        raise AssertionError(f"{failed}\n\nits journal:\n{said}") from None
    _no_secret_was_shown(play)
    typing_s = sum(each.typing_s for each in play.script.costs())
    read_s = reading_s(play.read_words)
    told = f"read {read_s:.0f} s, typed {typing_s:.0f} s, waited {play.waited_s:.0f} s"
    sys.stderr.write(f"from init to the first call: {told}\n")
    assert read_s + typing_s + play.waited_s <= BAR_S, told
    for step in play.script.after:
        play.play(step)
    _nothing_is_left_but_what_is_told(play.machine)


def _units_run_in_their_sandbox(machine: Machine) -> None:
    """systemd holds both as running, as the account, and finds little exposed; and so it is."""
    for unit in UNITS:
        shown = machine.run("systemctl", "show", unit, "--property=ActiveState,User,NRestarts")
        assert set(shown.split()) == {"ActiveState=active", "User=freizeichen", "NRestarts=0"}
        machine_says = machine.run("systemd-analyze", "security", "--no-pager", unit)
        exposure = re.search(r"exposure level for \S+: ([0-9.]+)", machine_says)
        assert exposure is not None, machine_says
        sys.stderr.write(f"{exposure[0]}\n")
        assert float(exposure[1]) <= 2.5, machine_says
        assert machine.run("systemd-analyze", "verify", f"/etc/systemd/system/{unit}") == ""
        sys.stderr.write(f"{unit}: processes held in its sandbox: {held(machine, unit)}\n")


def _no_secret_was_shown(play: Play) -> None:
    """The provider's password stands in no output, and in no log of the machine."""
    shown = "".join(play.printed.values()) + play.machine.run("journalctl", "--no-pager")
    assert play.script.values["password"] not in shown


def _nothing_is_left_but_what_is_told(machine: Machine) -> None:
    found = machine.run("find", "/", "-xdev", "-name", "*freizeichen*").splitlines()
    kept = ("/etc/freizeichen", "/var/lib/freizeichen", "/root/freizeichen-0.1.0")
    assert [path for path in found if not path.startswith(kept)] == []
    assert "/var/lib/freizeichen" in found
    assert "\n0 unit files" in machine.run("systemctl", "list-unit-files", "freizeichen*")
