"""The fleet: what all targets and the controls show together, and what that means for each of them.

Every observation passes here twice. Before it is judged: was the monitor cut off, or is a provider
failing? That is its `Circumstance`. And after: who fails with whom, and is it to be told? Everything
follows from the observations and their moments, so that the same facts give the same, in a daemon
and in a replay.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from monitor.judge.connectivity import Connectivity
from monitor.judge.correlation import Correlation
from monitor.judge.news import News
from monitor.judge.trouble import Key
from monitor.model import (
    CALM,
    MONITOR,
    Circumstance,
    CorrelationPolicy,
    Event,
    EventType,
    FleetRecord,
    Observation,
    OnlineChanged,
    Outage,
    OutageChanged,
    Policy,
    Severity,
    Status,
    TargetState,
    event_id,
)

# What no target can be called: ids of the fleet's events are nobody else's.
_KEY: Final = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetStep:
    """What one observation leads to for the fleet."""

    record: FleetRecord | None = None
    """Set when it is another than before: to be stored with the events, and shown."""
    events: tuple[Event, ...] = ()
    controls_in_s: float | None = None
    """In how many seconds all controls are to be asked; None: not because of this observation."""


NOTHING: Final = FleetStep()


class Fleet:
    """What is known of all targets together. Deterministic; its time is that of the observations."""

    def __init__(
        self,
        *,
        controls: tuple[str, ...] = (),
        policy: CorrelationPolicy | None = None,
        domain_of: Callable[[str], str] = lambda target: target,
        targets: int = 0,
    ) -> None:
        """Take the names of the controls, the thresholds, and how many targets there are.

        `domain_of` gives the registrable domain of a target.
        """
        self._us = Connectivity(controls, targets)
        self._them = Correlation(policy or CorrelationPolicy(), domain_of)
        self.record = FleetRecord()
        self._calm = CALM

    def go_on(self, states: Iterable[TargetState], record: FleetRecord) -> None:
        """Go on from what is stored."""
        self.record = record
        self._us.go_on(online=record.online, since=record.since, answered=record.answered)
        known = list(states)
        self._them.go_on(known, record.outages)
        if any(state.memory.known_status is not None for state in known):
            self._us.something_answered()

    @property
    def unheard(self) -> bool:
        """Tell whether every control has been asked, and none has ever answered."""
        return self._us.unheard

    def circumstance(self, state: TargetState, observation: Observation, policy: Policy) -> Circumstance:
        """Return what is to be considered when an observation of a target is judged."""
        offline = self._us.offline_during(observation)
        heard = self._us.heard_at
        if _leads(observation, policy):
            outage = self._them.outage_for(state.memory, observation)
        else:  # what another probe sees is judged with the last look of the leading one in view
            outage = self._them.outage_of(state.target)
        if offline is None and outage is None:
            # The same for all until the controls are heard again.
            if self._calm.heard_at != heard:
                self._calm = Circumstance(heard_at=heard) if heard else CALM
            return self._calm
        return Circumstance(offline_since=offline, heard_at=heard, outage=outage)

    def meet(self, observation: Observation, policy: Policy) -> FleetStep:
        """Take an observation of a target before it is judged: it may show that we are cut off, or not."""
        if not _leads(observation, policy) or not self._us.target(observation):
            return NOTHING
        return self._told(observation.ended_at, self._turned(observation))

    def note(
        self,
        before: TargetState,
        after: TargetState,
        observation: Observation,
        policy: Policy,
        circumstance: Circumstance,
    ) -> FleetStep:
        """Take what an observation of a target, judged in a circumstance, has led to."""
        self._them.stands(before.memory.layers, after.memory.layers)
        if not _leads(observation, policy):
            return NOTHING
        at, cut_off = observation.ended_at, circumstance.offline_since is not None
        maybe = () if cut_off else tuple(self._them.look(before.memory, observation))
        suspected = after.memory.suspected
        doubtful = cut_off or (suspected is not None and suspected.status is not Status.UP)
        ask = self._us.ask(at) if doubtful else None
        news = [] if cut_off else self._news(maybe, at)
        if not news and ask is None:
            return NOTHING
        return replace(self._told(at, news), controls_in_s=ask)

    def hear(self, control: str, observation: Observation) -> FleetStep:
        """Take a control's word."""
        answered = len(self._us.answered)
        turned = self._us.hear(control, observation)
        at = observation.ended_at
        told = self._turned(observation) if turned else []
        if self._us.online is not False:
            told += self._news(self._them.gathering(), at)
        ask = self._us.ask_again(at)
        if not told and not turned and ask is None and answered == len(self._us.answered):
            return NOTHING
        return replace(self._told(at, told), controls_in_s=ask)

    def _news(self, maybe: tuple[Key, ...], at: datetime) -> list[tuple[str, News]]:
        """Return the outages that begin and end now."""
        heard = self._us.heard_at
        found = self._them.recognise(maybe, at, heard, elsewhere=heard is None) if maybe else []
        over = self._them.pass_time(at)
        return [
            *((outage.provider.id, _suspected(outage)) for outage in found),
            *((outage.provider.id, _over(outage)) for outage in over),
        ]

    def _turned(self, observation: Observation) -> list[tuple[str, News]]:
        """Return what is told when the monitor turns out to be cut off, or to be back."""
        was, since, online = self.record.online, self.record.since, self._us.online
        if online is False:
            self._them.forget_failures()
        told = online is False or was is False
        if not told:
            return []
        data = OnlineChanged(
            online=online is not False,
            since=self._us.since or observation.started_at,
            controls=len(self._us.answered),
            failing=self._us.failing,
            duration_s=_seconds(since, self._us.since) if was is False else None,
        )
        return [(MONITOR, _online(data))]

    def _told(self, at: datetime, told: list[tuple[str, News]]) -> FleetStep:
        """Return the step with the record as it is now, and its events numbered."""
        seq = self.record.seq + 1
        record = FleetRecord(
            seq=self.record.seq,
            online=self._us.online,
            since=self._us.since,
            answered=self._us.answered,
            failing=self._us.failing if self._us.online is False else (),
            outages=self._them.outages,
        )
        if not told and record == self.record:
            return NOTHING
        self.record = record = replace(record, seq=seq)
        events = tuple(
            Event(
                id=event_id(_KEY, seq, index),
                type=news.type,
                subject=subject,
                at=at,
                severity=news.severity,
                text=f"{subject}: {news.text}",
                data=news.data,
            )
            for index, (subject, news) in enumerate(told)
        )
        return FleetStep(record=record, events=events)


def _leads(observation: Observation, policy: Policy) -> bool:
    """Tell whether an observation says whether its target is there; a part never does."""
    return observation.probe is policy.lead and not observation.part


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    return max(0.0, (until - since).total_seconds()) if since and until else None


def _online(data: OnlineChanged) -> News:
    if data.online:
        lasted = f" after {data.duration_s:.0f} s" if data.duration_s is not None else ""
        text = f"back{lasted}: what is said of targets is judged again."
        severity = Severity.INFO
    else:
        what = f"{len(data.failing)} of {max(data.controls, len(data.failing))} controls do not answer"
        text = f"cut off: {what}; nothing is said of any target until they do."
        severity = Severity.CRITICAL
    return News(type=EventType.ONLINE_CHANGED, severity=severity, text=text, data=data)


def _suspected(outage: Outage) -> News:
    text = (
        f"outage suspected ({outage.layer}): {outage.failing} targets fail alike, of {outage.watched} "
        f"that stand on {outage.provider.name}: {', '.join(outage.failures)}."
    )
    return News(type=EventType.OUTAGE_SUSPECTED, severity=Severity.CRITICAL, text=text, data=_changed(outage))


def _over(outage: Outage) -> News:
    text = (
        f"outage over ({outage.layer}): {outage.affected} targets were affected, {outage.failing} still fail."
    )
    return News(type=EventType.OUTAGE_OVER, severity=Severity.INFO, text=text, data=_changed(outage))


def _changed(outage: Outage) -> OutageChanged:
    return OutageChanged(
        outage=outage.id,
        provider=outage.provider,
        layer=outage.layer,
        since=outage.since,
        over_at=outage.over_at,
        failing=outage.failing,
        affected=outage.affected,
        watched=outage.watched,
        targets=outage.targets,
        failures=outage.failures,
        duration_s=_seconds(outage.since, outage.over_at),
    )
