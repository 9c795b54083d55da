"""Whether there is time to hear the callers, said when it runs out and when it is there again.

Rules:

1. Time has run out when a caller is sent to keys for want of it, at the welcome or at a question,
   sound waits too long for a thread, or a thread hangs. An announcement is played to its end
   whether a word is listened for in it or not: it sends nobody to keys.
2. It is there again after 10 s without any of these. So a crowd that comes and goes is one line in
   the log when it begins and one when it ends, however many callers it was.
3. Nothing of a caller stands in these lines, and no call's id: they are about the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic

import structlog

from ivr.dialogues.ports import Unheard
from ivr.speech.hearing_desk import HearingLoad
from queues.api import HealthReason

log = structlog.get_logger()

_LOOK_S = 1.0
_CALM_S = 10.0
_FOR_WANT_OF_TIME = (Unheard.HUNG, Unheard.LAG, Unheard.OVERLOAD)
_MENDS = {
    Unheard.HUNG: "a thread hangs in the recogniser; restart the service",
    Unheard.LAG: "callers' sound waits too long to be heard; give the service more processor",
    Unheard.OVERLOAD: (
        "more callers speak, or wait to, than can be heard in time, and use keys; "
        "give the service more processor"
    ),
}


class HearingWatch:
    """Looks at load and refusals once a second; `run` is a task of its owner.

    `sent_to_keys` counts, since the start, how often a caller was sent to keys for a cause.
    """

    def __init__(
        self,
        load: Callable[[], HearingLoad],
        sent_to_keys: Callable[[Unheard], int],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._load = load
        self._sent_to_keys = sent_to_keys
        self._clock = clock
        self._seen = self._refused()
        self._cause: Unheard | None = None
        self._began = self._latest = 0.0
        self._before = 0  # refusals before time ran out

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_S)

    def look(self) -> Unheard | None:
        """What there is no time for now, if there is none; tells the log when that changes."""
        now, load, refused = self._clock(), self._load(), self._refused()
        cause = _cause(load, self._seen, refused)
        before, self._seen = sum(self._seen.values()), refused
        if cause is not None:
            self._latest = now
            if self._cause is None:
                self._began, self._before = now, before
                self._tell_begin(cause, load)
            self._cause = cause
        elif self._cause is not None and now - self._latest >= _CALM_S:
            self._cause = None
            log.warning(
                "there is time to hear callers again",
                after_s=round(self._latest - self._began),
                sent_to_keys=sum(refused.values()) - self._before,
            )
        return self._cause

    def reason(self) -> HealthReason | None:
        """The same for people, with the mend."""
        cause = self.look()
        return None if cause is None else HealthReason(cause.name.lower(), _MENDS[cause])

    def _refused(self) -> dict[Unheard, int]:
        return {cause: self._sent_to_keys(cause) for cause in _FOR_WANT_OF_TIME}

    def _tell_begin(self, cause: Unheard, load: HearingLoad) -> None:
        log.warning(
            "no time to hear more callers; they use keys",
            cause=cause.name.lower(),
            listening=load.listening,
            streams=load.under_way,
            streams_capacity=load.capacity,
            lag_s=round(load.lag_s, 2),
        )


def _cause(
    load: HearingLoad, before: Mapping[Unheard, int], refused: Mapping[Unheard, int]
) -> Unheard | None:
    if load.hangs:
        return Unheard.HUNG
    if not load.is_in_time:
        return Unheard.LAG
    return next((cause for cause in _FOR_WANT_OF_TIME if refused[cause] > before[cause]), None)
