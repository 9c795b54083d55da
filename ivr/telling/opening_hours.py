"""From a week's hours to spans of time: what the clock on the wall shows decides, in any night.

A moment is open if the wall clock shows a time of a window of its day. So in the night in which
the clock goes forward a window that lies in the missing hour never comes, and in the one in which
it goes back a window of the doubled hour comes twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ivr.settings.hours import Week
from queues.centre.lives.door import Hours, OpenSpan

_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_FARTHEST_S: Final = 26 * _HOUR_S  # that a zone's wall clock is from UTC, and more
_EPOCH: Final = date(1970, 1, 1)


def spans_of(
    week: Week,
    zone: ZoneInfo,
    is_holiday: Callable[[date], bool],
    first: date,
    days: int,
) -> Hours:
    """Give when a queue with these hours is open, on so many days of the zone from the first on.

    In Unix seconds. Of a span that reaches the end of the last day no end is told.
    """
    dates = [first + timedelta(days=n) for n in range(days)]
    windows = [
        (_local_s(day) + 60 * begins, _local_s(day) + 60 * ends)
        for day in dates
        for begins, ends in week.on(day, is_holiday=is_holiday(day))
    ]
    begin, end = _local_s(first) - _FARTHEST_S, _local_s(dates[-1]) + _DAY_S + _FARTHEST_S
    found: list[tuple[int, int]] = []
    last_s = 0
    for since, until, offset_s in _stretches(zone, begin, end):
        last_s = _local_s(dates[-1]) + _DAY_S - offset_s
        for begins, ends in windows:
            opens, closes = max(since, begins - offset_s), min(until, ends - offset_s)
            if opens < closes:
                found.append((opens, closes))
    return tuple(
        OpenSpan(float(opens), None if closes >= last_s else float(closes))
        for opens, closes in _merged(sorted(found))
    )


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Give spans of which none touches the next."""
    begun: tuple[int, int] | None = None
    for opens, closes in spans:
        if begun is not None and opens <= begun[1]:
            begun = begun[0], max(begun[1], closes)
            continue
        if begun is not None:
            yield begun
        begun = opens, closes
    if begun is not None:
        yield begun


def _stretches(zone: ZoneInfo, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Give from when to when (Unix seconds) the wall clock is so many seconds ahead of UTC."""
    since, offset_s = begin, _offset_s(zone, begin)
    for at in range(begin + _HOUR_S, end + _HOUR_S, _HOUR_S):
        if (after_s := _offset_s(zone, at)) == offset_s:
            continue
        low, high = at - _HOUR_S, at
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset_s(zone, middle) == offset_s else (low, middle)
        yield since, high, offset_s
        since, offset_s = high, after_s
    yield since, end, offset_s


def _offset_s(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, tz=UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _local_s(day: date) -> int:
    """The midnight of a day as the wall clock counts, as if it were UTC."""
    return (day - _EPOCH).days * _DAY_S
