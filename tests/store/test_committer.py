"""Group commit: little is written, nothing is lost, and a database that refuses is waited for."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from store.steps import change, drill, memory, ops

from monitor.model import Status, StoredEvent
from monitor.store import Change, Committer, Store, StoreError, StoreFailure

LONG_S = 60.0  # longer than any test may take: what happens does not wait for it


class Told:
    """What `on_commit` was told, and whether it was stored by then."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.events: list[StoredEvent] = []
        self.calls = 0
        self.something = asyncio.Event()

    def __call__(self, changes: Sequence[Change], stored: Sequence[StoredEvent]) -> None:
        self.calls += 1
        self.changes += changes
        self.events += stored
        self.something.set()


@asynccontextmanager
async def committing(
    url: str, *, max_delay_s: float = LONG_S
) -> AsyncIterator[tuple[Store, Committer, Told]]:
    async with await Store.open(url, busy_s=0.05) as store:
        told = Told()
        committer = Committer(store, receivers=ops, on_commit=told, max_delay_s=max_delay_s)
        loop = asyncio.create_task(committer.run())
        try:
            yield store, committer, told
        finally:
            loop.cancel()
            await asyncio.wait([loop])


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/monitor.db"


async def test_pulses_of_a_target_collapse_and_events_keep_their_order(url: str) -> None:
    async with committing(url) as (store, committer, told):
        same = memory(Status.UP)
        for seq in range(1, 100):
            committer.submit(change("a", seq, of=same))
            committer.submit(change("b", seq, of=same))
        assert committer.waiting == 2
        committer.submit(change("b", 100, drill("b", 100), of=same))
        committer.submit(change("a", 100, of=same))
        committer.submit(change("a", 101, drill("a", 101), drill("a", 101, 1), of=same))
        committer.submit(change("b", 101, of=same))
        committer.submit(change("b", 102, of=same))
        assert committer.waiting == 3
        await committer.flush()
        assert committer.waiting == 0
        assert [(step.state.target, step.state.seq) for step in told.changes] == [
            ("b", 100),
            ("a", 101),
            ("b", 102),
        ]
        wanted = [drill("b", 100).id, drill("a", 101).id, drill("a", 101, 1).id]
        assert [item.event.id for item in told.events] == wanted
        assert {name: state.seq for name, state in (await store.load()).items()} == {"a": 101, "b": 102}


async def test_a_step_that_history_needs_is_kept(url: str) -> None:
    async with committing(url) as (store, committer, _):
        for seq, status in enumerate((Status.UP, Status.DOWN, Status.UP), start=1):
            committer.submit(change("a", seq, of=memory(status, since=seq)))
        await committer.flush()
        assert [period.value for period in await store.periods("a")] == ["up", "down", "up"]


async def test_events_do_not_wait(url: str) -> None:
    async with committing(url) as (store, committer, told):
        committer.submit(change("a", 1, drill("a", 1)))
        await asyncio.wait_for(told.something.wait(), 10)
        assert len(await store.events()) == 1


async def test_pulses_are_written_after_a_while(url: str) -> None:
    async with committing(url, max_delay_s=0.01) as (store, committer, told):
        committer.submit(change("a", 1))
        await asyncio.wait_for(told.something.wait(), 10)
        assert (await store.load())["a"].seq == 1


async def test_many_changes_take_several_transactions(url: str) -> None:
    async with committing(url) as (store, committer, told):
        for number in range(1100):
            committer.submit(change(f"t{number}", 1))
        await committer.flush()
        assert (told.calls, len(await store.load())) == (3, 1100)


async def until_unhealthy(committer: Committer) -> None:
    async with asyncio.timeout(10):
        while committer.healthy:  # noqa: ASYNC110 - `healthy` is what /readyz reads: no event behind it
            await asyncio.sleep(0.005)


async def test_a_locked_database_is_waited_for_and_nothing_is_lost(url: str, tmp_path: Path) -> None:
    async with committing(url) as (store, committer, told):
        other = sqlite3.connect(tmp_path / "monitor.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        committer.submit(change("a", 1, drill("a", 1)))
        await until_unhealthy(committer)
        for seq in range(2, 50):
            committer.submit(change("a", seq))
        committer.submit(change("b", 1, drill("b", 1)))
        assert told.calls == 0
        other.execute("ROLLBACK")
        other.close()
        await committer.flush()
        assert committer.healthy
        assert [item.event.subject for item in told.events] == ["a", "b"]
        assert (await store.load())["a"].seq == 49
        assert await store.pending(["ops"]) == {"ops": 2}


async def test_a_full_disk_is_waited_for(url: str) -> None:
    async with committing(url) as (store, committer, told):
        async with store._engines.writing() as connection:  # the limit that a full disk would be
            await connection.exec_driver_sql("PRAGMA max_page_count=1")
        committer.submit(change("a", 1, *(drill("a", 1, index, text="long " * 999) for index in range(30))))
        await until_unhealthy(committer)
        assert told.calls == 0
        async with store._engines.writing() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count=100000")
        await committer.flush()
        assert committer.healthy
        assert len(told.events) == 30


async def test_a_full_disk_has_its_own_name(url: str) -> None:
    async with await Store.open(url) as store:
        async with store._engines.writing() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count=1")
        with pytest.raises(StoreError) as caught:
            await store.commit([change("a", 1, drill("a", 1, text="long " * 9999))], receivers=ops)
        assert caught.value.failure is StoreFailure.FULL
        assert await store.load() == {}


async def test_one_that_cannot_be_written_holds_up_no_other(url: str) -> None:
    async with committing(url) as (store, committer, told):
        committer.submit(change("good", 1, drill("good", 1)))
        committer.submit(change("bad", 1, drill("bad", 1, text="\ud800")))
        committer.submit(change("bad", 2))
        committer.submit(change("fine", 1, drill("fine", 1)))
        await committer.flush()
        assert [item.event.subject for item in told.events] == ["good", "fine"]
        assert (committer.dropped, committer.healthy) == (2, True)
        assert sorted(await store.load()) == ["fine", "good"]
        committer.submit(change("bad", 3, drill("bad", 3)))
        await committer.flush()
        assert (await store.load())["bad"].seq == 3


async def test_close_says_whether_everything_is_stored(url: str, tmp_path: Path) -> None:
    async with committing(url) as (_, committer, told):
        committer.submit(change("a", 1))
        assert await committer.close()
        other = sqlite3.connect(tmp_path / "monitor.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        committer.submit(change("a", 2, drill("a", 2)))
        assert not await committer.close(limit_s=0.2)
        assert told.calls == 1
        other.close()


async def test_cancelling_leaves_no_commit_half_told(url: str) -> None:
    """What the cancelled loop had begun to write is written and told, or is still waiting."""
    async with await Store.open(url) as store:
        for round_ in range(20):
            told = Told()
            committer = Committer(store, receivers=ops, on_commit=told, max_delay_s=LONG_S)
            loop = asyncio.create_task(committer.run())
            committer.submit(change(f"t{round_}", 1, drill(f"t{round_}", 1)))
            for _ in range(round_):
                await asyncio.sleep(0)
            loop.cancel()
            await asyncio.wait([loop])
            stored = len(await store.events(target=f"t{round_}"))
            assert (len(told.events), committer.waiting) == (stored, 1 - stored)
