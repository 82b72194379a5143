"""The status of a target: what is believed, what is suspected, and how often it takes to be believed.

A verdict drawn from one observation is a suspicion. How many looks in a row confirm it is a table
(`_NEEDED`): what is believed, what the looks say, and so many.

    believed          the looks say     in a row
    --------------    --------------    -----------------------------------------------------------
    nothing yet       up                one: there is nothing it could contradict
    not up, unknown   up                `successes_to_confirm`
    up                up, but a page    one: pages are confirmed by looks of their own
    up, unknown       not up            `failures_to_confirm`
    up, not up        unknown           `failures_to_confirm`
    not up            not up, other     two: another diagnosis, or another degree, of what is not up anyway
    unknown           unknown, other    `failures_to_confirm`

Looks that contradict "up" for twice as long as a confirmation takes, and each other as well (an
error, a challenge, an error), confirm nothing but that it is no longer known.

The looks that count are those of the leading probe. The others refine a diagnosis: a registration
on hold, once read, explains a name that has been gone for an hour. When what they explained is over, what
the page was like at an earlier look says nothing of now: it is looked at again, and nothing is told until
then. A look that was not made, or that failed for reasons of our own, counts for nothing but itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from monitor.failure import OURS
from monitor.judge.diagnose import UNDETERMINED
from monitor.judge.rules import OFFLINE, OUTAGE
from monitor.judge.rules.seen import by_turns
from monitor.model import (
    CALM,
    PAGES,
    Circumstance,
    FollowUp,
    Layer,
    Memory,
    Observation,
    Policy,
    Probe,
    Pulse,
    Status,
    Verdict,
)

_AT_ONCE: Final = 1
_REFINE_AFTER: Final = 2
_LATER: Final = 2
"""A look that is not the first of a suspicion: the leading probe alone is asked again."""
_LASTING: Final = 2
_AWAITED: Final = timedelta(seconds=60)
"""For so long a confirmation waits for a word of the controls that is newer than the first failure."""
_OF_THE_PAGE: Final = frozenset({Layer.NETWORK, Layer.EDGE, Layer.CERTIFICATE})
_LEADS: Final = PAGES | {Probe.DNS}
"""Probes that can show whether a target is there."""


class _Kind(Enum):
    UP = auto()
    NOT_UP = auto()
    UNKNOWN = auto()


_KIND: Final = {
    Status.UP: _Kind.UP,
    Status.DEGRADED: _Kind.NOT_UP,
    Status.DOWN: _Kind.NOT_UP,
    Status.UNKNOWN: _Kind.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """The outcome of weighing one verdict."""

    memory: Memory
    pulse: Pulse
    confirmed: Verdict | None = None
    """The verdict that is believed from now on, when it is another than before."""
    since: datetime | None = None
    """When the first observation was made that spoke for it."""
    follow_ups: tuple[FollowUp, ...] = ()


def _kind(verdict: Verdict) -> _Kind:
    """Return what a verdict says of the target itself: with only further pages not well it is there."""
    return _Kind.UP if verdict.pages else _KIND[verdict.status]


def is_there(verdict: Verdict) -> bool:
    """Tell whether a target itself is up, be it that further pages of it are not."""
    return _kind(verdict) is _Kind.UP


_NEEDED: Final[dict[tuple[_Kind, _Kind], Callable[[Policy], int]]] = {
    (_Kind.UP, _Kind.UP): lambda _: _AT_ONCE,
    (_Kind.NOT_UP, _Kind.UP): lambda policy: policy.successes_to_confirm,
    (_Kind.UNKNOWN, _Kind.UP): lambda policy: policy.successes_to_confirm,
    (_Kind.UP, _Kind.NOT_UP): lambda policy: policy.failures_to_confirm,
    (_Kind.NOT_UP, _Kind.NOT_UP): lambda _: _REFINE_AFTER,
    (_Kind.UNKNOWN, _Kind.NOT_UP): lambda policy: policy.failures_to_confirm,
    (_Kind.UP, _Kind.UNKNOWN): lambda policy: policy.failures_to_confirm,
    (_Kind.NOT_UP, _Kind.UNKNOWN): lambda policy: policy.failures_to_confirm,
    (_Kind.UNKNOWN, _Kind.UNKNOWN): lambda policy: policy.failures_to_confirm,
}


def _needed(memory: Memory, then: Verdict, policy: Policy) -> int:
    """Return how many looks `then` takes to displace what is believed."""
    now = memory.verdict
    unseen = now.status is Status.UNKNOWN and now.diagnosis is None
    if _kind(then) is _Kind.UP and (unseen or _back(memory, then)):
        return _AT_ONCE
    return _NEEDED[_kind(now), _kind(then)](policy)


def _speaks_for(suspected: Verdict | None, verdict: Verdict, believed: Verdict) -> bool:
    """Tell whether a verdict strengthens the suspicion rather than starting another one."""
    if suspected is None:
        return False
    if _kind(verdict) is _kind(believed):
        return suspected.same_as(verdict)
    return _kind(suspected) is _kind(verdict)


def weigh(  # noqa: PLR0913, PLR0917 - what is believed, what is seen, and by what it is judged
    memory: Memory,
    pulse: Pulse,
    verdict: Verdict,
    observation: Observation,
    policy: Policy,
    circumstance: Circumstance = CALM,
) -> Belief:
    """Return what is believed and suspected after a verdict drawn from `observation`."""
    believed = memory.verdict
    leads = observation.probe is policy.lead
    if verdict.same_as(believed):
        return _dismiss(memory, pulse) if leads else Belief(memory=memory, pulse=pulse)
    if not leads and (_kind(verdict) is not _kind(believed) or observation.failure in OURS):
        return Belief(memory=memory, pulse=pulse)
    if not leads and _is_of_the_page(verdict):
        return Belief(memory=memory, pulse=pulse, follow_ups=_look_again(memory, verdict, policy, _LATER))
    again = _speaks_for(memory.suspected, verdict, believed)
    looks = pulse.suspicion + 1 if again else 1
    since = memory.suspected_since if again and memory.suspected_since else observation.started_at
    needed = _needed(memory, verdict, policy)
    if looks >= needed and not _awaits_controls(believed, verdict, since, observation, circumstance):
        return _confirm(memory, pulse, verdict, since)
    lasting = _lasting(pulse, observation, policy)
    if lasting and leads:
        return _give_up(memory, pulse, verdict)
    suspects = memory.suspected is not None and memory.suspected.same_as(verdict)
    if not (again and suspects):
        memory = replace(memory, suspected=verdict, suspected_since=since)
    return Belief(
        memory=memory,
        pulse=replace(pulse, suspicion=looks),
        # What contradicts itself for that long is left to the regular looks.
        follow_ups=() if lasting else _look_again(memory, verdict, policy, looks),
    )


def _is_of_the_page(verdict: Verdict) -> bool:
    """Tell whether a verdict says what the page is like, or the way to it: for the leading probe to see."""
    return verdict.layer in _OF_THE_PAGE and verdict.diagnosis != OUTAGE.id


def _back(memory: Memory, verdict: Verdict) -> bool:
    """Tell whether a target looks up as it did before the monitor was cut off: nothing spoke against it."""
    cut_off = memory.verdict.diagnosis == OFFLINE.id
    return cut_off and verdict.status is Status.UP and memory.incident is None


def _awaits_controls(
    believed: Verdict, verdict: Verdict, since: datetime, observation: Observation, circumstance: Circumstance
) -> bool:
    """Tell whether it could still be the monitor that is cut off: the controls have not spoken since."""
    if _kind(verdict) is not _Kind.NOT_UP or _kind(believed) is _Kind.NOT_UP:
        return False
    heard = circumstance.heard_at
    return heard is not None and heard < since and observation.ended_at - since < _AWAITED


def _lasting(pulse: Pulse, observation: Observation, policy: Policy) -> bool:
    """Tell whether suspicions have followed one another for long; meanwhile the time waits (see `tally`)."""
    if pulse.accounted_until is None:
        return False
    waiting_s = (observation.started_at - pulse.accounted_until).total_seconds()
    longest = max(policy.failures_to_confirm, policy.successes_to_confirm, _REFINE_AFTER)
    return waiting_s >= _LASTING * longest * observation.interval_s


def _give_up(memory: Memory, pulse: Pulse, verdict: Verdict) -> Belief:
    """Return what is left to believe when looks contradict one another: of "up" nothing, else what was."""
    if _kind(memory.verdict) is not _Kind.UP or pulse.accounted_until is None:
        return _dismiss(memory, pulse)
    torn = replace(
        verdict,
        status=UNDETERMINED.status,
        reachable=UNDETERMINED.reachable,
        diagnosis=UNDETERMINED.id,
        layer=UNDETERMINED.layer,
        sentence=UNDETERMINED.sentence.format(seen=by_turns(memory.suspected, verdict)),
    )
    return _confirm(memory, pulse, torn, pulse.accounted_until)


def _dismiss(memory: Memory, pulse: Pulse) -> Belief:
    if memory.suspected is None:
        return Belief(memory=memory, pulse=pulse)
    return Belief(
        memory=replace(memory, suspected=None, suspected_since=None),
        pulse=replace(pulse, suspicion=0),
    )


def _confirm(memory: Memory, pulse: Pulse, verdict: Verdict, since: datetime) -> Belief:
    changes_status = verdict.status is not memory.verdict.status
    return Belief(
        memory=replace(
            memory,
            verdict=verdict,
            since=since if changes_status else memory.since,
            suspected=None,
            suspected_since=None,
        ),
        pulse=replace(pulse, suspicion=0),
        confirmed=verdict,
        since=since,
    )


def _look_again(memory: Memory, verdict: Verdict, policy: Policy, looks: int) -> tuple[FollowUp, ...]:
    """Ask for another look soon; at the first sign of trouble, or of a return, also at the records.

    They say what is wrong, or where the target has come back.

    Resolvers are compared then: a suspicion that rests on the word of one would grow with every look
    at the same one. Not at a registration: it never shows an outage, and a server that limits its rate
    wants fewer questions.
    """
    if policy.lead not in _LEADS:
        return ()
    again = FollowUp(
        probe=policy.lead, delay_s=policy.recheck_s, reason=f"{verdict.status} suspected", compare=True
    )
    kind = _kind(verdict)
    turns = kind is _Kind.NOT_UP or (kind is _Kind.UP and memory.incident is not None)
    if looks > 1 or not turns or not policy.dns_watched or policy.lead is Probe.DNS:
        return (again,)
    reason = "the target looks up again" if kind is _Kind.UP else "the target does not look up"
    return (
        again,
        FollowUp(probe=Probe.DNS, delay_s=0.0, reason=reason, compare=True, bounded=kind is _Kind.NOT_UP),
    )
