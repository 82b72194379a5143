"""Who operates DNS, by the parent zone's own word.

A resolver may lie, or go on with a delegation of two days ago. So another set of operators that a
resolver names is only a suspicion until the parent zone was asked:

- the parent, or the zone's listed servers, name it too: that counts as a look, and with enough looks
  it is a change;
- they name the set of before, or a third one: it is not told, however often the resolver says so.
  The parent is asked again after 2, 4, 8, … such looks, for delegations do move;
- the parent could not be heard (many networks let nobody but their resolvers ask): then the
  resolvers' word has to do, with as many looks as any other layer takes.

A parent and a zone that name the same other set raise the suspicion themselves. Where they name
different ones, which is common and may stay so for years, the delegation raises none: it only vouches
for what resolvers say.
"""

from dataclasses import replace

from monitor.failure import NOT_ASKED
from monitor.judge.layer import confirm, dark, needed_for, same, settled
from monitor.model import Attribution, LayerState, Observation, Policy, ProviderChanged

Outcome = tuple[LayerState | None, ProviderChanged | None]


def is_done(state: LayerState) -> bool:
    """Tell whether the parent zone has spoken for the suspicion, or cannot be heard."""
    return state.vouched or state.unheard


def hear(
    before: LayerState | None, observation: Observation, seen: Attribution | None, policy: Policy
) -> Outcome:
    """Return the layer after a look at the delegation; `seen`: its operators, None where none were named."""
    at = observation.ended_at
    if before is None:
        first = None if seen is None or seen.disputed else seen
        return (LayerState(layer=first.layer, confirmed=first, since=at) if first else None), None
    if observation.facts is None:
        return _unheard(before, observation), None
    if seen is None:
        return dark(before, at, policy, absent=True), None
    if before.suspected is not None and _speaks_for(seen, before.suspected):
        return _vouch(before, before.suspected, observation, policy)
    if seen.disputed or same(seen, before.confirmed):
        ends = not seen.disputed and (before.suspected is None or before.vouched)
        return (settled(before, at) if ends else _denied(before)), None
    raised = replace(before, suspected=seen, suspected_since=at, suspicion=0, silent=0, absent=False)
    return _vouch(raised, seen, observation, policy)


def _unheard(before: LayerState, observation: Observation) -> LayerState:
    """Return the layer after the parent zone was not heard; a check that did not run has asked nobody."""
    if before.suspected is None or before.unheard or observation.failure in NOT_ASKED:
        return before
    return replace(before, unheard=True)


def _speaks_for(seen: Attribution, suspected: Attribution) -> bool:
    """Tell whether the delegation names a suspected set: alone, or when disputed among others."""
    return set(suspected.ids) <= set(seen.ids) if seen.disputed else suspected.ids == seen.ids


def _vouch(state: LayerState, suspected: Attribution, observation: Observation, policy: Policy) -> Outcome:
    at = observation.ended_at
    state = replace(state, suspicion=state.suspicion + 1, vouched=True, unheard=False)
    if state.suspicion < needed_for(state, suspected, at, policy):
        return state, None
    return confirm(state, suspected, at)


def _denied(state: LayerState) -> LayerState:
    """Return the layer with a suspicion that the parent zone does not share."""
    return replace(state, vouched=False, unheard=False) if is_done(state) else state
