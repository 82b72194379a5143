"""Domains that name servers live in: each looked up once a day, in the registry, however many ask."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from aiohttp import web
from servers.dns_lab import HandClock
from servers.registration_lab import Lab, answers, good_rdap, lab, says

from monitor.attribute import Domains
from monitor.model import ServerDomain
from monitor.probe.io import Io
from monitor.probe.server_domains import ServerDomains

DAY_S = 86_400.0
EXPIRES = datetime(2026, 6, 15, 18, 25, 25, tzinfo=UTC)


def known(most: int = 100) -> ServerDomains:
    return ServerDomains(Domains().registrable, most)


def timed(here: Lab) -> tuple[Io, HandClock]:
    clock = HandClock()
    return replace(here.io, clock=clock), clock


def test_a_server_lives_in_a_registrable_domain() -> None:
    domains = known()
    assert domains.of("ns1.dns.example.co.uk") == "example.co.uk"
    assert domains.of("localhost") is None
    assert domains.of("\\255.example") is None


async def test_expiry_and_holds_of_a_domain() -> None:
    async with lab() as here:
        found = await known().look_up("example.test", here.io)
    assert found == ServerDomain(
        domain="example.test",
        registered=True,
        statuses=("clientHold", "clientTransferProhibited"),
        expires=EXPIRES,
        source="rdap",
    )
    assert found.on_hold


async def test_a_thousand_who_ask_at_once_are_one_question() -> None:
    domains = known()
    async with lab() as here:
        found = await asyncio.gather(*(domains.look_up("example.test", here.io) for _ in range(1000)))
        assert len(here.requests) == 1
    assert {each.domain for each in found if each} == {"example.test"}


async def test_a_domain_is_asked_for_once_a_day() -> None:
    domains = known()
    async with lab() as here:
        io, clock = timed(here)
        for hours in (0, 1, 10, 20):
            clock.seconds = 1000.0 + hours * 3600
            await domains.look_up("example.test", io)
        assert len(here.requests) == 1
        clock.seconds = 1000.0 + DAY_S
        await domains.look_up("example.test", io)
        assert len(here.requests) == 2


async def test_who_was_put_off_is_looked_up_when_its_turn_comes_however_young_the_last_try() -> None:
    domains = known()
    async with lab() as here:
        io, _ = timed(here)
        here.rdap, here.whois.talk = answers(status=500), says("Out of order.")
        assert await domains.look_up("example.test", io) is None
        here.rdap = answers(good_rdap())
        assert domains.recall("example.test/registration", io) is None, "a target's own check"
        assert domains.recall("name servers/other.test/registration", io) is False, "nobody asks any more"
        assert domains.recall("name servers/example.test/registration", io) is True
        assert domains.recall("name servers/example.test/registration", io) is False, "it is under way"
        assert await domains.look_up("example.test", io) is not None


async def test_a_look_up_that_fails_leaves_what_was_known_and_the_registry_alone() -> None:
    domains = known()
    async with lab() as here:
        io, clock = timed(here)
        first = await domains.look_up("example.test", io)
        here.rdap, here.whois.talk = answers(status=500), says("Out of order.")
        clock.seconds += DAY_S
        assert await domains.look_up("example.test", io) == first
        asked = len(here.requests)
        clock.seconds += 60.0
        assert await domains.look_up("example.test", io) == first
        assert len(here.requests) == asked
        clock.seconds += 3600.0
        await domains.look_up("example.test", io)
        assert len(here.requests) > asked
        clock.seconds += 8 * DAY_S
        assert await domains.look_up("example.test", io) is None


async def test_so_many_domains_are_kept() -> None:
    domains = known(most=1)
    async with lab() as here:
        here.rdap = answers(good_rdap())
        await domains.look_up("example.test", here.io)
        await domains.look_up("other.test", here.io)
        await domains.look_up("example.test", here.io)
        assert len(here.requests) == 3


async def test_who_cannot_wait_leaves_the_question_to_the_next() -> None:
    domains = known()
    async with lab() as here:
        asked, release = asyncio.Event(), asyncio.Event()
        good = here.rdap

        async def slow(request: web.Request) -> web.StreamResponse:
            asked.set()
            await release.wait()
            return await good(request)

        here.rdap = slow
        impatient = asyncio.create_task(domains.look_up("example.test", here.io))
        await asked.wait()
        impatient.cancel()
        release.set()
        found = await domains.look_up("example.test", here.io)
        assert found is not None
        assert len(here.requests) == 1


async def test_what_is_under_way_is_given_up_at_the_end() -> None:
    domains = known()
    async with lab() as here:
        asked = asyncio.Event()

        async def never(_request: web.Request) -> web.StreamResponse:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

        here.rdap = never
        waiting = asyncio.create_task(domains.look_up("example.test", here.io))
        await asked.wait()
        await domains.aclose()
        assert await waiting is None
