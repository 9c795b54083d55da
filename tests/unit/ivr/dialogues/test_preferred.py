"""Unit: a caller who comes to wait brings along the agent who had the matter last."""

from __future__ import annotations

from ivr.telling.last_agents import Preferred
from queues.centre.inputs.calls import QueueEntered
from queues.ids import AgentId, CallId, QueueId
from tests.unit.ivr.dialogues.driver_stage import CALL, LINE, stage

SERVICE = QueueId("service")


async def test_a_hand_over_names_the_preferred_agent_of_that_queue() -> None:
    asked: list[tuple[CallId, QueueId]] = []

    def preferred(call: CallId, queue: QueueId) -> Preferred | None:
        asked.append((call, queue))
        return Preferred(AgentId("anna"), 60.0)

    async with stage(preferred=preferred) as on:
        on.driver.call_arrived(CALL, LINE)
        await on.until(lambda: "menu" in on.played())
        on.press("0")
        await on.until(lambda: bool(on.inputs))
        assert on.inputs == [
            QueueEntered(CALL, LINE, SERVICE, preferred=AgentId("anna"), preferred_s=60.0)
        ]
    assert asked == [(CALL, SERVICE)]
