"""What is known of all targets together: whether the monitor itself is cut off, and which providers fail."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.attribution import Provider
from monitor.model.words import Layer


class Trouble(StrEnum):
    """How targets of one provider fail alike: by what a look does not get past."""

    NAMES = "names"
    """The name servers give no usable answer."""
    SERVING = "serving"
    """The address does not answer, or what answers is an error of the server's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A stretch of time in which unrelated targets of one provider fail together."""

    id: str
    provider: Provider
    layer: Layer
    """What the provider operates for them: `dns`, `edge` or `network`."""
    trouble: Trouble
    since: datetime
    """When the first of those failures began by which it was recognised."""
    recognised_at: datetime
    failing: int
    """Targets that fail by it now."""
    affected: int
    """Targets that have failed by it so far."""
    watched: int
    """All targets that stand on the provider by this layer."""
    targets: tuple[str, ...] = ()
    """The first that failed, in the order of failing, 20 at most."""
    failures: tuple[str, ...] = ()
    """What was seen of them, the most frequent first: names of failures, or `status 503`; 5 at most."""
    over_at: datetime | None = None
    """When too few were left failing; those that still do are told by themselves after a grace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control that does not answer as it should."""

    name: str
    seen: str
    """A failure, or `status 200`: an answer that is not the expected one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRecord:
    """What of the fleet is stored and shown. `seq` rises by one with every change of it."""

    seq: int = 0
    online: bool | None = None
    """Whether the monitor reaches the internet; None: no control has ever answered, or there are none."""
    since: datetime | None = None
    """Since when that is so."""
    answered: tuple[str, ...] = ()
    """Controls that have ever answered: the others say nothing by their silence."""
    failing: tuple[Control, ...] = ()
    """Controls that did not answer when it was last said that the monitor is cut off."""
    outages: tuple[Outage, ...] = ()
    """Those that last, and those that have been over for less than the grace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstance:
    """What the fleet shows at the moment of one observation, as far as its judgement needs it."""

    offline_since: datetime | None = None
    """Set when the monitor was cut off while the observation was made: it then says nothing."""
    heard_at: datetime | None = None
    """When the newest word of most controls was asked for: what began to fail later is not confirmed
    before they have spoken again. None: there are none that could."""
    outage: Outage | None = None
    """The outage that the target may be part of."""


CALM = Circumstance()
"""Nothing to consider: no controls, no outage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationPolicy:
    """How much evidence it takes before a provider is said to fail."""

    enabled: bool = True
    targets: int = 3
    """Targets with different registrable domains that have to fail alike."""
    share: float = 0.5
    """The part that they are, at least, of all targets of the provider that were looked at meanwhile."""
    window_s: float = 300.0
    """They have to begin to fail within so many seconds of each other."""
    settle_s: float = 60.0
    """An outage is over when for so long fewer have been failing than it takes to recognise one."""
    grace_s: float = 300.0
    """What still fails so long after that is told as an incident of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageChanged:
    """`provider.outage.suspected` and `.over`: whether unrelated targets of one provider fail together."""

    outage: str
    provider: Provider
    layer: Layer
    since: datetime
    over_at: datetime | None
    failing: int
    """Targets that fail by it at this moment."""
    affected: int
    """Targets that have failed by it so far."""
    watched: int
    """All targets of this monitor that stand on the provider by this layer."""
    targets: tuple[str, ...]
    """The first that failed, 20 at most."""
    failures: tuple[str, ...]
    """What is seen of them, the most frequent first: names of failures, or `status 503`."""
    duration_s: float | None = None
    """Of the whole outage, once over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineChanged:
    """`monitor.online.changed`: the monitor itself is cut off, or back."""

    online: bool
    since: datetime
    controls: int
    """Controls whose word counts: that have answered before."""
    failing: tuple[Control, ...]
    """Those that do not answer as they should."""
    duration_s: float | None = None
    """How long the monitor was cut off, once it is back."""
