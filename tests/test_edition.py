"""Another edition of the data, taken up while the monitor runs."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from judge.world import START, observe, records

from monitor.attribute import AsTable, Attributor, Catalog
from monitor.edition import rename, take_up
from monitor.garbage import collected_seldom
from monitor.model import Layer, Observation, Policy, Probe, ProviderChanged, TargetState
from monitor.pipeline import Pipeline, Plan
from monitor.store import Change, Store

CATALOG = Catalog.bundled()
HERE, THERE = "45.88.202.10", "91.215.42.10"


def table(edition: str, here: int, there: int) -> Attributor:
    rows = [("45.88.202.0/24", here, f"HERE-{edition}"), ("91.215.42.0/24", there, f"THERE-{edition}")]
    return Attributor(CATALOG, AsTable.of(rows, edition))


FIRST, SECOND = table("first", 64496, 64500), table("second", 64497, 64501)


class Fleet:
    """Some targets, and what is committed of them."""

    def __init__(self, *names: str, attributor: Attributor = FIRST) -> None:
        self.changes: list[Change] = []
        plan = Plan(checks={}, policy=Policy(lead=Probe.DNS))
        self.pipeline = Pipeline(
            io=None,  # type: ignore[arg-type]  # nothing is measured here
            attributor=attributor,
            plans=dict.fromkeys(names, plan),
            states={},
            commit=self.changes.append,
            recheck=lambda *_: None,
        )
        self.minute = 0

    def look(self, name: str, address: str) -> None:
        self.minute += 1
        at = START + timedelta(minutes=self.minute)
        seen: Observation = observe(Probe.DNS, at, records(a=(address,)))
        self.pipeline.take(replace(seen, target=name))

    def moves(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        found = [event.data for change in self.changes for event in change.events]
        return [
            (tuple(p.id for p in moved.providers_from), tuple(p.id for p in moved.providers_to))
            for moved in found
            if isinstance(moved, ProviderChanged) and moved.layer is Layer.NETWORK
        ]

    def network(self, name: str) -> tuple[str, ...]:
        layers = self.pipeline.states[name].memory.layers
        return next(layer.confirmed.ids for layer in layers if layer.layer is Layer.NETWORK)


async def test_an_edition_tells_nothing_of_a_site_that_stays() -> None:
    fleet = Fleet("a")
    for _ in range(3):
        fleet.look("a", HERE)
    await take_up(fleet.pipeline, SECOND)
    assert fleet.network("a") == ("as64497",)
    for _ in range(3):
        fleet.look("a", HERE)
    assert [event for change in fleet.changes for event in change.events] == []


async def test_a_look_that_comes_before_its_turn_tells_nothing_either() -> None:
    fleet = Fleet("a")
    fleet.look("a", HERE)
    fleet.pipeline.attributor = SECOND
    for _ in range(3):
        fleet.look("a", HERE)
    assert fleet.network("a") == ("as64497",)
    assert fleet.moves() == []


async def test_a_move_in_the_same_hour_is_told_once_by_its_new_names() -> None:
    fleet = Fleet("a")
    fleet.look("a", HERE)
    fleet.look("a", THERE)  # suspected by the old name
    await take_up(fleet.pipeline, SECOND)
    for _ in range(4):
        fleet.look("a", THERE)
    assert fleet.moves() == [(("as64497",), ("as64501",))]


async def test_a_move_to_whom_the_old_edition_named_is_told_too() -> None:
    """The old edition took the old place for what the new one takes the new place for."""
    fleet = Fleet("a")
    fleet.look("a", HERE)
    await take_up(fleet.pipeline, table("third", 64499, 64496))
    for _ in range(3):
        fleet.look("a", THERE)
    assert fleet.moves() == [(("as64499",), ("as64496",))]


async def test_states_that_rest_on_an_older_edition_are_named_again_by_the_first_look() -> None:
    """As after a start with other data than before."""
    old = Fleet("a")
    old.look("a", HERE)
    new = Fleet("a", attributor=SECOND)
    new.pipeline.states.update(old.pipeline.states)
    for _ in range(3):
        new.look("a", HERE)
    assert new.moves() == []
    assert new.network("a") == ("as64497",)


async def test_after_a_start_only_what_is_stale_is_named_again() -> None:
    fleet = Fleet("a")
    fleet.look("a", HERE)
    before = fleet.pipeline.states["a"]
    await rename(fleet.pipeline, stale_only=True)
    assert fleet.pipeline.states["a"] is before
    fleet.pipeline.attributor = SECOND
    await rename(fleet.pipeline, stale_only=True)
    assert fleet.network("a") == ("as64497",)


async def test_history_is_corrected_in_place() -> None:
    fleet = Fleet("a")
    fleet.look("a", HERE)
    await take_up(fleet.pipeline, SECOND)
    for _ in range(3):
        fleet.look("a", THERE)
    async with await Store.open("sqlite://") as store:
        for change in fleet.changes:
            await store.commit([change], receivers=lambda _: ())
        periods = await store.periods("a", lane="network")
        state = await store.state("a")
    assert [period.value for period in periods] == ["as64497", "as64501"]
    assert [(p.since - START).total_seconds() for p in periods] == [60.0, 120.0]
    assert state is not None
    assert state == fleet.pipeline.states["a"]


async def test_the_counter_of_changes_stays() -> None:
    fleet = Fleet("a")
    fleet.look("a", HERE)
    await take_up(fleet.pipeline, SECOND)
    (layer,) = [x for x in fleet.pipeline.states["a"].memory.layers if x.layer is Layer.NETWORK]
    assert (layer.changes, layer.changed_at) == (0, None)


@pytest.mark.alone
async def test_ten_thousand_targets_are_named_again_without_holding_up_the_loop() -> None:
    fleet = Fleet("a")
    fleet.look("a", HERE)
    state = fleet.pipeline.states["a"]
    names = [f"t{index}" for index in range(10_000)]
    fleet.pipeline.states.update({name: replace(state, target=name) for name in names})
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()  # not what the machine does beside
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    watching = asyncio.ensure_future(watch())
    async with collected_seldom():  # as in the daemon
        await take_up(fleet.pipeline, SECOND)
    watching.cancel()
    assert all(fleet.network(name) == ("as64497",) for name in names)
    assert longest < 0.05


def test_a_state_of_another_edition_is_no_new_state_without_a_difference() -> None:
    fleet = Fleet("a")
    fleet.look("a", HERE)
    before: TargetState = fleet.pipeline.states["a"]
    fleet.pipeline.rename("a")
    fleet.pipeline.rename("unheard of")
    assert fleet.pipeline.states["a"] is before
