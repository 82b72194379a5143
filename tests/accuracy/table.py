"""What is printed: one row per field and group, the bars that were missed, the worst cases."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.accuracy.tally import Score, Tally, Verdict

_SHOWN = 160


def show(title: str, score: Score, order: Sequence[str], most: int, console: Console) -> None:
    """Print a table of counts and shares, and the worst cases below it."""
    table = Table(title=title, title_justify="left")
    for heading in ("field", "group"):
        table.add_column(heading)
    for heading in ("labelled", "right", "%", "missing", "%", "wrong", "%", "unlabelled", "disputed"):
        table.add_column(heading, justify="right")
    groups = score.groups(order)
    for field in score.fields:
        shown = [group for group in groups if (field, group) in score.tallies]
        for index, group in enumerate(shown):
            cells = _cells(score.tallies[field, group])
            table.add_row("" if index else field, group, *cells, end_section=index == len(shown) - 1)
    console.print(table)
    worst = score.worst(most)
    if worst:
        console.print(f"the worst cases, {most} at most:")
    for case in worst:
        # Replies are hostile: as Text nothing is markup, and names come cleaned out of the readers.
        line = (
            f"  {case.verdict:<10} {case.field:<12} {case.what}: expected {case.expected!r}, got {case.got!r}"
        )
        console.print(Text(line[:_SHOWN]), soft_wrap=True)


def _cells(tally: Tally) -> list[str]:
    cells = [str(tally.labelled)]
    for verdict in (Verdict.RIGHT, Verdict.MISSING, Verdict.WRONG):
        cells += [str(tally.counts[verdict]), f"{tally.share(verdict):.2%}" if tally.labelled else ""]
    return cells + [str(tally.counts[verdict] or "") for verdict in (Verdict.UNLABELLED, Verdict.DISPUTED)]
