"""API: who is let in, from where, and for how long."""

import pytest

from queues.api import create_app
from tests.api.service import BEARER, TOKEN, Service

PATHS = [
    ("GET", "/api/v1/queues"),
    ("POST", "/api/v1/queues/a/close"),
    ("POST", "/api/v1/queues/a/open"),
    ("GET", "/api/v1/calls"),
    ("GET", "/api/v1/calls/a/card"),
    ("POST", "/api/v1/calls/a/transfer"),
    ("POST", "/api/v1/calls/a/transfer/complete"),
    ("POST", "/api/v1/calls/a/transfer/take-back"),
    ("GET", "/api/v1/calls/a/explanation"),
    ("GET", "/api/v1/agents"),
    ("GET", "/api/v1/reports/missed"),
    ("GET", "/api/v1/reports/estimates"),
    ("GET", "/api/v1/live"),
    ("POST", "/api/v1/agents/a/ready"),
    ("POST", "/api/v1/agents/a/pause"),
    ("POST", "/api/v1/agents/a/sign-out"),
    ("POST", "/api/v1/agents/a/wrap-up"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}é".encode().decode("latin-1")},
        {"Cookie": "fz_session=made-up"},
    ],
)
async def test_nobody_gets_in_without_token_or_session(
    method: str, path: str, headers: dict[str, str]
) -> None:
    async with Service().client() as client:
        sent = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        answer = await client.request(method, path, headers=sent)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


def _named(path: str) -> str:
    for part in ("agent", "call", "queue"):
        path = path.replace(f"{{{part}}}", "a")
    return path


def test_every_route_of_the_api_is_among_those_tested_here() -> None:
    schema = Service().app.openapi()["paths"]
    told = {
        (method.upper(), _named(path)) for path, methods in schema.items() for method in methods
    }
    public = {("GET", "/health"), ("GET", "/metrics")}
    public |= {("POST", "/api/v1/session"), ("DELETE", "/api/v1/session")}
    assert told - public == set(PATHS)


async def test_the_token_is_exchanged_for_a_cookie_that_scripts_and_strangers_cannot_use() -> None:
    async with Service().client(Sec_Fetch_Site="same-origin") as client:
        answer = await client.post("/api/v1/session", json={"token": TOKEN})
        cookie = answer.headers["set-cookie"].lower()
        assert answer.status_code == 204
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert TOKEN not in cookie
        assert (await client.get("/api/v1/calls")).status_code == 200
        assert (await client.post("/api/v1/agents/a/ready")).status_code == 200
        await client.delete("/api/v1/session")
        assert (await client.get("/api/v1/calls")).status_code == 401


async def test_a_session_that_was_ended_is_over_also_for_whoever_kept_the_cookie() -> None:
    async with Service().client(Sec_Fetch_Site="same-origin") as client:
        answer = await client.post("/api/v1/session", json={"token": TOKEN})
        kept = answer.cookies["fz_session"]
        await client.delete("/api/v1/session")
        again = await client.get("/api/v1/calls", headers={"Cookie": f"fz_session={kept}"})
    assert again.status_code == 401


async def test_a_session_ends_by_itself() -> None:
    service = Service(session_s=60)
    async with service.client() as client:
        await client.post("/api/v1/session", json={"token": TOKEN})
        service.monotonic += 59
        assert (await client.get("/api/v1/calls")).status_code == 200
        service.monotonic += 2
        assert (await client.get("/api/v1/calls")).status_code == 401


async def test_a_wrong_token_opens_no_session() -> None:
    async with Service().client() as client:
        answer = await client.post("/api/v1/session", json={"token": "wrong"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "http://127.0.0.1:8080"}, 200),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
    ],
)
async def test_a_change_with_a_cookie_must_come_from_a_page_of_ours(
    headers: dict[str, str], status: int
) -> None:
    async with Service().client() as client:
        await client.post("/api/v1/session", json={"token": TOKEN})
        answer = await client.post("/api/v1/agents/a/ready", headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/api/v1/session", "/api/v1/agents/a/ready"])
async def test_a_strangers_page_changes_nothing_even_with_the_token(path: str) -> None:
    async with Service().signed_in() as client:
        answer = await client.post(
            path, json={"token": TOKEN}, headers={"Origin": "https://evil.example"}
        )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8080", True),
        ("127.0.0.2", True),
        ("localhost:8080", True),
        ("[::1]:8080", True),
        ("phones.example:8080", True),
        ("PHONES.example", True),
        ("evil.example", False),
        ("evil.example:8080", False),
        ("127.0.0.1.evil.example", False),
        ("phones.example@evil.example", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
async def test_only_names_of_ours_are_answered(host: str, ours: bool) -> None:
    async with Service().client(**BEARER) as client:
        answer = await client.get("/api/v1/calls", headers={"Host": host})
    assert answer.status_code == (200 if ours else 400)
    assert ours or answer.json()["code"] == "foreign-host"


def test_a_token_that_can_be_guessed_is_refused_at_the_start() -> None:
    service = Service()
    with pytest.raises(ValueError, match="at least 16"):
        create_app(
            submit=service.dispatcher.submit,
            settled=service.dispatcher.settled,
            view=service.dispatcher.view,
            now=lambda: 0.0,
            hub=service.hub,
            token="short",
            health=lambda: None,  # type: ignore[arg-type, return-value]
            metrics=bytes,
            card=lambda _: None,
            dialogues=tuple,
            missed=service.missed,
            estimates=service.estimates,
            next_wait=service.dispatcher.next_wait,
            explain=service.explain,
        )
