"""Where personal values lie, under which contact, for how long, and how a person is erased.

A contact is a person as far as known, by a random id. Everybody else knows that id or the id of a
value; what a value says leaves only through `get`.
"""

from __future__ import annotations

import base64
import secrets
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, overload

import structlog
from sqlalchemy import Connection, delete, insert, select, update

from queues.store.believed import is_believed
from queues.store.database import Database
from queues.store.envelope import Envelope, SealBroken
from queues.store.errors import StoreError, StoreUnavailable
from queues.store.tables import contact_index, contacts, vault

_ID_BYTES: Final = 16
_AT_ONCE: Final = 500
_log = structlog.get_logger("queues.store")


class DataClass(StrEnum):
    """How a value is to be treated; the class decides on retention and on who may look."""

    STANDARD = "standard"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105  (the name of a class)


class Erasure(StrEnum):
    """What became of the erasure of a person."""

    DONE = "done"
    LOG_REMAINS = "log_remains"  # somebody read just then: `expire` and the next opening try again
    UNKNOWN = "unknown"  # there is no such contact, or it was erased before


class ContactUnknown(StoreError):
    """There is no such contact, or the person was erased."""

    code = "contact_unknown"


class ValueUnreadable(StoreError):
    """A value does not open under its contact's key: it was altered or comes from elsewhere."""

    code = "value_unreadable"


@dataclass(frozen=True, slots=True)
class KeptValue:
    """That something is kept of a contact, and until when (Unix seconds), not what it says."""

    id: str
    contact: str
    data_class: DataClass
    expires_at: float


class Vault:
    """Personal values of contacts. Everything raises `StoreUnavailable`."""

    def __init__(
        self,
        store: Database,
        people: Database,
        envelope: Envelope,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._people = people
        self._envelope = envelope
        self._wall = wall
        self._changes = threading.Lock()  # no value is put while its person is being erased
        self._walked = False  # over all who were ever erased: once, for a store that was restored
        self._undeleted: set[str] = set()  # erased, and their values could not be deleted
        # A service before us may have erased somebody, and not come to empty the logs.
        self._unshredded = True

    @overload
    def contact_of(self, kind: str, value: str, *, create: Literal[True]) -> str: ...
    @overload
    def contact_of(self, kind: str, value: str, *, create: bool = False) -> str | None: ...
    def contact_of(self, kind: str, value: str, *, create: bool = False) -> str | None:
        """Give the contact that a number or an address (`kind`) is known to belong to.

        Raises ValueError, without quoting it, for a value that is empty or no text.
        """
        macs = self._envelope.macs(kind, _normalised(kind, value))
        with self._people.read() as connection:
            found = _look_up(connection, macs)
        newest = self._envelope.versions[0]
        if found is None and not create:
            return None
        if found is not None and found[1] == newest:
            return found[0]
        with self._changes, self._people.write() as connection:
            found = _look_up(connection, macs)
            contact = found[0] if found else self._new_contact(connection)
            # Under the newest key too, so that an old one is needed no longer once it was seen.
            connection.execute(delete(contact_index).where(contact_index.c.mac.in_(macs)))
            connection.execute(
                insert(contact_index).values(
                    mac=next(iter(macs)), key_version=newest, contact=contact
                )
            )
        return contact

    def new_contact(self) -> str:
        """Make a contact of whom nothing is known, such as a caller without a number."""
        with self._people.write() as connection:
            return self._new_contact(connection)

    def put(self, contact: str, data_class: DataClass, value: str, expires_at: float) -> str:
        """Keep a value until `expires_at` (Unix seconds), and give its id.

        Raises `ContactUnknown`; ValueError, without quoting it, for what is no text.
        """
        _check_text(value)
        value_id = secrets.token_hex(_ID_BYTES)
        with self._changes:
            version, wrapped = self._key(contact)
            about = _about(value_id, data_class)
            with self._store.write() as connection:
                connection.execute(
                    insert(vault).values(
                        id=value_id,
                        contact=contact,
                        data_class=data_class.value,
                        ciphertext=self._envelope.seal(contact, version, wrapped, about, value),
                        expires_at=expires_at,
                    )
                )
        return value_id

    def get(self, value_id: str) -> str | None:
        """Give what a value says; None when it is unknown, expired, or its person was erased.

        Raises `ValueUnreadable`.
        """
        with self._store.read() as connection:
            row = connection.execute(select(vault).where(vault.c.id == value_id)).first()
        if row is None or row.expires_at <= self._wall():
            return None
        about = _about(value_id, DataClass(row.data_class))
        try:
            version, wrapped = self._key(row.contact)
            return self._envelope.open(row.contact, version, wrapped, about, row.ciphertext)
        except ContactUnknown:
            return None
        except SealBroken:
            raise ValueUnreadable(
                f"value {value_id} of the vault cannot be opened; restore a backup of both "
                "databases made at one time"
            ) from None

    def seal(self, contact: str, about: str, text: str) -> str:
        """Give a text so that it may lie outside of the vault: only `unseal` gives it back.

        It is bound to its contact, whose erasure ends it too, and to `about`: in another place it
        does not open. Raises `ContactUnknown`; ValueError, without quoting it, for what is no text.
        """
        _check_text(text)
        version, wrapped = self._key(contact)
        sealed = self._envelope.seal(contact, version, wrapped, _sealed_as(about), text)
        return base64.b64encode(sealed).decode()

    def unseal(self, contact: str, about: str, sealed: str) -> str | None:
        """Give what `seal` was given; None when the person was erased. Raises `ValueUnreadable`."""
        try:
            version, wrapped = self._key(contact)
            text = base64.b64decode(sealed, validate=True)
            return self._envelope.open(contact, version, wrapped, _sealed_as(about), text)
        except ContactUnknown:
            return None
        except (SealBroken, ValueError):
            raise ValueUnreadable(
                "a sealed text cannot be opened; restore a backup of both databases made at one "
                "time"
            ) from None

    def kept_of(self, contact: str) -> tuple[KeptValue, ...]:
        """What is kept of a contact, the soonest to expire first."""
        columns = (vault.c.id, vault.c.contact, vault.c.data_class, vault.c.expires_at)
        query = select(*columns).where(vault.c.contact == contact).order_by(vault.c.expires_at)
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            KeptValue(r.id, r.contact, DataClass(r.data_class), r.expires_at) for r in rows
        )

    def erase_person(self, contact: str) -> Erasure:
        """Delete a contact's key, index entries and values for good; tell what became of that.

        The key goes first: from then on nothing opens any more, in no backup of the store either.
        """
        with self._changes:
            with self._people.write() as connection:
                connection.execute(delete(contact_index).where(contact_index.c.contact == contact))
                erased = connection.execute(
                    update(contacts)
                    .where(contacts.c.id == contact, contacts.c.wrapped_key.is_not(None))
                    .values(wrapped_key=None, erased_at=self._wall())
                )
            self._unshredded = True
            try:
                self._delete_erased([contact])
            except StoreUnavailable as error:  # noise without its key; `expire` deletes it
                self._undeleted.add(contact)
                _log.warning("erased values are deleted later", trouble=error.trouble)
            self._shred()
        if erased.rowcount != 1:
            return Erasure.UNKNOWN
        return Erasure.LOG_REMAINS if self._unshredded else Erasure.DONE

    def _shred(self) -> None:
        """Empty the logs of what was deleted, if that is still to be done."""
        if not self._unshredded:
            return
        try:
            is_done = [database.shred() for database in (self._people, self._store)]
        except StoreUnavailable as error:
            is_done = [False]
            _log.warning("a log was not emptied", trouble=error.trouble)
        self._unshredded = not all(is_done)
        if self._unshredded:
            _log.warning("what was erased may still lie in a log on the disk; it is tried again")

    def expire(self, now: float) -> int:
        """Delete values whose time is over (Unix seconds), and what an erasure left; how many.

        Values are left while `now` leaps days ahead of the last time: see `believed.py`. What an
        erasure left in a log on the disk goes too, if nobody reads just then.
        """
        erased = list(self._undeleted)
        if not self._walked:
            with self._people.read() as connection:
                who = select(contacts.c.id).where(contacts.c.erased_at.is_not(None))
                erased = list(connection.scalars(who))
        count = self._delete_erased(erased)
        self._walked = True
        self._undeleted.difference_update(erased)
        with self._store.write() as connection:
            if is_believed(connection, now):
                over = delete(vault).where(vault.c.expires_at <= now)
                count += connection.execute(over).rowcount
            else:
                _log.warning("the clock leapt days ahead; no value is deleted by it yet")
        with self._changes:
            self._shred()
        return count

    def _delete_erased(self, erased: list[str]) -> int:
        count = 0
        for start in range(0, len(erased), _AT_ONCE):
            some = erased[start : start + _AT_ONCE]
            with self._store.write() as connection:
                count += connection.execute(delete(vault).where(vault.c.contact.in_(some))).rowcount
        return count

    def _new_contact(self, connection: Connection) -> str:
        contact = secrets.token_hex(_ID_BYTES)
        version, wrapped = self._envelope.new_key(contact)
        connection.execute(
            insert(contacts).values(id=contact, wrapped_key=wrapped, key_version=version)
        )
        return contact

    def _key(self, contact: str) -> tuple[int, bytes]:
        query = select(contacts.c.key_version, contacts.c.wrapped_key)
        with self._people.read() as connection:
            row = connection.execute(query.where(contacts.c.id == contact)).first()
        if row is None or row.wrapped_key is None:
            raise ContactUnknown("there is no such contact, or the person was erased")
        return row.key_version, row.wrapped_key


def _look_up(connection: Connection, macs: dict[bytes, int]) -> tuple[str, int] | None:
    rows = connection.execute(
        select(contact_index.c.contact, contact_index.c.key_version)
        .where(contact_index.c.mac.in_(macs))
        .order_by(contact_index.c.key_version.desc())
    ).first()
    return (rows.contact, rows.key_version) if rows else None


def _about(value_id: str, data_class: DataClass) -> str:
    return f"freizeichen value {value_id} {data_class.value}"


def _sealed_as(about: str) -> str:
    return f"freizeichen sealed {about}"


def _normalised(kind: str, value: str) -> str:
    """One spelling for what is one number or address."""
    _check_text(value)
    text = unicodedata.normalize("NFKC", value).strip()
    if kind == "phone":
        digits = "".join(letter for letter in text if letter in "0123456789")
        text = f"+{digits}" if text.startswith("+") and digits else digits
    else:
        text = text.casefold()
    if not text:
        raise ValueError(f"the {kind} of a contact is empty")
    return text


def _check_text(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("a value of the vault holds half of a character") from None
