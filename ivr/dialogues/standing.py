"""Where a waiting caller stands, as it can be told to the caller now."""

from __future__ import annotations

from dataclasses import dataclass

from queues.ids import CallId
from queues.view import View


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a waiting caller stands: place, and range of the wait in seconds; None if not known."""

    place: int | None
    wait_s: tuple[float, float] | None = None


def standing(view: View, call: CallId, now: float, *, has_place: bool) -> Standing | None:
    """Place, and what is left of the told range; None if neither is known. `now` as in the view.

    The range was fixed when the wait began: told later it is shorter by what has been waited, and
    told no more once it is over, when nobody knows better than that it lasts longer.
    """
    place = view.place(call) if has_place else None
    told = view.told_range(call)
    wait_s = None
    if told is not None and now < told[1]:
        wait_s = (max(0.0, told[0] - now), told[1] - now)
    return None if place is None and wait_s is None else Standing(place, wait_s)
