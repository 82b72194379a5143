"""How an incident lives: from the first failed look to the moment at which its end can be believed.

The status follows what is seen, always: metrics, pages and uptime say `up` while a target answers.
What is *told* is slower, because a target that comes and goes is one story and not twelve.

    where        what is confirmed             then    what is told
    ---------    --------------------------    ----    ------------------------------------------------
    (none)       not up                        open    opened
    open         not up, otherwise             open    updated: at once what was not told of it before;
                                                       what was, when it has stood for a while again
    open         up                            calm    nothing yet
    calm         not up                        open    (a flap) updated at the 2nd, 4th, 8th, ...
    calm         up, for long enough           ended   resolved, with what came back and where
    ended        not up, within the window     open    (a flap) updated: the same incident goes on
    ended        not up, later                 open    opened: another one
    any          unknown                       same    nothing: not knowing ends nothing

"Long enough" is at once after the first outage, but for the half minute that it may take to know at whose
network the target is. After that a target must be up for twice as long as it ever was between two failures,
within bounds: a sixteenth of the window at first, the whole of it once the target is flapping. So the second
return is told soon, and a target that flaps for a day has its end told once. Only seconds that were
watched count: neither a gap nor a clock that was set makes a return stable.

While a provider's outage explains a target, the outage is told and its incident is held: it is there, with
its evidence, and nothing is told of it. It is told as opened once it has another diagnosis; if it is over
before, it never is. One that was told before goes on as any other.

`platform.status.changed` goes with the word about the incident, so that both tell the same story.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from monitor.judge import places, tell
from monitor.judge.news import News
from monitor.judge.rules import OUTAGE
from monitor.judge.status import Belief
from monitor.model import (
    EventType,
    FollowUp,
    Incident,
    LayerMove,
    Memory,
    Observation,
    Outage,
    Policy,
    Pulse,
    Status,
    Verdict,
)

_EVIDENCE: Final = 20
_TOLD: Final = 24
"""So many words are remembered as told; more than a target has in a life of any order."""
_NOT_UP: Final = frozenset({Status.DEGRADED, Status.DOWN})
_WATCHED_LOOKS: Final = 3
"""The window is never less than so many intervals: two looks at an hourly check are an hour apart."""
_SHORTEST_CALM_S: Final = 300.0
_LONGER: Final = 2
_AT_FIRST: Final = 16
"""Before a target is flapping, its return has to last for this part of the window at most."""
_STANDS_S: Final = 300.0
"""How long what was told before must stand before it is told again; twice as long each time."""
_MOST_DOUBLINGS: Final = 8
_MOST_MOVES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a step means for the incident of a target."""

    memory: Memory
    news: tuple[News, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()


def live(
    belief: Belief, observation: Observation, policy: Policy, target: str, outage: Outage | None = None
) -> Turn:
    """Return the memory, the news and the looks asked for, after a verdict was weighed.

    `outage`: the provider's that the target may be part of.
    """
    memory, confirmed = belief.memory, belief.confirmed
    if confirmed is None and memory.incident is None and memory.ended is None:
        return Turn(memory=memory)  # nearly always
    if confirmed is not None and belief.since is not None and confirmed.status in _NOT_UP:
        memory = _fails(belief, confirmed, belief.since, observation, policy, target)
        memory = _pointed(memory, confirmed, outage)
    elif confirmed is not None and confirmed.status is Status.UP:
        memory = _returns(memory, belief.pulse)
    memory, news = _tell(memory, belief, observation, policy)
    return Turn(
        memory=_forgotten(memory, belief.memory.ended, observation, policy),
        news=news,
        follow_ups=_look_again(memory, belief, observation, policy),
    )


# What is confirmed


def _fails(  # noqa: PLR0913, PLR0917 - what a step knows
    belief: Belief, verdict: Verdict, since: datetime, observation: Observation, policy: Policy, target: str
) -> Memory:
    """Return the memory with the incident that begins, goes on, or is opened again."""
    memory, pulse = belief.memory, belief.pulse
    current = memory.incident
    if current is None and memory.ended is not None and _goes_on(memory.ended, since, observation, policy):
        ended = memory.ended
        current = replace(ended, resolved_at=None, moves=(), reopened=ended.reopened + 1)
        memory = replace(memory, ended=None)
    if current is None:
        current = _new(memory, verdict, since, observation, target)
        memory = replace(memory, incidents=memory.incidents + 1, ended=None)
    if current.calm_from_s is not None:
        calm_s = pulse.up_s - current.calm_from_s
        current = replace(
            current, flaps=current.flaps + 1, calmest_s=max(current.calmest_s, calm_s), calm_from_s=None
        )
    if not current.observations or not current.verdict.same_as(verdict):
        evidence = _evidence(current.observations, memory, observation)
        current = replace(
            current, verdict=verdict, observations=evidence, told=_told(current), stood_from_s=pulse.down_s
        )
    return replace(memory, incident=replace(current, reachable_since=_reachable(current, verdict, since)))


def _pointed(memory: Memory, verdict: Verdict, outage: Outage | None) -> Memory:
    """Return the memory with the incident pointing to the outage that it is part of."""
    current = memory.incident
    if current is None or outage is None or verdict.diagnosis != OUTAGE.id or current.outage == outage.id:
        return memory
    return replace(memory, incident=replace(current, outage=outage.id))


def _new(
    memory: Memory, verdict: Verdict, since: datetime, observation: Observation, target: str
) -> Incident:
    key = f"{target}|{since.isoformat()}"
    return Incident(
        id=blake2b(key.encode(), digest_size=8).hexdigest(),
        opened_at=since,
        told_at=observation.ended_at,
        verdict=verdict,
        places=places.standing(memory.layers, since),
        told=(),
    )


def _goes_on(ended: Incident, since: datetime, observation: Observation, policy: Policy) -> bool:
    """Tell whether a target that fails since `since` fails so soon that it is the same incident."""
    if ended.resolved_at is None:
        return False
    return abs(since - ended.resolved_at) <= _window(observation, policy)


def _window(observation: Observation, policy: Policy) -> timedelta:
    return timedelta(seconds=max(policy.flap_window_s, _WATCHED_LOOKS * observation.interval_s))


def _reachable(current: Incident, verdict: Verdict, since: datetime) -> datetime | None:
    """Return since when something answers again that is not the service."""
    if not verdict.reachable:
        return None
    if current.reachable_since is not None:
        return current.reachable_since
    nothing_did = any(told.reachable is False for told in _told(current))
    return since if nothing_did else None


def _returns(memory: Memory, pulse: Pulse) -> Memory:
    """Return the memory of a target that is up again: its incident is calm from now on."""
    current = memory.incident
    if current is None:
        known = memory.known_status
        return memory if known is Status.UP else replace(memory, known_status=Status.UP)
    if current.calm_from_s is not None:
        return memory
    return replace(memory, incident=replace(current, calm_from_s=pulse.up_s))


def _forgotten(memory: Memory, ended: Incident | None, observation: Observation, policy: Policy) -> Memory:
    """Return the memory without an incident that can no longer be opened again.

    `ended`: as it was before this step. What has just ended stays for those who write it down, and what is
    suspected may be its going on.
    """
    if ended is None or ended.resolved_at is None or memory.suspected is not None:
        return memory
    if memory.ended is not ended:
        return memory
    over = abs(observation.started_at - ended.resolved_at) > _window(observation, policy)
    return replace(memory, ended=None) if over else memory


# What is told


def _tell(
    memory: Memory, belief: Belief, observation: Observation, policy: Policy
) -> tuple[Memory, tuple[News, ...]]:
    """Return the memory and the news, if something is to be told of the open incident now."""
    current, verdict, pulse = memory.incident, memory.verdict, belief.pulse
    if current is None or verdict.status is Status.UNKNOWN:
        return memory, ()
    if memory.suspected is not None and (belief.confirmed is None or verdict.status is Status.UP):
        return memory, ()  # a look that speaks for something else is none at which to say how things stand
    if verdict.status is Status.UP:
        # Where only further pages were not well, the target itself was never away.
        back_since = None if current.verdict.pages else memory.since
        found = places.moves(current.places, memory, pulse, policy, back_since=back_since)
        settled = places.is_settled(found)
        if not _is_stable(current, pulse, policy, settled=settled):
            return memory, ()
        return _resolved(memory, current, observation, policy, found)
    kind = _due(current, pulse, policy)
    if kind is None:
        return memory, ()
    found = places.moves(current.places, memory, pulse, policy, back_since=None)
    before = _told(current)
    after = replace(
        current,
        told=_with(before, current.verdict),
        told_flaps=current.flaps,
        retold=current.retold + _is_back(before, current.verdict),
    )
    memory = replace(memory, incident=after)
    word = tell.Word(kind=kind, incident=after, before=before[-1] if before else None, places=found)
    return _with_status(memory, word, policy)


def _due(current: Incident, pulse: Pulse, policy: Policy) -> EventType | None:
    """Return what is to be told of an incident whose target is not up; None: nothing new, or not yet."""
    told, verdict = _told(current), current.verdict
    if not is_told(current):  # of what is part of an outage the outage itself is told
        begins = EventType.INCIDENT_UPDATED if told else EventType.INCIDENT_OPENED
        return None if verdict.diagnosis == OUTAGE.id else begins
    latest = told[-1]
    if _turn(current.flaps, policy) > _turn(current.told_flaps, policy):
        return EventType.INCIDENT_UPDATED
    if latest.same_as(verdict):
        return None
    stands_s = _STANDS_S * (1 << min(current.retold, _MOST_DOUBLINGS))
    stands = pulse.down_s - current.stood_from_s >= min(stands_s, max(policy.flap_window_s, _STANDS_S))
    return EventType.INCIDENT_UPDATED if stands or not _is_back(told, verdict) else None


def is_told(current: Incident) -> bool:
    """Tell whether somebody who hears the events takes the target for not up."""
    told = _told(current)
    return bool(told) and told[-1].status is not Status.UP


def _is_back(told: tuple[Verdict, ...], verdict: Verdict) -> bool:
    """Tell whether a verdict was told before, and another one since."""
    return any(one.same_as(verdict) for one in told[:-1])


def _resolved(
    memory: Memory,
    current: Incident,
    observation: Observation,
    policy: Policy,
    found: tuple[LayerMove, ...],
) -> tuple[Memory, tuple[News, ...]]:
    # A clock that was set back must not end an incident before it began.
    resolved_at = max(current.opened_at, memory.since or observation.ended_at)
    before = _told(current)
    ended = replace(current, resolved_at=resolved_at, moves=found)
    if not is_told(current):  # it was part of an outage to its end: its beginning was not told either
        return replace(memory, incident=None, ended=ended, known_status=memory.verdict.status), ()
    ended = replace(ended, told=_with(before, memory.verdict), told_flaps=current.flaps)
    memory = replace(memory, incident=None, ended=ended)
    word = tell.Word(kind=EventType.INCIDENT_RESOLVED, incident=ended, before=before[-1], places=found)
    return _with_status(memory, word, policy)


def _with_status(memory: Memory, word: tell.Word, policy: Policy) -> tuple[Memory, tuple[News, ...]]:
    """Return the news of an incident, with that of the status before it where that is another one."""
    told = tell.incident(memory, word, flapping=is_flapping(word.incident, policy))
    known, status = memory.known_status, memory.verdict.status
    if known is status:
        return memory, (told,)
    memory = replace(memory, known_status=status)
    return memory, (told,) if known is None else (tell.status(known, memory, word), told)


def _told(current: Incident) -> tuple[Verdict, ...]:
    return (current.verdict,) if current.told is None else current.told


def _with(told: tuple[Verdict, ...], verdict: Verdict) -> tuple[Verdict, ...]:
    """Return what has been told with a verdict as the latest; what it rested on is in the event."""
    lean = replace(verdict, based_on=(), sentence="")
    return (*(one for one in told if not one.same_as(verdict)), lean)[-_TOLD:]


# Flaps


def is_flapping(current: Incident, policy: Policy) -> bool:
    """Tell whether a target comes and goes so often that its return is not told at every turn."""
    return current.flaps >= policy.flaps_to_tell


def _turn(flaps: int, policy: Policy) -> int:
    """Return how often flapping is worth a word by now: at the 2nd flap, the 4th, the 8th, ..."""
    return (flaps // policy.flaps_to_tell).bit_length()


def _is_stable(current: Incident, pulse: Pulse, policy: Policy, *, settled: bool) -> bool:
    """Tell whether a target has been up again for so long that it may be told."""
    if current.calm_from_s is None:
        return False
    calm_s = pulse.up_s - current.calm_from_s
    return calm_s >= stable_after_s(current, policy) and (settled or calm_s >= _place_known_s(policy))


def stable_after_s(current: Incident, policy: Policy) -> float:
    """Return for how many seconds a target must be up again before its return is told."""
    if current.flaps == 0:
        return 0.0
    window_s = policy.flap_window_s
    bound_s = window_s if is_flapping(current, policy) else window_s / _AT_FIRST
    return max(min(_LONGER * current.calmest_s, bound_s), min(_SHORTEST_CALM_S, window_s))


def _place_known_s(policy: Policy) -> float:
    """Return for how long the word of a return waits for it to be known who answers."""
    looks = min(policy.changes_to_confirm - 1, _MOST_MOVES)
    return looks * policy.change_recheck_s + policy.recheck_s


def _look_again(
    memory: Memory, belief: Belief, observation: Observation, policy: Policy
) -> tuple[FollowUp, ...]:
    """Ask for the look at which a return can be told, where the next ordinary one would be late."""
    current, confirmed = memory.incident, belief.confirmed
    if current is None or confirmed is None or confirmed.status is not Status.UP:
        return ()
    delay_s = max(stable_after_s(current, policy), _place_known_s(policy) - policy.recheck_s)
    if delay_s > observation.interval_s:
        return ()
    return (FollowUp(probe=policy.lead, delay_s=delay_s, reason="up again, not told yet", compare=True),)


# Evidence


def _evidence(
    kept: tuple[Observation, ...], memory: Memory, observation: Observation
) -> tuple[Observation, ...]:
    """Return the observations of an incident with what is seen now; the first and the latest stay."""
    have = {seen.id for seen in kept}
    now = [seen for seen in memory.seen if seen.probe is not observation.probe]
    pages = [part.grounds for part in memory.parts if part.grounds]
    new = {seen.id: seen for seen in (*now, *pages, observation) if seen.id not in have}.values()
    all_of_them = (*kept, *new)
    if len(all_of_them) <= _EVIDENCE:
        return all_of_them
    half = _EVIDENCE // 2
    return (*all_of_them[:half], *all_of_them[-half:])
