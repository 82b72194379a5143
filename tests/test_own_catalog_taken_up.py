"""A changed file of the user's names again what is believed: it is no change of the target."""

import tomllib

from test_front import ADDRESS, TABLE, Watched

from monitor.attribute import Catalog
from monitor.attribute.attributor import Attributor
from monitor.attribute.catalog import OwnCatalog, OwnFile

FILE = OwnFile(name="mine.toml", date="2026-11-24", hash="3f2a1b9c")
TEXT = '[my-host]\nname = "My host"\nkinds = ["network"]\nasns = [64500]\n'


def attributor(text: str) -> Attributor:
    own = [OwnCatalog(file=FILE, tables=tomllib.loads(text))] if text else []
    return Attributor(Catalog.bundled(own), TABLE)


def network(watched: Watched) -> tuple[str, ...]:
    return next(layer.confirmed.ids for layer in watched.state.memory.layers if layer.layer == "network")


def test_a_provider_that_a_file_adds_is_taken_up_without_an_event() -> None:
    watched = Watched()
    for _ in range(3):
        watched.dns(ADDRESS)
    assert network(watched) == ("as64500",)
    watched.pipeline.attributor = attributor(TEXT)
    for _ in range(3):
        watched.dns(ADDRESS)
    assert network(watched) == ("my-host",)
    assert watched.moves() == []


def test_a_provider_that_a_file_no_longer_names_goes_without_an_event() -> None:
    watched = Watched()
    watched.pipeline.attributor = attributor(TEXT)
    for _ in range(3):
        watched.dns(ADDRESS)
    assert network(watched) == ("my-host",)
    watched.pipeline.attributor = attributor("")
    for _ in range(3):
        watched.dns(ADDRESS)
    assert network(watched) == ("as64500",)
    assert watched.moves() == []


def test_a_move_is_told_all_the_same() -> None:
    watched = Watched()
    for _ in range(2):
        watched.dns(ADDRESS)
    watched.pipeline.attributor = attributor(TEXT)
    for _ in range(3):
        watched.dns("104.16.1.1")
    assert ("network", ("my-host",), ("cloudflare",)) in watched.moves()
