"""Which calls Asterisk refused before anybody here heard of them, and why: counted, and logged.

A caller who is refused never comes to AGI; all that is seen is the end of the channel. Rules:

1. The busy tone (486) of `fz-busy` is a full house, as many callers as `asterisk.max_calls`; or it
   is the limit of one phone, `asterisk.most_calls_each_phone`.
2. The busy tone of the trunk's is its own limit, or that of one number (`trunk.most_calls…`).
3. Q.850 cause 42 (SIP 503) is Asterisk's own limit of channels (`maxcalls`).
4. Cause 34 (503) is a call whose dialplan Asterisk could not begin: no thread could be had.
5. An emergency number is never one of them: its causes are those of the phone network.

Not seen here are an INVITE for which Asterisk made no channel at all (no descriptor or memory left,
503, an error in Asterisk's own log), and one that comes before it is fully booted (503).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import Enum
from time import monotonic

import structlog

from ivr.asterisk.wire_events import ChannelEnded, WireEvent
from ivr.settings_trunk import EMERGENCY_NUMBERS

log = structlog.get_logger()

_QUIET_S = 60.0
_BUSY = 17  # of Q.850, as are the two below
_ENTRANCES = frozenset({"fz-lines", "fz-callers", "fz-phones", "fz-trunk"})


class TurnedAway(Enum):
    """Why a call was refused; the names are labels of a metric."""

    FULL_HOUSE = "as many callers as asterisk.max_calls allows"
    TRUNK_LIMIT = "as many calls over the trunk as trunk.most_calls allows"
    SOURCE_LIMIT = "as many calls from one number or phone, or withheld, as the settings allow"
    CHANNEL_LIMIT = "Asterisk has as many channels as it may"
    NOT_BEGUN = "Asterisk could not begin the call's dialplan"


_BUSY_AT = {
    ("fz-busy", "house"): TurnedAway.FULL_HOUSE,
    ("fz-busy", "phone"): TurnedAway.SOURCE_LIMIT,
    ("fz-trunk", "full"): TurnedAway.TRUNK_LIMIT,
    ("fz-trunk", "source"): TurnedAway.SOURCE_LIMIT,
}
_OF_CAUSE = {42: TurnedAway.CHANNEL_LIMIT, 34: TurnedAway.NOT_BEGUN}


def why_turned_away(event: ChannelEnded) -> TurnedAway | None:
    """Why this channel was refused; None for one that was not."""
    if event.cause == _BUSY and (why := _BUSY_AT.get((event.context, event.dialled))):
        return why
    if event.context not in _ENTRANCES or event.dialled in EMERGENCY_NUMBERS:
        return None
    return _OF_CAUSE.get(event.cause)


class Turnstile:
    """Counts refused calls since the start; a line in the log a minute at most, not one a call."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.turned_away: Counter[TurnedAway] = Counter()
        self._clock = clock
        self._logged_at: float | None = None

    def on_event(self, event: WireEvent) -> None:
        """Hear what Asterisk tells."""
        why = why_turned_away(event) if isinstance(event, ChannelEnded) else None
        if why is None:
            return
        self.turned_away[why] += 1
        now = self._clock()
        if self._logged_at is None or now - self._logged_at >= _QUIET_S:
            self._logged_at = now
            log.warning(
                "Asterisk turns calls away",
                why=why.name.lower(),
                since_the_start=self.turned_away.total(),
            )
