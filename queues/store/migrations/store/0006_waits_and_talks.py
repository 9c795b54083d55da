"""Records of waits, with what was foretold of them, and of how long calls took agents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ended_waits",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("lasted_s", sa.Double(), nullable=False),
        sa.Column("end", sa.Text(), nullable=False),
        sa.Column("expected_s", sa.Double(), nullable=True),
        sa.Column("foretold_s", sa.Double(), nullable=True),
        sa.Column("low_s", sa.Double(), nullable=True),
        sa.Column("high_s", sa.Double(), nullable=True),
        sa.Column("ahead", sa.Integer(), nullable=True),
        sa.Column("head_s", sa.Double(), nullable=True),
        sa.Column("agents", sa.Integer(), nullable=True),
        sa.Column("came_true", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "call", name=op.f("pk_ended_waits")),
    )
    op.create_index(op.f("ix_ended_waits_ended_at"), "ended_waits", ["ended_at"])
    op.create_table(
        "ended_talks",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("rang_s", sa.Double(), nullable=False),
        sa.Column("talked_s", sa.Double(), nullable=False),
        sa.Column("wrapped_up_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "call", name=op.f("pk_ended_talks")),
    )
    op.create_index(op.f("ix_ended_talks_ended_at"), "ended_talks", ["ended_at"])
