"""What the monitor knows about one target: the value that `judge.step` turns into the next one.

Two halves, because they live differently. `Pulse` is small and new after every observation.
`Memory` is large and keeps its identity (`is`) until something in it changes, so that the store
writes it, and the pages render it, only then.
"""

from dataclasses import dataclass, field
from datetime import datetime

from monitor.failure import Failure
from monitor.model.attribution import Attribution, Evidence, Provider
from monitor.model.desired import Ruling
from monitor.model.early import EarlySignState, EndTold, LowTtl
from monitor.model.event import LayerMove
from monitor.model.observation import Observation
from monitor.model.words import Layer, Probe, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The last run of one check, in numbers."""

    probe: Probe
    at: datetime
    """When it ended."""
    duration_s: float
    failure: Failure | None
    in_a_row: int
    """How many runs ended this way (answered, or not) in a row."""
    http_status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A layer whose last look showed the providers that are stored, by other evidence than is stored."""

    layer: Layer
    seen_until: datetime
    """When the stored evidence was last seen."""
    due_at: datetime
    """When what is seen then is to be taken down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRun:
    """The last run of the check of a part, in numbers."""

    probe: Probe
    part: str
    at: datetime
    """When it ended."""
    duration_s: float
    failure: Failure | None
    in_a_row: int
    """How many runs ended this way (answered, or not) in a row."""
    http_status: int | None = None
    suspicion: int = 0
    """Looks that speak for `PartState.suspected`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What every observation changes."""

    up_s: float = 0.0
    down_s: float = 0.0
    """Seconds not up: `degraded` and `down`."""
    unknown_s: float = 0.0
    accounted_until: datetime | None = None
    """Until when time has been given to one of the three; None before the first observation."""
    runs: tuple[Run, ...] = ()
    """One per probe that has run, in the order of `Probe`. Of the target itself: parts have their own."""
    suspicion: int = 0
    """Consecutive observations that speak for `Memory.suspected`."""
    rotations: tuple[Rotation, ...] = ()
    """Layers that show other addresses, or name servers, than when they were last taken down."""
    low_ttls: tuple[LowTtl, ...] = ()
    """Records whose TTL is a tenth of the usual one or less; nearly always none."""
    parts: tuple[PartRun, ...] = ()
    """One per part that has run, in the order of probe and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the facts mean at one moment, and by which rule."""

    status: Status
    reachable: bool | None
    """Whether something of the target answers; None when nothing is known."""
    diagnosis: str | None = None
    """Id of the rule (docs/diagnoses.md); None when up, or when nothing has been seen."""
    layer: Layer | None = None
    sentence: str = ""
    based_on: tuple[str, ...] = ()
    """Ids of the observations that it rests on."""
    pages: tuple[str, ...] = ()
    """Names of the further pages that it is about; empty: it is about the target itself."""

    def same_as(self, other: "Verdict") -> bool:
        """Tell whether both say the same, whatever observations they rest on."""
        return (self.status, self.reachable, self.diagnosis, self.layer, self.pages) == (
            other.status,
            other.reachable,
            other.diagnosis,
            other.layer,
            other.pages,
        )


UNSEEN = Verdict(status=Status.UNKNOWN, reachable=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """Who stood behind a layer when an incident opened; nobody: it was known that there was none."""

    layer: Layer
    providers: tuple[Provider, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A stretch of time in which a target was not up. How it lives: `judge.incident`."""

    id: str
    opened_at: datetime
    """When the first failed observation was made, not when it was confirmed."""
    told_at: datetime
    verdict: Verdict
    """The diagnosis as last refined."""
    observations: tuple[Observation, ...] = ()
    """The evidence: what was seen when it opened and when its diagnosis changed, 20 at most."""
    resolved_at: datetime | None = None
    places: tuple[Stood, ...] = ()
    """Who stood behind the layers when it opened, in the order of `Layer`."""
    moves: tuple[LayerMove, ...] = ()
    """Once resolved: the layers at which the target came back elsewhere, or nobody knows where yet."""
    reachable_since: datetime | None = None
    """Since when something answers that is not the service; None: nothing does, or something always did."""
    flaps: int = 0
    """How often the target was up again and then was not."""
    reopened: int = 0
    """How often that was after the incident had been told as resolved."""
    calm_from_s: float | None = None
    """`Pulse.up_s` when the target was up again, while it is not told yet; None: it is not up again."""
    calmest_s: float = 0.0
    """The longest the target was up between two failures, in seconds that were watched."""
    told: tuple[Verdict, ...] | None = None
    """What has been told, each once, the latest last. None: by an earlier version; `verdict` has been."""
    told_flaps: int = 0
    retold: int = 0
    """How often something was told that had been told before."""
    stood_from_s: float = 0.0
    """`Pulse.down_s` when `verdict` was confirmed."""
    outage: str | None = None
    """Id of the provider's outage that it is, or was, part of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Evidence that is not seen any more: between which moments it was."""

    evidence: Evidence
    """As it was read when it was last seen."""
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSight:
    """When a value of the evidence that is seen now was first seen."""

    value: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerState:
    """Who stands behind a layer, and who may be about to."""

    layer: Layer
    confirmed: Attribution
    since: datetime
    """When this set of providers was first seen."""
    known: bool = True
    """False when the layer can no longer be seen: the providers are then the last known ones."""
    known_since: datetime | None = None
    """When the layer was lost from sight, or seen again; None: it has been seen since `since`."""
    suspected: Attribution | None = None
    """Another set of providers that has been seen, but not often enough."""
    suspected_since: datetime | None = None
    suspicion: int = 0
    """Consecutive observations of `suspected`."""
    vouched: bool = False
    """True when the parent zone, or a listed server itself, names the providers of `suspected`."""
    unheard: bool = False
    """True when the parent zone was asked about `suspected`, and could not be heard."""
    silent: int = 0
    """Consecutive observations that could not see the layer, up to where `known` ends."""
    absent: bool = False
    """True when it is not known because there is none: no proxy in front any more, no mail."""
    changes: int = 0
    changed_at: datetime | None = None
    lately: tuple[tuple[str, ...], ...] = ()
    """Ids of the sets that were confirmed before this one, the latest first, 4 at most."""
    returns: int = 0
    """How often in a row the layer went back to one of them."""
    seen_until: datetime | None = None
    """When `confirmed` was last seen, while it is not. While it is seen, `Pulse.runs` says that."""
    first_seen: tuple[FirstSight, ...] = ()
    """Of those values of `confirmed.evidence` that were not seen from `since` on."""
    gone: tuple[Sighting, ...] = ()
    """Evidence that is not seen any more, the latest first; with that of `confirmed` 8 at most."""
    renewed_at: datetime | None = None
    """When the evidence was last taken down anew, under the same providers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBaseline:
    """What the page looks like while the platform is up."""

    title: str | None
    text_length: int
    shape: str | None = None
    """Fingerprint of its words (see `HttpFacts.shape`)."""
    signs: tuple[str, ...] = ()
    """Ids of the signs that it carries while all is well: they mean nothing."""
    elsewhere: str | None = None
    """Host outside of the target's domain that it is at; None: it is at home."""
    lessons: int = 0
    """How often it was learnt anew, 8 at most: the first lessons come quickly."""
    learnt_at: datetime | None = None
    """When it was last learnt anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPage:
    """A page that is largely another than the baseline, as it was first seen; it may be here to stay."""

    title: str | None
    text_length: int
    shape: str | None
    url: str
    since: datetime
    looks: int = 1
    """Looks that showed it, a quarter of an hour apart at least."""
    looked_at: datetime
    """When the last of these was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """What is believed of a part of a target: one of its further pages."""

    probe: Probe
    part: str
    verdict: Verdict = UNSEEN
    """The confirmed one."""
    since: datetime | None = None
    """Since when the confirmed status holds; None before the first."""
    known: Verdict | None = None
    """The last confirmed verdict that was not unknown: what a change is told against."""
    known_since: datetime | None = None
    grounds: Observation | None = None
    """The observation that `known` rests on; None while the page is well."""
    suspected: Verdict | None = None
    """A verdict that is not confirmed yet."""
    suspected_since: datetime | None = None
    seen: Observation | None = None
    """The last observation that told something new."""
    baseline: PageBaseline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What stays until something happens."""

    verdict: Verdict = UNSEEN
    """The confirmed one."""
    since: datetime | None = None
    """Since when the confirmed status holds; None before the first."""
    known_status: Status | None = None
    """The status that was last told, or the first one that was known: what a change is told against."""
    suspected: Verdict | None = None
    """A verdict that is not confirmed yet."""
    suspected_since: datetime | None = None
    incident: Incident | None = None
    """The open one. It stays open while a target that is up again has not been so for long enough."""
    ended: Incident | None = None
    """The last one that was resolved, while it may still be opened again."""
    incidents: int = 0
    """How many have been opened."""
    layers: tuple[LayerState, ...] = ()
    """In the order of `Layer`; a layer that was never seen is absent."""
    seen: tuple[Observation, ...] = ()
    """Per probe the last observation that told something new, in the order of `Probe`."""
    baseline: PageBaseline | None = None
    other_page: OtherPage | None = None
    """A page in place of the usual one, while the target is up all the same; None: it is the usual one."""
    front: Attribution | None = None
    """The proxies that the last answered page showed by headers or cookies; None: by none, or not watched."""
    investigated: tuple[Observation, ...] = ()
    """While something is wrong: per probe that does not lead, the latest it said since that began. What was
    said before says nothing of it."""
    registration: tuple[str, ...] | None = None
    """Comparable form of the last confirmed registration (see `judge.change`)."""
    registration_suspected: tuple[str, ...] | None = None
    parts: tuple[PartState, ...] = ()
    """In the order of probe and name."""
    usual_ttls: tuple[int, int] | None = None
    """Of the host's A and the zone's NS, seconds; 0 or None: not known, or short (see `judge.ttl`)."""
    early_signs: tuple[EarlySignState, ...] = ()
    """Early signs that are suspected, stand, or are gone since a short while."""
    ends_told: tuple[EndTold, ...] = ()
    """Ends that were told to draw near."""
    rulings: tuple[Ruling, ...] = ()
    """How it stands with what is wished of the target, in the order of the wishes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """Everything known about a target. `seq` rises by one with every observation."""

    target: str
    seq: int = 0
    pulse: Pulse = field(default_factory=Pulse)
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A check that an investigation needs soon, not at its next regular time."""

    probe: Probe
    delay_s: float
    reason: str
    compare: bool = False
    """Whether the resolvers are to be compared: one of them alone is what the doubt rests on."""
    address: str | None = None
    """Of `last_address`: where to ask."""
    last_good_at: datetime | None = None
    """Of `last_address`: when the target was last seen up."""
    part: str = ""
    """What of the target is to be looked at; empty: the target itself."""
    bounded: bool = False
    """Whether it may be left out when very many are asked for at once: a later look asks again."""
    again: bool = False
    """Whether it was answered before: those who were never asked go first."""
    certificate: str | None = None
    """Of `revocation`: fingerprint of the certificate."""
    host: str = ""
    """Of `delegation`: whom the listed servers are asked for; empty: the host of the target's page."""
