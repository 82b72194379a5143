"""What else is looked at, at once, when something has gone wrong, and what became of it.

An investigation lasts as long as the trouble: from the first look that contradicts "up" until the target is
believed to be up again. What the other probes say in that time is kept apart (`Memory.investigated`), since
what they said before says nothing of it, and is evidence of the incident. It asks for

- the records, with the resolvers compared;
- the delegation, and each listed server itself: the parent zone says whose doing it is. At once where it
  could explain what is seen; for errors of a web server when the incident opens;
- the registration: at once when the name itself is in trouble, else when the incident opens.

What was not answered is asked for at every later look until it is: a thousand targets that fail together
must not cause a storm, so who runs the checks may leave some out (`FollowUp.bounded`). Once answered, it is
asked again only while the name is in trouble, each time after half as long again as the trouble has lasted.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from monitor.failure import NOT_ASKED, Failure
from monitor.judge.remember import story
from monitor.judge.rules.words import redirected
from monitor.judge.view import NAME_TROUBLE, View
from monitor.model import (
    UNSEEN,
    DelegationFacts,
    DnsFacts,
    FollowUp,
    Layer,
    Memory,
    Observation,
    Policy,
    Probe,
    Run,
    Status,
    Verdict,
)

MOST_EVIDENCE: Final = 20
_LEADS: Final = frozenset({Probe.HTTP, Probe.DNS})
_ON_PAPER: Final = frozenset({Layer.DNS, Layer.REGISTRATION})
"""Layers whose trouble shows in what is delegated and registered."""
_REGISTRATION_AGAIN_S: Final = 300.0
"""A registry that limits its rate wants fewer questions."""


def trouble_since(memory: Memory) -> datetime | None:
    """Return since when something is wrong, or looks so; None: nothing is."""
    if memory.incident is not None:
        return memory.incident.opened_at
    if memory.suspected is not None and memory.suspected.status is not Status.UP:
        return memory.suspected_since
    verdict = memory.verdict
    return memory.since if verdict.status is Status.UNKNOWN and verdict.diagnosis else None


def _listens(memory: Memory) -> bool:
    """Tell whether what is said counts as said now: something is wrong, or nothing has been seen yet."""
    return trouble_since(memory) is not None or memory.verdict == UNSEEN


def note(memory: Memory, observation: Observation, policy: Policy) -> Memory:
    """Return the memory with what a probe that does not lead says while something is wrong."""
    if observation.probe is policy.lead or observation.failure in NOT_ASKED or not _listens(memory):
        return memory
    before = next((seen for seen in memory.investigated if seen.probe is observation.probe), None)
    if before is not None and story(before) == story(observation) and not _adds(observation, before):
        return memory
    others = tuple(seen for seen in memory.investigated if seen is not before)
    return replace(memory, investigated=(*others, observation))


def _adds(observation: Observation, before: Observation) -> bool:
    """Tell whether servers say of a host what was not heard before; an ordinary run asks for none."""
    now, then = observation.facts, before.facts
    if not isinstance(now, DelegationFacts) or not isinstance(then, DelegationFacts) or not now.host:
        return False
    known = [[word.knows_host for word in facts.servers] for facts in (now, then)]
    return now.host != then.host or known[0] != known[1]


def close(before: Memory, memory: Memory) -> Memory:
    """Return the memory with the investigation as evidence of its incident, or without it when it is over.

    All of it when the incident opens, then what is new: what was left out of the evidence stays out.
    """
    if not memory.investigated:
        return memory
    if not _listens(memory):
        return replace(memory, investigated=())
    current = memory.incident
    if current is None:
        return memory
    have = {seen.id for seen in current.observations}
    if before.incident is not None:
        have |= {seen.id for seen in before.investigated}
    new = tuple(seen for seen in memory.investigated if seen.id not in have)
    if not new:
        return memory
    return replace(memory, incident=replace(current, observations=_bounded((*current.observations, *new))))


def _bounded(evidence: tuple[Observation, ...]) -> tuple[Observation, ...]:
    """Return the first and the latest of the evidence."""
    if len(evidence) <= MOST_EVIDENCE:
        return evidence
    return (*evidence[: MOST_EVIDENCE // 2], *evidence[-MOST_EVIDENCE // 2 :])


def investigate(before: Memory, after: Memory, view: View, runs: tuple[Run, ...]) -> tuple[FollowUp, ...]:
    """Return the checks that explain what is seen now. `runs`: the last one of each probe."""
    policy, lead = view.policy, view.lead
    since, verdict = trouble_since(after), after.suspected or after.verdict
    asked: list[FollowUp] = []
    if policy.lead in _LEADS and since is not None and lead is view.observation:
        asked = [
            FollowUp(
                probe=probe,
                delay_s=0.0,
                reason=reason,
                compare=True,
                bounded=True,
                again=any(seen.probe is probe for seen in after.investigated),
                host=redirected(view) if probe is Probe.DELEGATION else "",
            )
            for probe, reason in _questions(before, after, view, verdict)
            if _is_open(probe, after, view, runs, since)
        ]
    if policy.delegation_watched and _broke(before, view.observation) and not asked:
        reason = "DNS does not answer as it did"
        asked.append(FollowUp(probe=Probe.DELEGATION, delay_s=0.0, reason=reason, compare=True, bounded=True))
    return tuple(asked)


def _questions(before: Memory, after: Memory, view: View, verdict: Verdict) -> list[tuple[Probe, str]]:
    """Return which probes could explain what is seen, and why they are asked."""
    if verdict.status is Status.UP:
        return []
    named = view.failure in NAME_TROUBLE or verdict.layer in _ON_PAPER
    lasts = after.incident is not None
    if verdict.status is Status.UNKNOWN and not named:
        return []
    found = []
    if view.policy.dns_watched and view.policy.lead is not Probe.DNS and before.suspected is not None:
        found.append((Probe.DNS, "the target does not look up"))
    if view.policy.delegation_watched and (named or lasts or not _is_served(verdict)):
        found.append((Probe.DELEGATION, "the parent zone may know why"))
    if lasts or (named and view.failure is not Failure.DNS_TIMEOUT):
        found.append((Probe.REGISTRATION, "the registration may say why"))
    return found


def _is_served(verdict: Verdict) -> bool:
    """Tell whether a web server answers with an error: the way to it is as it was."""
    return verdict.diagnosis is not None and verdict.diagnosis.startswith("http.")


def _is_open(probe: Probe, after: Memory, view: View, runs: tuple[Run, ...], since: datetime) -> bool:
    """Tell whether a question is not answered yet, or is due again: names change hands while they fail."""
    if all(seen.probe is not probe for seen in after.investigated):
        return True
    run = next((run for run in runs if run.probe is probe), None)
    if run is None or probe is Probe.DNS or view.failure not in NAME_TROUBLE:
        return run is None
    now = view.observation.started_at
    least_s = _REGISTRATION_AGAIN_S if probe is Probe.REGISTRATION else view.policy.recheck_s
    return now - run.at >= max(timedelta(seconds=least_s), (now - since) / 2)


def _broke(before: Memory, observation: Observation) -> bool:
    """Tell whether the records have gone bad since the last look that said something."""
    if observation.probe is not Probe.DNS or not _is_bad(observation):
        return False
    earlier = next((seen for seen in before.seen if seen.probe is Probe.DNS), None)
    return earlier is not None and not _is_bad(earlier)


def _is_bad(seen: Observation) -> bool:
    """Tell whether something is said against the name or its servers. Silence is that of our resolvers."""
    facts = seen.facts
    said = seen.failure, facts.ns.failure if isinstance(facts, DnsFacts) else None
    return any(failure in NAME_TROUBLE and failure is not Failure.DNS_TIMEOUT for failure in said)
