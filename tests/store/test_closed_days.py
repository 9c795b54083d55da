"""Closed days: rows move into files and are read as before; a damaged file is named."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from queues.store import DayDamaged, Kind, Store, StoreUnavailable, StoreView
from queues.store.day_file import ClosedDay
from tests.store.places import DAY_S, Place, eventually, numbers, row, write

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2025, 3, 1, 12, tzinfo=BERLIN).timestamp()


def fill(store: Store, days: int, each: int = 10, first: float = NOON) -> None:
    """So many rows on each of so many days, by their number."""
    write(
        store,
        *(
            row(day * each + number, at=first + day * DAY_S + number, kind=kind(number))
            for day in range(days)
            for number in range(each)
        ),
    )


def kind(number: int) -> Kind:
    return Kind.INPUT if number % 2 else Kind.FACT


def close(store: Store, days_later: float, zone: ZoneInfo = BERLIN) -> list[str]:
    closed = store.close_days(NOON + days_later * DAY_S, zone)
    return [day.day for day in closed]


def files(place: Place) -> list[str]:
    return sorted(path.name for path in (place.folder / "journal").iterdir())


def table_size(place: Place) -> int:
    return int(place.say("SELECT count(*) FROM journal")[0][0])


def test_days_older_than_fourteen_move_into_files_and_read_as_before(place: Place) -> None:
    with place.opened() as store:
        fill(store, 20)
        before = list(store.read_journal())
        assert close(store, 13) == []
        assert close(store, 17) == ["2025-03-01", "2025-03-02", "2025-03-03"]
        assert files(place) == [
            "journal-2025-03-01-000000000001.jsonl.gz",
            "journal-2025-03-02-000000000011.jsonl.gz",
            "journal-2025-03-03-000000000021.jsonl.gz",
        ]
        assert table_size(place) == 170
        assert list(store.read_journal()) == before
        assert close(store, 17) == []
    with place.opened() as store:
        assert store.last_seq == 200
        assert list(store.read_journal()) == before
        assert numbers(store, 25, until_seq=35) == list(range(25, 35))
        assert numbers(store, 8, until_seq=12, kinds={Kind.FACT}) == [8, 10]
        assert numbers(store, subject="call-14") == [14]


def test_a_journal_that_is_closed_whole_goes_on_with_its_numbers(place: Place) -> None:
    with place.opened() as store:
        fill(store, 2)
        assert len(close(store, 100)) == 2
        assert table_size(place) == 0
        write(store, row(20, at=NOON + 100 * DAY_S))
        assert numbers(store) == list(range(21))
    with place.opened() as store:
        assert store.last_seq == 21


@pytest.mark.parametrize(("zone", "days"), [("Europe/Berlin", 1), ("Asia/Seoul", 2), ("UTC", 1)])
def test_the_border_of_a_day_is_that_of_the_site(file_place: Place, zone: str, days: int) -> None:
    with file_place.opened() as store:
        eleven_pm_in_seoul = datetime(2025, 3, 1, 15, tzinfo=BERLIN).timestamp()
        for hours in range(4):
            write(store, row(hours, at=eleven_pm_in_seoul + hours * 3600))
        closed = store.close_days(NOON + 30 * DAY_S, ZoneInfo(zone))
        assert len(closed) == days
        assert numbers(store) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("day", "hours"), [((2025, 3, 30), 23), ((2025, 10, 26), 25), ((2025, 6, 1), 24)]
)
def test_a_day_on_which_the_clocks_change_is_one_day_of_23_or_25_hours(
    file_place: Place, day: tuple[int, int, int], hours: int
) -> None:
    midnight = datetime(*day, tzinfo=BERLIN).timestamp()
    with file_place.opened() as store:
        write(store, *(row(hour, at=midnight + (hour - 1) * 3600) for hour in range(hours + 2)))
        closed = store.close_days(midnight + 30 * DAY_S, BERLIN)
        assert [each.last_seq - each.first_seq + 1 for each in closed] == [1, hours, 1]
        assert closed[1].day == "{}-{:02}-{:02}".format(*day)


@pytest.mark.parametrize(
    ("day", "last"), [((2025, 3, 20), (2025, 4, 4)), ((2025, 10, 20), (2025, 11, 4))]
)
def test_fourteen_days_are_counted_by_the_calendar_also_when_the_clocks_change(
    file_place: Place, day: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    midnight = datetime(*last, tzinfo=BERLIN).timestamp()
    with file_place.opened() as store:
        write(store, row(1, at=datetime(*day, 23, 59, tzinfo=BERLIN).timestamp()))
        write(store, row(2, at=datetime(*day, tzinfo=BERLIN).timestamp() + DAY_S * 2))
        assert store.close_days(midnight - 1, BERLIN) == ()
        assert len(store.close_days(midnight, BERLIN)) == 1


def test_a_clock_that_was_set_back_opens_no_day_again(place: Place) -> None:
    with place.opened() as store:
        for number, day in enumerate((0, 1, 0, 1, 2, 0, 40)):
            write(store, row(number, at=NOON + day * DAY_S))
        assert close(store, 30) == ["2025-03-01", "2025-03-02", "2025-03-03"]
        assert close(store, 60) == ["2025-04-10"]
        assert numbers(store) == [0, 1, 2, 3, 4, 5, 6]


def test_a_file_can_be_read_without_us(file_place: Place) -> None:
    with file_place.opened() as store:
        fill(store, 1, each=2)
        close(store, 100)
    (name,) = files(file_place)
    path = file_place.folder / "journal" / name
    assert path.stat().st_mode & 0o777 == 0o600
    with gzip.open(path, "rt") as file:
        lines = [json.loads(line) for line in file]
    assert lines[0] == {"format": 2, "day": "2025-03-01", "zone": "Europe/Berlin"}
    *columns, seal = lines[1]
    assert columns == [
        1, NOON, 1, "node-a", "fact", "call_queued", 1, "call-0", '{"number": 0}',
    ]  # fmt: skip
    assert len(bytes.fromhex(seal)) == 8
    assert set(lines[3]) == {"sha256"}


def test_closed_days_take_a_fifth_of_the_room(file_place: Place) -> None:
    with file_place.opened() as store:
        fill(store, 1, each=5000)
        (closed,) = store.close_days(NOON + 30 * DAY_S, BERLIN)
    size = (file_place.folder / "journal" / closed.file).stat().st_size
    assert size / 5000 < 26  # bytes a row, of 131 in the table; 8 are the seal, which is chance


def harm_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def harm_flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def harm_exchange(path: Path) -> None:
    text = gzip.decompress(path.read_bytes()).replace(b'"call-10"', b'"call-99"')
    path.write_bytes(gzip.compress(text))


def harm_other_day(path: Path) -> None:
    path.write_bytes((path.parent / files_of(path.parent)[0]).read_bytes())


def harm_remove(path: Path) -> None:
    path.unlink()


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("harm", [harm_cut, harm_flip, harm_exchange, harm_other_day, harm_remove])
def test_a_damaged_file_is_named_and_the_rest_is_read(place: Place, harm: object) -> None:
    assert callable(harm)
    with place.opened() as store:
        fill(store, 20)
        close(store, 17)
        path = place.folder / "journal" / files(place)[1]
        harm(path)
        found = []
        with pytest.raises(DayDamaged) as raised:
            found += [each.values()["number"] for each in store.read_journal(0, until_seq=15)]
        assert raised.value.path == path
        assert str(path) in str(raised.value)
        assert "rows 11 to 20" in str(raised.value)
        assert numbers(store, until_seq=10) == list(range(10))
        assert numbers(store, raised.value.last_seq) == list(range(20, 200))
        write(store, row(200))


def test_nothing_of_a_damaged_file_is_given_before_it_is_known_to_be_whole(place: Place) -> None:
    with place.opened() as store:
        fill(store, 1, each=100)
        close(store, 30)
        harm_cut(place.folder / "journal" / files(place)[0])
        with pytest.raises(DayDamaged):
            next(store.read_journal())


def test_a_kill_before_the_file_counts_changes_nothing(place: Place) -> None:
    with place.opened() as store:
        fill(store, 20)
        before = list(store.read_journal())
        close(store, 16)
        # As it was: a file complete or half, all rows in the table, nothing noted.
        folder = place.folder / "journal"
        (folder / "journal-2025-03-03.new").write_bytes(b"half")
        (folder / "journal-2025-03-03-000000000021.jsonl.gz").write_bytes(b"whole, but not noted")
        assert close(store, 17) == ["2025-03-03"]
        assert list(store.read_journal()) == before
        assert len(files(place)) == 3


def test_a_kill_before_the_rows_are_deleted_shows_no_row_twice(place: Place) -> None:
    with place.opened() as store:
        fill(store, 20)
        before = list(store.read_journal())
        kept = place.say("SELECT * FROM journal WHERE seq BETWEEN 6 AND 20 ORDER BY seq")
        assert len(kept) == 15
        close(store, 16)
        for seq, *rest in kept:  # rows that were not yet deleted when the kill came
            values = ", ".join(
                f"'{value}'" if isinstance(value, str) else f"{value!r}" for value in rest
            )
            place.say(f"INSERT INTO journal VALUES ({seq}, {values})")
        assert list(store.read_journal()) == before
    with place.opened() as store:
        assert store.last_seq == 200
        assert list(store.read_journal()) == before
        assert close(store, 16) == []
        assert table_size(place) == 180


def test_a_reader_who_is_overtaken_by_the_closing_misses_nothing(place: Place) -> None:
    with place.opened() as store:
        fill(store, 20, each=300)
        found = []
        for each in store.read_journal():
            found.append(each.seq)
            if each.seq == 100:
                assert len(close(store, 30)) == 16
        assert found == list(range(1, 6001))


def test_the_writer_goes_on_while_days_are_closed(place: Place) -> None:
    with place.opened() as store:
        fill(store, 5, each=1000)
        told: list[Exception | None] = []
        for number in range(200):
            store.journal.submit([row(5000 + number, at=NOON + 30 * DAY_S)], told.append)
        assert len(close(store, 30)) == 5
        assert store.journal.flush(20)
        assert told == [None] * 200
        assert numbers(store) == list(range(5200))


def test_a_folder_that_cannot_be_written_leaves_all_rows_in_the_table(place: Place) -> None:
    with place.opened() as store:
        fill(store, 3)
        (place.folder / "journal").write_text("in the way")
        with pytest.raises(StoreUnavailable, match=r"journal: .*mend the rights"):
            close(store, 30)
        (place.folder / "journal").unlink()
        assert len(close(store, 30)) == 3
        assert numbers(store) == list(range(30))


def test_who_only_reads_reads_closed_days_too(place: Place) -> None:
    with place.opened() as store:
        fill(store, 3)
        close(store, 16)
        view = StoreView(place.url, days_folder=place.folder / "journal")
        try:
            assert len(list(view.journal.rows())) == 30
        finally:
            view.close()
        (first, *_) = store.closed_days.all()
        assert isinstance(first, ClosedDay)
        assert (first.first_seq, first.last_seq, first.day) == (1, 10, "2025-03-01")
        eventually(lambda: store.journal.health().ok)
