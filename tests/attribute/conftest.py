"""What attribution is tested with. Loaded once: both are read-only."""

import pytest

from monitor.attribute import AsTable, Attributor, Catalog


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.bundled()


@pytest.fixture(scope="session")
def as_table() -> AsTable:
    return AsTable.bundled()


@pytest.fixture(scope="session")
def networks_2021() -> AsTable:
    """Build the table of a scenario: the internet around Parler in January 2021, and some made-up space."""
    return AsTable.of(
        [
            ("52.0.0.0/8", 16509, "AMAZON-02"),
            ("190.115.16.0/20", 262254, "DDOS-GUARD CORP."),
            ("186.2.160.0/20", 57724, "DDOS-GUARD LTD"),
            ("104.16.0.0/12", 13335, "CLOUDFLARENET"),
            ("2606:4700::/32", 13335, "CLOUDFLARENET"),
            ("198.51.100.0/24", 64500, "Example Hosting"),
            ("203.0.113.0/24", 64501, "  "),
        ],
        edition="2021-01",
    )


@pytest.fixture(scope="session")
def attributor(catalog: Catalog, networks_2021: AsTable) -> Attributor:
    return Attributor(catalog, networks_2021)
