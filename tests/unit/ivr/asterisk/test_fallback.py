"""Which phones join and leave the switch's own queue, and which callers are taken back from it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.coming_back import waiting
from ivr.asterisk.fallback import changes
from ivr.asterisk.silence import places_at_work
from ivr.asterisk.wire_events import (
    ChannelId,
    ChannelListed,
    ChannelName,
    DeviceListed,
    DeviceState,
    QueueCallerListed,
    QueueMemberListed,
)
from queues.ids import PlaceId
from queues.view import AgentRow

PLACES = st.frozensets(st.sampled_from([PlaceId(f"desk{n}") for n in range(6)]))


def channel(name: str, *, duration_s: float = 1.0, bridge: str | None = None) -> ChannelListed:
    return ChannelListed(
        ChannelId(name),
        ChannelName(f"PJSIP/trunk-{name}"),
        "fz-fallback",
        "s",
        "Queue",
        "fallback,,,,600",
        bridge,
        True,
        duration_s,
        "trunk",
        None,
    )


@given(PLACES, PLACES)
def test_the_changes_lead_from_the_members_to_those_wanted(
    members: frozenset[PlaceId], wanted: frozenset[PlaceId]
) -> None:
    after = set(members)
    for action in changes(members, wanted):
        headers = dict(action.headers)
        place = PlaceId(headers["Interface"].removeprefix("PJSIP/"))
        assert headers["Queue"] == "fallback"
        if action.name == "QueueAdd":
            assert place not in after
            after.add(place)
        else:
            assert action.name == "QueueRemove"
            after.remove(place)
    assert after == wanted


def test_who_comes_is_there_before_others_go() -> None:
    made = changes(frozenset({PlaceId("desk1")}), frozenset({PlaceId("desk2")}))
    assert [action.name for action in made] == ["QueueAdd", "QueueRemove"]


def test_who_waits_in_the_queue_is_found_the_oldest_call_first() -> None:
    young, old = channel("c-2", duration_s=5), channel("c-1", duration_s=500)
    talks = channel("c-3", duration_s=900, bridge="b-1")
    elsewhere = channel("c-4", duration_s=900)
    queue = (
        QueueMemberListed("desk1"),
        QueueCallerListed(young.channel),
        QueueCallerListed(old.channel),
        QueueCallerListed(talks.channel),
        QueueCallerListed(ChannelId("gone")),
    )
    others = (DeviceListed("desk1", DeviceState.INUSE), young, talks, elsewhere, old)
    assert waiting(queue, others) == [old, young]
    assert waiting((), others) == []


def test_the_phones_of_those_who_take_calls_ring_and_no_others() -> None:
    states = ["ready", "ringing", "talking", "wrap_up", "paused", "signed_out"]
    rows = [
        AgentRow(state, f"desk-{state}", "free", None, state, 0.0, None, None, None, (), (), ())
        for state in states
    ]
    expected = {f"desk-{state}" for state in ("ready", "ringing", "talking", "wrap_up")}
    assert places_at_work(rows) == expected
