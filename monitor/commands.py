"""The work behind the commands that do not run a daemon."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from monitor.app import enter, internet
from monitor.attribute import Attributor, Catalog
from monitor.config import Config, control_checks
from monitor.judge.announced import Effect, compare
from monitor.look import cut_off, look, withheld
from monitor.model import BEHIND, Announcement, Check, Layer, Provider, StoredEvent, TargetState
from monitor.store import IncidentRow, Period, Store

MOST: Final = 10_000
"""Incidents, events and periods that are read at once: the latest; the others take a later --since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is stored of a target's past, at most `MOST` of each kind."""

    target: str
    since: datetime
    periods: list[Period]
    incidents: list[IncidentRow]
    events: list[StoredEvent]
    announced: tuple[Effect, ...] = ()
    """What was announced in that time, beside what happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependants:
    """Which targets stand on a provider, or on one that it owns."""

    providers: tuple[Provider, ...]
    """The one asked for first."""
    watched: int
    """How many targets there are something stored of."""
    by_layer: Mapping[Layer, Sequence[tuple[str, str | None]]]
    """Targets in their order, and the id of the provider where it is not the one asked for."""
    seen: frozenset[str]
    """Ids of every provider that a target stands on."""

    @property
    def targets(self) -> frozenset[str]:
        """Return the names of all of them."""
        return frozenset(name for some in self.by_layer.values() for name, _ in some)


async def dependants(config: Config, catalog: Catalog, key: str) -> Dependants:
    """Return who stands on a provider, from what is stored. Raises StoreError."""
    states: dict[str, TargetState] = {}
    if not _never_ran(config):
        async with await Store.open(config.store_url.reveal(), read_only=True) as store:
            states = await store.load()
    watched = [states[target.name] for target in config.targets if target.name in states]
    family = catalog.owned_by(key)
    providers = {row: catalog.entries[row].provider for row in family if row in catalog.entries}
    by_layer: dict[Layer, list[tuple[str, str | None]]] = {layer: [] for layer in BEHIND}
    seen: set[str] = set()
    for state in watched:
        for layer in state.memory.layers:
            if not layer.known:
                continue
            for provider in layer.confirmed.providers:
                seen.add(provider.id)
                if provider.id in family:
                    providers.setdefault(provider.id, provider)
                    by_layer[layer.layer].append((state.target, provider.id if provider.id != key else None))
    used = {key} | (seen & set(family))
    return Dependants(
        providers=tuple(
            providers[row] for row in sorted(used, key=lambda row: (row != key, row)) if row in providers
        ),
        watched=len(watched),
        by_layer={layer: some for layer, some in by_layer.items() if some},
        seen=frozenset(seen),
    )


async def look_at(config: Config) -> list[TargetState]:
    """Return what one look at each target shows."""
    world = internet(config)
    attributor = Attributor(Catalog.bundled(config.catalogs), world.networks)
    by_target: dict[str, list[Check]] = {target.name: [] for target in config.targets}
    for check in config.checks:
        by_target[check.target].append(check)
    async with enter(world, config) as io:
        states = await asyncio.gather(
            *(look(checks, config.policies[name], io, attributor) for name, checks in by_target.items())
        )
        if await cut_off(control_checks(config.controls), states, io):
            return [withheld(state) for state in states]
        return states


def _never_ran(config: Config) -> bool:
    """Tell whether there is no store yet: then nothing is stored, and nothing is wrong."""
    url = config.store_url.reveal()
    return url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists()


async def stored_state(config: Config, target: str) -> TargetState | None:
    """Return what is stored of a target; None: nothing. Raises StoreError."""
    if _never_ran(config):
        return None
    async with await Store.open(config.store_url.reveal(), read_only=True) as store:
        return await store.state(target)


async def stored_history(config: Config, target: str, since: datetime) -> Past | None:
    """Return a target's past since a moment; None: nothing is stored. Raises StoreError."""
    if _never_ran(config):
        return None
    async with await Store.open(config.store_url.reveal(), read_only=True) as store:
        if await store.state(target) is None and not await store.events(target=target, limit=1):
            return None
        incidents = await store.incidents(target, since=since, limit=MOST)
        events = (await store.events(target=target, since=since, limit=MOST))[::-1]
        return Past(
            target=target,
            since=since,
            periods=await store.periods(target, since=since, limit=MOST),
            incidents=incidents,
            events=events,
            announced=effects(announcements_of(config, target), incidents, events, since),
        )


def announcements_of(config: Config, target: str) -> tuple[Announcement, ...]:
    """Return what the configuration says was announced of a target; nothing of one that is not there."""
    return next((each.announcements for each in config.targets if each.name == target), ())


def effects(
    announcements: Sequence[Announcement],
    incidents: Sequence[IncidentRow],
    events: Sequence[StoredEvent],
    since: datetime,
) -> tuple[Effect, ...]:
    """Return the announcements whose time is not over at `since`, each beside what came of it."""
    wanted = [one for one in announcements if (one.expected_until or one.at) >= since]
    return compare(wanted, [row.incident for row in incidents], events)
