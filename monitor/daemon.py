"""The daemon: what is wired to what.

What a daemon and a demonstration do not share is a `World`: the clock, the network, and what is believed
about it. In which order it starts and stops is told in `monitor.app`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from monitor import __version__, registration
from monitor.attribute import Atlas, Attributor, Catalog, Networks, TableError
from monitor.blocks import AddressBlocks
from monitor.bounds import Bounds
from monitor.clock import Clock, SystemClock
from monitor.config import Config, control_checks
from monitor.data import folder_of, updater_of
from monitor.edition import rename, take_up
from monitor.editions.refresh import Rhythm, refresh
from monitor.editions.tables import load_atlas
from monitor.export.metrics import FleetMetrics
from monitor.export.outbox import Outbox
from monitor.export.own_metrics import OwnMetrics
from monitor.export.receiver import ReceiverSettings, WebhookSender, routes
from monitor.judge import Fleet
from monitor.model import Check, FleetRecord, HttpSettings, Probe, StoredEvent, TargetState
from monitor.pipeline import Pipeline, plans
from monitor.probe.io import Io, Route
from monitor.probe.rdap_block import AddressRegistries
from monitor.probe.registries import Registries
from monitor.probe.tls import Trust
from monitor.schedule import Schedule
from monitor.store import Change, Committer, Store

_log: Final = structlog.get_logger("app")

Watcher = Callable[[Sequence[TargetState], Sequence[StoredEvent]], None]

_WAITING_PER_TURN: Final = 50
_LAST_ADDRESSES_PER_TURN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is watched, and how it can be looked at: the internet, or a small one on loopback."""

    clock: Clock
    route: Route
    trust: Trust
    resolvers: Sequence[tuple[str, int]]
    registries: Registries
    networks: Networks
    live: bool = False
    """Whether it is the internet of today: then what is known of it is renewed from it."""


class Daemon:
    """A running monitor. Built by `open_daemon`, which starts and stops its parts in order."""

    def __init__(self, *, config: Config, world: World, store: Store, io: Io, sender: WebhookSender) -> None:
        receivers = receivers_of(config)
        self.config = config
        self.world = world
        self.store = store
        self.address: tuple[str, int] | None = None
        """Where the web page is served, once it is."""
        self.loaded = False
        self.failed = asyncio.Event()
        """Set when a part ended that must not."""
        self.shown: dict[str, TargetState] = {}
        """The committed state of every target: what is not stored is not shown either."""
        self.known = FleetRecord()
        """The committed state of the fleet."""
        self._unheard = False
        self.watchers: list[Watcher] = []
        """Are told of everything that has been committed, after it is shown."""
        self.fleet = FleetMetrics(config.targets)
        self.own = OwnMetrics(version=__version__)
        self.outbox = Outbox(
            store,
            receivers,
            sender=sender,
            clock=SystemClock(),
            settled=lambda how: self.own.delivered(how.delivery.receiver, how.outcome),
        )
        self.committer = Committer(
            store,
            receivers=routes(receivers),
            on_commit=self.committed,
            timed=self.own.committed,
            on_fleet=self._show_fleet,
        )
        self.blocks = self._blocks(io) if world.live and config.data.blocks else None
        self.catalog = Catalog.bundled(config.catalogs)
        controls = {check.target: check for check in control_checks(config.controls)}
        domains = {target.name: target.domain for target in config.targets}
        self.pipeline = Pipeline(
            io=io,
            attributor=Attributor(self.catalog, self._asking(world.networks)),
            plans=plans(config.checks, config.policies),
            states={},
            commit=self.committer.submit,
            recheck=self._recheck,
            observed=self.own.observed,
            fleet=Fleet(
                controls=tuple(controls),
                policy=config.correlation,
                domain_of=lambda target: domains.get(target, target),
                targets=len(domains),
            ),
            controls=controls,
            commit_fleet=self.committer.submit,
            bounds=Bounds(told=self.own.investigated),
        )
        self.schedule = Schedule(
            clock=world.clock,
            run=self._run,
            miss=self.pipeline.miss,
            # Questions about registrations wait in lines of their own: `monitor.probe.turns`.
            limits={probe: config.limits.of(probe) for probe in Probe if probe is not Probe.REGISTRATION},
            # What tells whether it is us must not wait behind a thousand targets that do not answer.
            at_once=controls,
            most_waiting={
                Probe.DELEGATION: _WAITING_PER_TURN * config.limits.delegation,
                Probe.LAST_ADDRESS: _LAST_ADDRESSES_PER_TURN * config.limits.last_address,
            },
        )
        self.turns = io.asking.turns
        self.turns.recall = self._recall
        registration.show(self.turns, world.registries, self.own)
        for probe in Probe:
            self.own.watch_in_flight(probe, partial(self.schedule.in_flight_of, probe))

    def take_up(self, states: Mapping[str, TargetState], known: FleetRecord) -> None:
        """Go on from what is stored."""
        self.pipeline.states.update(states)
        self.pipeline.fleet.go_on(states.values(), known)
        self._show_fleet(self.pipeline.fleet.record)
        for state in states.values():
            self._show(state)
        self.loaded = True

    async def refresh_editions(self, rhythm: Rhythm | None) -> None:
        """Name what is stored by today's editions, and fetch newer ones whenever that is due, for ever."""
        await rename(self.pipeline, stale_only=True)
        if rhythm is None:
            return
        await refresh(
            updater_of(self.config, self.pipeline.io.http),
            rhythm,
            take=self._take_editions,
            clock=SystemClock(),
        )

    def _recall(self, check_id: str) -> bool:
        """Run a check whose turn at its registry has come: a target's, or of the domain of name servers."""
        io = self.pipeline.io
        of_servers = io.server_domains.recall(check_id, io)
        if of_servers is not None:
            return of_servers
        return registration.recall(check_id, self.pipeline.plans, self.schedule)

    async def _take_editions(self) -> None:
        folder, own = folder_of(self.config), self.config.as_table
        try:
            networks = await asyncio.to_thread(load_atlas, folder, own)
        except (TableError, OSError) as error:
            # Only the file that the configuration names can fail so: what is in memory is still good.
            _log.error("edition_not_taken_up", error=str(error))
            return
        await self.take_networks(networks)

    async def take_networks(self, networks: Networks) -> None:
        """Name networks by other data from now on; what is believed is named again, and nothing is told."""
        current = self.pipeline.attributor
        if isinstance(current, Attributor):
            await take_up(self.pipeline, current.over(self._asking(networks)))

    def _blocks(self, io: Io) -> AddressBlocks:
        return AddressBlocks(
            http=io.http,
            registries=AddressRegistries.bundled(),
            clock=SystemClock(),
            user_agent=HttpSettings(url="").user_agent,
            learned=self._learned,
            path=folder_of(self.config) / "blocks.json",
        )

    def _asking(self, networks: Networks) -> Networks:
        """Return the networks that also ask who holds what they do not know."""
        return networks.asking(self.blocks) if self.blocks and isinstance(networks, Atlas) else networks

    def _learned(self) -> None:
        attributor = self.pipeline.attributor
        if isinstance(attributor, Attributor):
            attributor.learned()

    def _show(self, state: TargetState) -> None:
        self.shown[state.target] = state
        self.fleet.update(state)

    async def _run(self, check: Check, scheduled_at: datetime) -> None:
        await self.pipeline.run(check, scheduled_at)
        if check.target in self.pipeline.controls:
            unheard = self.pipeline.fleet.unheard
            if unheard and not self._unheard:
                _log.warning("controls_never_answered", controls=len(self.pipeline.controls))
            self._unheard = unheard

    def _show_fleet(self, record: FleetRecord) -> None:
        self.known = record
        self.own.fleet_is(record)

    def _recheck(self, check: Check, delay_s: float, reason: str) -> None:
        if check.probe is Probe.REGISTRATION and delay_s <= 0:
            self.turns.hurry(check.id)
        self.schedule.soon(check, delay_s, reason)

    def troubles(self) -> list[str]:
        """Return why the daemon is not ready to be relied on; empty when it is."""
        reasons = []
        if not self.loaded:
            reasons.append("states are being loaded")
        if not self.schedule.running:
            reasons.append("no checks are being started")
        if not self.committer.healthy:
            reasons.append("the store does not take what is to be written")
        return reasons

    def committed(self, changes: Sequence[Change], stored: Sequence[StoredEvent]) -> None:
        """Show and tell what has been stored; never before."""
        for change in changes:
            self._show(change.state)
        if stored:
            self.outbox.wake()
        for watcher in self.watchers:
            watcher([change.state for change in changes], stored)
        for event in stored:
            _log.info("event", type=event.event.type, number=event.number, text=event.event.text)


def receivers_of(config: Config) -> tuple[ReceiverSettings, ...]:
    """Return the receivers as the sender wants them: secrets revealed, here and nowhere else."""
    return tuple(
        ReceiverSettings(
            name=receiver.name,
            url=receiver.url.reveal(),
            secret=receiver.secret.reveal() or None,
            headers=tuple((name, value.reveal()) for name, value in receiver.headers),
            timeout_s=receiver.timeout_s,
            events=tuple(sorted(receiver.events)),
            min_severity=receiver.min_severity,
            targets=tuple(sorted(receiver.targets or ())),
        )
        for receiver in config.receivers
    )
