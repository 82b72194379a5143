"""What a delegation is, in words and for machines."""

from dataclasses import replace
from datetime import UTC, datetime

from monitor.failure import Failure
from monitor.model import DelegationFacts, Memory, Observation, Probe, ServerDomain, ServerWord
from monitor.terminal.delegation import document, facts, told

NOW = datetime(2021, 1, 12, 6, 5, tzinfo=UTC)
NAMES = ("ns3.epik.com", "ns4.epik.com")
FACTS = DelegationFacts(
    zone="parler.com",
    parent="com",
    asked=(ServerWord(host="a.gtld-servers.net", address="192.5.6.30", name_servers=NAMES),),
    heard=True,
    delegated=NAMES,
    signed=False,
    servers=(
        ServerWord(
            host="ns3.epik.com",
            address="66.223.12.3",
            rcode="NOERROR",
            authoritative=True,
            serial=7,
            name_servers=(*NAMES, "ns5.epik.com"),
        ),
        ServerWord(host="ns4.epik.com", address="66.223.49.4", failure=Failure.DNS_REFUSED),
    ),
    agree=False,
    domains=(
        ServerDomain(domain="epik.com", registered=True, expires=datetime(2025, 2, 1, tzinfo=UTC)),
        ServerDomain(domain="gone.example", registered=False),
    ),
)


def seen(what: DelegationFacts) -> Observation:
    return Observation(
        target="parler.com",
        probe=Probe.DELEGATION,
        vantage="test",
        scheduled_at=NOW,
        started_at=NOW,
        duration_s=0.0,
        interval_s=86_400,
        facts=what,
    )


def test_a_delegation_in_one_line() -> None:
    assert told(FACTS) == (
        "com delegates to ns3.epik.com ns4.epik.com; 1 of 2 answer (ns4.epik.com dns_refused); "
        "the zone itself names ns3.epik.com ns4.epik.com ns5.epik.com; not signed; "
        "name servers' domains: epik.com registered until 2025-02-01, on hold: no, "
        "gone.example not registered"
    )


def test_a_domain_on_hold_is_said_to_be() -> None:
    held = ServerDomain(domain="epik.com", registered=True, statuses=("clientHold",))
    assert "epik.com registered, on hold: yes" in told(replace(FACTS, domains=(held,)))


def test_a_lame_server_is_called_one() -> None:
    lame = replace(FACTS, servers=(ServerWord(host="ns3.epik.com", rcode="NOERROR"),))
    assert "0 of 1 answer (ns3.epik.com lame)" in told(lame)


def test_a_zone_that_is_not_delegated() -> None:
    assert told(replace(FACTS, delegated=(), parent=".")) == "the root zone delegates nothing"


def test_the_facts_one_by_one() -> None:
    rows = [(name, text.plain) for name, text in facts(seen(FACTS))]
    assert ("delegated", "ns3.epik.com ns4.epik.com") in rows
    assert ("servers", "ns3.epik.com (66.223.12.3) answers, serial 7") in rows
    assert ("", "ns4.epik.com (66.223.49.4) dns_refused") in rows
    assert ("server domains", "epik.com registered until 2025-02-01, on hold: no") in rows
    assert rows[-1] == ("told by", "com, by a.gtld-servers.net\nas of 2021-01-12 06:05")


def test_names_from_the_network_are_not_printed_raw() -> None:
    evil = replace(FACTS, delegated=("\x1b[31mns.example",), servers=())
    assert "\x1b" not in "".join(text.plain for _, text in facts(seen(evil)))


def test_what_was_never_heard_is_said_to_be_unknown() -> None:
    assert [text.plain for _, text in facts(None)] == ["not known: no server of the parent zone was heard"]
    assert document(Memory()) is None


def test_the_same_for_machines() -> None:
    said = document(Memory(seen=(seen(FACTS),)))
    assert said is not None
    assert (said["parent"], said["delegated"], said["agree"]) == ("com", list(NAMES), False)
    assert [server["says"] for server in said["servers"]] == ["answers", "dns_refused"]
    assert said["domains"][0] == {
        "domain": "epik.com",
        "registered": True,
        "statuses": [],
        "on_hold": False,
        "expires": "2025-02-01T00:00:00Z",
        "source": "",
    }
