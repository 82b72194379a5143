"""The catalog of providers: facts as TOML beside this file, and look-ups in them."""

from monitor.attribute.catalog.catalog import Catalog
from monitor.attribute.catalog.entry import CatalogError, Entry, Kind, Match

__all__ = ["Catalog", "CatalogError", "Entry", "Kind", "Match"]
