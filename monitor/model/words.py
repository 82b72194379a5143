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
    PAGE = "page"
    REVOCATION = "revocation"
    LISTING = "listing"


ON_REQUEST: Final = frozenset({Probe.LAST_ADDRESS, Probe.REVOCATION})
"""Probes without a rhythm: they run when the judge asks, and no run of theirs is a check's last one."""
PART_PROBES: Final = frozenset({Probe.PAGE, Probe.LISTING})
"""What runs for the parts of a target only, one check for each that is configured."""
REGULAR: Final = tuple(probe for probe in Probe if probe not in ON_REQUEST | PART_PROBES)
"""Probes of the target itself that run again and again: only these can be named in its `probes`."""
PAGES: Final = frozenset({Probe.HTTP, Probe.PAGE})
"""What asks for a page, and brings `HttpFacts`."""


class Layer(StrEnum):
    """What a provider operates for a target."""

    REGISTRATION = "registration"
    DNS = "dns"
    NETWORK = "network"
    EDGE = "edge"
    MAIL = "mail"
    CERTIFICATE = "certificate"
    LISTING = "listing"


BEHIND: Final = tuple(layer for layer in Layer if layer is not Layer.LISTING)
"""Layers that a provider operates for a target. A store lists an app; it does not stand behind it."""


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
    CONTENT_CHANGED = "platform.content.changed"
    EXPIRY_APPROACHING = "platform.expiry.approaching"
    SIGN_NOTICED = "platform.sign.noticed"
    POLICY_BREACHED = "platform.policy.breached"
    POLICY_RESTORED = "platform.policy.restored"
    OUTAGE_SUSPECTED = "provider.outage.suspected"
    OUTAGE_OVER = "provider.outage.over"
    ONLINE_CHANGED = "monitor.online.changed"
    LISTING_CHANGED = "platform.listing.changed"
    TEST = "platform.test"

    @property
    def of_fleet(self) -> bool:
        """Tell whether it is about a provider or the monitor itself, and so about no single target."""
        return self in {EventType.OUTAGE_SUSPECTED, EventType.OUTAGE_OVER, EventType.ONLINE_CHANGED}
