"""How a look fails in a way that a provider's outage explains, and whom it could be put down to.

Only what a provider does to all of its customers at once counts: servers of names or pages that do
not answer, or answer with an error of their own. A name that is gone, a page that was replaced, a
refusal or a legal block are done to one target, and however many they are, no outage.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from monitor.failure import Failure
from monitor.model import HttpFacts, Layer, LayerState, Observation, Provider, Trouble

_NAMES: Final = frozenset(
    {Failure.DNS_SERVFAIL, Failure.DNS_REFUSED, Failure.DNS_TIMEOUT, Failure.DNS_MALFORMED}
)
_SERVING: Final = frozenset(
    {
        *(Failure.TCP_REFUSED, Failure.TCP_RESET, Failure.TCP_TIMEOUT, Failure.TCP_UNREACHABLE),
        *(Failure.TLS_TIMEOUT, Failure.TLS_HANDSHAKE),
        *(Failure.HTTP_TIMEOUT, Failure.HTTP_DISCONNECTED, Failure.HTTP_MALFORMED),
    }
)

Key = tuple[Trouble, str]
"""What fails together: a kind of trouble, and the id of the provider it could be put down to."""

_KIND_OF: Final = {
    Layer.DNS: Trouble.NAMES,
    Layer.EDGE: Trouble.SERVING,
    Layer.NETWORK: Trouble.SERVING,
}


def trouble_of(observation: Observation | None) -> Trouble | None:
    """Return how a look at a target failed; None: it did not, or in a way that is about this target only."""
    if observation is None:
        return None
    if observation.failure in _NAMES:
        return Trouble.NAMES
    if observation.failure in _SERVING or _status(observation) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Trouble.SERVING
    return None


def seen_of(observation: Observation) -> str:
    """Return what was seen, in a word: a failure, or the status of the page."""
    status = _status(observation)
    return str(observation.failure) if observation.failure else f"status {status}" if status else "answered"


def _status(observation: Observation) -> int:
    facts = observation.facts
    return facts.status if isinstance(facts, HttpFacts) and observation.failure is None else 0


def standing(layers: tuple[LayerState, ...]) -> Iterator[tuple[Key, Layer, Provider]]:
    """Yield whom a target's troubles could be put down to: as last known, for a failed look shows nobody."""
    for state in layers:
        kind = _KIND_OF.get(state.layer)
        if kind is not None and not state.absent:
            for provider in state.confirmed.providers:
                yield (kind, provider.id), state.layer, provider
