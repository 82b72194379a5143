"""What else is to be looked at, at once, when something has just gone wrong."""

from typing import Final

from monitor.failure import Failure
from monitor.model import DnsFacts, FollowUp, Layer, Memory, Observation, Policy, Probe

_BROKEN: Final = frozenset(
    {
        Failure.DNS_NXDOMAIN,
        Failure.DNS_NODATA,
        Failure.DNS_LOOP,
        Failure.DNS_SERVFAIL,
        Failure.DNS_REFUSED,
        Failure.DNS_MALFORMED,
    }
)
"""What is said about a name or its servers. Not silence: that is one of our resolvers', as a rule, and
then of all targets at once."""

_DELEGATED: Final = frozenset({Layer.DNS, Layer.REGISTRATION})
"""Layers whose trouble shows in the delegation."""


def investigate(
    before: Memory, after: Memory, observation: Observation, policy: Policy
) -> tuple[FollowUp, ...]:
    """Return the checks that explain what has just begun; nothing while it lasts.

    The registration when an incident opens: a hold explains what DNS and HTTP only show. The
    delegation when DNS breaks or a name is gone: the parent zone and the listed servers themselves
    say whose doing it is.
    """
    asked = []
    if before.incident is None and after.incident is not None:
        asked.append(FollowUp(probe=Probe.REGISTRATION, delay_s=0.0, reason="an incident opened"))
    if policy.delegation_watched and (_suspected(before, after) or _broke(before, observation)):
        asked.append(FollowUp(probe=Probe.DELEGATION, delay_s=0.0, reason="DNS does not answer as it did"))
    return tuple(asked)


def _suspected(before: Memory, after: Memory) -> bool:
    """Tell whether a failure of DNS or of the registration is suspected, and was not a look ago."""
    now, then = after.suspected, before.suspected
    if now is None or now.layer not in _DELEGATED:
        return False
    return then is None or then.layer not in _DELEGATED


def _broke(before: Memory, observation: Observation) -> bool:
    """Tell whether the records have gone bad since the last look that said something."""
    if observation.probe is not Probe.DNS or not _is_bad(observation):
        return False
    earlier = next((seen for seen in before.seen if seen.probe is Probe.DNS), None)
    return earlier is not None and not _is_bad(earlier)


def _is_bad(seen: Observation) -> bool:
    facts = seen.facts
    return seen.failure in _BROKEN or (isinstance(facts, DnsFacts) and facts.ns.failure in _BROKEN)
