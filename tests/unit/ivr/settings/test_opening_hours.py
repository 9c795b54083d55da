"""Unit: hours of the settings become spans of time, rightly in any night and on holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivr.settings.hours import Week, holidays_of, week_of
from ivr.settings.settings import load_settings
from ivr.telling.door_keeper import DoorKeeper
from ivr.telling.opening_hours import spans_of
from queues.centre.inputs.doors import HoursTold
from queues.centre.inputs.input import Input
from queues.centre.lives.door import Hours, ascend, standing
from queues.centre.state import Centre
from queues.ids import QueueId
from tests.unit.ivr.settings.test_settings_people import GOOD, faults_of, settings_file

BERLIN = ZoneInfo("Europe/Berlin")
FORWARD, BACK = date(2026, 3, 29), date(2026, 10, 25)  # its nights of summer time
PLAIN = date(2026, 6, 1)  # a Monday


def never(_: date) -> bool:
    return False


def every_day(*windows: str) -> Week:
    return week_of({"mon-sun": windows})


def said(hours: Hours, zone: ZoneInfo = BERLIN) -> list[str]:
    """Spans as the wall clock shows their ends, with the distance to UTC."""

    def shown(at: float | None) -> str:
        if at is None:
            return "on"
        return datetime.fromtimestamp(at, tz=zone).strftime("%d. %H:%M%z")

    return [f"{shown(span.opens_at)} to {shown(span.closes_at)}" for span in hours]


def test_a_week_is_open_as_it_says() -> None:
    week = week_of({"mon-thu": ("08:00-12:00", "13:00-17:00"), "fri": ("08:00-12:00",)})
    spans = spans_of(week, BERLIN, never, PLAIN + timedelta(days=3), 4)
    assert said(spans) == [
        "04. 08:00+0200 to 04. 12:00+0200",
        "04. 13:00+0200 to 04. 17:00+0200",
        "05. 08:00+0200 to 05. 12:00+0200",
    ]


def test_what_touches_is_one_span_and_what_goes_on_at_the_end_has_none() -> None:
    late = every_day("00:00-02:00", "20:00-24:00")
    assert said(spans_of(late, BERLIN, never, PLAIN, 2)) == [
        "01. 00:00+0200 to 01. 02:00+0200",
        "01. 20:00+0200 to 02. 02:00+0200",
        "02. 20:00+0200 to on",
    ]
    always = spans_of(every_day("00:00-24:00"), BERLIN, never, FORWARD - timedelta(days=2), 5)
    assert said(always) == ["27. 00:00+0100 to on"]


def test_in_the_night_that_is_an_hour_shorter_the_missing_hour_never_comes() -> None:
    early = every_day("01:00-02:30", "02:40-02:50", "03:30-05:00")
    assert said(spans_of(early, BERLIN, never, FORWARD, 1)) == [
        "29. 01:00+0100 to 29. 03:00+0200",
        "29. 03:30+0200 to 29. 05:00+0200",
    ]


def test_in_the_night_that_is_an_hour_longer_the_doubled_hour_comes_twice() -> None:
    early = every_day("01:00-02:30")
    assert said(spans_of(early, BERLIN, never, BACK, 1)) == [
        "25. 01:00+0200 to 25. 02:30+0200",
        "25. 02:00+0100 to 25. 02:30+0100",
    ]


def test_the_day_after_either_night_begins_and_ends_by_the_wall_clock() -> None:
    for night, ahead in ((FORWARD, "+0200"), (BACK, "+0100")):
        spans = spans_of(every_day("08:00-17:00"), BERLIN, never, night, 1)
        assert said(spans) == [f"{night:%d}. 08:00{ahead} to {night:%d}. 17:00{ahead}"]


def test_holidays_have_their_own_hours_or_none() -> None:
    whose = holidays_of("DE-BE")
    first = date(2026, 12, 24)  # a Thursday; Christmas is on Friday and Saturday
    closed = spans_of(every_day("08:00-17:00"), BERLIN, whose, first, 3)
    assert said(closed) == ["24. 08:00+0100 to 24. 17:00+0100"]
    short = week_of({"mon-sun": ("08:00-17:00",), "holidays": ("10:00-12:00",)})
    assert said(spans_of(short, BERLIN, whose, first, 2))[1:] == [
        "25. 10:00+0100 to 25. 12:00+0100"
    ]
    assert holidays_of("DE-BE")(date(2026, 3, 8))
    assert not holidays_of("DE-BY")(date(2026, 3, 8))
    assert not holidays_of(None)(date(2026, 12, 25))


WINDOWS = st.lists(st.integers(0, 144), min_size=2, max_size=6, unique=True).map(
    lambda tens: tuple(
        (10 * a, 10 * b) for a, b in zip(sorted(tens)[::2], sorted(tens)[1::2], strict=False)
    )
)


@given(
    windows=WINDOWS,
    night=st.sampled_from(
        [
            ("Europe/Berlin", FORWARD),
            ("Europe/Berlin", BACK),
            ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
            ("America/New_York", date(2026, 3, 8)),
            ("Africa/Cairo", date(2026, 4, 24)),  # at midnight: the day begins at one
            ("Pacific/Apia", date(2011, 12, 29)),  # the next day never was
            ("Asia/Seoul", PLAIN),
        ]
    ),
)
@example(windows=((0, 1440),), night=("Pacific/Apia", date(2011, 12, 29)))
def test_it_is_open_when_the_wall_clock_says_so(
    windows: tuple[tuple[int, int], ...], night: tuple[str, date]
) -> None:
    zone, first = ZoneInfo(night[0]), night[1]
    spans = spans_of(Week((windows,) * 7, ()), zone, never, first, 3)
    assert ascend(spans)
    begin = datetime.combine(first, datetime.min.time(), UTC).timestamp() - 15 * 3600
    for at in range(int(begin), int(begin) + 5 * 86_400, 600):
        wall = datetime.fromtimestamp(at, tz=zone)
        inside = first <= wall.date() < first + timedelta(days=3)
        if wall.date() >= first + timedelta(days=3):
            break  # what goes on has no end
        minute = wall.hour * 60 + wall.minute
        shown = inside and any(a <= minute < b for a, b in windows)
        assert standing(spans, None, float(at)).is_open is shown


HOURS = GOOD.replace(
    "  - id: plain\n",
    '  - id: plain\n    hours:\n      mon-fri: "08:00-17:00"\n      sat: ["09:00-12:00"]\n',
).replace("version: 1\n", "version: 1\nsite: {holidays: DE-BE}\n")


def test_hours_of_the_settings_are_told_for_queues_that_have_some_and_with_each_day(
    tmp_path: Path,
) -> None:
    settings = load_settings(settings_file(tmp_path, HOURS))
    told: list[Input] = []
    wall = datetime(2026, 6, 5, 23, 59, tzinfo=BERLIN).timestamp()
    keeper = DoorKeeper.of(settings, lambda: wall, told.append, Centre())
    keeper.tell()
    (hours,) = told
    assert isinstance(hours, HoursTold)
    assert [each.queue for each in hours.hours] == [QueueId("plain")]
    assert said(hours.hours[0].spans)[:3] == [
        "05. 08:00+0200 to 05. 17:00+0200",
        "06. 09:00+0200 to 06. 12:00+0200",
        "08. 08:00+0200 to 08. 17:00+0200",
    ]


def test_without_hours_nothing_is_told_unless_there_were_some(tmp_path: Path) -> None:
    settings = load_settings(settings_file(tmp_path, GOOD))
    told: list[Input] = []
    DoorKeeper.of(settings, lambda: 0.0, told.append, Centre()).tell()
    assert told == []
    DoorKeeper({}, BERLIN, never, lambda: 0.0, told.append, had_hours=True).tell()
    assert told == [HoursTold(())]


@pytest.mark.parametrize(
    ("days", "fault"),
    [
        ("mon-fry", "expected days, such as mon, mon-fri, or holidays"),
        ("fri-mon", "expected days, such as mon, mon-fri, or holidays"),
        ("mon-sat", "'sat' stands twice; name each day once"),
    ],
)
def test_days_that_are_none_are_faults_with_their_line(
    days: str, fault: str, tmp_path: Path
) -> None:
    (found,) = faults_of(tmp_path, HOURS.replace("mon-fri", days))
    where = "16: queues.1.hours.sat" if days == "mon-sat" else f"15: queues.1.hours.{days}"
    assert found == f"{where}: {fault}"


@pytest.mark.parametrize(
    ("window", "what"),
    [
        ("8-17", 'expected times of one day, such as "08:00-17:00"'),
        ("17:00-08:00", "expected times of one day"),
        ("08:00-24:30", "expected times of one day"),
        ("08:00-08:00", "expected times of one day"),
    ],
)
def test_windows_that_are_none_are_faults_with_their_line(
    window: str, what: str, tmp_path: Path
) -> None:
    (found,) = faults_of(tmp_path, HOURS.replace("09:00-12:00", window))
    assert found.startswith("16: queues.1.hours.sat.0: ")
    assert what in found


def test_windows_that_overlap_and_a_region_that_nobody_knows_are_faults(tmp_path: Path) -> None:
    text = HOURS.replace('"09:00-12:00"', '"09:00-12:00", "11:00-13:00"').replace("DE-BE", "DE-XX")
    region, window = faults_of(tmp_path, text)
    assert "site.holidays: expected a country, or a part of one" in region
    assert "expected a window after the one before" in window
