"""What `explain` says: who, how that is known, between which moments; and that a thing is not known."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from judge.world import START, World, answer, observe, page, records, registration
from terminal.test_hostile import shown

from monitor.failure import Failure
from monitor.judge import step
from monitor.judge.codes import Setter, set_by
from monitor.model import (
    Attribution,
    ChainLink,
    DnsFacts,
    Evidence,
    Expected,
    LastAddressFacts,
    Layer,
    Probe,
    Provider,
    Revocation,
    RevocationState,
    Sign,
    SignKind,
    TargetState,
    TlsFacts,
    TriedAddress,
    Unmet,
)
from monitor.terminal.document import document
from monitor.terminal.sheet import sheet

TABLE, CATALOG = "AS table 2021-01", "catalog 2021-01"


def behind(layer: Layer, who: str, *values: str, rule: str = "AS262254", source: str = TABLE) -> Attribution:
    return Attribution(
        layer=layer,
        providers=(Provider(id=who, name=who.title()),),
        evidence=tuple(Evidence(provider=who, value=v, rule=rule, source=source) for v in values),
    )


GUARD = (
    behind(Layer.NETWORK, "ddos-guard", "190.115.31.151"),
    behind(Layer.EDGE, "ddos-guard", "190.115.31.151"),
    behind(Layer.DNS, "epik", "ns3.epik.com", "ns4.epik.com", rule="ns_suffix epik.com", source=CATALOG),
)
CERTIFICATE = TlsFacts(
    version="TLSv1.3",
    cipher="C",
    subject="parler.com",
    issuer="R3",
    issuer_organization="Let's Encrypt",
    not_before=START,
    not_after=datetime(2021, 4, 1, tzinfo=UTC),
    sha256="ab" * 32,
    names=("parler.com", "www.parler.com"),
    serial="4f2a",
    key_type="EC secp256r1",
    key_bits=256,
    signature="RSA with SHA-256",
    chain=(
        ChainLink(
            sha256="cd" * 32,
            subject="R3",
            issuer="Lab Root X1",
            organization="Let's Encrypt",
            not_after=datetime(2025, 9, 15, tzinfo=UTC),
        ),
        ChainLink(sha256="ef" * 32),
    ),
    chain_sent=9,
)


def with_mail(facts: DnsFacts, *values: str, failure: Failure | None = None) -> DnsFacts:
    return replace(facts, mx=answer("MX", *values, failure=failure))


def parler() -> World:
    world = World()
    amazon = behind(Layer.NETWORK, "amazon", "54.69.20.11", "54.69.112.45", rule="AS16509")
    world.feed(Probe.DNS, records(), amazon, after_s=300)
    for _ in range(2):
        world.feed(Probe.DNS, with_mail(records(), "10 mx1.example", "20 mx2.example"), *GUARD, after_s=300)
    facts = registration(
        "clientTransferProhibited",
        "serverHold",
        "addPeriod",
        "ok",
        "on vacation",
        registrar_name="Epik, Inc.",
        registrar_iana_id=617,
        registry="rdap.example",
        reseller="A Reseller",
        dnssec=False,
        created=datetime(2018, 8, 2, 10, 30, tzinfo=UTC),
        date_sources=(("created", "registry"), ("expires", "registrar")),
        name_servers=("ns3.epik.com", "ns4.epik.com"),
    )
    epik = behind(Layer.REGISTRATION, "epik", "617", rule="IANA registrar id 617", source=CATALOG)
    world.feed(Probe.REGISTRATION, facts, epik)
    issuer = behind(
        Layer.CERTIFICATE, "lets-encrypt", "Let's Encrypt", rule="ca_org let's encrypt", source=CATALOG
    )
    world.feed(Probe.HTTP, page(tls=CERTIFICATE), issuer)
    return world


def lines(state: TargetState, width: int = 100) -> list[str]:
    return [line.rstrip() for line in shown(sheet(state), width).splitlines()]


def words(state: TargetState) -> str:
    return " ".join(shown(sheet(state), 200).split())


def test_below_each_provider_stand_value_rule_source_and_both_moments() -> None:
    told = lines(parler().state)
    at = told.index(next(line for line in told if line.startswith("network")))
    assert [" ".join(line.split()) for line in told[at : at + 5]] == [
        "network Ddos-Guard 1 change 2021-01-11 00:10 2021-01-11 00:15",
        "190.115.31.151 2021-01-11 00:10 2021-01-11 00:15",
        "AS262254 · AS table 2021-01",
        "before: amazon — 54.69.20.11, 54.69.112.45 2021-01-11 00:05 2021-01-11 00:05",
        "AS16509 · AS table 2021-01",
    ]


def test_it_reads_well_at_a_hundred_columns() -> None:
    told = lines(parler().state)
    assert max(map(len, told)) <= 100
    names = next(line for line in told if "ns3.epik.com, ns4.epik.com" in line)
    assert names.startswith(" " * 14 + "ns3")
    assert names.endswith("2021-01-11 00:10  2021-01-11 00:15")


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_fact_is_lost_at_any_width(width: int) -> None:
    told = "".join("".join(lines(parler().state, width)).split())
    for fact in ("190.115.31.151", "clientTransferProhibited", "ab" * 32, "Let'sEncrypt", "notobservable"):
        assert fact in told


def test_the_origin_behind_a_proxy_is_not_observable_on_the_sheet_and_in_json() -> None:
    state = parler().state
    assert "origin not observable (behind Ddos-Guard) the network is that of the edge" in words(state)
    assert document(state)["origin"] == {
        "sight": "not observable",
        "behind": [{"id": "ddos-guard", "name": "Ddos-Guard", "cataloged": True}],
        "network_is_edge": True,
        "sentence": "not observable (behind Ddos-Guard)",
    }


def test_a_layer_that_went_dark_says_since_when_and_keeps_its_last_moment() -> None:
    world = parler()
    seen = world.now
    for _ in range(5):
        world.feed(Probe.DNS, Failure.DNS_TIMEOUT, after_s=300)
    told = words(world.state)
    assert "network not known since 2021-01-11 00:32; last known Ddos-Guard" in told
    assert "origin not known (last seen behind Ddos-Guard)" in told
    (network,) = [layer for layer in document(world.state)["layers"] if layer["layer"] == "network"]
    assert (network["known"], network["absent"]) == (False, False)
    assert network["last_seen"] == network["evidence"][0]["last_seen"] == "2021-01-11T00:15:00Z"
    assert seen < world.now


def test_a_proxy_that_is_seen_to_be_gone_is_none() -> None:
    world = parler()
    for _ in range(3):
        world.feed(Probe.DNS, records(), GUARD[0], after_s=300)
    told = words(world.state)
    assert "edge none since 2021-01-11 00:32; before that Ddos-Guard" in told
    assert "origin no proxy recognised" in told


def test_a_suspicion_is_called_one() -> None:
    world = parler()
    world.feed(Probe.DNS, records(), behind(Layer.NETWORK, "amazon", "54.69.20.11"), after_s=300)
    assert "suspected: Amazon, seen once, not confirmed 2021-01-11 00:22" in words(world.state)
    (network,) = [layer for layer in document(world.state)["layers"] if layer["layer"] == "network"]
    assert [provider["id"] for provider in network["suspected"]] == ["amazon"]


def test_what_was_never_seen_is_said_to_be_not_known_or_none() -> None:
    world = World()
    world.feed(Probe.DNS, records(), GUARD[0])
    told = words(world.state)
    assert "registration not known" in told
    assert "edge none recognised: no reverse proxy or CDN is seen in front origin no proxy recognised" in told
    assert "mail no mail (no MX)" in told
    assert "certificate not known" in told
    assert "registration not known: no look-up was answered certificate not known: none was seen" in told
    assert document(world.state)["not_seen"] == [
        {"layer": "registration", "absent": False, "why": "not known"},
        {"layer": "dns", "absent": False, "why": "not known"},
        {"layer": "edge", "absent": True, "why": "none"},
        {"layer": "mail", "absent": True, "why": "none"},
        {"layer": "certificate", "absent": False, "why": "not known"},
    ]
    assert [document(world.state)[key] for key in ("registration", "certificate")] == [None, None]


def test_the_registration_is_told_with_who_may_set_each_code_and_whose_word_a_date_is() -> None:
    told = words(parler().state)
    for fact in (
        "registrar Epik, Inc. (IANA id 617)",
        "registry rdap.example",
        "reseller A Reseller",
        "clientTransferProhibited — the registrar",
        "serverHold — the registry",
        "addPeriod — the registry",
        "ok — follows from the state of the domain",
        "on vacation — not known",
        "created 2018-08-02 10:30 word of the registry",
        "updated not published",
        "expires 2025-01-01 00:00 word of the registrar",
        "DNSSEC not signed, says the registry",
        "servers ns3.epik.com ns4.epik.com",
        "told by rdap https://rdap.example/",
    ):
        assert fact in told, fact


def test_a_registration_that_says_little_is_not_left_blank() -> None:
    world = World()
    world.feed(Probe.REGISTRATION, registration(expires=None))
    told = words(world.state)
    for fact in (
        "registrar not published (no IANA id published)",
        "registry not recorded",
        "reseller none named",
        "status not published",
        "expires not published",
        "DNSSEC not said",
        "servers not published",
    ):
        assert fact in told, fact
    world.feed(Probe.REGISTRATION, registration(registered=False, expires=None))
    assert "state not registered" in words(world.state)


def test_the_certificate_is_told_with_its_key_and_the_chain_that_was_sent() -> None:
    told = words(parler().state)
    for fact in (
        "for parler.com and www.parler.com",
        "issued by R3, Let's Encrypt",
        "valid 2021-01-11 00:00 to 2021-04-01 00:00",
        "key EC secp256r1, 256 bits",
        "signed with RSA with SHA-256",
        "serial 4f2a",
        "chain R3, Let's Encrypt, until 2025-09-15, by Lab Root X1",
        "cannot be read (sha256 efefefefefefefef…)",
        "and 6 more",
    ):
        assert fact in told, fact


def test_the_signs_of_a_page_and_what_is_not_as_expected_are_told() -> None:
    sign = Sign(id="sedo-parked", kind=SignKind.PARKED, by=("ns",), who="sedo", source="public-code")
    unmet = Unmet(condition="title", wanted="Parler", seen="\x1b[31mGab")
    facts = page(signs=(sign,), elsewhere="gab.example", expected=Expected(met=("status",), unmet=(unmet,)))
    world = parler()
    world.feed(Probe.HTTP, facts)
    told = words(world.state)
    for fact in (
        "page leads to gab.example",
        "sign sedo-parked (parked, by ns, medium: public-code)",
        "expected status",
        "not as expected title (Parler): ",
    ):
        assert fact in told, fact
    assert "\x1b[31mGab" not in told


def test_a_certificate_that_is_not_trusted_says_how_it_fails() -> None:
    world = World()
    facts = page(0, title=None, tls=replace(CERTIFICATE, chain=(), chain_sent=1))
    world.feed(Probe.HTTP, Failure.TLS_UNTRUSTED, facts=facts)
    told = words(world.state)
    assert "chain the server sent nothing above it" in told
    assert "not trusted: tls_untrusted" in told


@pytest.mark.parametrize(
    ("mx", "said", "null"),
    [
        (("0 .",), "mail no mail (null MX)", True),
        ((), "mail no mail (no MX: dns_nodata)", False),
    ],
)
def test_no_mail_is_told_apart_by_how_the_zone_says_so(mx: tuple[str, ...], said: str, null: bool) -> None:  # noqa: FBT001  # a parameter of the table
    world = World()
    world.feed(Probe.DNS, with_mail(records(), *mx))
    assert said in words(world.state)
    assert document(world.state)["mail"] == {
        "answered": True,
        "null_mx": null,
        "mx": [],
        "failure": None if null else "dns_nodata",
        "as_of": "2021-01-11T00:01:00Z",
    }


def test_mail_servers_are_told_with_their_preference() -> None:
    state = parler().state
    assert "MX mx1.example preference 10" in words(state)
    assert document(state)["mail"]["mx"] == [
        {"preference": 10, "host": "mx1.example"},
        {"preference": 20, "host": "mx2.example"},
    ]


def test_a_question_for_mail_that_failed_is_no_answer() -> None:
    world = World()
    world.feed(Probe.DNS, with_mail(records(), failure=Failure.DNS_SERVFAIL))
    assert "mail not known: dns_servfail" in words(world.state)
    assert document(world.state)["mail"]["answered"] is False


def test_the_link_of_the_chain_that_has_expired_is_marked() -> None:
    old = replace(CERTIFICATE.chain[0], not_after=START)
    world = World()
    world.feed(Probe.HTTP, page(tls=replace(CERTIFICATE, chain=(old,))))
    assert "R3, Let's Encrypt, until 2021-01-11, by Lab Root X1 expired" in words(world.state)
    assert "to 2021-04-01 00:00 expired" not in words(world.state)
    world.feed(Probe.HTTP, page(tls=replace(CERTIFICATE, sha256="00", not_after=START)))
    assert "2021-01-11 expired key" in " ".join(words(world.state).replace(" 00:00", "").split())


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (None, "revocation not asked"),
        ({"state": "unknown", "detail": "no answer in time"}, "revocation not known: no answer in time"),
        (
            {"state": "good", "source": "crl", "server": "http://c.example/1.crl"},
            "revocation not revoked crl http://c.example/1.crl, asked 2021-01-11",
        ),
        (
            {
                "state": "revoked",
                "source": "ocsp",
                "server": "http://o.example",
                "revoked_at": START,
                "reason": "keyCompromise",
            },
            "revocation revoked 2021-01-11 00:00:00Z, keyCompromise ocsp http://o.example, asked 2021-01-11",
        ),
    ],
)
def test_what_the_authority_says_of_a_certificate(said: dict[str, Any] | None, told: str) -> None:
    word = None
    if said is not None:
        state = RevocationState(said["state"])
        word = Revocation(sha256=CERTIFICATE.sha256, checked_at=START, **{**said, "state": state})
    world = World()
    world.feed(Probe.HTTP, page(tls=CERTIFICATE, revocation=word))
    assert told in words(world.state)
    document_of = document(world.state)["certificate"]["revocation"]
    assert (document_of and document_of["state"]) == (said and said["state"])


def test_the_last_known_address_is_told_with_what_it_says_and_since_when() -> None:
    world = parler()
    world.http("...n")
    facts = LastAddressFacts(
        asked_address="190.115.31.151", last_good_at=START, answer=page(403, title="Gone", text=12)
    )
    seen = replace(observe(Probe.LAST_ADDRESS, world.now, page()), facts=facts)
    world.state = step(world.state, seen, (), world.policy).state
    world.http("nn")
    assert "last_address 190.115.31.151, last good 2021-01-11 00:00:00Z: 403 “Gone”, 12 characters" in words(
        world.state
    )
    told = document(world.state)["last_address"]
    assert {**told, "asked_at": None} == {
        "address": "190.115.31.151",
        "last_good_at": "2021-01-11T00:00:00Z",
        "asked_at": None,
        "failure": None,
        "status": 403,
        "title": "Gone",
    }


def test_addresses_that_gave_no_connection_are_told_beside_the_answer() -> None:
    world = parler()
    refused = (TriedAddress(address="192.0.2.9", failure=Failure.TCP_REFUSED),)
    world.feed(Probe.HTTP, page(address="192.0.2.8", tried=refused))
    assert "no connection at 192.0.2.9 (tcp_refused)" in words(world.state)


def test_the_keys_of_the_document_are_stable() -> None:
    told = json.loads(json.dumps(document(parler().state)))
    assert list(told) == [
        "target", "status", "since", "reachable", "diagnosis", "layer", "sentence", "incident",
        "incident_opened_at", "incident_flaps", "incident_told_as_up", "reachable_since", "seconds",
        "layers", "not_seen", "origin", "registration", "certificate",
        "last_address", "mail", "delegation", "policy", "early_signs", "checks", "parts",
    ]  # fmt: skip
    assert list(told["layers"][0]) == [
        "layer", "known", "absent", "since", "known_since", "first_seen", "last_seen", "changes",
        "changed_at", "providers", "evidence", "evidence_gone", "suspected",
    ]  # fmt: skip
    assert told["layers"][2]["evidence_gone"][0] == {
        "provider": "amazon",
        "value": "54.69.20.11",
        "rule": "AS16509",
        "source": TABLE,
        "first_seen": "2021-01-11T00:05:00Z",
        "last_seen": "2021-01-11T00:05:00Z",
    }
    assert list(told["registration"]) == [
        "domain", "registered", "registrar", "registrar_iana_id", "registry", "reseller", "statuses",
        "created", "updated", "expires", "dnssec", "name_servers", "source", "server", "as_of",
    ]  # fmt: skip
    assert told["registration"]["created"] == {"at": "2018-08-02T10:30:00Z", "source": "registry"}
    assert list(told["certificate"]) == [
        "subject", "names", "issuer", "issuer_organization", "not_before", "not_after", "serial", "key_type",
        "key_bits", "signature", "sha256", "chain", "chain_sent", "revocation", "failure", "as_of",
    ]  # fmt: skip
    assert told["certificate"]["chain"][1]["not_after"] is None


@pytest.mark.parametrize(
    ("code", "setter"),
    [
        ("clientHold", Setter.REGISTRAR),
        ("serverHold", Setter.REGISTRY),
        ("pendingDelete", Setter.REGISTRY),
        ("redemptionPeriod", Setter.REGISTRY),
        ("inactive", Setter.NOBODY),
        ("locked", Setter.UNKNOWN),
        ("", Setter.UNKNOWN),
    ],
)
def test_who_may_set_a_code(code: str, setter: Setter) -> None:
    assert set_by(code) is setter
