"""The client against real servers on loopback, honest and hostile."""

import asyncio
import random
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvloop

from monitor.failure import Failure
from monitor.probe.dns_client import DnsClient
from monitor.probe.error import ProbeError
from tests.servers.dns_lab import (
    Behaviour,
    DnsLab,
    HandClock,
    Query,
    answer,
    client_of,
    rcode,
    silent,
    truncated,
    zone,
)

GOOD = zone(
    {
        "www.example": {"CNAME": ["edge.example"]},
        "edge.example": {"A": ["10.0.0.2", "10.0.0.1"]},
        "six.example": {"AAAA": ["2001:db8::1"]},
        "both.example": {"A": ["10.0.0.1"], "AAAA": ["2001:db8::1"]},
        "example": {"MX": ["10 Mail.example."]},
    }
)


@pytest.fixture
def closed_port() -> Iterator[tuple[str, int]]:
    """Give an endpoint on which nobody listens: bound for TCP, so that nobody else takes it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


async def failure_of(behaviour: Behaviour, *, try_s: float = 0.05) -> tuple[str | None, Failure | None]:
    async with DnsLab(behaviour) as lab, client_of(lab.endpoint, try_s=try_s) as client:
        reply = await client.query("www.example", "A")
        return reply.answer.rcode, reply.answer.failure


async def test_an_answer_tells_records_chain_and_resolver() -> None:
    async with DnsLab(GOOD) as lab, client_of(lab.endpoint) as client:
        reply = await client.query("WWW.example.", "A")
    assert reply.answer.name == "www.example"
    assert (reply.answer.rcode, reply.answer.failure, reply.answer.ttl) == ("NOERROR", None, 300)
    assert reply.answer.values == ("10.0.0.1", "10.0.0.2")
    assert reply.cname_chain == ("edge.example",)
    assert reply.resolver == f"127.0.0.1:{lab.endpoint[1]}"


async def test_an_ipv6_resolver() -> None:
    async with DnsLab(GOOD, address="::1") as lab, client_of(lab.endpoint) as client:
        reply = await client.query("example", "MX")
    assert reply.answer.values == ("10 mail.example",)
    assert reply.resolver == f"[::1]:{lab.endpoint[1]}"


# One failure after the other, each provoked.


async def test_nxdomain() -> None:
    assert await failure_of(rcode("NXDOMAIN")) == ("NXDOMAIN", Failure.DNS_NXDOMAIN)


async def test_nodata() -> None:
    assert await failure_of(rcode("NOERROR")) == ("NOERROR", Failure.DNS_NODATA)


async def test_servfail() -> None:
    assert await failure_of(rcode("SERVFAIL")) == ("SERVFAIL", Failure.DNS_SERVFAIL)


async def test_refused() -> None:
    assert await failure_of(rcode("REFUSED")) == ("REFUSED", Failure.DNS_REFUSED)


async def test_timeout() -> None:
    assert await failure_of(silent) == (None, Failure.DNS_TIMEOUT)


async def test_unreachable(closed_port: tuple[str, int]) -> None:
    async with client_of(closed_port, try_s=30) as client:
        replies = await asyncio.gather(*(client.query("www.example", "A") for _ in range(20)))
    assert {reply.answer.failure for reply in replies} == {Failure.DNS_UNREACHABLE}


async def test_malformed() -> None:
    assert await failure_of(lambda query: [query.wire[:2] + b"\x81\x80" + bytes(40)]) == (
        None,
        Failure.DNS_MALFORMED,
    )
    assert await failure_of(lambda query: [answer(query, "www.example 1 A 10.0.0.1")[:-3]]) == (
        None,
        Failure.DNS_MALFORMED,
    )


async def test_loop_inside_one_answer() -> None:
    records = ("www.example 1 CNAME b.example.", "b.example 1 CNAME www.example.")
    assert await failure_of(lambda query: [answer(query, *records)]) == ("NOERROR", Failure.DNS_LOOP)


async def test_loop_across_answers() -> None:
    other = {"www.example": "b.example", "b.example": "www.example"}
    asked = 0

    def behave(query: Query) -> list[bytes]:
        nonlocal asked
        asked += 1
        return [answer(query, f"{query.name} 1 CNAME {other[query.name]}.")]

    assert await failure_of(behave) == ("NOERROR", Failure.DNS_LOOP)
    assert asked == 2


async def test_a_chain_that_grows_with_every_question_ends() -> None:
    def behave(query: Query) -> list[bytes]:
        return [answer(query, f"{query.name} 1 CNAME x{query.name}.")]

    async with DnsLab(behave) as lab, client_of(lab.endpoint) as client:
        reply = await client.query("www.example", "A")
    assert reply.answer.failure is Failure.DNS_LOOP
    assert len(reply.cname_chain) == 16
    assert len(lab.queries) == 17


async def test_local_resources(closed_port: tuple[str, int]) -> None:
    """A route that runs out of descriptors stands for a machine that does."""
    async with client_of(closed_port, route=Broken(OSError(24, "EMFILE"))) as client:
        reply = await client.query("www.example", "A")
    assert reply.answer.failure is Failure.LOCAL_RESOURCES


async def test_the_end_of_a_chain_is_asked_for() -> None:
    def behave(query: Query) -> list[bytes]:
        if query.name == "www.example":
            return [answer(query, "www.example 9 CNAME edge.example.")]
        return list(GOOD(query))

    async with DnsLab(behave) as lab, client_of(lab.endpoint) as client:
        reply = await client.query("www.example", "A")
    assert reply.answer.values == ("10.0.0.1", "10.0.0.2")
    assert (reply.answer.name, reply.answer.ttl) == ("www.example", 9)
    assert reply.cname_chain == ("edge.example",)


# Which resolver is asked, and how often.


async def test_a_silent_resolver_is_asked_twice_and_a_refusing_one_once() -> None:
    async with (
        DnsLab(silent) as first,
        DnsLab(rcode("REFUSED")) as second,
        client_of(first.endpoint, second.endpoint, try_s=0.05) as client,
    ):
        reply = await client.query("www.example", "A")
    assert (len(first.queries), len(second.queries)) == (2, 1)
    assert reply.answer.failure is Failure.DNS_REFUSED
    assert reply.resolver.endswith(str(second.endpoint[1]))


@pytest.mark.parametrize("behaviour", [silent, rcode("SERVFAIL"), rcode("REFUSED"), lambda _query: [b"?"]])
async def test_the_second_resolver_answers_for_the_first(behaviour: Behaviour) -> None:
    async with (
        DnsLab(behaviour) as first,
        DnsLab(GOOD) as second,
        client_of(first.endpoint, second.endpoint, try_s=0.05) as client,
    ):
        reply = await client.query("www.example", "A")
    assert reply.answer.failure is None
    assert reply.resolver.endswith(str(second.endpoint[1]))


async def test_a_closed_port_is_no_time_lost(closed_port: tuple[str, int]) -> None:
    async with DnsLab(GOOD) as lab, client_of(closed_port, lab.endpoint, try_s=30) as client:
        started = time.monotonic()
        assert (await client.query("www.example", "A")).answer.failure is None
        assert time.monotonic() - started < 1


async def test_a_dead_resolver_is_passed_over_for_a_minute() -> None:
    clock = HandClock()
    async with (
        DnsLab(silent) as first,
        DnsLab(GOOD) as second,
        client_of(first.endpoint, second.endpoint, try_s=0.05, clock=clock) as client,
    ):
        for _ in range(5):
            await client.query("www.example", "A")
        assert len(first.queries) == 1
        clock.seconds += 60
        await client.query("www.example", "A")
        assert len(first.queries) == 2


async def test_nxdomain_is_final() -> None:
    async with (
        DnsLab(rcode("NXDOMAIN")) as first,
        DnsLab(GOOD) as second,
        client_of(first.endpoint, second.endpoint) as client,
    ):
        assert (await client.query("www.example", "A")).answer.failure is Failure.DNS_NXDOMAIN
    assert not second.queries


@dataclass
class Broken:
    """A route on which nothing gets through."""

    error: OSError

    def udp(self, address: str, port: int) -> tuple[str, int]:  # noqa: ARG002 - the signature of Route
        raise self.error

    def tcp(self, address: str, port: int) -> tuple[str, int]:  # noqa: ARG002 - the same
        raise self.error


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (TimeoutError(), Failure.DNS_TIMEOUT),
        (OSError(101, "unreachable"), Failure.DNS_UNREACHABLE),
        (ConnectionRefusedError(111, "refused"), Failure.DNS_UNREACHABLE),
    ],
)
async def test_a_route_that_raises_costs_no_time(error: OSError, failure: Failure) -> None:
    async with client_of(("192.0.2.1", 53), try_s=30, route=Broken(error)) as client:
        started = time.monotonic()
        reply = await client.query("www.example", "A")
    assert (reply.answer.failure, reply.resolver) == (failure, "192.0.2.1")
    assert time.monotonic() - started < 1


# Answers that are none.


def flip_id(wire: bytes) -> bytes:
    return bytes((wire[0] ^ 1,)) + wire[1:]


def forged(query: Query) -> bytes:
    return answer(query, f"{query.name} 9 A 10.6.6.6")


def other_question(query: Query) -> bytes:
    wire = bytearray(forged(query))
    wire[13] ^= 1
    return bytes(wire)


@pytest.mark.parametrize(
    "false",
    [
        lambda query: flip_id(forged(query)),
        other_question,
        lambda query: forged(query)[:-1],
        lambda query: forged(query) + b"\x00",
        lambda query: query.wire,
        lambda query: query.wire[:2],
        lambda _query: b"",
        lambda _query: bytes(60_000),
        lambda query: forged(query) + bytes(60_000),
    ],
    ids=["id", "question", "short", "long", "echo", "two bytes", "empty", "huge", "huge tail"],
)
async def test_a_false_answer_is_passed_over_and_the_true_one_taken(false: Callable[[Query], bytes]) -> None:
    def behave(query: Query) -> Iterable[bytes]:
        return [false(query), *GOOD(query)]

    async with DnsLab(behave) as lab, client_of(lab.endpoint) as client:
        reply = await client.query("www.example", "A")
    assert reply.answer.values == ("10.0.0.1", "10.0.0.2")


async def test_an_answer_from_another_port_is_not_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spoofer:

        def behave(query: Query) -> list[bytes]:
            spoofer.sendto(forged(query), query.source)
            return []

        assert await failure_of(behave) == (None, Failure.DNS_TIMEOUT)


async def test_noise_neither_raises_nor_answers() -> None:
    noise = random.Random(7)  # noqa: S311 - repeatable noise, no secret

    def behave(query: Query) -> Iterator[bytes]:
        good = forged(query)
        for _ in range(50):
            wire = bytearray(good)
            for _ in range(3):
                wire[noise.randrange(len(wire))] = noise.randrange(256)
            yield bytes(wire[12:])
            yield query.wire[:2] + noise.randbytes(60)
            yield good[: noise.randrange(len(good))]
        yield from GOOD(query)

    async with DnsLab(behave) as lab, client_of(lab.endpoint) as client:
        for _ in range(10):
            reply = await client.query("www.example", "A")
            assert reply.answer.values == ("10.0.0.1", "10.0.0.2")


async def test_the_letter_case_of_the_question_is_the_servers_choice() -> None:
    def behave(query: Query) -> list[bytes]:
        (wire,) = GOOD(query)
        return [wire[:12] + wire[12:25].upper() + wire[25:]]

    assert await failure_of(behave) == ("NOERROR", None)


# TCP


def over_tcp(reply: Callable[[Query], Iterable[bytes]]) -> Behaviour:
    return lambda query: [truncated(query)] if query.over == "udp" else reply(query)


async def test_a_truncated_answer_is_asked_for_over_tcp() -> None:
    async with DnsLab(over_tcp(GOOD)) as lab, client_of(lab.endpoint) as client:
        reply = await client.query("www.example", "A")
    assert reply.answer.values == ("10.0.0.1", "10.0.0.2")
    assert [query.over for query in lab.queries] == ["udp", "tcp"]


async def test_four_thousand_records_over_tcp() -> None:
    records = [f"www.example 5 A 10.0.{number >> 8}.{number & 255}" for number in range(4000)]
    async with (
        DnsLab(over_tcp(lambda query: [answer(query, *records)])) as lab,
        client_of(lab.endpoint, try_s=20) as client,
    ):
        reply = await client.query("www.example", "A")
    assert len(reply.answer.values) == 100


@pytest.mark.parametrize(
    "false",
    [
        lambda query: flip_id(forged(query)),
        other_question,
        lambda query: forged(query)[:-1],
        lambda _query: b"",
    ],
    ids=["id", "question", "short", "empty"],
)
async def test_a_false_answer_over_tcp_is_malformed(false: Callable[[Query], bytes]) -> None:
    assert await failure_of(over_tcp(lambda query: [false(query)]), try_s=2) == (None, Failure.DNS_MALFORMED)


async def test_a_server_that_hangs_up_is_malformed() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        writer.write(b"\xff\xff" + bytes(100))
        writer.close()

    async with DnsLab(over_tcp(GOOD), stream=hang_up) as lab, client_of(lab.endpoint, try_s=2) as client:
        reply = await client.query("www.example", "A")
    assert reply.answer.failure in (Failure.DNS_MALFORMED, Failure.DNS_UNREACHABLE)


async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Announce 64 KiB and send a byte now and then."""
    writer.write(b"\xff\xff")
    while True:
        writer.write(b"\x00")
        await writer.drain()
        await asyncio.sleep(0.01)


async def test_an_endless_answer_over_tcp_ends_with_the_try() -> None:
    started = time.monotonic()
    async with DnsLab(over_tcp(GOOD), stream=drip) as lab, client_of(lab.endpoint, try_s=0.2) as client:
        reply = await client.query("www.example", "A")
    assert reply.answer.failure is Failure.DNS_TIMEOUT
    assert time.monotonic() - started < 0.7


# Life of the client.


@pytest.mark.parametrize("stream", [None, drip])
async def test_the_callers_deadline_holds_and_leaves_nothing_behind(stream: None) -> None:
    behaviour = silent if stream is None else over_tcp(GOOD)
    async with DnsLab(behaviour, stream=stream) as lab, client_of(lab.endpoint, try_s=60) as client:
        await asyncio.sleep(0)
        before = open_files()
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await asyncio.gather(*(client.query(f"{number}.example", "A") for number in range(50)))
        assert 0.49 < time.monotonic() - started < 0.55
        await client.aclose()
        for _ in range(100):  # the lab's side of the connections ends when it reads the reset
            if open_files() <= before:
                break
            await asyncio.sleep(0.01)
        assert open_files() <= before


async def test_a_closed_client_answers_that_nobody_can_be_reached() -> None:
    async with DnsLab(silent) as lab, client_of(lab.endpoint, try_s=60) as client:
        waiting = asyncio.create_task(client.query("www.example", "A"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await client.aclose()
        assert (await waiting).answer.failure is Failure.DNS_UNREACHABLE
        assert (await client.query("www.example", "A")).answer.failure is Failure.DNS_UNREACHABLE


async def many_at_once() -> None:
    def behave(query: Query) -> list[bytes]:
        number = int(query.name.split(".")[0])
        return [answer(query, f"{query.name} 5 A 10.0.{number >> 8}.{number & 255}")]

    before = open_files()
    async with DnsLab(behave) as lab, client_of(lab.endpoint, try_s=15) as client:
        replies = await asyncio.gather(*(client.query(f"{number}.example", "A") for number in range(3000)))
    for number, reply in enumerate(replies):
        assert reply.answer.values in ((f"10.0.{number >> 8}.{number & 255}",), ())
    lost = sum(reply.answer.failure is not None for reply in replies)
    assert lost == 0
    assert open_files() <= before + 1


async def test_three_thousand_questions_at_once_are_not_confused() -> None:
    await many_at_once()


def test_three_thousand_questions_at_once_under_uvloop() -> None:
    uvloop.run(many_at_once())


# Addresses.


async def addresses(host: str, family: str = "auto") -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    async with DnsLab(GOOD) as lab, client_of(lab.endpoint) as client:
        return await client.addresses(host, family), lab.asked


@pytest.mark.parametrize(
    ("host", "family", "expected", "questions"),
    [
        ("both.example", "auto", ("10.0.0.1",), ["A"]),
        ("both.example", "ipv4", ("10.0.0.1",), ["A"]),
        ("both.example", "ipv6", ("2001:db8::1",), ["AAAA"]),
        ("six.example", "auto", ("2001:db8::1",), ["A", "AAAA"]),
        ("www.example.", "auto", ("10.0.0.1", "10.0.0.2"), ["A"]),
        ("192.0.2.1", "auto", ("192.0.2.1",), []),
        ("2001:db8::1", "ipv4", ("2001:db8::1",), []),
        ("[2001:db8::1]", "auto", ("2001:db8::1",), []),
        ("localhost", "auto", ("127.0.0.1", "::1"), []),
        ("App.LocalHost.", "ipv6", ("::1",), []),
    ],
)
async def test_addresses(host: str, family: str, expected: tuple[str, ...], questions: list[str]) -> None:
    found, asked = await addresses(host, family)
    assert found == expected
    assert [rtype for _, rtype in asked] == questions


@pytest.mark.parametrize(
    ("host", "failure", "questions"),
    [
        ("gone.example", Failure.DNS_NXDOMAIN, 1),
        ("example", Failure.DNS_NODATA, 2),
        ("bad..example", Failure.DNS_NXDOMAIN, 0),
        ("127.1", Failure.DNS_NXDOMAIN, 1),
    ],
)
async def test_a_host_without_addresses(host: str, failure: Failure, questions: int) -> None:
    async with DnsLab(GOOD) as lab, client_of(lab.endpoint) as client:
        with pytest.raises(ProbeError) as raised:
            await client.addresses(host)
    assert raised.value.failure is failure
    assert len(lab.queries) == questions


async def test_the_more_telling_failure_of_two_is_raised() -> None:
    def behave(query: Query) -> list[bytes]:
        return [answer(query, code="SERVFAIL" if query.rtype == "AAAA" else "NOERROR")]

    async with DnsLab(behave) as lab, client_of(lab.endpoint) as client:
        with pytest.raises(ProbeError) as raised:
            await client.addresses("www.example")
    assert raised.value.failure is Failure.DNS_SERVFAIL


def test_a_client_without_resolvers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one resolver"):
        DnsClient(resolvers=(), route=Broken(OSError()), clock=HandClock())
