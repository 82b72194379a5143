"""Whether a store offers an app: told only after several looks over some time.

Stores stumble, and serve one country or cache from another. So a listing that is gone, or there again,
is believed after `listing_looks` looks that say so, the first and the last of which lie at least
`listing_over_s` apart. A look that was not answered is no look: it neither strengthens a suspicion nor ends
it, and after a few of them in a row the listing is not known, which is told to nobody. A listing that is
there when it is first looked at is believed at once: there is nothing that it could contradict.

It is a layer of its own. A target whose app is gone from a store is as up as it was.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from monitor.judge.news import News
from monitor.model import (
    STORE_NAMES,
    EventType,
    FollowUp,
    Layer,
    ListingChanged,
    ListingFacts,
    Observation,
    PartRun,
    PartState,
    Policy,
    Severity,
    Status,
    Verdict,
)

_LOST_AFTER: Final = 3
"""So many looks in a row without an answer, and the listing is not known."""
_LISTED: Final = Verdict(status=Status.UP, reachable=True, layer=Layer.LISTING)
_GONE: Final = Verdict(
    status=Status.DOWN, reachable=False, layer=Layer.LISTING, sentence="The store has no such listing."
)
_UNSEEN: Final = Verdict(status=Status.UNKNOWN, reachable=None, layer=Layer.LISTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What one look at a store leads to."""

    part: PartState
    suspicion: int
    """Looks that speak for what is suspected."""
    news: tuple[News, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()


def weigh(part: PartState, last: PartRun | None, observation: Observation, policy: Policy) -> Weighed:
    """Return what is believed of a listing after one more look at it."""
    looks = last.suspicion if last else 0
    facts = observation.facts
    if observation.failure is not None or not isinstance(facts, ListingFacts):
        return Weighed(part=_unanswered(part, last), suspicion=looks)
    seen = _kept(part.seen, observation, facts)
    says = _LISTED if facts.available else _GONE
    known = part.known
    if known is not None and says.status is known.status:
        settled = replace(part, seen=seen, verdict=known, suspected=None, suspected_since=None)
        return Weighed(part=settled, suspicion=0)
    looks += 1
    since = part.suspected_since or observation.started_at
    first = known is None and facts.available
    enough = looks >= policy.listing_looks and _seconds(since, observation) >= policy.listing_over_s
    if not (first or enough):
        again = FollowUp(
            probe=observation.probe,
            part=observation.part,
            delay_s=min(policy.listing_recheck_s, observation.interval_s),
            reason="the store says otherwise than it did",
        )
        suspects = replace(part, seen=seen, suspected=says, suspected_since=since)
        return Weighed(part=suspects, suspicion=looks, follow_ups=(again,))
    verdict = replace(says, based_on=(observation.id,))
    believed = replace(
        part,
        seen=seen,
        verdict=verdict,
        since=since,
        known=verdict,
        known_since=since,
        suspected=None,
        suspected_since=None,
    )
    # What was never known to be otherwise has not changed.
    news = (_news(facts, part.seen, since, observation),) if known is not None else ()
    return Weighed(part=believed, suspicion=0, news=news)


def _unanswered(part: PartState, last: PartRun | None) -> PartState:
    silent = last.in_a_row + 1 if last is not None and last.failure is not None else 1
    if silent < _LOST_AFTER or part.verdict.status is Status.UNKNOWN:
        return part
    return replace(part, verdict=_UNSEEN)


def _seconds(since: datetime, observation: Observation) -> float:
    return (observation.ended_at - since).total_seconds()


def _kept(before: Observation | None, observation: Observation, facts: ListingFacts) -> Observation:
    """Return the look that is remembered: the earlier one where it says the same.

    A listing that is gone has no name any more; it is called what it was called.
    """
    told = before.facts if before is not None else None
    if not isinstance(told, ListingFacts):
        return observation
    if not facts.available and facts.name is None:
        facts = replace(facts, name=told.name, developer=told.developer)
    return before if before is not None and told == facts else replace(observation, facts=facts)


def _news(facts: ListingFacts, before: Observation | None, since: datetime, observation: Observation) -> News:
    told = before.facts if before is not None else None
    known = told if isinstance(told, ListingFacts) else facts
    name = facts.name or known.name
    where = f" ({facts.country})" if facts.country else ""
    which = f"“{name}”, {facts.app}," if name else facts.app
    says = "is listed again" if facts.available else "is gone"
    return News(
        type=EventType.LISTING_CHANGED,
        severity=Severity.WARNING,
        text=f"{STORE_NAMES[facts.store]}{where}: {which} {says}.",
        data=ListingChanged(
            layer=Layer.LISTING,
            store=facts.store,
            app=facts.app,
            country=facts.country or None,
            name=name,
            developer=facts.developer or known.developer,
            listing_from="gone" if facts.available else "listed",
            listing_to="listed" if facts.available else "gone",
            since=since,
            observations=(observation.id,),
        ),
    )
