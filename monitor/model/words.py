"""The closed vocabularies (DESIGN: Words). Values are what metrics, events and pages print."""

from enum import StrEnum
from typing import Final


class Probe(StrEnum):
    """One kind of measurement."""

    HTTP = "http"
    DNS = "dns"
    REGISTRATION = "registration"
    DELEGATION = "delegation"
    LAST_ADDRESS = "last_address"


ON_REQUEST: Final = frozenset({Probe.LAST_ADDRESS})
"""Probes without a rhythm: they run when the judge asks, and no run of theirs is a check's last one."""
REGULAR: Final = tuple(probe for probe in Probe if probe not in ON_REQUEST)
"""Probes that run again and again."""


class Layer(StrEnum):
    """What a provider operates for a target."""

    REGISTRATION = "registration"
    DNS = "dns"
    NETWORK = "network"
    EDGE = "edge"
    MAIL = "mail"
    CERTIFICATE = "certificate"


class Status(StrEnum):
    """Whether a target is there. `unknown` is a state of its own, never a guess."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How urgently an event wants to be read."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class EventType(StrEnum):
    """What an event tells. Names are a contract with receivers."""

    STATUS_CHANGED = "platform.status.changed"
    INCIDENT_OPENED = "platform.incident.opened"
    INCIDENT_UPDATED = "platform.incident.updated"
    INCIDENT_RESOLVED = "platform.incident.resolved"
    PROVIDER_CHANGED = "platform.provider.changed"
    REGISTRATION_CHANGED = "platform.registration.changed"
    TEST = "platform.test"
