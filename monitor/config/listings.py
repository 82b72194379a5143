"""The listings of a target in app stores: `[[targets.listings]]`, each a check of its own."""

import re
from collections.abc import Sequence
from typing import Final

from monitor.config.problem import Place, Problems
from monitor.config.rhythm import Rhythms
from monitor.config.schema import ListingTable, TargetListingTable
from monitor.config.wording import shown
from monitor.model import STORE_NAMES, Check, HttpSettings, ListingSettings, Probe, Store

MOST_LISTINGS: Final = 50

_APPS: Final = {
    Store.APPLE: re.compile(r"[1-9][0-9]{0,14}"),
    Store.GOOGLE: re.compile(r"(?=.{3,150}$)[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+"),
}
_EXAMPLES: Final = {Store.APPLE: "1402727988", Store.GOOGLE: "com.parler.parler"}
_USUAL_COUNTRY: Final = {Store.APPLE: "us", Store.GOOGLE: ""}
"""Apple's stores differ by country, and its look-up takes one for the United States where none is named."""


class ListingReader:
    """Builds the checks of the listings of one target after the other."""

    def __init__(self, table: ListingTable, *, rhythms: Rhythms, problems: Problems) -> None:
        self._table = table
        self._rhythms = rhythms
        self._problems = problems
        self._bases = {Store.APPLE: table.apple, Store.GOOGLE: table.google}
        self._rates = {Store.APPLE: table.apple_rate, Store.GOOGLE: table.google_rate}

    def checks(self, target: str, place: Place, tables: Sequence[TargetListingTable]) -> list[Check]:
        """Return the checks; every mistake is noted. `place`: of the target."""
        if len(tables) > MOST_LISTINGS:
            what = f"has {len(tables)} listings; {MOST_LISTINGS} are the most of one target"
            self._problems.add(place.at("listings"), what)
            return []
        found: dict[str, Check] = {}
        for index, table in enumerate(tables):
            at = place.at("listings", index)
            rhythm = self._rhythms.of(Probe.LISTING, table, at)
            settings = self._settings(at, table)
            if settings is None:
                continue
            part = "/".join(filter(None, (settings.store.value, settings.country, settings.app)))
            if part in found:
                self._problems.add(at, f"is the same listing as another one of the target: {part}")
                continue
            found[part] = Check(
                target=target,
                probe=Probe.LISTING,
                interval_s=rhythm.interval_s,
                timeout_s=rhythm.timeout_s,
                settings=settings,
                part=part,
            )
        return list(found.values())

    def _settings(self, at: Place, table: TargetListingTable) -> ListingSettings | None:
        missing = [key for key in ("store", "app") if getattr(table, key) is None]
        for key in missing:
            if not self._problems.touch(at.at(key).loc):
                self._problems.add(at.at(key), "is missing; a listing has a store and an app")
        if table.store is None or table.app is None:
            return None
        store = Store(table.store)
        if not _APPS[store].fullmatch(table.app):
            what = "the number of an app" if store is Store.APPLE else "the package of an app"
            such = f"in {STORE_NAMES[store]}, such as {shown(_EXAMPLES[store])}"
            problem = f"{shown(table.app)} is not {what} {such}"
            self._problems.add(at.at("app"), problem)
            return None
        return ListingSettings(
            store=store,
            app=table.app,
            country=_USUAL_COUNTRY[store] if table.country is None else table.country,
            base=self._bases[store],
            per_s=self._rates[store],
            user_agent=HttpSettings(url="").user_agent,
            allow_private=self._table.allow_private,
        )
