"""API: explanations of calls, one at a time, and what is said where none can be had."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from queues.api.explanations import explanation_routes
from queues.api.problems import answer_all_errors
from queues.api.sign_in import SignIn
from queues.ids import CallId
from tests.api.service import BEARER, TOKEN, Service

NOTHING: Mapping[str, Any] = {"entries": [], "stays": [], "wait": [], "waited": {}}


async def test_a_call_of_which_the_journal_tells_nothing_is_unknown() -> None:
    async with Service().signed_in() as client:
        answer = await client.get("/api/v1/calls/c1/explanation")
    assert (answer.status_code, answer.json()["code"]) == (404, "call-unknown")


async def test_calls_are_explained_one_after_the_other() -> None:
    under_way, most = 0, 0

    async def explain(call: CallId) -> Mapping[str, Any]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return NOTHING | {"call": call}

    async with Service(explain=explain).signed_in() as client:
        asked = (client.get(f"/api/v1/calls/c{n}/explanation") for n in range(5))
        answers = await asyncio.gather(*asked)
    assert [answer.json()["call"] for answer in answers] == ["c0", "c1", "c2", "c3", "c4"]
    assert most == 1


@pytest.mark.parametrize("deadline_s", [0.0, 0.01])
async def test_an_explanation_that_takes_too_long_is_given_up(deadline_s: float) -> None:
    async def explain(_: CallId) -> None:
        await asyncio.Event().wait()

    app = FastAPI()
    answer_all_errors(app)
    app.include_router(explanation_routes(SignIn(TOKEN, lambda: 0.0), explain, deadline_s))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/api/v1/calls/c1/explanation", headers=BEARER)
    assert (answer.status_code, answer.json()["code"]) == (503, "explanation-late")
