"""RDAP records, as the RFC has them and as nobody should send them."""

import copy
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.registration_lab import good_rdap

from monitor.failure import Failure
from monitor.model import RegistrationFacts
from monitor.probe.epp import epp_status, rdap_status
from monitor.probe.error import ProbeError
from monitor.probe.rdap import iana_number, rdap_url, read_rdap


@dataclass(frozen=True, kw_only=True)
class Got:
    """An answer as the HTTP client hands it over."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/rdap+json"),)
    truncated: bool = False
    url: str = "https://rdap.example/com/v1/domain/example.test"


def read(document: object) -> RegistrationFacts:
    return read_rdap("example.test", Got(body=json.dumps(document).encode()))


def registrar(**changes: object) -> dict[str, Any]:
    entity = copy.deepcopy(good_rdap()["entities"][0]) | changes
    return good_rdap(entities=[entity])


def test_the_whole_record() -> None:
    assert read(good_rdap()) == RegistrationFacts(
        domain="example.test",
        source="rdap",
        server="https://rdap.example/com/v1/",
        registered=True,
        registrar_name="Epik, Inc.",
        registrar_iana_id=617,
        statuses=("clientHold", "clientTransferProhibited"),
        name_servers=("ns3.epik.com", "ns4.epik.com"),
        created=datetime(2018, 6, 15, 18, 25, 25, tzinfo=UTC),
        updated=datetime(2020, 6, 15, 18, 25, 25, tzinfo=UTC),
        expires=datetime(2026, 6, 15, 18, 25, 25, tzinfo=UTC),
        date_sources=(("created", "registry"), ("updated", "registry"), ("expires", "registry")),
        registry="rdap.example",
    )


def test_the_registrars_expiry_stands_only_where_the_registry_gives_none() -> None:
    events = [event for event in good_rdap()["events"] if event["eventAction"] != "expiration"]
    facts = read(good_rdap(events=events))
    assert facts.expires == datetime(2026, 7, 30, 18, 25, 25, tzinfo=UTC)
    assert dict(facts.date_sources) == {"created": "registry", "updated": "registry", "expires": "registrar"}


@pytest.mark.parametrize(
    ("secure", "expected"),
    [
        ({"delegationSigned": True}, True),
        ({"delegationSigned": False, "zoneSigned": True}, False),
        # RFC 9083 knows booleans only; whatever else stands there does not say it.
        ({"delegationSigned": "true"}, None),
        ({"delegationSigned": 1}, None),
        ({"zoneSigned": True}, None),
        ([], None),
        (None, None),
    ],
)
def test_a_signed_delegation(secure: object, expected: bool | None) -> None:  # noqa: FBT001 - parametrized
    assert read(good_rdap(secureDNS=secure)).dnssec is expected


def test_a_status_is_fit_to_be_kept() -> None:
    assert read(good_rdap(status=["\x1b", "\u202egnihton", "a\nb" + "c" * 200])).statuses == (
        "a b" + "c" * 77,
        "gnihton",
    )


def test_a_reseller() -> None:
    reseller = {"roles": ["reseller"], "vcardArray": ["vcard", [["fn", {}, "text", "Seller Ltd"]]]}
    nameless = {"roles": ["reseller"]}
    facts = read(good_rdap(entities=[nameless, reseller, *good_rdap()["entities"]]))
    assert (facts.reseller, facts.registrar_name) == ("Seller Ltd", "Epik, Inc.")


@pytest.mark.parametrize(
    ("document", "name", "iana_id"),
    [
        (registrar(publicIds=[{"type": "IANA Registrar ID", "identifier": 617}]), "Epik, Inc.", 617),
        (registrar(publicIds=[]), "Epik, Inc.", None),
        # The handle is the registry's own number.
        (registrar(publicIds=None, handle="292"), "Epik, Inc.", None),
        (registrar(vcardArray=["vcard", [["fn", {}, "text", ""]]]), None, 617),
        (
            registrar(vcardArray=["vcard", [["fn", {}, "text", ""], ["org", {}, "text", ["Epik", "x"]]]]),
            "Epik",
            617,
        ),
        (registrar(vcardArray=["vcard", [["fn", {}, "text", "A\x00\x1b[31m\u202eB"]]]), "A [31m B", 617),
        (registrar(vcardArray="vcard", publicIds="617"), None, None),
        (registrar(vcardArray=["vcard", [[], ["fn"], ["fn", {}, "text", 7], 5]]), None, 617),
        (registrar(roles=["abuse"]), None, None),
        (registrar(roles="registrar"), "Epik, Inc.", 617),
        (
            good_rdap(entities=[{"roles": ["registrant"], "entities": good_rdap()["entities"]}]),
            "Epik, Inc.",
            617,
        ),
        (good_rdap(entities={"roles": ["registrar"]}), None, None),
        (good_rdap(entities=[{"roles": ["registrar"]}, *good_rdap()["entities"]]), "Epik, Inc.", 617),
    ],
)
def test_registrars(document: dict[str, Any], name: str | None, iana_id: int | None) -> None:
    facts = read(document)
    assert (facts.registrar_name, facts.registrar_iana_id) == (name, iana_id)


def test_dates_of_the_registry_and_the_first_of_each() -> None:
    events = [
        {"eventAction": "registrar expiration", "eventDate": "2030-01-01T00:00:00Z"},
        {"eventAction": "expiration", "eventDate": "soon"},
        {"eventAction": "expiration", "eventDate": 20260101},
        {"eventAction": "Expiration", "eventDate": "2026-01-01T02:00:00+02:00"},
        {"eventAction": "expiration", "eventDate": "2027-01-01T00:00:00Z"},
        {"eventAction": "last update of RDAP database", "eventDate": "2021-01-01T00:00:00Z"},
    ]
    facts = read(good_rdap(events=events))
    assert (facts.created, facts.updated) == (None, None)
    assert facts.expires == datetime(2026, 1, 1, tzinfo=UTC)


def test_names_in_either_form() -> None:
    body = json.dumps({"objectClassName": "domain", "unicodeName": "Bücher.example"}).encode()
    facts = read_rdap("xn--bcher-kva.example", Got(body=body))
    assert facts.registered
    servers = [
        {"unicodeName": "ns.bücher.example"},
        {"ldhName": "ns1.a.example."},
        {"ldhName": 1},
        2,
        {"ldhName": "x"},
    ]
    assert read(good_rdap(nameservers=servers)).name_servers == ("ns.xn--bcher-kva.example", "ns1.a.example")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("client hold", "clientHold"),
        ("clientHold", "clientHold"),
        ("CLIENTHOLD", "clientHold"),
        ("client-hold", "clientHold"),
        ("clientHold https://icann.org/epp#clientHold", "clientHold"),
        ("clientHold -- http://www.icann.org/epp#clientHold", "clientHold"),
        ("clientHold(https://icann.org/epp#clientHold)", "clientHold"),
        ("server transfer prohibited", "serverTransferProhibited"),
        ("Transfer Prohibited by Registrar", "clientTransferProhibited"),
        ("Delete Prohibited by Registry", "serverDeleteProhibited"),
        ("ok (paid and in zone)", "ok"),
        ("redemption period", "redemptionPeriod"),
        ("auto renew period", "autoRenewPeriod"),
        ("Registered until expiry date.", "Registered until expiry date."),
        ("", ""),
    ],
)
def test_epp_codes(text: str, code: str) -> None:
    assert epp_status(text) == rdap_status(text) == code


def test_rdap_words_that_are_no_epp_codes() -> None:
    assert (rdap_status("active"), epp_status("active")) == ("ok", "active")
    assert rdap_status("associated") == "linked"


def test_many_of_everything_are_bounded_and_cheap() -> None:
    big = good_rdap(
        status=[f"x{n}" for n in range(20_000)],
        nameservers=[{"ldhName": f"ns{n}.example.com"} for n in range(20_000)],
        entities=[{"roles": ["abuse"], "entities": [{"entities": [{}] * 100}] * 100}] * 100,
        events=[{"eventAction": "x", "eventDate": "y"}] * 20_000,
    )
    start = time.process_time()
    facts = read_rdap("example.test", Got(body=json.dumps(big).encode()))
    assert time.process_time() - start < 1
    assert (len(facts.statuses), len(facts.name_servers)) == (50, 50)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (292, 292),
        ("292", 292),
        (" 292 ", 292),
        (0, None),
        (-1, None),
        (True, None),
        ("x", None),
        ("٣", None),
        (10**9, None),
    ],
)
def test_iana_numbers(value: object, number: int | None) -> None:
    assert iana_number(value) == number


def test_urls() -> None:
    assert rdap_url("https://rdap.example/", "example.com") == "https://rdap.example/domain/example.com"
    assert rdap_url("https://rdap.example/", "a/../b?c#d") == "https://rdap.example/domain/a%2F..%2Fb%3Fc%23d"


@pytest.mark.parametrize(
    ("got", "failure"),
    [
        (Got(status=401), Failure.REGISTRATION_LIMITED),
        (Got(status=500), Failure.REGISTRATION_UNREACHABLE),
        (Got(status=301), Failure.REGISTRATION_UNPARSABLE),
        (Got(status=404, truncated=True), Failure.REGISTRATION_UNPARSABLE),
        (Got(status=404, headers=(), body=b"Not Found"), Failure.REGISTRATION_UNPARSABLE),
        (Got(body=json.dumps(good_rdap()).encode(), truncated=True), Failure.REGISTRATION_UNPARSABLE),
    ],
)
def test_answers_that_tell_nothing(got: Got, failure: Failure) -> None:
    with pytest.raises(ProbeError) as caught:
        read_rdap("example.test", got)
    assert caught.value.failure is failure


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=15,
)
_KEYS = ("status", "nameservers", "entities", "events", "errorCode", "objectClassName", "ldhName")


@given(
    st.dictionaries(st.sampled_from(_KEYS), _JSON),
    st.sampled_from([200, 404, 429, 500]),
    st.binary(max_size=50),
)
@settings(max_examples=150)
def test_any_value_anywhere_is_facts_or_a_failure(changes: dict[str, Any], status: int, tail: bytes) -> None:
    for body in (json.dumps(good_rdap() | changes).encode(), json.dumps(changes).encode() + tail, tail):
        facts = facts_or_none(Got(body=body, status=status))
        assert facts is None or facts.registered or not facts.statuses


def facts_or_none(got: Got) -> RegistrationFacts | None:
    try:
        return read_rdap("example.test", got)
    except ProbeError:
        return None
