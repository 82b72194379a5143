"""In which order the daemon starts, and in which order it stops.

Imports everything; imported by nothing but the commands. What is wired to what stands in `monitor.daemon`.

It stops from the front to the back, so that nothing that was seen is lost: no new checks, those in
flight drained, what was judged committed, what was committed told as far as time allows.
"""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final

import structlog

from monitor import __version__, registration
from monitor.attribute import Domains
from monitor.clock import Clock, SystemClock
from monitor.config import Config
from monitor.daemon import Daemon, World, receivers_of
from monitor.data import folder_of
from monitor.editions.refresh import Rhythm
from monitor.editions.tables import load_atlas
from monitor.export.own_metrics import watch_loop
from monitor.export.receiver import WebhookSender
from monitor.export.web import View, serve
from monitor.garbage import collected_seldom
from monitor.judge import forget
from monitor.model import TargetState
from monitor.pipeline import plans
from monitor.probe import open_io
from monitor.probe.io import DirectRoute, Io
from monitor.probe.tls import system_trust
from monitor.store import Store, StoreError

_log: Final = structlog.get_logger("app")

Task = asyncio.Task[None]

_PENDING_EVERY_S: Final = 5.0


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
    states = await _states(daemon.store, daemon.config, daemon.world.clock)
    daemon.take_up(states, await daemon.store.fleet())


async def _go(daemon: Daemon) -> None:
    """Start to check."""
    controls = daemon.pipeline.controls
    daemon.schedule.start((*controls.values(), *daemon.config.checks))
    # Before anything can fail it is known which of them can be reached from here.
    for control in controls.values():
        daemon.schedule.soon(control, 0.0, "the monitor starts")
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
        known=lambda: daemon.known,
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
