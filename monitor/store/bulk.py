"""Many rows in one statement.

`executemany` hands the interpreter lock back and forth once per row: beside a busy event loop a batch
of 500 rows was seen to take 16 s instead of 2 ms. One statement with many rows does it once.
The SQL is compiled by SQLAlchemy, once per width, for the dialect at hand.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.ext.asyncio import AsyncConnection

Upsert = SqliteInsert | PostgresqlInsert

# At most 256 rows of at most 12 columns: far below the 32,766 parameters that both databases allow.
_WIDTHS: Final = (256, 64, 8, 1)

IN_AT_ONCE: Final = 500
"""Values in one `IN (…)`."""


def insert_into(dialect: Dialect, table: Table) -> Upsert:
    """Return the dialect's INSERT, which knows ON CONFLICT."""
    if dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


class Bulk:
    """An INSERT of any number of rows, given as tuples in the order of `columns`."""

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        conflict: Callable[[Upsert], Upsert] = lambda insert: insert,
    ) -> None:
        # SQLAlchemy writes the columns in the order of the table, whatever order they are given in.
        in_order = [column.name for column in table.columns if column.name in columns]
        assert list(columns) == in_order, f"columns of {table} out of order"  # noqa: S101 - a slip of the pen
        self._table = table
        self._columns = tuple(columns)
        self._conflict = conflict
        self._sql: dict[int, str] = {}

    async def write(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert the rows, in order."""
        for part in _parts(rows):
            sql = self._sql.get(len(part)) or self._compile(connection.dialect, len(part))
            await connection.exec_driver_sql(sql, tuple(chain.from_iterable(part)))

    def _compile(self, dialect: Dialect, width: int) -> str:
        blank = [dict.fromkeys(self._columns) for _ in range(width)]
        statement = self._conflict(insert_into(dialect, self._table).values(blank))
        sql = str(statement.compile(dialect=dialect))
        self._sql[width] = sql
        return sql


def _parts(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Cut the rows into blocks of few different widths, so that few statements are ever compiled."""
    start = 0
    for width in _WIDTHS:
        while len(rows) - start >= width:
            yield rows[start : start + width]
            start += width
