"""Alembic, run from inside the program: no alembic.ini, no env.py, works from an installed wheel."""

from importlib.resources import as_file, files

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from monitor.store.error import StoreError, StoreFailure

_VERSION_TABLE = "alembic_version"


def migrate(connection: Connection, place: str, *, read_only: bool = False) -> None:
    """Bring the tables to the newest shape, inside the transaction of `connection`.

    Raises StoreError: NEWER for a shape this program does not know, FOREIGN for a file with
    somebody else's tables, OLDER when a migration is needed but `read_only` forbids it.
    """
    with as_file(files("monitor.store") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        script = ScriptDirectory.from_config(config)
        current = MigrationContext.configure(connection).get_current_revision()
        newest = script.get_current_head()
        if current == newest:
            return
        _refuse(connection, script, current, place, read_only=read_only)
        # One transaction, ours: a kill in the middle leaves the old shape, whole.
        environment = EnvironmentContext(
            config,
            script,
            fn=lambda revision, _: script._upgrade_revs("head", revision),  # noqa: SLF001 - alembic's own command.upgrade has no other way
        )
        with environment:
            environment.configure(connection=connection, transactional_ddl=True)
            environment.run_migrations()


def _refuse(
    connection: Connection, script: ScriptDirectory, current: str | None, place: str, *, read_only: bool
) -> None:
    """Raise StoreError when this database must not be migrated by this program."""
    known = [revision.revision for revision in script.walk_revisions()]
    if current is not None and current not in known:
        raise StoreError(StoreFailure.NEWER, place, f"shape {current}; this monitor knows up to {known[0]}")
    if current is None and connection.dialect.name == "sqlite":
        others = set(inspect(connection).get_table_names()) - {_VERSION_TABLE}
        if others:
            raise StoreError(StoreFailure.FOREIGN, place)
    if read_only:
        raise StoreError(StoreFailure.OLDER, place)
