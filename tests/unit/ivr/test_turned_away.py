"""Unit: which ends of channels are refused calls, and how seldom the log tells of them."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from ivr.asterisk.turned_away import TurnedAway, Turnstile, why_turned_away
from ivr.asterisk.wire_events import ChannelEnded, ChannelId


def ended(context: str, cause: int, dialled: str = "100") -> ChannelEnded:
    return ChannelEnded(ChannelId("1.1"), cause, None, context, dialled)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (ended("fz-busy", 17, "house"), TurnedAway.FULL_HOUSE),
        (ended("fz-busy", 17, "phone"), TurnedAway.SOURCE_LIMIT),
        (ended("fz-trunk", 17, "full"), TurnedAway.TRUNK_LIMIT),
        (ended("fz-trunk", 17, "source"), TurnedAway.SOURCE_LIMIT),
        (ended("fz-trunk", 34), TurnedAway.NOT_BEGUN),
        (ended("fz-lines", 42), TurnedAway.CHANNEL_LIMIT),
        (ended("fz-callers", 34), TurnedAway.NOT_BEGUN),
        (ended("fz-hold", 16, "s"), None),  # a caller who hung up
        (ended("fz-callers", 16), None),
        (ended("fz-agent", 17, "wait"), None),  # an agent who declined
        (ended("fz-phones", 34, "112"), None),  # the phone network's own answer
        (ended("fz-phones", 17, "110"), None),
    ],
)
def test_a_refused_call_is_known_by_where_it_ended_and_why(
    event: ChannelEnded, why: TurnedAway | None
) -> None:
    assert why_turned_away(event) is why


def test_many_refused_calls_are_counted_and_are_one_line_a_minute() -> None:
    times = iter((100.0, 101.0, 159.0, 160.0))
    turnstile = Turnstile(lambda: next(times))
    with capture_logs() as logged:
        for _ in range(4):
            turnstile.on_event(ended("fz-lines", 42))
    assert turnstile.turned_away == {TurnedAway.CHANNEL_LIMIT: 4}
    assert [line["since_the_start"] for line in logged] == [1, 4]
    assert {line["why"] for line in logged} == {"channel_limit"}
