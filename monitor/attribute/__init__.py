"""Who stands behind each layer of a target. Pure: values in, values out.

Files are read by `Catalog.bundled`, `Catalog.load`, `AsTable.bundled` and `AsTable.load` only.
"""

from monitor.attribute.attributor import Attributor
from monitor.attribute.catalog import Catalog, CatalogError, Entry, Kind, Match
from monitor.attribute.networks import AsTable, Network, Networks
from monitor.attribute.table_file import TableError

__all__ = [
    "AsTable",
    "Attributor",
    "Catalog",
    "CatalogError",
    "Entry",
    "Kind",
    "Match",
    "Network",
    "Networks",
    "TableError",
]
