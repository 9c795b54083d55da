"""API: an agent asks another one; who may complete or take back, what is refused with a code."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from queues.centre.inputs.agents import PauseAsked
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.ids import AgentId, OfferId
from tests.api.service import Service
from tests.api.test_transfers import SENTINEL, SETTINGS, asked, talking


def asks(service: Service) -> None:
    """The agents a and b talk, c1 is held."""
    service.dispatcher.submit(OfferAnswered(OfferId("test-2")))
    service.dispatcher.submit(TalkStarted(OfferId("test-2")))


async def held() -> Service:
    service = talking()
    status, answer = await asked(service, queue="repairs", consult=True, asked_by="a")
    assert (status, answer["outcome"]) == (200, "held")
    return service


async def then(service: Service, what: str, **body: object) -> tuple[int, dict[str, object]]:
    return await asked(service, "c1", what=what, **body)


def shown(answer: Mapping[str, object]) -> Mapping[str, object]:
    call = answer["call"]
    assert isinstance(call, dict)
    return call


async def test_a_held_call_shows_whom_its_agent_asks_and_no_call_more() -> None:
    service = await held()
    async with service.signed_in() as client:
        (row,) = (await client.get("/api/v1/calls")).json()["calls"]
        agents = (await client.get("/api/v1/agents")).json()["agents"]
    assert (row["id"], row["state"], row["agent"], row["waited_s"]) == ("c1", "held", "a", None)
    consult = row["consult"]
    assert (consult["state"], consult["agent"], consult["queue"]) == ("offered", "b", "repairs")
    assert {each["id"]: each["call"] for each in agents} == {"a": "c1", "b": "c1", "c": None}


@pytest.mark.parametrize("by", ["a", None])
async def test_completed_the_caller_has_the_agent_who_was_asked(by: str | None) -> None:
    service = await held()
    asks(service)
    status, answer = await then(service, "/complete", asked_by=by)
    assert (status, answer["outcome"]) == (200, "completed")
    call = shown(answer)
    assert (call["state"], call["agent"], call["queue"], call["hops"], call["consult"]) == (
        "connecting", "b", "repairs", 1, None,
    )  # fmt: skip


async def test_taken_back_the_caller_has_the_agent_who_asked() -> None:
    service = await held()
    asks(service)
    status, answer = await then(service, "/take-back", asked_by="a")
    assert (status, answer["outcome"]) == (200, "taken_back")
    call = shown(answer)
    assert (call["state"], call["agent"], call["hops"]) == ("rejoining", "a", 0)


@pytest.mark.parametrize(
    ("what", "body", "status", "code"),
    [
        ("/complete", {}, 409, "nobody-reached"),
        ("/complete", {"asked_by": "b"}, 409, "call-not-yours"),
        ("/take-back", {"asked_by": "b"}, 409, "call-not-yours"),
        ("/take-back", {"asked_by": SENTINEL}, 404, "agent-unknown"),
        ("/take-back", {SENTINEL: 1}, 422, "values-refused"),
        ("", {"queue": "repairs"}, 409, "call-held"),
        ("", {"queue": "repairs", "consult": True}, 409, "call-held"),
    ],
)
async def test_what_does_not_fit_a_held_call_is_refused_and_nothing_changes(
    what: str, body: Mapping[str, object], status: int, code: str
) -> None:
    service = await held()
    before = service.dispatcher.view().calls
    found, answer = await then(service, what, **body)
    assert (found, answer["code"]) == (status, code)
    assert service.dispatcher.view().calls == before


async def test_without_a_held_call_nothing_is_completed_or_taken_back() -> None:
    service = talking()
    for what in ("/complete", "/take-back"):
        assert (await then(service, what))[1]["code"] == "call-not-held"
        assert (await asked(service, "c9", what=what))[1]["code"] == "call-unknown"


async def test_an_agent_who_is_named_and_not_free_is_refused() -> None:
    service = talking()
    service.dispatcher.submit(PauseAsked(AgentId("b"), "lunch"))
    _, answer = await asked(service, agent="b", consult=True)
    assert answer["code"] == "agent-busy"


@pytest.mark.parametrize("consult", [True, False])
async def test_a_queue_that_is_full_takes_no_transfer(consult: bool) -> None:
    service = talking()
    full = replace(SETTINGS.queues[1], most_waiting=0)
    service.dispatcher.submit(replace(SETTINGS, queues=(SETTINGS.queues[0], full)))
    _, answer = await asked(service, queue="repairs", consult=consult)
    assert answer["code"] == "queue-full"
