"""Ends that draw near: of the registration, of the certificate, of the domains that the name servers live in.

The time that is left is counted from the moment of the observation. Each threshold is told once for each
end, the nearest when several were passed at once; an end that has been put off begins anew, without a word,
and one that is past is no longer drawing near, whatever still resolves (registries renew by themselves, and
keep a name for weeks beyond its end).

Whose word counts, so that one registration has one end: the registry's date as it was last confirmed; the
registrar's only where the registry gives none. A certificate is renewed by machines, some of them in its last
third: so a threshold that is more than a quarter of its life says nothing and is left out. Edges of one CDN
may serve different ones for a while: each has its own end. What was told is remembered for a day beyond its
end: a clock that is set back tells none of it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.judge.glance import Aside, Look
from monitor.judge.news import News
from monitor.model import (
    DelegationFacts,
    Ending,
    EndTold,
    EventType,
    ExpiryApproaching,
    HttpFacts,
    Layer,
    Memory,
    RegistrationFacts,
    Severity,
)

_DAY: Final = timedelta(days=1)
_PART_OF_LIFE: Final = 4
_SAME_END: Final = timedelta(days=60)
"""A registrar's date can differ so much from the registry's, for one and the same end."""
_MOST: Final = 8
_LAYER: Final = {
    Ending.REGISTRATION: Layer.REGISTRATION,
    Ending.CERTIFICATE: Layer.CERTIFICATE,
    Ending.NAME_SERVER_DOMAIN: Layer.DNS,
}
_WARNING_DAYS: Final = {Ending.REGISTRATION: 7, Ending.CERTIFICATE: 7, Ending.NAME_SERVER_DOMAIN: 3}
_CRITICAL_DAYS: Final = {Ending.REGISTRATION: 1, Ending.CERTIFICATE: 1, Ending.NAME_SERVER_DOMAIN: 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end that an observation shows."""

    ending: Ending
    about: str
    expires: datetime
    thresholds: tuple[int, ...]
    """In days."""
    source: str
    """Whose word it is: `registry`, `registrar` or `certificate`."""
    vague: bool = False
    """Whether the date may be weeks off from that of others."""


def expiring(memory: Memory, seen: Look) -> Aside:
    """Tell the ends that have come nearer than a threshold since they were last looked at."""
    at = seen.observation.ended_at
    if not memory.ends_told and _is_far(seen, at):
        return Aside(memory=memory)
    kept = tuple(told for told in memory.ends_told if told.expires > at - _DAY)
    news = []
    for end in ends(memory, seen):
        near = next((days for days in sorted(end.thresholds) if end.expires - at <= days * _DAY), None)
        if end.expires <= at:
            continue
        kept = tuple(told for told in kept if not _put_off(told, end))
        before = next((told for told in kept if _is_same(told, end)), None)
        if near is None or (before is not None and before.days <= near):
            continue
        told = EndTold(ending=end.ending, about=end.about, expires=end.expires, days=near)
        kept = (*(one for one in kept if one is not before), told)[-_MOST:]
        news.append(_news(end, near, at))
    if kept != memory.ends_told:
        memory = replace(memory, ends_told=kept)
    return Aside(memory=memory, news=tuple(news))


def _is_far(seen: Look, at: datetime) -> bool:
    """Tell whether an observation shows no end within reach: asked at every look at a page or at records."""
    facts = seen.observation.facts
    if isinstance(facts, HttpFacts):
        reach = max(seen.view.policy.certificate_expiry_days, default=0) * _DAY
        return facts.tls is None or facts.tls.not_after - at > reach
    return not isinstance(facts, RegistrationFacts | DelegationFacts)


def _is_same(told: EndTold, end: End) -> bool:
    if (told.ending, told.about) != (end.ending, end.about):
        return False
    return abs(told.expires - end.expires) <= _SAME_END if end.vague else told.expires == end.expires


def _put_off(told: EndTold, end: End) -> bool:
    """Tell whether an end that was told is not that any more; certificates can be several at a time."""
    if (told.ending, told.about) != (end.ending, end.about) or end.ending is Ending.CERTIFICATE:
        return False
    return not _is_same(told, end)


def ends(memory: Memory, seen: Look) -> Iterator[End]:
    """Yield the ends that an observation shows."""
    observation, policy = seen.observation, seen.view.policy
    facts = observation.facts
    if isinstance(facts, HttpFacts):
        if facts.tls is not None and observation.failure is None:
            life = facts.tls.not_after - facts.tls.not_before
            yield End(
                ending=Ending.CERTIFICATE,
                about=facts.tls.subject or seen.observation.target,
                expires=facts.tls.not_after,
                thresholds=tuple(
                    days for days in policy.certificate_expiry_days if days * _DAY * _PART_OF_LIFE <= life
                ),
                source="certificate",
            )
    elif observation.failure is not None:
        return
    elif isinstance(facts, RegistrationFacts):
        yield from _registration(memory, facts, policy.expiry_days)
    elif isinstance(facts, DelegationFacts) and facts.heard:
        for domain in facts.domains:
            if domain.registered and domain.expires is not None:
                yield End(
                    ending=Ending.NAME_SERVER_DOMAIN,
                    about=domain.domain,
                    expires=domain.expires,
                    thresholds=policy.expiry_days,
                    source="registry",
                )


def _registration(memory: Memory, facts: RegistrationFacts, days: tuple[int, ...]) -> Iterator[End]:
    """Yield the end of the registration: the registry's as it was confirmed, else the registrar's."""
    if not facts.registered:
        return
    confirmed = memory.registration[3] if memory.registration else ""
    told = facts.expires
    is_registrys = ("expires", "registrar") not in facts.date_sources
    if confirmed and told is not None and is_registrys and told.date().isoformat() > confirmed:
        return  # renewed, as it seems: whoever reads that the old end is near would be told what is over
    if confirmed and (told is None or told.date().isoformat() != confirmed):
        told = datetime.fromisoformat(confirmed).replace(tzinfo=UTC)
    if told is not None:
        yield End(
            ending=Ending.REGISTRATION,
            about=facts.domain,
            expires=told,
            thresholds=days,
            source="registry" if confirmed else "registrar",
            vague=not confirmed,
        )


def _news(end: End, near: int, at: datetime) -> News:
    left = (end.expires - at) // _DAY
    what = {
        Ending.REGISTRATION: f"the registration of {end.about}",
        Ending.CERTIFICATE: f"the certificate of {end.about}",
        Ending.NAME_SERVER_DOMAIN: f"the registration of {end.about}, where name servers live,",
    }[end.ending]
    when = f"in {left} day{'' if left == 1 else 's'}" if left else "in less than a day"
    return News(
        type=EventType.EXPIRY_APPROACHING,
        severity=_severity(end.ending, near),
        text=f"{what} ends {when} ({end.expires:%Y-%m-%d}).",
        data=ExpiryApproaching(
            ending=end.ending,
            about=end.about,
            layer=_LAYER[end.ending],
            expires=end.expires,
            days_left=left,
            threshold_days=near,
            source=end.source,
        ),
    )


def _severity(ending: Ending, near: int) -> Severity:
    if near <= _CRITICAL_DAYS[ending]:
        return Severity.CRITICAL
    return Severity.WARNING if near <= _WARNING_DAYS[ending] else Severity.INFO
