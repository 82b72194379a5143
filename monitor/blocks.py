"""Addresses that no table knows: noted, asked about in the background, and answered from memory.

Naming a network never waits: what is not known yet is known later. A registry is asked one question at a
time and seldom, once for all addresses of a block, and again much later where it did not answer.
"""

import asyncio
import json
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
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
_AGAIN: Final = timedelta(hours=24)
_STALE: Final = timedelta(days=90)
_LOOK_S: Final = 1.0


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
    _wanted: dict[str, datetime | None] = field(default_factory=dict)
    """Addresses to ask about, and not before when."""
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
        if address not in self._wanted and len(self._wanted) < _MOST and ip_address(address).is_global:
            self._wanted[address] = None
        return None

    @property
    def waiting(self) -> int:
        """Return about how many addresses nobody has answered yet."""
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
        for address, not_before in tuple(self._wanted.items()):
            if not_before is not None and not_before > now:
                continue
            base = self.registries.base(address)
            if base is None:
                self._wanted[address] = now + _STALE  # nobody to ask
            elif self._rests.get(base, now) <= now:
                return address, base
        return None

    async def _ask(self, address: str, base: str) -> None:
        now = self.clock.now()
        self._rests[base] = now + self.server_rest
        try:
            holding = await self._answer(address, base)
        except (ProbeError, TimeoutError) as error:
            limited = isinstance(error, ProbeError) and error.failure is Failure.REGISTRATION_LIMITED
            if limited:
                self._rests[base] = now + _LIMITED_REST
            self._wanted[address] = now + (_LIMITED_REST if limited else _AGAIN)
            _log.info("block_unknown", address=address, server=base, error=str(error) or "no answer in time")
            return
        self._learn(holding, base, now)
        # Only now: while the file is written nobody waits for it.
        with suppress(OSError):
            await asyncio.to_thread(_save, self.path, tuple(self._known))

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
        for address in tuple(self._wanted):
            number = number_of(address)
            if number is not None and self._around(*number) is not None:
                del self._wanted[address]
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
