"""What a rule may look at: the latest word of every probe about one target."""

from dataclasses import dataclass
from typing import Final

from monitor.failure import NOT_ASKED, Failure
from monitor.judge import revocation
from monitor.judge.remember import displaces
from monitor.judge.signs import telling
from monitor.model import (
    CALM,
    PAGES,
    Circumstance,
    DelegationFacts,
    DnsFacts,
    HttpFacts,
    Layer,
    Memory,
    Observation,
    Outage,
    PageBaseline,
    Policy,
    Probe,
    RegistrationFacts,
    Sign,
    Status,
)

PLACEHOLDER: Final = "content.placeholder"

NAME_TROUBLE: Final = frozenset(
    {
        Failure.DNS_NXDOMAIN,
        Failure.DNS_NODATA,
        Failure.DNS_LOOP,
        Failure.DNS_SERVFAIL,
        Failure.DNS_REFUSED,
        Failure.DNS_MALFORMED,
        Failure.DNS_TIMEOUT,
        Failure.ADDRESS_FORBIDDEN,
    }
)
"""Ways in which a name leads nowhere, by the word of the resolvers, or by their silence."""


@dataclass(
    slots=True, kw_only=True, eq=False
)  # not frozen: one is made at every look, and that doubles its cost
class View:
    """The observations a verdict is drawn from, and what is known of better days."""

    policy: Policy
    observation: Observation
    """The one that completes the view."""
    fresh: tuple[Observation, ...]
    """Of the probes that do not lead, what was said since the trouble began, this observation included."""
    begun: bool
    """Whether an earlier look has raised a suspicion: what could be asked has been asked by now."""
    http: Observation | None
    dns: Observation | None
    registration: Observation | None
    delegation: Observation | None
    last_address: Observation | None
    """What the address says at which the target was last up; None: it was not asked."""
    baseline: PageBaseline | None
    """The page as it was while the target was up; None: it never was, as far as we saw."""
    behind_edge: bool
    """Whether a reverse proxy or CDN stands in front, as last known: a look-up that failed removes none."""
    lead: Observation | None
    """The observation that decides whether the target is there."""
    failure: Failure | None
    """Of the leading observation."""
    page: HttpFacts | None
    """The answer over HTTP, if the last run got one."""
    gone: bool = False
    """Whether the target is believed to be down, or to have left nothing but a placeholder."""
    offline: bool = False
    """Whether the monitor itself was cut off: nothing else of the view then means anything."""
    outage: Outage | None = None
    """The provider's outage that the target may be part of."""
    sign: Sign | None = None
    """What the page, or the name servers, say of what kind of page it is."""

    @property
    def records(self) -> DnsFacts | None:
        """Return the records, even those of a name that has no address."""
        return self.dns.facts if self.dns and isinstance(self.dns.facts, DnsFacts) else None

    def said(self, probe: Probe) -> Observation | None:
        """Return the word of a probe since the trouble began; None: it has not been heard since."""
        return next((seen for seen in self.fresh if seen.probe is probe), None)

    @property
    def registered(self) -> RegistrationFacts | None:
        """Return what the registry last said."""
        if self.registration and isinstance(self.registration.facts, RegistrationFacts):
            return self.registration.facts
        return None

    @property
    def delegated(self) -> DelegationFacts | None:
        """Return what the parent zone last said, if it was heard."""
        if self.delegation and isinstance(self.delegation.facts, DelegationFacts):
            return self.delegation.facts if self.delegation.facts.heard else None
        return None


def _has_begun(memory: Memory) -> bool:
    """Tell whether an earlier look was not well: one that is suspected, told, or believed to be unknown."""
    return bool(memory.suspected or memory.incident or memory.verdict.diagnosis)


def _is_gone(memory: Memory) -> bool:
    believed = memory.verdict
    return not believed.pages and (believed.status is Status.DOWN or believed.diagnosis == PLACEHOLDER)


def look(memory: Memory, observation: Observation, policy: Policy, circumstance: Circumstance = CALM) -> View:
    """Return the view that an observation completes: itself, and the others as last seen.

    A probe that no longer runs has no last word: a page is looked at only where it leads, and
    records only where DNS is watched. Otherwise a page seen before the check was taken out of the
    configuration would speak for ever.
    """
    latest = {seen.probe: seen for seen in memory.seen}
    fresh = memory.investigated
    for seen in fresh:
        if seen.facts is not None:
            latest[seen.probe] = seen
    # A look-up that failed must not take away what explains the rest: else a hold that is read once a day
    # would stop to explain the missing name at the first look that brings nothing.
    if observation.probe is policy.lead or displaces(memory, observation):
        latest[observation.probe] = revocation.carried(observation, latest.get(observation.probe))
    if observation.probe is not policy.lead and observation.failure not in NOT_ASKED:
        fresh = (*(seen for seen in fresh if seen.probe is not observation.probe), observation)
    lead = latest.get(policy.lead)
    http = lead if policy.lead in PAGES else None
    facts = http.facts if http is not None and http.failure is None else None
    page = facts if isinstance(facts, HttpFacts) else None
    dns = latest.get(Probe.DNS) if policy.dns_watched or policy.lead is Probe.DNS else None
    return View(
        policy=policy,
        observation=observation,
        fresh=fresh,
        begun=_has_begun(memory),
        http=http,
        dns=dns,
        registration=latest.get(Probe.REGISTRATION),
        delegation=latest.get(Probe.DELEGATION),
        last_address=latest.get(Probe.LAST_ADDRESS),
        baseline=memory.baseline,
        behind_edge=any(layer.layer is Layer.EDGE and not layer.absent for layer in memory.layers),
        # Nearly every rule asks for these: they are worked out once.
        lead=lead,
        failure=lead.failure if lead is not None else None,
        gone=_is_gone(memory),
        offline=circumstance.offline_since is not None,
        outage=circumstance.outage,
        page=page,
        sign=_sign(page, dns, memory.baseline) if page is not None else None,
    )


def _sign(page: HttpFacts, dns: Observation | None, baseline: PageBaseline | None) -> Sign | None:
    """Return the sign that tells something; nearly no page has any."""
    records = dns.facts if dns is not None and isinstance(dns.facts, DnsFacts) else None
    if not page.signs and (records is None or not records.signs):
        return None
    return telling(page, records, baseline)
