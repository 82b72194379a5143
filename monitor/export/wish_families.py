"""The metrics of what is wished of a target: read from what is remembered. Each stands in docs/metrics.md."""

from typing import Final

from monitor.export.exposition import Family, Kind
from monitor.export.families import Row
from monitor.model import TargetState


def _breached(label: str, state: TargetState) -> str:
    return "".join(
        f'platform_policy_breached{{{label},rule="{ruling.rule}"}} {0 if ruling.kept else 1}\n'
        for ruling in state.memory.rulings
        if ruling.kept is not None
    )


WISHES: Final[tuple[Row, ...]] = (
    Row(
        family=Family(
            name="platform_policy_breached",
            kind=Kind.GAUGE,
            help="1 while a rule of [targets.policy] is breached, 0 while it is kept; absent when not known.",
            labels=("target", "rule"),
        ),
        lines=_breached,
    ),
)
