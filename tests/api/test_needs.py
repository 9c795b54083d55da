"""API: what calls ask for, when for less and whom they wait for; what agents can do."""

from typing import Any

from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.values.needs import Need, NeedStep, Skill
from queues.ids import AgentId, CallId, LineId, PlaceId
from tests.api.service import BILLING, Service
from tests.api.test_live import first, read, stream

LAW, TAX = Skill("law", 4), Skill("tax", 2)
RELAX = (
    NeedStep(30.0, "soon", lower=1),
    NeedStep(60.0, "anybody", without=("law",), any_language=True),
)


def house() -> Service:
    """Agent a can all that the queue asks for, agent b nothing."""
    service = Service()
    queue = QueueSetting(BILLING, 20.0, 30.0, 1, need=Need((LAW, TAX), "de"), relax=RELAX)
    agents = (
        AgentSetting(AgentId("a"), PlaceId("p-a"), (BILLING,), (LAW, TAX), ("de", "en")),
        AgentSetting(AgentId("b"), PlaceId("p-b"), (BILLING,)),
    )
    service.dispatcher.submit(SettingsLoaded((queue,), agents, "test"))
    return service


def enter(service: Service, call: str, **how: Any) -> None:
    service.dispatcher.submit(QueueEntered(CallId(call), LineId("main"), BILLING, **how))


def later(service: Service, seconds: float) -> None:
    service.monotonic += seconds
    service.dispatcher.submit(TimerFired())


async def rows(service: Service, name: str) -> list[dict[str, Any]]:
    async with service.signed_in() as client:
        found: list[dict[str, Any]] = (await client.get(f"/api/v1/{name}")).json()[name]
    return found


async def test_a_call_shows_what_it_asks_for_and_when_for_less() -> None:
    service = house()
    enter(service, "c1", credit_s=90.0)
    (asks,) = await rows(service, "calls")
    assert asks["need"] == {"skills": {"law": 4, "tax": 2}, "language": "de"}
    assert (asks["need_steps"], asks["need_until"]) == (0, "2023-11-14T22:13:50Z")
    assert (asks["waits_for"], asks["credit_s"], asks["waited_s"]) == (None, 90.0, 0.0)
    later(service, 30)
    (less,) = await rows(service, "calls")
    assert less["need"] == {"skills": {"law": 3, "tax": 1}, "language": "de"}
    assert (less["need_steps"], less["need_until"]) == (1, "2023-11-14T22:14:20Z")
    later(service, 30)
    (least,) = await rows(service, "calls")
    assert least["need"] == {"skills": {"tax": 1}, "language": None}
    assert (least["need_steps"], least["need_until"]) == (2, None)


async def test_a_call_shows_the_agent_whom_it_waits_for_alone_and_until_when() -> None:
    service = house()
    service.ready("b")
    enter(service, "c0", need=Need())  # b is rung for it, and not free for the next
    service.dispatcher.submit(QueueEntered(CallId("c9"), LineId("main"), BILLING, need=Need()))
    service.ready("a")
    enter(service, "c1", need=Need(), preferred=AgentId("a"), preferred_s=20.0)
    call = next(row for row in await rows(service, "calls") if row["id"] == "c1")
    assert (call["waits_for"], call["need_until"]) == ("a", "2023-11-14T22:13:40Z")
    later(service, 20)
    call = next(row for row in await rows(service, "calls") if row["id"] == "c1")
    assert call["waits_for"] is None


async def test_an_agent_shows_skills_and_languages() -> None:
    agents = await rows(house(), "agents")
    assert [(row["skills"], row["languages"]) for row in agents] == [
        ({"law": 4, "tax": 2}, ["de", "en"]),
        ({}, []),
    ]


async def test_the_live_stream_shows_the_same_rows_and_tells_of_each_step() -> None:
    service = house()
    enter(service, "c1")
    async with service.served() as address, stream(address) as response:
        events = read(response)
        (snapshot,) = await first(events, 1)
        later(service, 30)
        (relaxed,) = await first(events, 1)
    assert snapshot.data["calls"][0]["need"]["skills"] == {"law": 4, "tax": 2}
    assert snapshot.data["agents"][0]["skills"] == {"law": 4, "tax": 2}
    assert relaxed.data["fact"]["type"] == "need_relaxed"
    assert relaxed.data["fact"]["reason"] == "soon"
    row = relaxed.data["calls"]["c1"]
    assert (row["need"]["skills"], row["need_steps"]) == ({"law": 3, "tax": 1}, 1)


async def test_the_schema_and_the_docs_tell_of_needs() -> None:
    async with house().client() as client:
        shapes = (await client.get("/openapi.json")).json()["components"]["schemas"]
        docs = (await client.get("/docs")).text
    level = shapes["NeedOut"]["properties"]["skills"]["additionalProperties"]
    assert (level["minimum"], level["maximum"]) == (1, 5)
    assert {"need", "need_steps", "need_until", "waits_for", "credit_s"} <= set(
        shapes["CallOut"]["required"]
    )
    assert {"skills", "languages"} <= set(shapes["AgentOut"]["required"])
    assert "integer from 1 to 5, by name" in docs
