"""The registrable domain of a host: what an unknown operator of servers is called by.

The list is the one that ships inside `publicsuffixlist`; nothing is fetched. Its private section
counts too: `ns1.shop.github.io` belongs to whoever holds `shop.github.io`.
"""

import re
from typing import Final

from publicsuffixlist import PublicSuffixList

_NAME: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_LONGEST: Final = 253


class Domains:
    """Finds registrable domains. Reads the packaged list when built (about 40 ms)."""

    def __init__(self) -> None:
        self._suffixes = PublicSuffixList()

    def registrable(self, host: str) -> str | None:
        """Return public suffix + one label of `host`; a host that is itself a suffix as it is.

        None for what is no domain name below a TLD: a single label, an empty one, odd characters, an
        address (no TLD is a number).
        """
        if len(host) > _LONGEST or not _NAME.fullmatch(host) or host.rpartition(".")[2].isdigit():
            return None
        return self._suffixes.privatesuffix(host) or host
