"""Which server knows a domain: bundled tables, corrected by the configuration.

The tables and their sources are described in data/README.md. The longest suffix decides: for
`example.uk.com` it is the registry of `uk.com` that is asked, never the one of `com`, which
would truthfully say that it knows no such name.

IANA's list of RDAP servers is renewed at run time (`monitor.probe.refresh`); a WHOIS server that is
unknown, or whose name is gone, is asked of IANA (`monitor.probe.iana`). What the configuration says is
never overruled.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from monitor.probe.addresses import forbidden
from monitor.probe.bootstrap import Bootstrap

WHOIS_PORT: Final = 43
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(slots=True, kw_only=True)
class Registries:
    """The servers of every known registry. Cheap to load (a few ms), cheap to ask."""

    bootstrap: Bootstrap
    """IANA's list of RDAP servers, the latest that was believed."""
    rdap: Mapping[str, str]
    """Suffix -> base URL, ending in a slash; empty: switched off."""
    whois: Mapping[str, str]
    """Suffix -> `host` or `host:port`; empty: switched off."""

    _above: Mapping[str, str] = field(default_factory=dict, repr=False)
    """RDAP rows that stand above IANA's: ours, then the configuration's."""
    _configured: frozenset[str] = field(default_factory=frozenset, repr=False)

    @classmethod
    def load(cls, *, rdap: Mapping[str, str] = _NOTHING, whois: Mapping[str, str] = _NOTHING) -> Self:
        """Return the bundled tables with the given rows laid over them.

        `rdap` maps a suffix to a base URL, `whois` to `host` or `host:port`; an empty string
        switches the source off for that suffix. Raises ValueError for a row that cannot be used.
        """
        above: dict[str, str] = {}
        for url, row in _bundled("rdap_overrides.json")["servers"].items():
            above.update(dict.fromkeys(row["tlds"].split(), url))
        servers = {
            tld: host for host, tlds in _bundled("whois.json")["servers"].items() for tld in tlds.split()
        }
        own_rdap = {_suffix(tld): _base_url(url) for tld, url in rdap.items()}
        own_whois = {_suffix(tld): _checked_endpoint(server) for tld, server in whois.items()}
        bootstrap, above = Bootstrap.bundled(), above | own_rdap
        return cls(
            bootstrap=bootstrap,
            rdap={**bootstrap.servers, **above},
            whois=servers | own_whois,
            _above=above,
            _configured=frozenset({*own_rdap, *own_whois}),
        )

    @property
    def edition(self) -> str:
        """Return the date of IANA's list of RDAP servers, for people."""
        return self.bootstrap.published.date().isoformat()

    def adopt(self, bootstrap: Bootstrap) -> None:
        """Use another list of IANA's; our own rows and those of the configuration stay above it."""
        self.bootstrap = bootstrap
        self.rdap = {**bootstrap.servers, **self._above}

    def rdap_base(self, domain: str) -> str | None:
        """Return the RDAP base URL responsible for `domain`, ending in a slash."""
        suffix = self._responsible(domain)
        return self.rdap.get(suffix) or None if suffix else None

    def whois_server(self, domain: str) -> tuple[str, int] | None:
        """Return host and port of the WHOIS server responsible for `domain`."""
        suffix = self._responsible(domain)
        server = self.whois.get(suffix) if suffix else None
        return _endpoint(server) if server else None

    def tld_for_iana(self, domain: str) -> str | None:
        """Return the top-level domain that IANA may be asked about.

        None: the configuration has spoken, or a registry below the top-level domain is responsible.
        """
        tld = domain.rstrip(".").lower().rpartition(".")[2]
        if self._configured.intersection(_suffixes(domain)) or self._responsible(domain) not in {None, tld}:
            return None
        return tld if "." in domain.strip(".") else None

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
