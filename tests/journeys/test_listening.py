"""Journeys: Korean callers speak to the line, real model, real SIP, judged by their own RTP."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ivr import resources
from ivr.speech.models import find_model
from tests.folders import open_folder
from tests.journeys.service import (
    SCRIPTS,
    Service,
    call,
    eventually,
    running_service,
)

WORDS = ("인터넷", "도움", "변경", "텔레비전")
BY_KEYS = """
about: nobody can listen; the same menu works by keys
language: ko
agents: [{agent: anna, speak: {tone_hz: 440, for_s: 2}}]
steps:
  - hear: welcome
  - hear: {prompt: keys_only, within_s: 10}
  - hear: main_menu
  - press: "0"
  - hear: connecting
  - hear_tone: {hz: 440, within_s: 20}
  - hang_up: true
expect: {bridged: true, heard_at_most: {keys_only: 1, not_understood: 0}}
"""
NEVER_STOPS = """
about: a caller who talks on and on gets a human, and hears at most twice that it was in vain
language: ko
steps:
  - hear: main_menu
  - say: {text: "TALK", language: ko, voice: ko+f2, speed: 150, to_end: false}
  - hear: {prompt: not_understood, within_s: 30}
  - hear: {prompt: connecting, within_s: 40}
  - hang_up: true
expect: {heard_at_most: {not_understood: 2}}
""".replace("TALK", ", ".join(["서울 부산 대구 광주 대전 제주에 갔다가 돌아왔습니다"] * 12))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with open_folder() as folder, running_service(folder) as running:
        yield running


def script(folder: Path, text: str) -> Path:
    path = folder / "script.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def replies(service: Service) -> dict[str, float]:
    """How questions ended since the start, as the metrics tell."""
    text = httpx.get(f"{service.run.address}/metrics", timeout=5).text
    found = re.findall(r'^freizeichen_speech_replies_total\{reply="(\w+)"\} (\S+)$', text, re.M)
    return {reply: float(count) for reply, count in found}


@pytest.mark.parametrize("name", ["internet", "talked-over", "refused", "silent", "keys-between"])
def test_a_korean_caller_is_understood_refused_interrupted_waited_for(
    service: Service, name: str
) -> None:
    status, report = call(service, "300", SCRIPTS / f"ko-{name}.yaml")
    assert status == 0, report
    eventually(lambda: not service.get("calls"))


def test_the_service_tells_the_agent_what_was_understood_and_the_caller_fell_silent_in_time(
    service: Service,
) -> None:
    status, report = call(service, "300", SCRIPTS / "ko-talked-over.yaml")
    assert status == 0, report
    assert [entry["said"] for entry in report["understood"]] == ["변경", "도움"]
    turns: list[dict[str, Any]] = report["turns"]
    assert all(turn["silence_after_s"] is not None for turn in turns)
    assert all(turn["answer_after_s"] > 0 for turn in turns)
    assert report["bridge"]["agent"]


def test_no_word_that_was_said_or_understood_stands_in_a_log_or_in_the_metrics(
    service: Service,
) -> None:
    status, report = call(service, "300", SCRIPTS / "ko-internet.yaml")
    assert status == 0, report
    assert "model loaded" in service.said()  # the log is read as it is written
    said = service.said() + httpx.get(f"{service.run.address}/metrics", timeout=5).text
    said += httpx.get(f"{service.run.address}/health", timeout=5).text
    assert not [word for word in WORDS if word in said]


def test_a_caller_who_never_stops_talking_gets_a_human(service: Service, tmp_path: Path) -> None:
    status, report = call(service, "300", script(tmp_path, NEVER_STOPS))
    assert status == 0, report


def test_three_callers_at_once_are_each_understood(service: Service) -> None:
    before = replies(service)["understood"]
    ended: list[tuple[int, dict[str, Any]]] = []
    text = (SCRIPTS / "ko-internet.yaml").read_text(encoding="utf-8")
    alone = re.sub(r"agents:.*?steps:", "steps:", text, flags=re.S)
    alone = re.sub(r"  - hear_tone.*\n", "", alone).replace("bridged: true, ", "")
    alone = alone.replace(", understood: [인터넷, 도움]", "")
    path = script(service.folder, alone)
    callers = [
        threading.Thread(target=lambda: ended.append(call(service, "300", path))) for _ in range(3)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(120)
    assert [status for status, _ in ended] == [0, 0, 0], ended
    assert replies(service)["understood"] == before + 6


def test_health_tells_that_lines_without_a_model_are_served_by_keys(service: Service) -> None:
    status, health = service.health()
    assert (status, health["checks"]["asterisk"]) == (200, "ok")
    assert health["checks"]["speech"] == "degraded"  # there is no German and no English model here
    assert health["figures"]["speech_streams_capacity"] >= 1
    assert "no speech model for 'de'" in service.said()


def test_without_a_model_callers_are_told_and_use_keys(folder: Path) -> None:
    with running_service(folder, speech={"models": {"ko": str(folder / "nowhere")}}) as service:
        assert "speech.models.ko" in service.said()
        status, report = call(service, "300", script(folder, BY_KEYS))
        assert status == 0, report


def test_with_a_broken_model_callers_are_told_and_use_keys(folder: Path) -> None:
    whole = find_model("ko", None, resources.cache_folder())
    assert whole is not None
    broken = folder / "broken"
    shutil.copytree(whole, broken)
    graph = broken / "graph" / "HCLr.fst"
    graph.write_bytes(graph.read_bytes()[:100_000])  # Vosk itself would crash on it
    with running_service(folder / "place", speech={"models": {"ko": str(broken)}}) as service:
        assert "callers in 'ko' use keys" in service.said()
        status, report = call(service, "300", script(folder, BY_KEYS))
        assert status == 0, report
        assert service.process.poll() is None
