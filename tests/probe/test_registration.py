"""The probe against real servers: one test per failure, and every way to a wrong answer closed."""

import asyncio
import gzip
import json
import socket
import struct
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web
from servers.registration_lab import (
    GOOD_WHOIS,
    Answer,
    Lab,
    Talk,
    WhoisLab,
    answers,
    check,
    good_rdap,
    lab,
    says,
)

from monitor.failure import Failure
from monitor.probe.error import ProbeError
from monitor.probe.registration import probe_registration
from monitor.probe.registries import Registries

NOT_FOUND = "No match for domain.\n>>> Last update of whois database: 2021-01-17T12:00:00Z <<<\n"


async def failure_of(domain: str, here: Lab, timeout_s: float = 5.0) -> ProbeError:
    with pytest.raises(ProbeError) as caught:
        await probe_registration(check(domain, timeout_s), here.io)
    return caught.value


async def test_facts_over_rdap() -> None:
    async with lab() as here:
        facts = await probe_registration(check("example.test"), here.io)
    assert (facts.source, facts.registered) == ("rdap", True)
    assert facts.server.startswith("https://127.0.0.1:")
    assert facts.server.endswith("/registry/")
    assert (facts.registrar_name, facts.registrar_iana_id) == ("Epik, Inc.", 617)
    assert facts.statuses == ("clientHold", "clientTransferProhibited")
    assert facts.name_servers == ("ns3.epik.com", "ns4.epik.com")
    assert facts.created == datetime(2018, 6, 15, 18, 25, 25, tzinfo=UTC)
    assert facts.updated == datetime(2020, 6, 15, 18, 25, 25, tzinfo=UTC)
    assert facts.expires == datetime(2026, 6, 15, 18, 25, 25, tzinfo=UTC)
    assert here.requests[0].path == "/registry/domain/example.test"
    assert "application/rdap+json" in here.requests[0].headers["Accept"]
    assert here.whois.queries == []


async def test_the_same_facts_over_whois() -> None:
    async with lab() as here:
        over_rdap = await probe_registration(check("example.test"), here.io)
        here.rdap = answers(status=500)
        over_whois = await probe_registration(check("example.test"), here.io)
    assert (over_whois.source, over_whois.server) == ("whois", "127.0.0.1")
    for name in (
        "registrar_name",
        "registrar_iana_id",
        "statuses",
        "name_servers",
        "created",
        "updated",
        "expires",
    ):
        assert getattr(over_whois, name) == getattr(over_rdap, name)
    assert here.whois.queries == ["example.test"]


async def test_not_registered_over_rdap() -> None:
    async with lab() as here:
        for answer in (
            answers(
                {"errorCode": 404, "title": "Not found"},
                status=404,
                headers={"Content-Type": "application/json"},
            ),
            answers(raw=b"", status=404),  # rdap.nic.ch sends no body
            answers(raw=b"{", status=404),
        ):
            here.rdap = answer
            facts = await probe_registration(check("gone.rdap"), here.io)
            assert (facts.registered, facts.registrar_name, facts.statuses) == (False, None, ())


async def test_not_registered_over_whois() -> None:
    async with lab() as here:
        here.whois.talk = says(NOT_FOUND)
        facts = await probe_registration(check("gone.whois"), here.io)
        assert (facts.registered, facts.source) == (False, "whois")


@pytest.mark.parametrize(
    "answer",
    [
        answers(status=429),
        answers(status=403),
        answers(status=503, headers={"Retry-After": "60"}),
        answers({"errorCode": 429, "title": "Rate limit exceeded"}),
        answers({"errorCode": "429"}, status=404),
        answers(raw=b"", status=429, headers={"Content-Type": "text/html"}),
    ],
)
async def test_limited_over_rdap(answer: Answer) -> None:
    async with lab() as here:
        here.rdap = answer
        assert (await failure_of("example.rdap", here)).failure is Failure.REGISTRATION_LIMITED


@pytest.mark.parametrize(
    "reply",
    [
        "WHOIS LIMIT EXCEEDED - SEE WWW.PIR.ORG/WHOIS FOR DETAILS\n",
        "The WHOIS query quota for 192.0.2.1 has been exceeded\nand will be replenished in 5 seconds\n",
        "% Error: 55000000002 Connection refused; access control limit exceeded.\n",
        "%% Maximum query rate reached\n",
        "Domain Name: EXAMPLE.WHOIS\nQuery rate limit exceeded\n",
        "Too many requests. No match for EXAMPLE.WHOIS\n",
        "No match for EXAMPLE.WHOIS\n% You have exceeded allowed connection rate\n",
        "Please try again later.\n",
    ],
)
async def test_limited_over_whois_inside_an_ordinary_reply(reply: str) -> None:
    """A quota notice never reads as a domain that is gone."""
    async with lab() as here:
        here.whois.talk = says(reply)
        assert (await failure_of("example.whois", here)).failure is Failure.REGISTRATION_LIMITED


async def test_unreachable() -> None:
    async with lab() as here:
        here.rdap = answers(status=502)
        assert (await failure_of("example.rdap", here)).failure is Failure.REGISTRATION_UNREACHABLE
        here.rdap = answers(status=503)
        assert (await failure_of("example.rdap", here)).failure is Failure.REGISTRATION_UNREACHABLE

        async def reset(_query: str, writer: asyncio.StreamWriter) -> None:
            writer.write(b"Domain Name: EXAMPLE.WHOIS\r\n")
            await writer.drain()
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close is a reset
            writer.transport.abort()

        here.whois.talk = reset
        assert (await failure_of("example.whois", here)).failure is Failure.REGISTRATION_UNREACHABLE


async def test_unreachable_when_nobody_listens() -> None:
    async with lab() as here:
        async with WhoisLab().running() as closed:
            endpoint = "{}:{}".format(*closed.endpoint)
        registries = Registries.load(
            rdap={"rdap": f"https://{endpoint}/"}, whois={"whois": endpoint, "nohost": "whois.nowhere.test"}
        )
        here.io = replace(here.io, registries=registries)
        for domain in ("example.rdap", "example.whois", "example.nohost"):
            assert (await failure_of(domain, here)).failure is Failure.REGISTRATION_UNREACHABLE


async def drip(_query: str, writer: asyncio.StreamWriter) -> None:
    for byte in GOOD_WHOIS.encode():
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_timeout_of_a_drip_feed() -> None:
    async with lab() as here:
        here.whois.talk = drip
        start = asyncio.get_running_loop().time()
        assert (
            await failure_of("example.whois", here, timeout_s=0.3)
        ).failure is Failure.REGISTRATION_TIMEOUT
        assert asyncio.get_running_loop().time() - start < 3


async def test_timeout_over_rdap() -> None:
    async def hang(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    async with lab() as here:
        here.rdap = hang
        assert (await failure_of("example.rdap", here, timeout_s=0.3)).failure is Failure.REGISTRATION_TIMEOUT
        # WHOIS keeps its part of the time.
        assert (await probe_registration(check("example.test", timeout_s=1.0), here.io)).source == "whois"


@pytest.mark.parametrize(
    "answer",
    [
        answers(raw=b"<html>Not here</html>", status=404, headers={"Content-Type": "text/html"}),
        answers(raw=b"<html>Welcome</html>"),
        answers(raw=b""),
        answers([good_rdap("example.rdap")]),
        answers(good_rdap("example.com")),
        answers(good_rdap("example.rdap", objectClassName="entity")),
        answers(good_rdap("example.rdap", objectClassName=["domain"])),
        answers({"objectClassName": "domain"}),
        answers(raw=b"[" * 100_000),
        answers(raw=b'{"a":' * 100_000),
        answers(raw=b'{"ldhName": ' + b"9" * 10_000 + b"}"),
        answers(raw=b"\xff\xfe{}"),
        answers(raw=json.dumps(good_rdap("example.rdap", x="y" * (1 << 20))).encode()),
        answers(good_rdap("example.rdap"), status=400),
        answers(status=302, headers={"Location": "ftp://elsewhere.test/"}),
    ],
)
async def test_unparsable_over_rdap(answer: Answer) -> None:
    async with lab() as here:
        here.rdap = answer
        assert (await failure_of("example.rdap", here)).failure is Failure.REGISTRATION_UNPARSABLE


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\r\n\r\n",
        b"\xff\xfe\x00\x01" * 100,
        b"x" * 60_000,
        b"x" * 70_000,
        b"Domain Name: EXAMPLE.WHOIS\r\n" + b"Name Server: ns1.example.com\r\n" * 4000,
        GOOD_WHOIS.encode(),  # about example.test
        b'To single out one record, look it up with "=xxx", where xxx is one of the records above.\r\n',
        b"Welcome to this server.\r\n",
    ],
)
async def test_unparsable_over_whois(reply: bytes) -> None:
    async with lab() as here:
        here.whois.talk = says(reply)
        assert (await failure_of("example.whois", here)).failure is Failure.REGISTRATION_UNPARSABLE
        assert len(here.whois.queries) == 1


async def test_endless_reply_is_cut_off() -> None:
    sent = 0

    async def endless(_query: str, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while True:
            writer.write(b"Name Server: ns1.example.com\r\n" * 1000)
            sent += 29_000
            await writer.drain()

    async with lab() as here:
        here.whois.talk = endless
        assert (await failure_of("example.whois", here)).failure is Failure.REGISTRATION_UNPARSABLE
    assert sent < 20_000_000


async def test_no_server() -> None:
    async with lab() as here:
        for domain in ("example.nowhere", "com", "localhost"):
            assert (await failure_of(domain, here)).failure is Failure.REGISTRATION_NO_SERVER


@pytest.mark.parametrize(
    ("rdap", "whois", "expected"),
    [
        (answers(status=429), says(b""), Failure.REGISTRATION_LIMITED),
        (answers(status=500), says("Too many requests\n"), Failure.REGISTRATION_LIMITED),
        (answers(raw=b"?"), drip, Failure.REGISTRATION_UNPARSABLE),
        (answers(status=500), drip, Failure.REGISTRATION_TIMEOUT),
    ],
)
async def test_the_more_telling_failure_is_told(rdap: Answer, whois: Talk, expected: Failure) -> None:
    async with lab() as here:
        here.rdap, here.whois.talk = rdap, whois
        assert (await failure_of("example.test", here, timeout_s=0.5)).failure is expected


async def test_whois_answers_where_rdap_is_limited() -> None:
    async with lab() as here:
        here.rdap = answers(status=429)
        facts = await probe_registration(check("example.test"), here.io)
    assert (facts.source, facts.registered, facts.registrar_iana_id) == ("whois", True, 617)


async def test_rdap_redirects_are_followed() -> None:
    async def redirect(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/registry/"):
            return web.Response(status=302, headers={"Location": "/other/domain/example.rdap"})
        return await answers(good_rdap("example.rdap"))(request)

    async with lab() as here:
        here.rdap = redirect
        facts = await probe_registration(check("example.rdap"), here.io)
    assert facts.server.endswith("/other/")


async def test_compressed_bomb_over_rdap_is_bounded() -> None:
    async with lab() as here:
        here.rdap = answers(raw=gzip.compress(b" " * 50_000_000, 9), headers={"Content-Encoding": "gzip"})
        assert (await failure_of("example.rdap", here)).failure is Failure.REGISTRATION_UNPARSABLE


THIN = """\
Domain Name: EXAMPLE.WHOIS
Registrar WHOIS Server: {server}
Creation Date: 2018-06-15T18:25:25Z
Expiration Date: 2026-06-15T18:25:25Z
Domain Status: ok
Name Server: NS3.EPIK.COM
"""
PUBLIC = "93.184.216.34"


async def test_a_referral_names_the_registrar_and_nothing_else() -> None:
    async with lab(hosts={"whois.registrar.test": [PUBLIC]}) as here, WhoisLab().running() as registrar:
        here.route.leads[PUBLIC, 43] = registrar.endpoint
        here.whois.talk = says(THIN.format(server="whois.registrar.test"))
        registrar.talk = says(
            GOOD_WHOIS.replace("EXAMPLE.TEST", "EXAMPLE.WHOIS").replace("2026-06", "2027-01")
        )
        facts = await probe_registration(check("example.whois"), here.io)
    assert (facts.registrar_name, facts.registrar_iana_id) == ("Epik, Inc.", 617)
    assert (facts.statuses, facts.name_servers) == (("ok",), ("ns3.epik.com",))
    assert facts.expires == datetime(2026, 6, 15, 18, 25, 25, tzinfo=UTC)
    assert registrar.queries == ["example.whois"]


async def test_no_referral_when_the_registry_names_the_registrar() -> None:
    async with lab(hosts={"whois.registrar.test": [PUBLIC]}) as here:
        here.rdap = answers(status=500)
        await probe_registration(check("example.test"), here.io)
        assert [address for address, _ in here.route.asked if address == PUBLIC] == []


async def test_a_loop_of_referrals_ends_after_one() -> None:
    async with lab(hosts={"whois.registrar.test": [PUBLIC]}) as here, WhoisLab().running() as registrar:
        here.route.leads[PUBLIC, 43] = registrar.endpoint
        here.whois.talk = registrar.talk = says(THIN.format(server="whois.registrar.test"))
        facts = await probe_registration(check("example.whois"), here.io)
    assert (facts.registered, facts.registrar_name) == (True, None)
    assert (len(here.whois.queries), len(registrar.queries)) == (1, 1)


@pytest.mark.parametrize(
    "server", ["whois.private.test", "127.0.0.1", "127.0.0.1:43", "169.254.169.254", "::1", "localhost"]
)
async def test_a_referral_to_a_private_address_is_not_followed(server: str) -> None:
    async with lab(hosts={"whois.private.test": ["127.0.0.1", "10.0.0.1", "169.254.169.254"]}) as here:
        here.whois.talk = says(THIN.format(server=server))
        facts = await probe_registration(check("example.whois"), here.io)
        asked = [(address, port) for address, port in here.route.asked if port == 43]
    assert (facts.registered, facts.registrar_name, asked) == (True, None, [])


async def test_a_registry_whose_name_leads_to_a_private_address_is_not_asked() -> None:
    async with lab(hosts={"whois.private.test": ["10.0.0.1"]}) as here:
        registries = Registries.load(whois={"whois": "whois.private.test"})
        here.io = replace(here.io, registries=registries)
        error = await failure_of("example.whois", here)
        assert error.failure is Failure.REGISTRATION_UNREACHABLE
        assert "address_forbidden" in error.detail
        assert here.route.asked == []


@pytest.mark.parametrize("server", ["whois.registrar.test", "whois.nowhere.test"])
async def test_a_failing_referral_costs_the_name_only(server: str) -> None:
    async with lab(hosts={"whois.registrar.test": [PUBLIC]}) as here:
        here.whois.talk = says(THIN.format(server=server))
        facts = await probe_registration(check("example.whois"), here.io)
    assert (facts.registered, facts.registrar_name, facts.statuses) == (True, None, ("ok",))


async def test_one_question_at_a_time_and_server() -> None:
    async def slowly(_query: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        writer.write(NOT_FOUND.encode())

    async with lab() as here:
        here.whois.talk = slowly
        await asyncio.gather(*(probe_registration(check(f"gone{n}.whois"), here.io) for n in range(5)))
        assert (len(here.whois.queries), here.whois.most_busy) == (5, 1)


async def test_every_cut_of_a_good_reply_is_no_answer() -> None:
    """A reply that lost its end never reads as another registration, let alone as none."""
    text = GOOD_WHOIS.replace("EXAMPLE.TEST", "EXAMPLE.WHOIS")
    end = text.index(">>> Last update")
    async with lab() as here:
        for length in range(0, end, 7):
            here.whois.talk = says(text[:length])
            assert (await failure_of("example.whois", here)).failure is Failure.REGISTRATION_UNPARSABLE
        here.whois.talk = says(text[: end + 20])
        assert (await probe_registration(check("example.whois"), here.io)).registrar_iana_id == 617


async def test_a_cancelled_probe_leaves_no_connection() -> None:
    connected, closed = asyncio.Event(), asyncio.Event()

    async def until_closed(query: str, writer: asyncio.StreamWriter) -> None:
        try:
            connected.set()
            await drip(query, writer)
        finally:
            closed.set()

    async with lab() as here:
        here.whois.talk = until_closed
        task = asyncio.create_task(probe_registration(check("example.whois", 30.0), here.io))
        await connected.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await closed.wait()
