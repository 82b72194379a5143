"""Addresses that no table knows: noted, asked about in the background, and answered from memory.

Naming a network never waits: what is not known yet is known later. A registry is asked one question at a
time and seldom, once for all addresses of a block; where its answer was of no use, again a day later. One
that could not be reached, which may be our own network's fault, is tried again after a minute, and then
after twice as long each time, an hour at most.
"""

import asyncio
import json
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog

from monitor.attribute import Block
from monitor.attribute.catalog.words import slug
from monitor.attribute.networks import number_of
from monitor.clock import Clock
from monitor.failure import Failure
from monitor.probe.error import ProbeError
from monitor.probe.http_client import HttpClient
from monitor.probe.rdap_block import ACCEPT, BODY_LIMIT, AddressRegistries, Holding, block_url, read_block
from monitor.probe.registries import is_private_endpoint

_log: Final = structlog.get_logger("blocks")

_MOST: Final = 10_000
"""Addresses that wait, and blocks that are known: more is an attack, or a table that is missing."""
_ANSWER_S: Final = 20.0
_SERVER_REST: Final = timedelta(seconds=5)
_LIMITED_REST: Final = timedelta(hours=1)
_SILENT_REST: Final = timedelta(minutes=1)
_MOST_DOUBLINGS: Final = 6
_AGAIN: Final = timedelta(hours=24)
_STALE: Final = timedelta(days=90)
_LOOK_S: Final = 1.0
_PASSED_OVER: Final = 100
"""Addresses that one look may pass over: what is left is for the next."""
_AT_ONCE: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Known:
    """A block in memory, and as it is written down."""

    v6: bool
    first: int
    last: int
    prefix: str
    holder: str
    server: str
    asked_at: str


@dataclass(slots=True, kw_only=True)
class AddressBlocks:
    """Who holds the blocks that were asked about. `find` is on the hot path: it only looks, and notes."""

    http: HttpClient
    registries: AddressRegistries
    clock: Clock
    user_agent: str
    learned: Callable[[], None]
    """Is told when something is known that was not."""
    path: Path
    """Where what is known is written down, so that a restart does not ask again."""
    look_s: float = _LOOK_S
    server_rest: timedelta = _SERVER_REST
    _known: list[_Known] = field(default_factory=list)
    _wanted: dict[str, datetime] = field(default_factory=dict)
    """Addresses to ask about, and not before when; the one noted last comes last."""
    _due: list[tuple[datetime, int, str]] = field(default_factory=list)
    """The same as a heap, numbered as they came; a row that `_wanted` does not have so is void."""
    _numbers: Iterator[int] = field(default_factory=count)
    _silent: dict[str, int] = field(default_factory=dict)
    """How often in a row a server could not be reached."""
    _rests: dict[str, datetime] = field(default_factory=dict)
    """Until when a server is left alone."""

    def find(self, address: str) -> Block | None:
        """Return the block of an address, if it is known; else note the address."""
        number = number_of(address)
        if number is None:
            return None
        known = self._around(*number)
        if known is not None:
            return _block(known)
        if address not in self._wanted and ip_address(address).is_global:
            if len(self._wanted) >= _MOST:  # a zone that shows ever new ones must not keep others out
                del self._wanted[next(iter(self._wanted))]
            self._ask_later(address, _AT_ONCE)
        return None

    def _ask_later(self, address: str, not_before: datetime) -> None:
        self._wanted[address] = not_before
        if len(self._due) < 2 * _MOST:
            heappush(self._due, (not_before, next(self._numbers), address))
        else:
            self._due = [(moment, next(self._numbers), wanted) for wanted, moment in self._wanted.items()]
            heapify(self._due)

    @property
    def waiting(self) -> int:
        """Return about how many addresses nobody has answered yet: a block just learnt may have more."""
        return len(self._wanted)

    async def run(self) -> None:
        """Ask about what is noted, for ever."""
        self._known = await asyncio.to_thread(_load, self.path, self.clock.now())
        if self._known:
            self.learned()
        while True:
            await asyncio.sleep(self.look_s)
            due = self._next(self.clock.now())
            if due is not None:
                await self._ask(*due)

    def _next(self, now: datetime) -> tuple[str, str] | None:
        """Return an address that may be asked about now, and the base URL of its server."""
        for _ in range(_PASSED_OVER):
            if not self._due or self._due[0][0] > now:
                return None
            row = not_before, _, address = heappop(self._due)
            number = number_of(address)
            if self._wanted.get(address) != not_before or number is None:
                continue
            if self._around(*number) is not None:
                del self._wanted[address]
                continue
            base = self.registries.base(address)
            if base is None:
                self._ask_later(address, now + _STALE)  # nobody to ask
            elif self._rests.get(base, now) > now:
                self._ask_later(address, self._rests[base])
            else:
                heappush(self._due, row)  # until it is known, or put off
                return address, base
        return None

    async def _ask(self, address: str, base: str) -> None:
        now = self.clock.now()
        self._rests[base] = now + self.server_rest
        try:
            holding = await self._answer(address, base)
        except (ProbeError, TimeoutError) as error:
            again = self._put_off(base, error, now)
            self._ask_later(address, again)
            _log.info("block_unknown", address=address, server=base, error=str(error) or "no answer in time")
            return
        self._silent.pop(base, None)
        self._learn(holding, base, now)
        # Only now: while the file is written nobody waits for it.
        with suppress(OSError):
            await asyncio.to_thread(_save, self.path, tuple(self._known))

    def _put_off(self, base: str, error: ProbeError | TimeoutError, now: datetime) -> datetime:
        """Return when to ask about an address again that its server gave no holder of."""
        failure = error.failure if isinstance(error, ProbeError) else None
        if failure is Failure.REGISTRATION_UNPARSABLE:
            self._silent.pop(base, None)
            return now + _AGAIN
        if failure is Failure.REGISTRATION_LIMITED:
            self._silent.pop(base, None)
            self._rests[base] = now + _LIMITED_REST
        else:
            times = self._silent[base] = self._silent.get(base, 0) + 1
            rest = _SILENT_REST * 2 ** min(times - 1, _MOST_DOUBLINGS)
            self._rests[base] = now + min(rest, _LIMITED_REST)
        return self._rests[base]

    async def _answer(self, address: str, base: str) -> Holding:
        async with asyncio.timeout(_ANSWER_S):
            answer = await self.http.get(
                block_url(base, address),
                user_agent=self.user_agent,
                headers=(("Accept", ACCEPT),),
                max_redirects=3,
                body_limit=BODY_LIMIT,
                allow_private=is_private_endpoint(base),
            )
        return read_block(address, answer)

    def _learn(self, holding: Holding, base: str, now: datetime) -> None:
        known = _Known(
            v6=holding.first.version == 6,  # noqa: PLR2004 - IPv6
            first=int(holding.first),
            last=int(holding.last),
            prefix=holding.prefix,
            holder=holding.holder,
            server=urlsplit(base).netloc,
            asked_at=now.date().isoformat(),
        )
        if len(self._known) < _MOST:
            insort(self._known, known)
        _log.info("block_known", prefix=known.prefix, holder=known.holder, server=known.server)
        self.learned()

    def _around(self, v6: bool, value: int) -> _Known | None:  # noqa: FBT001 - what number_of returned
        """Return the narrowest known block around an address: blocks are disjoint, or nested."""
        index = bisect_right(self._known, (v6, value), key=lambda known: (known.v6, known.first))
        for known in self._before(index):
            if known.v6 is not v6:
                return None
            if known.last >= value:
                return known
        return None

    def _before(self, index: int) -> Iterator[_Known]:
        # A block within which many others lie stands far before them; that is rare, and bounded.
        for position in range(index - 1, max(-1, index - 65), -1):
            yield self._known[position]


def _block(known: _Known) -> Block:
    return Block(
        prefix=known.prefix,
        organisation=f"net:{slug(known.holder) or known.prefix}",
        name=known.holder,
        source=f"RDAP {known.server}, {known.asked_at}",
    )


def _load(path: Path, now: datetime) -> list[_Known]:
    """Return what was written down; what is old, or cannot be read, is asked about again."""
    try:
        rows = [_Known(**row) for row in json.loads(path.read_bytes())["blocks"]]
        oldest = (now - _STALE).date().isoformat()
        return sorted(row for row in rows if row.asked_at >= oldest)[:_MOST]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        _log.warning("blocks_unreadable", error=str(error))
        return []


def _save(path: Path, known: tuple[_Known, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({"v": 1, "blocks": [asdict(row) for row in known]}), encoding="utf-8")
    temporary.replace(path)
