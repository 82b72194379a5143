from dataclasses import fields
from pathlib import Path

from monitor.attribute import Entry, Kind
from monitor.model import Layer

TEXT = (Path(__file__).parents[2] / "docs" / "attribution.md").read_text(encoding="utf-8")


def test_every_key_and_kind_of_the_catalog_is_documented() -> None:
    keys = {field.name for field in fields(Entry)} - {"provider", "where", "own"}
    missing = [word for word in [*keys, "name", *Kind] if f"`{word}`" not in TEXT]
    assert missing == []


def test_every_layer_is_documented() -> None:
    assert [layer for layer in Layer if f"| `{layer}` |" not in TEXT] == []
