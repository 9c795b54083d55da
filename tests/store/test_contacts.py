"""Contacts: found by what they were kept under formerly, seen, and ended."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from queues.record_rows import MissedCall
from queues.store import ContactUnknown, DataClass, Position, Store
from queues.store.tables import contacts
from tests.store.places import DAY_S, Place, dialogue, row, write
from tests.store.postgres_server import PostgresServer

NOW = 1_700_000_000.0
KEEP_S = 400 * DAY_S
E164 = "+49301234567"
FORMER = ("0301234567", "0049301234567")


class Calendar:
    """The wall clock of a store, moved by a test."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def let_days_pass(store: Store, clock: Calendar, days: int) -> None:
    """As a service that runs: it looks at the clock each day."""
    for _ in range(days):
        clock.now += DAY_S
        store.vault.expire(clock.now)


def test_a_contact_of_a_former_spelling_is_found_and_kept_under_the_new_one(place: Place) -> None:
    with place.opened() as store:
        old = store.vault.contact_of("phone", FORMER[1], create=True)
        assert store.vault.contact_of("phone", E164) is None
        assert store.vault.contact_of("phone", E164, former=FORMER, create=True) == old
        assert store.vault.contact_of("phone", E164) == old
        assert store.vault.contact_of("phone", FORMER[1]) is None
    assert place.say_to_people("SELECT count(*) FROM contact_index") == [(1,)]


def test_of_two_contacts_of_one_number_the_one_of_todays_spelling_counts(place: Place) -> None:
    with place.opened() as store:
        old = store.vault.contact_of("phone", FORMER[0], create=True)
        new = store.vault.contact_of("phone", E164, create=True)
        assert store.vault.contact_of("phone", E164, former=FORMER, create=True) == new
        # Whoever erases the person finds the other one too.
        assert store.vault.contact_of("phone", FORMER[0]) == old


def test_a_look_at_who_somebody_is_makes_nobody(place: Place) -> None:
    with place.opened() as store:
        assert store.vault.contact_of("phone", E164, former=FORMER) is None
    assert place.say_to_people("SELECT count(*) FROM contacts") == [(0,)]


def test_a_contact_that_is_not_seen_for_long_enough_ends(place: Place) -> None:
    clock = Calendar()
    with place.opened(wall=clock) as store:
        gone = store.vault.contact_of("phone", "+491", create=True)
        store.vault.put(gone, DataClass.PERSONAL, "over", NOW + DAY_S)
        nobody = store.vault.new_contact()
        stays = store.vault.contact_of("phone", "+492", create=True)
        let_days_pass(store, clock, 200)
        assert store.vault.contact_of("phone", "+492", create=True) == stays
        store.vault.contact_of("phone", "+491")  # a look at it is no call of it
        let_days_pass(store, clock, 200)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 0
        let_days_pass(store, clock, 1)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 2
        assert store.vault.contact_of("phone", "+491") is None
        assert store.vault.contact_of("phone", "+492") == stays
        assert store.vault.contact_of("phone", "+491", create=True) not in (gone, nobody)
    assert place.say_to_people("SELECT count(*) FROM contacts") == [(2,)]
    assert place.say_to_people("SELECT count(*) FROM contact_index") == [(2,)]


def test_contacts_on_a_server_are_found_seen_and_ended_alike(
    server_place: Place, server: PostgresServer
) -> None:
    clock = Calendar()
    people = server.url(server.new_database())
    with server_place.opened(wall=clock, people_url=people) as store:
        old = store.vault.contact_of("phone", FORMER[0], create=True)
        let_days_pass(store, clock, 300)
        assert store.vault.contact_of("phone", E164, former=FORMER, create=True) == old
        store.note_progress()
        let_days_pass(store, clock, 300)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 0
        let_days_pass(store, clock, 101)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 1
    with server_place.opened(wall=clock, people_url=people) as store:
        assert store.note is None
        assert store.vault.contact_of("phone", E164, former=FORMER) is None


def test_whom_something_still_needs_does_not_end(place: Place) -> None:
    clock = Calendar()
    with place.opened(wall=clock) as store:
        kept, lives, missed, over = (store.vault.new_contact() for _ in range(4))
        value = store.vault.put(kept, DataClass.PERSONAL, "still here", NOW + 500 * DAY_S)
        store.journal.keep_dialogue(replace(dialogue("call-1", 1), values=(lives,)))
        write(store, row(1))
        told = MissedCall(1, "call-2", "100", NOW, NOW, "no_service", missed)
        store.records.add(store.records.position(1), Position(1, 1, "{}"), missed=[told])
        let_days_pass(store, clock, 401)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 1
        assert store.vault.get(value) == "still here"
        store.journal.end_dialogue("call-1")
        assert store.journal.flush(20)
        store.records.clear()
        assert store.vault.end_contacts(clock.now, KEEP_S) == 2
        left = {contact for (contact,) in place.say_to_people("SELECT id FROM contacts")}
        assert left == {kept}
        assert over not in left
        let_days_pass(store, clock, 100)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 1
        assert store.vault.kept_of(kept) == ()


def test_what_was_of_a_contact_that_ended_is_in_no_file_any_more(file_place: Place) -> None:
    clock = Calendar()
    with file_place.opened(wall=clock) as store:
        contact = store.vault.contact_of("phone", E164, create=True)
        sealed = store.vault.seal(contact, "call-1", "hello")
        with store._databases[1].read() as connection:
            key = connection.scalar(select(contacts.c.wrapped_key))
        let_days_pass(store, clock, 401)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 1
        files = b"".join(path.read_bytes() for path in file_place.folder.glob("*.db*"))
        assert key is not None
        assert key not in files
        assert store.vault.unseal(contact, "call-1", sealed) is None
        with pytest.raises(ContactUnknown):
            store.vault.put(contact, DataClass.STANDARD, "x", clock.now + 1)


def test_a_clock_that_leaps_far_ahead_ends_nobody_at_first_sight(place: Place) -> None:
    with place.opened(wall=lambda: NOW) as store:
        store.vault.new_contact()
        far = NOW + 500 * DAY_S
        assert store.vault.end_contacts(far, KEEP_S) == 0
        assert store.vault.end_contacts(NOW + 60, KEEP_S) == 0  # it was put right
        assert store.vault.end_contacts(far, KEEP_S) == 0
        assert store.vault.end_contacts(far + 600, KEEP_S) == 1  # it stays so: it is true


def test_who_was_erased_stays_known_as_such(place: Place) -> None:
    clock = Calendar()
    with place.opened(wall=clock) as store:
        store.vault.erase_person(store.vault.new_contact())
        let_days_pass(store, clock, 500)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 0
    assert place.say_to_people("SELECT count(*) FROM contacts") == [(1,)]


def test_a_contact_of_an_older_version_counts_as_seen_when_it_is_first_looked_at(
    place: Place,
) -> None:
    clock = Calendar()
    with place.opened(wall=clock) as store:
        contact = store.vault.contact_of("phone", E164, create=True)
        place.say_to_people("UPDATE contacts SET seen_at = NULL")
        let_days_pass(store, clock, 1)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 0
        let_days_pass(store, clock, 400)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 0
        let_days_pass(store, clock, 1)
        assert store.vault.end_contacts(clock.now, KEEP_S) == 1
        assert store.vault.contact_of("phone", E164, create=True) != contact


def test_calls_of_one_day_write_once_that_they_were_seen(place: Place) -> None:
    clock = Calendar()
    with place.opened(wall=clock) as store:
        store.vault.contact_of("phone", E164, create=True)
        seen: list[float] = []
        for hours in (1, 23, 25, 26):
            clock.now = NOW + hours * 3600
            store.vault.contact_of("phone", E164, create=True)
            ((at,),) = place.say_to_people("SELECT seen_at FROM contacts")
            seen.append(at - NOW)
    assert seen == [0, 0, 25 * 3600, 25 * 3600]
