"""What the signs of life cost: actions for each caller, and how often a watch is begun."""

from __future__ import annotations

from collections import Counter

import pytest

from ivr.asterisk import heartbeat
from ivr.asterisk.client import AmiClient
from ivr.asterisk.config import Silence, watch_ends
from ivr.asterisk.errors import ActionTimedOut, AmiError
from ivr.asterisk.heartbeat import Heartbeat
from ivr.asterisk.wire_actions import Action
from ivr.asterisk.wire_events import ChannelId, LinkUp, Response

_TICKS = round(Silence().renew_s / 0.05)  # in which each caller has one turn


class _Switch(AmiClient):
    """A switch that takes everything, and remembers it; `refuses` it for one kind of action."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 1, "nobody", "nothing")
        self.taken: list[Action] = []
        self.refusal: AmiError | None = None

    @property
    def up(self) -> bool:
        return True

    async def send(self, action: Action, *, deadline_s: float = 5.0) -> Response:
        self.taken.append(action)
        if self.refusal is not None and action.name == "Originate":
            raise self.refusal
        return Response(action.action_id or "", "", None)

    def count(self, name: str) -> int:
        return sum(action.name == name for action in self.taken)


def _heart(switch: _Switch, callers: list[ChannelId]) -> Heartbeat:
    return Heartbeat(
        switch, is_healthy=lambda: True, callers=lambda: callers, is_ours=lambda _: True
    )


async def test_a_caller_costs_one_renewal_in_its_period_and_none_for_coming() -> None:
    callers: list[ChannelId] = []
    switch = _Switch()
    heart = _heart(switch, callers)
    await heart._beat()
    callers += [ChannelId(f"1700000000.{number}") for number in range(200)]
    await heart._renew(range(1))
    await heart._renew(range(1, _TICKS))
    renewed = Counter(
        dict(action.headers)["Channel"]
        for action in switch.taken
        if action.name != "Setvar" and action.name != "Originate"
    )
    assert set(renewed) == set(callers)
    assert set(renewed.values()) == {1}
    assert switch.count("AbsoluteTimeout") == 200


async def test_after_a_silence_all_callers_are_renewed_at_once() -> None:
    callers = [ChannelId(f"1700000000.{number}") for number in range(30)]
    switch = _Switch()
    heart = _heart(switch, callers)
    await heart._beat()
    for _ in range(3):
        await heart._renew(range(0))
    assert switch.count("AbsoluteTimeout") == 30


async def test_a_watch_is_begun_once_for_a_link_and_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch = _Switch()
    heart = _heart(switch, [])
    for _ in range(3):
        await heart._beat()
    assert switch.count("Originate") == 1
    heart.on_event(LinkUp(restarted=False, first=False))
    for _ in range(3):
        await heart._beat()
    assert switch.count("Originate") == 2
    monkeypatch.setattr(heartbeat, "WATCH_EVERY_S", 0.0)
    for _ in range(3):
        await heart._beat()
    assert switch.count("Originate") == 5
    names = {action.action_id for action in switch.taken if action.name == "Originate"}
    assert len(names) == 5  # a name that lives is refused


async def test_a_watch_that_is_not_begun_costs_no_beat() -> None:
    switch = _Switch()
    switch.refusal = ActionTimedOut("no answer")
    heart = _heart(switch, [])
    for _ in range(2):
        await heart._beat()
    assert heart.beats == 2


@pytest.mark.parametrize(("channels", "parts"), [(1, 16), (1280, 16), (1281, 256), (20_100, 256)])
def test_each_channel_is_in_one_part_of_those_that_a_watch_asks_for(
    channels: int, parts: int
) -> None:
    ends = watch_ends(channels)
    assert len(ends) == parts
    for number in range(3000):
        assert sum(f"PJSIP/trunk-{number:08x}".endswith(end) for end in ends) == 1
