"""The parts of a target: its listings in app stores, and further pages, each believed by looks of its own.

Of listings see `judge.listing`.

A page may be anywhere, an account on somebody else's platform as well. It is judged by the rules that the
front page is judged by, with nothing else in view: no records and no registration, which are of the target.
It is confirmed by as many looks of its own.

What it comes to for the target: while the front page is up and a page is known not to be, the target is
degraded, by the page's diagnosis, and the sentence names the page. A target that is down is down, whatever
its pages show. A page that can no longer be judged (blocked from here, our own network) changes nothing:
what it was last known as goes on to count, so that an incident ends when the page is seen well, and not
when it is not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from monitor.judge.diagnose import assess
from monitor.judge.listing import Weighed
from monitor.judge.listing import weigh as weigh_listing
from monitor.judge.news import News
from monitor.judge.page import learn
from monitor.judge.remember import remember
from monitor.judge.status import Belief, is_there, weigh
from monitor.judge.tally import gap
from monitor.judge.view import look
from monitor.model import (
    CALM,
    Circumstance,
    FollowUp,
    HttpFacts,
    Memory,
    Observation,
    PartRun,
    PartState,
    Policy,
    Probe,
    Pulse,
    Status,
    Verdict,
)

T = TypeVar("T", bound=PartRun | PartState)

_WELL: Final = Verdict(status=Status.UP, reachable=True)
_NAMED: Final = 3
"""So many pages are named in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one observation of a part leads to. The same memory when it tells nothing new."""

    memory: Memory
    pulse: Pulse
    news: tuple[News, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()


def hear(
    memory: Memory,
    pulse: Pulse,
    observation: Observation,
    policy: Policy,
    circumstance: Circumstance = CALM,
) -> Heard:
    """Return what is known of the parts after an observation of one of them."""
    key = (observation.probe, observation.part)
    before = next((part for part in memory.parts if (part.probe, part.part) == key), None)
    last = next((run for run in pulse.parts if (run.probe, run.part) == key), None)
    part = before or PartState(probe=observation.probe, part=observation.part)
    if observation.probe is Probe.LISTING:
        weighed = weigh_listing(part, last, observation, policy)
    else:
        weighed = _page(part, last, observation, policy, circumstance)
    if weighed.part != before:
        memory = replace(memory, parts=_put(memory.parts, weighed.part))
    run = _count(last, observation, weighed.suspicion)
    return Heard(
        memory=memory,
        pulse=replace(pulse, parts=_put(pulse.parts, run)),
        news=weighed.news,
        follow_ups=weighed.follow_ups,
    )


def overall(front: Verdict, parts: Sequence[PartState]) -> Verdict:
    """Return the verdict of the target from that of its front page and what is known of its further pages."""
    if front.status is not Status.UP or not parts:
        return front
    failing = sorted((part for part in parts if _fails(part)), key=lambda part: (part.known_since, part.part))
    if not failing or failing[0].known is None:
        return front
    worst = failing[0].known
    return Verdict(
        status=Status.DEGRADED,
        reachable=front.reachable,
        diagnosis=worst.diagnosis,
        layer=worst.layer,
        sentence=_sentence(failing),
        based_on=tuple(one for part in failing[:_NAMED] if part.known for one in part.known.based_on),
        pages=tuple(part.part for part in failing),
    )


def weigh_parts(heard: Heard, observation: Observation) -> Belief:
    """Return what is believed of the target after its parts were heard: what changed is confirmed already."""
    believed = heard.memory.verdict
    if not is_there(believed):
        return Belief(memory=heard.memory, pulse=heard.pulse)
    verdict = overall(_WELL, heard.memory.parts)
    if verdict.same_as(believed):
        return Belief(memory=heard.memory, pulse=heard.pulse)
    key = (observation.probe, observation.part)
    since = next(part.known_since for part in heard.memory.parts if (part.probe, part.part) == key)
    since = since or observation.started_at
    changes_status = verdict.status is not believed.status
    memory = replace(heard.memory, verdict=verdict, since=since if changes_status else heard.memory.since)
    return Belief(memory=memory, pulse=heard.pulse, confirmed=verdict, since=since)


def _page(
    part: PartState,
    last: PartRun | None,
    observation: Observation,
    policy: Policy,
    circumstance: Circumstance,
) -> Weighed:
    """Return what is believed of a page after one more look at it."""
    mine = replace(
        policy,
        lead=observation.probe,
        dns_watched=False,
        delegation_watched=False,
        recheck_s=min(policy.recheck_s, observation.interval_s),
    )
    stale = last is not None and gap(observation, last.at)
    memory = Memory(
        verdict=part.verdict,
        since=part.since,
        suspected=None if stale else part.suspected,
        suspected_since=None if stale else part.suspected_since,
        seen=(part.seen,) if part.seen else (),
        baseline=part.baseline,
    )
    view = look(memory, observation, mine)
    verdict = assess(view)
    well = verdict.status is Status.UP
    memory = remember(memory, observation, well=well)
    pulse = Pulse(suspicion=last.suspicion if last else 0)
    belief = weigh(memory, pulse, verdict, observation, mine, circumstance)
    believed = belief.memory
    baseline = part.baseline
    if well and believed.verdict.status is Status.UP and isinstance(observation.facts, HttpFacts):
        baseline = learn(baseline, observation.facts, observation.ended_at)
    known = believed.verdict.status is not Status.UNKNOWN
    part = PartState(
        probe=part.probe,
        part=part.part,
        verdict=believed.verdict,
        since=believed.since,
        known=believed.verdict if known else part.known,
        known_since=_known_since(part, believed, observation) if known else part.known_since,
        grounds=_grounds(part, belief.confirmed, observation),
        suspected=believed.suspected,
        suspected_since=believed.suspected_since,
        seen=believed.seen[0] if believed.seen else None,
        baseline=baseline,
    )
    again = tuple(
        replace(follow_up, part=observation.part)
        for follow_up in belief.follow_ups
        if follow_up.probe is observation.probe
    )
    return Weighed(part=part, suspicion=belief.pulse.suspicion, follow_ups=again)


def _known_since(part: PartState, believed: Memory, observation: Observation) -> datetime | None:
    """Return since when a page is known to be as it is; that it was not known for a while ends nothing."""
    if part.known is not None and part.known.status is believed.verdict.status:
        return part.known_since
    return believed.since or observation.started_at


def _grounds(part: PartState, confirmed: Verdict | None, observation: Observation) -> Observation | None:
    """Return what the known verdict rests on: the look that confirmed it."""
    if confirmed is None or confirmed.status is Status.UNKNOWN:
        return part.grounds
    return None if confirmed.status is Status.UP else observation


def _fails(part: PartState) -> bool:
    return (
        part.probe is Probe.PAGE
        and part.known is not None
        and part.known.status in (Status.DOWN, Status.DEGRADED)
    )


def _sentence(failing: Sequence[PartState]) -> str:
    """Return the sentence that names the pages, in the words of the diagnosis of the first."""
    said = failing[0].known.sentence if failing[0].known else ""
    if len(failing) == 1:
        return f"The page {failing[0].part}: {said}"
    names = ", ".join(part.part for part in failing[:_NAMED])
    more = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    return f"{len(failing)} pages ({names}{more}); {failing[0].part}: {said}"


def _count(last: PartRun | None, observation: Observation, suspicion: int) -> PartRun:
    facts = observation.facts
    went_on = last is not None and (last.failure is None) == (observation.failure is None)
    return PartRun(
        probe=observation.probe,
        part=observation.part,
        at=observation.ended_at,
        duration_s=observation.duration_s,
        failure=observation.failure,
        in_a_row=last.in_a_row + 1 if last is not None and went_on else 1,
        http_status=facts.status if isinstance(facts, HttpFacts) and observation.failure is None else None,
        suspicion=suspicion,
    )


def _put(kept: tuple[T, ...], one: T) -> tuple[T, ...]:
    """Return the parts with this one in its place."""
    others = [each for each in kept if (each.probe, each.part) != (one.probe, one.part)]
    return tuple(sorted([*others, one], key=lambda each: (each.probe, each.part)))
