"""Providers in a terminal: the catalog, one row of it, what fits a value, who stands on whom."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.attribute import Catalog, Entry
from monitor.attribute.catalog import rule_of
from monitor.attribute.fits import Answer, Fit
from monitor.commands import Dependants
from monitor.terminal import paint


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style=paint.DIM)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def listed(catalog: Catalog, entries: Sequence[Entry]) -> RenderableType:
    """Return one line a provider."""
    table = _table("id", "name", "kinds", "owner", "facts")
    for entry in entries:
        table.add_row(
            Text(entry.provider.id, style="bold"),
            paint.plain(entry.provider.name),
            Text(" ".join(entry.kinds)),
            Text(entry.parent or "", style=paint.DIM),
            Text(str(sum(1 for _ in entry.facts()))),
        )
    facts = sum(1 for entry in entries for _ in entry.facts())
    total = Text(f"{len(entries)} providers, {facts} facts; catalog {catalog.edition}", style=paint.DIM)
    return Group(table, Text(), total)


def listed_document(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return the same for machines."""
    return [
        {
            "id": entry.provider.id,
            "name": entry.provider.name,
            "kinds": list(entry.kinds),
            "parent": entry.parent,
            "facts": sum(1 for _ in entry.facts()),
        }
        for entry in entries
    ]


def shown(catalog: Catalog, entry: Entry, sources: dict[str, str]) -> RenderableType:
    """Return every fact of a provider, and who confirms it."""
    head = Text.assemble((entry.provider.id, "bold"), "  ")
    head.append_text(paint.plain(entry.provider.name))
    head.append(f"  {', '.join(entry.kinds)}", style=paint.DIM)
    owners, owned = catalog.owners(entry.provider.id)[1:], _owned(catalog, entry)
    if owners:
        head.append(f"\nowned by {' → '.join(owners)}")
    if owned:
        head.append(f"\nowns {', '.join(owned)}")
    if entry.edge_network:
        head.append("\nwhatever answers from its networks is a proxy in front of something else")
    table = _table("fact", "confirmed by")
    used: dict[str, str] = {}
    for key, value in entry.facts():
        confirmed = entry.sources_of(key, value)
        used |= {source: sources[source] for source in confirmed if source in sources}
        table.add_row(paint.plain(rule_of(key, value)), paint.plain(", ".join(confirmed), style=paint.DIM))
    legend = _table("source", "what it is")
    for source, what in sorted(used.items()):
        legend.add_row(Text(source), paint.plain(what, style=paint.DIM))
    return Group(
        head, Text(), table, Text(), legend, Text(), Text(f"catalog {catalog.edition}", style=paint.DIM)
    )


def shown_document(catalog: Catalog, entry: Entry, sources: dict[str, str]) -> dict[str, Any]:
    """Return the same for machines."""
    facts = [
        {
            "key": key,
            "value": value,
            "rule": rule_of(key, value),
            "sources": list(entry.sources_of(key, value)),
        }
        for key, value in entry.facts()
    ]
    used = {source for key, value in entry.facts() for source in entry.sources_of(key, value)}
    return {
        "id": entry.provider.id,
        "name": entry.provider.name,
        "kinds": list(entry.kinds),
        "owners": list(catalog.owners(entry.provider.id)[1:]),
        "owns": list(_owned(catalog, entry)),
        "edge_network": entry.edge_network,
        "edition": catalog.edition,
        "facts": facts,
        "sources": {source: what for source, what in sorted(sources.items()) if source in used},
    }


def _owned(catalog: Catalog, entry: Entry) -> tuple[str, ...]:
    return tuple(key for key in catalog.owned_by(entry.provider.id) if key != entry.provider.id)


def matched(answer: Answer) -> RenderableType:
    """Return which rows fit a value, or what it would be called."""
    if answer.fits:
        return _fits(answer.fits)
    nothing = paint.plain(f"nothing in the catalog fits {answer.value}")
    if not answer.called:
        nothing.append("; nothing would be shown for it")
        return nothing
    nothing.append("; it would be called")
    return Group(nothing, _fits(answer.called))


def _fits(rows: Sequence[Fit]) -> Table:
    table = _table("provider", "name", "rule", "source", "confirmed by")
    for row in rows:
        table.add_row(
            paint.plain(row.provider, style="bold"),
            paint.plain(row.name),
            paint.plain(row.rule),
            paint.plain(row.source),
            paint.plain(", ".join(row.confirmed_by), style=paint.DIM),
        )
    return table


def matched_document(answer: Answer) -> dict[str, Any]:
    """Return the same for machines."""
    return {
        "value": answer.value,
        "fits": [_fit_document(fit) for fit in answer.fits],
        "would_be_called": [_fit_document(fit) for fit in answer.called],
    }


def _fit_document(fit: Fit) -> dict[str, Any]:
    return {
        "provider": fit.provider,
        "name": fit.name,
        "rule": fit.rule,
        "source": fit.source,
        "confirmed_by": list(fit.confirmed_by),
    }


def standing(dependants: Dependants) -> RenderableType:
    """Return which targets stand on a provider, layer by layer."""
    names = [f"{provider.name} ({provider.id})" for provider in dependants.providers]
    head = paint.plain(" + ".join(names), style="bold", limit=1_000)
    head.append(f"  {len(dependants.targets)} of {dependants.watched} targets", style="not bold")
    table = _table("layer", "targets", "")
    for layer, targets in dependants.by_layer.items():
        shown_targets = [paint.plain(name if id_ is None else f"{name} ({id_})") for name, id_ in targets]
        table.add_row(
            Text(layer, style=paint.LAYER_STYLE), Text(str(len(targets))), Text(", ").join(shown_targets)
        )
    return Group(head, Text(), table) if dependants.targets else head


def standing_document(dependants: Dependants) -> dict[str, Any]:
    """Return the same for machines."""
    return {
        "providers": [
            {"id": provider.id, "name": provider.name, "cataloged": provider.cataloged}
            for provider in dependants.providers
        ],
        "watched": dependants.watched,
        "targets": sorted(dependants.targets),
        "layers": {layer: sorted({name for name, _ in some}) for layer, some in dependants.by_layer.items()},
    }
