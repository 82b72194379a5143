"""What is worth telling: confirmed changes become incidents and events, in words."""

from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Final

from monitor.judge.news import News
from monitor.judge.status import Belief
from monitor.model import (
    EventType,
    Incident,
    IncidentChanged,
    Memory,
    Observation,
    Provider,
    ProviderChanged,
    RegistrationChanged,
    Severity,
    Status,
    StatusChanged,
    Verdict,
)

_EVIDENCE: Final = 20

_SEVERITY: Final = {
    Status.UP: Severity.INFO,
    Status.UNKNOWN: Severity.INFO,
    Status.DEGRADED: Severity.WARNING,
    Status.DOWN: Severity.CRITICAL,
}


def incident(belief: Belief, observation: Observation, target: str) -> tuple[Memory, list[News]]:
    """Return the memory and the news after a verdict was weighed; nothing confirmed is no news."""
    memory, verdict = belief.memory, belief.confirmed
    if verdict is None or belief.since is None or verdict.status is Status.UNKNOWN:
        return memory, []
    if verdict.status is Status.UP:
        memory, current, news = _resolve(memory, verdict, observation)
    elif memory.incident is None:
        memory, current, news = _open(memory, verdict, observation, belief.since, target)
    else:
        memory, current, news = _refine(memory, verdict, observation)
    known = memory.known_status
    changed = known is not None and known is not verdict.status
    if known is not verdict.status:
        memory = replace(memory, known_status=verdict.status)
    if changed and known is not None:
        news.insert(0, _status(known, verdict, belief.since, current))
    return memory, news


_Outcome = tuple[Memory, Incident | None, list[News]]


def _open(
    memory: Memory, verdict: Verdict, observation: Observation, since: datetime, target: str
) -> _Outcome:
    key = f"{target}|{since.isoformat()}"
    opened = Incident(
        id=blake2b(key.encode(), digest_size=8).hexdigest(),
        opened_at=since,
        told_at=observation.ended_at,
        verdict=verdict,
        observations=_evidence((), memory, observation),
    )
    memory = replace(memory, incident=opened, incidents=memory.incidents + 1)
    news = _incident_news(EventType.INCIDENT_OPENED, memory, opened)
    return memory, opened, [news]


def _refine(memory: Memory, verdict: Verdict, observation: Observation) -> _Outcome:
    current = memory.incident
    if current is None or current.verdict.same_as(verdict):
        return memory, current, []
    evidence = _evidence(current.observations, memory, observation)
    refined = replace(current, verdict=verdict, observations=evidence)
    memory = replace(memory, incident=refined)
    return memory, refined, [_incident_news(EventType.INCIDENT_UPDATED, memory, refined)]


def _resolve(memory: Memory, verdict: Verdict, observation: Observation) -> _Outcome:
    current = memory.incident
    if current is None:
        return memory, None, []
    # A clock that was set back must not end an incident before it began.
    resolved_at = max(current.opened_at, memory.since or observation.ended_at)
    ended = replace(current, resolved_at=resolved_at, verdict=verdict)
    news = _incident_news(EventType.INCIDENT_RESOLVED, memory, ended)
    return replace(memory, incident=None), current, [news]


def _evidence(
    kept: tuple[Observation, ...], memory: Memory, observation: Observation
) -> tuple[Observation, ...]:
    """Return the observations of an incident with what is seen now; the first and the latest stay."""
    have = {seen.id for seen in kept}
    now = [seen for seen in memory.seen if seen.probe is not observation.probe]
    new = [seen for seen in (*now, observation) if seen.id not in have]
    all_of_them = (*kept, *new)
    if len(all_of_them) <= _EVIDENCE:
        return all_of_them
    half = _EVIDENCE // 2
    return (*all_of_them[:half], *all_of_them[-half:])


def _operators(memory: Memory, verdict: Verdict) -> tuple[Provider, ...]:
    """Return who operates the layer of a verdict, as last known; nobody while that is in doubt.

    Others may stand there by now when another set is suspected, or when something answers and the
    layer has not been seen for a while: a page must not be put down to those who have left.
    """
    state = next((state for state in memory.layers if state.layer is verdict.layer), None)
    if state is None or state.suspected is not None or (verdict.reachable and not state.known):
        return ()
    return state.confirmed.providers


def _names(providers: tuple[Provider, ...]) -> str:
    return " + ".join(provider.name for provider in providers)


def _incident_news(kind: EventType, memory: Memory, told: Incident) -> News:
    verdict = told.verdict
    resolved = kind is EventType.INCIDENT_RESOLVED
    operators = _operators(memory, verdict)
    duration = (told.resolved_at - told.opened_at).total_seconds() if told.resolved_at else None
    who = f" ({verdict.layer}: {_names(operators)})" if operators else ""
    text = "up again." if resolved else f"{verdict.status}. {verdict.sentence}{who}"
    return News(
        type=kind,
        severity=_SEVERITY[verdict.status],
        text=text,
        data=IncidentChanged(
            incident=told.id,
            opened_at=told.opened_at,
            resolved_at=told.resolved_at,
            status=verdict.status,
            reachable=verdict.reachable,
            diagnosis=verdict.diagnosis,
            layer=verdict.layer,
            sentence=verdict.sentence,
            providers=operators,
            observations=verdict.based_on,
            duration_s=duration,
        ),
    )


def _status(known: Status, verdict: Verdict, since: datetime, current: Incident | None) -> News:
    text = f"{known} → {verdict.status}."
    return News(
        type=EventType.STATUS_CHANGED,
        severity=_SEVERITY[verdict.status],
        text=f"{text} {verdict.sentence}".rstrip(),
        data=StatusChanged(
            status_from=known,
            status_to=verdict.status,
            since=since,
            reachable=verdict.reachable,
            diagnosis=verdict.diagnosis,
            layer=verdict.layer,
            sentence=verdict.sentence,
            incident=current.id if current else None,
        ),
    )


def provider(moved: ProviderChanged) -> News:
    """Return the news of a layer that others operate now."""
    text = f"{moved.layer}: {_names(moved.providers_from)} → {_names(moved.providers_to)}."
    return News(type=EventType.PROVIDER_CHANGED, severity=Severity.WARNING, text=text, data=moved)


def registration(renewed: RegistrationChanged) -> News:
    """Return the news of a registration that reads differently."""
    fields = "; ".join(f"{c.field}: {c.before} → {c.after}" for c in renewed.changes)
    return News(
        type=EventType.REGISTRATION_CHANGED,
        severity=Severity.INFO,
        text=f"registration: {fields}",
        data=renewed,
    )
