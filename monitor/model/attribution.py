"""Who stands behind a layer, and how that is known."""

from dataclasses import dataclass

from monitor.model.words import Layer


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Provider:
    """An organisation that operates a layer.

    `id` is the catalog's, else the provider's own identifier: `iana-<registrar id>`,
    `as<number>`, or the registrable domain of its servers. Never guessed from a resemblance.
    """

    id: str
    name: str
    cataloged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason to name one provider."""

    provider: str
    """Id of the provider it speaks for."""
    value: str
    """What was seen: an address, a name server, a registrar id."""
    rule: str
    """The row that matched, such as `ns_suffix epik.com` or `AS16509`."""
    source: str
    """Where the row comes from, with its edition: `catalog 2026-11-21`, `AS table 2026-06-17`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The set of providers behind one layer, as one observation shows it."""

    layer: Layer
    providers: tuple[Provider, ...]
    """Sorted by id, no id twice; never empty: nothing known is no attribution."""
    evidence: tuple[Evidence, ...]
    partial: bool = False
    """True when the set need not be all of those behind the layer, and who lacks in it need not be gone:
    an address names nobody, or nobody yet; or no page answers that would show a proxy."""
    disputed: bool = False
    """True when those who were asked name different sets, or only one side of a delegation could be
    heard. The providers are all that were named; it is no set to compare with another."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the provider ids: what is compared."""
        return tuple(provider.id for provider in self.providers)
