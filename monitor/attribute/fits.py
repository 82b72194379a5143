"""What a value of any kind shows: the rows of the catalog that fit it, or what it would be called.

For people who ask `platform-monitor providers match`. A header line must be whole (`Server: x`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from monitor.attribute.catalog.catalog import Catalog
from monitor.attribute.domains import Domains
from monitor.attribute.networks import Networks, number_of
from monitor.attribute.rules import Finding, Rules

_LONGEST_NUMBER: Final = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One provider that a value shows, and why."""

    provider: str
    name: str
    rule: str
    source: str
    confirmed_by: tuple[str, ...] = ()
    """Sources of the row; empty where the row is no fact of the catalog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """All that can be said about a value."""

    value: str
    fits: tuple[Fit, ...]
    called: tuple[Fit, ...] = ()
    """Only where nothing fits: what an attribution would call it, by the rule that would."""


def fits(value: str, catalog: Catalog, networks: Networks) -> Answer:
    """Return what fits a value: an address, AS number, IANA id, host, header line, name or organisation."""
    text = value.strip()
    rules = Rules(catalog, networks, Domains())
    if number_of(text) is not None:
        finding, _ = rules.address(text)
        found = () if finding is None else (_of(finding),)
        known = bool(found) and finding is not None and finding[0].cataloged
        return Answer(value=text, fits=found if known else (), called=() if known else found)
    listed = f"catalog {catalog.edition}"
    rows = tuple(
        Fit(
            provider=match.provider.id,
            name=match.provider.name,
            rule=match.rule,
            source=match.own.label if match.own else listed,
            confirmed_by=match.entry.sources_of(match.key, match.value),
        )
        for match in catalog.find(text)
    )
    return Answer(value=text, fits=rows, called=() if rows else tuple(_called(text, rules)))


def _of(finding: Finding) -> Fit:
    provider, evidence = finding
    return Fit(provider=provider.id, name=provider.name, rule=evidence.rule, source=evidence.source)


def _called(text: str, rules: Rules) -> Iterator[Fit]:
    """Yield what an unknown value would be called, as whatever it may be."""
    kind, digits = _numbered(text)
    if kind in ("as", ""):
        yield Fit(provider=f"as{digits}", name=f"AS{digits}", rule="AS number", source="AS table")
    if kind in ("iana-", ""):
        finding = rules.registrar(None, int(digits), "rdap")
        if finding:
            yield _of(finding)
    if kind is not None or ": " in text:
        return  # a number, or a header that no edge is known by
    host = rules.name_server(text.rstrip(".").lower())
    if host:
        yield _of(host)
        return
    for finding in (rules.registrar(text, None, "whois"), rules.issuer(text)):
        if finding:
            yield _of(finding)


def _numbered(text: str) -> tuple[str | None, str]:
    """Return `as`, `iana-` or `` (either) and the digits; None for what is no such number."""
    lower = text.lower()
    for prefix in ("as", "iana-", ""):
        digits = lower.removeprefix(prefix)
        if lower.startswith(prefix) and digits.isascii() and digits.isdecimal():
            # A number longer than Python reads is none; AS numbers have 32 bits.
            number = int(digits[:_LONGEST_NUMBER])
            return (prefix, str(number)) if 0 < number < 1 << 32 else (None, "")
    return None, ""
