"""What is taken of earlier calls to foretell later ones by; from records or from a simulation."""

from dataclasses import dataclass

from queues.centre.estimates.estimate import Expected
from queues.centre.values.needs import Need
from queues.ids import QueueId
from queues.record_rows import EndedTalk, EndedWait
from queues.reports.outcomes import WaitEnd
from queues.reports.waits import need_from_text

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class SeenTalk:
    """An agent was taken by a call for `hold_s`, of which the phone rang for `ring_s`."""

    queue: QueueId
    hold_s: float
    ring_s: float


@dataclass(frozen=True, slots=True)
class SeenWait:
    """A wait that lasted `lasted_s`, until a talk began or (not `talked`) nobody saw it any more.

    `hung_up` if the caller ended it. With what was foretold of it and read off the state then
    (`EstimateMade`), None if nothing was; `day` orders them.
    """

    queue: QueueId
    need: Need
    day: int
    lasted_s: float
    talked: bool
    hung_up: bool
    foretold: Expected | None = None
    head_s: float = 0.0


def seen_talk(talk: EndedTalk) -> SeenTalk:
    """Give what is taken of the record of a talk."""
    hold_s = talk.rang_s + talk.talked_s + talk.wrapped_up_s
    return SeenTalk(QueueId(talk.queue), hold_s, talk.rang_s)


def seen_wait(wait: EndedWait) -> SeenWait:
    """Give what is taken of the record of a wait; raises ValueError for one that cannot be read."""
    foretold = None
    if wait.expected_s is not None and wait.ahead is not None and wait.agents:
        foretold = Expected(wait.expected_s, wait.ahead, None, wait.agents)
    return SeenWait(
        QueueId(wait.queue),
        need_from_text(wait.need),
        int(wait.began_at // _DAY_S),
        wait.lasted_s,
        wait.end == WaitEnd.TALKED,
        wait.end == WaitEnd.HUNG_UP,
        foretold,
        wait.head_s or 0.0,
    )
