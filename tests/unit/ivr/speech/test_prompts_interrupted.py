"""Builds that end early or meet another: real processes, ended by the kernel or held by a pipe."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ivr.speech.espeak import EspeakNg
from ivr.speech.prompts import BuildUnderWay
from ivr.speech.sound import read_wav
from tests.unit.ivr.speech.prompt_making import ROOT, build, plan, record, tone

DEADLINE_S = 30.0
# Recorded, so that a build is short. The third is longer than a child may write in one file.
TEXTS = {name: name for name in ("a", "b", "c", "d")}
SECONDS = {"a": 1.0, "b": 1.0, "c": 6.0, "d": 1.0}
LARGEST = 60_000  # bytes

WRITE_TOO_MUCH = f"""
import resource, signal, sys
from pathlib import Path
from tests.unit.ivr.speech.prompt_making import build, plan
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, ({LARGEST}, {LARGEST}))
if sys.argv[2] == "killed":
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
try:
    build(Path(sys.argv[1]), plan({TEXTS!r}))
except OSError as error:
    print(error.strerror)
"""
BUILD = """
import sys
from pathlib import Path
from ivr.speech.espeak import EspeakNg
from tests.unit.ivr.speech.prompt_making import build, plan
print(build(Path(sys.argv[1]), plan({"a": "One."}), espeak=EspeakNg(sys.argv[2:])).prompts)
"""


def child(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_while_building(out: Path) -> None:
    killed = child(WRITE_TOO_MUCH, str(out), "killed")
    told = killed.communicate(timeout=DEADLINE_S)
    assert killed.returncode == -signal.SIGXFSZ, told


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    for name, seconds in SECONDS.items():
        record(tmp_path / "recorded", f"en/{name}", tone(700, seconds, 8000), 8000)
    return tmp_path


def files(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def is_whole(wav: bytes) -> bool:
    return len(wav) == 44 + int.from_bytes(wav[40:44], "little") and len(read_wav(wav)[0]) > 0


def test_a_build_killed_in_the_middle_of_a_file_leaves_whole_prompts_and_the_next_one_mends(
    recorded: Path,
) -> None:
    out = recorded / "out"
    kill_while_building(out)
    left = files(out)
    assert all(is_whole(left[f"en/{name}.wav"]) for name in ("a", "b"))
    halves = [name for name in left if name.startswith("en/.c.wav.")]
    assert len(halves) == 1
    assert "manifest.json" not in left
    assert len(left) == 3
    assert [prompt.made for prompt in build(out, plan(TEXTS)).prompts] == [True] * 4
    assert set(files(out)) == {"manifest.json", *(f"en/{name}.wav" for name in TEXTS)}


def test_a_killed_build_over_an_earlier_one_makes_anew_only_what_it_had_touched(
    recorded: Path,
) -> None:
    out, at_first = recorded / "out", plan({"b": "b", "d": "d"})
    build(out, at_first)
    record(recorded / "recorded", "en/b", tone(500, 1.0, 8000), 8000)
    kill_while_building(out)
    made = {prompt.name: prompt.made for prompt in build(out, plan(TEXTS)).prompts}
    assert made == {"en/a": True, "en/b": True, "en/c": True, "en/d": False}


def test_a_full_disk_is_said_leaves_whole_prompts_and_no_half(recorded: Path) -> None:
    """A limit on the size of a file stops the write as a full disk does, half way."""
    out = recorded / "out"
    build(out, plan({"b": "b"}))
    full = child(WRITE_TOO_MUCH, str(out), "told")
    said, complaint = full.communicate(timeout=DEADLINE_S)
    assert (full.returncode, said.strip(), complaint) == (0, "File too large", "")
    left = files(out)
    assert set(left) == {"manifest.json", "en/a.wav", "en/b.wav"}
    assert all(is_whole(data) for name, data in left.items() if name.endswith(".wav"))
    assert [prompt.made for prompt in build(out, plan(TEXTS)).prompts] == [True, False, True, True]


def test_two_builds_at_once_in_one_folder_the_second_is_told_to_wait(tmp_path: Path) -> None:
    out, gate = tmp_path / "out", tmp_path / "gate"
    os.mkfifo(gate)
    wav = record(tmp_path, "said", tone(700, 1.0, 8000), 8000)
    started = tmp_path / "started"
    speak = f"touch {started}; cat {gate} > /dev/null; cat {wav}"
    first = child(BUILD, str(out), "/bin/sh", "-c", speak)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not started.exists():
            assert time.monotonic() < deadline, first.communicate()
            assert first.poll() is None, first.communicate()
            os.sched_yield()
        with pytest.raises(BuildUnderWay, match=r"out: another build .*; wait until it has ended"):
            build(out, plan({"a": "One."}))
        gate.write_bytes(b"go")
        said, complaint = first.communicate(timeout=DEADLINE_S)
        assert (first.returncode, complaint) == (0, "")
        assert "made=True" in said
    finally:
        first.kill()
        first.communicate()
    nobody = EspeakNg(())
    assert [p.made for p in build(out, plan({"a": "One."}), espeak=nobody).prompts] == [False]


def test_a_build_that_fails_lets_the_next_one_in(tmp_path: Path) -> None:
    failing = EspeakNg((sys.executable, "-c", "raise SystemExit(1)"))
    for _ in range(2):
        with pytest.raises(Exception, match="status 1"):
            build(tmp_path / "out", plan({"a": "One."}), espeak=failing)
    assert build(tmp_path / "out", plan({"a": "One."})).prompts[0].made
