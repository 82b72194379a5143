"""What holds after every observation, whatever the network sends: checked step by step.

An `Audit` feeds a target like `World` does, and knows nothing of how the judge works: it believes what
events say, as a receiver would, and holds that against the state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from judge.world import START

from monitor import wire
from monitor.failure import OURS
from monitor.judge import step
from monitor.model import (
    CALM,
    Attribution,
    Circumstance,
    Event,
    EventType,
    HttpFacts,
    IncidentChanged,
    Observation,
    Policy,
    Probe,
    ProviderChanged,
    RegistrationChanged,
    Status,
    StatusChanged,
    TargetState,
)

NOT_UP = {Status.DEGRADED, Status.DOWN}
MOST_AT_ONCE = timedelta(seconds=1)


def stored_and_loaded(state: TargetState) -> TargetState:
    """Return the state as a restart finds it."""
    return TargetState(
        target=state.target,
        seq=state.seq,
        pulse=wire.load_pulse(wire.dump_pulse(state.pulse)),
        memory=wire.load_memory(wire.dump_memory(state.memory)),
    )


@dataclass
class Receiver:
    """What somebody believes who is told nothing but the events."""

    status: Status | None = None
    open_id: str | None = None
    opened_at: datetime | None = None
    ended: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    reopened: int = 0
    flaps: int = 0

    def hear(self, event: Event) -> None:
        data = event.data
        if isinstance(data, StatusChanged):
            assert data.status_from is not data.status_to
            assert Status.UNKNOWN not in {data.status_from, data.status_to}
            assert self.status in {None, data.status_from}, "a change from another status than was told"
            self.status = data.status_to
        if isinstance(data, IncidentChanged):
            self._incident(event.type, data)

    def _incident(self, kind: EventType, data: IncidentChanged) -> None:
        assert data.duration_s is None or data.duration_s >= 0
        if kind is EventType.INCIDENT_OPENED:
            assert self.open_id is None, "two incidents at a time"
            assert data.incident not in self.seen, "opened twice under one id"
            # What was part of an outage may have come and gone before it is told.
            self.open_id, self.reopened, self.flaps = data.incident, data.reopened, 0
            self.opened_at = data.opened_at
            self.seen.add(data.incident)
        elif self.open_id is None:
            assert kind is EventType.INCIDENT_UPDATED, "resolved twice"
            assert data.incident in self.ended, "updated, but never opened"
            assert data.reopened > self.reopened
            self.open_id, self.reopened = data.incident, data.reopened
        assert data.incident == self.open_id, "another incident than the open one"
        assert data.opened_at == self.opened_at
        assert data.flaps >= self.flaps
        assert data.reopened == self.reopened <= data.flaps
        self.flaps = data.flaps
        if kind is EventType.INCIDENT_RESOLVED:
            assert data.status is Status.UP
            assert data.resolved_at is not None
            self.ended = {data.incident}  # only the latest may go on
            self.open_id = None
        else:
            assert data.status in NOT_UP
            assert data.resolved_at is None
            assert data.diagnosis
            assert data.observations
        if self.status is not None:
            assert self.status is data.status, "the status and the incident tell two stories"


@dataclass
class Audit:
    """Feeds observations to the judge, and checks after each what must hold."""

    policy: Policy = field(default_factory=Policy)
    state: TargetState = field(default_factory=lambda: TargetState(target="parler.com"))
    now: datetime = START
    events: list[Event] = field(default_factory=list)
    receiver: Receiver = field(default_factory=Receiver)
    seconds: float = 0.0
    """Accounted so far."""

    def take(
        self,
        observation: Observation,
        attributions: Sequence[Attribution] = (),
        circumstance: Circumstance = CALM,
    ) -> None:
        before = self.state
        outcome = step(before, observation, tuple(attributions), self.policy, circumstance)
        self.state = outcome.state
        assert outcome.state.seq == before.seq + 1
        again = step(before, observation, tuple(attributions), self.policy, circumstance)
        assert outcome == again, "not determined"
        self._time(before, observation)
        if circumstance.offline_since is not None:
            assert outcome.events == (), "cut off, and yet something was told"
            assert self.state.memory.verdict.status is Status.UNKNOWN
            assert self.state.memory.incident == before.memory.incident, (
                "cut off, and yet an incident changed"
            )
        for event in outcome.events:
            self._heard(event, observation, attributions)
        self._believed()

    def _time(self, before: TargetState, observation: Observation) -> None:
        """Every second of the wall is given once, to one of the three, and never taken back."""
        then, now = before.pulse, self.state.pulse
        given = [getattr(now, name) - getattr(then, name) for name in ("up_s", "down_s", "unknown_s")]
        assert min(given) >= 0, "a counter went backwards"
        if now.accounted_until is None:
            assert sum(given) == 0
            return
        if then.accounted_until is not None:
            passed = (now.accounted_until - then.accounted_until).total_seconds()
            assert abs(sum(given) - max(0.0, passed)) < 1e-6, "seconds lost or made up"
        else:
            assert sum(given) == 0
        assert now.accounted_until <= max(
            observation.ended_at, then.accounted_until or observation.ended_at
        ), "ahead of the wall"
        self.seconds += sum(given)

    def _heard(self, event: Event, observation: Observation, attributions: Sequence[Attribution]) -> None:
        data = event.data
        if self.events:
            last = self.events[-1]
            assert (last.type, last.data) != (event.type, data), "the same told twice in a row"
        assert event.id not in {told.id for told in self.events[-8:]}
        if isinstance(data, (StatusChanged, IncidentChanged)):
            assert observation.failure not in OURS, "a look that says nothing told something"
            assert not is_challenge(observation), "blocked from here, and yet something was told"
        if isinstance(data, ProviderChanged):
            shown = {attribution.layer: attribution.ids for attribution in attributions}
            assert shown.get(data.layer) == tuple(provider.id for provider in data.providers_to)
            assert data.providers_from
            assert data.providers_from != data.providers_to
        if isinstance(data, RegistrationChanged):
            assert observation.probe is Probe.REGISTRATION
            assert observation.failure is None
            assert all(change.before != change.after for change in data.changes)
        self.receiver.hear(event)
        self.events.append(event)
        incident = self.state.memory.incident
        if isinstance(data, IncidentChanged) and incident is not None and data.status in NOT_UP:
            assert {seen.id for seen in incident.observations}.issuperset(data.observations)
            assert len(incident.observations) <= 20

    def _believed(self) -> None:
        memory, verdict = self.state.memory, self.state.memory.verdict
        incident = memory.incident
        if incident is None or not incident.outage:  # of an outage the outage itself is told
            assert (incident.id if incident else None) == self.receiver.open_id
        else:
            assert self.receiver.open_id in {None, incident.id}
        if verdict.status in NOT_UP:
            assert incident is not None, "not up, and no incident"
            assert incident.verdict.same_as(verdict)
            assert incident.calm_from_s is None
        if incident is not None:
            assert incident.verdict.status in NOT_UP
            assert incident.resolved_at is None
            assert memory.ended is None
            assert verdict.status is not Status.UP or incident.calm_from_s is not None
            assert self.receiver.open_id is None or memory.known_status in NOT_UP
        if memory.ended is not None:
            assert memory.ended.resolved_at is not None
            assert memory.ended.resolved_at >= memory.ended.opened_at
        assert memory.known_status is not Status.UNKNOWN
        assert self.receiver.status in {None, memory.known_status}
        assert (memory.suspected is None) == (memory.suspected_since is None)
        assert len({layer.layer for layer in memory.layers}) == len(memory.layers)


def is_challenge(observation: Observation) -> bool:
    facts = observation.facts
    return isinstance(facts, HttpFacts) and ("cf-mitigated", "challenge") in facts.headers
