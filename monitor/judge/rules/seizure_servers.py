"""Name servers that are known for names that were seized, or taken over and sinkholed.

Data, compiled on 2026-11-21; the catalog (attribute/catalog/seizure.toml) has the same, with the names of
those who run them. Left out on purpose: `cirfu.net` (FBI, 2012 to 2015). That domain lapsed and has changed
hands: a name that leads there today was not seized, whoever took it.
"""

from functools import lru_cache
from typing import Final

SEIZURE_SUFFIXES: Final = (
    "seized.gov",  # ns1 and ns2 of fbi, hsi, ice, usss, irs, uspis, dea, atf
    "seizedservers.com",  # US HSI / ICE
    "usssdomainseizure.com",  # US Secret Service
    "microsoftinternetsafety.net",  # Microsoft Digital Crimes Unit, after civil suits
    "sinkhole.shadowserver.org",  # Shadowserver
)


_ENDINGS: Final = tuple(f".{suffix}" for suffix in SEIZURE_SUFFIXES)


@lru_cache(maxsize=4096)  # asked at every look, about the same few sets
def of_seizures(hosts: tuple[str, ...]) -> bool:
    """Tell whether there are name servers, and all of them belong to those above."""
    return bool(hosts) and all(f".{host}".endswith(_ENDINGS) for host in hosts)
