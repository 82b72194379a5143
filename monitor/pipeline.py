"""READ FIRST: the story of one tick.

A check is due. It is observed: facts, or a failure. Who stands behind the facts is attributed; what
was believed is named by the same tables, so that a new edition of them is no news. What it all means is
judged, against what was known before. The new state, and the events it leads to, are handed over to be
committed together; whatever shows or tells them does so after the commit. What the judge wants to look
at again is asked for.

    schedule ─► observe ─► attribute ─► judge ─► commit ─► metrics · web · webhooks
                  I/O        pure        pure      I/O

Everything with I/O is passed in, so that the same pipeline runs a daemon and a replay.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from monitor.bounds import Bounds
from monitor.failure import Failure
from monitor.follow_up import check_for
from monitor.judge import Fleet, FleetStep, Step, beside, comparable, reconsider, relabel, step
from monitor.model import (
    Attribution,
    Check,
    Circumstance,
    FollowUp,
    Observation,
    Policy,
    Probe,
    TargetState,
)
from monitor.probe.io import Io
from monitor.probe.observe import observe
from monitor.store import Change, FleetChange


class Attribute(Protocol):
    """From the facts of one observation to the providers they show."""

    def attribute(self, observation: Observation) -> tuple[Attribution, ...]:
        """Return at most one attribution a layer."""

    def again(self, attribution: Attribution) -> Attribution | None:
        """Return whom the values of an attribution's evidence name now; None: nobody any more."""

    def is_current(self, attribution: Attribution) -> bool:
        """Tell whether an attribution rests on the editions that are in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one target is watched: its checks, and the thresholds it is judged by."""

    checks: Mapping[Probe, Check]
    """Of the target itself."""
    policy: Policy
    parts: Mapping[tuple[Probe, str], Check] = field(default_factory=lambda: _NO_PARTS)
    """Of its parts, by probe and name."""

    def find(self, probe: Probe, part: str = "") -> Check | None:
        """Return the check of a probe, or of one part; None: there is none."""
        return self.parts.get((probe, part)) if part else self.checks.get(probe)


_NO_PARTS: Final[Mapping[tuple[Probe, str], Check]] = {}


def plans(checks: Iterable[Check], policies: Mapping[str, Policy]) -> dict[str, Plan]:
    """Return how each target is watched."""
    main: dict[str, dict[Probe, Check]] = {}
    parts: dict[str, dict[tuple[Probe, str], Check]] = {}
    for check in checks:
        if check.part:
            parts.setdefault(check.target, {})[check.probe, check.part] = check
        else:
            main.setdefault(check.target, {})[check.probe] = check
    return {
        target: Plan(checks=own, policy=policies[target], parts=parts.get(target, _NO_PARTS))
        for target, own in main.items()
    }


@dataclass(slots=True, kw_only=True)
class Pipeline:
    """Runs checks to their end. Holds the state of every target between two of its observations."""

    io: Io
    attributor: Attribute
    plans: Mapping[str, Plan]
    states: dict[str, TargetState]
    commit: Callable[[Change], None]
    """Takes a change that will be stored; must not block."""
    recheck: Callable[[Check, float, str], None]
    """Asks for a check in so many seconds, with the reason."""
    observed: Callable[[Observation], None] = field(default=lambda _: None)
    """Is told of every observation, for the monitor's own numbers."""
    bounds: Bounds = field(default_factory=Bounds)
    """Of what all investigations together may ask."""
    fleet: Fleet = field(default_factory=Fleet)
    """What all targets and the controls show together."""
    controls: Mapping[str, Check] = field(default_factory=dict)
    """What the monitor compares itself with, by the name that stands for a target's."""
    commit_fleet: Callable[[FleetChange], None] = field(default=lambda _: None)
    """Takes a change of the fleet that will be stored; must not block."""

    async def run(self, check: Check, scheduled_at: datetime) -> None:
        """Run one check now and carry its facts through to the commit. Never raises for the target's sake."""
        observation = await observe(check, scheduled_at, self.io)
        self.take(observation)

    def miss(self, check: Check, scheduled_at: datetime, detail: str) -> None:
        """Record that a check did not run when it was due: an observation, not a silence."""
        self.take(
            Observation(
                target=check.target,
                probe=check.probe,
                vantage=self.io.vantage,
                scheduled_at=scheduled_at,
                started_at=self.io.clock.now(),
                duration_s=0.0,
                interval_s=check.interval_s,
                failure=Failure.MISSED,
                detail=detail,
                part=check.part,
            )
        )

    def take(self, observation: Observation) -> None:
        """Attribute, judge and hand over one observation.

        Without an await, so that two observations of one target cannot interleave.
        """
        plan = self.plans.get(observation.target)
        if plan is None and observation.target in self.controls:
            self._spread(self.fleet.hear(observation.target, observation))
            return
        self.observed(observation)
        if plan is None or (observation.part and plan.find(observation.probe, observation.part) is None):
            return  # the target, or the part, left the configuration while its check was in flight
        before = self.states.get(observation.target) or TargetState(target=observation.target)
        self._spread(self.fleet.meet(observation, plan.policy))
        circumstance = self.fleet.circumstance(before, observation, plan.policy)
        outcome = self._judge(before, observation, plan.policy, circumstance)
        self.states[observation.target] = outcome.state
        self.commit(Change(state=outcome.state, events=outcome.events))
        self._spread(self.fleet.note(before, outcome.state, observation, plan.policy, circumstance))
        for follow_up in outcome.follow_ups:
            own = plan.find(follow_up.probe, follow_up.part) if follow_up.part else None
            check = own or check_for(follow_up, plan.checks)
            if check is not None and self._may_ask(follow_up, observation.ended_at):
                self.recheck(check, follow_up.delay_s, follow_up.reason)

    def _may_ask(self, follow_up: FollowUp, at: datetime) -> bool:
        return not follow_up.bounded or self.bounds.admit(at, again=follow_up.again)

    def _judge(
        self, before: TargetState, observation: Observation, policy: Policy, circumstance: Circumstance
    ) -> Step:
        # Cut off, nobody is shown; nor by a part, which may be anybody's page.
        if circumstance.offline_since is not None or observation.part:
            return step(before, observation, (), policy, circumstance)
        attributions = self.attributor.attribute(observation)
        before, attributions = beside(before, observation, attributions, policy)
        compared = comparable(observation, attributions, policy)
        before = self._corrected(before, reconsider(before, compared, self.attributor.again))
        return step(before, observation, attributions, policy, circumstance)

    def _spread(self, told: FleetStep) -> None:
        """Hand over what the fleet has come to, and ask the controls if it wants to hear them."""
        if told.record is not None:
            self.commit_fleet(FleetChange(record=told.record, events=told.events))
        if told.controls_in_s is not None:
            for control in self.controls.values():
                self.recheck(control, told.controls_in_s, "something does not answer: is it us?")

    def rename(self, target: str, *, stale_only: bool = False) -> None:
        """Name again what is believed of a target: after the data have changed, not the world.

        `stale_only`: only what rests on other editions than those in use, which is seldom any after a start.
        """
        before = self.states.get(target)
        if before is not None:
            self.states[target] = self._corrected(
                before, relabel(before, self._renewed if stale_only else self.attributor.again)
            )

    def _renewed(self, attribution: Attribution) -> Attribution | None:
        current = self.attributor.is_current(attribution)
        return attribution if current else self.attributor.again(attribution)

    def _corrected(self, before: TargetState, after: TargetState) -> TargetState:
        """Return the state as it is named now, handed over to be stored if that is another one."""
        if after is not before:
            self.commit(Change(state=after))
        return after
