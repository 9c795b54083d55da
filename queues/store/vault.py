"""Where personal values lie, under which contact, for how long, and how a person is erased.

A contact is a person as far as known, by a random id. Everybody else knows that id or the id of a
value; what a value says leaves only through `get`.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, overload

import structlog
from sqlalchemy import Connection, delete, insert, select

from queues.store.believed import is_believed
from queues.store.contacts import ID_BYTES, Contacts, ContactUnknown, check_text
from queues.store.database import Database
from queues.store.envelope import Envelope, SealBroken
from queues.store.errors import StoreError, StoreUnavailable
from queues.store.tables import dialogues, missed_calls, vault

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
        # Its `changes`: no value is put while its person is being erased, or a contact ends.
        self._contacts = Contacts(people, envelope, wall)
        self._walked = False  # over all who were ever erased: once, for a store that was restored
        self._undeleted: set[str] = set()  # erased, and their values could not be deleted
        # A service before us may have erased somebody, and not come to empty the logs.
        self._unshredded = True

    @overload
    def contact_of(
        self, kind: str, value: str, *, create: Literal[True], former: Sequence[str] = ()
    ) -> str: ...
    @overload
    def contact_of(
        self, kind: str, value: str, *, create: bool = False, former: Sequence[str] = ()
    ) -> str | None: ...
    def contact_of(
        self, kind: str, value: str, *, create: bool = False, former: Sequence[str] = ()
    ) -> str | None:
        """Give the contact that a number or an address (`kind`) is known to belong to.

        One that was kept under a `former` spelling is found too, and kept under `value` from then
        on. With `create` the contact is seen now. Raises ValueError, without quoting it, for a
        value that is empty or no text.
        """
        return self._contacts.of(kind, (value, *former), create=create)

    def new_contact(self) -> str:
        """Make a contact of whom nothing is known, such as a caller without a number."""
        return self._contacts.new(1)[0]

    def new_contacts(self, count: int) -> list[str]:
        """Make so many of them, at once."""
        return self._contacts.new(count)

    def put(self, contact: str, data_class: DataClass, value: str, expires_at: float) -> str:
        """Keep a value until `expires_at` (Unix seconds), and give its id.

        Raises `ContactUnknown`; ValueError, without quoting it, for what is no text.
        """
        check_text(value)
        value_id = secrets.token_hex(ID_BYTES)
        with self._contacts.changes:
            version, wrapped = self._contacts.key(contact)
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
            version, wrapped = self._contacts.key(row.contact)
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
        check_text(text)
        version, wrapped = self._contacts.key(contact)
        sealed = self._envelope.seal(contact, version, wrapped, _sealed_as(about), text)
        return base64.b64encode(sealed).decode()

    def unseal(self, contact: str, about: str, sealed: str) -> str | None:
        """Give what `seal` was given; None when the person was erased. Raises `ValueUnreadable`."""
        try:
            version, wrapped = self._contacts.key(contact)
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
        with self._contacts.changes:
            is_known = self._contacts.erase(contact)
            self._unshredded = True
            try:
                self._delete_erased([contact])
            except StoreUnavailable as error:  # noise without its key; `expire` deletes it
                self._undeleted.add(contact)
                _log.warning("erased values are deleted later", trouble=error.trouble)
            self._shred()
        if not is_known:
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
            erased = self._contacts.erased()
        count = self._delete_erased(erased)
        self._walked = True
        self._undeleted.difference_update(erased)
        with self._store.write() as connection:
            if is_believed(connection, now):
                over = delete(vault).where(vault.c.expires_at <= now)
                count += connection.execute(over).rowcount
            else:
                _log.warning("the clock leapt days ahead; no value is deleted by it yet")
        with self._contacts.changes:
            self._shred()
        return count

    def end_contacts(self, now: float, keep_s: float) -> int:
        """End contacts that were not seen for `keep_s` seconds before `now`; how many.

        Nobody ends of whom a value is kept, whose dialogue lives, or who is to be called back; and
        nobody while the clock is not believed: see `believed.py`.
        """
        with self._store.write() as connection:
            if not is_believed(connection, now):
                return 0
        since, count = now - keep_s, 0
        unseen = self._contacts.unseen(since, now)
        for start in range(0, len(unseen), _AT_ONCE):
            some = unseen[start : start + _AT_ONCE]
            with self._contacts.changes:
                with self._store.read() as connection:
                    needed = _needed(connection, some, now)
                some = [contact for contact in some if contact not in needed]
                if some:
                    self._unshredded = True
                count += self._contacts.end(some, since)
                self._delete_erased(some)
        with self._contacts.changes:
            self._shred()
        return count

    def _delete_erased(self, erased: list[str]) -> int:
        count = 0
        for start in range(0, len(erased), _AT_ONCE):
            some = erased[start : start + _AT_ONCE]
            with self._store.write() as connection:
                count += connection.execute(delete(vault).where(vault.c.contact.in_(some))).rowcount
        return count


def _about(value_id: str, data_class: DataClass) -> str:
    return f"freizeichen value {value_id} {data_class.value}"


def _sealed_as(about: str) -> str:
    return f"freizeichen sealed {about}"


def _needed(connection: Connection, some: list[str], now: float) -> set[str]:
    """Those of some contacts whom something in the store still needs."""
    kept = select(vault.c.contact).where(vault.c.contact.in_(some), vault.c.expires_at > now)
    missed = select(missed_calls.c.contact).where(missed_calls.c.contact.in_(some))
    living = connection.scalars(select(dialogues.c["values"]))
    return {
        *connection.scalars(kept),
        *filter(None, connection.scalars(missed)),
        *(contact for values in living for contact in json.loads(values)),
    }
