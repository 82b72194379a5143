"""What is told, in words: the life of an incident (`judge.incident`), and what else has changed."""

from dataclasses import dataclass
from typing import Final

from monitor.judge.course import times
from monitor.judge.news import News
from monitor.judge.places import names, sentence
from monitor.model import (
    ContentChanged,
    EventType,
    Incident,
    IncidentChanged,
    Layer,
    LayerMove,
    Memory,
    Provider,
    ProviderChanged,
    RegistrationChanged,
    Severity,
    Status,
    StatusChanged,
    Verdict,
)

_SEVERITY: Final = {
    Status.UP: Severity.INFO,
    Status.UNKNOWN: Severity.INFO,
    Status.DEGRADED: Severity.WARNING,
    Status.DOWN: Severity.CRITICAL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What is to be told of an incident."""

    kind: EventType
    incident: Incident
    before: Verdict | None
    """What was told of it last; None: this is the first word."""
    places: tuple[LayerMove, ...] = ()


def _operators(memory: Memory, verdict: Verdict) -> tuple[Provider, ...]:
    """Return who operates the layer of a verdict, as last known; nobody while that is in doubt.

    Others may stand there by now when another set is suspected, or when something answers and the
    layer has not been seen for a while: a page must not be put down to those who have left.
    """
    if verdict.pages:
        return ()  # a page may be anywhere: on another platform, as an account is
    state = next((state for state in memory.layers if state.layer is verdict.layer), None)
    if state is None or state.suspected is not None or (verdict.reachable and not state.known):
        return ()
    return state.confirmed.providers


def incident(memory: Memory, word: Word, *, flapping: bool) -> News:
    """Return the news of an incident that opens, goes on, or is over."""
    told = word.incident
    resolved = word.kind is EventType.INCIDENT_RESOLVED
    verdict = memory.verdict if resolved else told.verdict
    operators = _operators(memory, verdict)
    duration = (told.resolved_at - told.opened_at).total_seconds() if told.resolved_at else None
    return News(
        type=word.kind,
        severity=_SEVERITY[verdict.status],
        text=_up_again(memory, word) if resolved else _not_up(word, operators, flapping=flapping),
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
            places=word.places,
            reachable_since=told.reachable_since,
            flaps=told.flaps,
            flapping=flapping,
            reopened=told.reopened,
            outage=told.outage,
        ),
    )


def _up_again(memory: Memory, word: Word) -> str:
    told = word.incident
    came_and_went = f" It came and went {times(told)}." if told.flaps else ""
    return f"up again{_where(memory, word)}.{came_and_went}"


def _not_up(word: Word, operators: tuple[Provider, ...], *, flapping: bool) -> str:
    verdict, before = word.incident.verdict, word.before
    who = f" ({verdict.layer}: {names(operators)})" if operators else ""
    status = verdict.status.value
    if flapping and before is not None and (before.status is Status.UP or before.same_as(verdict)):
        status = f"flapping, {times(word.incident)}: {status}"
    elif before is not None and before.status is Status.UP:
        status = f"{status} again"
    elif before is not None and verdict.reachable and before.reachable is False:
        status = f"something answers again, but it is not the service: {status}"
    elif before is not None and before.reachable and verdict.reachable is False:
        status = f"nothing answers any more: {status}"
    return f"{status}. {verdict.sentence}{who}"


def _where(memory: Memory, word: Word) -> str:
    if word.incident.verdict.pages and not word.places:
        return ""  # only further pages were not well: the target itself was never away
    network = next((layer for layer in memory.layers if layer.layer is Layer.NETWORK), None)
    return sentence(word.places, network)


def status(known: Status, memory: Memory, word: Word) -> News:
    """Return the news of a status that is another one than was told."""
    verdict = memory.verdict
    up = verdict.status is Status.UP
    told = f"{known} → {verdict.status}{_where(memory, word) if up else ''}."
    return News(
        type=EventType.STATUS_CHANGED,
        severity=_SEVERITY[verdict.status],
        text=f"{told} {verdict.sentence}".rstrip(),
        data=StatusChanged(
            status_from=known,
            status_to=verdict.status,
            since=memory.since or word.incident.opened_at,
            reachable=verdict.reachable,
            diagnosis=verdict.diagnosis,
            layer=verdict.layer,
            sentence=verdict.sentence,
            incident=word.incident.id,
            places=word.places,
        ),
    )


def provider(moved: ProviderChanged) -> News:
    """Return the news of a layer that others operate now."""
    text = f"{moved.layer}: {names(moved.providers_from)} → {names(moved.providers_to)}."
    # Another authority is an early sign at most: machines renew certificates where it is cheapest.
    severity = Severity.INFO if moved.layer is Layer.CERTIFICATE else Severity.WARNING
    return News(type=EventType.PROVIDER_CHANGED, severity=severity, text=text, data=moved)


def registration(renewed: RegistrationChanged) -> News:
    """Return the news of a registration that reads differently."""
    fields = "; ".join(f"{c.field}: {c.before} → {c.after}" for c in renewed.changes)
    return News(
        type=EventType.REGISTRATION_CHANGED,
        severity=Severity.INFO,
        text=f"registration: {fields}",
        data=renewed,
    )


def content(changed: ContentChanged) -> News:
    """Return the news of another page that has come to stay."""
    before, after = (title or "no title" for title in (changed.title_before, changed.title_after))
    sizes = f"{changed.text_length_before} → {changed.text_length_after} characters"
    where = f", at {changed.elsewhere}" if changed.elsewhere else ""
    return News(
        type=EventType.CONTENT_CHANGED,
        severity=Severity.WARNING,
        text=f"another page: {before} → {after}, {sizes}{where}.",
        data=changed,
    )
