"""The vault: who is who, what is kept of whom, and that an erased person is gone for good."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from queues.store import (
    ContactUnknown,
    DataClass,
    Erasure,
    Store,
    StoreError,
    ValueUnreadable,
)
from queues.store.tables import contact_index, contacts, vault
from queues.store.vault import Vault
from tests.store.places import DAY_S, Place, row, write

NOW = 1_700_000_000.0
LATER = NOW + DAY_S
PHONE = "+4930555019283746"
SENTENCE = "Meine Heizung ist kalt, Sentinel Zwölf"


def opened_at(place: Place, now: float = NOW) -> Store:
    return place.open(wall=lambda: now)


def test_a_number_leads_to_one_random_contact_for_ever(place: Place) -> None:
    store = opened_at(place)
    assert store.vault.contact_of("phone", PHONE) is None
    contact = store.vault.contact_of("phone", PHONE, create=True)
    assert len(bytes.fromhex(contact)) == 16
    assert store.vault.contact_of("phone", PHONE, create=True) == contact
    assert store.vault.contact_of("phone", PHONE + "1") is None
    assert store.vault.contact_of("email", PHONE) is None
    store.close()
    store = opened_at(place)
    assert store.vault.contact_of("phone", PHONE) == contact
    store.close()


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("phone", "+49 (30) 555-0192", "+49305550192"),
        ("phone", "030 / 555 01 92", "0305550192"),
        ("email", "Anna@Example.org ", "anna@example.org"),
        ("email", "u\u0308ber@example.org", "\u00fcber@example.org"),
    ],
)
def test_one_number_or_address_has_one_spelling(
    file_place: Place, kind: str, one: str, other: str
) -> None:
    with file_place.opened() as store:
        contact = store.vault.contact_of(kind, one, create=True)
        assert store.vault.contact_of(kind, other) == contact


def test_callers_without_a_number_are_contacts_of_their_own(file_place: Place) -> None:
    with file_place.opened() as store:
        assert store.vault.new_contact() != store.vault.new_contact()
        with pytest.raises(ValueError, match="the phone of a contact is empty"):
            store.vault.contact_of("phone", " - ", create=True)


def test_a_value_is_kept_until_its_time_is_over(place: Place) -> None:
    store = opened_at(place)
    contact = store.vault.new_contact()
    soon = store.vault.put(contact, DataClass.SECRET, "1234", NOW + 10)
    late = store.vault.put(contact, DataClass.PERSONAL, SENTENCE, LATER)
    assert (store.vault.get(soon), store.vault.get(late)) == ("1234", SENTENCE)
    assert store.vault.get("unknown") is None
    kept = store.vault.kept_of(contact)
    assert [(value.id, value.data_class) for value in kept] == [
        (soon, DataClass.SECRET),
        (late, DataClass.PERSONAL),
    ]
    assert store.vault.expire(NOW + 10) == 1
    assert [value.id for value in store.vault.kept_of(contact)] == [late]
    store.close()
    store = opened_at(place, LATER)  # opening deletes what expired meanwhile
    assert store.vault.kept_of(contact) == ()
    assert store.vault.get(late) is None
    store.close()


def test_an_expired_value_is_not_given_before_it_is_deleted_either(file_place: Place) -> None:
    now = NOW
    with file_place.opened(wall=lambda: now) as store:
        contact = store.vault.new_contact()
        value = store.vault.put(contact, DataClass.STANDARD, "x", NOW + 1)
        now = NOW + 1
        assert store.vault.get(value) is None


def test_a_value_needs_a_contact_that_is_known(place: Place) -> None:
    with place.opened() as store, pytest.raises(ContactUnknown):
        store.vault.put("0" * 32, DataClass.STANDARD, "x", LATER)


def test_a_person_who_is_erased_is_gone_and_the_journal_is_whole(place: Place) -> None:
    store = opened_at(place)
    contact = store.vault.contact_of("phone", PHONE, create=True)
    store.vault.contact_of("email", "a@b", create=True)
    value = store.vault.put(contact, DataClass.PERSONAL, SENTENCE, LATER)
    other = store.vault.new_contact()
    others = store.vault.put(other, DataClass.PERSONAL, "still here", LATER)
    write(store, row(1, about=contact))
    assert store.vault.erase_person(contact) is Erasure.DONE
    assert store.vault.erase_person(contact) is Erasure.UNKNOWN
    assert store.vault.erase_person("unknown") is Erasure.UNKNOWN
    assert store.vault.get(value) is None
    assert store.vault.kept_of(contact) == ()
    assert store.vault.contact_of("phone", PHONE) is None
    with pytest.raises(ContactUnknown):
        store.vault.put(contact, DataClass.PERSONAL, "again", LATER)
    assert store.vault.get(others) == "still here"
    assert [found.subject for found in store.read_journal()] == [contact]
    # Whoever calls again is somebody new.
    assert store.vault.contact_of("phone", PHONE, create=True) != contact
    store.close()


def test_a_backup_made_before_an_erasure_can_be_read_for_everybody_else_only(
    file_place: Place,
) -> None:
    store = opened_at(file_place)
    contact = store.vault.contact_of("phone", PHONE, create=True)
    other = store.vault.contact_of("phone", "+491", create=True)
    value = store.vault.put(contact, DataClass.PERSONAL, SENTENCE, LATER)
    others = store.vault.put(other, DataClass.PERSONAL, "still here", LATER)
    store.close()
    backup = file_place.folder.parent / "backup.db"
    shutil.copy(file_place.file, backup)
    store = opened_at(file_place)
    store.vault.erase_person(contact)
    store.close()
    shutil.copy(backup, file_place.file)
    store = opened_at(file_place)
    assert store.vault.get(value) is None
    assert store.vault.kept_of(contact) == ()  # opening has deleted it once more
    assert store.vault.contact_of("phone", PHONE) is None
    assert store.vault.get(others) == "still here"
    assert store.vault.contact_of("phone", "+491") == other
    store.close()


def test_what_was_erased_is_in_no_file_any_more(file_place: Place) -> None:
    store = opened_at(file_place)
    contact = store.vault.contact_of("phone", PHONE, create=True)
    for _ in range(20):
        store.vault.put(contact, DataClass.PERSONAL, SENTENCE, LATER)
    with store._databases[0].read() as connection:
        sealed = list(connection.scalars(select(vault.c.ciphertext)))
    with store._databases[1].read() as connection:
        macs = list(connection.scalars(select(contact_index.c.mac)))
    assert len(sealed) == 20
    assert len(macs) == 1
    store.vault.erase_person(contact)
    everything = b"".join(path.read_bytes() for path in file_place.folder.glob("*.db*"))
    store.close()
    assert not [text for text in (*sealed, *macs) if text[:24] in everything]


def test_an_erasure_that_was_broken_off_is_finished_at_the_next_start(file_place: Place) -> None:
    store = opened_at(file_place)
    contact = store.vault.new_contact()
    store.vault.put(contact, DataClass.PERSONAL, SENTENCE, LATER)
    store.close()
    # As a kill leaves it between the deletion of the key and that of the values.
    file_place.say_to_people("UPDATE contacts SET wrapped_key = NULL, erased_at = 1")
    store = opened_at(file_place)
    assert store.vault.kept_of(contact) == ()
    store.close()


def test_a_value_that_was_moved_to_another_row_does_not_open(place: Place) -> None:
    store = opened_at(place)
    contact = store.vault.new_contact()
    one = store.vault.put(contact, DataClass.PERSONAL, SENTENCE, LATER)
    two = store.vault.put(contact, DataClass.PERSONAL, "other", LATER)
    place.say(
        f"UPDATE vault SET ciphertext = (SELECT ciphertext FROM vault WHERE id = '{one}')"
        f" WHERE id = '{two}'"
    )
    place.say(f"UPDATE vault SET data_class = 'standard' WHERE id = '{one}'")
    for value in (one, two):
        with pytest.raises(ValueUnreadable, match=rf"value {value} of the vault cannot be opened"):
            store.vault.get(value)
    store.close()


def plant(place: Place) -> tuple[list[object], list[object]]:
    """Take a sentinel number and a sentinel sentence through everything; give errors and logs."""
    shown: list[object] = []
    with capture_logs() as logs:
        store = opened_at(place)
        contact = store.vault.contact_of("phone", PHONE, create=True)
        for data_class in DataClass:
            value = store.vault.put(contact, data_class, SENTENCE, LATER)
            store.vault.put(contact, data_class, PHONE, LATER)
        write(store, row(1, about=contact), row(2, about=value))
        shown += [store.vault, store.vault.kept_of(contact), vars(store.vault)]
        place.say(f"UPDATE vault SET data_class = 'secret' WHERE id <> '{value}'")
        place.say("ALTER TABLE vault RENAME TO elsewhere")
        for act in (
            lambda: store.vault.put(contact, DataClass.SECRET, SENTENCE, LATER),
            lambda: store.vault.put("nobody " + PHONE, DataClass.SECRET, SENTENCE, LATER),
            lambda: store.vault.put(contact, DataClass.SECRET, SENTENCE + "\ud800", LATER),
            lambda: store.vault.contact_of("phone", PHONE + "\ud800", create=True),
            lambda: store.vault.get(value),
        ):
            with pytest.raises((StoreError, ValueError)) as raised:
                act()
            error: BaseException | None = raised.value
            while error is not None:
                shown += [error, vars(error)]
                error = error.__cause__ or (
                    None if error.__suppress_context__ else error.__context__
                )
        place.say("ALTER TABLE elsewhere RENAME TO vault")
    return shown, [*logs, store]


def test_sentinels_are_in_no_file_no_log_and_no_error(file_place: Place) -> None:
    shown, (*logs, store) = plant(file_place)
    assert isinstance(store, Store)
    files = [path for path in file_place.folder.rglob("*") if path.is_file()]
    assert {"store.db", "store.db-wal", "people.db", "people.db-wal"} <= {f.name for f in files}
    check_clean(b"".join(path.read_bytes() for path in files))
    check_clean(f"{shown!r} {[str(each) for each in shown]} {logs!r}".encode())
    store.close()
    check_clean(b"".join(path.read_bytes() for path in file_place.folder.rglob("*.db*")))


def test_sentinels_are_in_no_file_and_no_log_of_the_server(server_place: Place) -> None:
    shown, (*logs, store) = plant(server_place)
    assert isinstance(store, Store)
    assert server_place.server is not None
    server_place.say("CHECKPOINT")
    folder = server_place.server.socket.parent
    held = b"".join(
        path.read_bytes()
        for path in (*folder.rglob("base/*/*"), *folder.rglob("pg_wal/*"), folder / "log")
        if stat.S_ISREG(path.lstat().st_mode)
    )
    assert b"call_queued" in held  # the journal is in what was looked through
    check_clean(held)
    check_clean(f"{shown!r} {[str(each) for each in shown]} {logs!r}".encode())
    store.close()


def check_clean(everything: bytes) -> None:
    for sentinel in (PHONE.removeprefix("+"), "Sentinel", "Heizung"):
        for encoding in ("utf-8", "utf-16-le"):
            assert sentinel.encode(encoding) not in everything


def test_a_sealed_text_opens_for_its_contact_in_its_own_place_alone(place: Place) -> None:
    store = opened_at(place)
    contact, other = store.vault.new_contact(), store.vault.new_contact()
    sealed = store.vault.seal(contact, "call-1", SENTENCE)
    assert SENTENCE not in sealed
    assert store.vault.unseal(contact, "call-1", sealed) == SENTENCE
    for who, about, text in (
        (other, "call-1", sealed),
        (contact, "call-2", sealed),
        (contact, "call-1", "AAAA" + sealed[4:]),
        (contact, "call-1", "no base64"),
    ):
        with pytest.raises(ValueUnreadable) as caught:
            store.vault.unseal(who, about, text)
        assert SENTENCE not in str(caught.value)
    store.vault.erase_person(contact)
    assert store.vault.unseal(contact, "call-1", sealed) is None
    with pytest.raises(ContactUnknown):
        store.vault.seal(contact, "call-1", SENTENCE)
    store.close()


@contextmanager
def somebody_reads(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM contacts").fetchone()
        yield


@pytest.mark.parametrize("again", ["by the daily round", "by the next start"])
def test_a_key_that_a_reader_kept_in_the_log_is_told_of_and_goes_later(
    file_place: Place, again: str
) -> None:
    store = opened_at(file_place)
    contact = store.vault.contact_of("phone", PHONE, create=True)
    with store.vault._people.read() as connection:
        key = connection.scalar(select(contacts.c.wrapped_key).where(contacts.c.id == contact))
    assert key
    files = file_place.folder.iterdir
    with somebody_reads(file_place.folder / "people.db"), capture_logs() as logs:
        assert store.vault.erase_person(contact) is Erasure.LOG_REMAINS
        assert any("may still lie in a log" in line["event"] for line in logs)
        assert any(key in path.read_bytes() for path in files() if path.is_file())
        if again == "by the next start":
            store.close()
    if again == "by the next start":
        store = opened_at(file_place)
    else:
        store.vault.expire(NOW)
    assert not any(key in path.read_bytes() for path in files() if path.is_file())
    store.close()


def test_a_clock_that_leaps_days_ahead_deletes_nothing_at_first_sight(place: Place) -> None:
    store = opened_at(place)
    contact = store.vault.new_contact()
    kept = store.vault.put(contact, DataClass.PERSONAL, SENTENCE, NOW + 20 * DAY_S)
    far = NOW + 400 * DAY_S
    with capture_logs() as logs:
        assert store.vault.expire(far) == store.vault.expire(far + 1) == 0
    assert sum("leapt" in line["event"] for line in logs) == 2
    assert store.vault.expire(NOW + 60) == 0  # the clock was put right
    assert store.vault.get(kept) == SENTENCE
    store.close()
    store = opened_at(place, far)
    assert store.vault.kept_of(contact)
    assert store.vault.expire(far + 600) == 1  # it stays so: it is true
    store.close()


def test_only_the_first_round_goes_through_all_who_were_ever_erased(
    file_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened_at(file_place)
    for _ in range(3):
        store.vault.erase_person(store.vault.new_contact())
    store.close()
    rounds: list[int] = []
    whole = Vault._delete_erased

    def counted(vault: Vault, erased: list[str]) -> int:
        rounds.append(len(erased))
        return whole(vault, erased)

    monkeypatch.setattr(Vault, "_delete_erased", counted)
    store = opened_at(file_place)
    store.vault.expire(NOW)
    assert rounds == [3, 0]
    store.close()
