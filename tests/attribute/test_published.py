"""Published ranges: what a provider says is its own, before who announces it."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.attribute import (
    AsTable,
    Atlas,
    Attributor,
    Block,
    Catalog,
    PublishedRange,
    PublishedRanges,
    TableError,
)
from monitor.attribute.build_published import read, row
from monitor.attribute.domains import Domains
from monitor.attribute.published import columns_of, encode_rows
from monitor.attribute.rules import Rules

ROWS = [
    ("52.84.0.0/15", "amazon", "CloudFront", True),
    ("52.84.0.0/15", "amazon", "", False),
    ("52.85.1.0/24", "amazon", "", False),
    ("52.0.0.0/8", "amazon", "", False),
    ("52.99.7.1/32", "gcore", "CDN", True),
    ("2600:9000::/28", "amazon", "CloudFront", True),
]


@pytest.fixture(scope="module")
def published() -> PublishedRanges:
    return PublishedRanges.of(ROWS, "test")


@pytest.fixture(scope="module")
def bundled() -> Atlas:
    return Atlas.bundled()


def rules(atlas: Atlas, catalog: Catalog) -> Rules:
    return Rules(catalog, atlas, Domains())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("52.84.3.4", ("amazon", "CloudFront", "52.84.0.0/15", True)),
        ("::ffff:52.84.3.4", ("amazon", "CloudFront", "52.84.0.0/15", True)),
        ("52.85.1.1", ("amazon", "CloudFront", "52.84.0.0/15", True)),
        ("52.86.0.0", ("amazon", "", "52.0.0.0/8", False)),
        ("52.99.7.1", ("gcore", "CDN", "52.99.7.1/32", True)),
        ("52.99.7.2", ("amazon", "", "52.0.0.0/8", False)),
        ("2600:9000:1::1", ("amazon", "CloudFront", "2600:9000::/28", True)),
    ],
)
def test_the_narrowest_range_and_the_named_service_win(
    published: PublishedRanges, address: str, expected: tuple[str, str, str, bool]
) -> None:
    found = published.lookup(address)
    assert found is not None
    assert (found.provider, found.service, found.prefix, found.edge) == expected
    assert found.source == "published ranges test"


@pytest.mark.parametrize(
    "text", ["51.255.255.255", "53.0.0.0", "2600:9010::", "::", "", "x", "1.2.3", "52.84.3.4.5"]
)
def test_outside_there_is_nothing(published: PublishedRanges, text: str) -> None:
    assert published.lookup(text) is None


def test_what_two_providers_publish_alike_belongs_to_neither() -> None:
    table = PublishedRanges.of([("192.0.2.0/24", "a", "", False), ("192.0.2.0/24", "b", "", False)], "t")
    assert table.lookup("192.0.2.1") is None


@pytest.mark.parametrize("prefix", ["192.0.2.1/24", "192.0.2.0/33", "x", ""])
def test_a_row_that_is_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(TableError, match="is no prefix"):
        PublishedRanges.of([(prefix, "a", "", False)], "t")


@settings(deadline=None)
@given(st.permutations(ROWS))
def test_the_order_of_the_rows_does_not_matter(rows: list[tuple[str, str, str, bool]]) -> None:
    assert columns_of(rows, "t") == columns_of(ROWS, "t")


def test_equal_rows_give_equal_bytes() -> None:
    assert encode_rows(ROWS, "t") == encode_rows(ROWS[::-1], "t")


def test_a_file_keeps_every_row(tmp_path: Path, published: PublishedRanges) -> None:
    path = tmp_path / "ranges.bin"
    path.write_bytes(encode_rows(ROWS, "test"))
    loaded = PublishedRanges.load(path)
    for address in ("52.84.3.4", "52.99.7.1", "52.1.1.1", "2600:9000::1", "9.9.9.9"):
        assert loaded.lookup(address) == published.lookup(address)


@pytest.mark.parametrize("cut", [0, 10, 60, 150, -1])
def test_a_damaged_file_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "ranges.bin"
    path.write_bytes(encode_rows(ROWS, "test")[:cut])
    with pytest.raises(TableError, match=r"ranges\.bin"):
        PublishedRanges.load(path)


def test_an_as_table_is_no_table_of_ranges(tmp_path: Path) -> None:
    path = tmp_path / "as-table.bin"
    path.write_bytes(b"platform-monitor AS table 1\n{}")
    with pytest.raises(TableError, match="not a table of published ranges of this version"):
        PublishedRanges.load(path)


def test_the_build_script_reads_lists(tmp_path: Path) -> None:
    (tmp_path / "gcore.txt").write_text("# nodes\n80.15.251.1\n172.31.0.7/32\n")
    (tmp_path / "cloud.txt").write_text("52.84.0.0/15 amazon CLOUDFRONT\n52.0.0.0/8 amazon S3  # a store\n")
    out = tmp_path / "out.bin"
    command = [sys.executable, "-m", "monitor.attribute.build_published", "gcore.txt", "cloud.txt"]
    done = subprocess.run(
        [*command, "--out", str(out), "--edition", "2026-10-26"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "3 ranges" in done.stdout
    table = PublishedRanges.load(out)
    assert table.lookup("80.15.251.1") == PublishedRange(
        provider="gcore", service="CDN", prefix="80.15.251.1/32", edge=True
    )
    assert table.lookup("52.84.0.1") == PublishedRange(
        provider="amazon", service="CloudFront", prefix="52.84.0.0/15", edge=True
    )
    assert table.lookup("52.1.0.1") == PublishedRange(
        provider="amazon", service="", prefix="52.0.0.0/8", edge=False
    )
    assert table.lookup("172.31.0.7") is None  # private space is nobody's


def test_a_list_with_a_mistake_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("192.0.2.0/24\n192.0.2.1/24\n")
    with pytest.raises(TableError, match=r"x\.txt:2: "):
        list(read(path))


def test_cloudfront_is_an_edge_and_the_store_beside_it_is_not() -> None:
    assert row("52.84.0.0/15", "amazon", "CLOUDFRONT") == ("52.84.0.0/15", "amazon", "CloudFront", True)
    assert row("52.92.0.0/20", "amazon", "S3") == ("52.92.0.0/20", "amazon", "", False)


def test_the_bundled_ranges_name_providers_of_the_catalog(bundled: Atlas, catalog: Catalog) -> None:
    assert bundled.published.providers <= set(catalog.entries)
    assert bundled.published.edition == "2026-10-26"
    assert bundled.published.size > 20_000


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("52.84.3.4", ("amazon", "published range 52.84.0.0/15 (CloudFront)", True)),
        ("80.15.251.1", ("gcore", "published range 80.15.251.1/32 (CDN)", True)),
        ("104.16.1.1", ("cloudflare", "published range 104.16.0.0/13", True)),
        ("2606:4700::1", ("cloudflare", "published range 2606:4700::/32", True)),
        ("52.80.0.1", ("amazon", "published range 52.80.0.0/16", False)),
        ("190.115.31.151", ("iqweb", "AS59692", False)),
    ],
)
def test_the_published_range_comes_first(
    bundled: Atlas, catalog: Catalog, address: str, expected: tuple[str, str, bool]
) -> None:
    finding, is_edge = rules(bundled, catalog).address(address)
    assert finding is not None
    assert (finding[0].id, finding[1].rule, is_edge) == expected
    assert "2026-" in finding[1].source


def test_a_provider_that_the_catalog_does_without_is_not_guessed(published: PublishedRanges) -> None:
    catalog = Catalog((), "none")
    finding, edge = rules(Atlas(AsTable.of((), "t"), published), catalog).address("52.99.7.1")
    assert finding is not None
    assert (finding[0].id, finding[0].cataloged, edge) == ("publisher:gcore", False, True)


class _OneBlock:
    def find(self, address: str) -> Block | None:
        del address
        return Block(
            prefix="192.0.2.0/24",
            organisation="net:example",
            name="Example",
            source="RDAP rdap.test, 2026-11-24",
        )


def test_a_block_is_asked_only_about_what_no_table_knows(
    published: PublishedRanges, catalog: Catalog
) -> None:
    table = AsTable.of([("198.51.100.0/24", 64500, "HERE")], "t")
    atlas = Atlas(table, published).asking(_OneBlock())
    known, _ = rules(atlas, catalog).address("198.51.100.1")
    assert known is not None
    assert known[0].id == "as64500"
    other, edge = rules(atlas, catalog).address("192.0.2.1")
    assert other is not None
    assert (other[0].id, other[0].cataloged, edge) == ("net:example", False, False)
    assert other[1].rule == "address block 192.0.2.0/24"
    assert other[1].source == "RDAP rdap.test, 2026-11-24"
    assert atlas.lookup("no address") is None


def test_an_attributor_takes_an_atlas(bundled: Atlas, catalog: Catalog) -> None:
    assert Attributor(catalog, bundled) is not None
