"""`python -m tests.bench`: measure, and print a table. See docs/performance.md."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console

from tests.bench.measure import DEFAULT, QUICK, Size, memory, metrics, probes, schedule
from tests.bench.table import Row, as_json, show
from tests.bench.worker import BenchError

_PARTS: Final[dict[str, Callable[[Size], Iterator[Row]]]] = {
    "http": probes,
    "schedule": schedule,
    "metrics": metrics,
    "memory": memory,
}


def main() -> int:
    """Return the exit code: 0, or 1 when something could not be measured. A missed bar is only shown."""
    options = _options()
    err = Console(stderr=True, highlight=False)
    rows: list[Row] = []
    begun = time.monotonic()
    for name in options.only:
        err.print(f"measuring {name} …", style="dim")
        try:
            rows += _PARTS[name](QUICK if options.quick else DEFAULT)
        except BenchError as error:
            err.print(f"{name}: {error}", style="bold red", markup=False)
            return 1
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "seconds": round(time.monotonic() - begun),
    }
    if options.json:
        json.dump({"machine": machine, "rows": [as_json(row) for row in rows]}, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return 0
    out = Console(highlight=False, width=None if sys.stdout.isatty() else 180)
    show(rows, out)
    out.print(
        "{cores} cores, Python {python}, load {load} at the end, {seconds} s. CPU is user + system, from "
        "/proc; of the pairs: lowest, median, highest.".format(**machine),
        style="dim",
    )
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="tiny counts: whether it works, not how fast it is"
    )
    parser.add_argument("--only", type=_parts, default=list(_PARTS), help="some of: " + ",".join(_PARTS))
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    return parser.parse_args()


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    if unknown := [part for part in parts if part not in _PARTS]:
        message = f"no such part: {', '.join(unknown)}"
        raise argparse.ArgumentTypeError(message)
    return parts


if __name__ == "__main__":
    sys.exit(main())
