"""The catalog of providers: facts as TOML beside this file, and look-ups in them."""

from monitor.attribute.catalog.catalog import Catalog, mistakes, sources
from monitor.attribute.catalog.entry import CatalogError, Entry, Kind, Match, OwnFile, rule_of
from monitor.attribute.catalog.own import OwnCatalog

__all__ = [
    "Catalog",
    "CatalogError",
    "Entry",
    "Kind",
    "Match",
    "OwnCatalog",
    "OwnFile",
    "mistakes",
    "rule_of",
    "sources",
]
