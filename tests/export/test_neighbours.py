"""Which targets stand on which provider, kept up to date commit by commit."""

import asyncio
import random
import time

import pytest
from export.fleet import behind, state, target

from monitor.export.metrics import FleetMetrics
from monitor.export.neighbours import Neighbours
from monitor.model import Layer, Memory


def memory(**layers: tuple[str, ...]) -> Memory:
    return Memory(layers=tuple(behind(Layer(name), *ids) for name, ids in layers.items()))


class Kept(Neighbours):
    """Remembers what it was told of each target, as the fleet's metrics do."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, Memory] = {}

    def take(self, target: str, memory: Memory) -> None:
        self.update(target, self.told.get(target, Memory()), memory)
        self.told[target] = memory


async def ranked(neighbours: Neighbours, search: str = "") -> list[tuple[str, int]]:
    ranking = await neighbours.ranking(search, 1)
    return [(row.provider.id, row.targets) for row in ranking.rows]


async def test_a_provider_is_counted_once_a_target_whatever_the_layers() -> None:
    neighbours = Kept()
    neighbours.take("a.example", memory(dns=("amazon",), network=("amazon", "fastly")))
    neighbours.take("b.example", memory(dns=("amazon",)))
    standing = neighbours.standing("amazon")
    assert standing is not None
    assert (standing.targets, standing.layers) == (2, {Layer.DNS: 2, Layer.NETWORK: 1})
    assert await ranked(neighbours) == [("amazon", 2), ("fastly", 1)]
    assert await ranked(neighbours, "fast") == [("fastly", 1)]


async def test_a_move_takes_the_target_along_and_leaves_nothing_behind() -> None:
    neighbours = Kept()
    neighbours.take("a.example", memory(dns=("amazon",), network=("amazon",)))
    neighbours.take("a.example", memory(dns=("epik",), network=("amazon",)))
    assert dict(neighbours.counts) == {(Layer.NETWORK, "amazon"): 1, (Layer.DNS, "epik"): 1}
    neighbours.take("a.example", memory())
    assert (dict(neighbours.counts), await ranked(neighbours)) == ({}, [])
    assert neighbours.standing("amazon") is None
    neighbours.take("never.example", Memory())


async def test_a_layer_that_is_no_longer_seen_does_not_count() -> None:
    neighbours = Kept()
    neighbours.take("a.example", Memory(layers=(behind(Layer.DNS, "amazon", known=False),)))
    assert "amazon" not in neighbours


async def test_it_is_always_what_a_count_from_scratch_gives() -> None:
    """A thousand moves, removals and returns, in an order that is drawn."""
    draw = random.Random(20210111)  # noqa: S311 - the same every time
    neighbours, truth = Kept(), {}
    providers = ("amazon", "epik", "fastly", "ddos-guard")
    for _ in range(1_000):
        name = f"{draw.randrange(20)}.example"
        if draw.random() < 0.2:
            neighbours.take(name, Memory())
            truth.pop(name, None)
            continue
        layers = {
            layer.value: tuple(draw.sample(providers, draw.randrange(1, 3)))
            for layer in draw.sample(list(Layer), 3)
        }
        neighbours.take(name, memory(**layers))
        truth[name] = layers
    expected: dict[tuple[Layer, str], int] = {}
    for layers in truth.values():
        for layer, ids in layers.items():
            for key in ids:
                expected[Layer(layer), key] = expected.get((Layer(layer), key), 0) + 1
    assert dict(neighbours.counts) == expected
    for key in providers:
        there = [name for name, layers in truth.items() if any(key in ids for ids in layers.values())]
        found = neighbours.neighbourhood(key, None, 1)
        assert sorted(name for name, _ in found.targets) == sorted(there) if found else not there


def test_the_metric_counts_the_same_index() -> None:
    fleet = FleetMetrics([target("a.example")])
    fleet.update(state("a.example", layers=(behind(Layer.DNS, "amazon"),)))
    fleet.update(state("stranger.example", layers=(behind(Layer.DNS, "amazon"),)))
    assert dict(fleet.neighbours.counts) == {(Layer.DNS, "amazon"): 1}
    fleet.remove("a.example")
    assert dict(fleet.neighbours.counts) == {}


@pytest.mark.alone
async def test_a_hundred_thousand_targets_hold_the_loop_up_less_than_50_ms() -> None:
    """Every target on a shared provider and, like vanity name servers, on one of its own."""
    neighbours = Kept()
    for number in range(100_000):
        neighbours.take(f"{number}.example", memory(network=("amazon",), dns=(f"d{number}.example",)))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    ranking = await neighbours.ranking("", 500)
    found = neighbours.neighbourhood("amazon", Layer.NETWORK, 1_000)
    watching.cancel()
    assert (ranking.found, len(ranking.rows)) == (100_001, 100)
    assert found is not None
    assert (found.found, len(found.targets)) == (100_000, 100)
    assert longest < 0.05
