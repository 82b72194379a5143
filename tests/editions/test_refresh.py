"""The monthly refresh: when it is due, and what it does to a running daemon."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.edition_lab import EditionLab, open_edition_lab, tsv

from monitor.attribute import Attributor, Catalog
from monitor.editions.refresh import Rhythm, due, refresh
from monitor.editions.tables import load_atlas

MONTH_S = 30 * 86_400.0
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[EditionLab]:
    async with open_edition_lab(tmp_path) as opened:
        yield opened


@settings(deadline=None)
@given(st.text(max_size=20), st.datetimes(datetime(2026, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001
def test_it_is_due_once_in_every_interval(identity: str, start: datetime) -> None:
    updated = start.replace(tzinfo=UTC)
    moments = [updated + timedelta(hours=hour) for hour in range(0, 24 * 90, 6)]
    times = 0
    for moment in moments:
        if due(identity, MONTH_S, updated, moment):
            times, updated = times + 1, moment
    assert 2 <= times <= 3


def test_a_fleet_spreads_over_the_month() -> None:
    """A thousand monitors that were all refreshed a month ago do not ask on the same day."""
    ago = NOW - timedelta(days=30)
    days = [0] * 30
    for index in range(1000):
        day = next(
            d for d in range(31) if due(f"host-{index}", MONTH_S, ago, ago + timedelta(days=d, hours=12))
        )
        days[min(day, 29)] += 1
    assert max(days) < 100


def test_a_restart_keeps_its_turn() -> None:
    updated = NOW - timedelta(days=10)
    assert due("a", MONTH_S, updated, NOW) == due("a", MONTH_S, updated, NOW)
    assert not due("a", MONTH_S, NOW, NOW)


async def test_what_is_fetched_is_taken_up_once(lab: EditionLab) -> None:
    lab.serve("cloudflare", "".join(f"203.0.{n}.0/24\n" for n in range(10)), etag='"1"')
    taken: list[str] = []

    async def take() -> None:
        taken.append(load_atlas(lab.shelf.folder).edition)

    def running() -> asyncio.Task[None]:
        rhythm = Rhythm(identity="x", every_s=MONTH_S, look_s=0.01)
        work = refresh(lab.updater("cloudflare"), rhythm, take=take, clock=lab.clock)
        return asyncio.ensure_future(work)

    task = running()
    await asyncio.sleep(0.1)
    assert lab.asked == []  # the first one waits for its turn
    lab.clock.at += timedelta(days=31)
    async with asyncio.timeout(20):
        while not taken:  # noqa: ASYNC110 - counts what came
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    task.cancel()
    assert taken == ["AS table 2026-06-17, published ranges 2026-12-25"]
    assert len(lab.asked) == 1


async def test_a_round_that_failed_is_tried_again_hours_later(lab: EditionLab) -> None:
    async def never() -> None:
        raise AssertionError

    rhythm = Rhythm(identity="x", every_s=MONTH_S, look_s=0.01)
    task = asyncio.ensure_future(refresh(lab.updater("cloudflare"), rhythm, take=never, clock=lab.clock))
    await asyncio.sleep(0.1)
    lab.clock.at += timedelta(days=31)
    async with asyncio.timeout(20):
        while not lab.asked:  # noqa: ASYNC110 - counts what came
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert len(lab.asked) == 1
    lab.clock.at += timedelta(hours=7)
    async with asyncio.timeout(20):
        while len(lab.asked) < 2:  # noqa: ASYNC110 - counts what came
            await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()


@pytest.mark.alone
async def test_a_table_of_the_whole_internet_does_not_hold_up_the_loop(lab: EditionLab) -> None:
    """Fetched, read, built, loaded and taken up, while the loop is watched."""
    lab.serve("iptoasn", tsv(rows=100_000))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            begun = time.thread_time()  # not what the machine does beside
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - begun)

    watching = asyncio.ensure_future(watch())
    report = await lab.updater("iptoasn").run(force=True)
    atlas = await asyncio.to_thread(load_atlas, lab.shelf.folder)
    await asyncio.to_thread(lambda: Attributor(Catalog.bundled(), atlas))
    watching.cancel()
    assert report.renewed
    assert longest < 0.05
