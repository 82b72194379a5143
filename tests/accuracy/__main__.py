"""`python -m tests.accuracy CORPUS...`: what the registration readers and the attribution get right.

Runs the code that the daemon runs over labelled corpora (JSONL, see `corpus.py`) and prints per field and
class of top-level domain what is right, missing and wrong. Exit code 1: a bar is missed; 2: no corpus.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from tests.accuracy import addresses, replies
from tests.accuracy.corpus import AddressRow, CorpusError, ReplyRow, read
from tests.accuracy.table import show
from tests.accuracy.tally import Bar, Score

_OK: Final = 0
_MISSED: Final = 1
_USAGE: Final = 2


def main() -> int:
    """Return the exit code."""
    options = _options()
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    if not options.corpus:
        err.print(
            "no corpus: name JSONL files of labelled replies or addresses (make accuracy CORPUS='FILE ...')"
        )
        return _USAGE
    try:
        rows = [row for path in options.corpus for row in read(path)]
    except CorpusError as error:
        err.print(str(error), markup=False)
        return _USAGE
    parts = [
        part
        for part in (
            _of_replies([row for row in rows if isinstance(row, ReplyRow)], strict=options.strict),
            _of_addresses([row for row in rows if isinstance(row, AddressRow)]),
        )
        if part is not None
    ]
    missed = [] if options.no_bars else [text for *_, score, bars in parts for text in score.missed(bars)]
    if options.json:
        told: dict[str, Any] = {title: score.as_json(options.most) for title, _, score, _ in parts}
        json.dump(told | {"missed": missed}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        out = Console(highlight=False, width=None if sys.stdout.isatty() else 150)
        for title, order, score, _ in parts:
            show(title, score, order, options.most, out)
        for text in missed:
            out.print(f"missed: {text}", markup=False)
    return _MISSED if missed else _OK


_Part = tuple[str, Sequence[str], Score, Sequence[Bar]]


def _of_replies(rows: list[ReplyRow], *, strict: bool) -> _Part | None:
    if not rows:
        return None
    begun = time.monotonic()
    score = Score(asyncio.run(replies.measure(rows, strict=strict)))
    each_ms = (time.monotonic() - begun) / len(rows) * 1000
    title = f"registration: {len(rows)} replies, {each_ms:.1f} ms each"
    return title, replies.GROUPS, score, replies.BARS


def _of_addresses(rows: list[AddressRow]) -> _Part | None:
    if not rows:
        return None
    return f"network: {len(rows)} addresses", addresses.GROUPS, Score(addresses.measure(rows)), addresses.BARS


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy", description=__doc__)
    parser.add_argument("corpus", nargs="*", type=Path, help="JSONL files of labelled rows")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--most", type=int, default=20, metavar="N", help="worst cases shown (20)")
    parser.add_argument(
        "--strict", action="store_true", help="believe labels that the reply contradicts (see disputes.py)"
    )
    parser.add_argument("--no-bars", action="store_true", help="exit 0 whatever was measured")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
