"""API: calls are passed on, and what cannot be done is refused without a change."""

from collections.abc import Mapping

import pytest

from queues.cards import By, CardEntry
from queues.centre.inputs.agents import SignOutAsked
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.values.needs import Skill
from queues.ids import AgentId, CallId, OfferId, PlaceId, QueueId
from tests.api.service import BILLING, TOKEN, Service

REPAIRS = QueueId("repairs")
SENTINEL = "+4915112345678 my rent is late"
SETTINGS = SettingsLoaded(
    (QueueSetting(BILLING, 20.0, 30.0, 1), QueueSetting(REPAIRS, 20.0, 30.0, 1)),
    (
        AgentSetting(AgentId("a"), PlaceId("p-a"), (BILLING,)),
        AgentSetting(AgentId("b"), PlaceId("p-b"), (REPAIRS,), (Skill("tax", 3),), ("de",)),
        AgentSetting(AgentId("c"), PlaceId("p-c"), (REPAIRS,)),
    ),
    "test",
)


def talking() -> Service:
    """Agent a talks with c1; b is ready, c signed out."""
    service = Service()
    service.dispatcher.submit(SETTINGS)
    service.ready("a")
    service.enter("c1")
    service.dispatcher.submit(OfferAnswered(OfferId("test-1")))
    service.dispatcher.submit(TalkStarted(OfferId("test-1")))
    service.ready("b")
    return service


async def asked(
    service: Service, call: str = "c1", *, what: str = "", **body: object
) -> tuple[int, dict[str, object]]:
    async with service.signed_in() as client:
        answer = await client.post(f"/api/v1/calls/{call}/transfer{what}", json=body)
    assert SENTINEL not in answer.text
    return answer.status_code, answer.json()


async def test_a_call_that_is_passed_on_waits_with_its_card_and_the_agent_is_in_wrap_up() -> None:
    service = talking()
    entry = CardEntry("main", By.KEY, "3", "billing", 1.0)
    service.cards[CallId("c1")] = (entry,)
    since = service.dispatcher.view().calls[0].since
    status, answer = await asked(service, queue="repairs", asked_by="a")
    assert (status, answer["outcome"]) == (200, "waits")
    assert isinstance(call := answer["call"], dict)
    assert (call["id"], call["queue"], call["state"]) == ("c1", "repairs", "offered")
    assert (call["agent"], call["hops"], call["owner"]) == ("b", 1, None)
    assert service.dispatcher.view().calls[0].since == since
    async with service.signed_in() as client:
        card = (await client.get("/api/v1/calls/c1/card")).json()
        agents = (await client.get("/api/v1/agents")).json()["agents"]
    assert [each["said"] for each in card["entries"]] == ["3"]
    assert {row["id"]: row["state"] for row in agents} == {
        "a": "wrap_up", "b": "ringing", "c": "signed_out",
    }  # fmt: skip


async def test_a_call_that_nobody_else_may_take_is_owed_to_the_agent_who_talks_on() -> None:
    service = talking()
    service.dispatcher.submit(SignOutAsked(AgentId("b")))
    status, answer = await asked(service, queue="repairs")
    assert (status, answer["outcome"]) == (200, "owed")
    assert isinstance(call := answer["call"], dict)
    assert (call["state"], call["agent"], call["owner"], call["hops"]) == ("talking", "a", "a", 0)


async def test_with_a_need_only_who_has_it_is_rung() -> None:
    service = talking()
    service.ready("c")
    need = {"skills": [{"skill": "tax", "level": 3}], "language": "de"}
    _, answer = await asked(service, queue="repairs", need=need)
    assert isinstance(call := answer["call"], dict)
    assert call["agent"] == "b"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "values-refused"),
        ({"queue": SENTINEL}, 422, "queue-unknown"),
        ({"agent": SENTINEL}, 404, "agent-unknown"),
        ({"queue": "repairs", "asked_by": SENTINEL}, 404, "agent-unknown"),
        ({"queue": "repairs", "asked_by": "b"}, 409, "call-not-yours"),
        ({"agent": "c"}, 409, "agent-cannot-take-it"),
        ({"agent": "b", "queue": "billing"}, 409, "agent-cannot-take-it"),
        ({"agent": "b", "alone_s": -1}, 422, "values-refused"),
        ({"queue": "repairs", "need": {"skills": [{"skill": SENTINEL}]}}, 422, "skill-unknown"),
        ({"queue": "repairs", "need": {"language": SENTINEL}}, 422, "language-unknown"),
        (
            {"queue": "repairs", "need": {"skills": [{"skill": "tax", "level": 9}]}},
            422,
            "values-refused",
        ),
        ({"queue": "repairs", SENTINEL: 1}, 422, "values-refused"),
        *(
            ({"queue": "repairs", "need": {"skills": skills}}, 422, "values-refused")
            for skills in (
                [{"skill": "tax", "level": True}],
                [{"skill": "tax", "level": "3"}],
                [{"skill": "tax", "level": 2.0}],
                [{"skill": "tax", "level": 3}, {"skill": "tax", "level": 1}],
                [{"skill": "tax"}, {"skill": "tax"}],
            )
        ),
        *(
            ({"queue": "repairs", field: value}, 422, "values-refused")
            for field, value in (
                ("alone_s", "20"),
                ("alone_s", True),
                ("consult", "yes"),
                ("consult", 1),
                ("priority_s", -5),
            )
        ),
    ],
)
async def test_what_cannot_be_done_is_refused_and_nothing_changes(
    body: Mapping[str, object], status: int, code: str
) -> None:
    service = talking()
    before = service.dispatcher.view().calls
    found, answer = await asked(service, **body)
    assert (found, answer["code"]) == (status, code)
    assert service.dispatcher.view().calls == before


async def test_a_call_that_is_not_there_or_not_in_a_talk_is_not_passed_on() -> None:
    service = talking()
    service.enter("c2")
    assert (await asked(service, "c9", queue="repairs"))[1]["code"] == "call-unknown"
    assert (await asked(service, "c2", queue="repairs"))[1]["code"] == "call-not-talking"


async def test_a_page_of_a_stranger_passes_nothing_on() -> None:
    service = talking()
    async with service.client(Sec_Fetch_Site="cross-site") as client:
        cookie = (
            await client.post(
                "/api/v1/session",
                json={"token": TOKEN},
                headers={"Sec-Fetch-Site": "same-origin"},
            )
        ).headers["set-cookie"]
        answer = await client.post(
            "/api/v1/calls/c1/transfer",
            json={"queue": "repairs"},
            headers={"Cookie": cookie.split(";")[0]},
        )
    assert answer.status_code == 403
