"""When the evidence for a layer was first and last seen.

A layer keeps its identity while nothing happens, so nothing may be written at every look. What is seen
now was last seen by the last run of its probe (`Pulse.runs`), and was first seen when its providers were,
unless `LayerState.first_seen` says otherwise. Only what has gone out of sight has a last moment of its own.

Evidence that changes under the same providers (another address of the same CDN, another edition of a
table) is taken down anew once an hour at most: in between, `Pulse.rotations` says until when the stored
one was seen. A look-up that failed moves nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor.model import (
    Attribution,
    Evidence,
    FirstSight,
    Layer,
    LayerState,
    Probe,
    Rotation,
    Run,
    Sighting,
)

KEPT: Final = 8
_RENEWED_EVERY: Final = timedelta(hours=1)
_NEVER: Final = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a layer."""

    at: datetime
    seen: Attribution | None
    """What it showed; None: it did not show the layer."""
    before_at: datetime | None
    """When the look before it ended; None when there was none."""
    free: bool
    """Whether the memory is written anyway, for the sake of another layer."""


def witness(layer: Layer, *, dns_watched: bool) -> Probe:
    """Return the probe whose runs show a layer."""
    if layer is Layer.REGISTRATION:
        return Probe.REGISTRATION
    if layer is Layer.CERTIFICATE or (layer in {Layer.NETWORK, Layer.EDGE} and not dns_watched):
        return Probe.HTTP
    return Probe.DNS


def previous(layer: Layer, runs: Iterable[Run], *, dns_watched: bool) -> datetime | None:
    """Return when the last run ended that was a look at the layer; None when there was none."""
    probe = witness(layer, dns_watched=dns_watched)
    return next((run.at for run in runs if run.probe is probe), None)


def rotation_of(layer: Layer, rotations: tuple[Rotation, ...]) -> Rotation | None:
    """Return the rotation of a layer, if it is in one."""
    for rotation in rotations:
        if rotation.layer is layer:
            return rotation
    return None


def with_rotation(
    rotations: tuple[Rotation, ...], layer: Layer, turned: Rotation | None
) -> tuple[Rotation, ...]:
    """Return the rotations with that of one layer begun, or ended."""
    others = tuple(rotation for rotation in rotations if rotation.layer is not layer)
    return others if turned is None else (*others, turned)


def in_sight(state: LayerState) -> bool:
    """Tell whether the last look showed the confirmed providers."""
    return state.silent == 0 and state.suspected is None and state.known


def is_noted(state: LayerState, seen: Attribution | None, rotation: Rotation | None, at: datetime) -> bool:
    """Tell whether a look that left the layer as it was tells nothing new of its evidence either."""
    if seen is None:
        return True
    if rotation is None:
        return seen is state.confirmed or seen == state.confirmed
    # What goes round is not compared at every look: that it shows what is stored again is noted in time.
    # A clock that was set back is left to `follow`.
    return rotation.seen_until <= at < rotation.due_at


def follow(
    before: LayerState | None, after: LayerState, look: Look, rotation: Rotation | None
) -> tuple[LayerState, Rotation | None]:
    """Return the layer after a look with its evidence kept up, and the rotation that goes on, if any.

    `after` is the layer as the comparison of providers left it; itself when there is nothing to note.
    """
    if before is None:
        return after, None
    if after.confirmed is not before.confirmed:
        return _moved(before, after, look.at, _until(before, look, rotation)), None
    if in_sight(after):
        return _sighted(before, after, look, rotation)
    if in_sight(before):
        after = replace(after, seen_until=_until(before, look, None))
    return after, rotation


def _sighted(
    before: LayerState, after: LayerState, look: Look, rotation: Rotation | None
) -> tuple[LayerState, Rotation | None]:
    """Return the same for a layer whose confirmed providers are seen."""
    returned = after.seen_until is not None or not in_sight(before)
    if after.seen_until is not None:
        after = replace(after, seen_until=None)
    seen = look.seen
    if seen is None or seen.ids != after.confirmed.ids:
        return after, rotation
    if seen == after.confirmed:
        return after, None
    until = _until(before, look, rotation)
    if returned or look.free or _is_due(after, look.at):
        return _renewed(after, seen, look.at, until), None
    due_at = (after.renewed_at or after.since) + _RENEWED_EVERY
    return after, rotation or Rotation(layer=after.layer, seen_until=until, due_at=due_at)


def _until(before: LayerState, look: Look, rotation: Rotation | None) -> datetime:
    """Return when the stored evidence was last seen, or the last moment from which on that is not known."""
    if rotation is not None:
        return rotation.seen_until
    return (look.before_at if in_sight(before) else before.seen_until) or before.renewed_at or before.since


def _is_due(state: LayerState, at: datetime) -> bool:
    """Tell whether the evidence was last taken down long ago, or, by a clock set back, in the future."""
    return not _NEVER <= at - (state.renewed_at or state.since) < _RENEWED_EVERY


def firsts(state: LayerState) -> dict[str, datetime]:
    """Return when each value of the confirmed evidence was first seen under these providers."""
    later = {first.value: first.at for first in state.first_seen}
    return {evidence.value: later.get(evidence.value, state.since) for evidence in state.confirmed.evidence}


def _renewed(state: LayerState, seen: Attribution, at: datetime, until: datetime) -> LayerState:
    """Return the layer with other evidence for the same providers; `until`: when the old was last seen."""
    known = firsts(state)
    earlier = {_key(sighting.evidence): sighting.first for sighting in state.gone}
    begun = {
        evidence.value: known.get(evidence.value) or max(state.since, earlier.get(_key(evidence), at))
        for evidence in seen.evidence
    }
    return replace(
        state,
        confirmed=seen,
        first_seen=_later(begun, state.since),
        gone=_gone(state, seen, until),
        renewed_at=at,
    )


def _moved(before: LayerState, after: LayerState, at: datetime, until: datetime) -> LayerState:
    """Return the layer under other providers, with what was seen of those before."""
    # What only the confirming look showed was not there at the first one.
    suspected = before.suspected.evidence if before.suspected else after.confirmed.evidence
    there = {evidence.value for evidence in suspected}
    begun = {
        evidence.value: after.since if evidence.value in there else max(after.since, at)
        for evidence in after.confirmed.evidence
    }
    return replace(after, first_seen=_later(begun, after.since), gone=_gone(before, after.confirmed, until))


def _later(begun: dict[str, datetime], since: datetime) -> tuple[FirstSight, ...]:
    return tuple(FirstSight(value=value, at=at) for value, at in begun.items() if at > since)


def _gone(state: LayerState, seen: Attribution, until: datetime) -> tuple[Sighting, ...]:
    """Return what is not seen any more, the latest first; what is seen now takes its room."""
    room = max(0, KEPT - len(seen.evidence))
    now = {_key(evidence) for evidence in seen.evidence}
    return tuple(s for s in (*_leaving(state, until), *state.gone) if _key(s.evidence) not in now)[:room]


def _leaving(state: LayerState, until: datetime) -> Iterator[Sighting]:
    known = firsts(state)
    for evidence in state.confirmed.evidence:
        first = known[evidence.value]
        yield Sighting(evidence=evidence, first=first, last=max(first, until))


def _key(evidence: Evidence) -> tuple[str, str]:
    """Return what makes evidence the same: the rule and the edition by which it is read may change."""
    return evidence.provider, evidence.value
