"""API: what is read and asked for over REST, and what every answer looks like."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from queues.api import HealthReason, HealthStatus
from queues.cards import By, CardEntry
from queues.dialogues import DialogueRow, DialogueState
from queues.ids import CallId, LineId
from tests.api.service import BEARER, TOKEN, Service

PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}
SENTINEL = "+4915112345678 my rent is late"


@pytest.mark.parametrize(
    ("checks", "status", "code"),
    [
        ({"switch": HealthStatus.OK}, "ok", 200),
        ({"switch": HealthStatus.OK, "speech": HealthStatus.DEGRADED}, "degraded", 200),
        ({"switch": HealthStatus.DOWN, "speech": HealthStatus.DEGRADED}, "down", 503),
    ],
)
async def test_health_needs_no_sign_in_and_is_200_only_if_calls_are_answered(
    checks: dict[str, HealthStatus], status: str, code: int
) -> None:
    async with Service(checks=checks).client() as client:
        answer = await client.get("/health")
    assert answer.status_code == code
    assert answer.json() == {
        "status": status,
        "checks": checks,
        "reasons": {},
        "figures": {},
    }


async def test_health_says_why_a_part_is_not_well_and_what_to_do() -> None:
    service = Service(checks={"speech": HealthStatus.DEGRADED})
    service.reasons = {"speech": [HealthReason("no_model", "fetch one")], "switch": []}
    async with service.client() as client:
        answer = await client.get("/health")
    assert answer.json()["reasons"] == {"speech": [{"code": "no_model", "text": "fetch one"}]}


async def test_health_tells_load_and_metrics_are_text_for_prometheus_without_a_sign_in() -> None:
    async with Service(figures={"speech_lag_s": 0.12345678}).client() as client:
        health = await client.get("/health", headers={"Authorization": ""})
        metrics = await client.get("/metrics", headers={"Authorization": ""})
    assert health.json()["figures"] == {"speech_lag_s": 0.1235}
    assert metrics.text == "freizeichen_up 1\n"
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_calls_in_a_dialogue_are_listed_among_the_others_by_how_long_they_are_there() -> None:
    service = Service()
    service.enter("17.2")  # at 1,700,000,001
    at = 1_700_000_000.0
    service.dialogues += [
        DialogueRow(CallId(call), LineId("main"), state, since, at + 4)
        for call, state, since in (
            ("17.3", DialogueState.RINGING, at + 3),
            ("17.2", DialogueState.SPEAKING, at),  # the queue knows it: not told twice
            ("17.1", DialogueState.LISTENING, at),
        )
    ]
    async with service.client(**BEARER) as client:
        first = (await client.get("/api/v1/calls", params={"limit": 2})).json()
        last = (await client.get("/api/v1/calls", params={"cursor": first["next"]})).json()
    rows = [*first["calls"], *last["calls"]]
    assert [(row["id"], row["state"], row["queue"]) for row in rows] == [
        ("17.1", "listening", None),
        ("17.2", "waiting", "billing"),
        ("17.3", "ringing", None),
    ]
    assert rows[0] == {
        "id": "17.1",
        "line": "main",
        "queue": None,
        "state": "listening",
        "since": "2023-11-14T22:13:20Z",
        "state_since": "2023-11-14T22:13:24Z",
        "waited_s": None,
        "agent": None,
        "rests_until": None,
        "hops": 0,
        "owner": None,
        "need": None,
        "need_steps": 0,
        "need_until": None,
        "waits_for": None,
        "credit_s": 0.0,
        "consult": None,
        "talk_from": None,
        "talk_by": None,
    }
    assert last["next"] is None


async def test_a_card_tells_what_the_caller_said_and_keyed_in_and_an_unknown_call_is_404() -> None:
    service = Service()
    service.cards[CallId("17.1")] = (
        CardEntry("main", By.VOICE, "internet", "internet"),  # as an older release noted it
        CardEntry("internet", By.KEY, "0", "human", at=1_700_000_000.5),
    )
    async with service.client(**BEARER) as client:
        answer = await client.get("/api/v1/calls/17.1/card")
        unknown = await client.get("/api/v1/calls/17.2/card")
    assert answer.json() == {
        "call": "17.1",
        "entries": [
            {"at": None, "node": "main", "by": "voice", "said": "internet", "led_to": "internet"},
            {
                "at": "2023-11-14T22:13:20.500000Z",
                "node": "internet",
                "by": "key",
                "said": "0",
                "led_to": "human",
            },
        ],
    }
    assert (unknown.status_code, unknown.json()["code"]) == (404, "call-unknown")
    assert "'0'" not in repr(service.cards)


async def test_queues_tell_who_waits_how_long_and_who_works() -> None:
    service = Service()
    service.ready("a")
    service.enter("c1", "c2", "c3")
    service.monotonic += 10
    async with service.signed_in() as client:
        answer = await client.get("/api/v1/queues")
    (queue,) = answer.json()["queues"]
    assert queue["waiting"] == 3
    assert queue["longest_wait_s"] == 12.0
    assert queue["agents"] == {"ringing": 1, "signed_out": 1}
    assert queue["oldest_since"].endswith(("Z", "+00:00"))


async def test_calls_come_page_by_page_without_gap_or_double_also_when_one_leaves() -> None:
    service = Service()
    service.enter(*(f"c{n}" for n in range(7)))
    seen, cursor = [], None
    async with service.signed_in() as client:
        for _ in range(4):
            query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/api/v1/calls", params=query)).json()
            seen += [call["id"] for call in page["calls"]]
            cursor = page["next"]
            service.end("c2")
            if cursor is None:
                break
    assert seen == [f"c{n}" for n in range(7)]


async def test_a_call_shows_its_state_wait_and_agent() -> None:
    service = Service()
    service.ready("a")
    service.enter("c1")
    service.monotonic += 4
    async with service.signed_in() as client:
        (call,) = (await client.get("/api/v1/calls")).json()["calls"]
    assert call["state"] == "offered"
    assert (call["agent"], call["waited_s"]) == ("a", 4.0)


@pytest.mark.parametrize("cursor", ["!", "Zm9v", "bmFuIGM", "====", "é"])
async def test_a_cursor_that_is_not_ours_is_a_problem(cursor: str) -> None:
    async with Service().signed_in() as client:
        answer = await client.get("/api/v1/calls", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor-unknown")


@pytest.mark.parametrize("said", ["1e3 c1", "1_000.0 c1", " 1000.0 c1", "1000 c1", "inf c1"])
async def test_a_cursor_that_is_not_written_as_ours_are_is_a_problem(said: str) -> None:
    service = Service()
    service.enter("c1", "c2")
    cursor = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
    async with service.signed_in() as client:
        answer = await client.get("/api/v1/calls", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor-unknown")


async def test_a_cursor_behind_the_last_call_gives_an_empty_page() -> None:
    service = Service()
    service.enter("c1", "c2")
    cursor = base64.urlsafe_b64encode(b"9999999999.0 c9").decode().rstrip("=")
    async with service.signed_in() as client:
        answer = await client.get("/api/v1/calls", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["calls"], answer.json()["next"]) == (200, [], None)


async def test_an_agent_is_made_ready_paused_and_signed_out() -> None:
    service = Service()
    async with service.signed_in() as client:
        ready = await client.post("/api/v1/agents/a/ready")
        paused = await client.post("/api/v1/agents/a/pause", json={"reason": "Mittagspause"})
        (shown, _) = (await client.get("/api/v1/agents")).json()["agents"]
        out = await client.post("/api/v1/agents/a/sign-out")
    assert ready.json()["state"] == "ready"
    assert (paused.json()["state"], paused.json()["reason"]) == ("paused", "Mittagspause")
    assert shown == paused.json()
    assert out.json()["state"] == "signed_out"


async def test_a_signed_out_agent_cannot_be_paused() -> None:
    async with Service().signed_in() as client:
        answer = await client.post("/api/v1/agents/a/pause", json={"reason": "lunch"})
    assert (answer.status_code, answer.json()["code"]) == (409, "agent-signed-out")


@pytest.mark.parametrize("reason", ["", " ", "x" * 61, "lunch\n", "Lunch", SENTINEL, "\ud800"])
async def test_a_reason_that_is_not_on_the_list_is_refused_and_not_repeated(reason: str) -> None:
    service = Service()
    service.ready("a")
    async with service.signed_in() as client:
        answer = await client.post(
            "/api/v1/agents/a/pause", content=json.dumps({"reason": reason}), headers=JSON
        )
        told = (await client.get("/api/v1/agents")).json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    assert SENTINEL not in answer.text
    assert told["pause_reasons"] == ["lunch", "Mittagspause"]
    assert told["agents"][0]["state"] == "ready"


@pytest.mark.parametrize(
    "body",
    [{"reason": [SENTINEL]}, {SENTINEL: 1, "reason": "x"}, [SENTINEL], {"reason": SENTINEL * 9}],
)
async def test_a_refused_value_is_never_repeated(body: object) -> None:
    async with Service().signed_in() as client:
        answer = await client.post("/api/v1/agents/a/pause", json=body)
    assert answer.status_code == 422
    assert "4915112345678" not in answer.text
    assert "rent" not in answer.text
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", f"/api/v1/agents/{SENTINEL}", 404),
        ("PUT", "/api/v1/agents", 405),
        ("POST", f"/api/v1/agents/{SENTINEL}/ready", 404),
        ("GET", "/api/v1/calls?limit=0", 422),
        ("GET", f"/api/v1/calls?limit={SENTINEL}", 422),
    ],
)
async def test_every_error_is_a_problem_with_a_code_and_without_what_was_sent(
    method: str, path: str, status: int
) -> None:
    async with Service().signed_in() as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["status"] == status
    assert answer.json()["code"]
    assert "rent" not in answer.text


async def test_a_fault_of_ours_is_a_problem_that_tells_nothing_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = Service()

    @service.app.get("/broken")
    async def broken() -> None:
        raise RuntimeError(SENTINEL)

    async with service.client() as client:
        answer = await client.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert answer.headers["content-type"] == PROBLEM
    assert "rent" not in answer.text + "".join(capsys.readouterr())


async def test_a_body_over_the_limit_is_refused_announced_or_not() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b"x" * 1024

    async with Service().signed_in() as client:
        announced = await client.post("/api/v1/agents/a/pause", content=b"x" * 70_000)
        streamed = await client.post("/api/v1/agents/a/pause", content=pieces())
    for answer in (announced, streamed):
        assert answer.status_code == 413
        assert answer.headers["content-type"] == PROBLEM


async def test_every_answer_carries_the_security_headers() -> None:
    async with Service().client() as client:
        for path in ("/health", "/docs", "/nowhere", "/api/v1/calls"):
            answer = await client.get(path)
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "no-store" in answer.headers["cache-control"]


async def test_the_docs_need_no_script_and_nothing_from_elsewhere() -> None:
    async with Service().client() as client:
        page = (await client.get("/docs")).text
        style = await client.get("/docs/style.css")
        schema = (await client.get("/openapi.json")).json()
    for unwanted in ("<script", "http://", "https://", "style=", "onclick"):
        assert unwanted not in page
    for path in schema["paths"]:
        assert path in page
    assert "PauseIn" in page
    assert style.headers["content-type"].startswith("text/css")


async def test_the_token_stands_in_no_answer() -> None:
    async with Service().client() as client:
        refused = await client.post("/api/v1/session", json={"token": [TOKEN]})
        wrong = await client.get(
            "/api/v1/calls", headers={"Authorization": BEARER["Authorization"] + "x"}
        )
    assert (refused.status_code, wrong.status_code) == (422, 401)
    assert TOKEN not in refused.text + wrong.text


async def test_wrap_up_is_extended_to_what_is_asked_for_and_shown_until_when() -> None:
    service = Service()
    service.talk_is_over("a")
    async with service.signed_in() as client:
        (before, _) = (await client.get("/api/v1/agents")).json()["agents"]
        for _ in range(2):  # asked for twice it is the same
            service.monotonic += 5
            answer = await client.post("/api/v1/agents/a/wrap-up", json={"lasts_s": 90})
            assert (answer.status_code, answer.json()["state"]) == (200, "wrap_up")
            assert seconds(before["since"], answer.json()["wrap_up_until"]) == 90
        ready = await client.post("/api/v1/agents/a/ready")
    assert seconds(before["since"], before["wrap_up_until"]) == 30
    assert (ready.json()["state"], ready.json()["wrap_up_until"]) == ("ready", None)


def seconds(since: str, until: str) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()


@pytest.mark.parametrize("lasts_s", [0, -1, 901, "NaN", "Infinity", "soon", None, '"60"', True])
async def test_a_wrap_up_out_of_bounds_is_refused_and_nothing_changes(lasts_s: object) -> None:
    service = Service()
    service.talk_is_over("a")
    body = f'{{"lasts_s": {lasts_s if isinstance(lasts_s, str) else json.dumps(lasts_s)}}}'
    async with service.signed_in() as client:
        before = (await client.get("/api/v1/agents")).json()
        answer = await client.post("/api/v1/agents/a/wrap-up", content=body, headers=JSON)
        after = (await client.get("/api/v1/agents")).json()
    assert answer.headers["content-type"] == PROBLEM
    assert answer.status_code == 422
    assert after == before


async def test_only_an_agent_in_wrap_up_can_extend_it() -> None:
    service = Service()
    service.ready("a")
    async with service.signed_in() as client:
        answer = await client.post("/api/v1/agents/a/wrap-up", json={"lasts_s": 60})
        unknown = await client.post("/api/v1/agents/c/wrap-up", json={"lasts_s": 60})
    assert (answer.status_code, answer.json()["code"]) == (409, "agent-not-in-wrap-up")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "agent-unknown")
