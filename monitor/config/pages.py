"""The further pages of a target: `[[targets.pages]]`, each a check of its own."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from monitor.config.expect import read_expect
from monitor.config.names import Names, Page, is_private, parse_page
from monitor.config.problem import Place, Problems
from monitor.config.rhythm import Rhythms
from monitor.config.schema import HttpTable, PageTable
from monitor.config.wording import MisfitError, shown
from monitor.model import Check, HttpSettings, Probe

MOST_PAGES: Final = 50

Settings = Callable[[HttpTable, Place], dict[str, Any]]
"""From a table, and where it stands, to what `HttpSettings` is given besides the address."""


class PageReader:
    """Builds the checks of the pages of one target after the other.

    A page may be anywhere. What was written for the target alone, `[targets.http]`, is not handed on to it:
    a password in its headers is meant for the target.
    """

    def __init__(self, *, names: Names, rhythms: Rhythms, settings: Settings, problems: Problems) -> None:
        self._names = names
        self._rhythms = rhythms
        self._settings = settings
        self._problems = problems

    def checks(self, target: str, place: Place, tables: Sequence[PageTable]) -> list[Check]:
        """Return the checks; every mistake is noted. `place`: of the target."""
        if len(tables) > MOST_PAGES:
            what = f"has {len(tables)} pages; {MOST_PAGES} are the most of one target"
            self._problems.add(place.at("pages"), what)
            return []
        found: dict[str, Check] = {}
        for index, table in enumerate(tables):
            at = place.at("pages", index)
            name = self._name(at, table, found)
            page = self._page(at, table)
            settings = self._settings(table, at)
            if name is None or page is None:
                continue
            if page.by_address and is_private(page.host) and not settings.get("allow_private"):
                self._problems.add(
                    at.at("url"), f"{page.host} is a private address; allow it with allow_private = true"
                )
            rhythm = self._rhythms.of(Probe.PAGE, table, at)
            expect = None
            if table.expect is not None:
                expect = read_expect(
                    table.expect,
                    at.at("expect"),
                    page.url,
                    timeout_s=rhythm.timeout_s,
                    problems=self._problems,
                )
            domain = "" if page.by_address else self._names.domain_of(page.host)
            found[name] = Check(
                target=target,
                probe=Probe.PAGE,
                interval_s=rhythm.interval_s,
                timeout_s=rhythm.timeout_s,
                settings=HttpSettings(url=page.url, domain=domain, expect=expect, **settings),
                part=name,
            )
        return list(found.values())

    def _name(self, at: Place, table: PageTable, found: dict[str, Check]) -> str | None:
        if table.name is None:
            if not self._problems.touch(at.at("name").loc):
                self._problems.add(at.at("name"), 'is missing; every page has one, as in name = "account"')
            return None
        if table.name in found:
            self._problems.add(
                at.at("name"), f"{shown(table.name)} is the name of another page of the target"
            )
            return None
        return table.name

    def _page(self, at: Place, table: PageTable) -> Page | None:
        if table.url is None:
            if not self._problems.touch(at.at("url").loc):
                self._problems.add(at.at("url"), "is missing; a page has an address")
            return None
        try:
            page = parse_page(table.url)
            if not page.by_address:
                self._names.domain_of(page.host)
        except MisfitError as error:
            self._problems.add(at.at("url"), str(error))
            return None
        return page
