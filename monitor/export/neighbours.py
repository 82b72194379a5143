"""Which targets stand on which provider: kept as states are committed, never searched for.

A provider's outage takes its targets along; who else stands there is one look-up, however large
the fleet is. For each provider: its targets, and for each of them the layers as bits.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from monitor.export.overview import PER_PAGE
from monitor.model import Layer, Memory, Provider

_BITS: Final = {layer: 1 << index for index, layer in enumerate(Layer)}
_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A provider, and how many targets stand on it."""

    provider: Provider
    targets: int
    layers: Mapping[Layer, int]
    """Targets by layer, in the order of `Layer`; layers without any are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """One page of the providers, the largest blast radius first."""

    search: str
    page: int
    found: int
    all: int
    rows: tuple[Standing, ...]

    @property
    def pages(self) -> int:
        """Return how many pages there are, at least one."""
        return max(1, -(-self.found // PER_PAGE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """One page of the targets of a provider."""

    standing: Standing
    layer: Layer | None
    """The one asked for; None: all."""
    page: int
    found: int
    targets: tuple[tuple[str, tuple[Layer, ...]], ...]

    @property
    def pages(self) -> int:
        """Return how many pages there are, at least one."""
        return max(1, -(-self.found // PER_PAGE))


class Neighbours:
    """Holds who stands where. Not for use from several threads."""

    def __init__(self) -> None:
        self._targets: dict[str, dict[str, int]] = {}
        self._counts: dict[tuple[Layer, str], int] = {}
        self._providers: dict[str, Provider] = {}
        self._by_size: dict[int, dict[str, None]] = {}
        """Providers by how many targets stand on them, so that a page needs no sorting."""

    def __contains__(self, provider: str) -> bool:
        return provider in self._targets

    @property
    def counts(self) -> Mapping[tuple[Layer, str], int]:
        """Return how many targets stand on a provider in a layer; pairs without any are absent."""
        return self._counts

    def update(self, target: str, before: Memory, after: Memory) -> None:
        """Take what is known now of a target, in place of what was known before; nothing: `Memory()`."""
        if before.layers is after.layers:
            return
        gone, come = _standing(before), _standing(after)
        if gone == come:
            return
        for state in after.layers:
            self._providers |= {
                provider.id: provider for provider in state.confirmed.providers if state.known
            }
        for provider in {**gone, **come}:
            old, new = gone.get(provider, 0), come.get(provider, 0)
            if old != new:
                self._place(target, provider, old, new)

    def _place(self, target: str, provider: str, old: int, new: int) -> None:
        self._add(provider, new & ~old, 1)
        self._add(provider, old & ~new, -1)
        there = self._targets.setdefault(provider, {})
        size = len(there)
        if new:
            there[target] = new
        else:
            del there[target]
        if len(there) != size:
            self._resize(provider, size, len(there))

    def _resize(self, provider: str, old: int, new: int) -> None:
        if old:
            del self._by_size[old][provider]
            if not self._by_size[old]:
                del self._by_size[old]
        if new:
            self._by_size.setdefault(new, {})[provider] = None
        else:
            del self._targets[provider], self._providers[provider]

    def _add(self, provider: str, bits: int, by: int) -> None:
        for layer in _layers(bits):
            count = self._counts.get((layer, provider), 0) + by
            if count:
                self._counts[layer, provider] = count
            else:
                del self._counts[layer, provider]

    def size(self, provider: str) -> int:
        """Return how many targets stand on a provider."""
        return len(self._targets.get(provider, ()))

    def standing(self, provider: str) -> Standing | None:
        """Return how many targets stand on a provider; None for none."""
        there = self._targets.get(provider)
        if there is None:
            return None
        counted = ((layer, self._counts.get((layer, provider), 0)) for layer in Layer)
        return Standing(
            provider=self._providers[provider],
            targets=len(there),
            layers={layer: count for layer, count in counted if count},
        )

    async def ranking(self, search: str, page: int) -> Ranking:
        """Return a page of the providers whose id or name has `search` (lower case) in it."""
        ordered = (key for size in sorted(self._by_size, reverse=True) for key in self._by_size[size])
        found: Sequence[str] | None = None
        if search:
            found = await self._found(tuple(ordered), search)
        start = (page - 1) * PER_PAGE
        wanted = islice(ordered if found is None else found, start, start + PER_PAGE)
        rows = [self.standing(key) for key in wanted]
        return Ranking(
            search=search,
            page=page,
            found=len(self._targets) if found is None else len(found),
            all=len(self._targets),
            rows=tuple(row for row in rows if row is not None),
        )

    async def _found(self, keys: Sequence[str], search: str) -> Sequence[str]:
        """Return those with `search` in id or name; the loop is let go in between."""
        found = []
        for done, key in enumerate(keys, start=1):
            if done % _AT_ONCE == 0:
                await asyncio.sleep(0)
            provider = self._providers.get(key)
            if provider is not None and (search in key or search in provider.name.lower()):
                found.append(key)
        return found

    def neighbourhood(self, provider: str, layer: Layer | None, page: int) -> Neighbourhood | None:
        """Return a page of the targets that stand on a provider; None when none does."""
        standing = self.standing(provider)
        if standing is None:
            return None
        targets: Sequence[tuple[str, int]] = tuple(self._targets[provider].items())
        start = (page - 1) * PER_PAGE
        if layer is not None:
            targets = [(name, bits) for name, bits in targets if bits & _BITS[layer]]
        return Neighbourhood(
            standing=standing,
            layer=layer,
            page=page,
            found=len(targets),
            targets=tuple((name, tuple(_layers(bits))) for name, bits in targets[start : start + PER_PAGE]),
        )


def _standing(memory: Memory) -> dict[str, int]:
    """Return the providers that are known to stand behind a target now, and in which layers."""
    bits: dict[str, int] = {}
    for state in memory.layers:
        if state.known:
            for key in state.confirmed.ids:
                bits[key] = bits.get(key, 0) | _BITS[state.layer]
    return bits


def _layers(bits: int) -> Iterable[Layer]:
    return [layer for layer, bit in _BITS.items() if bits & bit]
