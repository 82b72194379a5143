"""The registrable domain of a host: what an unknown operator of servers is called by.

The list is the one that ships inside `publicsuffixlist`; nothing is fetched. Its private section
counts too: `ns1.shop.dyndns.org` is run by whoever holds `shop.dyndns.org`.
"""

from publicsuffixlist import PublicSuffixList


class Domains:
    """Finds registrable domains. Reads the packaged list when built (about 40 ms)."""

    def __init__(self) -> None:
        self._suffixes = PublicSuffixList()

    def registrable(self, host: str) -> str | None:
        """Return public suffix + one label of `host`; a host that is itself a suffix as it is.

        None for what is no domain name: a single label, an empty label.
        """
        labels = host.split(".")
        if len(labels) < 2 or not all(labels):  # noqa: PLR2004 - a domain name below a TLD
            return None
        return self._suffixes.privatesuffix(host) or host
