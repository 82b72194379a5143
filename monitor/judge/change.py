"""Who stands behind a layer, and when that has changed.

Sets of providers are compared, never addresses. Another set is told after `changes_to_confirm`
consecutive observations of it, against the last confirmed set, however long the layer was dark in
between. A look-up that did not answer for a layer is not an empty set: it changes nothing, and
after a few of them the layer counts as not known.

A set that stood there lately and comes back takes twice as many looks each time: a target that
takes turns with its providers is not told at every turn.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor.failure import Failure
from monitor.judge.sightings import Look, follow, is_noted, previous, rotation_of, with_rotation
from monitor.model import (
    Attribution,
    DnsAnswer,
    DnsFacts,
    FollowUp,
    Layer,
    LayerState,
    Observation,
    Policy,
    Probe,
    ProviderChanged,
    Pulse,
    Rotation,
)

_ORDER: Final = {layer: index for index, layer in enumerate(Layer)}

# Whoever stood behind a layer lately: so many sets, and forgotten when it has been calm for so long.
_LATELY: Final = 4
_CALM: Final = timedelta(days=7)
_MOST_DOUBLINGS: Final = 8

# A question that was answered with "there is none" was answered.
_NONE: Final = frozenset({None, Failure.DNS_NODATA, Failure.DNS_NXDOMAIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """The layers after an observation, and what is to be told and looked at again."""

    layers: tuple[LayerState, ...]
    changes: tuple[ProviderChanged, ...] = ()
    rotations: tuple[Rotation, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()


def _answered(*answers: DnsAnswer) -> bool:
    return all(answer.failure in _NONE for answer in answers)


def layers_of(probe: Probe, policy: Policy) -> tuple[Layer, ...]:
    """Return the layers that a probe speaks about.

    The network and the edge are those of all the addresses in DNS, where DNS is watched: the page
    comes from one of them only, and a set that depends on luck would change by luck.
    """
    if probe is Probe.REGISTRATION:
        return (Layer.REGISTRATION,)
    if probe is Probe.DNS:
        return (Layer.DNS, Layer.NETWORK, Layer.EDGE, Layer.MAIL)
    if policy.dns_watched:
        return (Layer.CERTIFICATE,)
    return (Layer.NETWORK, Layer.EDGE, Layer.CERTIFICATE)


def _legible(layer: Layer, observation: Observation) -> bool:
    """Tell whether the observation shows the whole of a layer, so that its set can be compared."""
    facts = observation.facts
    if not isinstance(facts, DnsFacts):
        return observation.failure is None
    if layer is Layer.DNS:
        return _answered(facts.ns)
    if layer is Layer.MAIL:
        return _answered(facts.mx)
    return _answered(facts.a, facts.aaaa)


def move(
    layers: tuple[LayerState, ...],
    observation: Observation,
    attributions: tuple[Attribution, ...],
    policy: Policy,
    pulse: Pulse,
) -> Moves:
    """Return the layers after an observation. `attributions`: at most one a layer; `pulse`: from before."""
    shown = {attribution.layer: attribution for attribution in attributions}
    states = {state.layer: state for state in layers}
    rotations = pulse.rotations
    changes: list[ProviderChanged] = []
    written = suspicious = False
    at = observation.ended_at
    for layer in layers_of(observation.probe, policy):
        before = states.get(layer)
        legible = _legible(layer, observation)
        seen = shown.get(layer) if legible else None
        if seen is None:
            # No proxy is seen to be gone where not even the network is: unrouted, or another's page.
            absent = legible and (layer is not Layer.EDGE or Layer.NETWORK in shown)
            dark = _dark(before, at, policy, absent=absent) if before else None
            after, change = dark, None
        else:
            after, change = _next(before, seen, at, policy)
        turning = rotation_of(layer, rotations) if rotations else None
        if after is not None and (after is not before or written or not is_noted(after, seen, turning, at)):
            before_at = previous(layer, pulse.runs, dns_watched=policy.dns_watched)
            sight = Look(at=at, seen=seen, before_at=before_at, free=written)
            after, turned = follow(before, after, sight, turning)
            if turned is not turning:
                rotations = with_rotation(rotations, layer, turned)
        if after is not None and after is not before:
            written = True
            states[layer] = after
            suspicious = suspicious or (
                after.suspected is not None
                and _needed(after, after.suspected, at, policy) <= policy.changes_to_confirm
            )
        if change is not None:
            changes.append(change)
    return Moves(
        layers=_same_or_new(layers, states.values()),
        changes=tuple(changes),
        rotations=rotations,
        follow_ups=_look_again(observation.probe, policy) if suspicious else (),
    )


def _look_again(probe: Probe, policy: Policy) -> tuple[FollowUp, ...]:
    return (FollowUp(probe=probe, delay_s=policy.change_recheck_s, reason="provider change suspected"),)


def _same_or_new(old: tuple[LayerState, ...], states: Iterable[LayerState]) -> tuple[LayerState, ...]:
    """Return the states in order; the same tuple when nothing in it is new."""
    new = tuple(sorted(states, key=lambda state: _ORDER[state.layer]))
    same = len(new) == len(old) and all(a is b for a, b in zip(new, old, strict=True))
    return old if same else new


def _next(
    before: LayerState | None, seen: Attribution, at: datetime, policy: Policy
) -> tuple[LayerState, ProviderChanged | None]:
    if before is None:
        return LayerState(layer=seen.layer, confirmed=seen, since=at), None
    if seen is before.confirmed or _same(seen, before.confirmed):
        return _settled(before, at), None
    again = before.suspected is not None and before.suspected.ids == seen.ids
    suspected = replace(
        before,
        suspected=seen,
        suspected_since=before.suspected_since if again else at,
        suspicion=before.suspicion + 1 if again else 1,
        silent=0,
        absent=False,
    )
    if suspected.suspicion < _needed(suspected, seen, at, policy):
        return suspected, None
    return _confirm(suspected, seen, at)


def _same(seen: Attribution, confirmed: Attribution) -> bool:
    """Tell whether both are the same providers.

    RDAP gives the number of a registrar where WHOIS may only give its name: that is one registrar.
    """
    if seen.providers == confirmed.providers or seen.ids == confirmed.ids:
        return True
    return seen.layer is Layer.REGISTRATION and _own_names(seen) == _own_names(confirmed) is not None


def _own_names(attribution: Attribution) -> tuple[str, ...] | None:
    """Return the names of providers that the catalog does not know; None if it knows one of them."""
    if any(provider.cataloged for provider in attribution.providers):
        return None
    return tuple(provider.name.casefold() for provider in attribution.providers)


def _calm(state: LayerState, at: datetime) -> bool:
    return state.changed_at is None or at - state.changed_at > _CALM


def _needed(state: LayerState, seen: Attribution, at: datetime, policy: Policy) -> int:
    """Return how many looks it takes to believe in another set."""
    if seen.ids not in state.lately or _calm(state, at):
        return policy.changes_to_confirm
    return policy.changes_to_confirm << min(state.returns, _MOST_DOUBLINGS)


def _dark(before: LayerState, at: datetime, policy: Policy, *, absent: bool) -> LayerState:
    """Return the layer after a look that did not show it; `absent`: it showed that there is none."""
    if not before.known and before.absent == absent:
        return before
    silent = before.silent + 1
    known = silent < policy.failures_to_confirm
    lost = before.known and not known
    return replace(
        before,
        silent=silent,
        known=known,
        known_since=at if lost else before.known_since,
        absent=absent and not known,
    )


def _settled(before: LayerState, at: datetime) -> LayerState:
    """Return the layer after its confirmed providers were seen again."""
    if before.known and before.suspected is None and before.silent == 0:
        return before
    return replace(
        before,
        known=True,
        known_since=before.known_since if before.known else at,
        absent=False,
        suspected=None,
        suspected_since=None,
        suspicion=0,
        silent=0,
    )


def _confirm(state: LayerState, seen: Attribution, at: datetime) -> tuple[LayerState, ProviderChanged]:
    first_seen = state.suspected_since or at
    change = ProviderChanged(
        layer=state.layer,
        providers_from=state.confirmed.providers,
        providers_to=seen.providers,
        evidence_from=state.confirmed.evidence,
        evidence_to=seen.evidence,
        first_seen_at=first_seen,
    )
    lately = () if _calm(state, at) else state.lately
    moved = LayerState(
        layer=state.layer,
        confirmed=seen,
        since=first_seen,
        lately=(state.confirmed.ids, *(ids for ids in lately if ids != state.confirmed.ids))[:_LATELY],
        returns=state.returns + 1 if seen.ids in lately else 0,
        changes=state.changes + 1,
        changed_at=at,
    )
    return moved, change
