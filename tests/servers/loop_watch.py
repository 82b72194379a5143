"""What somebody who means harm costs this process: how long its event loop was blocked, how much it grew."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Watch:
    """What the event loop went through."""

    longest_s: float = 0.0
    """The longest time between two turns, without the time that the machine gave to others."""
    memory: int = 0
    """The most that the process grew by, bytes."""
    took_s: float = 0.0


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _delayed_s() -> float:
    """Return how long this thread was ready to run and did not get a processor."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


@asynccontextmanager
async def watched() -> AsyncIterator[Watch]:
    """Watch the event loop, and the memory of this process, for as long as the block lasts."""
    watch, before = Watch(), _resident()

    async def tick() -> None:
        last, delayed = time.perf_counter(), _delayed_s()
        while True:
            await asyncio.sleep(0.002)
            now, others = time.perf_counter(), _delayed_s()
            watch.longest_s = max(watch.longest_s, (now - last) - (others - delayed))
            watch.memory = max(watch.memory, _resident() - before)
            last, delayed = now, others

    gc.collect()
    gc.disable()  # the daemon collects seldom, and never among what stays; the tests before have left a lot
    task = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    watch.longest_s, begun = 0.0, time.perf_counter()
    try:
        yield watch
    finally:
        watch.took_s = time.perf_counter() - begun
        task.cancel()
        gc.enable()
