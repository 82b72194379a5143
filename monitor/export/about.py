"""What the catalog knows about one provider, for its page and for the command."""

from collections.abc import Callable
from dataclasses import dataclass

from monitor.attribute import Catalog
from monitor.attribute.catalog import rule_of
from monitor.model import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A provider, its family, and what it is recognised by."""

    provider: Provider
    edition: str
    owners: tuple[Provider, ...] = ()
    owned: tuple[tuple[Provider, int], ...] = ()
    """What it owns, and how many targets stand on each."""
    facts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Rules, and who confirms each; empty for a provider that is not in the catalog."""


def about(key: str, seen: Provider | None, catalog: Catalog, standing: Callable[[str], int]) -> About:
    """Return what is known of a provider. `seen`: as an attribution names it, if one does.

    `standing` tells how many targets stand on a provider.
    """
    entry = catalog.entries.get(key)
    if entry is None:
        unknown = seen or Provider(id=key, name=key, cataloged=False)
        return About(provider=unknown, edition=catalog.edition)
    owned = (row for row in catalog.owned_by(key) if row != key)
    return About(
        provider=entry.provider,
        edition=catalog.edition,
        owners=tuple(catalog.entries[key].provider for key in catalog.owners(key)[1:]),
        owned=tuple((catalog.entries[row].provider, standing(row)) for row in owned),
        facts=tuple((rule_of(*fact), entry.sources_of(*fact)) for fact in entry.facts()),
    )
