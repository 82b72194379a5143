"""What is printed at the end: one row per figure, ours beside the peer's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times as much the peer took, pair by pair."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, ours: Sequence[float], peers: Sequence[float]) -> "Ratio":
        """Return it; each pair was measured one right after the other."""
        pairs = [peer / own for own, peer in zip(ours, peers, strict=True)]
        return cls(low=min(pairs), middle=median(pairs), high=max(pairs))

    def __str__(self) -> str:
        """Return lowest, median and highest; a single pair by itself."""
        if self.low == self.high:
            return f"{self.middle:.2f}x"
        return f"{self.low:.2f} / {self.middle:.2f} / {self.high:.2f}x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure."""

    id: str
    """Stable, for `--json`."""
    what: str
    unit: str
    ours: float
    peer: float | None = None
    ratio: Ratio | None = None
    bar: str = ""
    met: bool | None = None
    """None: no bar is set."""
    note: str = ""


def show(rows: Iterable[Row], console: Console) -> None:
    """Print the table."""
    table = Table(title="platform-monitor, measured", title_justify="left", show_lines=False)
    table.add_column("what")
    for heading in ("ours", "peer", "peer / ours"):
        table.add_column(heading, justify="right")
    for heading in ("bar", "", "note"):
        table.add_column(heading)
    for row in rows:
        table.add_row(
            row.what,
            _figure(row.ours, row.unit),
            "" if row.peer is None else _figure(row.peer, row.unit),
            str(row.ratio or ""),
            row.bar,
            "" if row.met is None else ("[green]met[/]" if row.met else "[bold red]missed[/]"),
            row.note,
        )
    console.print(table)


def _figure(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{digits}f} {unit}"


def as_json(row: Row) -> dict[str, Any]:
    """Return the row for machines; what does not apply is left out."""
    told: dict[str, Any] = {"id": row.id, "what": row.what, "unit": row.unit, "ours": row.ours}
    if row.peer is not None:
        told["peer"] = row.peer
    if row.ratio is not None:
        told["ratio"] = {"low": row.ratio.low, "median": row.ratio.middle, "high": row.ratio.high}
    if row.bar:
        told |= {"bar": row.bar, "met": row.met}
    if row.note:
        told["note"] = row.note
    return told
