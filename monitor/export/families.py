"""What is exported about a target: one row a metric, with the function that reads it from the state.

Knowledge that is missing is a series that is missing: a function then returns nothing. Each metric
stands in docs/metrics.md.

The rows stand in three groups, by what they are read from, so that an observation that tells
nothing new costs the lines of the last group only:

    STORY   from `Memory`, which keeps its identity until something happens
    FACTS   from what was last seen, and only while the last run of that probe still shows it
    PULSE   from what every observation changes
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from monitor.export.exposition import Family, Kind, escape, moment, number
from monitor.export.listing import LISTING_AVAILABLE, listing_available
from monitor.export.parts import together
from monitor.failure import Failure
from monitor.model import (
    DelegationFacts,
    DnsFacts,
    HttpFacts,
    Memory,
    Observation,
    Probe,
    Pulse,
    RegistrationFacts,
    Run,
    ServerDomain,
    Status,
    TargetState,
)

# RFC 5731 section 2.3 and RFC 3915 section 3.1. Registries publish other words too: those are text
# from the network, and no label.
EPP_CODES: Final = frozenset(
    {
        *("ok", "inactive", "linked", "clientHold", "serverHold"),
        *(
            f"{who}{what}Prohibited"
            for who in ("client", "server")
            for what in ("Delete", "Renew", "Transfer", "Update")
        ),
        *(f"pending{what}" for what in ("Create", "Delete", "Renew", "Restore", "Transfer", "Update")),
        *("addPeriod", "autoRenewPeriod", "renewPeriod", "redemptionPeriod", "transferPeriod"),
    }
)

Lines = Callable[[str, TargetState], str]
"""From the label of the target (`target="parler.com"`, escaped) and its state to finished lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One metric of a target, and how it is read."""

    family: Family
    lines: Lines


def _row(name: str, kind: Kind, labels: str, help_text: str, lines: Lines) -> Row:
    family = Family(name=name, kind=kind, help=help_text, labels=tuple(labels.split()))
    return Row(family=family, lines=lines)


# From what is remembered


def _up(label: str, state: TargetState) -> str:
    status = state.memory.verdict.status
    if status is Status.UNKNOWN:
        return ""
    return f"platform_up{{{label}}} {1 if status is Status.UP else 0}\n"


def _reachable(label: str, state: TargetState) -> str:
    reachable = state.memory.verdict.reachable
    return "" if reachable is None else f"platform_reachable{{{label}}} {1 if reachable else 0}\n"


def _status(label: str, state: TargetState) -> str:
    return f'platform_status{{{label},status="{state.memory.verdict.status}"}} 1\n'


def _incident_active(label: str, state: TargetState) -> str:
    incident = state.memory.incident
    if incident is None:
        return ""
    diagnosis = incident.verdict.diagnosis or "undetermined"
    layer = incident.verdict.layer or "none"
    return f'platform_incident_active{{{label},diagnosis="{escape(diagnosis)}",layer="{layer}"}} 1\n'


def _incidents(label: str, state: TargetState) -> str:
    return f"platform_incidents_total{{{label}}} {state.memory.incidents}\n"


def _providers(label: str, state: TargetState) -> str:
    return "".join(
        [
            f'platform_provider_info{{{label},layer="{layer}",provider="{escape(provider)}"}} 1\n'
            for layer, provider in standing_behind(state.memory)
        ]
    )


def standing_behind(memory: Memory) -> tuple[tuple[str, str], ...]:
    """Return the pairs of layer and provider id that are known now."""
    return tuple(
        (layer.layer.value, provider)
        for layer in memory.layers
        if layer.known
        for provider in layer.confirmed.ids
    )


def _provider_changes(label: str, state: TargetState) -> str:
    return "".join(
        [
            f'platform_provider_changes_total{{{label},layer="{layer.layer}"}} {layer.changes}\n'
            for layer in state.memory.layers
        ]
    )


def _provider_last_change(label: str, state: TargetState) -> str:
    name = "platform_provider_last_change_timestamp_seconds"
    return "".join(
        [
            f'{name}{{{label},layer="{layer.layer}"}} {moment(layer.changed_at)}\n'
            for layer in state.memory.layers
            if layer.changed_at is not None
        ]
    )


STORY: Final[tuple[Row, ...]] = (
    _row(
        "platform_up",
        Kind.GAUGE,
        "target",
        "Whether the platform is there: 1 up, 0 degraded or down; absent while unknown.",
        _up,
    ),
    _row(
        "platform_reachable",
        Kind.GAUGE,
        "target",
        "Whether something of the platform answers, even a placeholder; absent while unknown.",
        _reachable,
    ),
    _row(
        "platform_status",
        Kind.GAUGE,
        "target status",
        "1 for the current status (up, degraded, down or unknown); the others are absent.",
        _status,
    ),
    _row(
        "platform_incident_active",
        Kind.GAUGE,
        "target diagnosis layer",
        "1 while an incident lasts, with its latest diagnosis and the layer that failed.",
        _incident_active,
    ),
    Row(family=LISTING_AVAILABLE, lines=listing_available),
    _row("platform_incidents_total", Kind.COUNTER, "target", "Incidents that have been opened.", _incidents),
    _row(
        "platform_provider_info",
        Kind.GAUGE,
        "target layer provider",
        "1 for each provider that stands behind the layer now; absent while the layer cannot be seen.",
        _providers,
    ),
    _row(
        "platform_provider_changes_total",
        Kind.COUNTER,
        "target layer",
        "Confirmed changes of the providers behind the layer.",
        _provider_changes,
    ),
    _row(
        "platform_provider_last_change_timestamp_seconds",
        Kind.GAUGE,
        "target layer",
        "When the last change of providers was confirmed; absent before the first.",
        _provider_last_change,
    ),
)


# From what was last seen


def shown_now(state: TargetState, probe: Probe) -> Observation | None:
    """Return the observation that the last run of a probe still stands for.

    Memory keeps the last observation that said something new, and keeps it through look-ups that
    failed. Where the last run ended differently, it no longer shows what is remembered.
    """
    seen = next((seen for seen in state.memory.seen if seen.probe is probe), None)
    run = next((run for run in state.pulse.runs if run.probe is probe), None)
    if seen is None or run is None or run.failure is not seen.failure:
        return None
    return seen


def _dns_answer(label: str, state: TargetState) -> str:
    seen = shown_now(state, Probe.DNS)
    if seen is None or not isinstance(seen.facts, DnsFacts):
        return ""
    rcode = seen.facts.a.rcode or seen.facts.aaaa.rcode
    return f'platform_dns_answer{{{label},rcode="{escape(rcode)}"}} 1\n' if rcode else ""


def _registered(state: TargetState) -> RegistrationFacts | None:
    seen = shown_now(state, Probe.REGISTRATION)
    if seen is None or not isinstance(seen.facts, RegistrationFacts):
        return None
    return seen.facts if seen.facts.registered else None


def _registration_expiry(label: str, state: TargetState) -> str:
    facts = _registered(state)
    if facts is None or facts.expires is None:
        return ""
    return f"platform_registration_expiry_timestamp_seconds{{{label}}} {moment(facts.expires)}\n"


def _registration_status(label: str, state: TargetState) -> str:
    facts = _registered(state)
    codes = dict.fromkeys(code for code in facts.statuses if code in EPP_CODES) if facts else ()
    return "".join(f'platform_registration_status{{{label},status="{code}"}} 1\n' for code in codes)


def _server_domains(state: TargetState) -> tuple[ServerDomain, ...]:
    """Return the registered domains that the name servers live in, as the last delegation look told them."""
    seen = shown_now(state, Probe.DELEGATION)
    if seen is None or not isinstance(seen.facts, DelegationFacts):
        return ()
    return tuple(each for each in seen.facts.domains if each.registered)


def _server_domain_expiry(label: str, state: TargetState) -> str:
    name = "platform_dns_operator_domain_expiry_timestamp_seconds"
    return "".join(
        f'{name}{{{label},domain="{each.domain}"}} {moment(each.expires)}\n'
        for each in _server_domains(state)
        if each.expires is not None
    )


def _server_domain_hold(label: str, state: TargetState) -> str:
    return "".join(
        f'platform_dns_operator_domain_on_hold{{{label},domain="{each.domain}"}} {int(each.on_hold)}\n'
        for each in _server_domains(state)
    )


def _certificate_expiry(label: str, state: TargetState) -> str:
    seen = shown_now(state, Probe.HTTP)
    if seen is None or not isinstance(seen.facts, HttpFacts) or seen.facts.tls is None:
        return ""
    return f"platform_certificate_expiry_timestamp_seconds{{{label}}} {moment(seen.facts.tls.not_after)}\n"


FACTS: Final[tuple[Row, ...]] = (
    _row(
        "platform_dns_answer",
        Kind.GAUGE,
        "target rcode",
        "1 for the response code of the last look at the host's addresses; absent when none came.",
        _dns_answer,
    ),
    _row(
        "platform_registration_expiry_timestamp_seconds",
        Kind.GAUGE,
        "target",
        "When the registration ends; absent where it is not published, or the last look-up failed.",
        _registration_expiry,
    ),
    _row(
        "platform_registration_status",
        Kind.GAUGE,
        "target status",
        "1 for each EPP status code of the registration (RFC 5731); absent when the last look-up failed.",
        _registration_status,
    ),
    _row(
        "platform_dns_operator_domain_expiry_timestamp_seconds",
        Kind.GAUGE,
        "target domain",
        "When the registration of a domain ends that the name servers live in; absent when not known.",
        _server_domain_expiry,
    ),
    _row(
        "platform_dns_operator_domain_on_hold",
        Kind.GAUGE,
        "target domain",
        "1 when a domain that the name servers live in carries clientHold or serverHold, 0 when it does not.",
        _server_domain_hold,
    ),
    _row(
        "platform_certificate_expiry_timestamp_seconds",
        Kind.GAUGE,
        "target",
        "When the certificate of the page ends; absent when the last page came without one, or not at all.",
        _certificate_expiry,
    ),
)


# From every observation


def _seconds(name: str, read: Callable[[Pulse], float]) -> Lines:
    return lambda label, state: f"{name}{{{label}}} {number(read(state.pulse))}\n"


def _runs(state: TargetState) -> tuple[Run, ...]:
    """Return the last run of each probe; those of parts are told together."""
    pulse = state.pulse
    return (*pulse.runs, *together(pulse.parts)) if pulse.parts else pulse.runs


def _probe_success(label: str, state: TargetState) -> str:
    return "".join(
        [
            f'platform_probe_success{{{label},probe="{run.probe}"}} {1 if run.failure is None else 0}\n'
            for run in _runs(state)
            if run.failure is not Failure.MISSED
        ]
    )


def _probe_duration(label: str, state: TargetState) -> str:
    return "".join(
        [
            f'platform_probe_duration_seconds{{{label},probe="{run.probe}"}} {number(run.duration_s)}\n'
            for run in _runs(state)
            if run.failure is not Failure.MISSED
        ]
    )


def _probe_last_run(label: str, state: TargetState) -> str:
    return "".join(
        [
            f'platform_probe_last_run_timestamp_seconds{{{label},probe="{run.probe}"}} {moment(run.at)}\n'
            for run in _runs(state)
            if run.failure is not Failure.MISSED
        ]
    )


def _http_status(label: str, state: TargetState) -> str:
    run = next((run for run in state.pulse.runs if run.probe is Probe.HTTP), None)
    if run is None or run.http_status is None:
        return ""
    return f"platform_http_status_code{{{label}}} {run.http_status}\n"


PULSE: Final[tuple[Row, ...]] = (
    _row(
        "platform_uptime_seconds_total",
        Kind.COUNTER,
        "target",
        "Seconds up, as far as they have been watched.",
        _seconds("platform_uptime_seconds_total", lambda pulse: pulse.up_s),
    ),
    _row(
        "platform_downtime_seconds_total",
        Kind.COUNTER,
        "target",
        "Seconds not up (degraded or down), as far as they have been watched.",
        _seconds("platform_downtime_seconds_total", lambda pulse: pulse.down_s),
    ),
    _row(
        "platform_unknown_seconds_total",
        Kind.COUNTER,
        "target",
        "Seconds in which it was not known whether the platform was there, or nobody watched.",
        _seconds("platform_unknown_seconds_total", lambda pulse: pulse.unknown_s),
    ),
    _row(
        "platform_probe_success",
        Kind.GAUGE,
        "target probe",
        "Whether the last run of the check was answered; absent when the run was missed.",
        _probe_success,
    ),
    _row(
        "platform_probe_duration_seconds",
        Kind.GAUGE,
        "target probe",
        "How long the last run of the check took; absent when the run was missed.",
        _probe_duration,
    ),
    _row(
        "platform_probe_last_run_timestamp_seconds",
        Kind.GAUGE,
        "target probe",
        "When the last run of the check ended; absent when the run was missed.",
        _probe_last_run,
    ),
    _row(
        "platform_http_status_code",
        Kind.GAUGE,
        "target",
        "Status code of the last answer, after redirects; absent when the last run got none.",
        _http_status,
    ),
)
