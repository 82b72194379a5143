"""A proxy that only an answer shows: by its headers and cookies, where no alias or address tells it.

Where DNS is watched, the edge is judged with each look at DNS. What the last answered page showed
stands beside what the records show: a site whose address is the host's, and whose answers are the
proxy's, has that proxy in front. Without this a header would count only where nobody looks at DNS.

An error page takes nobody away: the proxy in front makes it when it cannot reach the one behind. And
where no page answers any more, what the last one showed is neither seen nor gone.
"""

from dataclasses import replace
from typing import Final

from monitor.model import (
    Attribution,
    DnsFacts,
    Evidence,
    HttpFacts,
    Layer,
    Observation,
    Policy,
    Probe,
    Provider,
    Pulse,
    TargetState,
)

_MOST: Final = 8
_ERROR: Final = 400
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
    front = state.memory.front
    if isinstance(observation.facts, DnsFacts) and front is not None:
        answering = answers(state.pulse, policy)
        return state, _joined(front, attributions) if answering else _lacking(front, attributions)
    return state, attributions


def answers(pulse: Pulse, policy: Policy) -> bool:
    """Tell whether pages are still answered, so that what the last one showed may stand."""
    run = next((run for run in pulse.runs if run.probe is Probe.HTTP), None)
    return run is None or run.failure is None or run.in_a_row < policy.failures_to_confirm


def _remembered(state: TargetState, facts: HttpFacts, attributions: tuple[Attribution, ...]) -> TargetState:
    if not any(attribution.layer in _OF_PLACE for attribution in attributions):
        return state  # somebody else's page, at the end of a redirect
    edge = next((found for found in attributions if found.layer is Layer.EDGE), None)
    front = _by_signs(edge, facts.address) if edge else None
    before = state.memory.front
    shown, known = set(front.ids if front else ()), set(before.ids if before else ())
    if shown == known or (known and facts.status >= _ERROR and not known <= shown):
        return state  # a proxy's own error page does not show who stands behind it
    return replace(state, memory=replace(state.memory, front=front))


def _by_signs(edge: Attribution, address: str | None) -> Attribution | None:
    """Return those that are not known by the address alone: addresses are for DNS to tell, all of them."""
    evidence = tuple(one for one in edge.evidence if one.value != address)
    named = {one.provider for one in evidence}
    providers = tuple(provider for provider in edge.providers if provider.id in named)
    return replace(edge, providers=providers, evidence=evidence) if providers else None


def _lacking(front: Attribution, attributions: tuple[Attribution, ...]) -> tuple[Attribution, ...]:
    """Return the attributions with an edge that is not whole, since no page shows the rest of it."""
    return tuple(
        replace(found, partial=True)
        if found.layer is Layer.EDGE and not set(front.ids) <= set(found.ids)
        else found
        for found in attributions
    )


def _joined(front: Attribution, attributions: tuple[Attribution, ...]) -> tuple[Attribution, ...]:
    edge = next((found for found in attributions if found.layer is Layer.EDGE), None)
    if edge is None:
        return (*attributions, front)
    if set(front.ids) <= set(edge.ids):
        return attributions
    providers = {provider.id: provider for provider in (*edge.providers, *front.providers)}
    kept = tuple(providers[key] for key in sorted(providers)[:_MOST])
    both = replace(edge, providers=kept, evidence=_reasons(kept, (*front.evidence, *edge.evidence)))
    return tuple(both if found is edge else found for found in attributions)


def _reasons(providers: tuple[Provider, ...], evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Return the evidence that is kept: first one piece for each provider, or naming again would lose it."""
    first: dict[str, Evidence] = {}
    for one in evidence:
        first.setdefault(one.provider, one)
    firsts = tuple(first[provider.id] for provider in providers)
    return (*firsts, *(one for one in evidence if one not in firsts))[:_MOST]
