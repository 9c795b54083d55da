"""What Alembic runs its steps with: a connection that the store has opened and locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context

if TYPE_CHECKING:
    from queues.store.schema import Schema

schema: Schema = context.config.attributes["schema"]
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.tables,
    version_table=schema.revision_table,
)
context.run_migrations()  # in the transaction of the connection: of all steps or none
