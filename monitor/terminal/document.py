"""The sheet of one target for machines. Keys are stable: one may be added, none is renamed.

Moments are ISO 8601 in UTC; what is not known is null.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from monitor.failure import Failure
from monitor.judge.codes import set_by
from monitor.judge.standing import Absence, Seen, absence, evidence, last_seen, null_mx, origin
from monitor.model import (
    BEHIND,
    DnsFacts,
    HttpFacts,
    LastAddressFacts,
    LayerState,
    Memory,
    Observation,
    Probe,
    Provider,
    RegistrationFacts,
    Revocation,
    Status,
    TargetState,
    TlsFacts,
)
from monitor.terminal import beside, delegation, wishes


def document(state: TargetState) -> dict[str, Any]:
    """Return everything that is known about a target."""
    memory, pulse = state.memory, state.pulse
    verdict = memory.verdict
    seen = {observation.probe: observation for observation in memory.seen}
    return {
        "target": state.target,
        "status": verdict.status,
        "since": _iso(memory.since),
        "reachable": verdict.reachable,
        "diagnosis": verdict.diagnosis,
        "layer": verdict.layer,
        "sentence": verdict.sentence,
        "incident": memory.incident.id if memory.incident else None,
        "incident_opened_at": _iso(memory.incident.opened_at) if memory.incident else None,
        "incident_flaps": memory.incident.flaps if memory.incident else None,
        "incident_told_as_up": _told_as_up(memory),
        "reachable_since": _iso(memory.incident.reachable_since) if memory.incident else None,
        "seconds": {"up": pulse.up_s, "down": pulse.down_s, "unknown": pulse.unknown_s},
        "layers": [_layer(layer, state) for layer in memory.layers],
        "not_seen": list(_not_seen(state)),
        "origin": _origin(memory),
        "registration": _registration(seen.get(Probe.REGISTRATION)),
        "certificate": _certificate(seen.get(Probe.HTTP)),
        "last_address": _last_address(seen.get(Probe.LAST_ADDRESS)),
        "mail": _mail(seen.get(Probe.DNS)),
        "delegation": delegation.document(memory),
        "policy": wishes.document(memory),
        "early_signs": wishes.signs_document(memory),
        "checks": [
            {
                "probe": run.probe,
                "at": _iso(run.at),
                "duration_s": run.duration_s,
                "failure": run.failure,
                "http_status": run.http_status,
            }
            for run in pulse.runs
        ],
        "parts": beside.documents(state),
    }


def _told_as_up(memory: Memory) -> bool | None:
    """Return whether a target that is up has been told as that; null while it is not up."""
    return memory.incident is None if memory.verdict.status is Status.UP else None


def _layer(layer: LayerState, state: TargetState) -> dict[str, Any]:
    seen = evidence(layer, state.pulse, state.memory.front)
    suspected = layer.suspected
    return {
        "layer": layer.layer,
        "known": layer.known,
        "absent": layer.absent,
        "since": _iso(layer.since),
        "known_since": _iso(layer.known_since),
        "first_seen": _iso(layer.since),
        "last_seen": _iso(last_seen(layer, state.pulse)),
        "changes": layer.changes,
        "changed_at": _iso(layer.changed_at),
        "providers": _providers(layer.confirmed.providers),
        "evidence": [_evidence(one) for one in seen if not one.gone],
        "evidence_gone": [_evidence(one) for one in seen if one.gone],
        "suspected": _providers(suspected.providers) if suspected else None,
    }


def _providers(some: tuple[Provider, ...]) -> list[dict[str, Any]]:
    return [{"id": p.id, "name": p.name, "cataloged": p.cataloged} for p in some]


def _evidence(seen: Seen) -> dict[str, Any]:
    reason = seen.evidence
    return {
        "provider": reason.provider,
        "value": reason.value,
        "rule": reason.rule,
        "source": reason.source,
        "first_seen": _iso(seen.first),
        "last_seen": _iso(seen.last),
    }


def _not_seen(state: TargetState) -> Iterator[dict[str, Any]]:
    there = {layer.layer for layer in state.memory.layers}
    for layer in BEHIND:
        if layer not in there:
            why = absence(layer, state)
            yield {"layer": layer, "absent": why is Absence.NONE, "why": why}


def _origin(memory: Memory) -> dict[str, Any]:
    said = origin(memory)
    return {
        "sight": said.sight,
        "behind": _providers(said.behind),
        "network_is_edge": said.network_is_edge,
        "sentence": said.sentence,
    }


def _registration(seen: Observation | None) -> dict[str, Any] | None:
    facts = seen.facts if seen else None
    if seen is None or not isinstance(facts, RegistrationFacts):
        return None
    sources = dict(facts.date_sources)
    return {
        "domain": facts.domain,
        "registered": facts.registered,
        "registrar": facts.registrar_name,
        "registrar_iana_id": facts.registrar_iana_id,
        "registry": facts.registry,
        "reseller": facts.reseller,
        "statuses": [{"code": code, "set_by": set_by(code)} for code in facts.statuses],
        **{
            name: {"at": _iso(getattr(facts, name)), "source": sources.get(name)}
            for name in ("created", "updated", "expires")
        },
        "dnssec": facts.dnssec,
        "name_servers": list(facts.name_servers),
        "source": facts.source,
        "server": facts.server,
        "as_of": _iso(seen.ended_at),
    }


def _certificate(seen: Observation | None) -> dict[str, Any] | None:
    facts = seen.facts if seen else None
    tls = facts.tls if isinstance(facts, HttpFacts) else None
    if seen is None or tls is None:
        return None
    return {
        "subject": tls.subject,
        "names": list(tls.names),
        "issuer": tls.issuer,
        "issuer_organization": tls.issuer_organization,
        "not_before": _iso(tls.not_before),
        "not_after": _iso(tls.not_after),
        "serial": tls.serial,
        "key_type": tls.key_type,
        "key_bits": tls.key_bits,
        "signature": tls.signature,
        "sha256": tls.sha256,
        "chain": list(_chain(tls)),
        "chain_sent": tls.chain_sent or None,
        "revocation": _word(facts.revocation) if isinstance(facts, HttpFacts) else None,
        "failure": seen.failure,
        "as_of": _iso(seen.ended_at),
    }


def _word(said: Revocation | None) -> dict[str, Any] | None:
    if said is None:
        return None
    return {
        "state": said.state,
        "checked_at": _iso(said.checked_at),
        "source": said.source or None,
        "server": said.server or None,
        "revoked_at": _iso(said.revoked_at),
        "reason": said.reason,
        "detail": said.detail,
    }


def _chain(tls: TlsFacts) -> Iterator[dict[str, Any]]:
    for link in tls.chain:
        yield {**asdict(link), "not_after": _iso(link.not_after)}


def _last_address(seen: Observation | None) -> dict[str, Any] | None:
    facts = seen.facts if seen else None
    if seen is None or not isinstance(facts, LastAddressFacts):
        return None
    return {
        "address": facts.asked_address,
        "last_good_at": _iso(facts.last_good_at),
        "asked_at": _iso(seen.started_at),
        "failure": seen.failure,
        "status": facts.answer.status or None if facts.answer else None,
        "title": facts.answer.title if facts.answer else None,
    }


def _mail(seen: Observation | None) -> dict[str, Any] | None:
    facts = seen.facts if seen else None
    if seen is None or not isinstance(facts, DnsFacts):
        return None
    null = null_mx(facts)
    answered = facts.mx.failure in {None, Failure.DNS_NODATA, Failure.DNS_NXDOMAIN}
    return {
        "answered": answered,
        "null_mx": null,
        "mx": [] if null else [_exchange(value) for value in facts.mx.values],
        "failure": facts.mx.failure,
        "as_of": _iso(seen.ended_at),
    }


def _exchange(value: str) -> dict[str, Any]:
    preference, _, host = value.partition(" ")
    return {"preference": int(preference) if preference.isdecimal() else None, "host": host}


def _iso(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None
