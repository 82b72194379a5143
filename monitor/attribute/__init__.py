"""Who stands behind each layer of a target. Pure: values in, values out.

Files are read by `bundled` and `load` of `Catalog`, `AsTable`, `PublishedRanges` and `Atlas` only.
"""

from monitor.attribute.atlas import Atlas
from monitor.attribute.attributor import Attributor
from monitor.attribute.catalog import Catalog, CatalogError, Entry, Kind, Match
from monitor.attribute.domains import Domains
from monitor.attribute.networks import AsTable, Block, Network, Networks, PublishedRange
from monitor.attribute.published import PublishedRanges
from monitor.attribute.table_file import TableError

__all__ = [
    "AsTable",
    "Atlas",
    "Attributor",
    "Block",
    "Catalog",
    "CatalogError",
    "Domains",
    "Entry",
    "Kind",
    "Match",
    "Network",
    "Networks",
    "PublishedRange",
    "PublishedRanges",
    "TableError",
]
