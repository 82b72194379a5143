"""Garbage is collected seldom while the daemon runs, and as before afterwards."""

import asyncio
import gc
import weakref

import pytest

from monitor.garbage import collected_seldom


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.me = self


async def until(done: asyncio.Event) -> None:
    async with asyncio.timeout(5):
        await done.wait()


async def test_everything_is_as_before_at_the_end() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    async with collected_seldom():
        assert gc.get_threshold() != before[0]
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


async def test_a_circle_that_grew_old_is_found_by_the_timer() -> None:
    gone = asyncio.Event()
    async with collected_seldom(settled_s=0.0, every_s=0.05):
        await asyncio.sleep(0.01)
        ring = Ring()
        weakref.finalize(ring, gone.set)
        gc.collect(1)  # the young generations: what survives is old
        del ring
        assert not gone.is_set()
        await until(gone)


async def test_what_was_set_aside_is_freed_by_its_count() -> None:
    gone = asyncio.Event()
    kept = type("Kept", (), {})()
    weakref.finalize(kept, gone.set)
    async with collected_seldom():
        del kept
        assert gone.is_set()


async def test_a_fault_in_the_block_leaves_nothing_behind() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError):
        async with collected_seldom():
            raise KeyError
    assert gc.get_threshold() == before
