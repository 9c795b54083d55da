"""Record tables for reports, and how far their projector has read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ended_calls",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("first_contact_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("waited_s", sa.Double(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("talked_s", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ended_calls")),
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
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ended_offers")),
        sa.UniqueConstraint("offer", name=op.f("uq_ended_offers_offer")),
    )
    op.create_index(op.f("ix_ended_offers_call"), "ended_offers", ["call"])
    op.create_index(op.f("ix_ended_offers_ended_at"), "ended_offers", ["ended_at"])
    op.create_table(
        "projections",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("carried", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_projections")),
    )
