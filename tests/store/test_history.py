"""What the history says, from steps made by hand and from those of the real judge."""

from datetime import timedelta

import pytest
from judge.world import World, page, records
from judge.world import behind as seen_behind
from store.steps import change, incident, layer, memory, moment, nobody, verdict

from monitor.failure import Failure
from monitor.model import Layer, Memory, Probe, Status, TargetState
from monitor.store import Change, Period, Store
from monitor.store.history import facts, same_history

Line = tuple[str | None, float, float | None]


async def lines(store: Store, lane: str, target: str = "a") -> list[Line]:
    def minutes(period: Period) -> Line:
        until = None if period.until is None else (period.until - moment()) / timedelta(minutes=1)
        return period.value, (period.since - moment()) / timedelta(minutes=1), until

    return [minutes(period) for period in await store.periods(target, lane=lane)]


async def test_periods_follow_each_other_without_gaps() -> None:
    steps = [
        memory(Status.UP, since=1, layers=[layer(Layer.NETWORK, "amazon", since=1)]),
        memory(
            Status.DOWN, since=5, layers=[layer(Layer.NETWORK, "amazon", since=1, known=False, known_since=6)]
        ),
        memory(Status.DOWN, since=5, layers=[layer(Layer.NETWORK, "amazon", since=1, known_since=7)]),
        memory(Status.UP, since=9, layers=[layer(Layer.NETWORK, "ddos-guard", "epik", since=8)]),
    ]
    async with await Store.open("sqlite://") as store:
        changes = [change("a", seq, of=step) for seq, step in zip((2, 6, 7, 10), steps, strict=True)]
        await store.commit(changes, receivers=nobody)
        status: list[Line] = [("up", 1, 5), ("down", 5, 9), ("up", 9, None)]
        assert await lines(store, "status") == status
        network: list[Line] = [
            ("amazon", 1, 6),
            (None, 6, 7),
            ("amazon", 7, 8),
            ("ddos-guard,epik", 8, None),
        ]
        assert await lines(store, "network") == network
        evidence = [period.attribution for period in await store.periods("a", lane="network")]
        assert [item and item.ids for item in evidence] == [
            ("amazon",),
            None,
            ("amazon",),
            ("ddos-guard", "epik"),
        ]
        assert await lines(store, "status") == status
        lasting = await store.periods("a", lane="status", since=moment(6))
        assert [period.value for period in lasting] == ["down", "up"]


async def test_a_store_that_forgot_tells_the_same_history_again() -> None:
    """Without `load`, everything that lasts is told again, and nothing becomes double."""
    step = memory(Status.UP, since=1, layers=[layer(Layer.DNS, "epik", since=1)])
    async with await Store.open("sqlite://") as store:
        await store.commit([change("a", 2, of=step)], receivers=nobody)
        store._last.clear()
        later = memory(Status.UP, since=1, layers=[layer(Layer.DNS, "epik", since=1)])
        await store.commit([change("a", 3, of=later)], receivers=nobody)
        assert await lines(store, "status") == [("up", 1, None)]
        assert await lines(store, "dns") == [("epik", 1, None)]


async def test_a_clock_set_back_never_makes_a_period_of_negative_length() -> None:
    async with await Store.open("sqlite://") as store:
        await store.commit([change("a", 1, of=memory(Status.UP, since=50))], receivers=nobody)
        await store.commit([change("a", 2, of=memory(Status.DOWN, since=10))], receivers=nobody)
        assert await lines(store, "status") == [("down", 10, None), ("up", 50, 50)]


async def test_an_incident_of_the_real_judge_is_one_row_with_its_end() -> None:
    world = World()
    changes: list[Change] = []

    def feed(got: object) -> None:
        events = world.feed(Probe.HTTP, got)  # type: ignore[arg-type] # a letter's value of world.py
        changes.append(Change(state=world.state, events=tuple(events)))

    for letter in "...xxxxx....":
        feed(Failure.TCP_REFUSED if letter == "x" else page())
    async with await Store.open("sqlite://") as store:
        for one in changes:  # each in a commit of its own, as a quiet daemon would
            await store.commit([one], receivers=nobody)
        apart = (await store.incidents(), await store.periods(None))
    async with await Store.open("sqlite://") as store:
        await store.commit(changes, receivers=nobody)
        together = (await store.incidents(), await store.periods(None))
        (row,) = together[0]
        assert row.incident.verdict.status is Status.DOWN
        assert row.incident.resolved_at == world.state.memory.since
        assert row.incident.observations
        assert await store.incidents("parler.com", since=world.now + timedelta(days=1)) == []
        assert [period.value for period in together[1]][-2:] == ["down", "up"]
    assert apart == together


async def test_providers_of_the_real_judge_make_periods() -> None:
    world = World()
    async with await Store.open("sqlite://") as store:
        for provider in ("amazon", "amazon", "epik", "epik", "epik"):
            events = world.feed(Probe.DNS, records(), seen_behind(Layer.DNS, provider))
            await store.commit([Change(state=world.state, events=tuple(events))], receivers=nobody)
        values = [period.value for period in await store.periods("parler.com", lane="dns")]
    assert values == ["amazon", "epik"]


def test_the_same_memory_adds_nothing() -> None:
    same = memory()
    assert list(facts(same, TargetState(target="a", seq=2, memory=same))) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (memory(), memory(), True),
        (memory(), memory(Status.DOWN), False),
        (memory(since=1), memory(since=2), False),
        (memory(), Memory(verdict=verdict(Status.UP), since=moment(), incident=incident("i", 1)), False),
        (
            memory(layers=[layer(Layer.DNS, "epik", since=1)]),
            memory(layers=[layer(Layer.DNS, "epik", since=1, known=False)]),
            False,
        ),
        (memory(), Memory(verdict=verdict(Status.UP), since=moment(), suspected=verdict(Status.DOWN)), True),
    ],
)
def test_which_steps_history_must_see(one: Memory, other: Memory, same: bool) -> None:  # noqa: FBT001 - a column of the table
    assert same_history(one, other) is same


async def test_an_incident_that_goes_on_after_its_end_is_one_row_that_is_open_again() -> None:
    world = World()
    changes: list[Change] = []
    for letter in "...xxxxx....xxx":
        events = world.feed(Probe.HTTP, Failure.TCP_REFUSED if letter == "x" else page())
        changes.append(Change(state=world.state, events=tuple(events)))
    again: list[Change] = []
    for _ in range(20):
        events = world.feed(Probe.HTTP, page())
        again.append(Change(state=world.state, events=tuple(events)))
    for apart in (True, False):
        async with await Store.open("sqlite://") as store:
            for batch in [[one] for one in changes] if apart else [changes]:
                await store.commit(batch, receivers=nobody)
            (row,) = await store.incidents()
            assert row.incident.resolved_at is None
            assert (row.incident.reopened, row.incident.flaps) == (1, 1)
            for batch in [[one] for one in again] if apart else [again]:
                await store.commit(batch, receivers=nobody)
            (row,) = await store.incidents()
            assert row.incident.resolved_at == world.state.memory.since
            assert row.incident.verdict.status is Status.DOWN


async def test_where_a_target_came_back_stays_with_its_incident() -> None:
    world = World()
    changes: list[Change] = []

    def dns(provider: str) -> None:
        events = world.feed(Probe.DNS, records(), seen_behind(Layer.NETWORK, provider), after_s=5)
        changes.append(Change(state=world.state, events=tuple(events)))

    def http(letters: str) -> None:
        for letter in letters:
            events = world.feed(Probe.HTTP, Failure.TCP_REFUSED if letter == "x" else page())
            changes.append(Change(state=world.state, events=tuple(events)))

    dns("amazon")
    http("..xxx")
    dns("ddos-guard")
    dns("ddos-guard")
    http(".")
    dns("ddos-guard")
    http("." * 190)  # until it can no longer go on
    async with await Store.open("sqlite://") as store:
        await store.commit(changes, receivers=nobody)
        (row,) = await store.incidents()
    (move,) = row.incident.moves
    assert [p.id for p in (*move.providers_before, *move.providers_after)] == ["amazon", "ddos-guard"]
    assert world.state.memory.ended is None
