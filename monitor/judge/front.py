"""A proxy that only an answer shows: by its headers and cookies, where no alias or address tells it.

Where DNS is watched, the edge is judged with each look at DNS. What the last answered page showed
stands beside what the records show: a site whose address is the host's, and whose answers are the
proxy's, has that proxy in front. Without this a header would count only where nobody looks at DNS.
"""

from dataclasses import replace
from typing import Final

from monitor.model import Attribution, DnsFacts, HttpFacts, Layer, Observation, Policy, TargetState

_MOST: Final = 8
_OF_PLACE: Final = frozenset({Layer.NETWORK, Layer.EDGE})


def beside(
    state: TargetState, observation: Observation, attributions: tuple[Attribution, ...], policy: Policy
) -> tuple[TargetState, tuple[Attribution, ...]]:
    """Return the state that remembers what an answer shows, and the attributions with what one showed before.

    Both are the ones given unless something is to be added.
    """
    if not policy.dns_watched:
        return state, attributions
    if isinstance(observation.facts, HttpFacts) and observation.failure is None:
        return _remembered(state, observation.facts, attributions), attributions
    if isinstance(observation.facts, DnsFacts) and state.memory.front is not None:
        return state, _joined(state.memory.front, attributions)
    return state, attributions


def _remembered(state: TargetState, facts: HttpFacts, attributions: tuple[Attribution, ...]) -> TargetState:
    if not any(attribution.layer in _OF_PLACE for attribution in attributions):
        return state  # somebody else's page, at the end of a redirect
    edge = next((found for found in attributions if found.layer is Layer.EDGE), None)
    front = _by_signs(edge, facts.address) if edge else None
    before = state.memory.front
    if (front.ids if front else ()) == (before.ids if before else ()):
        return state
    return replace(state, memory=replace(state.memory, front=front))


def _by_signs(edge: Attribution, address: str | None) -> Attribution | None:
    """Return those that are not known by the address alone: addresses are for DNS to tell, all of them."""
    evidence = tuple(one for one in edge.evidence if one.value != address)
    named = {one.provider for one in evidence}
    providers = tuple(provider for provider in edge.providers if provider.id in named)
    return replace(edge, providers=providers, evidence=evidence) if providers else None


def _joined(front: Attribution, attributions: tuple[Attribution, ...]) -> tuple[Attribution, ...]:
    edge = next((found for found in attributions if found.layer is Layer.EDGE), None)
    if edge is None:
        return (*attributions, front)
    if set(front.ids) <= set(edge.ids):
        return attributions
    providers = {provider.id: provider for provider in (*edge.providers, *front.providers)}
    kept = tuple(providers[key] for key in sorted(providers)[:_MOST])
    both = replace(edge, providers=kept, evidence=(*front.evidence, *edge.evidence)[:_MOST])
    return tuple(both if found is edge else found for found in attributions)
