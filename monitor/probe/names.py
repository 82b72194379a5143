"""Names of hosts and domains as registries write them."""

import re
from collections.abc import Iterable
from typing import Final

import idna

_HOST: Final = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_MAX_HOSTS: Final = 50
TEXT_LIMIT: Final = 200
"""Characters of a name that is kept."""


def host_name(text: str) -> str | None:
    """Return a host name in lower case, as A-labels, without the trailing dot; None when it is none."""
    name = text.strip().rstrip(".").lower()
    if not name.isascii():
        name = _ascii(name)
    return name if _HOST.fullmatch(name) else None


def suffix_name(text: str) -> str | None:
    """Return a domain suffix (`com`, `co.uk`, `РФ`) in lower case, as A-labels; None when it is none."""
    name = host_name(f"a.{text.strip().lstrip('.')}")
    return name[2:] if name else None


def is_same_domain(published: str, domain: str) -> bool:
    """Tell whether a published name (U-labels or A-labels, any case) is `domain` (A-labels)."""
    return host_name(published[:300]) == domain


def sorted_hosts(hosts: Iterable[str]) -> tuple[str, ...]:
    """Return the hosts sorted, none twice, 50 at most."""
    return tuple(sorted(set(hosts))[:_MAX_HOSTS])


def _ascii(name: str) -> str:
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError:  # IDNAError is one
        return ""
