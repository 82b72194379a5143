"""The same store on a real PostgreSQL server, started for the test on a socket of its own."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from store.steps import change, drill, incident, layer, memory, moment, nobody, ops, verdict

from monitor.model import Layer, Memory, Status
from monitor.store import DeliveryState, Outcome, Settlement, Store, StoreError, StoreFailure
from monitor.store.tables import METADATA

pytestmark = [pytest.mark.full, pytest.mark.timeout(120)]


def programs(server: Callable[[str], Path]) -> Path:
    """Return the folder with initdb and postgres: Debian keeps them out of the PATH."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    return server("initdb").parent


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="pm-pg-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def url(server: Callable[[str], Path], place: Path) -> Iterator[str]:
    folder = programs(server)
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    cluster = place / "cluster"
    if user:
        shutil.chown(place, user)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [folder / program, *arguments], user=user, cwd=place, check=True, stdout=subprocess.DEVNULL
        )

    run("initdb", "-D", str(cluster), "-A", "trust", "-U", "monitor", "--no-sync")
    options = f"-k {place} -c listen_addresses='' -c fsync=off"
    run("pg_ctl", "-D", str(cluster), "-w", "-l", str(place / "log"), "-o", options, "start")
    try:
        yield f"postgresql+asyncpg://monitor@/postgres?host={place}"
    finally:
        run("pg_ctl", "-D", str(cluster), "-m", "immediate", "stop")
        shutil.rmtree(cluster)


async def test_postgresql_holds_the_same_store(url: str) -> None:
    async with await Store.open(url) as store:
        down = Memory(
            verdict=verdict(Status.DOWN, "network.refused"),
            since=moment(5),
            incident=incident("i1", 5),
            layers=(layer(Layer.DNS, "epik", since=2),),
        )
        changes = [change(f"t{n}", 1, drill(f"t{n}", 1)) for n in range(300)]
        changes += [change("t0", 2, of=memory(Status.UP, since=1)), change("t0", 6, drill("t0", 6), of=down)]
        stored = await store.commit(changes, receivers=ops)
        assert [item.number for item in stored] == sorted(item.number for item in stored)
        assert await store.commit(changes, receivers=ops) == []
        await store.commit([change("t0", 3)], receivers=nobody)
        async with await Store.open(url, read_only=True) as reader:
            assert len(await reader.load()) == 300
            state = await reader.state("t0")
            assert state == changes[-1].state
            assert [period.value for period in await reader.periods("t0", lane="status")] == ["up", "down"]
            (row,) = await reader.incidents("t0", open_only=True)
            assert row.incident == down.incident
            with pytest.raises(StoreError) as caught:
                await reader.settle([])
            assert caught.value.failure is StoreFailure.READ_ONLY
        await deliver_all(store)
        await store.remove(["t0"], moment(9))
        assert await store.state("t0") is None
        async with store._engines.reading() as connection:
            assert await connection.run_sync(difference) == []
    async with await Store.open(url) as store:
        assert (await store.load())["t0"].seq == 6


async def deliver_all(store: Store) -> None:
    delivered: list[str] = []
    while due := await store.due("ops", moment(), 50):
        delivered += [item.event.event.id for item in due]
        await store.settle(
            [Settlement(delivery=item, outcome=Outcome.DELIVERED, at=moment()) for item in due]
        )
    assert len(delivered) == len(set(delivered)) == 301
    assert delivered.index(drill("t0", 1).id) < delivered.index(drill("t0", 6).id)
    assert await store.totals() == {("ops", Outcome.DELIVERED): 301}
    assert len(await store.deliveries(states=[DeliveryState.DONE], limit=1000)) == 301


def difference(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), METADATA))


async def test_writers_of_several_processes_take_turns(url: str) -> None:
    """Settling and committing at once must leave no delivery held for ever."""
    async with await Store.open(url) as one, await Store.open(url) as other:

        async def commit(start: int) -> None:
            for seq in range(start, start + 40):
                await one.commit([change("a", seq, drill("a", seq))], receivers=ops)

        async def deliver() -> None:
            delivered = 0
            while delivered < 40:
                due = await other.due("ops", moment(), 5)
                delivered += len(due)
                await other.settle(
                    [Settlement(delivery=item, outcome=Outcome.DELIVERED, at=moment()) for item in due]
                )

        await asyncio.gather(commit(1), asyncio.wait_for(deliver(), 60))
        assert await one.pending(["ops"]) == {"ops": 0}
