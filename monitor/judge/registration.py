"""Changes of a registration that are no change of provider: status, name servers, expiry, DNSSEC, reseller.

Only what two answered look-ups of the same source both publish is compared: fields vanish from
WHOIS under rate limits, and RDAP and WHOIS of one registry word things differently.
"""

from dataclasses import dataclass, replace
from typing import Final

from monitor.model import (
    FieldChange,
    FollowUp,
    Memory,
    Observation,
    Policy,
    Probe,
    RegistrationChanged,
    RegistrationFacts,
)

_FIELDS: Final = ("source", "statuses", "name_servers", "expires", "dnssec", "reseller")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """The memory after a look at the registration, and what is to be told of it."""

    memory: Memory
    change: RegistrationChanged | None = None
    follow_ups: tuple[FollowUp, ...] = ()


def comparable(facts: RegistrationFacts) -> tuple[str, ...]:
    """Return the fields of `_FIELDS` as text; empty: not published.

    A day of expiry that is the registrar's word counts as not published: the registry's, when it comes back,
    differs by weeks without anything having changed.
    """
    is_registrys = ("expires", "registrar") not in facts.date_sources
    expires = facts.expires.date().isoformat() if facts.expires and is_registrys else ""
    signed = "" if facts.dnssec is None else "signed" if facts.dnssec else "unsigned"
    return (
        facts.source,
        " ".join(facts.statuses),
        " ".join(facts.name_servers),
        expires,
        signed,
        facts.reseller or "",
    )


def _padded(stored: tuple[str, ...]) -> tuple[str, ...]:
    """Return what was stored when fewer fields were compared: the others were not published then."""
    return stored + ("",) * (len(_FIELDS) - len(stored))


def _differences(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[FieldChange, ...]:
    """Return the fields that both publish and that differ."""
    rows = zip(_FIELDS[1:], old[1:], new[1:], strict=True)
    return tuple(
        FieldChange(field=field, before=before, after=after)
        for field, before, after in rows
        if before and after and before != after
    )


def _merged(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """Return the new registration, with what it does not publish this time from the old."""
    return tuple(after or before for before, after in zip(old, new, strict=True))


def renew(memory: Memory, observation: Observation, policy: Policy) -> Renewal:
    """Return what an observation of the registration changes."""
    facts = observation.facts
    if observation.failure or not isinstance(facts, RegistrationFacts) or not facts.registered:
        return Renewal(memory=memory)
    old, new = memory.registration, comparable(facts)
    if old is None or old[0] != new[0]:
        return Renewal(memory=replace(memory, registration=new, registration_suspected=None))
    old, suspected = _padded(old), _padded(memory.registration_suspected or ())
    merged = _merged(old, new)
    differences = _differences(old, new)
    if not differences:
        if merged == memory.registration and memory.registration_suspected is None:
            return Renewal(memory=memory)
        return Renewal(memory=replace(memory, registration=merged, registration_suspected=None))
    if suspected != merged and policy.changes_to_confirm > 1:
        again = FollowUp(
            probe=Probe.REGISTRATION, delay_s=policy.change_recheck_s, reason="registration change suspected"
        )
        return Renewal(memory=replace(memory, registration_suspected=merged), follow_ups=(again,))
    return Renewal(
        memory=replace(memory, registration=merged, registration_suspected=None),
        change=RegistrationChanged(changes=differences, source=facts.source, server=facts.server),
    )
