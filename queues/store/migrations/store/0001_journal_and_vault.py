"""What must never be lost: journal, snapshots, live dialogues, and the vault."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE_EPOCH = """
CREATE TRIGGER journal_epoch BEFORE INSERT ON journal
WHEN NEW.epoch IS NOT (SELECT epoch FROM writer)
BEGIN SELECT RAISE(ABORT, 'rows of another epoch are refused'); END
"""
# The lock on the row keeps a new epoch waiting until a transaction of the old one has ended.
_POSTGRES_EPOCH = """
CREATE FUNCTION journal_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE current_epoch bigint;
BEGIN
  SELECT epoch INTO current_epoch FROM writer FOR SHARE;
  IF NEW.epoch IS DISTINCT FROM current_epoch THEN
    RAISE EXCEPTION 'rows of another epoch are refused'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER journal_epoch BEFORE INSERT ON journal
FOR EACH ROW EXECUTE FUNCTION journal_epoch();
"""


def upgrade() -> None:
    op.create_table(
        "writer",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", _NUMBER, nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_writer_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_writer")),
    )
    op.execute("INSERT INTO writer (id, epoch, node, since) VALUES (1, 0, '', 0)")
    op.create_table(
        "journal",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("epoch", _NUMBER, nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('input', 'fact', 'lost')", name=op.f("ck_journal_kind")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_subject_seq"), "journal", ["subject", "seq"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(_SQLITE_EPOCH if sqlite else _POSTGRES_EPOCH)
    op.create_table(
        "closed_days",
        sa.Column("first_seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("last_seq", _NUMBER, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("first_seq", name=op.f("pk_closed_days")),
        sa.UniqueConstraint("last_seq", name=op.f("uq_closed_days_last_seq")),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "snapshots",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_snapshots")),
    )
    op.create_table(
        "vault",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("data_class", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "data_class IN ('standard', 'personal', 'secret')", name=op.f("ck_vault_data_class")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault")),
    )
    op.create_index(op.f("ix_vault_contact"), "vault", ["contact"])
    op.create_index(op.f("ix_vault_expires_at"), "vault", ["expires_at"])
    op.create_table(
        "dialogues",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call", name=op.f("pk_dialogues")),
    )
