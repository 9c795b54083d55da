"""Tells the centre when queues are open, for some days ahead, anew at the start and with each day.

The centre knows no calendar: weeks, holidays and summer time are worked out here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from ivr.settings.hours import Week, holidays_of, week_of
from ivr.settings.settings import Settings
from ivr.telling.opening_hours import spans_of
from queues.centre.inputs.doors import HoursTold, QueueHours
from queues.centre.inputs.input import Input
from queues.centre.state import Centre
from queues.ids import QueueId

_DAYS_AHEAD: Final = 15  # longer than any row of holidays
_LOOK_S: Final = 60.0


class DoorKeeper:
    """Knows the hours of the settings; `run` is a task of its owner."""

    def __init__(
        self,
        weeks: Mapping[QueueId, Week],
        zone: ZoneInfo,
        is_holiday: Callable[[date], bool],
        wall: Callable[[], float],
        submit: Callable[[Input], object],
        *,
        had_hours: bool,
    ) -> None:
        """`wall` gives Unix seconds of the wall clock.

        `had_hours`: a service before us told some, which are to be taken back where there are none.
        """
        self._weeks = weeks
        self._zone = zone
        self._is_holiday = is_holiday
        self._wall = wall
        self._submit = submit
        self._had_hours = had_hours
        self._told: date | None = None

    @classmethod
    def of(
        cls,
        settings: Settings,
        wall: Callable[[], float],
        submit: Callable[[Input], object],
        left: Centre,
    ) -> DoorKeeper:
        """The keeper of these settings; `left` is the state that came back."""
        weeks = {
            QueueId(queue.id): week_of(queue.hours)
            for queue in settings.queues
            if queue.hours is not None
        }
        zone, is_holiday = ZoneInfo(settings.site.zone), holidays_of(settings.site.holidays)
        had_hours = any(queue.hours is not None for queue in left.queues.values())
        return cls(weeks, zone, is_holiday, wall, submit, had_hours=had_hours)

    def tell(self) -> None:
        """Tell the hours, if there are any; to be called once the settings are taken."""
        self._told = self._today()
        if self._weeks or self._had_hours:
            self._submit(self._hours(self._told))

    async def run(self) -> None:
        """Tell them anew with each day, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._weeks and (today := self._today()) != self._told:
                told = await asyncio.to_thread(self._hours, today)
                self._told = today
                self._submit(told)

    def _today(self) -> date:
        return datetime.fromtimestamp(self._wall(), tz=self._zone).date()

    def _hours(self, today: date) -> HoursTold:
        return HoursTold(
            tuple(
                QueueHours(queue, spans_of(week, self._zone, self._is_holiday, today, _DAYS_AHEAD))
                for queue, week in self._weeks.items()
            )
        )
