"""The databases: whether they open, whether the next start upgrades them, and the key file."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, warning
from ivr.doctor.house import START_IT, House
from ivr.keeping.kept import key_file, store_url
from queues.store import SeenStore, StoreError, see_keys, see_store

_MADE_LATER = "they are made at the first start; look again after it"


def seen_store(house: House) -> SeenStore | None:
    """What is seen of the store; None if there is none yet. Raises `CannotLook`."""
    try:
        return _seen(house)
    except StoreError:
        raise CannotLook("the databases cannot be read", "mend what 'database' tells") from None


def look_at_databases(house: House) -> Iterator[Finding]:
    """The journal and the people open, are of one store, and of this version."""
    code = "database"
    try:
        seen = _seen(house)
    except StoreError as error:
        house.must_be_seen()
        found, _, do = str(error).partition("; ")
        yield fault(code, found, do or "restore a backup, or move the store away to begin anew")
        return
    if seen is None:
        raise CannotLook("there are no databases yet", _MADE_LATER)
    if seen.older:
        found = f"tables of an older version: {', '.join(seen.older)}"
        yield warning(code, found, f"back them up; the next start upgrades them: {START_IT}")
    else:
        yield ok(code, f"journal and people open; {seen.last_seq} rows")


def look_at_key(house: House) -> Iterator[Finding]:
    """The key of all that is personal is there, fits, and is ours alone."""
    code = "database.key"
    try:
        versions = see_keys(key_file(house.place), people_url=house.settings.store.people_url)
    except StoreError as error:
        house.must_be_seen()
        found, _, do = str(error).partition("; ")
        yield fault(code, found, do or "put back a copy of the key file")
        return
    if versions is None:
        raise CannotLook("there is no key file yet", _MADE_LATER)
    yield ok(code, f"{key_file(house.place)} is ours alone; keep a copy of it elsewhere")


def _seen(house: House) -> SeenStore | None:
    return see_store(
        store_url(house.settings, house.place),
        key_file=key_file(house.place),
        people_url=house.settings.store.people_url,
    )


CHECKS = (Check(("database",), look_at_databases), Check(("database.key",), look_at_key))
