"""The usual TTL of a record, and whether it has dropped: who is about to move shortens it days before.

A resolver's answer is no measure by itself: it tells what is *left* of the TTL, which falls to nothing
again and again. So the usual TTL is the largest that was ever seen, and a drop is told only when no look
showed more than a tenth of it for as long as it lasts: every cache that was filled with the old TTL has then
run out, and was filled again with the new one. Besides:

- a TTL that is not at least twice as long as the looks are apart is not judged: looks could fall into the
  same end of it every time, and call that a drop;
- what is left below half a minute says nothing: it is also what resolvers put on an answer that they
  serve beyond its time (RFC 8767), while the servers of a zone cannot be reached;
- where the listed servers themselves are asked (the `delegation` check), their word on NS counts, not
  the resolvers': it is whole.

After a move the usual TTL is another one, and is learnt anew; and so is one that has stayed low for a week.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from monitor.model import DnsAnswer, DnsFacts, Layer, LayerState, LowTtl, Memory, Observation, Policy

PART: Final = 10
LEAST_S: Final = 600
"""Of a usual TTL: who has a shorter one is always about to move."""
_STALE_S: Final = 30
_FEWEST_LOOKS: Final = 8
_LASTS: Final = timedelta(days=7)
_GROWN: Final = 1.25
_RTYPES: Final = ("A", "NS")
_MOVED_BY: Final = {"A": (Layer.NETWORK, Layer.EDGE, Layer.DNS), "NS": (Layer.DNS,)}


def usual(memory: Memory, rtype: str) -> int:
    """Return the usual TTL of a record in seconds; 0: not known."""
    return memory.usual_ttls[_RTYPES.index(rtype)] if memory.usual_ttls else 0


def is_drop(before_s: int, now_s: int) -> bool:
    """Tell whether a TTL is a tenth of a usual one, or less."""
    return before_s >= LEAST_S and now_s * PART <= before_s


def follow(
    memory: Memory, before: Memory, low: tuple[LowTtl, ...], observation: Observation, policy: Policy
) -> tuple[Memory, tuple[LowTtl, ...]]:
    """Return the memory with the usual TTLs, and the stretches of low ones, after a look at the records.

    `before`: the memory before the look. Both are the same objects when the look tells nothing new of TTLs.
    """
    facts = observation.facts
    if not isinstance(facts, DnsFacts):
        return memory, low
    stretches = {one.rtype: one for one in low}
    usually = {rtype: usual(memory, rtype) for rtype in _RTYPES}
    moved = memory.layers is not before.layers
    for rtype, answer in _judged(facts, policy):
        if moved and _changed(before.layers, memory.layers, _MOVED_BY[rtype]):
            usually[rtype] = 0
        _note(rtype, answer.ttl or 0, observation, usually, stretches)
    told = tuple(usually.values())
    if told != (memory.usual_ttls or (0, 0)):
        memory = replace(memory, usual_ttls=(told[0], told[1]))
    after = tuple(stretches.values())
    return memory, low if after == low else after


def _judged(facts: DnsFacts, policy: Policy) -> Iterator[tuple[str, DnsAnswer]]:
    """Yield the answers whose TTL is measured by what resolvers say."""
    for rtype, answer in (("A", facts.a), ("NS", facts.ns)):
        if answer.failure is None and answer.ttl is not None and not is_asked(rtype, policy):
            yield rtype, answer


def is_asked(rtype: str, policy: Policy) -> bool:
    """Tell whether the listed servers themselves are asked for these records."""
    return rtype == "NS" and policy.delegation_watched


def _note(
    rtype: str,
    ttl: int,
    observation: Observation,
    usually: dict[str, int],
    stretches: dict[str, LowTtl],
) -> None:
    known, at = usually[rtype], observation.ended_at
    stretch = stretches.get(rtype)
    if stretch is not None and at - stretch.since >= _LASTS:
        usually[rtype] = stretch.top if stretch.top >= LEAST_S else 0
        del stretches[rtype]
    elif ttl >= LEAST_S and ttl > known * _GROWN:
        usually[rtype] = ttl
        stretches.pop(rtype, None)
    elif ttl <= _STALE_S or known < 2 * observation.interval_s:
        return
    elif not is_drop(known, ttl):
        stretches.pop(rtype, None)
    elif stretch is None:
        stretches[rtype] = LowTtl(rtype=rtype, since=at, looks=1, top=ttl)
    else:
        stretches[rtype] = replace(stretch, looks=stretch.looks + 1, top=max(stretch.top, ttl))


def has_dropped(stretch: LowTtl, usual_s: int, observation: Observation) -> bool:
    """Tell whether a stretch is long enough for every cache to have been filled anew."""
    lasted = (observation.ended_at - stretch.since).total_seconds()
    return lasted >= usual_s and stretch.looks >= _FEWEST_LOOKS


def _changed(before: tuple[LayerState, ...], after: tuple[LayerState, ...], which: tuple[Layer, ...]) -> bool:
    """Tell whether one of these layers has moved in this look."""
    earlier = {state.layer: state.changes for state in before}
    return any(state.layer in which and state.changes > earlier.get(state.layer, 0) for state in after)
