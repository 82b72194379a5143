"""The daemon: what is wired to what, in which order it starts, and in which order it stops.

Imports everything; imported by nothing but the commands. What a daemon and a demonstration do not
share is a `World`: the clock, the network, and what is believed about it.

It stops from the front to the back, so that nothing that was seen is lost: no new checks, those in
flight drained, what was judged committed, what was committed told as far as time allows.
"""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog

from monitor import __version__, registration
from monitor.attribute import Atlas, Attributor, Catalog, Domains, Networks, TableError
from monitor.blocks import AddressBlocks
from monitor.clock import Clock, SystemClock
from monitor.config import Config
from monitor.data import folder_of, updater_of
from monitor.edition import rename, take_up
from monitor.editions.refresh import Rhythm, refresh
from monitor.editions.tables import load_atlas
from monitor.export.metrics import FleetMetrics
from monitor.export.outbox import Outbox
from monitor.export.own_metrics import OwnMetrics, watch_loop
from monitor.export.receiver import ReceiverSettings, WebhookSender, routes
from monitor.export.web import View, serve
from monitor.garbage import collected_seldom
from monitor.judge import forget
from monitor.model import Check, HttpSettings, Probe, StoredEvent, TargetState
from monitor.pipeline import Pipeline, plans
from monitor.probe import open_io
from monitor.probe.io import DirectRoute, Io, Route
from monitor.probe.rdap_block import AddressRegistries
from monitor.probe.registries import Registries
from monitor.probe.tls import Trust, system_trust
from monitor.schedule import Schedule
from monitor.store import Change, Committer, Store, StoreError

_log: Final = structlog.get_logger("app")

Task = asyncio.Task[None]
Watcher = Callable[[Sequence[TargetState], Sequence[StoredEvent]], None]

_PENDING_EVERY_S: Final = 5.0
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


def internet(config: Config) -> World:
    """Return the world of an ordinary run. Reads the address table: call it off the event loop."""
    return World(
        clock=SystemClock(),
        route=DirectRoute(),
        trust=system_trust(),
        resolvers=config.resolvers,
        registries=registration.registries_of(config),
        networks=load_atlas(folder_of(config), config.as_table),
        live=True,
    )


def enter(world: World, config: Config) -> AbstractAsyncContextManager[Io]:
    """Open what probes measure with in a world; it is closed at the end of the block."""
    return open_io(
        clock=world.clock,
        route=world.route,
        vantage=config.vantage,
        resolvers=world.resolvers,
        trust=world.trust,
        registries=world.registries,
        pace=registration.pace_of(config),
        iana=config.asking.iana,
        registrable=Domains().registrable,
    )


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
            store, receivers=routes(receivers), on_commit=self.committed, timed=self.own.committed
        )
        self.blocks = self._blocks(io) if world.live and config.data.blocks else None
        self.catalog = Catalog.bundled(config.catalogs)
        self.pipeline = Pipeline(
            io=io,
            attributor=Attributor(self.catalog, self._asking(world.networks)),
            plans=plans(config.checks, config.policies),
            states={},
            commit=self.committer.submit,
            recheck=self._recheck,
            observed=self.own.observed,
        )
        self.schedule = Schedule(
            clock=world.clock,
            run=self.pipeline.run,
            miss=self.pipeline.miss,
            # Questions about registrations wait in lines of their own: `monitor.probe.turns`.
            limits={probe: config.limits.of(probe) for probe in Probe if probe is not Probe.REGISTRATION},
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

    def take_up(self, states: Mapping[str, TargetState]) -> None:
        """Go on from what is stored."""
        self.pipeline.states.update(states)
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


def source_of(config: Config) -> str:
    """Return the `source` of every event: who says it."""
    return config.web.base_url or f"urn:platform-monitor:{config.vantage}"


async def _states(store: Store, config: Config, clock: Clock) -> dict[str, TargetState]:
    """Return the states to go on from; forget targets and checks that are no longer configured."""
    states = await store.load()
    configured = {target.name for target in config.targets}
    gone = [name for name, state in states.items() if name not in configured and state.pulse.runs]
    if gone:
        await store.remove(gone, clock.now())
        _log.info("targets_removed", count=len(gone))
    now, watched = clock.now(), plans(config.checks, config.policies)
    return {
        name: forget(states[name], plan.checks, plan.policy, now, parts=plan.parts)
        for name, plan in watched.items()
        if name in states
    }


@asynccontextmanager
async def open_daemon(config: Config, world: World) -> AsyncIterator[Daemon]:
    """Start everything, and at the end stop it from the front to the back.

    Raises StoreError when the store cannot be used, and OSError when the web address is taken.
    """
    sender = WebhookSender(receivers_of(config), clock=SystemClock(), source=source_of(config))
    async with (
        await Store.open(config.store_url.reveal(), alone=True) as store,
        sender,
        enter(world, config) as io,
    ):
        daemon = Daemon(config=config, world=world, store=store, io=io, sender=sender)
        async with _served(daemon), _measured(daemon), _renewed(daemon):
            await _take_up(daemon)
            async with collected_seldom(), _told(daemon), _committed(daemon), _refreshed(daemon):
                await _go(daemon)
                try:
                    yield daemon
                finally:
                    cut_off = await daemon.schedule.stop(config.shutdown_s)
                    _log.info("stopped_checks", cut_off=cut_off)


async def _take_up(daemon: Daemon) -> None:
    """Take up where the last run ended, before anything can be added to it."""
    daemon.own.configured(len(daemon.config.targets), daemon.config.checks)
    daemon.own.reloaded(datetime.now(UTC), ok=True)
    for (receiver, outcome), count in (await daemon.store.totals()).items():
        daemon.own.delivered(receiver, outcome, count)
    daemon.take_up(await _states(daemon.store, daemon.config, daemon.world.clock))


async def _go(daemon: Daemon) -> None:
    """Start to check."""
    daemon.schedule.start(daemon.config.checks)
    pipeline, world = daemon.pipeline, daemon.world
    await registration.put_off_before(daemon.turns, pipeline.plans, pipeline.states, world.registries)
    _log.info(
        "started",
        version=__version__,
        targets=len(daemon.config.targets),
        checks=len(daemon.config.checks),
        store=daemon.store.place,
        web=daemon.address,
    )


@asynccontextmanager
async def _beside(daemon: Daemon, work: Coroutine[None, None, None], name: str) -> AsyncIterator[Task]:
    """Run a part for as long as the block lasts. If it ends by a fault before, the daemon has failed."""

    def ended(task: Task) -> None:
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            _log.critical("part_failed", part=name, exc_info=fault)
            daemon.failed.set()

    task = asyncio.get_running_loop().create_task(work, name=name)
    task.add_done_callback(ended)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def _committed(daemon: Daemon) -> AsyncIterator[None]:
    """Commit what is judged; at the end whatever is still waiting, as far as the store takes it."""
    async with _beside(daemon, daemon.committer.run(), "committer"):
        try:
            yield
        finally:
            await daemon.committer.close(daemon.config.shutdown_s)


@asynccontextmanager
async def _refreshed(daemon: Daemon) -> AsyncIterator[None]:
    """Keep the editions fresh, unless that is switched off; a scenario brings those of its days."""
    if not daemon.world.live:
        yield
        return
    every_s = daemon.config.data.update_s
    identity = f"{socket.gethostname()}|{daemon.config.data_dir}|{daemon.config.vantage}"
    rhythm = Rhythm(identity=identity, every_s=every_s) if every_s is not None else None
    async with _beside(daemon, daemon.refresh_editions(rhythm), "editions"), AsyncExitStack() as stack:
        if daemon.blocks is not None:
            await stack.enter_async_context(_beside(daemon, daemon.blocks.run(), "blocks"))
        yield


@asynccontextmanager
async def _told(daemon: Daemon) -> AsyncIterator[None]:
    """Send what is committed; at the end let the tries in flight end, as far as time allows."""
    async with _beside(daemon, daemon.outbox.run(), "outbox") as sending:
        try:
            yield
        finally:
            daemon.outbox.stop()
            await asyncio.wait([sending], timeout=daemon.config.shutdown_s)


@asynccontextmanager
async def _served(daemon: Daemon) -> AsyncIterator[None]:
    """Serve page and metrics from before the states are loaded until everything else has stopped."""
    listen = daemon.config.web.listen
    if listen is None:
        yield
        return
    view = View(
        version=__version__,
        clock=daemon.world.clock,
        targets={target.name: target for target in daemon.config.targets},
        states=daemon.shown,
        fleet=daemon.fleet,
        own=daemon.own,
        history=daemon.store,
        catalog=daemon.catalog,
        healthy=lambda: ["a part of the daemon has failed"] if daemon.failed.is_set() else [],
        ready=daemon.troubles,
        base_url=daemon.config.web.base_url,
        loaded=lambda: daemon.loaded,
    )
    async with serve(view, listen) as address:
        daemon.address = address
        yield


@asynccontextmanager
async def _measured(daemon: Daemon) -> AsyncIterator[None]:
    """Keep the monitor's own numbers fresh."""
    async with (
        _beside(daemon, watch_loop(daemon.own.loop_lagged), "loop watch"),
        _beside(daemon, _count_pending(daemon), "delivery count"),
    ):
        yield


@asynccontextmanager
async def _renewed(daemon: Daemon) -> AsyncIterator[None]:
    """Keep the list of RDAP servers fresh."""
    if not (daemon.world.live and daemon.config.asking.bootstrap_url):
        yield
        return
    http, clock = daemon.pipeline.io.http, daemon.world.clock
    refresh = registration.refresh_of(daemon.config, daemon.world.registries, http, clock)
    async with _beside(daemon, refresh.run(), "list of RDAP servers"):
        yield


async def _count_pending(daemon: Daemon) -> None:
    names = [receiver.name for receiver in daemon.config.receivers]
    while names:
        # A store that does not answer shows in the readiness and in the log of the committer.
        with suppress(StoreError):
            daemon.own.pending(await daemon.store.pending(names))
        await asyncio.sleep(_PENDING_EVERY_S)


async def run(config: Config, world: World | None = None) -> bool:
    """Run the daemon until SIGTERM or SIGINT; tell whether it ended because it was asked to.

    Raises StoreError or OSError when it cannot start.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, _log.warning, "no_reload_yet")
    if world is None:
        world = await asyncio.to_thread(internet, config)
    async with open_daemon(config, world) as daemon:
        waits = [loop.create_task(stop.wait()), loop.create_task(daemon.failed.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        _log.info("stopping", asked=stop.is_set())
        return not daemon.failed.is_set()
