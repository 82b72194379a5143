"""When the authority of a certificate is asked about it, and what follows from its word.

The word itself is a fact of the page that shows the certificate; the rule `tls.revoked` reads it there.
"""

from dataclasses import replace
from typing import Final

from monitor.model import FollowUp, HttpFacts, Memory, Observation, Policy, Probe, Revocation, RevocationState

_RULE: Final = "tls.revoked"


def ask(memory: Memory, observation: Observation, policy: Policy) -> tuple[FollowUp, ...]:
    """Return the question to the authority where one is due; after a bad word, another look at the page."""
    facts = observation.facts
    if isinstance(facts, HttpFacts):
        if not facts.revocation_due or facts.tls is None:
            return ()
        reason = "its certificate is new, or was last asked about a day ago"
        return (FollowUp(probe=Probe.REVOCATION, delay_s=0.0, reason=reason, certificate=facts.tls.sha256),)
    if not isinstance(facts, Revocation) or facts.state is not RevocationState.REVOKED:
        return ()
    if policy.lead is not Probe.HTTP or memory.verdict.diagnosis == _RULE or observation.failure is not None:
        return ()
    return (FollowUp(probe=Probe.HTTP, delay_s=0.0, reason="the certificate of the page is revoked"),)


def carried(observation: Observation, before: Observation | None) -> Observation:
    """Return the observation with the word that was known of the certificate, where it brings none itself.

    After a restart, or when the authority does not answer, nothing is at hand: that takes nothing back.
    """
    facts, earlier = observation.facts, before.facts if before is not None else None
    if not isinstance(facts, HttpFacts) or not isinstance(earlier, HttpFacts) or facts.tls is None:
        return observation
    known = earlier.revocation
    if known is None or known.state is RevocationState.UNKNOWN or known.sha256 != facts.tls.sha256:
        return observation
    if facts.revocation is None or facts.revocation.state is not RevocationState.UNKNOWN:
        return observation  # it is not asked any more, or it has answered
    return replace(observation, facts=replace(facts, revocation=known))
