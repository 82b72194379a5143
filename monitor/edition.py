"""Another edition of what names are looked up in, taken up while everything runs.

From one moment on everything is named by the new edition. What is believed of a target is named again in
its turn, a few at a time so that nothing waits for it, or at once when an observation of it comes first.
"""

import asyncio
from typing import Final

import structlog

from monitor.attribute import Attributor
from monitor.pipeline import Pipeline

_log: Final = structlog.get_logger("edition")

# A target takes some 50 µs to be named again: several layers, and an assembly for each.
_AT_ONCE: Final = 20


async def take_up(pipeline: Pipeline, attributor: Attributor) -> None:
    """Name everything by `attributor` from now on; returns when every state has been named again."""
    pipeline.attributor = attributor
    await rename(pipeline)
    _log.info("edition_taken_up", edition=attributor.edition)


async def rename(pipeline: Pipeline, *, stale_only: bool = False) -> None:
    """Name every state again; `stale_only`: what rests on other editions than those in use."""
    targets = tuple(pipeline.states)
    for start in range(0, len(targets), _AT_ONCE):
        for target in targets[start : start + _AT_ONCE]:
            pipeline.rename(target, stale_only=stale_only)
        await asyncio.sleep(0)
