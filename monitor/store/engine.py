"""Connections: which database, with which settings, opened with which rights.

SQLite runs in WAL mode with one connection that writes (`BEGIN IMMEDIATE`: a transaction never finds
out in its middle that somebody else writes) and a few that read. `synchronous=FULL`: every commit
is on the disk before its events are told, also when the power fails; measured at less than a
millisecond per commit, in the thread of the connection, for one to four commits a second.
"""

import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, AsyncAdaptedQueuePool, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from monitor.store.error import StoreError, StoreFailure, classify
from monitor.store.migrate import migrate

BUSY_S: Final = 5.0
"""Seconds to wait for another process that writes to SQLite, before StoreFailure.BUSY."""

_READERS: Final = 4
# Any number that no other program would choose: writers of every monitor on one PostgreSQL take turns.
_WRITE_LOCK: Final = 0x706C6174


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """One way in, one way out; in memory both are the same connection."""

    place: str
    """For messages: the file, or server and database. Never with a password."""
    writer: AsyncEngine | None
    """None when opened for reading only."""
    reader: AsyncEngine
    lock: int | None = None
    """The descriptor that keeps other daemons out; None where others are let in."""

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that sees one moment of the store; raises StoreError."""
        async with self._told(), self.reader.begin() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Give the connection that writes, in a transaction, alone; raises StoreError."""
        if self.writer is None:
            raise StoreError(StoreFailure.READ_ONLY, self.place)
        async with self._told(), self.writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self.reader.dispose()
        if self.writer is not None and self.writer is not self.reader:
            await self.writer.dispose()
        if self.lock is not None:
            os.close(self.lock)

    @asynccontextmanager
    async def _told(self) -> AsyncIterator[None]:
        """Turn what the database, its driver or the network raises into StoreError."""
        try:
            yield
        except (SQLAlchemyError, OSError, TimeoutError, sqlite3.Error) as error:
            raise StoreError(*_reason(error, self.place)) from error
        except StoreError:
            raise
        except Exception as error:
            # asyncpg raises its own classes while it connects, and is not installed for everybody.
            if getattr(error, "sqlstate", None) is None:
                raise
            raise StoreError(*_reason(error, self.place)) from error


def _reason(error: BaseException, place: str) -> tuple[StoreFailure, str, str]:
    failure, detail = classify(error)
    return failure, place, detail


async def open_engines(
    url: str, *, read_only: bool = False, alone: bool = False, busy_s: float = BUSY_S
) -> Engines:
    """Open the database at `url` and bring its tables to the newest shape; raises StoreError.

    A missing SQLite file and its folder are created, readable by their owner only, unless `read_only`.
    `alone`: refuse a SQLite file that another process has opened so.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        engines = _sqlite(parsed, read_only=read_only, alone=alone, busy_s=busy_s)
    else:
        engines = _postgresql(parsed, read_only=read_only)
    try:
        await _prepare(engines, read_only=read_only)
    except BaseException:
        # Without this the threads of the connections would keep the process alive.
        await engines.close()
        raise
    return engines


def _parse(url: str) -> URL:
    """Return the URL with the driver we use; raises StoreError without repeating a password."""
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    try:
        parsed = make_url(url)
        return parsed.set(drivername=drivers[parsed.get_backend_name()])
    except (ArgumentError, KeyError, ValueError) as error:
        scheme = url.partition(":")[0][:20]
        raise StoreError(StoreFailure.UNSUPPORTED, f"{scheme}:…") from error


def _sqlite(url: URL, *, read_only: bool, alone: bool, busy_s: float) -> Engines:
    if not url.database or url.database == ":memory:":
        memory = _engine(
            url.set(database=None),
            size=1,
            on_connect=_pragmas(writes=True),
            begin="BEGIN IMMEDIATE",
            busy_s=busy_s,
        )
        return Engines(place="in memory", writer=memory, reader=memory)
    path = Path(url.database)
    _prepare_file(path, read_only=read_only)
    # As a URI, so that a reader can neither create nor change the file; `quote` keeps ? and # in names.
    address = URL.create(
        "sqlite+aiosqlite",
        database=f"file:{quote(str(path))}",
        query={"uri": "true", "mode": "ro" if read_only else "rw"},
    )
    reader = _engine(address, size=_READERS, on_connect=_pragmas(writes=False), begin="BEGIN", busy_s=busy_s)
    if read_only:
        return Engines(place=str(path), writer=None, reader=reader)
    writer = _engine(
        address, size=1, on_connect=_pragmas(writes=True), begin="BEGIN IMMEDIATE", busy_s=busy_s
    )
    return Engines(place=str(path), writer=writer, reader=reader, lock=_lock(path) if alone else None)


def _postgresql(url: URL, *, read_only: bool) -> Engines:
    place = f"{url.host or 'local'}/{url.database or ''}"
    settings = {"application_name": "platform-monitor"}
    if read_only:
        settings["default_transaction_read_only"] = "on"
    try:
        engine = create_async_engine(
            url,
            pool_size=_READERS + 1,
            pool_pre_ping=True,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            connect_args={"timeout": 10, "server_settings": settings},
        )
    except ImportError as error:
        raise StoreError(StoreFailure.UNSUPPORTED, place, "asyncpg is not installed") from error
    return Engines(place=place, writer=None if read_only else engine, reader=engine)


def _engine(
    url: URL, *, size: int, on_connect: Callable[[Any, Any], None], begin: str, busy_s: float
) -> AsyncEngine:
    """Return an engine whose transactions begin with our own words, not with the driver's guesses."""
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=60,
        hide_parameters=True,
        connect_args={"timeout": busy_s},
    )
    event.listen(engine.sync_engine, "connect", on_connect)

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "begin", begin_transaction)
    return engine


def _pragmas(*, writes: bool) -> Callable[[Any, Any], None]:
    def set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection, SQLAlchemy types it so
        connection.isolation_level = None  # no transactions but ours
        cursor = connection.cursor()
        if writes:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA journal_size_limit=67108864")
        else:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    return set_up


def _prepare_file(path: Path, *, read_only: bool) -> None:
    """Create the file and its folder for their owner alone; raises StoreError."""
    try:
        if read_only:
            os.close(os.open(path, os.O_RDONLY))
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives its -wal and -shm files the mode of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        failure, _ = classify(error)
        raise StoreError(failure, str(path), os.strerror(error.errno or 0)) from error


def _lock(path: Path) -> int:
    """Keep other daemons out: two would tell each outage twice, under two ids. Raises StoreError.

    The kernel lets go of the lock however the process ends. It lies in a file of its own, because closing
    any descriptor of a SQLite file drops SQLite's own locks (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        lock = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        failure, _ = classify(error)
        raise StoreError(failure, str(path), os.strerror(error.errno or 0)) from error
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StoreError(StoreFailure.IN_USE, str(path)) from error
    return lock


async def _prepare(engines: Engines, *, read_only: bool) -> None:
    if read_only:
        async with engines.reading() as connection:
            await connection.run_sync(migrate, engines.place, read_only=True)
        return
    async with engines.writing() as connection:
        await connection.run_sync(migrate, engines.place)
