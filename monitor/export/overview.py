"""The list of targets: counted by status, searched, and cut into pages.

A hundred thousand targets are looked through for every page, so the loop is let go in between.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from monitor.model import Status, Target, TargetState

PER_PAGE: Final = 100
_AT_ONCE: Final = 5_000
# What needs attention stands first.
_ORDER: Final = (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What the reader asked for."""

    status: Status | None = None
    search: str = ""
    """Part of a name or host, in lower case."""
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One target in the list."""

    target: Target
    state: TargetState


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One page of the list."""

    query: Query
    counts: Mapping[Status, int]
    """Of all targets that the search finds."""
    found: int
    """Of those, how many have the status asked for."""
    all: int
    lines: tuple[Line, ...]

    @property
    def pages(self) -> int:
        """Return how many pages there are, at least one."""
        return max(1, -(-self.found // PER_PAGE))

    @property
    def not_up(self) -> int:
        """Return how many are known not to be up."""
        return self.counts[Status.DOWN] + self.counts[Status.DEGRADED]


async def find(targets: Mapping[str, Target], states: Mapping[str, TargetState], query: Query) -> Overview:
    """Return a page of the targets that match, by status and then in the order of configuration."""
    buckets: dict[Status, list[Target]] = {status: [] for status in _ORDER}
    for count, target in enumerate(tuple(targets.values()), start=1):
        if count % _AT_ONCE == 0:
            await asyncio.sleep(0)
        if query.search and query.search not in target.name.lower() and query.search not in target.host:
            continue
        state = states.get(target.name)
        buckets[state.memory.verdict.status if state else Status.UNKNOWN].append(target)
    wanted = _ORDER if query.status is None else (query.status,)
    found = [target for status in wanted for target in buckets[status]]
    start = (query.page - 1) * PER_PAGE
    return Overview(
        query=query,
        counts={status: len(some) for status, some in buckets.items()},
        found=len(found),
        all=len(targets),
        lines=tuple(
            Line(target=target, state=states.get(target.name) or TargetState(target=target.name))
            for target in found[start : start + PER_PAGE]
        ),
    )
