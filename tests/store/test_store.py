"""One commit holds a step, and holds it once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from store.steps import change, drill, incident, memory, moment, nobody, ops

from monitor.model import EventType, Memory, Pulse, Status, TargetState
from monitor.store import DeliveryState, Outcome, Settlement, Store, UnstorableError


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/monitor.db"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with await Store.open(url) as opened:
        yield opened


async def test_a_reopened_store_knows_every_state(url: str) -> None:
    changes = [change(f"t{i}.example", i + 1, of=memory(Status.DOWN)) for i in range(600)]
    async with await Store.open(url) as store:
        await store.commit(changes, receivers=nobody)
    async with await Store.open(url) as store:
        assert await store.load() == {step.state.target: step.state for step in changes}
        assert await store.state("t7.example") == changes[7].state
        assert await store.state("unheard.of") is None


async def test_load_turns_pages(url: str) -> None:
    async with await Store.open(url) as store:
        changes = [change(f"t{i}", 1) for i in range(4001)]
        await store.commit(changes, receivers=nobody)
        assert len(await store.load()) == 4001


async def test_a_state_is_never_written_backwards(store: Store, url: str) -> None:
    await store.commit([change("a", 5, of=memory(Status.DOWN))], receivers=nobody)
    async with await Store.open(url) as other:  # one that does not remember what was committed last
        await other.commit([change("a", 4, of=memory(Status.UP))], receivers=nobody)
    await store.commit([change("a", 5, up_s=99.0, of=memory(Status.UP))], receivers=nobody)
    state = (await store.load())["a"]
    assert (state.seq, state.pulse.up_s, state.memory.verdict.status) == (5, 5.0, Status.DOWN)


async def test_the_last_of_several_steps_of_a_target_stands(store: Store) -> None:
    await store.commit([change("a", seq) for seq in (1, 2, 3)], receivers=nobody)
    assert (await store.load())["a"].seq == 3


async def test_memory_is_written_only_when_it_is_another(store: Store, url: str) -> None:
    same = memory(Status.UP)
    await store.commit([change("a", 1, of=same)], receivers=nobody)
    await store.commit([change("a", 2, of=same)], receivers=nobody)
    async with store._engines.reading() as connection:  # the row itself is the proof
        assert await connection.exec_driver_sql("SELECT seq FROM targets_memory") is not None
        row = (await connection.exec_driver_sql("SELECT seq FROM targets_memory")).one()
    assert row.seq == 1
    async with await Store.open(url) as again:
        loaded = (await again.load())["a"]
        assert (loaded.seq, loaded.memory) == (2, same)


async def test_events_are_numbered_in_order_and_ids_are_stored_once(store: Store) -> None:
    events = [drill("a", 1, index) for index in range(300)]
    stored = await store.commit([change("a", 1, *events)], receivers=ops)
    assert [item.number for item in stored] == list(range(1, 301))
    assert [item.event for item in stored] == events
    again = await store.commit([change("a", 1, *events), change("b", 1, drill("b", 1))], receivers=ops)
    assert [item.event for item in again] == [drill("b", 1)]
    assert len(await store.events(limit=1000)) == 301
    assert await store.pending(["ops", "nobody"]) == {"ops": 301, "nobody": 0}


async def test_one_id_twice_in_one_commit_is_one_event(store: Store) -> None:
    stored = await store.commit([change("a", 1, drill("a", 1), drill("a", 1))], receivers=ops)
    assert len(stored) == 1
    assert await store.pending(["ops"]) == {"ops": 1}


async def test_events_are_paged_and_filtered(store: Store) -> None:
    await store.commit([change("a", i, drill("a", i)) for i in range(1, 8)], receivers=nobody)
    await store.commit([change("b", 1, drill("b", 1))], receivers=nobody)
    newest = await store.events(limit=3)
    assert [item.number for item in newest] == [8, 7, 6]
    assert [item.number for item in await store.events(limit=3, before=6)] == [5, 4, 3]
    assert [item.number for item in await store.events(after=6, newest_first=False)] == [7, 8]
    assert [item.event.subject for item in await store.events(target="b")] == ["b"]
    assert [item.number for item in await store.events(target="a", since=moment(6))] == [7, 6]
    assert await store.events(types=(EventType.STATUS_CHANGED,)) == []
    assert await store.last_number() == 8


async def test_what_is_no_json_names_its_target_and_writes_nothing(store: Store) -> None:
    broken = drill("bad", 1, text="\ud800")
    with pytest.raises(UnstorableError) as caught:
        await store.commit([change("good", 1), change("bad", 1, broken)], receivers=nobody)
    assert caught.value.target == "bad"
    assert await store.load() == {}


async def test_a_removed_target_keeps_its_seq_and_its_history(store: Store, url: str) -> None:
    """Event ids are made of target and seq: one that comes back must not repeat them."""
    down = Memory(verdict=memory(Status.DOWN).verdict, since=moment(1), incident=incident("i1", 1))
    await store.commit([change("a", 7, drill("a", 7), of=down)], receivers=nobody)
    await store.remove(["a", "unheard.of"], moment(9))
    await store.remove(["a"], moment(20))
    assert await store.state("a") is None
    assert await store.load() == {"a": TargetState(target="a", seq=7, pulse=Pulse(), memory=Memory())}
    (period,) = await store.periods("a")
    assert period.until == moment(9)
    (row,) = await store.incidents("a")
    assert (row.unwatched_at, row.incident.resolved_at) == (moment(9), None)
    assert await store.incidents(open_only=True) == []
    assert len(await store.events(target="a")) == 1
    await store.commit([change("a", 8, drill("a", 8))], receivers=nobody)
    async with await Store.open(url) as again:
        assert (await again.state("a")) is not None
        assert len(await again.events()) == 2


async def test_deliveries_of_a_target_go_one_after_the_other(store: Store) -> None:
    await store.commit(
        [change("a", 1, drill("a", 1)), change("b", 1, drill("b", 1)), change("a", 2, drill("a", 2))],
        receivers=ops,
    )
    first = await store.due("ops", moment(), 10)
    assert [item.event.event.subject for item in first] == ["a", "b"]
    later = moment(5)
    failed = Settlement(
        delivery=first[0], outcome=Outcome.FAILED, at=moment(1), error="no answer", next_at=later
    )
    await store.settle([failed])
    assert [item.event.event.subject for item in await store.due("ops", moment(1), 10)] == ["b"]
    assert await store.next_due("ops", moment(1)) == later
    (again,) = [item for item in await store.due("ops", later, 10) if item.event.event.subject == "a"]
    assert (again.attempts, again.first_failed_at, again.last_error) == (1, moment(1), "no answer")
    done = Settlement(delivery=again, outcome=Outcome.DELIVERED, at=later)
    await store.settle([done])
    await store.settle([done])  # told twice, counted once
    assert await store.totals() == {("ops", Outcome.FAILED): 1, ("ops", Outcome.DELIVERED): 1}
    assert {item.event.number for item in await store.due("ops", later, 10)} == {2, 3}
    assert await store.pending(["ops"]) == {"ops": 2}
    (settled,) = await store.deliveries(states=[DeliveryState.DONE])
    assert (settled.event.number, settled.done_at, settled.attempts) == (1, later, 2)


async def test_a_parked_delivery_lets_the_next_one_go(store: Store) -> None:
    await store.commit([change("a", i, drill("a", i)) for i in (1, 2)], receivers=ops)
    (head,) = await store.due("ops", moment(), 10)
    await store.settle([Settlement(delivery=head, outcome=Outcome.PARKED, at=moment(), error="answered 410")])
    (following,) = await store.due("ops", moment(), 10)
    assert following.event.number == 2
    (parked,) = await store.deliveries(receiver="ops", states=[DeliveryState.PARKED])
    assert parked.last_error == "answered 410"


async def test_a_clock_set_back_does_not_put_a_delivery_off_for_days(store: Store) -> None:
    await store.commit([change("a", 1, drill("a", 1))], receivers=ops)
    (head,) = await store.due("ops", moment(), 10)
    in_an_hour = Settlement(delivery=head, outcome=Outcome.FAILED, at=moment(), error="x", next_at=moment(60))
    await store.settle([in_an_hour])
    assert await store.due("ops", moment(), 10) == []
    assert len(await store.due("ops", moment() - timedelta(days=30), 10)) == 1


async def test_a_store_in_memory_does_the_same() -> None:
    async with await Store.open("sqlite://") as store:
        await store.commit([change("a", 1, drill("a", 1))], receivers=ops)
        assert (await store.load())["a"].seq == 1
        assert len(await store.due("ops", moment(), 1)) == 1
