"""Where the journal, and what is known of people, are kept, as the settings file says."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from ivr.settings.parts import Part

_SHAPES: Final = "sqlite:////folder/store.db or postgresql+psycopg://user@host/database"
_FILE: Final = re.compile(r"sqlite(?:\+pysqlite)?:///(?P<path>[^?]+)")
_SERVER: Final = re.compile(r"postgresql\+psycopg://.+", re.DOTALL)


def _address(text: str) -> str:
    """It may hold a password, so nothing of it is said in a fault."""
    file = _FILE.fullmatch(text)
    if file is not None and not file["path"].startswith("/"):
        raise ValueError(
            "expected the whole path of a file, with four slashes before it, such as "
            "sqlite:////folder/store.db: one from here would be another file wherever it is started"
        )
    if file is None and not _SERVER.fullmatch(text):
        raise ValueError(f"expected the address of a database that is known: {_SHAPES}")
    return text


DatabaseAddress = Annotated[str, AfterValidator(_address)]


class Store(Part):
    """Where the journal and what is known of people are kept, if not in the run folder.

    Both are addresses of databases: `sqlite:////folder/store.db`, or that of a PostgreSQL server,
    `postgresql+psycopg://user@host/database`.
    """

    url: DatabaseAddress | None = Field(default=None, repr=False)  # it may hold a password
    people_url: DatabaseAddress | None = Field(default=None, repr=False)
    keep_records_days: Annotated[int, Field(ge=1, le=36_500)] = 400
    keep_contacts_days: Annotated[int, Field(ge=1, le=36_500)] = 400
