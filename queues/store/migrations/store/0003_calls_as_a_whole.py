"""Records of whole calls, from arrival to end, and of missed ones.

Records are made from the journal alone, so the tables before are dropped and filled again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.execute("DELETE FROM projections")
    op.drop_table("ended_calls")
    op.drop_table("ended_offers")
    op.create_table(
        "ended_calls",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("arrived_at", sa.Double(), nullable=False),
        sa.Column("entered_at", sa.Double(), nullable=True),
        sa.Column("answered_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("waited_s", sa.Double(), nullable=False),
        sa.Column("talked_s", sa.Double(), nullable=True),
        sa.Column("hops", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "call", name=op.f("pk_ended_calls")),
    )
    op.create_index(op.f("ix_ended_calls_call"), "ended_calls", ["call"])
    op.create_index(op.f("ix_ended_calls_ended_at"), "ended_calls", ["ended_at"])
    op.create_table(
        "ended_offers",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("rang_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "offer", name=op.f("pk_ended_offers")),
    )
    op.create_index(op.f("ix_ended_offers_call"), "ended_offers", ["call"])
    op.create_index(op.f("ix_ended_offers_ended_at"), "ended_offers", ["ended_at"])
    op.create_table(
        "missed_calls",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("called_at", sa.Double(), nullable=False),
        sa.Column("noted_at", sa.Double(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_missed_calls")),
        sa.UniqueConstraint("call", name=op.f("uq_missed_calls_call")),
    )
