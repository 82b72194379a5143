"""The probe that asks the last known address, on real servers, through the wrapper."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import pytest

from monitor.failure import Failure
from monitor.model import Check, HttpSettings, LastAddressFacts, LastAddressSettings, Observation, Probe
from monitor.probe.io import Io
from monitor.probe.observe import observe
from tests.servers.http_lab import NOON, Authority, Detour, HttpLab, answer, forever, lab_io, mute, say

WEB = "93.184.216.34"
GOOD = datetime(2026, 11, 21, 11, 59, tzinfo=UTC)


async def ask(
    io: Io, url: str = "http://www.example/here?q=1", address: str = WEB, **settings: object
) -> Observation:
    check = Check(
        target="lab.example",
        probe=Probe.LAST_ADDRESS,
        interval_s=60,
        timeout_s=0.5,
        settings=LastAddressSettings(
            page=HttpSettings(url=url, **settings),  # type: ignore[arg-type]
            address=address,
            last_good_at=GOOD,
        ),
    )
    return await observe(check, NOON, io)


def facts(seen: Observation) -> LastAddressFacts:
    assert isinstance(seen.facts, LastAddressFacts)
    assert seen.facts.last_good_at == GOOD
    return seen.facts


async def test_it_asks_for_the_page_by_its_name_though_the_name_is_gone() -> None:
    page = answer(b"<title>Parler</title>text", "Content-Type: text/html")
    async with HttpLab(say(page)) as lab, lab_io({}, route=Detour({WEB: lab.endpoint})) as io:
        seen = await ask(io)
        assert lab.heads[0].startswith(b"GET /here?q=1 HTTP/1.1\r\nHost: www.example\r\n")
    assert seen.failure is None
    told = facts(seen)
    assert (told.asked_address, told.answer and told.answer.status) == (WEB, 200)
    assert told.answer is not None
    assert (told.answer.title, told.answer.address) == ("Parler", WEB)


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    page = answer(b"", "Location: http://elsewhere.example/", status="301 Moved")
    async with HttpLab(say(page)) as lab, lab_io({}, route=Detour({WEB: lab.endpoint})) as io:
        seen = await ask(io)
        assert len(lab.heads) == 1
    answered = facts(seen).answer
    assert answered is not None
    assert answered.status == 301


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "no address"])
async def test_a_private_address_is_not_connected_to(address: str) -> None:
    async with lab_io({}) as io:
        seen = await ask(io, address=address)
    assert seen.failure is Failure.ADDRESS_FORBIDDEN


async def test_an_address_that_refuses() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        async with lab_io({}, route=Detour({WEB: sock.getsockname()})) as io:
            seen = await ask(io)
    assert seen.failure is Failure.TCP_REFUSED
    assert facts(seen).answer is None


async def test_a_server_that_shows_the_certificate_of_another_name() -> None:
    authority = Authority()
    context = authority.server("other.example")
    async with (
        HttpLab(say(answer(b"hello")), tls=context) as lab,
        lab_io({}, route=Detour({WEB: lab.endpoint}), trust=authority.trust()) as io,
    ):
        seen = await ask(io, "https://www.example/")
    assert seen.failure is Failure.TLS_HOSTNAME
    shown = facts(seen).answer
    assert shown is not None
    assert shown.tls is not None
    assert shown.tls.names == ("other.example",)


@pytest.mark.parametrize("hostile", ["silent", "endless"])
async def test_a_hostile_server_costs_its_deadline_and_no_more(hostile: str) -> None:
    serve = mute if hostile == "silent" else forever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000, 0.01)
    begun = asyncio.get_running_loop().time()
    async with HttpLab(serve) as lab, lab_io({}, route=Detour({WEB: lab.endpoint})) as io:
        seen = await ask(io)
    assert seen.failure is Failure.HTTP_TIMEOUT
    assert asyncio.get_running_loop().time() - begun < 2
    assert timedelta(seconds=seen.duration_s) < timedelta(seconds=1)
