"""Who stands behind the layers of a target, how that is known, and what cannot be: for whoever shows it.

The one place that says of the origin behind a reverse proxy that it is not observable. It is never
guessed: neither from the network, which is the proxy's own where both are the same provider, nor from
who operates another layer.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from monitor.failure import Failure
from monitor.judge.sightings import firsts, in_sight, previous, rotation_of
from monitor.model import (
    Attribution,
    DnsFacts,
    Evidence,
    Layer,
    LayerState,
    Memory,
    Probe,
    Provider,
    Pulse,
    TargetState,
)

_NONE: Final = frozenset({Failure.DNS_NODATA, Failure.DNS_NXDOMAIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One piece of evidence, and when it was seen."""

    evidence: Evidence
    first: datetime
    last: datetime | None
    """None: not known."""
    gone: bool = False
    """Whether it is not seen any more, while what stands there now is, or was last."""


def evidence(state: LayerState, pulse: Pulse, front: Attribution | None = None) -> tuple[Seen, ...]:
    """Return the evidence for a layer: what is seen now or was last, then what is gone, the latest first.

    `front` (`Memory.front`): what stands beside the records of the edge, but was seen in a page.
    """
    in_pages = {one.value for one in front.evidence} if front and front.layer is state.layer else frozenset()
    begun = firsts(state)
    rotation = rotation_of(state.layer, pulse.rotations)
    last = rotation.seen_until if rotation else last_seen(state, pulse)
    answered = _last_page(pulse) if in_pages else None
    lasts = {
        one.value: last and answered and min(last, answered) if one.value in in_pages else last
        for one in state.confirmed.evidence
    }
    now = (
        Seen(evidence=one, first=begun[one.value], last=until and max(until, begun[one.value]))
        for one in state.confirmed.evidence
        for until in (lasts[one.value],)
    )
    before = (Seen(evidence=s.evidence, first=s.first, last=s.last, gone=True) for s in state.gone)
    return (*now, *before)


def _last_page(pulse: Pulse) -> datetime | None:
    """Return when the last page answered; None when the last one did not, so that nobody knows any more."""
    return next((run.at for run in pulse.runs if run.probe is Probe.HTTP and run.failure is None), None)


def last_seen(state: LayerState, pulse: Pulse) -> datetime | None:
    """Return when the providers of a layer were last seen; None when that is not known."""
    if not in_sight(state):
        return state.seen_until
    watched = any(run.probe is Probe.DNS for run in pulse.runs)
    return previous(state.layer, pulse.runs, dns_watched=watched)


class Sight(StrEnum):
    """Whether the origin, where the pages really come from, can be seen."""

    HIDDEN = "not observable"
    """A reverse proxy or CDN stands in front of it."""
    UNHIDDEN = "no proxy recognised"
    """None is recognised: the address may be the origin's own, or that of a proxy that hides well."""
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What can be said of the origin of a target."""

    sight: Sight
    behind: tuple[Provider, ...] = ()
    """Who stands in front of it, or stood there when that could last be seen."""
    network_is_edge: bool = False
    """Whether the network is that of those in front, and so says nothing of the origin."""

    @property
    def sentence(self) -> str:
        """Return it in words: `not observable (behind DDoS-Guard)`."""
        names = " + ".join(provider.name for provider in self.behind)
        if self.sight is Sight.HIDDEN:
            return f"{self.sight} (behind {names})"
        return f"{self.sight} (last seen behind {names})" if names else str(self.sight)


def origin(memory: Memory) -> Origin:
    """Return what can be said of the origin: a proxy that is known and present hides it."""
    layers = {state.layer: state for state in memory.layers}
    edge, network = layers.get(Layer.EDGE), layers.get(Layer.NETWORK)
    if edge is not None and edge.known:
        behind = edge.confirmed.providers
        own = network is not None and set(network.confirmed.ids) <= set(edge.confirmed.ids)
        return Origin(sight=Sight.HIDDEN, behind=behind, network_is_edge=own)
    if edge is not None and not edge.absent:
        return Origin(sight=Sight.UNKNOWN, behind=edge.confirmed.providers)
    if network is not None and network.known:
        return Origin(sight=Sight.UNHIDDEN)
    return Origin(sight=Sight.UNKNOWN)


class Absence(StrEnum):
    """Why nobody is named for a layer."""

    NONE = "none"
    """It was looked for, and there is none."""
    UNSEEN = "not known"
    """No look has shown it, or none was made."""


def absence(layer: Layer, state: TargetState) -> Absence:
    """Return why nobody was ever seen behind a layer.

    Only the answer "there is none" is one: no mail records, or a network in which no proxy is recognised.
    """
    if layer is Layer.EDGE:
        network = any(one.layer is Layer.NETWORK and one.known for one in state.memory.layers)
        return Absence.NONE if network else Absence.UNSEEN
    if layer is not Layer.MAIL:
        return Absence.UNSEEN
    facts = next((seen.facts for seen in state.memory.seen if seen.probe is Probe.DNS), None)
    answered = isinstance(facts, DnsFacts) and (facts.mx.failure in _NONE or null_mx(facts))
    return Absence.NONE if answered else Absence.UNSEEN


def null_mx(facts: DnsFacts) -> bool:
    """Tell whether the zone says that it takes no mail: one MX of preference 0 and no name (RFC 7505)."""
    return facts.mx.failure is None and [value.split()[1:] for value in facts.mx.values] == [["."]]
