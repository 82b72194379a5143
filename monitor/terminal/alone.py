"""Who could take a target down alone, as `explain` says it."""

from typing import Any

from rich.text import Text

from monitor.attribute.dependence import Dependence
from monitor.terminal import paint


def sheet(dependence: Dependence) -> Text:
    """Return the sentence, and below it one line for each organisation and layer."""
    text = paint.plain(dependence.headline, limit=1_000)
    for point in dependence.points:
        for layer, could in zip(point.layers, point.could, strict=True):
            text.append(f"\n  {layer:<13}", style=paint.LAYER_STYLE)
            text.append_text(paint.plain(point.organisation.name))
            text.append(f" {could}")
    for layer in dependence.shared:
        text.append(f"\n  {layer:<13}", style=paint.LAYER_STYLE)
        text.append("several organisations: none is it alone", style=paint.DIM)
    return text


def document(dependence: Dependence) -> list[dict[str, Any]]:
    """Return the same for machines."""
    return [
        {
            "organisation": point.organisation.id,
            "name": point.organisation.name,
            "registry": point.registry,
            "layers": list(point.layers),
            "could_take_down": point.reach,
            "how": list(point.could),
        }
        for point in dependence.points
    ]
