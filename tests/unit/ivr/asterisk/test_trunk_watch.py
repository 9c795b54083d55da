"""Unit: what Asterisk tells of the trunk, and what follows for the health."""

from __future__ import annotations

import pytest

from ivr.asterisk.trunk_watch import TrunkWatch
from ivr.asterisk.wire_events import (
    ContactChanged,
    DeviceChanged,
    DeviceListed,
    DeviceState,
    LinkDown,
    RegistrationChanged,
    WireEvent,
)
from ivr.settings.trunk import Trunk

AWAY = ContactChanged("trunk", reachable=False)
LISTED = DeviceListed("trunk", DeviceState.UNAVAILABLE)
REFUSED = RegistrationChanged(registered=False)


@pytest.mark.parametrize(
    ("events", "amiss"),
    [
        ([], []),
        ([AWAY], ["trunk_away"]),
        ([AWAY, ContactChanged("trunk", reachable=True)], []),
        ([ContactChanged("desk1", reachable=False)], []),
        ([LISTED], []),
        ([AWAY, DeviceChanged("trunk", DeviceState.NOT_INUSE)], []),
        ([REFUSED], ["trunk_not_registered"]),
        ([REFUSED, AWAY], ["trunk_away", "trunk_not_registered"]),
        ([REFUSED, RegistrationChanged(registered=True)], []),
        ([REFUSED, AWAY, LinkDown()], []),
    ],
)
def test_a_trunk_is_as_asterisk_told_last(events: list[WireEvent], amiss: list[str]) -> None:
    watch, none = TrunkWatch(Trunk(host="127.0.0.1")), TrunkWatch(None)
    for event in events:
        watch.on_event(event)
        none.on_event(event)
    assert [reason.code for reason in watch.reasons()] == amiss
    assert none.reasons() == []


@pytest.mark.parametrize(
    ("events", "amiss"),
    [
        ([LISTED], ["trunk_away"]),
        ([LISTED, ContactChanged("trunk", reachable=True)], []),
        ([LISTED, DeviceChanged("trunk", DeviceState.INUSE)], []),
        ([LISTED, LinkDown()], []),
        ([DeviceListed("desk1", DeviceState.UNAVAILABLE)], []),
    ],
)
def test_a_trunk_that_stays_unavailable_until_it_was_asked_is_away(
    events: list[WireEvent], amiss: list[str]
) -> None:
    now = [1000.0]
    watch = TrunkWatch(Trunk(host="127.0.0.1", keep_alive_s=60), lambda: now[0])
    unasked = TrunkWatch(Trunk(host="127.0.0.1", keep_alive_s=0), lambda: now[0])
    for event in events:
        watch.on_event(event)
        unasked.on_event(event)
    now[0] += 69.0
    assert watch.reasons() == []
    watch.on_event(LISTED if amiss else RegistrationChanged(registered=True))
    now[0] += 2.0
    assert [reason.code for reason in watch.reasons()] == amiss
    assert unasked.reasons() == []
