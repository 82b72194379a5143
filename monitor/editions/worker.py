"""A process of its own that reads what was fetched and builds tables: seconds of work, and hostile input.

    python -m monitor.editions.worker < JOB

The job is JSON, of one of the `KINDS`; so is the answer: `{"rows": n}` or `{"error": "..."}`. It writes
nothing but `out`. Whoever started it kills it when it takes too long.
"""

import json
import os
import sys
import zlib
from pathlib import Path
from typing import Any, Final

from monitor.attribute import PublishedRanges, TableError
from monitor.attribute.build_as_table import build
from monitor.attribute.build_published import row
from monitor.attribute.published import Row, encode_rows
from monitor.attribute.table_file import encode
from monitor.editions.formats import FormatError, iptoasn, read

_GZIP: Final = b"\x1f\x8b"
# A few percent more bytes than the bundled table, in a tenth of the memory and of the time.
_PRESET: Final = 6


def unpacked(raw: bytes, most: int) -> bytes:
    """Return the bytes, unpacked where they are packed; raises FormatError when that is more than `most`."""
    if not raw.startswith(_GZIP):
        if len(raw) > most:
            message = f"has more than {most} bytes"
            raise FormatError(message)
        return raw
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(raw, most + 1)
    except zlib.error as error:
        message = f"cannot be unpacked: {error}"
        raise FormatError(message) from error
    if len(found) > most:
        message = f"unpacks to more than {most} bytes"
        raise FormatError(message)
    if not unpacker.eof:
        message = "is cut"
        raise FormatError(message)
    return found


def list_of(job: dict[str, Any]) -> tuple[int, bytes]:
    """Return how many ranges a publisher's files hold, and all of them as text: `prefix service`, sorted."""
    rows = {
        found
        for path in job["raw"]
        for found in read(job["format"], unpacked(Path(path).read_bytes(), job["most_unpacked"]))
    }
    text = "".join(f"{prefix} {service}".rstrip() + "\n" for prefix, service in sorted(rows))
    return len(rows), text.encode()


def as_table(job: dict[str, Any]) -> tuple[int, bytes]:
    """Return how many boundaries the AS table has, and its file."""
    (path,) = job["raw"]
    v4, v6 = iptoasn(unpacked(Path(path).read_bytes(), job["most_unpacked"]))
    columns = build(sorted(v4), sorted(v6), job["edition"])
    return len(columns.v4_starts) + len(columns.v6_starts), encode(columns, preset=_PRESET)


def published(job: dict[str, Any]) -> tuple[int, bytes]:
    """Return how many ranges there are, and their table: those of `base` where there is no list."""
    lists: dict[str, str] = job["lists"]
    base = PublishedRanges.load(Path(job["base"]))
    rows: list[Row] = [one for one in base.rows() if one[1] not in lists]
    for provider, path in sorted(lists.items()):
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            prefix, _, service = line.partition(" ")
            rows.append(row(prefix, provider, service))
    return len(rows), encode_rows(rows, job["edition"])


KINDS: Final = {"list": list_of, "as_table": as_table, "published": published}


def carry_out(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job; return the answer."""
    try:
        rows, content = KINDS[job["kind"]](job)
        with Path(job["out"]).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except (FormatError, TableError) as error:
        return {"error": str(error)}
    except UnicodeDecodeError:
        return {"error": "is no text"}
    except OSError as error:
        return {"error": f"{error.strerror or error}", "disk": True}
    except MemoryError:
        return {"error": "needs too much memory"}
    return {"rows": rows}


def main() -> None:
    """Carry out the job on standard input."""
    answer = carry_out(json.loads(sys.stdin.buffer.read()))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
