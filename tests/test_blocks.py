"""Addresses that no table knows: asked once for a block, seldom, and never on the way."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from servers.edition_lab import NoClock

from monitor.attribute import AsTable, Atlas, Attributor, Catalog, PublishedRanges
from monitor.blocks import AddressBlocks
from monitor.clock import SystemClock
from monitor.model import Attribution, Evidence, Layer, Provider
from monitor.probe import open_io
from monitor.probe.io import DirectRoute
from monitor.probe.rdap_block import AddressRegistries
from monitor.probe.registries import Registries
from monitor.probe.tls import system_trust


@dataclass
class Registry:
    """A real RDAP server on loopback."""

    blocks: AddressBlocks
    clock: NoClock
    asked: list[str] = field(default_factory=list)
    learned: int = 0
    status: int = 200
    body: dict[str, Any] | None = None

    async def until(self, asked: int) -> None:
        async with asyncio.timeout(20):
            while len(self.asked) < asked:  # noqa: ASYNC110 - counts what came
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self.blocks.run())
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.wait([task])


def held(address: str) -> dict[str, Any]:
    start = address.rpartition(".")[0]
    return {
        "objectClassName": "ip network",
        "startAddress": f"{start}.0",
        "endAddress": f"{start}.255",
        "name": "HOLDER-NET",
        "entities": [
            {"roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", f"Holder {start}"]]]}
        ],
    }


@asynccontextmanager
async def open_registry(folder: Path) -> AsyncIterator[Registry]:
    registry: Registry

    async def respond(request: web.Request) -> web.Response:
        address = request.match_info["address"]
        registry.asked.append(address)
        assert "rdap+json" in request.headers["Accept"]
        body = held(address) if registry.body is None else registry.body
        return web.json_response(body, status=registry.status, content_type="application/rdap+json")

    application = web.Application()
    application.router.add_get("/ip/{address}", respond)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with open_io(
        clock=SystemClock(),
        route=DirectRoute(),
        vantage="lab",
        resolvers=(("127.0.0.1", 9),),
        trust=system_trust(),
        registries=Registries.load(),
    ) as io:

        def learned() -> None:
            registry.learned += 1

        clock = NoClock()
        blocks = AddressBlocks(
            http=io.http,
            registries=AddressRegistries({"45.0.0.0/8": base, "91.0.0.0/8": base}),
            clock=clock,
            user_agent="test",
            learned=learned,
            path=folder / "blocks.json",
            look_s=0.005,
        )
        registry = Registry(blocks=blocks, clock=clock)
        try:
            yield registry
        finally:
            await runner.cleanup()


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Registry]:
    async with open_registry(tmp_path) as opened:
        yield opened


async def test_a_thousand_addresses_of_a_block_ask_once(registry: Registry) -> None:
    for number in range(256):
        assert registry.blocks.find(f"45.88.202.{number}") is None
    async with registry.running():
        await registry.until(1)
        registry.clock.at += timedelta(hours=1)
        await asyncio.sleep(0.1)
    assert len(registry.asked) == 1
    assert (registry.blocks.waiting, registry.learned) == (0, 1)
    found = registry.blocks.find("45.88.202.77")
    assert found is not None
    assert (found.prefix, found.name, found.organisation) == (
        "45.88.202.0/24", "Holder 45.88.202", "net:holder-45-88-202",
    )  # fmt: skip
    assert found.source.startswith("RDAP 127.0.0.1:")
    assert found.source.endswith(", 2026-11-24")
    assert registry.blocks.find("45.88.203.1") is None


async def test_a_server_is_asked_seldom(registry: Registry) -> None:
    for part in range(5):
        registry.blocks.find(f"45.88.{part}.1")
    async with registry.running():
        await registry.until(1)
        assert len(registry.asked) == 1
        registry.clock.at += timedelta(seconds=6)
        await registry.until(2)
    assert len(registry.asked) == 2


async def test_an_answer_of_no_use_is_asked_for_again_a_day_later(registry: Registry) -> None:
    registry.body = {}
    registry.blocks.find("45.88.202.1")
    async with registry.running():
        await registry.until(1)
        registry.clock.at += timedelta(hours=23)
        registry.blocks.find("45.88.202.1")
        await asyncio.sleep(0.1)
        assert len(registry.asked) == 1
        registry.body = None
        registry.clock.at += timedelta(hours=2)
        await registry.until(2)
    assert registry.blocks.find("45.88.202.1") is not None


async def test_a_server_out_of_reach_is_tried_again_soon_and_then_less_and_less(registry: Registry) -> None:
    registry.status = 500
    registry.blocks.find("45.88.202.1")
    async with registry.running():
        for tries, wait in enumerate((60, 120, 240, 480), start=1):
            await registry.until(tries)
            registry.clock.at += timedelta(seconds=wait - 5)
            await asyncio.sleep(0.05)
            assert len(registry.asked) == tries
            registry.clock.at += timedelta(seconds=6)
        for _ in range(8):
            tries = len(registry.asked)
            registry.clock.at += timedelta(hours=1, seconds=1)
            await registry.until(tries + 1)
        registry.status = 200
        registry.clock.at += timedelta(hours=1, seconds=1)
        await registry.until(tries + 2)
    assert registry.blocks.find("45.88.202.1") is not None


async def test_a_server_that_limits_is_left_alone_for_an_hour(registry: Registry) -> None:
    registry.status = 429
    registry.blocks.find("45.88.202.1")
    registry.blocks.find("45.88.203.1")
    async with registry.running():
        await registry.until(1)
        registry.clock.at += timedelta(minutes=50)
        await asyncio.sleep(0.1)
        assert len(registry.asked) == 1
        registry.clock.at += timedelta(minutes=11)
        await registry.until(2)


@pytest.mark.parametrize(
    "body",
    [{}, {"startAddress": "0.0.0.0", "endAddress": "255.255.255.255", "name": "IANA"}, {"errorCode": 404}],
)
async def test_an_answer_that_names_nobody_is_no_answer(registry: Registry, body: dict[str, Any]) -> None:
    registry.body = body
    registry.blocks.find("45.88.202.1")
    async with registry.running():
        await registry.until(1)
    assert registry.blocks.find("45.88.202.1") is None
    assert registry.learned == 0


async def test_a_restart_does_not_ask_again(registry: Registry, tmp_path: Path) -> None:
    registry.blocks.find("45.88.202.1")
    async with registry.running():
        await registry.until(1)
    async with open_registry(tmp_path) as other, other.running():
        await asyncio.sleep(0.1)
        assert other.blocks.find("45.88.202.200") is not None
        assert (other.asked, other.learned) == ([], 1)


@pytest.mark.parametrize("raw", ["", "{", "[]", '{"blocks": [{"v6": 1}]}', '{"blocks": 5}'])
async def test_a_damaged_memory_is_begun_anew(registry: Registry, tmp_path: Path, raw: str) -> None:
    (tmp_path / "blocks.json").write_text(raw)
    registry.blocks.find("45.88.202.1")
    async with registry.running():
        await registry.until(1)
    assert registry.blocks.find("45.88.202.1") is not None


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "::1", "192.0.2.1", "fe80::1", "x", ""])
async def test_private_addresses_are_nobodys_business(registry: Registry, address: str) -> None:
    assert registry.blocks.find(address) is None
    assert registry.blocks.waiting == 0


async def test_space_that_no_registry_has_is_not_asked_about(registry: Registry) -> None:
    registry.blocks.find("8.8.8.8")
    async with registry.running():
        await asyncio.sleep(0.1)
    assert registry.asked == []


async def test_what_waits_is_bounded_and_finding_is_quick(registry: Registry) -> None:
    addresses = [f"45.{n >> 8 & 255}.{n & 255}.1" for n in range(20_000)]
    begun = time.process_time()
    for address in addresses:
        registry.blocks.find(address)
    assert time.process_time() - begun < 2.0
    assert registry.blocks.waiting == 10_000


async def test_a_zone_that_shows_ever_new_addresses_neither_keeps_others_out_nor_holds_the_loop(
    registry: Registry,
) -> None:
    for n in range(50_000):
        registry.blocks.find(f"45.{n >> 8 & 255}.{n & 255}.1")
    assert len(registry.blocks._due) <= 20_000
    registry.blocks.find("91.0.0.1")
    longest = 0.0
    async with registry.running():
        for _ in range(20):
            begun = time.process_time()
            await asyncio.sleep(0.01)
            longest = max(longest, time.process_time() - begun)
            registry.clock.at += timedelta(seconds=6)
    assert registry.blocks.waiting > 9_900
    assert "91.0.0.1" in registry.blocks._wanted
    assert longest < 0.05


async def test_who_came_first_is_asked_about_first(registry: Registry) -> None:
    for address in ("91.0.0.1", "45.1.0.1", "45.0.0.1"):
        registry.blocks.find(address)
    async with registry.running():
        for tries in (1, 2, 3):
            await registry.until(tries)
            registry.clock.at += timedelta(seconds=6)
    assert registry.asked == ["91.0.0.1", "45.1.0.1", "45.0.0.1"]


async def test_an_attributor_names_the_holder_once_it_is_known(registry: Registry) -> None:
    atlas = Atlas(AsTable.of((), "t"), PublishedRanges.of((), "t")).asking(registry.blocks)
    attributor = Attributor(Catalog.bundled(), atlas)
    before = Attribution(
        layer=Layer.NETWORK,
        providers=(Provider(id="as64496", name="OLD"),),
        evidence=(Evidence(provider="as64496", value="45.88.202.1", rule="AS64496", source="AS table old"),),
    )
    assert attributor.again(before) is None
    async with registry.running():
        await registry.until(1)
    attributor.learned()
    named = attributor.again(before)
    assert named is not None
    assert named.ids == ("net:holder-45-88-202",)
    assert named.evidence[0].rule == "address block 45.88.202.0/24"
