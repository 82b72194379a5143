"""The small internet, looked into with the real probes over real sockets."""

from datetime import timedelta

import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.scenario_lab import HEAD, Lab, open_lab

from monitor.failure import Failure
from monitor.model import DnsFacts, HttpFacts, Probe, RegistrationFacts
from monitor.replay.dns_server import Answers
from monitor.replay.route import RESOLVER
from monitor.replay.tables import NameTable, SetTable
from monitor.replay.world import World

SITE = "example.com"
QUERY = dns.message.make_query(SITE, "A").to_wire()


async def http(lab: Lab) -> HttpFacts:
    seen = await lab.look(Probe.HTTP)
    assert seen.failure is None, seen.detail
    assert isinstance(seen.facts, HttpFacts)
    return seen.facts


async def registration(lab: Lab) -> RegistrationFacts:
    seen = await lab.look(Probe.REGISTRATION)
    assert seen.failure is None, seen.detail
    assert isinstance(seen.facts, RegistrationFacts)
    return seen.facts


async def test_a_page_is_served_over_tls_with_a_certificate_of_those_days() -> None:
    async with open_lab() as lab:
        page = await http(lab)
        assert (page.status, page.title, page.text_length) == (200, "Example", 3000)
        assert page.address == "54.69.20.11"
        assert page.port == 443
        assert page.tls is not None
        assert page.tls.not_before < lab.clock.now() < page.tls.not_after
        assert page.tls.issuer_organization == "Replay Certificate Authority"
        assert page.tls.names == (SITE,)


async def test_a_name_that_nobody_is_delegated_does_not_exist_though_its_servers_have_it() -> None:
    async with open_lab() as lab:
        lab.set(dns={SITE: {"delegation": []}})
        assert (await lab.look(Probe.HTTP)).failure is Failure.DNS_NXDOMAIN
        lab.set(dns={SITE: {"delegation": ["ns1.example.net"]}})
        assert (await lab.look(Probe.HTTP)).failure is None


async def test_a_page_that_does_not_change_keeps_its_certificate() -> None:
    async with open_lab() as lab:
        before = await http(lab)
        lab.set(http={SITE: {"status": 503}})
        after = await http(lab)
        assert after.status == 503
        assert before.tls is not None
        assert after.tls is not None
        assert before.tls.sha256 == after.tls.sha256


async def test_a_page_says_what_the_scenario_says() -> None:
    async with open_lab() as lab:
        lab.set(
            http={
                SITE: {
                    "title": "Technical <Difficulties>",
                    "text": "Hello world,\n is this thing on?",
                    "text_length": 0,
                    "headers": {"Server": "ddos-guard"},
                }
            }
        )
        page = await http(lab)
        assert page.title == "Technical <Difficulties>"
        assert page.excerpt == "Hello world, is this thing on?"
        assert ("server", "ddos-guard") in page.headers


async def test_every_so_many_th_request_gets_the_other_page() -> None:
    async with open_lab() as lab:
        lab.set(http={SITE: {"now_and_then": {"every": 3, "status": 500, "title": "Oh"}}})
        assert [(await http(lab)).status for _ in range(6)] == [200, 200, 500, 200, 200, 500]
        lab.set(http={SITE: {"now_and_then": {"every": 0}}})
        assert [(await http(lab)).status for _ in range(4)] == [200] * 4


async def test_a_redirect_is_followed_to_a_host_of_the_scenario() -> None:
    async with open_lab() as lab:
        lab.set(
            http={
                SITE: {"status": 301, "location": "http://www.example.com/welcome"},
                "www.example.com": {"title": "Welcome", "status": 200},
            },
            dns={
                "www.example.com": {"cname": "edge.example.net"},
                "edge.example.net": {"a": ["54.69.20.12"]},
            },
        )
        page = await http(lab)
        assert (page.url, page.status, page.title) == ("http://www.example.com/welcome", 200, "Welcome")
        assert (page.address, page.port) == ("54.69.20.12", 80)


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"address": {"54.69.20.11": "refuses"}}, Failure.TCP_REFUSED),
        ({"address": {"54.69.20.11": "drops"}}, Failure.TCP_TIMEOUT),
        ({"dns": {SITE: {"answer": "NXDOMAIN"}}}, Failure.DNS_NXDOMAIN),
        ({"dns": {SITE: {"answer": "SERVFAIL"}}}, Failure.DNS_SERVFAIL),
        ({"dns": {SITE: {"answer": "REFUSED"}}}, Failure.DNS_REFUSED),
        ({"dns": {SITE: {"a": []}}}, Failure.DNS_NODATA),
        ({"dns": {SITE: {"cname": SITE}}}, Failure.DNS_SERVFAIL),
        ({"resolver": "servfail"}, Failure.DNS_SERVFAIL),
        ({"resolver": "refuses"}, Failure.DNS_REFUSED),
        ({"resolver": "unreachable"}, Failure.DNS_UNREACHABLE),
        ({"monitor": "offline"}, Failure.DNS_UNREACHABLE),
        ({"http": {SITE: {"answer": "disconnect"}}}, Failure.HTTP_DISCONNECTED),
        ({"http": {SITE: {"answer": "garbage"}}}, Failure.HTTP_MALFORMED),
        ({"http": {SITE: {"certificate": {"trusted": False}}}}, Failure.TLS_UNTRUSTED),
        ({"http": {SITE: {"certificate": {"names": ["other.example"]}}}}, Failure.TLS_HOSTNAME),
    ],
)
async def test_trouble_of_the_scenario_is_trouble_of_the_probe(
    change: dict[str, object], failure: Failure
) -> None:
    async with open_lab() as lab:
        assert (await lab.look(Probe.HTTP)).failure is None
        lab.set(**change)
        assert (await lab.look(Probe.HTTP)).failure is failure


async def test_a_connection_can_be_reset_as_soon_as_it_stands() -> None:
    async with open_lab() as lab:
        lab.set(address={"54.69.20.11": "resets"})
        seen = await lab.look(Probe.HTTP)
        assert seen.failure in {Failure.TCP_RESET, Failure.TLS_HANDSHAKE}


async def test_certificates_grow_old_in_scenario_time() -> None:
    async with open_lab() as lab:
        lab.set(
            http={
                SITE: {
                    "certificate": {
                        "issuer": "Let's Encrypt",
                        "not_before": lab.scenario.start,
                        "not_after": lab.scenario.start + timedelta(days=90),
                    }
                }
            }
        )
        page = await http(lab)
        assert page.tls is not None
        assert page.tls.issuer_organization == "Let's Encrypt"
        lab.clock.begin(lab.scenario.start + timedelta(days=91))
        assert (await lab.look(Probe.HTTP)).failure is Failure.TLS_EXPIRED
        lab.clock.begin(lab.scenario.start - timedelta(days=1))
        assert (await lab.look(Probe.HTTP)).failure is Failure.TLS_NOT_YET_VALID


async def test_an_address_that_does_not_answer_costs_scenario_time_only() -> None:
    async with open_lab() as lab:
        lab.set(address={"54.69.20.11": "drops"})
        seen = await lab.look(Probe.HTTP)
        assert seen.duration_s == lab.check(Probe.HTTP).timeout_s
        assert seen.ended_at == seen.started_at + timedelta(seconds=seen.duration_s)


async def test_records_are_those_of_the_scenario() -> None:
    async with open_lab() as lab:
        lab.set(dns={SITE: {"aaaa": ["2606:4700::1"], "ttl": "1m"}})
        facts = (await lab.look(Probe.DNS)).facts
        assert isinstance(facts, DnsFacts)
        assert facts.a.values == ("54.69.20.11",)
        assert facts.a.ttl == 60
        assert facts.aaaa.values == ("2606:4700::1",)
        assert facts.ns.values == ("ns-101.awsdns-12.com", "ns-813.awsdns-37.net")
        assert facts.mx.values == ("10 mail.example.com",)
        assert facts.soa.values[0].startswith("ns-101.awsdns-12.com hostmaster.example.com")
        assert facts.resolver == RESOLVER[0]


async def test_a_zone_that_fails_takes_its_names_with_it() -> None:
    async with open_lab() as lab:
        lab.set(dns={"www.example.com": {"a": ["54.69.20.12"]}})
        assert await lab.io.dns.addresses("www.example.com") == ("54.69.20.12",)
        lab.set(dns={SITE: {"answer": "SERVFAIL"}})
        assert (await lab.io.dns.query("www.example.com", "A")).answer.failure is Failure.DNS_SERVFAIL
        lab.set(dns={SITE: {"answer": "NOERROR"}})
        assert await lab.io.dns.addresses("www.example.com") == ("54.69.20.12",)
        assert (await lab.io.dns.query("nobody.example.com", "A")).answer.failure is Failure.DNS_NXDOMAIN


async def test_a_long_answer_comes_over_tcp() -> None:
    async with open_lab() as lab:
        many = [f"54.69.{third}.{fourth}" for third in range(2) for fourth in range(1, 90)]
        lab.set(dns={SITE: {"a": many}})
        reply = await lab.io.dns.query(SITE, "A")
        assert reply.answer.failure is None
        assert len(reply.answer.values) == 100  # as many as the client keeps


async def test_the_registry_answers_over_rdap() -> None:
    async with open_lab() as lab:
        facts = await registration(lab)
        assert (facts.source, facts.server) == ("rdap", "https://rdap.verisign.com/com/v1/")
        assert facts.registered
        assert (facts.registrar_name, facts.registrar_iana_id) == ("Epik, Inc.", 617)
        assert facts.statuses == ("clientTransferProhibited", "ok")
        assert facts.name_servers == ("ns-101.awsdns-12.com", "ns-813.awsdns-37.net")
        assert facts.expires is not None
        assert facts.expires.isoformat() == "2022-05-01T00:00:00+00:00"


@pytest.mark.parametrize("rdap", ["answers", "unreachable"])
async def test_the_registry_has_a_word_on_the_signature_where_it_is_given_one(rdap: str) -> None:
    async with open_lab() as lab:
        lab.set(registration={SITE: {"rdap": rdap}})
        assert (await registration(lab)).dnssec is None
        for signed in (True, False):
            lab.set(registration={SITE: {"rdap": rdap, "signed": signed}})
            assert (await registration(lab)).dnssec is signed


@pytest.mark.parametrize("trouble", ["limited", "unreachable", "garbage"])
async def test_where_rdap_fails_whois_says_the_same(trouble: str) -> None:
    async with open_lab() as lab:
        over_rdap = await registration(lab)
        lab.set(registration={SITE: {"rdap": trouble}})
        over_whois = await registration(lab)
        assert (over_whois.source, over_whois.server) == ("whois", "whois.verisign-grs.com")
        for name in ("registrar_name", "registrar_iana_id", "statuses", "name_servers", "created", "expires"):
            assert getattr(over_whois, name) == getattr(over_rdap, name)


@pytest.mark.parametrize(
    ("says", "failure"),
    [
        ("limited", Failure.REGISTRATION_LIMITED),
        ("unreachable", Failure.REGISTRATION_UNREACHABLE),
        ("garbage", Failure.REGISTRATION_UNPARSABLE),
    ],
)
async def test_a_registry_in_trouble_is_no_answer(says: str, failure: Failure) -> None:
    async with open_lab() as lab:
        lab.set(registration={SITE: {"rdap": says, "whois": says}})
        assert (await lab.look(Probe.REGISTRATION)).failure is failure


@pytest.mark.parametrize("rdap", ["answers", "unreachable"])
async def test_a_domain_can_be_unregistered(rdap: str) -> None:
    async with open_lab() as lab:
        lab.set(registration={SITE: {"registered": False, "rdap": rdap}})
        assert not (await registration(lab)).registered


async def test_no_packet_leaves_the_machine() -> None:
    async with open_lab() as lab:
        for address, port in (
            ("8.8.8.8", 53),
            ("93.184.216.34", 443),
            ("54.69.20.99", 80),
            ("127.0.0.1", 22),
        ):
            with pytest.raises(OSError, match="unreachable"):
                lab.internet.route.tcp(address, port)
            with pytest.raises(OSError, match="unreachable"):
                lab.internet.route.udp(address, port)
        host, _ = lab.internet.route.tcp("54.69.20.11", 443)
        assert host == "127.0.0.1"
        with pytest.raises(ConnectionRefusedError):
            lab.internet.route.tcp("54.69.20.11", 22)


async def test_a_name_that_moved_leaves_its_old_address_behind() -> None:
    async with open_lab() as lab:
        lab.set(dns={SITE: {"a": ["190.115.31.151"]}})
        assert (await http(lab)).address == "190.115.31.151"
        assert lab.internet.route.tcp("54.69.20.11", 443)


async def test_strangers_get_no_site() -> None:
    """Host names that the scenario has no page for."""
    async with open_lab() as lab:
        lab.set(dns={"stranger.com": {"a": ["54.69.20.11"]}})
        answer = await lab.io.http.get("http://stranger.com/", user_agent="test")
        assert answer.status == 404


async def test_a_registry_without_rdap_is_asked_over_whois() -> None:
    async with open_lab(head=HEAD.replace("example.com", "example.ru")) as lab:
        facts = await registration(lab)
        assert (facts.source, facts.server) == ("whois", "whois.tcinet.ru")
        assert facts.registered
        assert facts.registrar_name == "Epik, Inc."


async def test_one_that_hangs_is_waited_for_in_the_loop_that_cannot_skip() -> None:
    async with open_lab('[http]\ntimeout = "200ms"\n') as lab:
        lab.set(http={SITE: {"answer": "hang"}})
        assert (await lab.look(Probe.HTTP)).failure is Failure.HTTP_TIMEOUT
        lab.set(http={SITE: {"answer": "page"}}, address={"54.69.20.11": "hangs"})
        assert (await lab.look(Probe.HTTP)).failure is Failure.TLS_TIMEOUT


@given(st.binary(max_size=200))
def test_no_question_breaks_the_resolver(wire: bytes) -> None:
    answers = Answers(World({SITE: NameTable(a=("54.69.20.11",))}))
    for question in (wire, QUERY[: len(wire)] + wire, QUERY + wire):
        for datagram in (True, False):
            answer = answers.answer(question, datagram=datagram)
            assert answer is None or answer[:2] == question[:2]


async def test_a_zone_whose_servers_are_all_down_is_one_that_resolvers_cannot_answer_for() -> None:
    """A DNS provider that is down: nothing of the zone has changed, and one server is enough."""
    async with open_lab() as lab:
        lab.set(servers={"ns-101.awsdns-12.com": "silent"})
        assert (await lab.look(Probe.DNS)).failure is None
        lab.set(servers={"ns-813.awsdns-37.net": "refuses"})
        assert (await lab.look(Probe.DNS)).failure is Failure.DNS_SERVFAIL
        lab.set(servers={"ns-101.awsdns-12.com": "answers"})
        assert (await lab.look(Probe.DNS)).failure is None


def test_one_resolver_may_be_broken_while_the_others_answer() -> None:
    world = World({SITE: NameTable(a=("54.69.20.11",))})
    answers = [Answers(world, number) for number in range(3)]

    def codes() -> list[str]:
        said = [each.answer(QUERY, datagram=True) for each in answers]
        return [dns.rcode.to_text(dns.message.from_wire(wire).rcode()) if wire else "" for wire in said]

    world.apply(SetTable(resolvers=["servfail"]))
    assert codes() == ["SERVFAIL", "NOERROR", "NOERROR"]
    world.apply(SetTable(resolvers=["answers", "silent"]))
    assert codes() == ["NOERROR", "", "NOERROR"]
    world.apply(SetTable(resolver="refuses"))
    assert codes() == ["REFUSED"] * 3


async def test_a_page_can_be_played_to_its_source_its_headers_and_its_cookies() -> None:
    async with open_lab() as lab:
        lab.set(http={SITE: {"markup": '<script>window.location.href="/lander"</script>', "title": "x"}})
        assert [sign.id for sign in (await http(lab)).signs] == ["godaddy-lander"]
        lab.set(http={SITE: {"body": "error code: 1020", "content_type": "text/plain", "status": 403}})
        facts = await http(lab)
        assert ([sign.id for sign in facts.signs], facts.title) == (["cloudflare-1020-family"], None)
        lab.set(http={SITE: {"body": "", "markup": "", "cookies": ["challenge=BitMitigate.com=1; Path=/"]}})
        assert [sign.id for sign in (await http(lab)).signs] == ["bitmitigate-challenge"]
        lab.set(http={SITE: {"headers": {"cf-mitigated": "challenge"}, "cookies": []}})
        assert [sign.id for sign in (await http(lab)).signs] == ["cloudflare-challenge"]
