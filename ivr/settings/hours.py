"""When a queue is open, as the settings file says it: windows of the day for days of the week.

`hours: {mon-thu: ["08:00-12:00", "13:00-17:00"], fri: "08:00-12:00", holidays: []}`. A day that is
not named is closed, and so are holidays unless they have windows of their own.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator

from ivr.settings.parts import Fault, Misplaced

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAYS: Final = "holidays"
_WINDOW: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_DAY_MIN: Final = 1440
_MOST_WINDOWS: Final = 12

Window = tuple[int, int]  # minutes since midnight, as the clock on the wall shows them


@dataclass(frozen=True, slots=True)
class Week:
    """The windows of each day, Monday first, and of holidays."""

    days: tuple[tuple[Window, ...], ...]
    holidays: tuple[Window, ...]

    def on(self, day: date, *, is_holiday: bool) -> tuple[Window, ...]:
        """Give the windows of a day."""
        return self.holidays if is_holiday else self.days[day.weekday()]


def week_of(hours: Mapping[str, Sequence[str]]) -> Week:
    """Give the week that checked hours stand for."""
    days: dict[str, tuple[Window, ...]] = {}
    for named, windows in hours.items():
        for day in _days(named):
            days[day] = tuple(_window(text) for text in windows)
    return Week(tuple(days.get(day, ()) for day in DAYS), days.get(HOLIDAYS, ()))


def holidays_of(region: str | None) -> Callable[[date], bool]:
    """Give what tells holidays of a region, such as DE or DE-BE; None: there are none.

    Raises ValueError for a region that the library of holidays does not know.
    """
    if region is None:
        return lambda _day: False
    library = importlib.import_module("holidays")  # a tenth of a second that few commands need
    country, _, part = region.partition("-")
    try:
        known = library.country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        raise ValueError(
            "expected a country, or a part of one, of the library 'holidays', such as DE or DE-BE"
        ) from None
    return lambda day: day in known


def _region(text: str) -> str:
    holidays_of(text)
    return text


def _wrapped(value: Any) -> Any:
    """One window may stand without a list."""
    if not isinstance(value, dict):
        return value
    return {day: [each] if isinstance(each, str) else each for day, each in value.items()}


def _checked(hours: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    faults: list[Fault] = []
    seen: set[str] = set()
    for named, windows in hours.items():
        days = _days(named)
        if not days:
            faults.append(((named,), "expected days, such as mon, mon-fri, or holidays"))
        elif twice := [day for day in days if day in seen]:
            faults.append(((named,), f"'{twice[0]}' stands twice; name each day once"))
        seen.update(days)
        faults += [((named, *place), said) for place, said in _faults(windows)]
    if faults:
        raise Misplaced(faults)
    return hours


def _faults(windows: tuple[str, ...]) -> list[Fault]:
    if len(windows) > _MOST_WINDOWS:
        return [((), f"expected {_MOST_WINDOWS} windows at most")]
    found: list[Fault] = []
    last = 0
    for n, text in enumerate(windows):
        window = _window(text) if _WINDOW.fullmatch(text) else (0, 0)
        if not window[0] < window[1] <= _DAY_MIN:
            found.append(((n,), 'expected times of one day, such as "08:00-17:00"'))
        elif window[0] < last:
            found.append(((n,), "expected a window after the one before"))
        last = max(last, window[1])
    return found


def _days(named: str) -> tuple[str, ...]:
    """Give the days that a word names; none if it names none."""
    first, dash, last = named.partition("-")
    if named == HOLIDAYS or named in DAYS:
        return (named,)
    if not dash or first not in DAYS or last not in DAYS:
        return ()
    return DAYS[DAYS.index(first) : DAYS.index(last) + 1]


def _window(text: str) -> Window:
    from_h, from_min, to_h, to_min = (int(part) for part in _WINDOW.fullmatch(text).groups())  # type: ignore[union-attr]
    return from_h * 60 + from_min, to_h * 60 + to_min


Hours = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_wrapped), AfterValidator(_checked)]
Region = Annotated[str, AfterValidator(_region)]
