"""Name servers that are known for seized names: those of the catalog, but for one that has changed hands."""

import pytest

from monitor.attribute import Catalog
from monitor.attribute.catalog import Kind
from monitor.judge.rules.seizure_servers import SEIZURE_SUFFIXES, of_seizures

LAPSED = "cirfu.net"


def test_the_list_is_the_catalogs_without_the_domain_that_lapsed() -> None:
    rows = [entry for entry in Catalog.bundled().entries.values() if Kind.SEIZURE in entry.kinds]
    suffixes = {suffix for entry in rows for suffix in entry.ns_suffixes}
    assert suffixes - {LAPSED} == set(SEIZURE_SUFFIXES)
    assert LAPSED in suffixes


@pytest.mark.parametrize(
    ("hosts", "seized"),
    [
        (("ns1.fbi.seized.gov", "ns2.fbi.seized.gov"), True),
        (("seizedservers.com",), True),
        (("ns1.fbi.seized.gov", "ns1.example.net"), False),
        (("ns1.unseized.gov",), False),
        (("seized.gov.example.net",), False),
        (("ns1.cirfu.net",), False),
        ((), False),
    ],
)
def test_all_servers_must_belong_to_them(hosts: tuple[str, ...], seized: bool) -> None:  # noqa: FBT001 - a table
    assert of_seizures(hosts) is seized
