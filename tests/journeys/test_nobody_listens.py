"""Journeys: callers whom nobody can hear, or who cannot be stopped, get to a human all the same."""

from __future__ import annotations

import shutil
from pathlib import Path

from ivr import resources
from ivr.speech.models import find_model
from tests.journeys.service import call, running_service

BY_KEYS = """
about: nobody can listen; the same menu works by keys
language: ko
agents: [{agent: anna, speak: {tone_hz: 440, for_s: 2}}]
steps:
  - hear: welcome
  - hear: {prompt: please_use_keys, within_s: 10}
  - hear: main_menu
  - press: "0"
  - hear: connecting
  - hear_tone: {hz: 440, within_s: 20}
  - hang_up: true
expect: {bridged: true, heard_at_most: {a_machine_listens: 0, keys_only: 0, not_understood: 0}}
"""
NEVER_STOPS = """
about: a caller who talks on and on is told to use the keys, and gets a human
language: ko
steps:
  - hear: main_menu
  - say: {text: "TALK", language: ko, voice: ko+f2, speed: 150, to_end: false}
  - hear: {prompt: keys_only, within_s: 15}
  - hear: {prompt: main_menu, within_s: 10}
  - press: "0"
  - hear: connecting
  - hang_up: true
expect: {heard_at_most: {not_understood: 0, keys_only: 1}}
""".replace("TALK", ", ".join(["서울 부산 대구 광주 대전 제주에 갔다가 돌아왔습니다"] * 12))


def script(folder: Path, text: str) -> Path:
    path = folder / "script.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_caller_who_never_stops_talking_is_told_to_use_the_keys(folder: Path) -> None:
    with running_service(folder) as service:
        status, report = call(service, "300", script(folder, NEVER_STOPS))
        assert status == 0, report


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
