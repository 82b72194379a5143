"""Two resolvers: the second is asked when the first says that there is nothing, or when there is a doubt."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

import dns.flags
import pytest

from monitor.attribute import AsTable, Attributor, Catalog
from monitor.clock import SystemClock
from monitor.failure import Failure
from monitor.model import Check, DnsFacts, DnsSettings, Layer, Observation, Probe
from monitor.probe.error import ProbeError
from monitor.probe.io import DirectRoute, Io
from monitor.probe.observe import observe
from tests.servers.dns_lab import Behaviour, DnsLab, Query, client_of, rcode, silent, zone

HOST, ZONE = "www.parler.example", "parler.example"
Records = Mapping[str, Mapping[str, list[str]]]
TRUTH: Records = {HOST: {"A": ["54.69.20.11"]}, ZONE: {"NS": ["ns3.epik.com."], "MX": ["10 mx.yandex.net."]}}
LIE: Records = {
    HOST: {"A": ["190.115.31.151"]},
    ZONE: {"NS": ["ns1.evil.example."], "MX": ["10 mx.yandex.net."]},
}
CHECK = Check(
    target="t", probe=Probe.DNS, interval_s=300, timeout_s=2.0, settings=DnsSettings(host=HOST, zone=ZONE)
)
DOUBT = replace(CHECK, compare=True)


async def look(
    *behaviours: Behaviour, check: Check = CHECK
) -> tuple[Failure | None, DnsFacts | None, list[int]]:
    """Return failure and facts of one run, and how many questions each resolver got."""
    labs = [DnsLab(behave) for behave in behaviours]
    for lab in labs:
        await lab.__aenter__()
    unused = cast("Any", None)
    async with client_of(*(lab.endpoint for lab in labs), try_s=0.2) as client:
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
        seen = await observe(check, SystemClock().now(), io)
    for lab in labs:
        await lab.__aexit__(None, None, None)
    assert seen.facts is None or isinstance(seen.facts, DnsFacts)
    return seen.failure, seen.facts, [len(lab.queries) for lab in labs]


async def test_an_ordinary_run_that_finds_addresses_asks_nobody_twice() -> None:
    failure, facts, asked = await look(zone(TRUTH), zone(TRUTH))
    assert (failure, asked) == (None, [5, 0])
    assert facts is not None
    assert (facts.alone, facts.others, facts.disagreeing) == (False, (), ())


async def test_with_one_resolver_there_is_nobody_to_compare() -> None:
    failure, facts, asked = await look(zone(TRUTH), check=DOUBT)
    assert (failure, asked) == (None, [5])
    assert facts is not None
    assert facts.alone


async def test_a_doubt_is_put_to_the_other_resolver() -> None:
    failure, facts, asked = await look(zone(LIE), zone(TRUTH), check=DOUBT)
    assert (failure, asked) == (None, [5, 4])
    assert facts is not None
    (other,) = facts.others
    assert (facts.addresses, other.addresses) == (("190.115.31.151",), ("54.69.20.11",))
    assert other.ns.values == ("ns3.epik.com",)


async def test_two_others_are_asked_at_most() -> None:
    _, facts, asked = await look(*[zone(TRUTH)] * 5, check=DOUBT)
    assert asked == [5, 4, 4, 0, 0]
    assert facts is not None
    assert len(facts.others) == 2


@pytest.mark.parametrize("lie", [rcode("NXDOMAIN"), zone({HOST: {}, ZONE: {}})], ids=["nxdomain", "nodata"])
async def test_that_there_is_no_address_is_not_believed_of_one_resolver(lie: Behaviour) -> None:
    failure, facts, _ = await look(lie, zone(TRUTH))
    assert failure is Failure.DNS_DISAGREEMENT
    assert facts is not None
    assert {"A", "AAAA"} <= set(facts.disagreeing)


async def test_that_there_is_an_address_is_not_believed_either_when_it_is_doubted() -> None:
    failure, _, _ = await look(zone(TRUTH), rcode("NXDOMAIN"), check=DOUBT)
    assert failure is Failure.DNS_DISAGREEMENT


async def test_resolvers_that_agree_on_nothing_are_believed() -> None:
    failure, facts, _ = await look(rcode("NXDOMAIN"), rcode("NXDOMAIN"))
    assert failure is Failure.DNS_NXDOMAIN
    assert facts is not None
    assert facts.disagreeing == ()


@pytest.mark.parametrize("dead", [silent, rcode("SERVFAIL"), rcode("REFUSED")])
async def test_a_resolver_that_says_nothing_contradicts_nobody(dead: Behaviour) -> None:
    failure, facts, _ = await look(rcode("NXDOMAIN"), dead)
    assert failure is Failure.DNS_NXDOMAIN
    assert facts is not None
    assert facts.disagreeing == ()
    assert facts.others


async def test_ipv6_only_at_one_and_ipv4_only_at_the_other_is_no_contradiction() -> None:
    six = {**TRUTH, HOST: {"AAAA": ["2606:4700::1"]}}
    failure, _, _ = await look(zone(six), zone(TRUTH), check=DOUBT)
    assert failure is None


# The addresses of a page.


async def test_a_page_is_looked_for_where_another_resolver_says() -> None:
    async with (
        DnsLab(rcode("NXDOMAIN")) as liar,
        DnsLab(zone(TRUTH)) as honest,
        client_of(liar.endpoint, honest.endpoint) as client,
    ):
        assert await client.addresses(HOST) == ("54.69.20.11",)


async def test_a_name_is_gone_when_every_resolver_says_so() -> None:
    async with (
        DnsLab(rcode("NXDOMAIN")) as one,
        DnsLab(rcode("NXDOMAIN")) as two,
        client_of(one.endpoint, two.endpoint) as client,
    ):
        with pytest.raises(ProbeError) as caught:
            await client.addresses(HOST)
    assert caught.value.failure is Failure.DNS_NXDOMAIN
    assert two.asked == [(HOST, "A")]


async def test_a_page_that_is_doubted_is_looked_for_where_the_other_resolver_says() -> None:
    async with (
        DnsLab(zone(LIE)) as liar,
        DnsLab(zone(TRUTH)) as honest,
        client_of(liar.endpoint, honest.endpoint) as client,
    ):
        assert await client.addresses(HOST) == ("190.115.31.151",)
        assert await client.addresses(HOST, compare=True) == ("54.69.20.11",)


async def test_the_first_resolver_is_asked_when_the_other_knows_nothing() -> None:
    async with (
        DnsLab(zone(TRUTH)) as one,
        DnsLab(rcode("SERVFAIL")) as two,
        client_of(one.endpoint, two.endpoint) as client,
    ):
        assert await client.addresses(HOST, compare=True) == ("54.69.20.11",)


# Providers are compared, not addresses.


NETWORKS = AsTable.of(
    [
        ("54.69.0.0/16", 16509, "AMAZON-02"),
        ("190.115.31.0/24", 262254, "DDOS-GUARD CORP."),
    ],
    "test",
)


_OBSERVED = Observation(
    target="t",
    probe=Probe.DNS,
    vantage="here",
    scheduled_at=SystemClock().now(),
    started_at=SystemClock().now(),
    duration_s=0.0,
    interval_s=300,
)


def disputed(facts: DnsFacts) -> dict[Layer, bool]:
    seen = Attributor(Catalog.bundled(), NETWORKS).attribute(replace(_OBSERVED, facts=facts))
    return {attribution.layer: attribution.disputed for attribution in seen}


async def test_layers_on_which_resolvers_name_other_providers_are_disputed() -> None:
    _, facts, _ = await look(zone(LIE), zone(TRUTH), check=DOUBT)
    assert facts is not None
    assert disputed(facts) == {
        Layer.DNS: True,
        Layer.NETWORK: True,
        Layer.EDGE: True,
        Layer.MAIL: False,
    }


async def test_other_addresses_and_servers_of_the_same_providers_are_no_dispute() -> None:
    same = {
        HOST: {"A": ["54.69.99.1"]},
        ZONE: {"NS": ["ns4.epik.com."], "MX": ["20 mx.yandex.net."]},
    }
    _, facts, _ = await look(zone(same), zone(TRUTH), check=DOUBT)
    assert facts is not None
    assert set(disputed(facts).values()) == {False}


def checks_signatures(query: Query) -> Iterable[bytes]:
    """Answer as a resolver does of a zone whose signatures do not fit: only when it is told not to check."""
    return (zone(TRUTH) if query.message.flags & dns.flags.CD else rcode("SERVFAIL"))(query)


async def test_what_does_not_validate_is_asked_for_without_validation() -> None:
    failure, facts, _ = await look(checks_signatures)
    assert failure is Failure.DNS_SERVFAIL
    assert facts is not None
    assert facts.unchecked is not None
    assert facts.unchecked.values == ("54.69.20.11",)


async def test_a_name_with_nothing_but_ipv6_is_found_without_validation_too() -> None:
    only_v6 = {HOST: {"AAAA": ["2001:db8::1"]}, ZONE: {"NS": ["ns3.epik.com."]}}

    def behave(query: Query) -> Iterable[bytes]:
        return (zone(only_v6) if query.message.flags & dns.flags.CD else rcode("SERVFAIL"))(query)

    _, facts, _ = await look(behave)
    assert facts is not None
    assert facts.unchecked is not None
    assert facts.unchecked.values == ("2001:db8::1",)


async def test_servfail_both_ways_is_recorded_as_such() -> None:
    failure, facts, asked = await look(rcode("SERVFAIL"))
    assert failure is Failure.DNS_SERVFAIL
    assert facts is not None
    assert facts.unchecked is not None
    assert facts.unchecked.failure is Failure.DNS_SERVFAIL
    assert asked == [7], "five questions, and two addresses again"


async def test_a_resolver_that_hangs_once_it_need_not_check_costs_no_more_than_the_time_there_is() -> None:
    def behave(query: Query) -> Iterable[bytes]:
        return (silent if query.message.flags & dns.flags.CD else rcode("SERVFAIL"))(query)

    _, facts, _ = await look(behave, check=replace(CHECK, timeout_s=0.5))
    assert facts is not None
    assert facts.unchecked is not None
    assert facts.unchecked.failure is Failure.DNS_TIMEOUT


async def test_a_name_that_does_not_exist_is_not_asked_for_again() -> None:
    _, facts, _ = await look(rcode("NXDOMAIN"))
    assert facts is not None
    assert facts.unchecked is None
