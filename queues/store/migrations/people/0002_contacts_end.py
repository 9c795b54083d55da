"""When a contact was last seen, so that it can end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "p0002"
down_revision = "p0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("seen_at", sa.Double(), nullable=True))
    op.create_index(op.f("ix_contacts_seen_at"), "contacts", ["seen_at"])
