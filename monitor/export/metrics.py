"""The fleet's metrics: projections of what is known about every target, kept as finished lines.

A fleet of 100,000 targets has more than three million series, and few of them change between two
scrapes. So every target keeps its lines, one piece a metric; an observation only marks its target,
and a scrape writes the marked ones again and joins. The work is cut into slices, with the event
loop free to do something else between them. Who is never scraped pays nothing.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.export.announced import ANNOUNCED, EXPECTED_UNTIL, announcement_lines
from monitor.export.exposition import Family, Kind, escape
from monitor.export.families import FACTS, PULSE, STORY, Row
from monitor.export.neighbours import Neighbours
from monitor.export.wish_families import WISHES
from monitor.failure import Failure
from monitor.model import Layer, Memory, Probe, Target, TargetState

TARGET_INFO: Final = Family(
    name="platform_target_info",
    kind=Kind.GAUGE,
    help="1 for each configured target, with its host, its registrable domain and its own labels.",
    labels=("target", "host", "domain"),
)
PROVIDER_TARGETS: Final = Family(
    name="platform_provider_targets",
    kind=Kind.GAUGE,
    help="Targets that depend on the provider in this layer: what its outage would take along.",
    labels=("layer", "provider"),
)

# What a target's lines are, in their order: those from configuration, then the three groups.
_STORY: Final = (*STORY, *WISHES)
_ROWS: Final = (*_STORY, *FACTS, *PULSE)
_FROM_CONFIGURATION: Final = (TARGET_INFO, ANNOUNCED, EXPECTED_UNTIL)
_STORY_AT: Final = len(_FROM_CONFIGURATION)
_FACTS_AT: Final = _STORY_AT + len(_STORY)
_PULSE_AT: Final = _FACTS_AT + len(FACTS)
FAMILIES: Final[tuple[Family, ...]] = (*_FROM_CONFIGURATION, *(row.family for row in _ROWS), PROVIDER_TARGETS)

# Work between two moments of the event loop: about 5 ms each on a small machine.
_WRITTEN_AT_ONCE: Final = 100
_JOINED_AT_ONCE: Final = 2_000
# Pieces are gathered to this size, so that a small fleet is one write.
_CHUNK: Final = 1 << 18

_NO_LINES: Final = (b"",) * (_STORY_AT + len(_ROWS))
_NOT_IN_A_LABEL: Final = re.compile(r"[^a-zA-Z0-9_]")


@dataclass(slots=True, kw_only=True)
class _Entry:
    """What is kept for a target: its state, its lines, and what they were written from."""

    label: str
    configured: tuple[bytes, ...]
    """The lines that come from the configuration alone."""
    state: TargetState
    lines: tuple[bytes, ...] = _NO_LINES
    memory: Memory | None = None
    """Of the state that `lines` were written from; None before the first time."""
    ends: tuple[tuple[Probe, Failure | None], ...] = ()
    """How the last runs had ended then."""


class FleetMetrics:
    """Holds the newest state of every target and writes it as Prometheus text.

    States of targets that were not added are ignored: a run may end after its target left the
    configuration. Not for use from several threads.
    """

    def __init__(self, targets: Iterable[Target]) -> None:
        self._entries: dict[str, _Entry] = {}
        self._marked: set[str] = set()
        self.neighbours = Neighbours()
        """Which targets stand on which provider."""
        for target in targets:
            self.add(target)

    def add(self, target: Target) -> None:
        """Export a target from now on; again with another configuration replaces that only."""
        label = f'target="{escape(target.name)}"'
        entry = self._entries.get(target.name)
        if entry is None:
            entry = _Entry(label=label, configured=(), state=TargetState(target=target.name))
            self._entries[target.name] = entry
        entry.configured = (_info(label, target), *announcement_lines(label, target))
        self._marked.add(target.name)

    def remove(self, target: str) -> None:
        """Forget a target: its series are gone from the next scrape on."""
        entry = self._entries.pop(target, None)
        self._marked.discard(target)
        if entry is not None:
            self.neighbours.update(target, entry.state.memory, Memory())

    def update(self, state: TargetState) -> None:
        """Take the newest state of a target. Writes nothing yet."""
        entry = self._entries.get(state.target)
        if entry is not None and entry.state is not state:
            if entry.state.memory is not state.memory:
                self.neighbours.update(state.target, entry.state.memory, state.memory)
            entry.state = state
            self._marked.add(state.target)

    async def render(self) -> AsyncIterator[bytes]:
        """Yield the exposition in pieces, with the event loop free in between.

        All the lines of a target come from one state, whatever arrives while a slow reader takes
        its time.
        """
        await self._write_marked()
        lines = [entry.lines for entry in self._entries.values()]
        depend = list(self.neighbours.counts.items())
        waiting: list[bytes] = []
        size = work = 0
        for piece, rows in _pieces(lines, depend):
            waiting.append(piece)
            size += len(piece)
            work += rows
            if size >= _CHUNK:
                yield b"".join(waiting)
                waiting, size = [], 0
            if work >= _JOINED_AT_ONCE:
                work = 0
                await asyncio.sleep(0)
        yield b"".join(waiting)

    async def _write_marked(self) -> None:
        """Write the lines of every target that has changed until now.

        Two scrapes may be here at once: each takes marks off one by one, so that one that is
        cancelled leaves the rest to the other, or to the next.
        """
        for done in range(1, len(self._marked) + 1):
            if not self._marked:
                return
            self._write(self._entries[self._marked.pop()])
            if done % _WRITTEN_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _write(self, entry: _Entry) -> None:
        state, old, label = entry.state, entry.lines, entry.label
        ends = tuple((run.probe, run.failure) for run in state.pulse.runs)
        same = entry.memory is state.memory
        story = old[_STORY_AT:_FACTS_AT] if same else _written(_STORY, label, state)
        facts = old[_FACTS_AT:_PULSE_AT] if same and entry.ends == ends else _written(FACTS, label, state)
        entry.lines = (*entry.configured, *story, *facts, *_written(PULSE, label, state))
        entry.memory, entry.ends = state.memory, ends


def _written(rows: tuple[Row, ...], label: str, state: TargetState) -> tuple[bytes, ...]:
    return tuple([row.lines(label, state).encode() for row in rows])


def _info(label: str, target: Target) -> bytes:
    """Return the line of a target's configuration; its own labels are prefixed, as `label_<key>`."""
    own: dict[str, str] = {}
    for key, value in target.labels:
        own.setdefault(_NOT_IN_A_LABEL.sub("_", key), escape(value))
    more = "".join(f',label_{key}="{value}"' for key, value in own.items())
    host, domain = escape(target.host), escape(target.domain)
    return f'{TARGET_INFO.name}{{{label},host="{host}",domain="{domain}"{more}}} 1\n'.encode()


def _pieces(
    lines: Sequence[tuple[bytes, ...]], depend: Sequence[tuple[tuple[Layer, str], int]]
) -> Iterator[tuple[bytes, int]]:
    """Yield the text family by family, with how many targets' lines went into each piece."""
    for index, family in enumerate(FAMILIES[:-1]):
        yield family.header, 0
        for start in range(0, len(lines), _JOINED_AT_ONCE):
            some = lines[start : start + _JOINED_AT_ONCE]
            yield b"".join([each[index] for each in some]), len(some)
    yield PROVIDER_TARGETS.header, 0
    for start in range(0, len(depend), _JOINED_AT_ONCE):
        some_pairs = depend[start : start + _JOINED_AT_ONCE]
        yield _dependants(some_pairs), len(some_pairs)


def _dependants(pairs: Sequence[tuple[tuple[Layer, str], int]]) -> bytes:
    return "".join(
        f'{PROVIDER_TARGETS.name}{{layer="{layer}",provider="{escape(provider)}"}} {count}\n'
        for (layer, provider), count in pairs
    ).encode()
