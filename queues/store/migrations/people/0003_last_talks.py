"""With whom a contact talked last in which queue, so that the same agent can be waited for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "p0003"
down_revision = "p0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "last_talks",
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact"],
            ["contacts.id"],
            name=op.f("fk_last_talks_contact"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contact", "queue", name=op.f("pk_last_talks")),
    )
    op.create_index(op.f("ix_last_talks_at"), "last_talks", ["at"])
