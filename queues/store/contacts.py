"""Who is who: which contact a number leads to, under which key its values lie, when it ends.

A contact is a person as far as known, by a random id. It is seen when a call of it is told; one not
seen for long enough ends, with its index entries and its key, as if it had never been.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from queues.store.database import Database
from queues.store.envelope import Envelope
from queues.store.errors import StoreError
from queues.store.recent_keys import RecentKeys
from queues.store.tables import contact_index, contacts, last_talks

ID_BYTES: Final = 16
_SEEN_EVERY_S: Final = 86_400.0  # so that not each call is a commit
_LOOK_UP: Final = (
    select(contact_index.c.mac, contact_index.c.contact, contacts.c.seen_at)
    .join(contacts, contacts.c.id == contact_index.c.contact)
    .where(contact_index.c.mac.in_(bindparam("macs", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class _Found:
    """What an index entry leads to; at place 0 is the one of today."""

    place: int
    contact: str
    seen_at: float | None


class ContactUnknown(StoreError):
    """There is no such contact, or the person was erased."""

    code = "contact_unknown"


class Contacts:
    """The contacts with their keys and index entries. Everything raises `StoreUnavailable`.

    Whoever holds `changes` sees nobody made, seen or ended meanwhile.
    """

    def __init__(self, people: Database, envelope: Envelope, wall: Callable[[], float]) -> None:
        self._people = people
        self._envelope = envelope
        self._wall = wall
        self.changes = threading.Lock()
        self._recent = RecentKeys()

    def of(self, kind: str, spellings: Sequence[str], *, create: bool) -> str | None:
        """The contact that is known by a value; its first spelling is the one of today.

        With `create` it is seen now, and made where there is none.
        """
        macs = self._macs(kind, spellings)
        with self._people.read() as connection:
            found = _look_up(connection, macs)
        if found is None and not create:
            return None
        if found is not None and found.place == 0 and not (create and self._is_long_ago(found)):
            return found.contact
        with self.changes, self._people.write() as connection:
            found = _look_up(connection, macs)
            contact = found.contact if found else self._new(connection)
            if found and create:
                self._see(connection, contact)
            # By the first spelling and the newest key from now on, so that no other is needed.
            connection.execute(
                delete(contact_index).where(
                    contact_index.c.mac.in_(macs), contact_index.c.contact == contact
                )
            )
            connection.execute(
                insert(contact_index).values(
                    mac=next(iter(macs)), key_version=self._envelope.versions[0], contact=contact
                )
            )
        return contact

    def new(self, count: int) -> list[str]:
        """Make contacts of whom nothing is known, such as callers without a number."""
        if not count:
            return []
        with self._people.write() as connection:
            return [self._new(connection) for _ in range(count)]

    def key(self, contact: str) -> tuple[int, bytes]:
        """The wrapped key of a contact, and the version that wraps it; raises `ContactUnknown`."""
        known, asked = self._recent.get(contact)
        if known is not None:
            return known
        query = select(contacts.c.key_version, contacts.c.wrapped_key)
        with self._people.read() as connection:
            row = connection.execute(query.where(contacts.c.id == contact)).first()
        if row is None or row.wrapped_key is None:
            raise ContactUnknown("there is no such contact, or the person was erased")
        self._recent.put(contact, (row.key_version, row.wrapped_key), asked)
        return row.key_version, row.wrapped_key

    def erase(self, contact: str) -> bool:
        """Delete index entries, last talks and key; the id stays, as of somebody who was erased.

        Tells whether there was such a contact.
        """
        with self._recent.emptied(), self._people.write() as connection:
            connection.execute(delete(contact_index).where(contact_index.c.contact == contact))
            connection.execute(delete(last_talks).where(last_talks.c.contact == contact))
            erased = connection.execute(
                update(contacts)
                .where(contacts.c.id == contact, contacts.c.wrapped_key.is_not(None))
                .values(wrapped_key=None, erased_at=self._wall())
            )
        return erased.rowcount == 1

    def erased(self) -> list[str]:
        """Everybody who was ever erased."""
        with self._people.read() as connection:
            query = select(contacts.c.id).where(contacts.c.erased_at.is_not(None))
            return list(connection.scalars(query))

    def unseen(self, since: float, now: float) -> list[str]:
        """Contacts that were not seen since then (both in Unix seconds).

        One of a version that did not note it counts as seen when this is first asked.
        """
        never = contacts.c.seen_at.is_(None) & contacts.c.wrapped_key.is_not(None)
        with self._people.write() as connection:
            connection.execute(update(contacts).where(never).values(seen_at=now))
            return list(connection.scalars(select(contacts.c.id).where(_ended(since))))

    def end(self, which: Collection[str], since: float) -> int:
        """Delete those of a few contacts that are still not seen since then; how many."""
        with self._recent.emptied(), self._people.write() as connection:
            # index entries go with the contact
            over = contacts.c.id.in_(which) & _ended(since)
            return connection.execute(delete(contacts).where(over)).rowcount

    def _macs(self, kind: str, spellings: Sequence[str]) -> dict[bytes, int]:
        """Every index entry that may lead to it, the best first, with its place in the order."""
        found = [mac for each in spellings for mac in self._envelope.macs(kind, normal(kind, each))]
        return {mac: place for place, mac in enumerate(dict.fromkeys(found))}

    def _is_long_ago(self, found: _Found) -> bool:
        return found.seen_at is None or abs(self._wall() - found.seen_at) > _SEEN_EVERY_S

    def _see(self, connection: Connection, contact: str) -> None:
        which = contacts.c.id == contact
        connection.execute(update(contacts).where(which).values(seen_at=self._wall()))

    def _new(self, connection: Connection) -> str:
        contact = secrets.token_hex(ID_BYTES)
        version, wrapped = self._envelope.new_key(contact)
        connection.execute(
            insert(contacts).values(
                id=contact, wrapped_key=wrapped, key_version=version, seen_at=self._wall()
            )
        )
        return contact


def normal(kind: str, value: str) -> str:
    """What of a number or an address is looked up; raises ValueError, without quoting it."""
    check_text(value)
    text = unicodedata.normalize("NFKC", value).strip()
    if kind == "phone":
        digits = "".join(letter for letter in text if letter in "0123456789")
        text = f"+{digits}" if text.startswith("+") and digits else digits
    else:
        text = text.casefold()
    if not text:
        raise ValueError(f"the {kind} of a contact is empty")
    return text


def check_text(value: str) -> None:
    """Raise ValueError for what cannot be written."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("a value of the vault holds half of a character") from None


def _look_up(connection: Connection, macs: dict[bytes, int]) -> _Found | None:
    rows = connection.execute(_LOOK_UP, {"macs": list(macs)})
    found = (_Found(macs[mac], contact, seen_at) for mac, contact, seen_at in rows)
    return min(found, key=lambda each: each.place, default=None)


def _ended(since: float) -> ColumnElement[bool]:
    return contacts.c.wrapped_key.is_not(None) & (contacts.c.seen_at < since)
