"""The key file: made once, ours alone, never replaced while something needs it."""

from __future__ import annotations

import base64
import os
import secrets
import stat
from pathlib import Path

import pytest

from queues.store import DataClass, KeyUnusable, StoreUnusable
from queues.store.key_file import make_keys, read_keys
from tests.store.places import Place

LATER = 4e9
PHONE = "+4930555019283746"


def used(place: Place) -> tuple[str, str]:
    """A store with a contact and a value of it."""
    with place.opened() as store:
        contact = store.vault.contact_of("phone", PHONE, create=True)
        return contact, store.vault.put(contact, DataClass.PERSONAL, "hello", LATER)


def test_the_first_start_makes_a_key(place: Place) -> None:
    place.open().close()
    assert stat.S_IMODE(place.key_file.stat().st_mode) == 0o600
    version, _, key = place.key_file.read_text().strip().partition(":")
    assert version == "1"
    assert len(base64.b64decode(key, validate=True)) == 32
    text = place.key_file.read_text()
    place.open().close()
    assert place.key_file.read_text() == text


def test_a_missing_key_is_refused_once_there_are_contacts(place: Place) -> None:
    contact, value = used(place)
    kept = place.key_file.rename(place.folder / "kept.key")
    with pytest.raises(KeyUnusable, match=r"store\.key: the key file is missing.*put back a copy"):
        place.open()
    assert not place.key_file.exists()
    kept.rename(place.key_file)
    with place.opened() as store:
        assert store.vault.contact_of("phone", PHONE) == contact
        assert store.vault.get(value) == "hello"


def test_a_missing_key_is_made_anew_when_nobody_needs_the_old_one(place: Place) -> None:
    with place.opened() as store:
        store.vault.erase_person(store.vault.new_contact())
    place.key_file.unlink()
    used(place)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_may_read_is_refused(file_place: Place, mode: int) -> None:
    file_place.open().close()
    file_place.key_file.chmod(mode)
    with pytest.raises(KeyUnusable, match=rf"mode {mode:04o}, expected 0600.*chmod 0600"):
        file_place.open()


def test_another_key_is_refused(place: Place) -> None:
    used(place)
    place.key_file.unlink()
    make_keys(place.key_file)
    with pytest.raises(KeyUnusable, match=r"is not the key that .* was made with"):
        place.open()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("hello\n", r":1: is no key"),
        ("1:c2hvcnQ=\n", r":1: is no key"),
        ("one:" + "A" * 43 + "=\n", r":1: is no key"),
        (("1:" + "A" * 43 + "=\n") * 2, r":2: is no key"),
    ],
)
def test_a_key_file_that_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "store.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyUnusable, match=says) as raised:
        read_keys(path)
    assert "AAAA" not in str(raised.value)


def test_a_link_is_no_key_file(tmp_path: Path) -> None:
    make_keys(tmp_path / "store.key")
    (tmp_path / "link.key").symlink_to(tmp_path / "store.key")
    with pytest.raises(KeyUnusable, match="and no link"):
        read_keys(tmp_path / "link.key")


def test_a_folder_in_the_place_of_the_key_file_is_called_one(place: Place) -> None:
    used(place)
    place.key_file.unlink()
    place.key_file.mkdir(mode=0o700)
    with pytest.raises(KeyUnusable, match=r"store\.key: is a folder.*move it away.*put back"):
        place.open()
    assert list(place.key_file.iterdir()) == []


def test_a_key_is_never_made_over_another(tmp_path: Path) -> None:
    path = tmp_path / "store.key"
    make_keys(path)
    before = path.read_bytes()
    with pytest.raises(KeyUnusable, match="cannot be made"):
        make_keys(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["store.key"]


def test_keys_are_not_shown(tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "store.key")
    assert repr(keys) == "MasterKeys(versions=[1])"


def add_key(place: Place) -> None:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    with place.key_file.open("a") as file:
        file.write(f"2:{key}\n")


def test_a_newer_key_is_used_for_what_is_new_and_the_old_one_for_the_rest(place: Place) -> None:
    contact, value = used(place)
    add_key(place)
    with place.opened() as store:
        assert store.vault.get(value) == "hello"
        assert store.vault.contact_of("phone", PHONE) == contact
        store.vault.contact_of("phone", "+49123", create=True)
    versions = "SELECT key_version FROM {} ORDER BY 1"
    assert place.say_to_people(versions.format("contacts")) == [(1,), (2,)]
    # Who was looked up once is found by the newer key from then on.
    assert place.say_to_people(versions.format("contact_index")) == [(2,), (2,)]


def test_an_old_key_that_is_still_needed_is_missed(place: Place) -> None:
    used(place)
    add_key(place)
    second = place.key_file.read_text().splitlines()[1]
    place.key_file.write_text(second + "\n")
    with pytest.raises(KeyUnusable, match=r"lacks the key of version 1"):
        place.open()


def test_lost_keys_of_people_are_refused_and_nothing_is_made_in_their_place(place: Place) -> None:
    used(place)
    for path in place.folder.glob("people.db*"):
        path.rename(place.folder.parent / path.name)
    with pytest.raises(StoreUnusable, match=r"people\.db: is missing or empty, .* put back a copy"):
        place.open()
    for path in place.folder.glob("people.db*"):
        path.unlink()
    for path in place.folder.parent.glob("people.db*"):
        path.rename(place.folder / path.name)
    with place.opened() as store:
        assert store.vault.contact_of("phone", PHONE) is not None


def test_people_of_another_store_are_refused(file_place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path / "other", f"sqlite:///{tmp_path / 'other' / 'store.db'}")
    used(file_place)
    used(other)
    for path in (other.folder / "people.db", other.key_file):
        os.replace(path, file_place.folder / path.name)
    with pytest.raises(StoreUnusable, match=r"people\.db: belongs to another database"):
        file_place.open()
