"""Where a target is, held against where it was when its incident opened.

"Up again" is half of what a reader wants to know; the other half is at whose network. A layer may have
moved unseen while nothing answered, and a change of provider takes two looks to be believed. So a layer
that is in doubt, or that nobody has looked at since the target came back, is *not yet known*: never
the old provider, silently kept, and never the new one before it is confirmed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from monitor.judge.layer import same
from monitor.judge.sightings import in_sight, previous
from monitor.model import (
    Attribution,
    Layer,
    LayerMove,
    LayerState,
    Memory,
    Policy,
    Provider,
    Pulse,
    Stood,
)

_ANSWERING: Final = frozenset({Layer.NETWORK, Layer.EDGE, Layer.DNS})
"""Layers of which it is said that they are not known yet. The others take no part in an answer."""
_EVERYBODY_HAS: Final = frozenset({Layer.NETWORK, Layer.DNS})
"""Layers that no target is up without: where there is nobody, that is the trouble and not how things were."""


def standing(layers: Sequence[LayerState], since: datetime) -> tuple[Stood, ...]:
    """Return who stood behind each layer before `since`, or when that could last be seen.

    With a name that is gone everything goes that its records show: of what was before that says nothing.
    """
    gone = _name_gone(layers)
    found = [
        Stood(
            layer=state.layer,
            providers=() if _was_none(state, since, gone=gone) else state.confirmed.providers,
        )
        for state in layers
    ]
    here = {stood.layer for stood in found}
    if Layer.NETWORK in here and Layer.EDGE not in here:
        found.append(Stood(layer=Layer.EDGE, providers=()))  # a network in which no proxy is recognised
    order = list(Layer)
    return tuple(sorted(found, key=lambda stood: order.index(stood.layer)))


def _name_gone(layers: Iterable[LayerState]) -> bool:
    return any(state.absent for state in layers if state.layer in _EVERYBODY_HAS)


def _was_none(state: LayerState, since: datetime, *, gone: bool) -> bool:
    """Tell whether it was known before `since` that there was nobody."""
    return state.absent and not gone and (state.known_since is None or state.known_since < since)


def moves(
    places: Sequence[Stood], memory: Memory, pulse: Pulse, policy: Policy, *, back_since: datetime | None
) -> tuple[LayerMove, ...]:
    """Return the layers that are not as they were, in the order of `Layer`.

    `back_since`: since when the target is up again. Who answers is then asked of looks made since; None: it
    is not up, and what is confirmed is all that can be said.
    """
    now = {state.layer: state for state in memory.layers}
    unread = back_since is not None and _name_gone(memory.layers)
    found = []
    for stood in places:
        state = now.get(stood.layer)
        if state is None or (unread and state.absent and state.layer not in _ANSWERING):
            continue
        if _in_doubt(state, pulse, policy, back_since):
            found.append(_unknown(stood))
            continue
        providers = () if state.absent else state.confirmed.providers
        if not _same(stood.layer, stood.providers, providers):
            move = LayerMove(layer=stood.layer, providers_before=stood.providers, providers_after=providers)
            found.append(move)
    return tuple(found)


def is_settled(found: Iterable[LayerMove]) -> bool:
    """Tell whether it is known who answers."""
    return all(move.known or move.layer not in _ANSWERING for move in found)


def _unknown(stood: Stood) -> LayerMove:
    return LayerMove(layer=stood.layer, providers_before=stood.providers, providers_after=(), known=False)


def _in_doubt(state: LayerState, pulse: Pulse, policy: Policy, back_since: datetime | None) -> bool:
    if state.suspected is not None:
        return True
    if state.layer not in _ANSWERING:
        return False
    if state.absent:  # what is up again has a network and names, and their absence is of the days before
        return back_since is not None and state.layer in _EVERYBODY_HAS
    if back_since is None or state.layer is not Layer.NETWORK:
        return not state.known
    last = previous(state.layer, pulse.runs, dns_watched=policy.dns_watched)
    return not in_sight(state) or last is None or last < back_since


def _same(layer: Layer, before: tuple[Provider, ...], after: tuple[Provider, ...]) -> bool:
    if not before or not after:
        return before == after
    return same(
        Attribution(layer=layer, providers=after, evidence=()),
        Attribution(layer=layer, providers=before, evidence=()),
    )


# In words


def names(providers: tuple[Provider, ...]) -> str:
    """Return the names of providers, as a sentence has them."""
    return " + ".join(provider.name for provider in providers)


def sentence(found: Sequence[LayerMove], network: LayerState | None) -> str:
    """Return where a target is that is up again, as the end of a sentence; empty when nothing is known.

    `network`: the layer as it is believed now, to name a place that is the same. A registrar is no place:
    what is not a network or in front of one is told by its layer.
    """
    here, others = _at(found), [move for move in found if move.known]
    if here is not None:
        told = f", at {_instead(here)}"
    elif any(move.layer is Layer.NETWORK for move in found) or network is None or not network.known:
        told = ""
    else:
        name = names(network.confirmed.providers)
        told = f", at the same network ({name})" if found else f", at the same place (network: {name})"
    if here is not None:
        with_it = [move.layer.value for move in others if _pair(move) == _pair(here)]
        told += f" ({', '.join(with_it)})"
        others = [move for move in others if _pair(move) != _pair(here)]
    grouped: dict[str, list[str]] = {}
    for move in others:
        grouped.setdefault(_instead(move), []).append(move.layer.value)
    for move in found:
        if not move.known:
            grouped.setdefault("not yet known", []).append(move.layer.value)
    return told + "".join(f"; {', '.join(layers)}: {words}" for words, layers in grouped.items())


def _at(found: Sequence[LayerMove]) -> LayerMove | None:
    """Return the move to another network, if there was one."""
    return next((move for move in found if move.layer is Layer.NETWORK and move.known), None)


def _pair(move: LayerMove) -> tuple[bool, str, str]:
    """Return what moves of several layers have in common that are told together."""
    in_front = move.layer in {Layer.NETWORK, Layer.EDGE}
    return in_front, names(move.providers_before), names(move.providers_after)


def _instead(move: LayerMove) -> str:
    if not move.providers_before:
        return f"{names(move.providers_after)}, none before"
    if not move.providers_after:
        return f"none, {names(move.providers_before)} before"
    return f"{names(move.providers_after)} instead of {names(move.providers_before)}"
