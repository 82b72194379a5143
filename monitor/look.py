"""One look at every layer of a domain, now, without a daemon and without a store.

The same probes, the same attribution and the same rules; only nothing is confirmed by a second
look, and nothing is remembered.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from monitor.failure import Failure
from monitor.follow_up import revocation_check
from monitor.judge import beside, step
from monitor.judge.connectivity import answers
from monitor.judge.rules import OFFLINE
from monitor.model import (
    Check,
    HttpFacts,
    HttpSettings,
    Observation,
    Policy,
    Probe,
    Revocation,
    Status,
    TargetState,
    Verdict,
)
from monitor.pipeline import Attribute
from monitor.probe.io import Io
from monitor.probe.observe import observe

# The records and the registration first: the page is then judged with them in view.
_ORDER: Final = (Probe.REGISTRATION, Probe.DELEGATION, Probe.DNS, Probe.HTTP)


_LEADS: Final = (Probe.HTTP, Probe.DNS)
# What a target and a connection of ours that is broken have in common.
_OF_A_CONNECTION: Final = frozenset(
    {
        *(Failure.DNS_NXDOMAIN, Failure.DNS_NODATA, Failure.DNS_SERVFAIL, Failure.DNS_REFUSED),
        *(Failure.DNS_TIMEOUT, Failure.DNS_UNREACHABLE, Failure.DNS_MALFORMED),
        *(Failure.TCP_REFUSED, Failure.TCP_RESET, Failure.TCP_TIMEOUT, Failure.TCP_UNREACHABLE),
        *(Failure.TLS_TIMEOUT, Failure.TLS_HOSTNAME, Failure.TLS_UNTRUSTED, Failure.HTTP_TIMEOUT),
    }
)


async def look(checks: Sequence[Check], policy: Policy, io: Io, attributor: Attribute) -> TargetState:
    """Return what one run of each check of a target shows. One look is enough to say so."""
    now = datetime.now(UTC)
    # Nobody looks a second time: the listed servers are asked about the host at once.
    all_of_it = [replace(c, compare=True) if c.probe is Probe.DELEGATION else c for c in checks]
    seen = await asyncio.gather(*(_observe(check, now, io) for check in all_of_it))
    once = replace(
        policy,
        failures_to_confirm=1,
        successes_to_confirm=1,
        changes_to_confirm=1,
        listing_looks=1,
        listing_over_s=0.0,
    )
    state = TargetState(target=checks[0].target)
    main = [observation for observation in seen if not observation.part]
    shown = {observation.probe: attributor.attribute(observation) for observation in main}
    for observation in main:
        # What the page shows of a proxy is told with the records, which are judged before it.
        state, _ = beside(state, observation, shown[observation.probe], once)
    for observation in sorted(main, key=lambda o: _ORDER.index(o.probe)):
        state, attributions = beside(state, observation, shown[observation.probe], once)
        state = step(state, observation, attributions, once).state
    for observation in seen:
        if observation.part:
            state = step(state, observation, (), once).state
    return state


async def cut_off(controls: Sequence[Check], states: Sequence[TargetState], io: Io) -> bool:
    """Tell whether it is us: something failed that could be our doing, and most controls fail as well.

    Nobody knows here which of them have ever answered, so all of them count.
    """
    if not controls or not any(_could_be_ours(state) for state in states):
        return False
    now = datetime.now(UTC)
    words = await asyncio.gather(*(observe(control, now, io) for control in controls))
    return 2 * sum(map(answers, words)) < len(words)


def withheld(state: TargetState) -> TargetState:
    """Return the state of a target of which nothing can be said, because it is us who are cut off."""
    if not _could_be_ours(state):
        return state
    verdict = Verdict(
        status=OFFLINE.status, reachable=OFFLINE.reachable, diagnosis=OFFLINE.id, sentence=OFFLINE.sentence
    )
    return replace(state, memory=replace(state.memory, verdict=verdict, incident=None))


def _could_be_ours(state: TargetState) -> bool:
    """Tell whether the target does not look up, for a reason that a broken connection has as well."""
    if state.memory.verdict.status is Status.UP:
        return False
    runs = {run.probe: run for run in state.pulse.runs}
    leading = next((runs[probe] for probe in _LEADS if probe in runs), None)
    return leading is not None and leading.failure in _OF_A_CONNECTION


async def _observe(check: Check, now: datetime, io: Io) -> Observation:
    """Return what a check shows; of a page with what the authority of its certificate says about it."""
    seen = await observe(check, now, io)
    facts = seen.facts
    if not isinstance(facts, HttpFacts) or not isinstance(check.settings, HttpSettings):
        return seen
    if not facts.revocation_due or facts.tls is None:
        return seen
    asked = await observe(revocation_check(check, check.settings, facts.tls.sha256), now, io)
    if not isinstance(asked.facts, Revocation):
        return seen
    return replace(seen, facts=replace(facts, revocation=asked.facts, revocation_due=False))
