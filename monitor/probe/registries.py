"""Which server knows a domain: bundled tables, corrected by the configuration.

The tables and their sources are described in data/README.md. The longest suffix decides: for
`example.uk.com` it is the registry of `uk.com` that is asked, never the one of `com`, which
would truthfully say that it knows no such name.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from monitor.probe.addresses import forbidden

WHOIS_PORT: Final = 43
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """The servers of every known registry. Cheap to load (a few ms), cheap to ask."""

    edition: str
    """Date of the bundled RDAP table, for people."""
    rdap: Mapping[str, str]
    """Suffix -> base URL, ending in a slash; empty: switched off."""
    whois: Mapping[str, str]
    """Suffix -> `host` or `host:port`; empty: switched off."""

    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary, repr=False)

    @classmethod
    def load(cls, *, rdap: Mapping[str, str] = _NOTHING, whois: Mapping[str, str] = _NOTHING) -> Self:
        """Return the bundled tables with the given rows laid over them.

        `rdap` maps a suffix to a base URL, `whois` to `host` or `host:port`; an empty string
        switches the source off for that suffix. Raises ValueError for a row that cannot be used.
        """
        bootstrap = _bundled("rdap.json")
        known = {tld: url for url, tlds in bootstrap["servers"].items() for tld in tlds.split()}
        for url, row in _bundled("rdap_overrides.json")["servers"].items():
            known.update(dict.fromkeys(row["tlds"].split(), url))
        servers = {
            tld: host for host, tlds in _bundled("whois.json")["servers"].items() for tld in tlds.split()
        }
        known.update({_suffix(tld): _base_url(url) for tld, url in rdap.items()})
        servers.update({_suffix(tld): _checked_endpoint(server) for tld, server in whois.items()})
        return cls(edition=str(bootstrap["published"])[:10], rdap=known, whois=servers)

    def rdap_base(self, domain: str) -> str | None:
        """Return the RDAP base URL responsible for `domain`, ending in a slash."""
        suffix = self._responsible(domain)
        return self.rdap.get(suffix) or None if suffix else None

    def whois_server(self, domain: str) -> tuple[str, int] | None:
        """Return host and port of the WHOIS server responsible for `domain`."""
        suffix = self._responsible(domain)
        server = self.whois.get(suffix) if suffix else None
        return _endpoint(server) if server else None

    def turn(self, server: str) -> asyncio.Lock:
        """Return the lock that lets one question at a time go to a server; kept while somebody holds it."""
        lock = self._turns.get(server)
        if lock is None:
            lock = self._turns[server] = asyncio.Lock()
        return lock

    def _responsible(self, domain: str) -> str | None:
        return next((s for s in _suffixes(domain) if s in self.rdap or s in self.whois), None)


def is_private_endpoint(text: str) -> bool:
    """Tell whether a configured base URL or host is itself a private address: then it may be asked.

    A *name* that leads to a private address may not: what DNS says is network input.
    """
    host = (urlsplit(text).hostname or "") if "://" in text else text
    return bool(forbidden(host)) and not forbidden(host, allow_private=True)


def _bundled(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(files("monitor.probe").joinpath("data", name).read_bytes())
    return table


def _suffixes(domain: str) -> Iterator[str]:
    """Yield the suffixes of a domain, longest first, without the domain itself."""
    rest = domain.rstrip(".").lower()
    while "." in rest:
        rest = rest.partition(".")[2]
        yield rest


def _suffix(text: str) -> str:
    suffix = text.strip().strip(".").lower()
    try:
        return suffix.encode("idna").decode("ascii")
    except UnicodeError as error:
        msg = f"{text!r} is no domain suffix"
        raise ValueError(msg) from error


def _base_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        msg = f"{text!r} is no RDAP base URL: expected https://host/path/"
        raise ValueError(msg)
    return text if text.endswith("/") else text + "/"


def _checked_endpoint(text: str) -> str:
    if text:
        _endpoint(text)
    return text


def _endpoint(text: str) -> tuple[str, int]:
    """Split `host`, `host:port` or `[address]:port`."""
    parts = urlsplit(f"//{text}")
    # `port` raises ValueError itself when the number is out of range.
    if not parts.hostname or parts.path or parts.query or parts.username is not None or parts.port == 0:
        msg = f"{text!r} is no WHOIS server: expected host or host:port"
        raise ValueError(msg)
    return parts.hostname, parts.port or WHOIS_PORT
