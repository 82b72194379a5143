"""Which one organisation could take a target down alone: its single points of failure.

An organisation is a provider together with those that own it. It is a single point of a layer when
nobody else stands behind that layer. What it could do differs from layer to layer: without mail a
site stays up, and an authority cannot take a site down at once. The registry is always one.
Never a motive: it says what could be done, not that it will be.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.model import Layer, Memory, Probe, Provider, RegistrationFacts

Organisation = Callable[[Provider], Provider]
"""From a provider to its outermost owner, which is itself where nobody owns it."""


class Reach(StrEnum):
    """What of the target it could take down."""

    SITE = "site"
    MAIL = "mail"
    LATER = "later"
    """The site, but not at once."""


_REACH: Final = {
    Layer.REGISTRATION: Reach.SITE,
    Layer.DNS: Reach.SITE,
    Layer.NETWORK: Reach.SITE,
    Layer.EDGE: Reach.SITE,
    Layer.MAIL: Reach.MAIL,
    Layer.CERTIFICATE: Reach.LATER,
}
_COULD: Final = {
    Layer.REGISTRATION: "is the registrar: could suspend the name (clientHold), or not renew it",
    Layer.DNS: "runs every name server of the zone: could stop answering for it",
    Layer.NETWORK: "announces every address of the host: could stop carrying it",
    Layer.EDGE: "is the only proxy in front of it: could stop passing requests on",
    Layer.MAIL: "takes all its mail: could refuse it; the site would stay up",
    Layer.CERTIFICATE: "issued the certificate: could revoke it, or issue no other; no site is gone at once",
}
_REGISTRY: Final = "is the registry, of which every name has one: could suspend the name (serverHold)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SinglePoint:
    """One organisation that could do harm alone."""

    organisation: Provider
    layers: tuple[Layer, ...]
    """Of which it is a single point, in the order of `Layer`."""
    reach: Reach
    """The worst of it."""
    could: tuple[str, ...]
    """One sentence a layer, without its subject."""
    registry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """What one target depends on."""

    points: tuple[SinglePoint, ...]
    """The site before mail before later; several layers before one; the registry after who else could."""
    shared: tuple[Layer, ...]
    """Layers that several organisations stand behind."""
    not_known: tuple[Layer, ...]
    """Layers of every site of which it is not known now who stands behind them."""

    @property
    def headline(self) -> str:
        """Return one or two sentences about it."""
        alone = [p.organisation.name for p in self.points if p.reach is Reach.SITE and not p.registry]
        if not alone:
            text = "No single organisation besides the registry is known that could take the site down alone."
        elif len(alone) == 1:
            text = f"{alone[0]} alone could take the site down."
        else:
            text = f"Each of {', '.join(alone[:-1])} and {alone[-1]} alone could take the site down."
        gaps = " and ".join(self.not_known)
        return f"{text} Not known now: {gaps}." if gaps else text


# A site has these; an edge, mail and a certificate it may do without.
_ALWAYS: Final = (Layer.REGISTRATION, Layer.DNS, Layer.NETWORK)


def depends_on(memory: Memory, organisation: Organisation) -> Dependence:
    """Return who could take a target down alone."""
    known = {state.layer: state for state in memory.layers if state.known}
    if not any(seen.probe is Probe.DNS for seen in memory.seen):
        # The one address that answered a page is not all there are.
        known.pop(Layer.NETWORK, None)
        known.pop(Layer.EDGE, None)
    found: dict[str, list[Layer]] = {}
    shown: dict[str, Provider] = {}
    shared: list[Layer] = []
    for layer, state in known.items():
        organisations = {
            organisation(provider).id: organisation(provider) for provider in state.confirmed.providers
        }
        if len(organisations) == 1:
            shown |= organisations
            found.setdefault(next(iter(organisations)), []).append(layer)
        else:
            shared.append(layer)
    points = [_point(shown[key], layers) for key, layers in found.items()]
    points += _registry(memory)
    order = list(Reach)
    points.sort(key=lambda p: (order.index(p.reach), p.registry, -len(p.layers), p.organisation.name))
    return Dependence(
        points=tuple(points),
        shared=tuple(shared),
        not_known=tuple(layer for layer in _ALWAYS if layer not in known),
    )


def _point(organisation: Provider, layers: list[Layer]) -> SinglePoint:
    reaches = {_REACH[layer] for layer in layers}
    return SinglePoint(
        organisation=organisation,
        layers=tuple(layers),
        reach=next(reach for reach in Reach if reach in reaches),
        could=tuple(_COULD[layer] for layer in layers),
    )


def _registry(memory: Memory) -> list[SinglePoint]:
    facts = next((seen.facts for seen in memory.seen if isinstance(seen.facts, RegistrationFacts)), None)
    if facts is None or not facts.registered:
        return []
    suffix = facts.domain.rpartition(".")[2]
    name = f"the registry of .{suffix}" + (f" ({facts.registry})" if facts.registry else "")
    return [
        SinglePoint(
            organisation=Provider(id=f"registry:{suffix}", name=name, cataloged=False),
            layers=(Layer.REGISTRATION,),
            reach=Reach.SITE,
            could=(_REGISTRY,),
            registry=True,
        )
    ]
