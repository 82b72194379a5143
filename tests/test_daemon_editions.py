"""The daemon and its editions: fetched when due, taken up while it runs, or switched off."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from servers.edition_lab import EditionLab, open_edition_lab, tsv

from monitor.app import internet, open_daemon
from monitor.attribute import AsTable, Atlas, Attributor, PublishedRanges
from monitor.config import load
from monitor.daemon import Daemon
from monitor.model import Observation, Probe
from tests.judge.world import observe, records

HERE = "1.0.0.7"


def configuration(folder: Path, more: str) -> Path:
    path = folder / "config.toml"
    path.write_text(
        f"""
        [monitor]
        data_dir = "{folder}"
        resolvers = ["127.0.0.1:9"]
        shutdown = "1s"
        [web]
        listen = "off"
        [[targets]]
        domain = "example.com"
        probes = ["dns"]
        [controls]
        enabled = false
        [data]
        {more}
        """
    )
    return path


def network(daemon: Daemon) -> tuple[str, ...]:
    layers = daemon.pipeline.states["example.com"].memory.layers
    return next(layer.confirmed.ids for layer in layers if layer.layer == "network")


def look(daemon: Daemon, at: datetime) -> None:
    seen: Observation = observe(Probe.DNS, at, records(a=(HERE,)))
    daemon.pipeline.take(replace(seen, target="example.com"))


async def fetched_long_ago(lab: EditionLab) -> None:
    lab.clock.at = datetime.now(UTC) - timedelta(days=40)
    lab.serve("iptoasn", tsv())
    await lab.updater("iptoasn").run(force=True)


@pytest.mark.alone
async def test_a_due_refresh_is_taken_up_and_told_to_nobody(tmp_path: Path) -> None:
    async with open_edition_lab(tmp_path) as lab:
        await fetched_long_ago(lab)
        text = f'sources = ["iptoasn"]\nurls = {{ iptoasn = ["{lab.base}/iptoasn"] }}\nblocks = false\n'
        config = load(configuration(tmp_path, text))
        lab.serve("iptoasn", tsv(shift=1))
        world = replace(internet(config), trust=lab.trust)
        before = f"{world.networks.edition}, "
        longest = 0.0

        async def watch() -> None:
            nonlocal longest
            while True:
                begun = time.thread_time()
                await asyncio.sleep(0.001)
                longest = max(longest, time.thread_time() - begun)

        async with open_daemon(config, world) as daemon:
            assert daemon.blocks is None
            now = datetime.now(UTC)
            look(daemon, now)
            first = network(daemon)
            watching = asyncio.ensure_future(watch())
            async with asyncio.timeout(60):
                while edition(daemon).startswith(before):  # noqa: ASYNC110 - the refresh is in the background
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.2)
            watching.cancel()
            for minute in range(1, 4):
                look(daemon, now + timedelta(minutes=minute))
            second = network(daemon)
            await daemon.committer.flush()
            assert await daemon.store.events() == []
            (period,) = await daemon.store.periods("example.com", lane="network")
        assert (first, second) == (("as64504",), ("as64505",))
        assert period.value == "as64505"
        assert longest < 0.05


def edition(daemon: Daemon) -> str:
    attributor = daemon.pipeline.attributor
    assert isinstance(attributor, Attributor)
    return attributor.edition


async def test_refreshes_and_questions_can_be_switched_off(tmp_path: Path) -> None:
    async with open_edition_lab(tmp_path) as lab:
        await fetched_long_ago(lab)
        asked = len(lab.asked)
        text = (
            'update = "never"\nblocks = false\nsources = ["iptoasn"]\n'
            f'urls = {{ iptoasn = ["{lab.base}/iptoasn"] }}\n'
        )
        config = load(configuration(tmp_path, text))
        async with open_daemon(config, replace(internet(config), trust=lab.trust)) as daemon:
            await asyncio.sleep(0.3)
            assert daemon.blocks is None
        assert len(lab.asked) == asked


async def test_what_no_table_knows_is_noted_to_be_asked_about(tmp_path: Path) -> None:
    config = load(configuration(tmp_path, 'update = "never"\n'))
    knows_nothing = Atlas(AsTable.of((), "none"), PublishedRanges.of((), "none"))
    async with open_daemon(config, replace(internet(config), networks=knows_nothing)) as daemon:
        assert daemon.blocks is not None
        attributor = daemon.pipeline.attributor
        assert isinstance(attributor, Attributor)
        seen = observe(Probe.DNS, datetime.now(UTC), records(a=("45.155.255.254", "10.0.0.1")))
        assert attributor.attribute(seen) == attributor.attribute(seen)
        assert daemon.blocks.waiting == 1


async def test_a_table_of_ones_own_that_broke_meanwhile_is_told_and_the_one_in_memory_stays(
    tmp_path: Path,
) -> None:
    async with open_edition_lab(tmp_path) as lab:
        await fetched_long_ago(lab)
        text = f'sources = ["iptoasn"]\nurls = {{ iptoasn = ["{lab.base}/iptoasn"] }}\nblocks = false\n'
        config = load(configuration(tmp_path, text))
        world = replace(internet(config), trust=lab.trust)
        own = tmp_path / "own-table.bin"
        own.write_bytes(b"half of it")
        async with open_daemon(replace(config, as_table=own), world) as daemon:
            before = daemon.pipeline.attributor
            for _ in range(2):
                await daemon._take_editions()  # what the monthly refresh calls
                own.unlink(missing_ok=True)
            assert daemon.pipeline.attributor is before
            assert not daemon.failed.is_set()
