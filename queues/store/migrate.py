"""Runs Alembic's steps on a connection that is already open, inside one transaction."""

from __future__ import annotations

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from sqlalchemy import Connection

from queues.store.schema import Schema


def is_known(schema: Schema, revision: str) -> bool:
    """Whether this version has the step of that name."""
    try:
        _script(schema)[1].get_revision(revision)
    except Exception as error:
        if isinstance(error.__cause__ or error, ResolutionError):
            return False
        raise
    return True


def last(schema: Schema) -> str | None:
    """The last step that this version has."""
    return _script(schema)[1].get_current_head()


def upgrade(connection: Connection, schema: Schema, revision: str) -> None:
    """Do every step up to and including this one; the caller's transaction is the only one."""
    config, script = _script(schema)
    config.attributes |= {"connection": connection, "schema": schema}

    def steps(done: object, _context: object) -> object:
        return script._upgrade_revs(revision, done)  # type: ignore[arg-type]

    with EnvironmentContext(config, script, fn=steps, destination_rev=revision):
        script.run_env()


def _script(schema: Schema) -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(schema.steps.parent).replace("%", "%%"))
    config.set_main_option("version_locations", str(schema.steps).replace("%", "%%"))
    return config, ScriptDirectory.from_config(config)
