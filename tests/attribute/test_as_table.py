import csv
import lzma
import subprocess
import sys
import time
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.attribute import AsTable, Network, TableError
from monitor.attribute.build_as_table import build, read
from monitor.attribute.table_file import MAGIC, Columns, decode, encode, ranges

SMALL = [
    ("10.0.0.0/8", 64500, "Wide"),
    ("10.1.0.0/16", 64501, "Narrow"),
    ("10.1.2.3/32", 64502, "One address"),
    ("0.0.0.0/32", 64503, "First"),
    ("255.255.255.255/32", 64504, "Last"),
    ("2001:db8::/32", 64505, "Six"),
    ("2001:db8::1/128", 64506, "Below half"),
    ("ffff::/16", 64507, "End of six"),
]


@pytest.mark.parametrize(
    ("address", "asn"),
    [
        ("10.0.0.0", 64500),
        ("10.0.255.255", 64500),
        ("10.1.0.0", 64501),
        ("10.1.2.2", 64501),
        ("10.1.2.3", 64502),
        ("10.1.2.4", 64501),
        ("10.2.0.0", 64500),
        ("10.255.255.255", 64500),
        ("11.0.0.0", None),
        ("9.255.255.255", None),
        ("0.0.0.0", 64503),
        ("0.0.0.1", None),
        ("255.255.255.255", 64504),
        ("::ffff:10.1.2.3", 64502),
        ("::ffff:0a01:0203", 64502),
        ("::10.1.2.3", None),
        ("2001:db8::", 64505),
        ("2001:db8::1", 64506),
        ("2001:DB8::2", 64505),
        ("2001:db9::", None),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 64507),
        ("::", None),
    ],
)
def test_the_longest_prefix_wins(address: str, asn: int | None) -> None:
    network = AsTable.of(SMALL, "test").lookup(address)
    assert (network.asn if network else None) == asn


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "example.org", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "1.2.3.4/32", "256.1.1.1"],
        *[":::", "::1%eth0", "[::1]", "\0", "1.2.3.4\0", "\ud800", "1" * 10_000],
        "\u0661.2.3.4",  # a digit to int(), not to an address
    ],
)
def test_what_is_no_address_has_no_network(as_table: AsTable, text: str) -> None:
    assert as_table.lookup(text) is None


@given(st.text() | st.from_regex(r"[0-9a-f:.]{0,45}"))
def test_lookup_never_raises(text: str) -> None:
    AsTable.of(SMALL, "test").lookup(text)


V4_PREFIX = st.builds(
    lambda value, length: ip_network((value, length), strict=False),
    st.integers(0, 2**32 - 1).map(IPv4Address),
    st.integers(0, 32),
)
V6_PREFIX = st.builds(
    lambda value, length: ip_network((value, length), strict=False),
    st.integers(0, 2**128 - 1).map(IPv6Address),
    st.integers(0, 128),
)
FEW = st.sampled_from(
    [ip_network(f"10.{a}.0.0/{length}", strict=False) for a in range(4) for length in (8, 14, 16, 17)]
)


@given(
    st.lists(
        st.tuples(V4_PREFIX | V6_PREFIX | FEW, st.integers(1, 5)), unique_by=lambda row: row[0], max_size=12
    ),
    st.lists(
        st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address), max_size=5
    ),
)
def test_it_agrees_with_a_naive_search(rows: list, strangers: list) -> None:
    table = AsTable.of([(str(prefix), asn, f"n{asn}") for prefix, asn in rows], "test")
    edges = [ip for prefix, _ in rows for ip in (prefix[0], prefix[-1])]
    beside = [ip + step for ip in edges for step in (-1, 1) if 0 <= int(ip) + step < 2**ip.max_prefixlen]
    for address in edges + beside + strangers:
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        wanted = mapped or address
        around = [(p.prefixlen, asn) for p, asn in rows if p.version == wanted.version and wanted in p]
        expected = Network(asn=max(around)[1], name=f"n{max(around)[1]}") if around else None
        assert table.lookup(str(address)) == expected


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("10.0.0.1/8", 1, "x"), "'10.0.0.1/8' is no prefix: 10.0.0.1/8 has host bits set"),
        (("nonsense", 1, "x"), "'nonsense' is no prefix: "),
        (("10.0.0.0/9", 0, "x"), "10.0.0.0/9: 0 is no AS number"),
        (("10.0.0.0/9", 2**32, "x"), "10.0.0.0/9: 4294967296 is no AS number"),
        (("10.0.0.0/8", 2, "x"), "10.0.0.0/8: stands in the table twice"),
    ],
)
def test_a_wrong_row_is_refused(row: tuple[str, int, str], message: str) -> None:
    with pytest.raises(TableError) as caught:
        AsTable.of([*SMALL, row], "test")
    assert str(caught.value).startswith(message)


def test_an_empty_table_knows_nothing() -> None:
    table = AsTable.of([], "empty")
    assert table.lookup("10.0.0.1") is None
    assert table.lookup("::1") is None


def columns() -> Columns:
    v4_starts, v4_owners = ranges([(5, 9, 1), (2**32 - 1, 2**32 - 1, 2)], bits=32)
    v6_starts, v6_owners = ranges([(2**64 + 1, 2**128 - 1, 2)], bits=128)
    return Columns(
        edition="2026-01-02",
        v4_starts=v4_starts,
        v4_owners=v4_owners,
        v6_starts=v6_starts,
        v6_owners=v6_owners,
        numbers=[64500, 2**32 - 1],
        names=["Ä", "B"],
    )


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "table.bin"
    path.write_bytes(encode(columns()))
    table = AsTable.load(path)
    assert table.edition == "2026-01-02"
    assert table.lookup("0.0.0.5") == Network(asn=64500, name="Ä")
    assert table.lookup("0.0.0.10") is None
    assert table.lookup("255.255.255.255") == Network(asn=2**32 - 1, name="B")
    assert table.lookup("::1:0:0:0:0") is None
    assert table.lookup("::1:0:0:0:1") == Network(asn=2**32 - 1, name="B")
    assert encode(columns()) == path.read_bytes()


def test_an_empty_table_has_a_file_too() -> None:
    empty = Columns(
        edition="e", v4_starts=[0], v4_owners=[0], v6_starts=[0], v6_owners=[0], numbers=[], names=[]
    )
    assert AsTable(decode(encode(empty))).lookup("1.2.3.4") is None


GOOD = encode(columns())
HEADER, CHECKSUM, PACKED = GOOD[len(MAGIC) :].split(b"\n", 2)
UPPER_HALF = MAGIC + HEADER + b"\n" + CHECKSUM + b"\n"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not an AS table of this version"),
        (b"MMDB", "not an AS table of this version"),
        (GOOD.replace(b"table 1", b"table 2"), "not an AS table of this version"),
        (MAGIC, "the header is not readable"),
        (MAGIC + b"[]\n", "the header is not readable"),
        (GOOD.replace(b'"v4": 4', b'"v4": -4'), "the header is not readable"),
        (GOOD.replace(b'"v4": 4', b'"v4": 4e9'), "the header is not readable"),
        (GOOD.replace(b'"v4": 4', b'"v4": 9'), "the data is damaged"),
        (GOOD.replace(b"2026-01-02", b"2026-01-03"), "the data is damaged"),
        (GOOD[:-20], "the data is cut"),
        (UPPER_HALF + b"x" * 50, "the data is damaged"),
        (UPPER_HALF, "the data is cut"),
        (UPPER_HALF + lzma.compress(bytes(10**6)), "the data is cut"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "table.bin"
    path.write_bytes(raw)
    with pytest.raises(TableError) as caught:
        AsTable.load(path)
    assert str(caught.value) == f"{path}: {message}"


def test_every_damaged_byte_is_noticed() -> None:
    for position in range(len(GOOD)):
        broken = GOOD[:position] + bytes([GOOD[position] ^ 0x55]) + GOOD[position + 1 :]
        with pytest.raises(TableError):
            decode(broken)


def test_the_script_builds_the_same_bytes_each_time(tmp_path: Path) -> None:
    rows4 = [["16777216", "16777471", "64500", "One,  Inc."], ["16777400", "16777600", "64501", "Two"]]
    rows6 = [[str(2**100), str(2**100 + 5), "64500", "One,  Inc."]]
    for name, rows in (("4.csv", rows4), ("6.csv", rows6)):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    outs = [tmp_path / "a.bin", tmp_path / "b.bin"]
    for out in outs:
        command = [sys.executable, "-m", "monitor.attribute.build_as_table", "4.csv", "6.csv", str(out)]
        done = subprocess.run(
            [*command, "--edition", "2026-06-17"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert "2 networks" in done.stdout
    assert outs[0].read_bytes() == outs[1].read_bytes()
    table = AsTable.load(outs[0])
    assert table.lookup("1.0.0.255") == Network(asn=64500, name="One, Inc.")
    assert table.lookup("1.0.1.0") == Network(asn=64501, name="Two")
    assert table.lookup(str(ip_address(2**100 + 5))) == Network(asn=64500, name="One, Inc.")


@pytest.mark.parametrize("line", ["1,2,3", "a,2,3,x", "2,1,3,x", "0,1,0,x", f"0,{2**32},1,x", "0,1,-1,x"])
def test_the_script_names_the_line_that_is_wrong(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"0,1,2,x\n{line}\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"rows\.csv:2: "):
        read(path, bits=32)


def test_a_range_inside_an_earlier_one_gives_way() -> None:
    """The source promises disjoint ranges; where it errs, the result is still one owner per address."""
    table = AsTable(build([(0, 9, 1, "a"), (5, 7, 2, "b"), (8, 12, 3, "c")], [], "e"))
    owners = [network.asn if network else None for network in (table.lookup(f"0.0.0.{i}") for i in range(14))]
    assert owners == [1] * 10 + [3] * 3 + [None]


def test_the_bundled_table_knows_the_internet(as_table: AsTable) -> None:
    for address, asn in {"1.1.1.1": 13335, "8.8.8.8": 15169, "2606:4700:4700::1111": 13335}.items():
        network = as_table.lookup(address)
        assert network is not None
        assert network.asn == asn
    assert as_table.lookup("127.0.0.1") is None
    assert as_table.lookup("::1") is None
    assert as_table.edition == "2026-06-17"


def test_equal_networks_are_one_object(as_table: AsTable) -> None:
    assert as_table.lookup("1.1.1.1") is as_table.lookup("1.0.0.1")


@pytest.mark.full
def test_loading_and_looking_up_are_fast() -> None:
    """Bars with room for a slow machine: the aims are 0.6 s and 500,000 a second."""
    begun = time.perf_counter()
    table = AsTable.bundled()
    assert time.perf_counter() - begun < 3
    addresses = [f"{i % 223 + 1}.{i % 251}.{i % 241}.7" for i in range(50_000)]
    begun = time.perf_counter()
    for address in addresses:
        table.lookup(address)
    assert time.perf_counter() - begun < 0.5
