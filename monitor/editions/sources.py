"""Where editions come from: the AS table of iptoasn, and what providers publish of their own ranges."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

AS_TABLE: Final = "iptoasn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One publisher: where its list is, and how it is written."""

    name: str
    urls: tuple[str, ...]
    """All of them together are the list; empty: no address lasts, so one has to be configured."""
    format: str
    """A key of `formats.FORMATS`."""
    provider: str
    """Id in the catalog; empty for the AS table."""
    most_bytes: int = 8 << 20
    """What is read of one address, and what may come of it when it is unpacked."""
    most_unpacked: int = 8 << 20


def _of(*sources: Source) -> Mapping[str, Source]:
    return MappingProxyType({source.name: source for source in sources})


SOURCES: Final = _of(
    # Public domain (PDDL), from public BGP archives, renewed every hour.
    Source(
        name=AS_TABLE,
        urls=("https://iptoasn.com/data/ip2asn-combined.tsv.gz",),
        format="iptoasn",
        provider="",
        most_bytes=48 << 20,
        most_unpacked=256 << 20,
    ),
    Source(
        name="aws", urls=("https://ip-ranges.amazonaws.com/ip-ranges.json",), format="aws", provider="amazon"
    ),
    # A new file with a new name every week, and no address that leads to the latest.
    Source(name="azure", urls=(), format="azure", provider="microsoft", most_bytes=32 << 20),
    Source(
        name="cloudflare",
        urls=("https://www.cloudflare.com/ips-v4", "https://www.cloudflare.com/ips-v6"),
        format="lines",
        provider="cloudflare",
    ),
    Source(
        name="digitalocean",
        urls=("https://digitalocean.com/geo/google.csv",),
        format="geofeed",
        provider="digitalocean",
    ),
    Source(
        name="fastly", urls=("https://api.fastly.com/public-ip-list",), format="fastly", provider="fastly"
    ),
    Source(
        name="gcore", urls=("https://api.gcore.com/cdn/public-ip-list",), format="gcore", provider="gcore"
    ),
    Source(name="github", urls=("https://api.github.com/meta",), format="github", provider="github"),
    Source(
        name="google",
        urls=("https://www.gstatic.com/ipranges/goog.json", "https://www.gstatic.com/ipranges/cloud.json"),
        format="google",
        provider="google",
    ),
    Source(
        name="imperva",
        urls=("https://my.imperva.com/api/integration/v1/ips",),
        format="imperva",
        provider="imperva",
    ),
    Source(
        name="oracle",
        urls=("https://docs.oracle.com/en-us/iaas/tools/public_ip_ranges.json",),
        format="oracle",
        provider="oracle",
    ),
    Source(
        name="zscaler",
        urls=(
            "https://config.zscaler.com/api/zscaler.net/cenr/json",
            "https://config.zscaler.com/api/zscaler.net/hubs/cidr/json/required",
        ),
        format="zscaler",
        provider="zscaler",
    ),
)


def chosen(names: Collection[str] | None, urls: Mapping[str, tuple[str, ...]]) -> dict[str, Source]:
    """Return the sources to ask, by name: these, else all that have an address; `urls` replace theirs."""
    found = {
        name: replace(source, urls=urls.get(name, source.urls))
        for name, source in SOURCES.items()
        if names is None or name in names
    }
    return {name: source for name, source in found.items() if source.urls}
