"""Whether the way to the phone network stands, by what Asterisk tells of it.

Rules:

1. The provider is away once it did not answer Asterisk's question (`trunk.keep_alive_s`), until it
   does. With 0 it is never asked, and never away.
2. A service that comes to an Asterisk that lives already is told nothing of that, only that the
   trunk is not available; so it also is while it was not asked yet. It is away then if it is not
   available for longer than until the next question.
3. We are not registered once a registration came to nothing, until one succeeds. Asterisk tells of
   each try: every 20 s while none succeeds, else every `trunk.register_every_s`.
4. What was not told yet is taken for good; a link that broke makes all of it unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog

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
from queues.api import HealthReason

log = structlog.get_logger()

_NAME: Final = "trunk"  # of its endpoint
_ANSWER_S: Final = 10.0  # for a question that Asterisk gives up after 5 s
_AWAY = HealthReason("trunk_away", "the provider does not answer: no call comes over the trunk")
_STRANGERS = HealthReason(
    "trunk_not_registered",
    "we are not registered at the provider: it may bring no calls; 'freizeichen doctor' tells more",
)


class TrunkWatch:
    """What Asterisk told of the trunk last; without a trunk nothing is amiss.

    `clock` tells seconds that only go forward.
    """

    def __init__(self, trunk: Trunk | None, clock: Callable[[], float] = monotonic) -> None:
        self._asked_every_s = trunk.keep_alive_s if trunk is not None else 0
        self._is_set = trunk is not None
        self._clock = clock
        self._away = False
        self._unavailable_since: float | None = None
        self._unregistered = False

    def on_event(self, event: WireEvent) -> None:
        """Hear what Asterisk tells."""
        before = self.reasons()
        match event:
            case ContactChanged(endpoint, reachable) if endpoint == _NAME:
                self._away, self._unavailable_since = not reachable, None
            case DeviceChanged(endpoint, state) | DeviceListed(endpoint, state) if (
                endpoint == _NAME
            ):
                self._device(state)
            case RegistrationChanged(registered):
                self._unregistered = not registered
            case LinkDown():
                self._away = self._unregistered = False
                self._unavailable_since = None
            case _:
                return
        if (now := self.reasons()) != before:
            log.warning("the trunk changed", amiss=[reason.code for reason in now])

    def reasons(self) -> list[HealthReason]:
        """Why it does not stand; nothing if it does, as far as anybody knows."""
        if not self._is_set:
            return []
        since = self._unavailable_since
        silent = since is not None and self._clock() - since > self._asked_every_s + _ANSWER_S
        return [_AWAY] * (self._away or silent) + [_STRANGERS] * self._unregistered

    def _device(self, state: DeviceState) -> None:
        if state is not DeviceState.UNAVAILABLE:
            self._away, self._unavailable_since = False, None
        elif self._unavailable_since is None and self._asked_every_s:
            self._unavailable_since = self._clock()
