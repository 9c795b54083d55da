"""The tables of the two databases. Only the migrations make them; a test holds both alike.

`store` says what happened and holds personal values as ciphertext. `people` says who is who: the
keys to those values and the index from a number to its contact. They are two, because a backup of
the first must become unreadable for a person who was erased: see the README's decisions.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
# SQLite numbers rows of a table by a key of exactly this type at no cost.
Number = BigInteger().with_variant(Integer, "sqlite")

store = MetaData(naming_convention=_NAMES)
people = MetaData(naming_convention=_NAMES)

# One row. A trigger on `journal` refuses rows of another epoch than this one.
writer = Table(
    "writer",
    store,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Number, nullable=False),
    Column("node", Text, nullable=False),
    Column("since", Double, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

journal = Table(
    "journal",
    store,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("epoch", Number, nullable=False),
    Column("node", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("seal", Text),
    CheckConstraint("kind IN ('input', 'fact', 'lost')", name="kind"),
    Index(None, "subject", "seq"),
)

# What stands here is in the file, and no longer counts in `journal`, deleted there or not yet.
closed_days = Table(
    "closed_days",
    store,
    Column("first_seq", Number, primary_key=True, autoincrement=False),
    Column("last_seq", Number, nullable=False, unique=True),
    Column("day", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),
)

meta = Table(
    "meta",
    store,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

snapshots = Table(
    "snapshots",
    store,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("body", Text, nullable=False),
)

vault = Table(
    "vault",
    store,
    Column("id", Text, primary_key=True),
    Column("contact", Text, nullable=False, index=True),
    Column("data_class", Text, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    CheckConstraint("data_class IN ('standard', 'personal', 'secret')", name="data_class"),
)

dialogues = Table(
    "dialogues",
    store,
    Column("call", Text, primary_key=True),
    Column("node", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("at", Double, nullable=False),
    Column("values", Text, nullable=False),
    Column("blob", Text, nullable=False),
)

# The dialplans of live calls, each by the hash of what it does and says.
dialplans = Table(
    "dialplans",
    store,
    Column("hash", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

# Filled from the journal alone, and so made again at will. `seq` is the row that ended it; more
# than one can end with the same row.
ended_calls = Table(
    "ended_calls",
    store,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("call", Text, primary_key=True, index=True),
    Column("line", Text, nullable=False),
    Column("queue", Text),
    Column("arrived_at", Double, nullable=False),
    Column("entered_at", Double),
    Column("answered_at", Double),
    Column("ended_at", Double, nullable=False, index=True),
    Column("outcome", Text, nullable=False),
    Column("agent", Text),
    Column("waited_s", Double, nullable=False),
    Column("talked_s", Double),
    Column("hops", Integer, nullable=False),
)

ended_offers = Table(
    "ended_offers",
    store,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("offer", Text, primary_key=True),
    Column("call", Text, nullable=False, index=True),
    Column("queue", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("ended_at", Double, nullable=False, index=True),
    Column("outcome", Text, nullable=False),
    Column("rang_s", Double, nullable=False),
)

ended_waits = Table(
    "ended_waits",
    store,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("call", Text, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("need", Text, nullable=False),
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double, nullable=False, index=True),
    Column("lasted_s", Double, nullable=False),
    Column("end", Text, nullable=False),
    Column("expected_s", Double),
    Column("foretold_s", Double),
    Column("low_s", Double),
    Column("high_s", Double),
    Column("ahead", Integer),
    Column("head_s", Double),
    Column("agents", Integer),
    Column("came_true", Text),
)

ended_talks = Table(
    "ended_talks",
    store,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("call", Text, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("ended_at", Double, nullable=False, index=True),
    Column("rang_s", Double, nullable=False),
    Column("talked_s", Double, nullable=False),
    Column("wrapped_up_s", Double, nullable=False),
)

# Who is to be called back. No number: the contact's random id leads to it, as long as it may.
missed_calls = Table(
    "missed_calls",
    store,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("call", Text, nullable=False, unique=True),
    Column("line", Text, nullable=False),
    Column("called_at", Double, nullable=False),
    Column("noted_at", Double, nullable=False),
    Column("cause", Text, nullable=False),
    Column("contact", Text),
)

# How far a projector has read, and what it carries over (what began and has not ended yet).
projections = Table(
    "projections",
    store,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("seq", Number, nullable=False),
    Column("carried", Text, nullable=False),
)

people_meta = Table(
    "people_meta",
    people,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# A contact that was erased keeps its random id, so that values out of an old backup are known.
# `seen_at` is null for one of a version that did not note it.
contacts = Table(
    "contacts",
    people,
    Column("id", Text, primary_key=True),
    Column("wrapped_key", LargeBinary),
    Column("key_version", Integer, nullable=False),
    Column("erased_at", Double),
    Column("seen_at", Double, index=True),
    CheckConstraint("(wrapped_key IS NULL) = (erased_at IS NOT NULL)", name="erased_has_no_key"),
)

contact_index = Table(
    "contact_index",
    people,
    Column("mac", LargeBinary, primary_key=True),
    Column("key_version", Integer, nullable=False),
    Column(
        "contact",
        Text,
        ForeignKey(contacts.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
)

# Of each contact and queue the last talk alone, and only where a queue's settings ask for it.
last_talks = Table(
    "last_talks",
    people,
    Column("contact", Text, ForeignKey(contacts.c.id, ondelete="CASCADE"), primary_key=True),
    Column("queue", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("at", Double, nullable=False, index=True),
)
