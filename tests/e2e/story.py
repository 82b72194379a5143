"""What happens to Parler, and what Prometheus must answer after each act.

Answers are written as {labels: value}: the values of the labels in the order of their names,
joined with a space; name, instance and job are left out. An empty answer is {}.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.e2e.world import FAR, NEIGHBOUR, PARLER

Answer = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that happens; what is done stands in the director, under the same name."""

    name: str
    until: str
    """PromQL: has an answer as soon as the monitor has noticed."""
    asks: Mapping[str, Answer]
    """PromQL and the answer."""
    explains: Mapping[str, Any] = field(default_factory=dict)
    """What `explain --json` says in the meantime."""


def _of(metric: str, target: str = PARLER, **labels: str) -> str:
    pairs = [f'{name}="{value}"' for name, value in {"target": target, **labels}.items()]
    return f"{metric}{{{','.join(pairs)}}}"


def _behind(target: str) -> str:
    return f"sum by (layer, provider) ({_of('platform_provider_info', target)})"


_ACTIVE: Final = _of("platform_incident_active")
_CHANGES: Final = f"sum by (layer) ({_of('platform_provider_changes_total')})"
_AMAZON: Final = 'sum by (layer) (platform_provider_targets{provider="amazon"})'
_CA: Final = "certificate ca:small-internet-trust-services"
_NO_CHANGES: Final = {"certificate": 0, "dns": 0, "network": 0, "registration": 0}
_GONE: Final = {PARLER: 0, NEIGHBOUR: 1, FAR: 1}

ACTS: Final = (
    Act(
        name="up",
        until="count(platform_up == 1) == 3 "
        'and count(platform_provider_info{layer=~"registration|dns|network"}) == 9',
        asks={
            "platform_up": {PARLER: 1, NEIGHBOUR: 1, FAR: 1},
            "platform_incidents_total": {PARLER: 0, NEIGHBOUR: 0, FAR: 0},
            "platform_http_status_code": {PARLER: 200, NEIGHBOUR: 200, FAR: 200},
            _behind(PARLER): {_CA: 1, "dns amazon": 1, "network amazon": 1, "registration amazon": 1},
            _behind(FAR): {
                _CA: 1,
                f"dns {FAR}": 1,
                "mail yandex": 1,
                "network yandex": 1,
                "registration reg-ru": 1,
            },
            _CHANGES: _NO_CHANGES,
            _AMAZON: {"dns": 2, "network": 2, "registration": 2},
            _ACTIVE: {},
        },
        explains={"status": "up", "reachable": True, "diagnosis": None, "incident": None},
    ),
    Act(
        name="switched off",
        until=_of("platform_incident_active", diagnosis="network.refused"),
        asks={
            "platform_up": _GONE,
            _of("platform_reachable"): {PARLER: 0},
            _ACTIVE: {f"network.refused network {PARLER}": 1},
            "platform_incidents_total": {PARLER: 1, NEIGHBOUR: 0, FAR: 0},
            _of("platform_http_status_code"): {},
            # What cannot be seen any more is not shown: there is no certificate to look at.
            _behind(PARLER): {"dns amazon": 1, "network amazon": 1, "registration amazon": 1},
        },
        explains={"status": "down", "reachable": False, "diagnosis": "network.refused", "layer": "network"},
    ),
    Act(
        name="dropped by its name servers",
        until=f"{_of('platform_incident_active', diagnosis='dns.provider_dropped')} "
        "unless on (target) platform_provider_info{layer=~'dns|network'}",
        asks={
            "platform_up": _GONE,
            _ACTIVE: {f"dns.provider_dropped dns {PARLER}": 1},
            "platform_incidents_total": {PARLER: 1, NEIGHBOUR: 0, FAR: 0},
            _of("platform_dns_answer"): {f"SERVFAIL {PARLER}": 1},
            _AMAZON: {"dns": 1, "network": 1, "registration": 2},
            _CHANGES: _NO_CHANGES,
        },
        explains={"status": "down", "reachable": False, "diagnosis": "dns.provider_dropped", "layer": "dns"},
    ),
    Act(
        name="transferred",
        until=_of("platform_provider_info", layer="registration", provider="epik"),
        asks={
            "platform_up": _GONE,
            f"absent({_of('platform_provider_info', layer='registration', provider='amazon')})": {
                f"registration amazon {PARLER}": 1
            },
            _CHANGES: {**_NO_CHANGES, "registration": 1},
            _AMAZON: {"dns": 1, "network": 1, "registration": 1},
            _ACTIVE: {f"dns.provider_dropped dns {PARLER}": 1},
        },
        explains={"status": "down", "diagnosis": "dns.provider_dropped"},
    ),
    Act(
        name="one page",
        until=f"{_of('platform_incident_active', diagnosis='content.placeholder', layer='edge')} "
        f"and on (target) {_of('platform_provider_info', layer='network', provider='ddos-guard')} "
        f"and on (target) {_of('platform_provider_info', layer='dns', provider='epik')}",
        asks={
            "platform_up": _GONE,
            _of("platform_reachable"): {PARLER: 1},
            _of("platform_status"): {f"degraded {PARLER}": 1},
            _ACTIVE: {f"content.placeholder edge {PARLER}": 1},
            "platform_incidents_total": {PARLER: 1, NEIGHBOUR: 0, FAR: 0},
            _of("platform_http_status_code"): {PARLER: 200},
            _behind(PARLER): {
                _CA: 1,
                "dns epik": 1,
                "edge ddos-guard": 1,
                "network ddos-guard": 1,
                "registration epik": 1,
            },
            f"absent({_of('platform_provider_info', layer='network', provider='amazon')})": {
                f"network amazon {PARLER}": 1
            },
            _CHANGES: {**_NO_CHANGES, "dns": 1, "edge": 0, "network": 1, "registration": 1},
            'sum by (layer) (platform_provider_targets{provider="ddos-guard"})': {"edge": 1, "network": 1},
            _AMAZON: {"dns": 1, "network": 1, "registration": 1},
        },
        explains={"status": "degraded", "reachable": True, "diagnosis": "content.placeholder"},
    ),
    Act(
        name="restored",
        until=f"{_of('platform_up')} == 1",
        asks={
            "platform_up": {PARLER: 1, NEIGHBOUR: 1, FAR: 1},
            _of("platform_reachable"): {PARLER: 1},
            _ACTIVE: {},
            "platform_incidents_total": {PARLER: 1, NEIGHBOUR: 0, FAR: 0},
        },
        explains={"status": "up", "reachable": True, "diagnosis": None, "incident": None},
    ),
)

LAST_ANSWERS: Final[Mapping[str, Answer]] = {
    "min_over_time(platform_up[5m])": {PARLER: 0, NEIGHBOUR: 1, FAR: 1},
    "platform_incidents_total": {PARLER: 1, NEIGHBOUR: 0, FAR: 0},
    "sum by (target) (platform_provider_changes_total)": {PARLER: 3, NEIGHBOUR: 0, FAR: 0},
    "group by (diagnosis) (count_over_time(platform_incident_active[5m]))": {
        "network.refused": 1,
        "dns.provider_dropped": 1,
        "content.placeholder": 1,
    },
    'sum by (outcome) (platform_monitor_deliveries_total{outcome!="delivered"})': {"failed": 1},
    "platform_downtime_seconds_total == 0": {NEIGHBOUR: 0, FAR: 0},
}
"""What is asked when everything is over."""

DOWNTIME: Final = _of("platform_downtime_seconds_total")
DOWNTIME_INCREASE: Final = f"increase({DOWNTIME}[5m])"
LAST_QUERIES: Final = (*LAST_ANSWERS, DOWNTIME, DOWNTIME_INCREASE)
