"""What is decided of opening and closing: hours told, a closing by hand, a door that turns.

Hours alone open and close nothing: what they change comes by a deadline, due at once if it is so
far. So after a start nobody is sent away before it is known who is still there. A closing by hand
counts at once.
"""

from queues.centre.facts.doors import (
    ClosingLifted,
    ClosingOrdered,
    HoursTaken,
    QueueClosed,
    QueueOpened,
)
from queues.centre.facts.fact import Fact
from queues.centre.inputs.doors import CloseAsked, HoursTold, OpenAsked
from queues.centre.lives.door import Shut, Standing, ascend, opens_after, standing
from queues.centre.state import Centre, Queue


def hours_told(centre: Centre, what: HoursTold, now: float) -> tuple[Fact, ...]:
    """Take the hours of all queues; raises ValueError for spans that contradict themselves."""
    queues = [each.queue for each in what.hours]
    if len({*queues}) < len(queues) or not all(ascend(each.spans) for each in what.hours):
        raise ValueError("a queue stands twice, or its open spans do not ascend")
    known = tuple(each for each in what.hours if each.queue in centre.queues)
    return (HoursTaken(now, known),)


def close_asked(centre: Centre, what: CloseAsked, now: float) -> tuple[Fact, ...]:
    """Somebody closes a queue, at once or later; without an end until its hours begin anew."""
    queue = centre.queues.get(what.queue)
    if queue is None:
        return ()
    wall = now + centre.wall_ahead_s
    since = wall if what.since is None else max(what.since, wall)
    until = opens_after(queue.hours, since) if what.until is None else what.until
    if until is not None and until <= since:
        return ()
    shut = Shut(what.by, since, until)
    ordered = ClosingOrdered(now, what.queue, shut.by, shut.since, shut.until)
    return (ordered, *_turned(queue, standing(queue.hours, shut, wall), now))


def open_asked(centre: Centre, what: OpenAsked, now: float) -> tuple[Fact, ...]:
    """Somebody lifts a closing by hand; outside of its hours the queue stays closed."""
    queue = centre.queues.get(what.queue)
    if queue is None or queue.shut is None:
        return ()
    lifted = ClosingLifted(now, what.queue, what.by)
    after = standing(queue.hours, None, now + centre.wall_ahead_s)
    return (lifted, *_turned(queue, after, now))


def door_turns(centre: Centre, queue: Queue, now: float) -> QueueOpened | QueueClosed:
    """The time has come at which a queue opens or closes, or at which that is to be looked at."""
    wall = now + centre.wall_ahead_s
    if queue.turns_at is not None:
        wall = max(wall, queue.turns_at)  # a deadline may come a hair before its wall time
    return _as_fact(queue, standing(queue.hours, queue.shut, wall), now)


def _turned(queue: Queue, after: Standing, now: float) -> tuple[Fact, ...]:
    return (_as_fact(queue, after, now),) if after.is_open is not queue.is_open else ()


def _as_fact(queue: Queue, after: Standing, now: float) -> QueueOpened | QueueClosed:
    kind = QueueOpened if after.is_open else QueueClosed
    return kind(now, queue.setting.queue, after.turns_at)
