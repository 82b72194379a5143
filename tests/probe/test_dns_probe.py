"""The `dns` probe, end to end over real datagrams."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, cast

import pytest

from monitor.clock import SystemClock
from monitor.failure import Failure
from monitor.model import Check, DnsFacts, DnsSettings, HttpSettings, Probe, Settings
from monitor.probe.dns import probe_dns
from monitor.probe.error import ProbeError
from monitor.probe.io import DirectRoute, Io
from tests.servers.dns_lab import Behaviour, DnsLab, Query, answer, client_of, silent, zone

PARLER = zone(
    {
        "parler.example": {
            "A": ["190.115.31.151"],
            "NS": ["ns4.epik.example.", "ns3.epik.example."],
            "MX": ["10 mail.parler.example."],
            "SOA": ["ns3.epik.example. support.epik.example. 2021011101 10800 3600 604800 3600"],
        },
        "www.parler.example": {"CNAME": ["parler.example"]},
    }
)


def check(settings: Settings | None = None, *, timeout_s: float = 10.0) -> Check:
    return Check(
        target="parler.example",
        probe=Probe.DNS,
        interval_s=300,
        timeout_s=timeout_s,
        settings=settings or DnsSettings(host="www.parler.example", zone="parler.example"),
    )


async def probe(behaviour: Behaviour, *, asked: Check | None = None, try_s: float = 2.0) -> DnsFacts:
    async with DnsLab(behaviour) as lab, client_of(lab.endpoint, try_s=try_s) as client:
        unused = cast("Any", None)
        io = Io(
            clock=SystemClock(),
            route=DirectRoute(),
            vantage="here",
            dns=client,
            name_servers=unused,
            server_domains=unused,
            http=unused,
            registries=unused,
            whois_parser=unused,
        )
        return await probe_dns(asked or check(), io)


def by_type(codes: Mapping[str, str | None]) -> Behaviour:
    """Answer each type with its rcode, None: not at all; and types not named as `PARLER` does."""

    def behave(query: Query) -> list[bytes]:
        if query.rtype not in codes:
            return list(PARLER(query))
        code = codes[query.rtype]
        return [] if code is None else [answer(query, code=code)]

    return behave


async def test_every_record_of_a_target() -> None:
    facts = await probe(PARLER)
    assert (facts.host, facts.zone) == ("www.parler.example", "parler.example")
    assert facts.cname_chain == ("parler.example",)
    assert facts.addresses == ("190.115.31.151",)
    assert facts.aaaa.failure is Failure.DNS_NODATA
    assert facts.ns.values == ("ns3.epik.example", "ns4.epik.example")
    assert facts.mx.values == ("10 mail.parler.example",)
    assert facts.soa.values == ("ns3.epik.example support.epik.example 2021011101 10800 3600 604800 3600",)
    assert facts.resolver.startswith("127.0.0.1:")


async def test_a_host_with_ipv6_only_has_an_address() -> None:
    facts = await probe(zone({"www.parler.example": {"AAAA": ["2001:db8::1"]}}))
    assert facts.addresses == ("2001:db8::1",)
    assert facts.a.failure is Failure.DNS_NODATA
    assert facts.ns.failure is Failure.DNS_NXDOMAIN


async def test_a_question_of_the_zone_fails_for_itself() -> None:
    facts = await probe(by_type({"NS": "SERVFAIL", "MX": "REFUSED", "SOA": "NXDOMAIN"}))
    assert facts.addresses
    assert [facts.ns.failure, facts.mx.failure, facts.soa.failure] == [
        Failure.DNS_SERVFAIL,
        Failure.DNS_REFUSED,
        Failure.DNS_NXDOMAIN,
    ]


@pytest.mark.parametrize(
    ("a", "aaaa", "failure"),
    [
        ("NOERROR", "NOERROR", Failure.DNS_NODATA),
        ("NXDOMAIN", "NXDOMAIN", Failure.DNS_NXDOMAIN),
        ("NOERROR", "NXDOMAIN", Failure.DNS_NXDOMAIN),
        ("SERVFAIL", "NXDOMAIN", Failure.DNS_NXDOMAIN),
        ("NOERROR", "SERVFAIL", Failure.DNS_SERVFAIL),
        ("REFUSED", "SERVFAIL", Failure.DNS_SERVFAIL),
        ("REFUSED", "NOERROR", Failure.DNS_REFUSED),
        (None, "NOERROR", Failure.DNS_TIMEOUT),
        ("NOERROR", None, Failure.DNS_TIMEOUT),
        (None, "SERVFAIL", Failure.DNS_SERVFAIL),
    ],
)
async def test_no_address_is_the_more_telling_failure_of_two(
    a: str | None, aaaa: str | None, failure: Failure
) -> None:
    with pytest.raises(ProbeError) as raised:
        await probe(by_type({"A": a, "AAAA": aaaa}), try_s=0.05)
    assert raised.value.failure is failure
    facts = raised.value.facts
    assert isinstance(facts, DnsFacts)
    assert facts.ns.values == ("ns3.epik.example", "ns4.epik.example"), "what was answered is kept"


async def test_one_silent_question_does_not_take_the_others_with_it() -> None:
    started = time.monotonic()
    facts = await probe(by_type({"SOA": None}), asked=check(timeout_s=0.3), try_s=60)
    assert time.monotonic() - started < 0.3
    assert facts.addresses == ("190.115.31.151",)
    assert facts.soa.failure is Failure.DNS_TIMEOUT


async def test_silence_is_told_before_the_checks_time_is_over() -> None:
    with pytest.raises(ProbeError) as raised:
        async with asyncio.timeout(0.3):
            await probe(silent, asked=check(timeout_s=0.3), try_s=60)
    assert raised.value.failure is Failure.DNS_TIMEOUT
    assert raised.value.facts is not None


async def test_a_cancelled_probe_leaves_no_question_behind() -> None:
    running = asyncio.create_task(probe(silent, try_s=60))
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_settings_of_another_probe_are_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="HttpSettings"):
        await probe(PARLER, asked=check(HttpSettings(url="http://parler.example/")))
