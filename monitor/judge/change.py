"""Who stands behind a layer, and when that has changed.

Sets of providers are compared, never addresses. Another set is told after `changes_to_confirm`
consecutive observations of it, against the last confirmed set, however long the layer was dark in
between. A look-up that did not answer for a layer is not an empty set: it changes nothing, and
after a few of them the layer counts as not known.

One resolver's word is not enough for a change. Where there are others, only a look that has compared
them (`Check.compare`) confirms; a look on which they disagree about a layer is no look at that layer:
a suspicion neither grows by it nor ends. Who operates DNS stands in the parent zone, and is confirmed
by it where it can be heard (`judge.parent`).

A set that stood there lately and comes back takes twice as many looks each time: a target that
takes turns with its providers is not told at every turn.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor.failure import Failure
from monitor.judge import parent
from monitor.judge.front import answers
from monitor.judge.layer import confirm, dark, needed_for, same, seen_again, settled
from monitor.judge.sightings import Look, follow, is_noted, previous, rotation_of, with_rotation
from monitor.model import (
    ON_REQUEST,
    Attribution,
    DnsAnswer,
    DnsFacts,
    FollowUp,
    HttpFacts,
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

_RTYPE: Final = {Layer.DNS: "NS", Layer.NETWORK: "A", Layer.EDGE: "A", Layer.MAIL: "MX"}

# A resolver may go on with a delegation for as long as the parent zone lets it: com's NS live two days.
_CACHED: Final = timedelta(days=2)

# A registry says within the day whose an address is, or nobody will.
_NAMED_LATE: Final = timedelta(days=1)

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
    if probe in ON_REQUEST:
        return ()
    if probe is Probe.REGISTRATION:
        return (Layer.REGISTRATION,)
    if probe is Probe.DELEGATION:
        return (Layer.DNS,)
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


def _contradicted(layer: Layer, observation: Observation, shown: Mapping[Layer, Attribution]) -> bool:
    """Tell whether resolvers disagree about a layer: whether there is any, or who stands behind it."""
    facts = observation.facts
    if not isinstance(facts, DnsFacts) or not facts.others:
        return False
    seen = shown.get(layer)
    if layer is Layer.EDGE and seen is None:
        seen = shown.get(Layer.NETWORK)
    return (seen is not None and seen.disputed) or _RTYPE[layer] in facts.disagreeing


def _compared(observation: Observation) -> bool:
    """Tell whether nobody is left who could contradict what was seen."""
    facts = observation.facts
    return not isinstance(facts, DnsFacts) or facts.alone or bool(facts.others)


def comparable(
    observation: Observation, attributions: tuple[Attribution, ...], policy: Policy
) -> tuple[Attribution, ...]:
    """Return those attributions whose sets may be held against what is believed.

    The address of a page is one of several, and a set that resolvers disagree about is nobody's word.
    """
    spoken = layers_of(observation.probe, policy)
    shown = {attribution.layer: attribution for attribution in attributions}
    return tuple(
        found
        for found in attributions
        if found.layer in spoken and not found.disputed and not _contradicted(found.layer, observation, shown)
    )


def _is_absent(
    layer: Layer, observation: Observation, shown: Mapping[Layer, Attribution], *, answering: bool
) -> bool:
    """Tell whether a look that named nobody for a layer showed that there is nobody.

    An address that no table knows has a network. No proxy is seen to be gone where not even the network
    is (unrouted, or another's page), nor one that only pages show while none answers.
    """
    if layer is Layer.NETWORK:
        return not _addresses(observation)
    return layer is not Layer.EDGE or (answering and Layer.NETWORK in shown)


def _addresses(observation: Observation) -> tuple[str, ...]:
    facts = observation.facts
    if isinstance(facts, DnsFacts):
        return facts.addresses
    return (facts.address,) if isinstance(facts, HttpFacts) and facts.address else ()


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
    written = False
    at = observation.ended_at
    follow_ups: list[FollowUp] = []
    for layer in layers_of(observation.probe, policy):
        before = states.get(layer)
        if _contradicted(layer, observation, shown):
            continue
        legible = _legible(layer, observation)
        seen = shown.get(layer) if legible else None
        if observation.probe is Probe.DELEGATION:
            after, change = parent.hear(before, observation, seen, policy)
        elif seen is None:
            absent = legible and _is_absent(layer, observation, shown, answering=answers(pulse, policy))
            after = dark(before, at, policy, absent=absent) if before else None
            change = None
        else:
            after, change = _next(before, seen, observation, policy)
        # A delegation vouches for providers; the servers that stand as evidence are those in the zone.
        noted = None if observation.probe is Probe.DELEGATION else seen
        turning = rotation_of(layer, rotations) if rotations else None
        if after is not None and (after is not before or written or not is_noted(after, noted, turning, at)):
            before_at = previous(layer, pulse.runs, dns_watched=policy.dns_watched)
            sight = Look(at=at, seen=noted, before_at=before_at, free=written)
            after, turned = follow(before, after, sight, turning)
            if turned is not turning:
                rotations = with_rotation(rotations, layer, turned)
        if after is not None and after is not before:
            written = True
            states[layer] = after
            follow_ups += _look_again(after, observation, policy)
        if change is not None:
            changes.append(change)
    return Moves(
        layers=_same_or_new(layers, states.values()),
        changes=tuple(changes),
        rotations=rotations,
        follow_ups=tuple(dict.fromkeys(follow_ups)),
    )


def _look_again(state: LayerState, observation: Observation, policy: Policy) -> Iterator[FollowUp]:
    """Yield the looks that a suspicion needs. One that is not believed is looked at ever more seldom."""
    if state.suspected is None:
        return
    needed = needed_for(state, state.suspected, observation.ended_at, policy)
    seldom = state.suspicion & (state.suspicion - 1) == 0
    soon = state.suspicion < needed <= policy.changes_to_confirm
    if soon or (state.suspicion >= needed and seldom and not _compared(observation)):
        yield FollowUp(
            probe=observation.probe,
            delay_s=policy.change_recheck_s,
            reason="provider change suspected",
            compare=True,
        )
    by_resolver = state.layer is Layer.DNS and observation.probe is Probe.DNS
    if by_resolver and seldom and policy.delegation_watched and not parent.is_done(state):
        yield FollowUp(probe=Probe.DELEGATION, delay_s=0.0, reason="another DNS operator suspected")


def _same_or_new(old: tuple[LayerState, ...], states: Iterable[LayerState]) -> tuple[LayerState, ...]:
    """Return the states in order; the same tuple when nothing in it is new."""
    new = tuple(sorted(states, key=lambda state: _ORDER[state.layer]))
    same = len(new) == len(old) and all(a is b for a, b in zip(new, old, strict=True))
    return old if same else new


def _next(
    before: LayerState | None, seen: Attribution, observation: Observation, policy: Policy
) -> tuple[LayerState, ProviderChanged | None]:
    at = observation.ended_at
    if before is None:
        return LayerState(layer=seen.layer, confirmed=seen, since=at), None
    if seen is before.confirmed or same(seen, before.confirmed):
        outlasts = _outlasts(before, at, policy)
        return (seen_again(before, at) if outlasts else settled(before, at)), None
    again = before.suspected is not None and before.suspected.ids == seen.ids
    suspected = replace(
        before,
        suspected=seen,
        suspected_since=before.suspected_since if again else at,
        suspicion=before.suspicion + 1 if again else 1,
        vouched=before.vouched and again,
        unheard=before.unheard and again,
        silent=0,
        absent=False,
    )
    enough = suspected.suspicion >= needed_for(suspected, seen, at, policy)
    if not enough or not _compared(observation) or not _is_vouched_for(suspected, policy):
        return suspected, None
    if _may_be_unseen(suspected, seen, at):
        return suspected, None
    return confirm(suspected, seen, at)


def _may_be_unseen(state: LayerState, seen: Attribution, at: datetime) -> bool:
    """Tell whether those that lack may only be out of sight.

    They may stand behind an address that nobody could name yet; or in the edge, behind pages that do
    not answer, however long that lasts.
    """
    if not seen.partial or not set(seen.ids) < set(state.confirmed.ids):
        return False
    return state.layer is Layer.EDGE or at - (state.suspected_since or at) < _NAMED_LATE


def _outlasts(state: LayerState, at: datetime, policy: Policy) -> bool:
    """Tell whether the parent zone's suspicion stands though a resolver goes on with what it had.

    Else every look at a stale cache would end it, and the move would be told when the cache ends.
    """
    begun = state.suspected_since
    return policy.delegation_watched and state.vouched and begun is not None and at - begun < _CACHED


def _is_vouched_for(state: LayerState, policy: Policy) -> bool:
    """Tell whether a suspicion needs nobody else's word, or has it."""
    return state.layer is not Layer.DNS or not policy.delegation_watched or parent.is_done(state)
