"""The monthly refresh: when it is due, and that it is carried out and taken up.

Due moments lie on a grid with a phase of this monitor's own, so that a thousand monitors do not ask at the
same minute; a restart keeps it. A round that failed is tried again some hours later.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from math import floor
from typing import Final

import structlog

from monitor.clock import Clock
from monitor.editions.shelf import ShelfError
from monitor.editions.update import Updater

_log: Final = structlog.get_logger("editions")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AGAIN: Final = timedelta(hours=6)
_LOOK_S: Final = 600.0


def due(identity: str, every_s: float, updated: datetime, now: datetime) -> bool:
    """Tell whether a refresh is due: a moment of this monitor's grid has passed since the last one."""
    phase = int.from_bytes(blake2b(identity.encode(), digest_size=6).digest()) / (1 << 48)
    last = _EPOCH + timedelta(seconds=(_turn(now, phase, every_s) + phase) * every_s)
    return updated < last


def _turn(now: datetime, phase: float, every_s: float) -> int:
    return floor((now - _EPOCH).total_seconds() / every_s - phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often to refresh, and whose phase of that."""

    identity: str
    """What tells this monitor from others, the same after a restart."""
    every_s: float
    look_s: float = _LOOK_S
    """How often it is looked at whether it is due."""


async def refresh(
    updater: Updater, rhythm: Rhythm, *, take: Callable[[], Awaitable[None]], clock: Clock
) -> None:
    """Refresh the editions whenever that is due, for ever; `take` takes up what came of it.

    The first one waits for its turn as every other: what is bundled is good for a while.
    """
    begun = clock.now()
    tried: datetime | None = None
    while True:
        now = clock.now()
        rested = tried is None or now - tried >= _AGAIN
        if rested and due(rhythm.identity, rhythm.every_s, await _updated(updater) or begun, now):
            tried = now
            await _round(updater, take)
        await asyncio.sleep(rhythm.look_s)


async def _updated(updater: Updater) -> datetime | None:
    try:
        return (await asyncio.to_thread(updater.shelf.manifest)).updated
    except ShelfError:
        return _EPOCH  # what cannot be read is best replaced soon


async def _round(updater: Updater, take: Callable[[], Awaitable[None]]) -> None:
    try:
        report = await updater.run()
    except (ShelfError, OSError) as error:
        _log.error("refresh_failed", error=str(error))
        return
    _log.info("refreshed", failed=report.failed, renewed=report.renewed)
    if report.renewed:
        await take()
