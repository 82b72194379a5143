"""Build the bundled table of published ranges from text files.

    python -m monitor.attribute.build_published monitor/attribute/data/lists/*.txt cloudip.txt \
        --out monitor/attribute/data/published-ranges.bin --edition 2026-10-26

A line is `prefix`, or `prefix provider` or `prefix provider service words`; without a provider it is
the name of the file. `#` begins a comment. Where the lists come from stands in data/NOTICE.md. The
output depends on the rows only.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from monitor.attribute.published import Row, encode_rows
from monitor.attribute.table_file import TableError

# Whatever answers from these is a proxy in front of something else; the others are rented out, too.
EDGES: Final = frozenset(
    {
        ("amazon", "CloudFront"),
        ("cloudflare", ""),
        ("fastly", ""),
        ("gcore", "CDN"),
        ("imperva", ""),
        ("microsoft", "Front Door"),
    }
)
_SERVICE: Final = {"gcore": "CDN"}
# Of a list that names single services, those that change who stands behind an address.
_NAMED: Final = {
    ("amazon", "CLOUDFRONT"): "CloudFront",
    ("microsoft", "AZUREFRONTDOOR.FRONTEND"): "Front Door",
    ("microsoft", "AZUREFRONTDOOR.FIRSTPARTY"): "Front Door",
}


def row(prefix: str, provider: str, service: str = "") -> Row:
    """Return a row; `service` as the provider's own list writes it. A service of no interest is left out."""
    known = _NAMED.get((provider, service)) or (service if (provider, service) in EDGES else "")
    named = known or _SERVICE.get(provider, "")
    return prefix, provider, named, (provider, named) in EDGES


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of a file; raises TableError with the line, OSError. Private space is left out."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.partition("#")[0].split(maxsplit=2)
        if not text:
            continue
        prefix, provider, service = (*text, "", "")[:3]
        try:
            network = ip_network(prefix)
        except ValueError as error:
            message = f"{path}:{number}: {error}"
            raise TableError(message) from error
        if network.is_global:
            yield row(str(network), provider or path.stem, service)


def rows(paths: Iterable[Path]) -> list[Row]:
    """Return the rows of all files; raises TableError, OSError."""
    return [one for path in paths for one in read(path)]


def main() -> None:
    """Build the table that the command line asks for."""
    parser = argparse.ArgumentParser(description="Build the table of published ranges from text files.")
    parser.add_argument("lists", type=Path, nargs="+", metavar="FILE", help="ranges, one a line")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    parser.add_argument("--edition", required=True, help="date of the data, YYYY-MM-DD")
    options = parser.parse_args()
    try:
        found = rows(options.lists)
        raw = encode_rows(found, options.edition)
    except (OSError, TableError) as error:
        sys.exit(str(error))
    options.out.write_bytes(raw)
    sys.stdout.write(f"{options.out}: {len(found)} ranges, {len(raw)} bytes\n")


if __name__ == "__main__":
    main()
