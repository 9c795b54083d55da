"""Dialogues and numbers in the real store: sealed, given back after a start, then let go of."""

from __future__ import annotations

import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from ivr.flow.session import Session, session_to_json
from ivr.keeping.dialogue_book import read_dialogues
from ivr.keeping.keeping import Keeping
from ivr.keeping.kept import Kept
from ivr.phone_number import PhoneNumber
from ivr.place.place import Place
from queues.ids import CallId
from queues.store import DialogueRow, StoreUnavailable, Trouble
from tests.kept.kept_place import (
    NUMBER,
    SAID,
    SESSION,
    TYPED,
    WITHIN_S,
    book_of,
    opened,
    until,
)
from tests.kept.told_place import rows
from tests.unit.ivr.dialogues.driver_stage import PLAN, plan_of

ANY = plan_of(PLAN)


async def test_a_dialogue_comes_back_whole_and_nothing_of_it_can_be_read_in_a_file(
    place: Place,
) -> None:
    with opened(place) as kept:
        async with book_of(kept) as book:
            book.arrived(SESSION.call, PhoneNumber(NUMBER))
            for token in range(5):
                book.keep(replace(SESSION, token=token), ANY)
            book.keep(SESSION, ANY)
            await until(lambda: [row.turn for row in kept.store.dialogues.all()] == [3])
        contact = kept.store.vault.contact_of("phone", NUMBER)
        assert contact is not None
    files = [file for file in place.run_folder.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"store.db", "people.db", "store.key"}
    for file in files:
        content = file.read_bytes()
        for secret in (SAID, TYPED, NUMBER, NUMBER.removeprefix("+")):
            assert secret.encode() not in content
    with opened(place) as kept:
        assert kept.dialogues[SESSION.call].session == SESSION
        assert kept.dialogues[SESSION.call].contact == contact


def test_a_database_of_people_that_is_busy_at_the_start_costs_no_dialogue(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(place) as kept:
        _keep(kept, SESSION)
        assert read_dialogues(kept.store)

        def busy(*_: object) -> None:
            raise StoreUnavailable("people.db", Trouble.LOCKED)

        with monkeypatch.context() as patch:
            patch.setattr(kept.store.vault, "unseal", busy)
            with pytest.raises(StoreUnavailable):
                read_dialogues(kept.store)
        assert kept.store.journal.flush(WITHIN_S)
        assert [*read_dialogues(kept.store)] == [SESSION.call]


@pytest.mark.parametrize("damage", ["'{]'", "'{}'", "'[]'", "'7'", "x'fffe00'"])
def test_a_dialogue_whose_row_was_damaged_keeps_nobody_from_starting(
    place: Place, damage: str
) -> None:
    other = replace(SESSION, call=CallId("other"))
    with opened(place) as kept:
        _keep(kept, SESSION)
        _keep(kept, other)
    rows(place, f"UPDATE dialogues SET \"values\" = {damage} WHERE call = 'other'")
    with opened(place) as kept:
        assert [*kept.dialogues] == [SESSION.call]
    with opened(place) as kept:  # the damaged one has gone for good
        assert [row.call for row in kept.store.dialogues.all()] == [SESSION.call]


def _keep(kept: Kept, session: Session) -> None:
    contact = kept.store.vault.new_contact()
    blob = kept.store.vault.seal(contact, session.call, json.dumps(session_to_json(session)))
    kept.store.journal.keep_dialogue(
        DialogueRow(session.call, session.node, session.plan, 3, 1.0, (contact,), blob)
    )
    assert kept.store.journal.flush(WITHIN_S)


async def test_a_call_that_is_over_leaves_no_row_and_a_withheld_number_is_a_contact_too(
    place: Place,
) -> None:
    with opened(place) as kept:
        async with book_of(kept) as book:
            book.arrived(SESSION.call, None)
            book.keep(SESSION, ANY)
            await until(lambda: len(kept.store.dialogues.all()) == 1)
            assert kept.store.dialogues.all()[0].values[0]
            book.end(SESSION.call)
            await until(lambda: not kept.store.dialogues.all())


async def test_who_was_erased_on_the_line_is_kept_as_somebody_unknown(place: Place) -> None:
    with opened(place) as kept:
        async with book_of(kept) as book:
            book.arrived(SESSION.call, PhoneNumber(NUMBER))
            book.keep(SESSION, ANY)
            await until(lambda: len(kept.store.dialogues.all()) == 1)
            first = kept.store.dialogues.all()[0].values[0]
            kept.store.vault.erase_person(first)
            assert read_dialogues(kept.store) == {}
            book.keep(replace(SESSION, token=4), ANY)
            await until(lambda: [row.turn for row in kept.store.dialogues.all()] == [4])
            assert kept.store.dialogues.all()[0].values[0] != first


async def test_the_number_of_a_missed_call_becomes_a_contact_and_a_withheld_one_none(
    place: Place,
) -> None:
    with opened(place) as kept:
        keeping = Keeping(kept, lambda: 0.0, ZoneInfo("UTC"))
        contact = await keeping.contact_of(NUMBER)
        assert contact == kept.store.vault.contact_of("phone", NUMBER)
        assert await keeping.contact_of(None) is None
