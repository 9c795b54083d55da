"""The database of people of a running service: who is who, and what is told while it is held."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivr.cannot_start import CannotStart
from ivr.keeping.keeping import Keeping, end_old_days
from ivr.keeping.kept import Kept, open_kept
from ivr.keeping.people_watch import PeopleWatch
from ivr.place.place import Place
from queues.store import StoreUnavailable, sqlite_file
from tests.folders import scarce_disk
from tests.kept.kept_place import WITHIN_S, opened, until
from tests.switch import test_settings

ONE_NUMBER = ("0301234567", "+49301234567", "0049301234567")


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement does not wait for another connection, so that tests need not either."""
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.05)


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Another program's transaction keeps everybody from writing."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def contact(kept: Kept, number: str, region: str = "DE") -> str | None:
    return await Keeping(kept, lambda: 0.0, ZoneInfo("UTC"), region=region).contact_of(number)


async def test_one_number_in_three_spellings_is_one_contact(place: Place) -> None:
    with opened(place) as kept:
        found = {await contact(kept, number) for number in ONE_NUMBER}
        assert len(found) == 1
        assert await contact(kept, "0301234567", "KR") not in found  # the same digits elsewhere
        assert await contact(kept, "30123") not in found


@pytest.mark.parametrize("first", ONE_NUMBER)
async def test_a_contact_of_an_older_version_is_found_by_every_spelling(
    place: Place, first: str
) -> None:
    with opened(place) as kept:
        old = kept.store.vault.contact_of("phone", first, create=True)
        assert [await contact(kept, number) for number in (first, *ONE_NUMBER)] == [old] * 4


async def test_callers_whom_nothing_names_are_each_somebody_of_their_own(place: Place) -> None:
    with opened(place) as kept:
        assert await contact(kept, "anonymous") != await contact(kept, "anonymous")
        assert await contact(kept, "anna") == await contact(kept, "Anna")


async def test_contacts_end_with_the_daily_round(place: Place) -> None:
    with opened(place) as kept:
        old = kept.store.vault.contact_of("phone", ONE_NUMBER[1], create=True)
        new = kept.store.vault.new_contact()
        people = place.run_folder / "people/people.db"
        with closing(sqlite3.connect(people, isolation_level=None)) as file:
            file.execute("UPDATE contacts SET seen_at = seen_at - 8 * 86400 WHERE id = ?", (old,))
        ending = asyncio.create_task(
            end_old_days(
                kept.store,
                ZoneInfo("UTC"),
                lambda: 0.0,
                keep_contacts_days=7,
                first_s=0.0,
                every_s=60.0,
            )
        )
        await until(lambda: kept.store.vault.contact_of("phone", ONE_NUMBER[1]) is None)
        ending.cancel()
        assert kept.store.vault.seal(new, "call-1", "hello")


@pytest.mark.parametrize("name", ["people/people.db", "store/store.db"])
@pytest.mark.usefixtures("no_patience")
def test_a_start_waits_for_a_database_that_another_program_holds_and_says_so(
    place: Place, name: str
) -> None:
    with opened(place):
        pass
    told: list[str] = []
    is_told, served = threading.Event(), threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        is_told.set()

    def start() -> None:
        with open_kept(test_settings(), place, tell, patience_s=WITHIN_S):
            served.set()

    starting = threading.Thread(target=start)
    with held(place.run_folder / name):
        starting.start()
        assert is_told.wait(WITHIN_S)
        assert not served.wait(0.3)
    starting.join(WITHIN_S)
    assert served.is_set()
    (line,) = told
    assert name in line
    assert "another program holds it" in line
    assert "waiting for it, 10 s at most" in line


@pytest.mark.usefixtures("no_patience")
def test_a_start_that_waited_long_enough_is_refused_and_can_be_repeated(place: Place) -> None:
    with opened(place):
        pass
    with (
        held(place.run_folder / "people/people.db"),
        pytest.raises(CannotStart, match=r"people\.db: another program holds it; end that"),
        open_kept(test_settings(), place, lambda _: None, patience_s=0.1),
    ):
        pass
    with opened(place):
        pass


def test_a_service_that_is_about_to_let_go_of_the_people_is_waited_for(
    place: Place, tmp_path: Path
) -> None:
    people = f"sqlite:///{tmp_path}/shared/people.db"
    other = Place(tmp_path / "b.yaml", tmp_path / "b", is_example=False)
    told: list[str] = []
    with (
        opened(place, store={"people_url": people}),
        pytest.raises(CannotStart, match=r"people\.db: another service uses it"),
        open_kept(test_settings(store={"people_url": people}), other, told.append, patience_s=0.1),
    ):
        pass
    assert "waiting for it" in told[0]


def test_a_store_from_an_older_backup_is_told_at_the_start(place: Place) -> None:
    told: list[str] = []
    with opened(place):
        pass
    file = place.run_folder / "store/store.db"
    older = file.read_bytes()
    with opened(place):
        pass
    file.write_bytes(older)
    with open_kept(test_settings(), place, told.append):
        pass
    assert "is older than" in told[0]


@pytest.mark.usefixtures("no_patience")
async def test_health_tells_when_the_people_cannot_be_written_and_when_they_can_again(
    place: Place,
) -> None:
    with opened(place) as kept:
        people = place.run_folder / "people/people.db"
        watch = PeopleWatch(kept.store, look_s=0.01)
        running = asyncio.create_task(watch.run())
        with held(people):
            await until(watch.reasons)
            (reason,) = watch.reasons()
            assert reason.code == "people_locked"
            assert "another program holds it; end that program" in reason.text
            assert str(place.run_folder) not in reason.text  # anybody may ask for it
        await until(lambda: not watch.reasons())
        away = people.rename(people.with_name("elsewhere.db"))
        await until(watch.reasons)
        assert watch.reasons()[0].code == "people_gone"
        away.rename(people)
        await until(lambda: not watch.reasons())
        running.cancel()


async def test_health_tells_when_the_disk_of_the_people_is_full(
    place: Place, tmp_path: Path
) -> None:
    folder = tmp_path / "small"
    folder.mkdir(mode=0o700)
    people = {"people_url": f"sqlite:///{folder}/people.db"}
    with scarce_disk(folder) as free, opened(place, store=people) as kept:
        watch = PeopleWatch(kept.store, look_s=0.01)
        with suppress(StoreUnavailable):
            while True:
                kept.store.vault.new_contact()
        running = asyncio.create_task(watch.run())
        await until(watch.reasons)
        assert watch.reasons()[0].code in ("people_full", "people_failed")
        free()
        await until(lambda: not watch.reasons())
        running.cancel()
