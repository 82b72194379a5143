"""Accuracy of address → provider: the `network` layer of an address, as the daemon attributes it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from monitor.attribute import Atlas, Attributor, Catalog
from monitor.failure import Failure
from monitor.model import DnsAnswer, DnsFacts, Layer, Observation, Probe
from tests.accuracy.corpus import AddressRow
from tests.accuracy.tally import Bar, Case, Verdict
from tests.accuracy.top_level import ALL

FIELD: Final = "provider of an address"
GROUPS: Final = (ALL, "IPv4", "IPv6")
BARS: Final = (Bar(field=FIELD, group=ALL, right=0.97, wrong=0.005),)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


def measure(rows: Iterable[AddressRow]) -> list[Case]:
    """Return a case for each address, with the bundled catalog and tables."""
    attributor = Attributor(Catalog.bundled(), Atlas.bundled(), remember=1)
    return [_case(row, attributor) for row in rows]


def _case(row: AddressRow, attributor: Attributor) -> Case:
    got = sorted(
        provider.id
        for attribution in attributor.attribute(_observation(row.address))
        if attribution.layer is Layer.NETWORK
        for provider in attribution.providers
    )
    # A network's own AS number is a value, too: it differs from the provider that uses the address.
    verdict = Verdict.RIGHT if got == [row.provider] else Verdict.WRONG if got else Verdict.MISSING
    return Case(
        what=row.address,
        field=FIELD,
        groups=(ALL, "IPv6" if ":" in row.address else "IPv4", row.list),
        verdict=verdict,
        expected=row.provider,
        got=" ".join(got),
    )


def _observation(address: str) -> Observation:
    """Return what the `dns` probe sees of a host with this one address."""
    host = "host.example"

    def answer(rtype: str, *values: str) -> DnsAnswer:
        failure = None if values else Failure.DNS_NODATA
        return DnsAnswer(name=host, rtype=rtype, rcode="NOERROR", failure=failure, values=values)

    is_v6 = ":" in address
    return Observation(
        target=host,
        probe=Probe.DNS,
        vantage="accuracy",
        scheduled_at=_EPOCH,
        started_at=_EPOCH,
        duration_s=0.0,
        interval_s=60.0,
        facts=DnsFacts(
            host=host,
            zone=host,
            resolver="accuracy",
            a=answer("A", *(() if is_v6 else (address,))),
            aaaa=answer("AAAA", *((address,) if is_v6 else ())),
            ns=answer("NS"),
            mx=answer("MX"),
            soa=answer("SOA"),
        ),
    )
