"""Targets and their checks, from what was written about them and from the defaults."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from unicodedata import normalize

from monitor.config.announcements import read_announcements
from monitor.config.expect import read_expect
from monitor.config.listings import ListingReader
from monitor.config.lists import ListedTarget
from monitor.config.names import Names, Page, Site, is_private, parse_host, parse_page, within
from monitor.config.pages import PageReader
from monitor.config.problem import Place, Problems
from monitor.config.rhythm import Rhythm, Rhythms
from monitor.config.schema import Document, ExpectTable, HttpTable, TargetTable
from monitor.config.sources import Sources
from monitor.config.wishes import Wishes
from monitor.config.wording import MisfitError, shown
from monitor.model import (
    REGULAR,
    Check,
    DelegationSettings,
    DnsSettings,
    Expect,
    HttpSettings,
    Policy,
    Probe,
    RegistrationSettings,
    Settings,
    Target,
    Wish,
)

_PASSED_ON: Final = (
    *("body_limit", "max_redirects", "user_agent", "family"),
    *("allow_private", "verify_tls", "revocation"),
)

Written = TargetTable | ListedTarget


@dataclass(slots=True, kw_only=True)
class Watched:
    """Everything that the targets come to."""

    targets: list[Target] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    policies: dict[str, Policy] = field(default_factory=dict)


class TargetReader:
    """Builds targets one by one, and knows the ones before."""

    def __init__(
        self,
        document: Document,
        *,
        policy: Policy,
        sources: Sources,
        problems: Problems,
        wishes: Wishes | None = None,
    ) -> None:
        self._names = Names()
        self._wishes = wishes or Wishes(problems)
        self._problems = problems
        self._sources = sources
        self._rhythms = Rhythms(document, problems)
        self._http = self._http_settings(document.http, Place(("http",)))
        self._delegation = document.delegation
        self._listings = ListingReader(document.listing, rhythms=self._rhythms, problems=problems)
        self._pages = PageReader(
            names=self._names, rhythms=self._rhythms, settings=self._merged, problems=problems
        )
        self._policy = policy
        self._policies: dict[tuple[Any, ...], Policy] = {}
        self._by_name: dict[str, Place] = {}
        self._by_page: dict[tuple[str, str], Place] = {}
        self.names: set[str] = set()
        """Of every target that was written, even one with a mistake in it."""
        self.watched = Watched()

    def read(self, rows: Iterable[tuple[Place, Written]]) -> None:
        """Add a target, and its checks, for each row."""
        for place, table in rows:
            self._add(place, table)

    def _add(self, place: Place, table: Written) -> None:
        rhythms = self._rhythms_of(place, table)
        site = self._site(place, table)
        name = normalize("NFC", table.name) if table.name else site.host if site else table.domain or ""
        self.names.add(name)
        page = self._page(place, table, site) if site else None
        if site is None or page is None:
            return
        self._refuse_second(place, name, (site.host, page.url))
        zone = self._inside(place.at("dns", "zone"), table.dns.zone, site) if table.dns else None
        at = place.at("registration", "domain")
        domain = self._inside(at, table.registration.domain, site) if table.registration else None
        labels = tuple(sorted(table.labels.items())) if table.labels else ()
        domain = domain or site.domain
        announced = read_announcements(table.announcements, place, self._problems)
        self.watched.targets.append(
            Target(
                name=name,
                host=site.host,
                domain=domain,
                url=page.url,
                labels=labels,
                announcements=announced,
            )
        )
        settings: dict[Probe, Settings] = {
            Probe.HTTP: self._http_of(place, table, page, domain, rhythms),
            Probe.DNS: DnsSettings(host=site.host, zone=zone or domain),
            Probe.REGISTRATION: RegistrationSettings(domain=domain),
            Probe.DELEGATION: self._delegation_of(table, site.host, zone or domain),
        }
        self.watched.checks.extend(
            Check(
                target=name,
                probe=probe,
                interval_s=rhythm.interval_s,
                timeout_s=rhythm.timeout_s,
                settings=settings[probe],
            )
            for probe, rhythm in rhythms.items()
        )
        if table.listings:
            self.watched.checks.extend(self._listings.checks(name, place, table.listings))
        if table.pages:
            self._refuse_pages_without_front(place, rhythms)
            self.watched.checks.extend(self._pages.checks(name, place, table.pages))
        wishes = self._wishes.read(place.at("policy"), table.policy, table.probes)
        policy = self._policy_of(rhythms, wishes)
        self.watched.policies[name] = replace(policy, announcements=announced) if announced else policy

    def _site(self, place: Place, table: Written) -> Site | None:
        """Return what the domain means; None: nothing, and that is noted."""
        if table.domain is None:
            if not self._problems.touch(place.at("domain").loc):
                self._problems.add(
                    place.at("domain"), 'is missing; every target has one, as in domain = "parler.com"'
                )
            return None
        try:
            return self._names.site(table.domain)
        except MisfitError as error:
            self._problems.add(place if place.file else place.at("domain"), str(error))
            return None

    def _page(self, place: Place, table: Written, site: Site) -> Page | None:
        """Return the page that says whether the platform is there; None: it cannot be, and that is noted."""
        plain = f"https://{site.host}/"
        if table.url is None:
            return Page(url=site.url or plain, host=site.host, by_address=False)
        try:
            page = parse_page(table.url)
            if not page.by_address:
                self._names.domain_of(page.host)
        except MisfitError as error:
            self._problems.add(place.at("url"), str(error))
            return None
        if site.url not in (None, plain, page.url):
            self._problems.add(
                place.at("url"), f"domain names another page, {shown(site.url or '')}; keep one of them"
            )
            return None
        if not page.by_address and not within(page.host, site.domain):
            self._problems.add(
                place.at("url"),
                f"the host {shown(page.host)} is not part of {shown(site.domain)}: "
                "the records of one site would be taken to explain the absence of another",
            )
            return None
        return page

    def _inside(self, at: Place, text: str | None, site: Site) -> str | None:
        """Return a domain that the host lies in; None: none is given, or a wrong one, which is noted."""
        if text is None:
            return None
        try:
            domain = parse_host(text)
            self._names.domain_of(domain)
        except MisfitError as error:
            self._problems.add(at, str(error))
            return None
        if not within(site.host, domain):
            self._problems.add(at, f"{shown(site.host)} does not lie in {shown(domain)}")
            return None
        return domain

    def _refuse_second(self, place: Place, name: str, page: tuple[str, str]) -> None:
        """Note a target that is there already, under whatever spelling."""
        first = self._by_page.setdefault(page, place)
        if first is not place:
            self._problems.add(place, f"is the same target as {self._problems.where(first)}: {page[1]}")
            return
        first = self._by_name.setdefault(name, place)
        if first is not place:
            self._problems.add(
                place,
                f"has the name {shown(name)}, as {self._problems.where(first)} has; give it another name",
            )

    def _http_settings(self, table: HttpTable, place: Place) -> dict[str, Any]:
        """Return what the table says about the `http` probe: what is not said keeps its default."""
        given: dict[str, Any] = {
            key: getattr(table, key) for key in _PASSED_ON if key in table.model_fields_set
        }
        headers = self._sources.headers(table.headers, place.at("headers"))
        return {**given, "headers": tuple((name, value.reveal()) for name, value in headers)}

    def _merged(self, table: HttpTable, place: Place) -> dict[str, Any]:
        """Return what a table says about a look at a page, laid over `[http]`; headers are added to its."""
        own = self._http_settings(table, place)
        named = {name.lower() for name, _ in own["headers"]}
        kept = tuple(header for header in self._http["headers"] if header[0].lower() not in named)
        return {**self._http, **own, "headers": (*kept, *own["headers"])}

    def _refuse_pages_without_front(self, place: Place, rhythms: dict[Probe, Rhythm]) -> None:
        """Note pages that would never be told of: they degrade a target that is seen to be up."""
        if not {Probe.HTTP, Probe.DNS} & set(rhythms) and not self._problems.touch(place.at("probes").loc):
            self._problems.add(
                place.at("pages"),
                'do nothing, for no probe shows whether the target is up; add "http" to probes',
            )

    def _http_of(
        self, place: Place, table: Written, page: Page, domain: str, rhythms: dict[Probe, Rhythm]
    ) -> HttpSettings:
        """Return the settings of a target's `http` check."""
        merged = self._merged(table.http, place.at("http")) if table.http is not None else self._http
        expect = self._expect_of(place.at("expect"), table.expect, page, rhythms.get(Probe.HTTP))
        settings = HttpSettings(url=page.url, domain=domain, expect=expect, **merged)
        if (
            page.by_address
            and is_private(page.host)
            and not settings.allow_private
            and Probe.HTTP in table.probes
        ):
            self._problems.add(
                place.at("url"), f"{page.host} is a private address; allow it with http.allow_private = true"
            )
        return settings

    def _expect_of(
        self, place: Place, table: ExpectTable | None, page: Page, rhythm: Rhythm | None
    ) -> Expect | None:
        """Return what a target's page must be like; what cannot be is noted."""
        if table is None:
            return None
        if rhythm is None:
            self._problems.add(place, 'does nothing, for probes does not name "http"')
            return None
        return read_expect(table, place, page.url, timeout_s=rhythm.timeout_s, problems=self._problems)

    def _delegation_of(self, table: Written, host: str, zone: str) -> DelegationSettings:
        """Return the settings of a target's `delegation` check."""
        own = table.delegation
        given = own is not None and "allow_private" in own.model_fields_set
        return DelegationSettings(
            zone=zone,
            host=host,
            allow_private=(own if own and given else self._delegation).allow_private,
        )

    def _rhythms_of(self, place: Place, table: Written) -> dict[Probe, Rhythm]:
        """Return how each probe of a target runs, the one that leads first."""
        found: dict[Probe, Rhythm] = {}
        for probe in REGULAR:
            own = getattr(table, probe)
            if probe in table.probes:
                found[probe] = (
                    self._rhythms.of(probe, own, place.at(probe)) if own else self._rhythms.usual[probe]
                )
            elif own is not None and not self._problems.touch(place.at("probes").loc):
                self._problems.add(place.at(probe), f"does nothing, for probes does not name {shown(probe)}")
        return found

    def _policy_of(self, rhythms: dict[Probe, Rhythm], wishes: tuple[Wish, ...]) -> Policy:
        """Return the policy of a target: a recheck never comes later than the run that is due anyway."""
        lead = next(iter(rhythms))
        slow = rhythms.get(Probe.DNS, rhythms[lead])
        recheck_s = min(self._policy.recheck_s, rhythms[lead].interval_s)
        change_recheck_s = min(self._policy.change_recheck_s, slow.interval_s)
        watched = Probe.DNS in rhythms, Probe.DELEGATION in rhythms
        key = (lead, watched, recheck_s, change_recheck_s, wishes)
        if key not in self._policies:
            self._policies[key] = replace(
                self._policy,
                lead=lead,
                dns_watched=watched[0],
                delegation_watched=watched[1],
                recheck_s=recheck_s,
                change_recheck_s=change_recheck_s,
                desired=wishes,
            )
        return self._policies[key]
