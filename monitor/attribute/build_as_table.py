"""Build the bundled AS table from two CSV files of ranges.

    python -m monitor.attribute.build_as_table asn-ipv4-num.csv asn-ipv6-num.csv \
        monitor/attribute/data/as-table.bin --edition 2026-06-17

Input: `first,last,AS number,name` with decimal addresses, as published by ip-location-db. The
output depends on the input only. Where two ranges overlap without one containing the other, the
one that begins first keeps what both claim.
"""

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from monitor.attribute.table_file import Columns, TableError, encode, ranges

Row = tuple[int, int, int, str]


def read(path: Path, *, bits: int) -> list[Row]:
    """Return the rows of one file in order; raises TableError with the line, OSError."""
    rows: list[Row] = []
    with path.open(encoding="utf-8", newline="") as source:
        for number, fields in enumerate(csv.reader(source), 1):
            try:
                first, last, asn, name = fields
                row = int(first), int(last), int(asn), " ".join(name.split())
            except ValueError as error:
                message = f"{path}:{number}: expected first,last,AS number,name"
                raise TableError(message) from error
            if not 0 <= row[0] <= row[1] < 1 << bits or not 0 < row[2] < 1 << 32:
                message = f"{path}:{number}: the range or the AS number is out of bounds"
                raise TableError(message)
            rows.append(row)
    return sorted(rows)


def build(v4: list[Row], v6: list[Row], edition: str) -> Columns:
    """Return the table of sorted rows."""
    named = {asn: name for _, _, asn, name in (*v6, *v4)}
    numbers = sorted(named)
    owner = {asn: index for index, asn in enumerate(numbers, 1)}
    v4_starts, v4_owners = ranges(_disjoint(v4, owner), bits=32)
    v6_starts, v6_owners = ranges(_disjoint(v6, owner), bits=128)
    return Columns(
        edition=edition,
        v4_starts=v4_starts,
        v4_owners=v4_owners,
        v6_starts=v6_starts,
        v6_owners=v6_owners,
        numbers=numbers,
        names=[named[asn] for asn in numbers],
    )


def _disjoint(rows: list[Row], owner: dict[int, int]) -> Iterator[tuple[int, int, int]]:
    free = 0
    for first, last, asn, _ in rows:
        if last >= free:
            yield max(first, free), last, owner[asn]
            free = last + 1


def main() -> None:
    """Build the table that the command line asks for."""
    parser = argparse.ArgumentParser(description="Build an AS table from two CSV files of ranges.")
    parser.add_argument("v4", type=Path, metavar="SRC4", help="ranges of IPv4, decimal")
    parser.add_argument("v6", type=Path, metavar="SRC6", help="ranges of IPv6, decimal")
    parser.add_argument("out", type=Path, metavar="OUT", help="file to write")
    parser.add_argument("--edition", required=True, help="date of the data, YYYY-MM-DD")
    options = parser.parse_args()
    try:
        table = build(read(options.v4, bits=32), read(options.v6, bits=128), options.edition)
    except (OSError, TableError) as error:
        sys.exit(str(error))
    raw = encode(table)
    options.out.write_bytes(raw)
    sys.stdout.write(
        f"{options.out}: {len(table.v4_starts)} + {len(table.v6_starts)} boundaries, "
        f"{len(table.numbers)} networks, {len(raw)} bytes\n"
    )


if __name__ == "__main__":
    main()
