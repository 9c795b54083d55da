"""Last talks: one for each contact and queue, gone with the person and after their time."""

from __future__ import annotations

from queues.store import LastTalk
from tests.store.places import Place

BILLING, TAX = LastTalk("billing", "anna", 1000.0), LastTalk("tax", "ben", 2000.0)
PHONE = "+4930555019283746"


def test_of_each_queue_the_last_talk_is_kept(place: Place) -> None:
    with place.opened() as store:
        contact = store.vault.contact_of("phone", PHONE, create=True)
        other = store.vault.new_contact()
        for talk in (BILLING, TAX, LastTalk("billing", "cem", 3000.0)):
            store.last_talks.note(contact, talk)
        assert {*store.last_talks.of(contact)} == {TAX, LastTalk("billing", "cem", 3000.0)}
        assert store.last_talks.of(other) == ()


def test_who_is_erased_leaves_no_talk_and_none_is_noted_of_that_person(place: Place) -> None:
    with place.opened() as store:
        contact = store.vault.contact_of("phone", PHONE, create=True)
        store.last_talks.note(contact, BILLING)
        store.vault.erase_person(contact)
        store.last_talks.note(contact, TAX)
        store.last_talks.note("nobody", TAX)
    assert place.say_to_people("SELECT count(*) FROM last_talks") == [(0,)]


def test_a_contact_that_ends_takes_its_talks_along(place: Place) -> None:
    now = 1_700_000_000.0
    with place.opened(wall=lambda: now) as store:
        store.last_talks.note(store.vault.new_contact(), BILLING)
        store.vault.expire(now)
        assert store.vault.end_contacts(now + 100, 10.0) == 1
    assert place.say_to_people("SELECT count(*) FROM last_talks") == [(0,)]


def test_talks_are_forgotten_after_the_time_of_their_queue(place: Place) -> None:
    with place.opened() as store:
        contact = store.vault.new_contact()
        for talk in (BILLING, TAX):
            store.last_talks.note(contact, talk)
        assert store.last_talks.forget({"billing": 1000.0, "tax": 2000.0}) == 0
        assert store.last_talks.forget({"billing": 1000.1, "tax": 500.0}) == 1
        assert store.last_talks.of(contact) == (TAX,)
        assert store.last_talks.forget({}) == 1  # no queue asks for it any more
