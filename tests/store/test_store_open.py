"""Opening: what is created, migrated, and refused with which words."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from store.steps import change, drill, nobody

from monitor.model import FleetRecord
from monitor.store import Store, StoreError, StoreFailure
from monitor.store.migrate import migrate
from monitor.store.tables import METADATA


async def refusal(url: str, *, read_only: bool = False) -> StoreError:
    with pytest.raises(StoreError) as caught:
        await Store.open(url, read_only=read_only)
    return caught.value


async def make(path: Path) -> None:
    async with await Store.open(f"sqlite:///{path}") as store:
        await store.commit([change("a", 1, drill("a", 1))], receivers=nobody)


async def test_a_new_file_and_its_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "monitor.db"
    async with await Store.open(f"sqlite:///{path}") as store:
        await store.commit([change("a", 1)], receivers=nobody)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert modes == {"monitor.db": 0o600, "monitor.db-wal": 0o600, "monitor.db-shm": 0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert store.place == str(path)


async def test_awkward_names_are_names(tmp_path: Path) -> None:
    path = tmp_path / "a#b? %20 &mode=ro;é.db"
    for _ in range(2):  # in a URL, a name is percent-encoded
        await make(Path(quote(str(path))))
    other = sqlite3.connect(path)
    assert other.execute("SELECT count(*) FROM events").fetchone() == (1,)
    other.close()


async def test_the_tables_are_what_the_migrations_make() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate(connection, "here")
        difference = compare_metadata(MigrationContext.configure(connection), METADATA)
    engine.dispose()
    assert difference == []


async def test_a_reader_sees_what_a_daemon_writes_and_writes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/monitor.db"
    async with await Store.open(url) as daemon:
        await daemon.commit([change("a", 1, drill("a", 1))], receivers=nobody)
        async with await Store.open(url, read_only=True) as reader:
            await daemon.commit([change("a", 2)], receivers=nobody)
            assert (await reader.load())["a"].seq == 2
            assert len(await reader.events()) == 1
            with pytest.raises(StoreError) as caught:
                await reader.commit([change("a", 3)], receivers=nobody)
            assert caught.value.failure is StoreFailure.READ_ONLY
    async with await Store.open(url, read_only=True) as reader:  # also when no daemon runs
        assert (await reader.load())["a"].seq == 2


async def test_a_missing_file_is_not_created_by_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    error = await refusal(f"sqlite:///{path}", read_only=True)
    assert str(error) == (
        f"the store {path} cannot be used: it cannot be opened or created (No such file or directory)"
    )
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "failure", "words"),
    [
        (
            b"This is a letter, and a long one. " * 100,
            StoreFailure.NOT_A_DATABASE,
            "is not a SQLite database",
        ),
        (b"\x00" * 8192, StoreFailure.NOT_A_DATABASE, "is not a SQLite database"),
    ],
)
async def test_a_file_that_is_no_database_is_refused_and_left_alone(
    tmp_path: Path, content: bytes, failure: StoreFailure, words: str
) -> None:
    path = tmp_path / "monitor.db"
    path.write_bytes(content)
    for read_only in (False, True):
        error = await refusal(f"sqlite:///{path}", read_only=read_only)
        assert error.failure is failure
        assert words in str(error)
    assert path.read_bytes() == content


async def test_a_damaged_database_is_told_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    async with await Store.open(f"sqlite:///{path}") as store:
        await store.commit([change(f"t{i}", 1) for i in range(2000)], receivers=nobody)
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 8192))
    with pytest.raises(StoreError) as caught:
        async with await Store.open(f"sqlite:///{path}") as store:
            await store.load()
    assert caught.value.failure is StoreFailure.CORRUPT


async def test_a_truncated_database_is_told_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    async with await Store.open(f"sqlite:///{path}") as store:
        await store.commit([change(f"t{i}", 1) for i in range(2000)], receivers=nobody)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreError) as caught:
        async with await Store.open(f"sqlite:///{path}") as store:
            await store.load()
    assert caught.value.failure is StoreFailure.CORRUPT


async def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE photos(id INTEGER)")
    other.commit()
    other.close()
    assert (await refusal(f"sqlite:///{path}")).failure is StoreFailure.FOREIGN


async def test_a_newer_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    await make(path)
    other = sqlite3.connect(path)
    other.execute("UPDATE alembic_version SET version_num='9999'")
    other.commit()
    other.close()
    for read_only in (False, True):
        error = await refusal(f"sqlite:///{path}", read_only=read_only)
        assert error.failure is StoreFailure.NEWER
        assert str(error).endswith("written by a newer monitor (shape 9999; this monitor knows up to 0002)")


async def test_an_older_shape_is_migrated_but_not_by_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    path.touch()
    url = f"sqlite:///{path}"
    assert (await refusal(url, read_only=True)).failure is StoreFailure.OLDER
    await make(path)
    async with await Store.open(url, read_only=True) as store:
        assert await store.last_number() == 1


async def test_what_the_first_shape_holds_is_still_there_in_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    await make(path)
    other = sqlite3.connect(path)
    other.execute("DROP TABLE fleet")
    other.execute("UPDATE alembic_version SET version_num='0001'")
    other.commit()
    other.close()
    url = f"sqlite:///{path}"
    assert (await refusal(url, read_only=True)).failure is StoreFailure.OLDER
    async with await Store.open(url) as store:
        assert await store.last_number() == 1
        assert len(await store.load()) == 1
        assert await store.fleet() == FleetRecord()


async def test_a_migration_that_breaks_leaves_the_old_shape(tmp_path: Path) -> None:
    """The transaction is ours: what a kill in the middle leaves is what a rollback leaves."""
    url = f"sqlite:///{tmp_path}/monitor.db"

    def half(connection: Connection) -> None:
        migrate(connection, "here")
        raise StoreError(StoreFailure.UNKNOWN, "here")

    async with await Store.open("sqlite://") as template:
        assert template.place == "in memory"
    engines = (await Store.open(url))._engines
    async with engines.writing() as connection:
        for table in ("deliveries", "events", "delivery_outcomes", "incidents", "periods", "fleet"):
            await connection.exec_driver_sql(f"DROP TABLE {table}")
        await connection.exec_driver_sql("DROP TABLE targets_pulse")
        await connection.exec_driver_sql("DROP TABLE targets_memory")
        await connection.exec_driver_sql("DELETE FROM alembic_version")
    with pytest.raises(StoreError):
        async with engines.writing() as connection:
            await connection.run_sync(half)
    async with engines.reading() as connection:
        tables = await connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='table'")
        assert {row.name for row in tables} <= {"alembic_version", "sqlite_sequence"}
    await engines.close()


@pytest.mark.parametrize("path", ["/proc/self/monitor.db", "/dev/null/monitor.db", "/proc/none/monitor.db"])
async def test_a_place_where_nothing_can_be_created_is_told(path: str) -> None:
    error = await refusal(f"sqlite:///{path}")
    assert error.failure in (StoreFailure.CANNOT_OPEN, StoreFailure.READ_ONLY)
    assert path in str(error)


async def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert (await refusal(f"sqlite:///{tmp_path}")).failure is StoreFailure.CANNOT_OPEN


@pytest.mark.parametrize("url", ["mysql://root:hunter2@db/x", "monitor.db", "", "oracle://hunter2@x"])
async def test_other_databases_are_refused_without_repeating_the_password(url: str) -> None:
    error = await refusal(url)
    assert error.failure is StoreFailure.UNSUPPORTED
    assert "hunter2" not in str(error)


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    error = await refusal("postgresql+asyncpg://monitor:hunter2@127.0.0.1:1/x")
    assert error.failure is StoreFailure.UNREACHABLE
    assert str(error).startswith(
        "the store 127.0.0.1/x cannot be used: the database server cannot be reached"
    )
    assert "hunter2" not in str(error)


OPEN_AS_NOBODY = """
import asyncio, os, sys
from monitor.model import FleetRecord
from monitor.store import Store, StoreError
os.setgid(65534)
os.setuid(65534)
async def main():
    try:
        async with await Store.open(sys.argv[1]) as store:
            await store.load()
        print("opened")
    except StoreError as error:
        print(error.failure.value)
asyncio.run(main())
"""


@pytest.mark.full
@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("case", ["file", "folder", "foreign"])
async def test_rights_that_are_missing_are_told(case: str) -> None:
    await asyncio.to_thread(refused_to_nobody, case)


def refused_to_nobody(case: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = folder / "monitor.db"
        asyncio.run(make(path))
        path.chmod(0o600 if case == "foreign" else 0o444)
        folder.chmod(0o777 if case == "file" else 0o555)
        done = subprocess.run(
            [sys.executable, "-c", OPEN_AS_NOBODY, f"sqlite:///{path}"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.stdout.strip() in ("cannot_open", "read_only"), done.stderr


async def test_a_second_daemon_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/monitor.db"
    code = (
        "import asyncio, sys; from monitor.store import Store\n"
        "async def main():\n"
        f"    await Store.open({url!r}, alone=True)\n"
        "    print('open', flush=True); sys.stdin.read()\n"
        "asyncio.run(main())"
    )
    first = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert first.stdout is not None
    assert await first.stdout.readline() == b"open\n"
    with pytest.raises(StoreError, match="another daemon is running on it") as refused:
        await Store.open(url, alone=True)
    assert refused.value.failure is StoreFailure.IN_USE
    async with await Store.open(url, read_only=True):  # explain and history look on
        pass
    first.kill()
    await first.communicate()
    async with await Store.open(url, alone=True):
        pass
    async with await Store.open(url, alone=True):
        pass
