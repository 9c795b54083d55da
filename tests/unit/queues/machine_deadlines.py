"""Which deadlines must stand in a centre, by its records, and how far away each may be."""

from queues.centre.deciding.agents import WRAP_UP_MOST_S
from queues.centre.deciding.offers import CALL_RESTS_S, PLACE_RESTS_S
from queues.centre.deciding.owing import OWED_AFTER_S
from queues.centre.lives.agent import TAKEN, AgentState
from queues.centre.lives.call import WITH_AGENT, CallState
from queues.centre.occupancy import WINDOW_S
from queues.centre.state import Centre
from tests.unit.queues.consulting import CONSULT_LASTS_S, CONSULT_SEEKS_S

LONGEST_S = OWED_AFTER_S + PLACE_RESTS_S[-1] + CONSULT_SEEKS_S  # until somebody comes, to each
MOST_BREATH_S = 4.0  # of the machines' queues


def expected_deadlines(centre: Centre, now: float) -> dict[tuple[str, str], float | None]:
    """Give each deadline by kind and name."""
    expected: dict[tuple[str, str], float | None] = {}
    for offer in centre.offers.values():
        call = centre.calls[offer.call]
        is_asked = call.consults_for is not None
        if is_asked or call.state not in (CallState.TALKING, CallState.HELD):
            assert offer.deadline is not None
            assert offer.deadline <= now + max(CONSULT_LASTS_S, 22.0)
            expected["offer", offer.offer] = offer.deadline
    for agent in centre.agents.values():
        if agent.state is AgentState.WRAP_UP:
            expected["wrap_up", agent.setting.agent] = agent.wrap_up_until
            assert agent.wrap_up_until is not None
            assert agent.wrap_up_until <= agent.since + WRAP_UP_MOST_S
        if agent.breath_until is not None:
            expected["breath", agent.setting.agent] = agent.breath_until
            assert agent.breath_until <= now + MOST_BREATH_S
            assert agent.state not in (AgentState.PAUSED, AgentState.SIGNED_OUT)
        if agent.spared_until is not None:
            expected["occupancy", agent.setting.agent] = agent.spared_until
            assert agent.spared_until <= now + WINDOW_S
        assert (agent.taken_since is not None) == (agent.state in TAKEN)
    for place in centre.places.values():
        if place.rest_until is not None:
            expected["place_rest", place.place] = place.rest_until
            assert place.offer is None
            assert place.rest_until <= now + PLACE_RESTS_S[-1]
    for name, queue in centre.queues.items():
        if queue.door_due is not None:
            expected["door", name] = queue.door_due
            assert queue.turns_at is not None
            assert abs(queue.turns_at - centre.wall_ahead_s - queue.door_due) < 1e-6
    for call in centre.calls.values():
        if call.rest_until is not None:
            expected["call_rest", call.call] = call.rest_until
            assert call.rest_until <= now + CALL_RESTS_S[-1]
        if call.leave_at is not None and call.state is CallState.WAITING:
            expected["leave", call.call] = call.leave_at
        if call.need_until is not None:
            expected["need", call.call] = call.need_until
            assert call.state not in WITH_AGENT
        if call.owed_at is not None:
            expected["owed", call.call] = call.owed_at
            assert call.passed_by is not None
            assert call.state is not CallState.TALKING
    return expected
