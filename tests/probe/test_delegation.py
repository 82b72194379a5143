"""The delegation probe against real servers on loopback: parents, listed servers, and what they get wrong."""

import asyncio
import time
from dataclasses import replace
from typing import Any, cast

import pytest

from monitor.failure import Failure
from monitor.model import DelegationFacts, DelegationSettings, DnsSettings, ServerWord
from monitor.probe.delegation import probe_delegation
from monitor.probe.error import ProbeError
from monitor.probe.io import Io
from tests.servers.delegation_lab import (
    GTLD,
    LISTED,
    NS1,
    NS2,
    OTHER,
    RECORDS,
    SOA,
    check,
    coded,
    delegates,
    delegation_lab,
    say,
    serves,
)
from tests.servers.dns_lab import Behaviour, Query, silent, truncated, zone

GOOD = {GTLD: delegates(*LISTED), NS1: serves(*LISTED), NS2: serves(*LISTED)}


async def probed(servers: dict[str, Behaviour], *, resolver: Behaviour | None = None) -> DelegationFacts:
    async with delegation_lab(servers, resolver=resolver) as lab:
        return await probe_delegation(check(), lab.io)


async def failed(servers: dict[str, Behaviour], *, resolver: Behaviour | None = None) -> ProbeError:
    with pytest.raises(ProbeError) as caught:
        await probed(servers, resolver=resolver)
    return caught.value


async def test_a_delegation_that_everybody_agrees_on() -> None:
    facts = await probed(GOOD)
    assert (facts.zone, facts.parent, facts.heard, facts.delegated) == ("parler.com", "com", True, LISTED)
    assert (facts.agree, facts.signed, facts.served) == (True, False, LISTED)
    (parent,) = facts.asked
    assert (parent.host, parent.address, parent.name_servers) == ("a.gtld-servers.net", GTLD, LISTED)
    assert [(w.host, w.address, w.rcode, w.failure) for w in facts.servers] == [
        ("ns3.epik.com", NS1, "NOERROR", None),
        ("ns4.epik.com", NS2, "NOERROR", None),
    ]
    assert all(word.authoritative and word.serial == 2021011101 for word in facts.servers)


class SlowRegistries:
    """Whoever asks for a domain here waits."""

    def of(self, host: str) -> str:
        return host.partition(".")[2]

    async def look_up(self, domain: str, io: Io) -> None:
        del domain, io
        await asyncio.Event().wait()


async def test_an_investigation_does_not_wait_for_the_registries_of_the_servers_domains() -> None:
    """What the parent says would come when the trouble is long explained, or has become another."""
    async with delegation_lab(GOOD) as lab:
        io = replace(lab.io, server_domains=cast("Any", SlowRegistries()))
        begun = time.monotonic()
        facts = await probe_delegation(replace(check(), compare=True, timeout_s=30.0), io)
        assert time.monotonic() - begun < 10.0
    assert (facts.delegated, facts.served, facts.domains) == (LISTED, LISTED, ())


async def test_nobody_is_asked_to_look_things_up_but_the_resolver() -> None:
    async with delegation_lab(GOOD) as lab:
        await probe_delegation(check(), lab.io)
        wires = [query.wire for address in GOOD for query in lab.servers[address].queries]
    assert wires
    assert not any(wire[2] & 0x01 for wire in wires)


async def test_each_question_has_a_port_and_an_id_of_its_own() -> None:
    async with delegation_lab(GOOD) as lab:
        await probe_delegation(check(), lab.io)
        asked = [query for address in GOOD for query in lab.servers[address].queries]
    assert len({query.source[1] for query in asked}) == len(asked) == 6
    assert len({query.wire[:2] for query in asked}) > 3


async def test_servers_that_refuse_a_zone_that_is_still_delegated_to_them() -> None:
    """What Amazon's did with parler.com on 12 January 2021."""
    facts = await probed({**GOOD, NS1: coded("REFUSED"), NS2: coded("SERVFAIL")})
    assert facts.delegated == LISTED
    assert [word.failure for word in facts.servers] == [Failure.DNS_REFUSED, Failure.DNS_SERVFAIL]
    assert facts.agree is None


async def test_a_lame_server_answers_without_authority() -> None:
    facts = await probed({**GOOD, NS1: lambda query: [say(query, SOA, aa=False)]})
    lame, good = facts.servers
    assert (lame.failure, lame.authoritative, lame.name_servers) == (None, False, ())
    assert good.authoritative


async def test_a_server_that_refers_elsewhere_is_lame() -> None:
    facts = await probed({**GOOD, NS1: delegates("a.root-servers.net", zone="com")})
    assert (facts.servers[0].failure, facts.servers[0].authoritative) == (Failure.DNS_REFUSED, False)


async def test_silent_and_unreachable_listed_servers() -> None:
    servers = {GTLD: delegates(*LISTED), NS1: silent}
    async with delegation_lab(servers) as lab:
        facts = await probe_delegation(check(timeout_s=1.5), lab.io)
    assert [word.failure for word in facts.servers] == [Failure.DNS_TIMEOUT, Failure.DNS_UNREACHABLE]


async def test_the_ttl_of_ns_is_the_servers_own_and_a_lame_one_has_none() -> None:
    facts = await probed({**GOOD, NS1: lambda query: [say(query, SOA, aa=False)]})
    assert [word.ttl for word in facts.servers] == [None, 300]


async def test_a_zone_that_names_other_servers_than_its_parent_does() -> None:
    facts = await probed({**GOOD, NS2: serves("ns1.example.net", "ns2.example.net")})
    assert facts.agree is False
    assert facts.served == ("ns1.example.net", "ns2.example.net", *LISTED)


async def test_a_parent_that_knows_no_such_name() -> None:
    error = await failed({**GOOD, GTLD: coded("NXDOMAIN", aa=True)})
    assert error.failure is Failure.DNS_NXDOMAIN
    assert isinstance(error.facts, DelegationFacts)
    assert (error.facts.heard, error.facts.delegated, error.facts.servers) == (True, (), ())


async def test_a_name_inside_its_parent_zone_is_not_delegated_and_no_failure() -> None:
    facts = await probed({**GOOD, GTLD: coded("NOERROR", aa=True)})
    assert (facts.heard, facts.delegated, facts.signed) == (True, (), None)


async def test_a_parent_that_serves_the_zone_too_says_so_itself() -> None:
    facts = await probed({**GOOD, GTLD: serves(*LISTED)})
    assert facts.delegated == LISTED
    assert facts.asked[0].authoritative


async def test_a_signed_delegation() -> None:
    def behave(query: Query) -> list[bytes]:
        if query.rtype == "DS":
            return [say(query, "parler.com 86400 DS 12345 13 2 " + "ab" * 32)]
        return list(delegates(*LISTED)(query))

    assert (await probed({**GOOD, GTLD: behave})).signed is True


async def test_the_next_server_of_the_parent_is_asked_when_one_says_nothing_of_use() -> None:
    names = {**RECORDS, "com": {"NS": ["a.gtld-servers.net.", "b.gtld-servers.net."]}}
    names["b.gtld-servers.net"] = {"A": [OTHER]}
    for bad in (
        coded("REFUSED"),
        coded("SERVFAIL"),
        coded("NXDOMAIN"),
        delegates("ns1.evil.net", zone="net"),
    ):
        facts = await probed({**GOOD, GTLD: bad, OTHER: delegates(*LISTED)}, resolver=zone(names))
        assert facts.delegated == LISTED


@pytest.mark.parametrize(
    ("parent", "failure"),
    [
        (coded("REFUSED"), Failure.DNS_REFUSED),
        (coded("SERVFAIL"), Failure.DNS_SERVFAIL),
        # Without authority it is not the parent that says it.
        (coded("NXDOMAIN"), Failure.DNS_NXDOMAIN),
        (lambda _: [b"\x00" * 12], Failure.DNS_TIMEOUT),
    ],
    ids=["refused", "servfail", "not-its-own-word", "garbage"],
)
async def test_a_parent_that_cannot_be_heard_is_a_failure_without_facts(
    parent: Behaviour, failure: Failure
) -> None:
    error = await failed({**GOOD, GTLD: parent})
    assert (error.failure, error.facts) == (failure, None)


async def test_zones_between_are_followed_down() -> None:
    names = {**RECORDS, "uk": {"NS": ["a.gtld-servers.net."]}, "co.uk": {}}
    between = delegates("ns1.nic.uk", additional=[f"ns1.nic.uk 60 A {OTHER}"], zone="co.uk")
    servers = {GTLD: between, OTHER: delegates(*LISTED, zone="parler.co.uk"), NS1: silent, NS2: silent}
    async with delegation_lab(servers, resolver=zone(names)) as lab:
        facts = await probe_delegation(check("parler.co.uk", timeout_s=3.0), lab.io)
    assert (facts.parent, facts.delegated) == ("co.uk", LISTED)
    assert [word.host for word in facts.asked] == ["a.gtld-servers.net", "ns1.nic.uk"]


async def test_a_top_level_domain_is_delegated_by_the_root() -> None:
    names = {**RECORDS, ".": {"NS": ["a.root-servers.net."]}, "a.root-servers.net": {"A": [OTHER]}}
    servers = {OTHER: delegates("a.gtld-servers.net", zone="com"), GTLD: silent}
    async with delegation_lab(servers, resolver=zone(names)) as lab:
        facts = await probe_delegation(check("com", timeout_s=1.5), lab.io)
    assert (facts.parent, facts.delegated) == (".", ("a.gtld-servers.net",))


async def test_a_server_inside_its_own_zone_is_found_by_glue() -> None:
    """The resolver cannot know its address: that stands in the zone that cannot be asked."""
    glue = [f"ns1.parler.com 172800 A {NS1}"]
    facts = await probed(
        {GTLD: delegates("ns1.parler.com", additional=glue), NS1: serves("ns1.parler.com")},
    )
    assert [(word.host, word.address, word.authoritative) for word in facts.servers] == [
        ("ns1.parler.com", NS1, True)
    ]


async def test_glue_for_hosts_of_others_is_not_taken() -> None:
    """A parent may bring addresses of any host; those of hosts elsewhere are for the resolver to say."""
    glue = [f"{host} 172800 A {OTHER}" for host in LISTED]
    async with delegation_lab({**GOOD, GTLD: delegates(*LISTED, additional=glue)}) as lab:
        await probe_delegation(check(), lab.io)
        assert OTHER not in lab.route.asked


async def test_a_truncated_delegation_is_asked_for_over_tcp() -> None:
    def behave(query: Query) -> list[bytes]:
        return [truncated(query)] if query.over == "udp" else list(delegates(*LISTED)(query))

    assert (await probed({**GOOD, GTLD: behave})).delegated == LISTED


async def test_private_addresses_are_not_asked_unless_allowed() -> None:
    names = {**RECORDS, "ns3.epik.com": {"A": ["10.0.0.1"]}, "ns4.epik.com": {"A": ["169.254.169.254"]}}
    async with delegation_lab({GTLD: delegates(*LISTED)}, resolver=zone(names)) as lab:
        facts = await probe_delegation(check(), lab.io)
        assert {word.failure for word in facts.servers} == {Failure.ADDRESS_FORBIDDEN}
        assert not {"10.0.0.1", "169.254.169.254"} & set(lab.route.asked)
        await probe_delegation(check(allow_private=True), lab.io)
        assert "10.0.0.1" in lab.route.asked


async def test_a_parent_on_a_private_address_is_not_asked() -> None:
    names = {**RECORDS, "a.gtld-servers.net": {"A": ["127.0.0.1"]}}
    error = await failed(GOOD, resolver=zone(names))
    assert (error.failure, error.facts) == (Failure.DNS_TIMEOUT, None)
    assert "address_forbidden" in error.detail


async def test_two_addresses_of_a_server_are_asked_one_of_each_family() -> None:
    names = {**RECORDS, "ns3.epik.com": {"A": [NS1, OTHER], "AAAA": ["2606:4700::1"]}}
    facts = await probed(GOOD, resolver=zone(names))
    assert [word.address for word in facts.servers] == [OTHER, "2606:4700::1", NS2]


async def test_another_kind_of_settings_is_a_fault_of_ours() -> None:
    async with delegation_lab(GOOD) as lab:
        wrong = replace(check(), settings=DnsSettings(host="parler.com", zone="parler.com"))
        with pytest.raises(TypeError):
            await probe_delegation(wrong, lab.io)


HOST = "www.parler.com"
NO_MORE = "parler.com 300 SOA ns3.epik.com. hostmaster.parler.com. 2021011101 7200 900 1209600 300"


def host_of(*answers: str, code: str = "NOERROR", aa: bool = True) -> Behaviour:
    """Serve the zone, and say this of the host."""
    usual = serves(*LISTED)

    def behave(query: Query) -> list[bytes]:
        if query.name != HOST:
            return list(usual(query))
        own = [each for each in answers if f" {query.rtype} " in each or " CNAME " in each]
        return [say(query, *own, authority=() if own else [NO_MORE], code=code, aa=aa)]

    return behave


async def knows(behave: Behaviour, *, compare: bool = True) -> tuple[bool | None, list[str]]:
    """Return what the listed servers say of the host, and the names that they were asked for."""
    settings = DelegationSettings(zone="parler.com", host=HOST)
    async with delegation_lab({**GOOD, NS1: behave, NS2: behave}) as lab:
        facts = await probe_delegation(replace(check(), compare=compare, settings=settings), lab.io)
        asked = sorted({query.name for query in lab.servers[NS1].queries})
    (known,) = {word.knows_host for word in facts.servers}
    return known, asked


@pytest.mark.parametrize(
    ("behave", "known"),
    [
        pytest.param(host_of(f"{HOST} 60 A 192.0.2.1"), True, id="an address"),
        pytest.param(host_of(f"{HOST} 60 AAAA 2001:db8::1"), True, id="an address of the other family"),
        pytest.param(host_of(f"{HOST} 60 CNAME elsewhere.example."), None, id="an alias to elsewhere"),
        pytest.param(host_of(), False, id="no address"),
        pytest.param(host_of(code="NXDOMAIN"), False, id="no such name"),
        pytest.param(host_of(code="SERVFAIL"), None, id="trouble"),
        pytest.param(host_of(aa=False), None, id="a lame answer"),
    ],
)
async def test_a_listed_server_is_asked_for_the_host_where_that_is_in_doubt(
    behave: Behaviour,
    known: bool | None,  # noqa: FBT001 - a parameter of a table
) -> None:
    assert await knows(behave) == (known, ["parler.com", HOST])


async def test_an_alias_is_told_with_where_it_leads() -> None:
    settings = DelegationSettings(zone="parler.com", host=HOST)
    behave = host_of(f"{HOST} 60 CNAME edge.example.")
    async with delegation_lab({**GOOD, NS1: behave, NS2: behave}) as lab:
        facts = await probe_delegation(replace(check(), compare=True, settings=settings), lab.io)
    assert {word.alias for word in facts.servers} == {"edge.example"}
    assert facts.host == HOST


async def test_an_ordinary_run_asks_for_the_zone_only() -> None:
    assert await knows(host_of(), compare=False) == (None, ["parler.com"])


@pytest.mark.parametrize(
    ("word", "refuses", "unaskable"),
    [
        pytest.param({"rcode": "REFUSED", "failure": Failure.DNS_REFUSED}, True, False, id="refused"),
        pytest.param({"rcode": "NOERROR"}, True, False, id="lame"),
        pytest.param({"rcode": "NXDOMAIN", "failure": Failure.DNS_NXDOMAIN}, True, False, id="no such zone"),
        pytest.param({"rcode": "SERVFAIL", "failure": Failure.DNS_SERVFAIL}, False, False, id="in trouble"),
        pytest.param({"failure": Failure.DNS_TIMEOUT}, False, False, id="silent"),
        pytest.param({"rcode": "NOERROR", "authoritative": True}, False, False, id="answers"),
        pytest.param({"failure": Failure.ADDRESS_FORBIDDEN}, False, True, id="private"),
        pytest.param({"address": "", "failure": Failure.DNS_NXDOMAIN}, False, False, id="no such server"),
        pytest.param({"address": "", "failure": Failure.DNS_SERVFAIL}, False, True, id="address not found"),
    ],
)
def test_what_a_word_says_of_the_zone(
    word: dict[str, object],
    refuses: bool,  # noqa: FBT001 - parameters of a table
    unaskable: bool,  # noqa: FBT001
) -> None:
    said = ServerWord(**{"host": "ns1.example", "address": "192.0.2.9", **word})  # type: ignore[arg-type]
    assert (said.refuses, said.unaskable) == (refuses, unaskable)
