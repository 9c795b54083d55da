"""Journeys: Korean callers speak to the line, real model, real SIP, judged by their own RTP."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.folders import open_folder
from tests.journeys.service import COMMAND, SCRIPTS, Service, call, eventually, running_service

WORDS = ("인터넷", "도움", "변경", "상담원", "텔레비전")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with open_folder() as folder, running_service(folder) as running:
        yield running


def freizeichen(service: Service, *words: str) -> str:
    command = [COMMAND, *words]
    return subprocess.run(
        command, cwd=service.folder, capture_output=True, text=True, timeout=30, check=True
    ).stdout


@pytest.mark.parametrize(
    "name", ["internet", "refused", "silent", "keys-between", "human-in-passing"]
)
def test_a_korean_caller_is_understood_refused_waited_for_and_wins_by_keys(
    service: Service, name: str
) -> None:
    status, report = call(service, "300", SCRIPTS / f"ko-{name}.yaml")
    assert status == 0, report
    eventually(lambda: not service.get("calls"))


def test_a_prompt_that_is_talked_over_falls_silent_and_the_agent_is_told_what_was_understood(
    service: Service,
) -> None:
    status, report = call(service, "300", SCRIPTS / "ko-talked-over.yaml")
    assert status == 0, report
    assert [entry["said"] for entry in report["understood"]] == ["변경", "상담원"]
    first, second = (entry["at_s"] for entry in report["understood"])
    assert 0 < first < second < report["ended_after_s"]
    turns: list[dict[str, Any]] = report["turns"]
    assert all(turn["silence_after_s"] is not None for turn in turns)
    assert all(turn["answer_after_s"] > 0 for turn in turns)
    assert report["bridge"]["agent"]


def test_no_word_that_was_said_or_understood_stands_in_a_log_or_in_what_anybody_may_read(
    service: Service,
) -> None:
    """After the journeys above; the log is read as it is written, with letters of any script."""
    said = service.said()
    assert "model loaded" in said
    for path in ("/metrics", "/health", "/api/v1/calls/인터넷/card", "/api/v1/calls"):
        said += httpx.get(f"{service.run.address}{path}", timeout=5).text
    found = [word for word in WORDS if word in said or ascii(word).strip("'") in said]
    assert not found


def test_health_tells_that_lines_without_a_model_are_served_by_keys(service: Service) -> None:
    status, health = service.health()
    assert (status, health["checks"]["asterisk"]) == (200, "ok")
    assert health["checks"]["speech"] == "degraded"  # there is no German and no English model here
    told = {reason["code"]: reason["text"] for reason in health["reasons"]["speech"]}
    assert set(told) == {"no_model"}
    assert "run 'freizeichen models fetch en'" in told["no_model"]
    told_too = freizeichen(service, "status")
    assert "speech       there is no speech model for 'de'; run 'freizeichen" in told_too
    metrics = httpx.get(f"{service.run.address}/metrics", timeout=5).text
    assert 'freizeichen_speech_unheard_total{at="welcome",cause="no_model"}' in metrics
    assert health["figures"]["speech_streams_capacity"] >= 1
    assert "no speech model for 'de'" in service.said()
