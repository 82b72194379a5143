"""The metrics of what is wished of a target, and of early signs. Each stands in docs/metrics.md."""

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


def _signs(label: str, state: TargetState) -> str:
    names = dict.fromkeys(one.sign for one in state.memory.early_signs if one.noticed)
    return "".join(f'platform_sign_active{{{label},sign="{name}"}} 1\n' for name in names)


WISHES: Final[tuple[Row, ...]] = (
    Row(
        family=Family(
            name="platform_sign_active",
            kind=Kind.GAUGE,
            help="1 while an early sign stands: what may come before a move, a hijack or an outage.",
            labels=("target", "sign"),
        ),
        lines=_signs,
    ),
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
