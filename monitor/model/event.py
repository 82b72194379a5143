"""Changes worth telling somebody about."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from monitor.model.announcement import Announcement
from monitor.model.attribution import Evidence, Provider
from monitor.model.desired import DesiredRule
from monitor.model.early import EarlySign, Ending
from monitor.model.fleet import OnlineChanged, OutageChanged
from monitor.model.listing import Store
from monitor.model.words import EventType, Layer, Severity, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerMove:
    """A layer that others operate than when an incident opened, or of which that is not known yet."""

    layer: Layer
    providers_before: tuple[Provider, ...]
    """Nobody: there was none, as before a proxy was put in front."""
    providers_after: tuple[Provider, ...]
    known: bool = True
    """False: who is there now is not known yet; `providers_after` is empty then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged:
    """`platform.status.changed`: from one known status to another."""

    status_from: Status
    status_to: Status
    since: datetime
    reachable: bool | None
    diagnosis: str | None
    layer: Layer | None
    sentence: str
    incident: str | None
    """Id of the incident that this belongs to."""
    places: tuple[LayerMove, ...] = ()
    """Where a target is that is up again: the layers that are not as they were when the incident opened."""
    announced: Announcement | None = None
    """The announcement in whose time it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChanged:
    """`platform.incident.opened`, `.updated` and `.resolved`."""

    incident: str
    opened_at: datetime
    resolved_at: datetime | None
    status: Status
    reachable: bool | None
    diagnosis: str | None
    layer: Layer | None
    sentence: str
    providers: tuple[Provider, ...]
    """Who operates the layer that failed, as last known."""
    observations: tuple[str, ...]
    """Ids of the observations that the diagnosis rests on."""
    duration_s: float | None = None
    """Of the whole incident, once resolved."""
    places: tuple[LayerMove, ...] = ()
    """The layers that are not as they were when the incident opened; none: as far as is known, all are."""
    reachable_since: datetime | None = None
    """Since when something answers that is not the service, or did before the service was back."""
    flaps: int = 0
    """How often the target was up again and then was not, within this incident."""
    flapping: bool = False
    """Whether that is so often that its return is not told at every turn."""
    reopened: int = 0
    """How often the incident went on after it had been told as resolved."""
    outage: str | None = None
    """Id of the provider's outage that the incident is, or was, part of."""
    announced: Announcement | None = None
    """The announcement in whose time it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChanged:
    """`platform.provider.changed`: a layer is operated by others than before."""

    layer: Layer
    providers_from: tuple[Provider, ...]
    providers_to: tuple[Provider, ...]
    evidence_from: tuple[Evidence, ...]
    evidence_to: tuple[Evidence, ...]
    first_seen_at: datetime
    """When the new set was first seen."""
    announced: Announcement | None = None
    """The announcement in whose time it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of a registration before and after; None: not published."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationChanged:
    """`platform.registration.changed`: status codes, name servers or expiry of a registration."""

    changes: tuple[FieldChange, ...]
    source: str
    server: str
    announced: Announcement | None = None
    """The announcement in whose time it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRuled:
    """`platform.policy.breached` and `.restored`: a rule of `[targets.policy]` is not kept, or kept again."""

    rule: DesiredRule
    layer: Layer
    wanted: tuple[str, ...]
    found: tuple[str, ...]
    since: datetime
    """When that was first seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryApproaching:
    """`platform.expiry.approaching`: something ends soon, and has not been renewed."""

    ending: Ending
    about: str
    layer: Layer
    expires: datetime
    days_left: int
    """Whole days."""
    threshold_days: int
    source: str
    """Whose word the date is: `registry`, `registrar` or `certificate`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignNoticed:
    """`platform.sign.noticed`: what may come before a move, a hijack or an outage."""

    sign: EarlySign
    about: str
    layer: Layer
    before: str | None
    """None: nothing was there."""
    after: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentChanged:
    """`platform.content.changed`: the page of a target that is up is largely another one, and stays so."""

    title_before: str | None
    title_after: str | None
    text_length_before: int
    text_length_after: int
    similarity: float | None
    """Part of the words that both pages have in common, from 0 to 1; None: one of them has too few."""
    url: str
    """Where the page is, after redirects."""
    elsewhere: str | None
    """Host outside of the target's domain that redirects lead to; None: they lead nowhere else."""
    first_seen_at: datetime
    """When the new page was first seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingChanged:
    """`platform.listing.changed`: an app store does not list an app any more, or does again."""

    layer: Layer
    store: Store
    app: str
    """Apple: the number of the app. Google: its package."""
    country: str | None
    """Two letters, lower case; None: whatever the store takes us to be in."""
    name: str | None
    """What the app is called there, as last told."""
    developer: str | None
    listing_from: str
    """`listed` or `gone`."""
    listing_to: str
    since: datetime
    """When the first look was made that showed it."""
    observations: tuple[str, ...]
    """Ids of the observations that it rests on."""
    announced: Announcement | None = None
    """The announcement in whose time it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """`platform.test`: sent by `receivers test`; nothing happened."""

    message: str


EventData = (
    StatusChanged
    | IncidentChanged
    | ProviderChanged
    | RegistrationChanged
    | ContentChanged
    | ExpiryApproaching
    | SignNoticed
    | PolicyRuled
    | OutageChanged
    | OnlineChanged
    | ListingChanged
    | Drill
)

MONITOR = "monitor"
"""The subject of what is told about the monitor itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Immutable, stored, numbered by the store."""

    id: str
    """Stable over retries, restarts and replays."""
    type: EventType
    subject: str
    """The target; of a provider's outage the provider's id, of the monitor itself `monitor`."""
    at: datetime
    """When it was noticed."""
    severity: Severity
    text: str
    """One sentence for people."""
    data: EventData


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event and the number the store gave it: numbers rise and are never used twice."""

    number: int
    event: Event


def event_id(target: str, seq: int, index: int) -> str:
    """Return the id of the `index`-th event of the step that led to state `seq` of `target`."""
    return blake2b(f"{target}|{seq}|{index}".encode(), digest_size=12).hexdigest()
