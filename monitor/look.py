"""One look at every layer of a domain, now, without a daemon and without a store.

The same probes, the same attribution and the same rules; only nothing is confirmed by a second
look, and nothing is remembered.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from monitor.follow_up import revocation_check
from monitor.judge import beside, step
from monitor.model import (
    Check,
    HttpFacts,
    HttpSettings,
    Observation,
    Policy,
    Probe,
    Revocation,
    TargetState,
)
from monitor.pipeline import Attribute
from monitor.probe.io import Io
from monitor.probe.observe import observe

# The records and the registration first: the page is then judged with them in view.
_ORDER: Final = (Probe.REGISTRATION, Probe.DELEGATION, Probe.DNS, Probe.HTTP)


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
