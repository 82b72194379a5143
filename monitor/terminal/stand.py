"""Who stands behind each layer, and how that is known: the middle of the sheet.

One row a layer with its providers and, below it, the evidence: the values seen, the rule that each
matched and the source of the rule with its edition, and between which moments they were seen. Values
that share all of that stand on one line. What is not known is said.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from rich.table import Table
from rich.text import Text

from monitor.judge.standing import Absence, Seen, absence, evidence, last_seen, origin
from monitor.model import BEHIND, Layer, LayerState, TargetState
from monitor.terminal import paint

_VALUE: Final = 90
_MORE: Final = 60
# What the middle column holds of a rule and its source on a terminal of 100 columns.
_LINE: Final = 45
_LOOKED_FOR: Final = {
    Layer.EDGE: "none recognised: no reverse proxy or CDN is seen in front",
    Layer.MAIL: "no mail (no MX)",
}


def stand(state: TargetState) -> Table:
    """Return the layers, in their order, with the origin below the edge."""
    table = Table(box=None, pad_edge=False, header_style=paint.DIM, padding=(0, 2, 0, 0))
    table.add_column("layer", no_wrap=True, style=paint.LAYER_STYLE)
    table.add_column("who, and how that is known", overflow="fold", ratio=1)
    table.add_column("first seen", overflow="fold", min_width=10)
    table.add_column("last seen (UTC)", overflow="fold", min_width=10)
    known = {layer.layer: layer for layer in state.memory.layers}
    for layer in BEHIND:
        if layer in known:
            _layer(table, known[layer], state)
        else:
            table.add_row(layer, Text(_nobody(layer, state), style=paint.DIM))
        if layer is Layer.EDGE:
            table.add_row("origin", _origin(state))
    return table


def _nobody(layer: Layer, state: TargetState) -> str:
    if absence(layer, state) is Absence.UNSEEN:
        return str(Absence.UNSEEN)
    return _LOOKED_FOR[layer]


def _origin(state: TargetState) -> Text:
    said = origin(state.memory)
    text = paint.plain(said.sentence)
    if said.network_is_edge:
        text.append("\n  the network is that of the edge", style=paint.DIM)
    return text


def _layer(table: Table, layer: LayerState, state: TargetState) -> None:
    table.add_row(
        layer.layer,
        _providers(layer),
        paint.day(layer.since),
        _moment(last_seen(layer, state.pulse)),
    )
    seen = evidence(layer, state.pulse, state.memory.front)
    for group in _groups(one for one in seen if not one.gone):
        table.add_row("", _reason(group), *_between(group), style="" if layer.known else paint.DIM)
    for group in _groups(one for one in seen if one.gone):
        table.add_row("", _former(group, layer), *_between(group), style=paint.DIM)
    if layer.suspected is not None:
        text = Text("suspected: ", style="yellow").append_text(paint.providers(layer.suspected.providers))
        times = "once" if layer.suspicion == 1 else f"{layer.suspicion} times in a row"
        table.add_row("", text.append(f", seen {times}, not confirmed"), paint.day(layer.suspected_since), "")


def _providers(layer: LayerState) -> Text:
    text = paint.providers(layer.confirmed.providers)
    text.stylize("bold" if layer.known else paint.DIM)
    if layer.absent:
        text = Text("none ", style="bold").append_text(
            Text.assemble((f"since {paint.day(layer.known_since)}; before that ", "not bold"), text)
        )
    elif not layer.known:
        since = f" since {paint.day(layer.known_since)}" if layer.known_since else ""
        text = Text(f"not known{since}; last known ", style="not bold").append_text(text)
    if layer.changes:
        text.append(f"  {layer.changes} change{'' if layer.changes == 1 else 's'}", style="not bold dim")
    return text


def _groups(seen: Iterable[Seen]) -> Iterator[list[Seen]]:
    """Yield the evidence that differs in nothing but its value, together."""
    groups: dict[tuple[object, ...], list[Seen]] = {}
    for one in seen:
        reason = one.evidence
        key = (reason.provider, reason.rule, reason.source, paint.day(one.first), _moment(one.last))
        groups.setdefault(key, []).append(one)
    yield from groups.values()


def _reason(group: list[Seen]) -> Text:
    return _values(group).append_text(_rule(group))


def _former(group: list[Seen], layer: LayerState) -> Text:
    reason = group[0].evidence
    others = reason.provider not in layer.confirmed.ids
    text = Text("before: " if others else "earlier: ")
    if others:
        text.append_text(paint.plain(reason.provider, limit=_MORE)).append(" — ")
    return text.append_text(_values(group)).append_text(_rule(group))


def _values(group: list[Seen]) -> Text:
    return Text(", ").join(paint.plain(one.evidence.value, limit=_VALUE) for one in group)


def _rule(group: list[Seen]) -> Text:
    reason = group[0].evidence
    rule, source = paint.plain(reason.rule, limit=_MORE), paint.plain(reason.source, limit=_VALUE)
    between = " · " if len(rule) + len(source) <= _LINE else "\n  "
    return Text("\n  ", style=paint.DIM).append_text(rule).append(between).append_text(source)


def _between(group: list[Seen]) -> tuple[str, str]:
    return paint.day(group[0].first), _moment(group[0].last)


def _moment(value: datetime | None) -> str:
    return paint.day(value) if value else "not known"
