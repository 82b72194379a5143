r"""The file format of an AS table, and of published ranges: columns that compress well and load fast.

    platform-monitor AS table 1\n (or: platform-monitor published ranges 1\n)
    {"edition": ..., "v4": rows, "v6": rows, "networks": n, "bytes": n}\n
    SHA-256 of the line above and the payload, hexadecimal\n
    XZ stream of the payload

Payload, little-endian, without padding: for IPv4 the distance of each boundary from the one
before (u32), then the owner of the range that begins there (u32, 0: nobody); for IPv6 the high
halves (u64), the low halves (u64) of such distances, then the owners (u32); then the AS numbers
(u32); then their names, one a line, UTF-8. Owner `i` is the `i`-th AS number, counted from 1.

Of published ranges the numbers are lengths of prefixes, and a name is `<provider>|<service>|<edge>`: an
owner says which kind of row it is, and with the address which one.
"""

import hashlib
import json
import lzma
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

MAGIC: Final = b"platform-monitor AS table 1\n"
PUBLISHED_MAGIC: Final = b"platform-monitor published ranges 1\n"
_LOW: Final = (1 << 64) - 1
_MOST_BYTES: Final = 256 * 1024 * 1024


class TableError(ValueError):
    """A table of addresses cannot be read or built; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The content of a table. Boundaries rise from 0; a range ends where the next one begins."""

    edition: str
    v4_starts: Sequence[int]
    v4_owners: Sequence[int]
    v6_starts: Sequence[int]
    v6_owners: Sequence[int]
    numbers: Sequence[int]
    names: Sequence[str]


def ranges(rows: Iterable[tuple[int, int, int]], *, bits: int) -> tuple[list[int], list[int]]:
    """Return boundaries and owners of `(first, last, owner)` rows that are disjoint or nested.

    The narrower row owns what two cover; owner 0 fills the gaps.
    """
    starts, owners = [0], [0]

    def begin(start: int, owner: int) -> None:
        if starts[-1] == start:
            owners[-1] = owner
        elif owners[-1] != owner:
            starts.append(start)
            owners.append(owner)

    around: list[tuple[int, int]] = []

    def close_before(start: int) -> None:
        while around and around[-1][0] < start:
            last, _ = around.pop()
            begin(last + 1, around[-1][1] if around else 0)

    for first, last, owner in sorted(rows, key=lambda row: (row[0], -row[1])):
        close_before(first)
        begin(first, owner)
        around.append((last, owner))
    close_before(1 << bits)
    if len(starts) > 1 and starts[-1] >> bits:
        starts.pop()
        owners.pop()
    return starts, owners


def encode(columns: Columns, magic: bytes = MAGIC, *, preset: int = 9 | lzma.PRESET_EXTREME) -> bytes:
    """Return the file; equal columns give equal bytes. `preset`: of XZ."""
    v6_steps = list(_steps(columns.v6_starts))
    payload = b"".join(
        [
            _little("I", _steps(columns.v4_starts)),
            _little("I", columns.v4_owners),
            _little("Q", (step >> 64 for step in v6_steps)),
            _little("Q", (step & _LOW for step in v6_steps)),
            _little("I", columns.v6_owners),
            _little("I", columns.numbers),
            "\n".join(columns.names).encode(),
        ]
    )
    header = {
        "edition": columns.edition,
        "v4": len(columns.v4_starts),
        "v6": len(columns.v6_starts),
        "networks": len(columns.numbers),
        "bytes": len(payload),
    }
    line = json.dumps(header).encode()
    packed = lzma.compress(payload, preset=preset)
    return magic + b"\n".join([line, _checksum(line, payload), packed])


def decode(raw: bytes, magic: bytes = MAGIC) -> Columns:
    """Return the content of a file; raises TableError when it is cut, changed or no such file."""
    if not raw.startswith(magic):
        kind = magic.decode().strip().removeprefix("platform-monitor ").rpartition(" ")[0]
        message = f"not {'an' if kind[0] in 'aA' else 'a table of'} {kind} of this version"
        raise TableError(message)
    line, _, rest = raw[len(magic) :].partition(b"\n")
    checksum, _, packed = rest.partition(b"\n")
    header = _header(line)
    payload = _unpack(packed, header["bytes"])
    if _checksum(line, payload) != checksum:
        message = "the data is damaged"
        raise TableError(message)
    v4, v6, networks = header["v4"], header["v6"], header["networks"]
    take = _reader(payload)
    v4_starts = array("I", accumulate(take("I", v4)))
    v4_owners = take("I", v4)
    v6_high, v6_low = take("Q", v6), take("Q", v6)
    v6_starts = list(accumulate((high << 64) | low for high, low in zip(v6_high, v6_low, strict=True)))
    v6_owners = take("I", v6)
    numbers = take("I", networks)
    names = payload[8 * v4 + 20 * v6 + 4 * networks :].decode().split("\n")
    return Columns(
        edition=header["edition"],
        v4_starts=v4_starts,
        v4_owners=v4_owners,
        v6_starts=v6_starts,
        v6_owners=v6_owners,
        numbers=numbers,
        names=names,
    )


def _header(line: bytes) -> dict[str, Any]:
    shape = {"edition": str, "v4": int, "v6": int, "networks": int, "bytes": int}
    try:
        header = json.loads(line)
        right = all(type(header[key]) is kind for key, kind in shape.items())
    except (ValueError, KeyError, TypeError) as error:
        message = "the header is not readable"
        raise TableError(message) from error
    counts = [header[key] for key, kind in shape.items() if kind is int] if right else [-1]
    if min(counts) < 0 or max(counts) > _MOST_BYTES:
        message = "the header is not readable"
        raise TableError(message)
    return dict(header)


def _checksum(line: bytes, payload: bytes) -> bytes:
    return hashlib.sha256(line + b"\n" + payload).hexdigest().encode()


def _unpack(packed: bytes, size: int) -> bytes:
    unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_XZ)
    try:
        # One byte more than promised is enough to see that there is too much.
        payload = unpacker.decompress(packed, max_length=size + 1)
    except (lzma.LZMAError, EOFError) as error:
        message = "the data is damaged"
        raise TableError(message) from error
    if len(payload) != size or not unpacker.eof:
        message = "the data is cut"
        raise TableError(message)
    return payload


def _reader(payload: bytes) -> "Callable[[str, int], array[int]]":
    position = 0

    def take(code: str, count: int) -> "array[int]":
        nonlocal position
        column = array(code)
        end = position + count * column.itemsize
        column.frombytes(payload[position:end])
        position = end
        if sys.byteorder == "big":
            column.byteswap()
        return column

    return take


def _steps(starts: Sequence[int]) -> Iterator[int]:
    before = 0
    for start in starts:
        yield start - before
        before = start


def _little(code: str, values: Iterable[int]) -> bytes:
    column = array(code, values)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()
