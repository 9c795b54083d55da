"""How facts about hours and closings change a queue's door, and when it is looked at again.

Where hours or the wall clock changed, a door that stands otherwise now is due at once.
"""

from dataclasses import replace

from queues.centre.facts.doors import (
    ClosingLifted,
    ClosingOrdered,
    HoursTaken,
    QueueClosed,
    QueueOpened,
)
from queues.centre.index import set_deadline
from queues.centre.lives.door import Shut, standing
from queues.centre.lives.illegal import IllegalTransition
from queues.centre.state import Centre, DeadlineKind, Queue
from queues.ids import QueueId


def take_hours(centre: Centre, fact: HoursTaken) -> None:
    """All queues have other hours."""
    hours = {each.queue: each.spans for each in fact.hours}
    if not hours.keys() <= centre.queues.keys():
        raise IllegalTransition("hours of a queue that is not in the settings")
    for name, queue in centre.queues.items():
        queue.hours = hours.get(name)
        _look_at(centre, queue, fact.at + centre.wall_ahead_s)


def order_closing(centre: Centre, fact: ClosingOrdered) -> None:
    """A queue is closed by hand, now or later."""
    queue = _the_queue(centre, fact.queue)
    queue.shut = Shut(fact.by, fact.since, fact.until)
    _look_at(centre, queue, fact.at + centre.wall_ahead_s)


def lift_closing(centre: Centre, fact: ClosingLifted) -> None:
    """A queue is closed by hand no more."""
    queue = _the_queue(centre, fact.queue)
    queue.shut = None
    _look_at(centre, queue, fact.at + centre.wall_ahead_s)


def turn_door(centre: Centre, fact: QueueOpened | QueueClosed) -> None:
    """A queue opens or closes; a closing by hand that was over before is forgotten."""
    queue = _the_queue(centre, fact.queue)
    queue.is_open = isinstance(fact, QueueOpened)
    turns_at = fact.closes_at if isinstance(fact, QueueOpened) else fact.opens_at
    until = None if queue.shut is None else queue.shut.until
    if queue.is_open and until is not None and until <= fact.at + centre.wall_ahead_s:
        queue.shut = None
    _set_turn(centre, queue, turns_at)


def set_wall_clock(centre: Centre, at: float, by_s: float) -> None:
    """The wall clock was set. A closing by hand that has begun is not undone by that."""
    before = at + centre.wall_ahead_s
    centre.wall_ahead_s += by_s
    wall = at + centre.wall_ahead_s
    for queue in centre.queues.values():
        if queue.shut is not None and wall < queue.shut.since <= before:
            queue.shut = replace(queue.shut, since=wall)
        _look_at(centre, queue, wall)


def _look_at(centre: Centre, queue: Queue, wall: float) -> None:
    now = standing(queue.hours, queue.shut, wall)
    _set_turn(centre, queue, now.turns_at if now.is_open is queue.is_open else wall)


def _set_turn(centre: Centre, queue: Queue, turns_at: float | None) -> None:
    due_at = None if turns_at is None else turns_at - centre.wall_ahead_s
    set_deadline(centre, DeadlineKind.DOOR, queue.setting.queue, old=queue.door_due, new=due_at)
    queue.turns_at, queue.door_due = turns_at, due_at


def _the_queue(centre: Centre, name: QueueId) -> Queue:
    queue = centre.queues.get(name)
    if queue is None:
        raise IllegalTransition(f"no queue {name} in the settings")
    return queue
