"""Whether it is a provider: unrelated targets that fail alike, at once, and stand on the same one.

For each provider and kind of trouble the targets are kept that have lately begun to fail, and how often
others of its targets were seen to be well in between. When enough of them, of different registrable
domains, make up enough of those that were looked at, the provider is suspected; from then on its
targets that fail like that are part of the outage. It works on first failed looks: when the third
target fails, the first one is not confirmed yet, as a rule.

A target whose own records have just changed, or may be about to, is no part of any outage. One owner
with many domains on one server is told as an outage of what serves them all: from outside it is one.
It is over when fewer are left failing than it takes to recognise one, or one in twenty, for a while.

An uneventful look costs a few look-ups in dictionaries, and nothing while no target is in trouble.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from monitor.judge.trouble import Key, seen_of, standing, trouble_of
from monitor.model import (
    CorrelationPolicy,
    Layer,
    LayerState,
    Memory,
    Observation,
    Outage,
    Provider,
    TargetState,
    Trouble,
)

_TOLD: Final = 20
_FAILURES_TOLD: Final = 5
_LATELY: Final = 64
"""Of the targets that have lately begun to fail at a provider so many are compared."""
_LEFT: Final = 20
"""An outage is over when no more than one in so many still fails."""


@dataclass(slots=True, eq=False)
class _Failing:
    """A target that is in trouble now."""

    target: str
    trouble: Trouble
    since: datetime
    """When the first look that failed was begun."""
    seen: str
    keys: Mapping[Key, Provider]
    """Whom it could be put down to."""
    edges: frozenset[str]
    """Those of them that stand in front of it as its edge."""
    outage: str | None = None
    well: dict[Key, int] = field(default_factory=dict)
    """How many looks at other targets of each had found them well, when this one began to fail."""
    well_anywhere: int = 0


@dataclass(slots=True, eq=False)
class _Gathering:
    """The targets of a provider that have lately begun to fail, in the order in which they did."""

    failing: dict[str, _Failing] = field(default_factory=dict)
    well: int = 0
    """Looks at others of its targets since the first of them that found them well."""


@dataclass(slots=True, eq=False)
class _Open:
    """An outage that lasts, or has been over for less than the grace."""

    outage: Outage
    key: Key
    failing: set[str] = field(default_factory=set)
    affected: set[str] = field(default_factory=set)
    quiet_since: datetime | None = None

    def as_it_stands(self, watched: int) -> Outage:
        """Return it as it stands."""
        affected = max(len(self.affected), self.outage.affected)
        return replace(self.outage, failing=len(self.failing), affected=affected, watched=watched)


class Correlation:
    """What fails together. Deterministic: the same steps give the same outages."""

    def __init__(self, policy: CorrelationPolicy, domain_of: Callable[[str], str]) -> None:
        """Take the thresholds; `domain_of` gives the registrable domain of a target."""
        self._policy = policy
        self._domain_of = domain_of
        self._window = timedelta(seconds=policy.window_s)
        self._watched: Counter[Key] = Counter()
        self._failing: dict[str, _Failing] = {}
        self._gatherings: dict[Key, _Gathering] = {}
        self._well_anywhere = 0
        self._open: dict[str, _Open] = {}

    # What is asked of it

    @property
    def outages(self) -> tuple[Outage, ...]:
        """Return the outages that last, and those that are hardly over, as they stand."""
        return tuple(each.as_it_stands(self._watched[each.key]) for each in self._open.values())

    def outage_of(self, target: str) -> Outage | None:
        """Return the outage that a target is part of."""
        if not self._open:
            return None
        known = self._failing.get(target)
        if known is not None:
            found = self._open.get(known.outage or "")
            return found.outage if found else None
        return next((o.outage for o in self._open.values() if target in o.failing), None)

    def outage_for(self, memory: Memory, observation: Observation) -> Outage | None:
        """Return the outage that a target is part of, or will be by a look of its leading probe."""
        if not self._open:
            return None
        part_of = self.outage_of(observation.target)
        if part_of is not None or observation.target in self._failing:
            return part_of
        trouble = trouble_of(observation)
        if trouble is None or self._moves(memory, observation.ended_at):
            return None
        keys = [key for key, _, _ in standing(memory.layers) if key[0] is trouble]
        found = self._lasting(keys)
        if found is None or self._is_older(found, memory, _begun(memory, observation, trouble)):
            return None
        return found.outage

    # What it is told

    def go_on(self, states: Iterable[TargetState], outages: Iterable[Outage]) -> None:
        """Go on from what is stored: who stands where, and who is part of an outage that lasts."""
        self._open = {each.id: _Open(each, (each.trouble, each.provider.id)) for each in outages}
        for state in states:
            self._watched.update(_keys(state.memory.layers))
            incident = state.memory.incident
            part_of = self._open.get(incident.outage or "") if incident else None
            if part_of is not None and incident is not None and incident.verdict.diagnosis:
                part_of.failing.add(state.target)
                part_of.affected.add(state.target)

    def stands(self, before: tuple[LayerState, ...], after: tuple[LayerState, ...]) -> None:
        """Note that a target stands on others than before."""
        if before is not after:
            self._watched.subtract(_keys(before))
            self._watched.update(_keys(after))

    def look(self, memory: Memory, observation: Observation) -> Iterator[Key]:
        """Take a look of the leading probe; yield what may be an outage now."""
        target, trouble = observation.target, trouble_of(observation)
        known = self._failing.get(target)
        if trouble is None:
            if known is not None:
                self._recovers(known)
            elif self._open:
                self._back(target)
            if observation.failure is None and self._gatherings:
                self._well(memory)
            return
        if known is not None and known.trouble is trouble:
            return
        if known is not None:
            self._recovers(known)
        if not self._moves(memory, observation.ended_at):
            yield from self._fails(memory, observation, trouble)

    def forget_failures(self) -> None:
        """Forget who has lately begun to fail: it was the monitor that was cut off."""
        for failing in [f for f in self._failing.values() if f.outage is None]:
            self._recovers(failing)

    def recognise(
        self, keys: Iterable[Key], at: datetime, heard_at: datetime | None, *, elsewhere: bool
    ) -> list[Outage]:
        """Return the outages that are recognised now, by those who had begun to fail by `heard_at`.

        `heard_at`: when it was last known that the monitor is not cut off; None: never, and then targets
        `elsewhere` have to be well.
        """
        if not self._policy.enabled:
            return []
        found = []
        for key in keys:
            together = self._together(key, at, heard_at, elsewhere=elsewhere)
            if together and self._lasting([key]) is None:
                found.append(self._suspect(key, together, at))
        return found

    def gathering(self) -> tuple[Key, ...]:
        """Return the providers of which enough targets have lately begun to fail for a closer look."""
        least = self._policy.targets
        return tuple(key for key, some in self._gatherings.items() if len(some.failing) >= least)

    def pass_time(self, at: datetime) -> list[Outage]:
        """Return the outages that are over now; those that have been for the grace are forgotten."""
        over = []
        for each in list(self._open.values()):
            ended = each.outage.over_at
            if ended is not None:
                if (at - ended).total_seconds() >= self._policy.grace_s:
                    self._close(each)
                continue
            least = self._policy.targets
            if len(each.failing) >= max(least, len(each.affected) // _LEFT + 1):
                each.quiet_since = None
                continue
            each.quiet_since = each.quiet_since or at
            if (at - each.quiet_since).total_seconds() >= self._policy.settle_s:
                each.outage = replace(each.as_it_stands(self._watched[each.key]), over_at=each.quiet_since)
                over.append(each.outage)
        return over

    # How it comes to that

    def _moves(self, memory: Memory, at: datetime) -> bool:
        """Tell whether something of the target's own has changed lately, or may be about to."""
        return any(
            state.suspected is not None
            or (state.changed_at is not None and timedelta() <= at - state.changed_at < self._window)
            for state in memory.layers
            if state.layer in {Layer.REGISTRATION, Layer.DNS, Layer.NETWORK, Layer.EDGE}
        )

    def _fails(self, memory: Memory, observation: Observation, trouble: Trouble) -> Iterator[Key]:
        stands = [each for each in standing(memory.layers) if each[0][0] is trouble]
        keys = {key: provider for key, _, provider in stands}
        failing = _Failing(
            target=observation.target,
            trouble=trouble,
            since=_begun(memory, observation, trouble),
            seen=seen_of(observation),
            keys=keys,
            edges=frozenset(key[1] for key, layer, _ in stands if layer is Layer.EDGE),
            well_anywhere=self._well_anywhere,
        )
        self._failing[observation.target] = failing
        lasting = self._lasting(keys)
        if lasting is not None and not self._is_older(lasting, memory, failing.since):
            self._join(lasting, failing)
            return
        if observation.started_at - failing.since > self._window:
            return  # it does not begin to fail now: a restart, or our own trouble, came between
        for key in keys:
            some = self._gatherings.setdefault(key, _Gathering())
            self._expire(some, observation.started_at)
            failing.well[key] = some.well
            some.failing[observation.target] = failing
            if len(some.failing) >= self._policy.targets:
                yield key

    def _is_older(self, each: _Open, memory: Memory, since: datetime) -> bool:
        """Tell whether what fails since then is another trouble than the outage, which came later."""
        current = memory.incident
        known = current is not None and current.outage == each.outage.id
        return not known and each.outage.since - since > self._window

    def _expire(self, some: _Gathering, at: datetime) -> None:
        """Leave out those who began to fail too long ago, or are too many to compare."""
        for target, failing in list(some.failing.items()):
            if len(some.failing) < _LATELY and at - failing.since <= self._window:
                break
            del some.failing[target]
        if not some.failing:
            some.well = 0

    def _well(self, memory: Memory) -> None:
        self._well_anywhere += 1
        for key in set(_keys(memory.layers)):
            some = self._gatherings.get(key)
            if some is not None:
                some.well += 1

    def _recovers(self, failing: _Failing) -> None:
        del self._failing[failing.target]
        for key in failing.keys:
            some = self._gatherings.get(key)
            if some is not None and some.failing.get(failing.target) is failing:
                del some.failing[failing.target]
                if not some.failing:
                    del self._gatherings[key]
        self._back(failing.target)

    def _back(self, target: str) -> None:
        for each in self._open.values():
            each.failing.discard(target)

    def _together(
        self, key: Key, at: datetime, heard_at: datetime | None, *, elsewhere: bool
    ) -> list[_Failing]:
        """Return those that fail together, or nobody: the longest stretch of them that is dense enough."""
        some = self._gatherings.get(key)
        if some is None:
            return []
        lately = [
            failing
            for failing in some.failing.values()
            if at - failing.since <= self._window and (heard_at is None or failing.since <= heard_at)
        ]
        for first in range(len(lately)):
            rest = lately[first:]
            domains = {self._domain_of(failing.target) for failing in rest}
            if len(domains) < self._policy.targets:
                return []
            well = some.well - rest[0].well[key]
            dense = len(rest) >= self._policy.share * (len(rest) + well)
            if dense and (not elsewhere or self._well_elsewhere(rest[0], well)):
                return rest
        return []

    def _well_elsewhere(self, first: _Failing, well: int) -> bool:
        """Tell whether targets of others are well, since the first of those together began to fail."""
        theirs = self._well_anywhere - first.well_anywhere - well
        troubled = sum(
            failing.since >= first.since and not set(failing.keys) & set(first.keys)
            for failing in self._failing.values()
        )
        return theirs > troubled

    def _suspect(self, key: Key, together: list[_Failing], at: datetime) -> Outage:
        trouble, provider = key[0], together[-1].keys[key]
        at_edge = sum(provider.id in failing.edges for failing in together)
        serving = Layer.EDGE if 2 * at_edge > len(together) else Layer.NETWORK
        since = min(failing.since for failing in together)
        seen = Counter(failing.seen for failing in together)
        name = f"{trouble}|{provider.id}|{since.isoformat()}"
        outage = Outage(
            id=blake2b(name.encode(), digest_size=8).hexdigest(),
            provider=provider,
            layer=Layer.DNS if trouble is Trouble.NAMES else serving,
            trouble=trouble,
            since=since,
            recognised_at=at,
            failing=len(together),
            affected=len(together),
            watched=self._watched[key],
            targets=tuple(failing.target for failing in together[:_TOLD]),
            failures=tuple(word for word, _ in seen.most_common(_FAILURES_TOLD)),
        )
        opened = self._open[outage.id] = _Open(outage, key)
        for failing in together:
            self._join(opened, failing)
        return outage

    def _join(self, opened: _Open, failing: _Failing) -> None:
        failing.outage = opened.outage.id
        opened.failing.add(failing.target)
        opened.affected.add(failing.target)
        for key in failing.keys:
            some = self._gatherings.get(key)
            if some is not None:
                some.failing.pop(failing.target, None)
                if not some.failing:
                    del self._gatherings[key]

    def _lasting(self, keys: Iterable[Key]) -> _Open | None:
        wanted = set(keys)
        return next((o for o in self._open.values() if o.key in wanted and o.outage.over_at is None), None)

    def _close(self, each: _Open) -> None:
        del self._open[each.outage.id]
        for target in each.failing:
            failing = self._failing.get(target)
            if failing is not None:
                failing.outage = None


def _begun(memory: Memory, observation: Observation, trouble: Trouble) -> datetime:
    """Return since when a target fails as it does now: as long as its incident if it did so before."""
    current = memory.incident
    last = next((seen for seen in memory.seen if seen.probe is observation.probe), None)
    if current is None or current.calm_from_s is not None or trouble_of(last) is not trouble:
        return observation.started_at
    return min(current.opened_at, observation.started_at)


def _keys(layers: tuple[LayerState, ...]) -> Iterator[Key]:
    """Yield what a target stands on, each once: a network that is its edge as well counts once."""
    return iter(dict.fromkeys(key for key, _, _ in standing(layers)))
