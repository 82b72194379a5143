"""What the same evidence names now, before anything is called a change.

Tables and the catalog come in editions, and between two of them one address in thirty changes its AS
number. What is believed was named under one edition, what is seen is named under another: so where they
differ, the values that the belief rests on are named again, and only a difference that is left then is one.

What is only named otherwise is corrected in place: nothing has happened, so nothing is told or counted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from monitor.model import Attribution, Layer, LayerState, TargetState

HELD: Final = "net:"
"""How the ids of those begin who are only known to hold an address block (`attribute.rules`)."""

Again = Callable[[Attribution], Attribution | None]
"""Names the providers of an attribution again, from the values in its evidence; None: nobody any more."""


def reconsider(state: TargetState, shown: Sequence[Attribution], again: Again) -> TargetState:
    """Return the state with those layers named again that an observation shows otherwise.

    The same state when nothing is named otherwise, which is nearly always.
    """
    if not _differs(state, shown):
        return state
    layers = {layer.layer: layer for layer in state.memory.layers}
    for attribution in shown:
        layer = layers.get(attribution.layer)
        if layer is None or attribution.ids == layer.confirmed.ids:
            continue
        named = _with_late_answers(_named_again(layer, again), attribution)
        if attribution.layer is Layer.EDGE and attribution.ids != named.confirmed.ids:
            named = _only_recognised(named, attribution, layers.get(Layer.NETWORK))
        layers[attribution.layer] = named
    return _with(state, layers.values())


def _differs(state: TargetState, shown: Sequence[Attribution]) -> bool:
    """Tell whether something is shown otherwise than it is believed; this is asked at every look."""
    for attribution in shown:
        for layer in state.memory.layers:
            if layer.layer is attribution.layer:
                believed = layer.confirmed
                if believed is not attribution and believed.providers != attribution.providers:
                    return True
                break
    return False


def relabel(state: TargetState, again: Again) -> TargetState:
    """Return the state with every layer named again; the same state when nothing is named otherwise."""
    front = state.memory.front
    named = _otherwise(front, again) if front else None
    if named is not front:
        state = replace(state, seq=state.seq + 1, memory=replace(state.memory, front=named))
    return _with(state, (_named_again(layer, again) for layer in state.memory.layers))


def _named_again(layer: LayerState, again: Again) -> LayerState:
    """Return the layer as it is named now. A suspicion that rests on other names is dropped."""
    confirmed = _otherwise(layer.confirmed, again)
    suspected = layer.suspected
    if confirmed is layer.confirmed and (suspected is None or _otherwise(suspected, again) is suspected):
        return layer
    return replace(layer, confirmed=confirmed, suspected=None, suspected_since=None, suspicion=0)


def _otherwise(attribution: Attribution, again: Again) -> Attribution:
    """Return how the values are named now; the same attribution when that is as before, or by nobody.

    That a table has lost an address does not take away what was known of it.
    """
    named = again(attribution)
    return attribution if named is None or named.ids == attribution.ids else named


def _with_late_answers(layer: LayerState, seen: Attribution) -> LayerState:
    """Return the layer with those holders of blocks that have only become known.

    A registry answers long after an address was first seen. That the others are joined by one who is known
    by such an answer says when it came, not that anything moved.
    """
    if not layer.confirmed.partial:
        return layer  # there was no address that waited for an answer
    known = set(layer.confirmed.ids)
    late = [provider for provider in seen.ids if provider not in known]
    if not known <= set(seen.ids) or not all(provider.startswith(HELD) for provider in late):
        return layer
    return replace(layer, confirmed=seen, suspected=None, suspected_since=None, suspicion=0)


def _only_recognised(edge: LayerState, seen: Attribution, network: LayerState | None) -> LayerState:
    """Return the edge layer, put right when the addresses that show the edge are not new.

    Had these addresses been known as a proxy's before, the layer would have shown it.
    """
    if network is None or not network.known:
        return edge
    if edge.known and not set(edge.confirmed.ids) <= set(seen.ids):
        return edge  # one that was seen is gone, and that is news
    answered = {evidence.value for evidence in network.confirmed.evidence}
    if not all(evidence.value in answered for evidence in seen.evidence):
        return edge
    return replace(edge, confirmed=seen, suspected=None, suspected_since=None, suspicion=0)


def _with(state: TargetState, layers: Iterable[LayerState]) -> TargetState:
    new = tuple(layers)
    if all(one is other for one, other in zip(new, state.memory.layers, strict=True)):
        return state
    # A state with another memory has another number, or the store would take it for the old one.
    return replace(state, seq=state.seq + 1, memory=replace(state.memory, layers=new))
