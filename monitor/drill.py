"""Scenarios played as fast as the machine can look, and the fire drill: the same with your own receivers."""

import asyncio
import json
import signal
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from rich.console import Console, Group, RenderableType
from rich.text import Text

from monitor import __version__
from monitor.attribute import Catalog
from monitor.attribute.dependence import Dependence, depends_on
from monitor.clock import SystemClock
from monitor.config import Config
from monitor.daemon import receivers_of
from monitor.export.metrics import FleetMetrics
from monitor.export.outbox import Outbox
from monitor.export.own_metrics import OwnMetrics
from monitor.export.receiver import WebhookSender, routes
from monitor.export.web import View, serve
from monitor.model import Policy, TargetState
from monitor.replay.clock import VirtualClock
from monitor.replay.driver import Listeners, Outcome, outcome_json, play
from monitor.replay.expectations import Difference, verify
from monitor.replay.loop import SkippingLoop
from monitor.replay.scenario import Scenario, load_scenario
from monitor.store import Outcome as Ending
from monitor.store import Store
from monitor.terminal import alone, finale, paint, told
from monitor.terminal import sheet as sheets
from monitor.terminal.document import document

T = TypeVar("T")

_TOLD_WITHIN_S: Final = 60.0
_LISTEN: Final = ("127.0.0.1", 9850)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a scenario, and how that differs from what it expects."""

    scenario: Scenario
    outcome: Outcome
    differences: tuple[Difference, ...]
    untold: int = 0
    """Deliveries to the receivers of a fire drill that did not get through."""
    states: Mapping[str, TargetState] = field(default_factory=dict)
    """What is stored about each target at the end."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run in a loop whose time can be moved forward, so that nothing is waited for."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(work)


async def play_files(
    paths: Sequence[Path], settings: Config | None, console: Console, *, page: bool = False
) -> list[Played]:
    """Play the scenarios in files; raises ConfigError for the first faulty one.

    `settings`: whose policy and receivers to use. `page`: serve the last one's page until Ctrl-C.
    """
    scenarios = [load_scenario(path) for path in paths]
    played = []
    for scenario in scenarios:
        async with await Store.open("sqlite://") as store:
            one = await _play(scenario, store, settings)
            played.append(replace(one, states=await store.load()))
            if page and scenario is scenarios[-1]:
                await _serve(scenario, store, console)
    return played


async def _play(scenario: Scenario, store: Store, settings: Config | None) -> Played:
    if settings is None:
        outcome = await play(scenario, store=store)
        return Played(scenario=scenario, outcome=outcome, differences=tuple(verify(scenario, outcome)))
    receivers = receivers_of(settings)
    policies = _policies(scenario, settings.policy)
    outcome = await play(
        replace(scenario, correlation=settings.correlation),
        store=store,
        policies=policies,
        listeners=Listeners(receivers=routes(receivers)),
    )
    sender = WebhookSender(receivers, clock=SystemClock(), source=f"urn:platform-monitor:drill:{scenario.id}")
    async with sender:
        outbox = Outbox(store, receivers, sender=sender, clock=SystemClock())
        untold = await _tell(outbox, store, [receiver.name for receiver in receivers])
    return Played(
        scenario=scenario,
        outcome=outcome,
        differences=tuple(verify(scenario, outcome, patience=_patience(scenario, policies))),
        untold=untold,
    )


def _policies(scenario: Scenario, policy: Policy) -> dict[str, Policy]:
    """Return the user's thresholds; what leads is a matter of what the scenario watches."""
    return {
        name: replace(
            policy,
            lead=own.lead,
            dns_watched=own.dns_watched,
            delegation_watched=own.delegation_watched,
            announcements=own.announcements,
            desired=own.desired,
        )
        for name, own in scenario.policies.items()
    }


def _patience(scenario: Scenario, policies: Mapping[str, Policy]) -> timedelta:
    """Return how much longer these thresholds may take than those that the scenario was written for."""
    slower = (
        _confirmed_in_s(policy) - _confirmed_in_s(scenario.policies[name])
        for name, policy in policies.items()
    )
    return timedelta(seconds=max(0.0, *slower))


def _confirmed_in_s(policy: Policy) -> float:
    """Return how long the slowest confirmation takes, by rechecks alone."""
    looks = max(policy.failures_to_confirm, policy.successes_to_confirm)
    return max(looks * policy.recheck_s, policy.changes_to_confirm * policy.change_recheck_s)


async def _tell(outbox: Outbox, store: Store, names: list[str]) -> int:
    """Send what was stored; return how many deliveries were refused for good, or are left after a while."""
    sending = asyncio.get_running_loop().create_task(outbox.run())
    loop = asyncio.get_running_loop()
    until = loop.time() + _TOLD_WITHIN_S
    left = sum((await store.pending(names)).values())
    while left and loop.time() < until:
        await asyncio.sleep(0.05)
        left = sum((await store.pending(names)).values())
    outbox.stop()
    await asyncio.wait([sending], timeout=1.0)
    sending.cancel()
    refused = (count for (_, how), count in (await store.totals()).items() if how is Ending.PARKED)
    return left + sum(refused)


async def _serve(scenario: Scenario, store: Store, console: Console) -> None:
    """Leave the page up until somebody has seen enough."""
    states = await store.load()
    fleet = FleetMetrics(scenario.targets)
    for state in states.values():
        fleet.update(state)
    view = View(
        version=__version__,
        clock=VirtualClock(scenario.end),
        targets={target.name: target for target in scenario.targets},
        states=states,
        fleet=fleet,
        own=OwnMetrics(version=__version__),
        history=store,
        healthy=lambda: (),
        ready=lambda: (),
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(view, _LISTEN) as (host, port):
        console.print(f"{scenario.title}: http://{host}:{port}/ until Ctrl-C")
        await stop.wait()


def unknown(names: Sequence[str], paths: Sequence[Path]) -> list[str]:
    """Return those of the names that are no target of any scenario; raises ConfigError for a faulty one."""
    if not names:
        return []
    targets = {target.name for path in paths for target in load_scenario(path).targets}
    return [name for name in names if name not in targets]


def documents(played: Sequence[Played], explained: Sequence[str] = ()) -> str:
    """Return what came of scenarios as JSON: the same bytes for the same scenarios.

    `explained`: targets whose documents are added, as `explain --json` prints them. Their certificates
    are made anew for every play.
    """
    rows: list[dict[str, Any]] = [
        {
            **json.loads(outcome_json(one.outcome)),
            "differences": [finale.difference(found) for found in one.differences],
            **({"explained": _explained(one, explained)} if explained else {}),
        }
        for one in played
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def _explained(one: Played, names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {**document(state), "single_points": alone.document(_depends(state))}
        for state in (one.states[name] for name in names if name in one.states)
    ]


def explanation(state: TargetState) -> RenderableType:
    """Return what is known of a target at the end, as `explain` prints it."""
    return Group(sheets.sheet(state), alone.sheet(_depends(state)))


def _depends(state: TargetState) -> Dependence:
    return depends_on(state.memory, Catalog.bundled().organisation)


def tally(played: Sequence[Played]) -> RenderableType:
    """Return how many scenarios came out as they expect; of one alone its sheet says that."""
    good = sum(not one.differences for one in played)
    style = "bold green" if good == len(played) else "bold red"
    return Text(f"{good} of {len(played)} scenarios as expected", style=style)


def sheet(one: Played, *, verified: bool) -> RenderableType:
    """Return what came of a scenario, for people."""
    lines: list[RenderableType] = [Text(one.scenario.title, style="bold")]
    lines += told.lines(one.outcome.events)
    if one.untold:
        lines.append(Text(f"  {one.untold} deliveries did not get through", style="bold red"))
    if verified:
        lines += [
            paint.plain(f"  ✖ {finale.difference(found)}", style="red", limit=600)
            for found in one.differences
        ]
        if not one.differences:
            lines.append(Text("  ✓ as expected", style="green"))
    return Group(*lines)
