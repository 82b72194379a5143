"""Plays a scenario to the real pipeline, in scenario time, as fast as the machine can look.

What is due is kept in order of scenario time: facts, the ends of runs, the moments at which somebody
wants to know what is believed, and runs. One run is carried out at a time, so that nothing depends
on which of two was quicker; a run that spent time (an address that does not answer) ends later, and
what began meanwhile is judged before it. The same scenario gives the same events, to the byte.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import Any, Final

from monitor import wire
from monitor.attribute import Attributor, Catalog, Domains
from monitor.config import control_checks
from monitor.edition import take_up
from monitor.judge import Fleet
from monitor.model import Check, Event, Observation, Policy, StoredEvent, TargetState
from monitor.pipeline import Pipeline, Plan, plans
from monitor.probe import open_io
from monitor.probe.io import Io
from monitor.probe.observe import observe
from monitor.replay.clock import VirtualClock
from monitor.replay.internet import Internet, open_internet
from monitor.replay.scenario import Scenario, load_scenario
from monitor.replay.tables import FactTable
from monitor.slots import Slot, slots
from monitor.store import Change, Committer, FleetChange, Store

_PASSES: Final = 5
"""Of the event loop: enough for what is on its way over loopback."""


class _Turn(IntEnum):
    """What comes first of what is due at the same moment."""

    FACT = 0
    END = 1
    LOOK = 2
    RUN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was believed at a moment."""

    at: datetime
    states: Mapping[str, TargetState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a scenario."""

    scenario: str
    events: tuple[StoredEvent, ...]
    snapshots: tuple[Snapshot, ...]
    """At the moments of `[[expect_state]]`, and at the end."""
    observations: Mapping[str, int]
    """How many runs ended how: by `<probe> <failure or "answered">`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who else is told, while a scenario is played."""

    fact: Callable[[FactTable], None] = field(default=lambda _: None)
    judged: Callable[[TargetState], None] = field(default=lambda _: None)
    """Every state, before it is committed."""
    committed: Callable[[Sequence[Change], Sequence[StoredEvent]], None] = field(
        default=lambda _changes, _events: None
    )
    receivers: Callable[[Event], Sequence[str]] = field(default=lambda _: ())


async def replay(path: Path) -> Outcome:
    """Play the scenario in a file to a store in memory; raises ConfigError for a faulty one."""
    scenario = load_scenario(path)
    async with await Store.open("sqlite://") as store:
        return await play(scenario, store=store)


async def play(
    scenario: Scenario,
    *,
    store: Store,
    policies: Mapping[str, Policy] | None = None,
    catalog: Catalog | None = None,
    listeners: Listeners | None = None,
) -> Outcome:
    """Play a scenario from its start to its end; returns when everything is committed.

    `policies` (by target) replace those of the scenario. The store must be empty.
    """
    clock = VirtualClock(scenario.start)
    async with (
        open_internet(scenario, clock) as internet,
        open_io(
            clock=clock,
            route=internet.route,
            vantage=scenario.vantage,
            resolvers=internet.resolvers,
            trust=internet.trust,
            registries=internet.registries,
            registrable=Domains().registrable,
        ) as io,
    ):
        attributor = Attributor(catalog or Catalog.bundled(), internet.networks)
        driver = _Driver(scenario, internet, clock, store, listeners or Listeners())
        watched = plans(scenario.checks, policies or scenario.policies)
        return await driver.play(io, attributor, watched)


@dataclass(frozen=True, slots=True)
class _Regular:
    """The next run of every check of a slot."""

    slot: Slot
    index: int


class _Driver:
    """One play. `_due` holds (moment, turn, number, what); the number keeps the order of what is equal."""

    def __init__(
        self, scenario: Scenario, internet: Internet, clock: VirtualClock, store: Store, listeners: Listeners
    ) -> None:
        self._scenario = scenario
        self._internet = internet
        self._clock = clock
        self._listeners = listeners
        self._committer = Committer(store, receivers=listeners.receivers, on_commit=self._committed)
        self._due: list[tuple[datetime, _Turn, int, Any]] = []
        self._numbers = count()
        self._told = False
        self._busy_until: dict[str, datetime] = {}
        self._asked: set[tuple[datetime, str]] = set()
        self._events: list[StoredEvent] = []
        self._snapshots: list[Snapshot] = []
        self._observations: Counter[str] = Counter()
        self._controls = {check.target: check for check in control_checks(scenario.controls)}

    async def play(self, io: Io, attributor: Attributor, watched: Mapping[str, Plan]) -> Outcome:
        """Carry out everything that is due until the scenario ends."""
        pipeline = Pipeline(
            io=io,
            attributor=attributor,
            plans=watched,
            states={},
            commit=self._commit,
            recheck=self._recheck,
            observed=self._observed,
            fleet=self._fleet(),
            controls=self._controls,
            commit_fleet=self._commit_fleet,
        )
        self._plan()
        while self._due and self._due[0][0] <= self._scenario.end:
            at, turn, _, what = heappop(self._due)
            self._clock.begin(at)
            if turn is _Turn.FACT:
                self._internet.world.apply(what.set)
                if what.set.networks is not None:
                    table = self._scenario.editions[what.set.networks.edition]
                    await take_up(pipeline, attributor.over(table))
                self._listeners.fact(what)
            elif turn is _Turn.END:
                pipeline.take(what)
            elif turn is _Turn.LOOK:
                self._snapshots.append(Snapshot(at=at, states=dict(pipeline.states)))
            elif isinstance(what, _Regular):
                await self._run_slot(pipeline, at, what)
            else:
                await self._run(pipeline, at, what)
            if self._told:
                self._told = False
                await self._committer.flush()
        await self._committer.flush()
        return Outcome(
            scenario=self._scenario.id,
            events=tuple(self._events),
            snapshots=tuple(self._snapshots),
            observations=dict(sorted(self._observations.items())),
        )

    def _fleet(self) -> Fleet:
        domains = {target.name: target.domain for target in self._scenario.targets}
        return Fleet(
            controls=tuple(self._controls),
            policy=self._scenario.correlation,
            domain_of=lambda target: domains.get(target, target),
            targets=len(domains),
        )

    def _plan(self) -> None:
        start = self._scenario.start
        for control in self._controls.values():
            self._push(start, _Turn.RUN, control)
        for fact in self._scenario.facts:
            self._push(fact.at, _Turn.FACT, fact)
        for at in sorted({row.at for row in self._scenario.expect_state} | {self._scenario.end}):
            self._push(at, _Turn.LOOK, None)
        for slot in slots((*self._controls.values(), *self._scenario.checks)):
            index = slot.index(start)
            if slot.due(index) < start:
                index += 1
            self._push(slot.due(index), _Turn.RUN, _Regular(slot, index))

    def _push(self, at: datetime, turn: _Turn, what: object) -> None:
        heappush(self._due, (at, turn, next(self._numbers), what))

    async def _run_slot(self, pipeline: Pipeline, at: datetime, regular: _Regular) -> None:
        """Run every check of a slot, and put its next turn down."""
        slot, following = regular.slot, regular.index + 1
        self._push(slot.due(following), _Turn.RUN, _Regular(slot, following))
        for check in slot.checks:
            self._clock.begin(at)
            if self._is_busy(check, at):
                pipeline.miss(check, at, "the previous run had not ended")
            else:
                await self._run(pipeline, at, check)

    async def _run(self, pipeline: Pipeline, at: datetime, check: Check) -> None:
        """Observe now; what was seen is taken when the run has ended in scenario time."""
        self._asked.discard((at, check.id))
        if self._is_busy(check, at):
            return  # as the scheduler does: a follow-up of what is running anyway is not needed
        self._clock.begin(at, check.timeout_s)
        observation = await observe(check, at, pipeline.io)
        if observation.ended_at <= at:
            pipeline.take(observation)
            return
        await self._let_go()
        self._busy_until[check.id] = observation.ended_at
        self._push(observation.ended_at, _Turn.END, observation)

    async def _let_go(self) -> None:
        """Let servers see what a run that spent its time has asked last, before another one begins.

        They would take the patience of that one for a question that nobody waits for any more.
        """
        self._clock.begin(self._clock.now())
        for _ in range(_PASSES):
            await asyncio.sleep(0)

    def _is_busy(self, check: Check, at: datetime) -> bool:
        return self._busy_until.get(check.id, at) > at

    def _recheck(self, check: Check, delay_s: float, reason: str) -> None:
        del reason
        at = self._clock.now() + timedelta(seconds=delay_s)
        if (at, check.id) not in self._asked:
            self._asked.add((at, check.id))
            self._push(at, _Turn.RUN, check)

    def _commit(self, change: Change) -> None:
        self._listeners.judged(change.state)
        self._committer.submit(change)
        self._told = self._told or bool(change.events)

    def _commit_fleet(self, change: FleetChange) -> None:
        self._committer.submit(change)
        self._told = self._told or bool(change.events)

    def _committed(self, changes: Sequence[Change], stored: Sequence[StoredEvent]) -> None:
        self._events.extend(stored)
        self._listeners.committed(changes, stored)

    def _observed(self, observation: Observation) -> None:
        self._observations[f"{observation.probe} {observation.failure or 'answered'}"] += 1


def outcome_json(outcome: Outcome) -> str:
    """Return the outcome as JSON, the same for the same scenario: events as receivers get them."""
    source = f"urn:platform-monitor:replay:{outcome.scenario}"
    document = {
        "scenario": outcome.scenario,
        "events": [wire.cloudevent(stored, source=source) for stored in outcome.events],
        "believed": [
            {"at": _moment(snapshot.at), "target": target, **_believed(state)}
            for snapshot in outcome.snapshots
            for target, state in sorted(snapshot.states.items())
        ],
        "observations": dict(outcome.observations),
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _believed(state: TargetState) -> dict[str, Any]:
    verdict = state.memory.verdict
    return {
        "status": verdict.status,
        "reachable": verdict.reachable,
        "diagnosis": verdict.diagnosis,
        "layer": verdict.layer,
        "providers": {layer.layer: list(layer.confirmed.ids) for layer in state.memory.layers if layer.known},
        "up_s": round(state.pulse.up_s, 3),
        "down_s": round(state.pulse.down_s, 3),
        "unknown_s": round(state.pulse.unknown_s, 3),
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
