"""Unit: for whom a code acts that was dialled at a phone."""

from __future__ import annotations

import pytest

from ivr.asterisk.feature_codes import Wish, meant
from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.state import Centre
from queues.centre.step import step
from queues.ids import AgentId, PlaceId, QueueId
from queues.view import AgentRow, agent_row

AT = (("anna", "desk1"), ("ben", "desk2"), ("cleo", "desk2"))


def rows(*signed_in: str) -> list[AgentRow]:
    """Anna sits at desk 1, Ben and Cleo share desk 2."""
    centre, queue = Centre(), QueueId("q")
    agents = tuple(AgentSetting(AgentId(name), PlaceId(place), (queue,)) for name, place in AT)
    step(centre, SettingsLoaded((QueueSetting(queue, 15, 0, 1),), agents, "test"), 0.0)
    for name in signed_in:
        step(centre, ReadyAsked(AgentId(name)), 0.0)
    return [agent_row(centre, agent) for agent in centre.agents.values()]


@pytest.mark.parametrize(
    ("signed_in", "phone", "wish", "whom"),
    [
        ((), "desk1", Wish.READY, "anna"),
        ((), "desk1", Wish.PAUSE, None),
        ((), "desk1", Wish.SIGN_OUT, None),
        (("anna",), "desk1", Wish.SIGN_OUT, "anna"),
        ((), "desk2", Wish.READY, None),
        (("cleo",), "desk2", Wish.READY, "cleo"),
        (("cleo",), "desk2", Wish.PAUSE, "cleo"),
        (("ben", "cleo"), "desk2", Wish.PAUSE, None),
        (("ben", "cleo"), "desk2", Wish.READY, None),
        (("anna",), "desk3", Wish.READY, None),
        (("anna",), None, Wish.READY, None),
    ],
)
def test_a_code_acts_for_the_one_whom_it_can_only_mean(
    signed_in: tuple[str, ...], phone: str | None, wish: Wish, whom: str | None
) -> None:
    assert meant(rows(*signed_in), phone, wish) == whom
