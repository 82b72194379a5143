"""The daemon lives through a scenario: `make demo`.

Everything is real but the internet and the time: the scheduler, the probes, the store on disk, the
web page and the signed webhooks are those of `platform-monitor run`. Scenario time passes slowly
where something happens and fast where nothing does, so that forty days take about a minute. To keep
up, the demonstration looks every quarter of an hour; the default is every minute.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.live import Live

from monitor.app import open_daemon
from monitor.clock import SystemClock
from monitor.config import Config, settings_of
from monitor.daemon import Daemon, World
from monitor.model import Check, Probe, StoredEvent, TargetState
from monitor.replay.clock import PacedClock, Pacing, Segment
from monitor.replay.driver import Outcome, Snapshot
from monitor.replay.expectations import verify
from monitor.replay.internet import Internet, open_internet
from monitor.replay.scenario import Scenario, load_scenario
from monitor.replay.witness import SECRET, Witness, open_witness
from monitor.terminal import finale, stage

# Scenario hours a second where something happens, and seconds for all of the rest together.
_SLOW_HOURS_A_SECOND: Final = 1.2
_REST_S: Final = 34.0
# What is watched closely: from a little before a fact until it should have been noticed.
_BEFORE: Final = timedelta(minutes=20)
_AFTER: Final = timedelta(hours=3)
_EVERY_S: Final = 900.0
_REGISTRATION_EVERY_S: Final = 3 * 3600.0
_WATCHED_CLOSELY: Final = frozenset({Probe.HTTP, Probe.DNS, Probe.PAGE})
# Real seconds: what does not answer soon on loopback never will.
_PATIENCE_S: Final = 2.0
# A second of the machine may be a day of the scenario: noticing may be so much later than in a replay.
_SLACK_S: Final = 8.0
_FRAMES_A_SECOND: Final = 8
_PREFERRED_PORT: Final = 9850
_TOLD_WITHIN_S: Final = 5.0
_MOST_EVENTS: Final = 1_000


def pace(scenario: Scenario) -> Pacing:
    """Return how fast scenario time passes: slowly around what changes the world."""
    windows: list[tuple[datetime, datetime]] = []
    for fact in scenario.facts:
        if not fact.set.model_fields_set:
            continue
        begin = max(scenario.start, fact.at - _BEFORE)
        end = min(scenario.end, fact.at + _AFTER)
        if windows and begin <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(end, windows[-1][1]))
        else:
            windows.append((begin, end))
    slow = sum(((end - begin) for begin, end in windows), timedelta())
    rest = (scenario.end - scenario.start) - slow
    slow_each = 1 / (_SLOW_HOURS_A_SECOND * 3600)
    # Never slower than where something happens, however little is left between.
    rest_each = min(slow_each, _REST_S / max(1.0, rest.total_seconds()))
    segments: list[Segment] = []

    def add(begin: datetime, end: datetime, seconds_each: float) -> None:
        if end > begin:
            real_s = (end - begin).total_seconds() * seconds_each
            segments.append(Segment(begin=begin, end=end, real_s=real_s))

    at = scenario.start
    for begin, end in windows:
        add(at, begin, rest_each)
        add(begin, end, slow_each)
        at = end
    add(at, scenario.end, rest_each)
    return Pacing(segments)


def configuration(scenario: Scenario, folder: Path, receiver: str, port: int) -> Config:
    """Return the configuration of an ordinary daemon that watches what the scenario watches."""
    config = settings_of(
        {
            "monitor": {"data_dir": str(folder), "vantage": "demo", "shutdown": "3s"},
            "web": {"listen": f"127.0.0.1:{port}"},
            "targets": [{"domain": target.host, "name": target.name} for target in scenario.targets],
            "receivers": [{"name": "witness", "url": receiver, "secret": SECRET}],
        },
        name=f"demo of {scenario.id}",
    )
    checks = tuple(_quickened(check) for check in scenario.checks)
    policies = {name: replace(policy, recheck_s=60.0) for name, policy in scenario.policies.items()}
    return replace(
        config,
        targets=scenario.targets,
        checks=checks,
        policies=policies,
        # At this pace five seconds pass in a millisecond: they would be asked at every look.
        controls=replace(scenario.controls, enabled=False),
        correlation=scenario.correlation,
    )


def _quickened(check: Check) -> Check:
    """Return a check that the pace can be kept with."""
    usual = _EVERY_S if check.probe in _WATCHED_CLOSELY else _REGISTRATION_EVERY_S
    return replace(check, interval_s=usual, timeout_s=_PATIENCE_S)


@dataclass(slots=True)
class _Show:
    """What is going on, for the picture and for the final account."""

    scenario: Scenario
    clock: PacedClock
    stage: stage.Stage
    events: list[StoredEvent] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    async def until(self, moment: datetime) -> None:
        """Return when the scenario has come to a moment."""
        wait = self.clock.real(moment) - SystemClock().now()
        await asyncio.sleep(max(0.0, wait.total_seconds()))

    async def happen(self, internet: Internet, daemon: Daemon) -> None:
        """Let the facts happen when their time comes."""
        for fact in self.scenario.facts:
            await self.until(fact.at)
            internet.world.apply(fact.set)
            if fact.set.networks is not None:
                await daemon.take_networks(self.scenario.editions[fact.set.networks.edition])
            self.stage.happens(fact.at, fact.what)

    async def remember(self, shown: Callable[[], dict[str, TargetState]]) -> None:
        """Note what is believed at the moments that the scenario asks about."""
        for moment in sorted({row.at for row in self.scenario.expect_state}):
            await self.until(moment)
            self.snapshots.append(Snapshot(at=moment, states=dict(shown())))


def _begun(folder: Path) -> datetime:
    """Return when the demonstration in this folder began: now, if it has not."""
    note = folder / "began"
    if not note.exists():
        note.write_text(SystemClock().now().isoformat(), encoding="utf-8")
    return datetime.fromisoformat(note.read_text(encoding="utf-8"))


async def perform(
    path: Path, console: Console, *, serve: bool = False, folder: Path | None = None
) -> finale.Performance:
    """Live through the scenario in a file; raises ConfigError for a faulty one.

    `folder`: where state, and the receiver's own record, are kept. Begun again on the same folder, after
    a kill, it goes on where scenario time has got to. Without a folder nothing is kept.
    """
    with TemporaryDirectory(prefix="platform-monitor-demo-") as passing:
        kept = folder or Path(passing)
        kept.mkdir(parents=True, exist_ok=True)
        return await _perform(load_scenario(path), console, kept, serve=serve)


async def _perform(scenario: Scenario, console: Console, folder: Path, *, serve: bool) -> finale.Performance:
    clock = PacedClock(pace(scenario), SystemClock(), _begun(folder))
    # What was believed before a kill cannot be looked at again.
    scenario = replace(
        scenario, expect_state=tuple(row for row in scenario.expect_state if row.at >= clock.now())
    )
    show = _Show(
        scenario,
        clock,
        stage.Stage(title=scenario.title, start=scenario.start, end=scenario.end, now=clock.now),
    )
    async with AsyncExitStack() as stack:
        witness = await stack.enter_async_context(open_witness())
        witness.recall(folder / "told.jsonl")
        witness.told = lambda _: show.stage.delivered()
        internet = await stack.enter_async_context(open_internet(scenario, clock))
        config = configuration(scenario, folder, witness.url, _free(_PREFERRED_PORT))
        world = World(
            clock=clock,
            route=internet.route,
            trust=internet.trust,
            resolvers=internet.resolvers,
            registries=internet.registries,
            networks=internet.networks,
        )
        daemon = await stack.enter_async_context(open_daemon(config, world))
        if daemon.address:
            console.print(f"the monitor's own page: http://{daemon.address[0]}:{daemon.address[1]}/\n")
        await _live(show, daemon, internet, console)
        await daemon.committer.flush()
        show.events = await daemon.store.events(newest_first=False, limit=_MOST_EVENTS)
        await _all_told(witness, show)
        performance = _account(show, daemon, witness)
        console.print(finale.summary(performance))
        if serve:
            await _serve(daemon, console)
    return performance


async def _live(show: _Show, daemon: Daemon, internet: Internet, console: Console) -> None:
    """Follow the daemon to the end of the scenario."""
    _follow(show, daemon)
    tasks = [
        asyncio.create_task(show.happen(internet, daemon)),
        asyncio.create_task(show.remember(lambda: daemon.shown)),
        asyncio.create_task(show.until(show.scenario.end)),
    ]
    try:
        if console.is_terminal:
            with Live(show.stage, console=console, refresh_per_second=_FRAMES_A_SECOND, transient=False):
                await asyncio.gather(*tasks)
        else:
            show.stage.print = lambda news: console.print(stage.line(news), soft_wrap=True)
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _follow(show: _Show, daemon: Daemon) -> None:
    """Be told of what the daemon commits, beside everybody else."""

    def committed(states: Sequence[TargetState], stored: Sequence[StoredEvent]) -> None:
        for state in states:
            show.stage.sample(state)
        for event in stored:
            show.stage.noticed(event)

    daemon.watchers.append(committed)


async def _all_told(witness: Witness, show: _Show) -> None:
    """Wait until the receiver has got everything, but not for ever."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _TOLD_WITHIN_S
    while len(witness.events) < len(show.events) and loop.time() < until:  # noqa: ASYNC110  # two counts
        await asyncio.sleep(0.05)


def _account(show: _Show, daemon: Daemon, witness: Witness) -> finale.Performance:
    """Hold what was noticed against what should have been, with some real seconds of grace."""

    def later(moment: datetime) -> datetime:
        return show.clock.moment(show.clock.real(moment) + timedelta(seconds=_SLACK_S))

    scenario = replace(
        show.scenario,
        expect=tuple(
            row.model_copy(update={"before": later(row.before)}) if row.before else row
            for row in show.scenario.expect
        ),
    )
    if not show.snapshots or show.snapshots[-1].at < scenario.end:
        show.snapshots.append(Snapshot(at=scenario.end, states=dict(daemon.shown)))
    outcome = Outcome(
        scenario=scenario.id,
        events=tuple(show.events),
        snapshots=tuple(show.snapshots),
        observations={},
    )
    return finale.Performance(
        scenario=show.scenario,
        outcome=outcome,
        told=witness.events,
        differences=tuple(verify(scenario, outcome)),
    )


async def _serve(daemon: Daemon, console: Console) -> None:
    """Leave the page up until somebody has seen enough."""
    if daemon.address is None:
        return
    host, port = daemon.address
    console.print(f"\nThe page stays at http://{host}:{port}/ until Ctrl-C.")
    await daemon.schedule.stop(1.0)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def _free(port: int) -> int:
    """Return the port if it can be listened on, else 0: any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port
