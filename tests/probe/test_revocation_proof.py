"""Which answers of an authority are believed: each false one is false in a single thing."""

import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import RevocationState
from monitor.probe.crl import RevokedList, is_of, read_list, serial_of
from monitor.probe.ocsp import ocsp_question, read_ocsp
from monitor.probe.proof import Pair, Said, UnusableError, servers_of
from tests.servers.hand_clock import START
from tests.servers.revocation_lab import DAY, HOUR, YEAR, Ca

HERE, THERE = "http://crl.example/1.crl", "http://crl.example/2.crl"
CA = Ca()
OTHER = Ca()  # of the same name: only its key tells it from the first
LEAF = CA.leaf(ocsp="http://ocsp.example/", crl=HERE)
GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
KEYS = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
WAS = Said(state=RevocationState.REVOKED, revoked_at=START - 2 * HOUR, reason="keyCompromise")


def said(answer: bytes, pair: Pair = LEAF.pair) -> Said:
    return read_ocsp(answer, pair, START)


def test_the_question_names_the_certificate() -> None:
    question = ocsp.load_der_ocsp_request(ocsp_question(LEAF.pair))
    assert question.serial_number == LEAF.certificate.serial_number


def test_what_is_good_revoked_or_unknown_to_the_authority() -> None:
    assert said(CA.says(LEAF)) == Said(state=RevocationState.GOOD)
    assert said(CA.says(LEAF, REVOKED)) == WAS
    assert said(CA.says(LEAF, ocsp.OCSPCertStatus.UNKNOWN)) == Said(state=RevocationState.UNKNOWN)


@pytest.mark.parametrize("kind", KEYS)
def test_authorities_with_keys_of_other_kinds(kind: str) -> None:
    other = Ca(key=KEYS[kind])
    leaf = other.leaf()
    assert said(other.says(leaf, REVOKED), leaf.pair) == WAS
    assert read_list(other.list(leaf), leaf.pair, START)[1].state is RevocationState.REVOKED


def test_a_delegated_responder_speaks_for_the_authority() -> None:
    assert said(CA.says(LEAF, REVOKED, by=CA.responder())) == WAS


FALSE_ANSWERS = {
    "signed by another authority of the same name": OTHER.says(LEAF, REVOKED),
    "by a responder of another authority": CA.says(LEAF, REVOKED, by=OTHER.responder()),
    "by a server's certificate, not a responder's": CA.says(LEAF, REVOKED, by=CA.responder(may_sign=False)),
    "by a responder that has expired": CA.says(LEAF, REVOKED, by=CA.responder(after=-DAY)),
    "by a responder whose certificate is not enclosed": CA.says(
        LEAF, REVOKED, by=CA.responder(), enclosed=False
    ),
    "about another certificate": CA.says(CA.leaf(), REVOKED),
    "about one with the same number of another authority": CA.says(replace(LEAF, issuer=OTHER.certificate)),
    "out of date": CA.says(LEAF, at=-2 * DAY, until=-HOUR),
    "of the future": CA.says(LEAF, REVOKED, at=HOUR, until=DAY),
    "without an end, and old": CA.says(LEAF, at=-8 * DAY, until=None),
    "cut off": CA.says(LEAF)[:-1],
    "followed by something": CA.says(LEAF) + b"\0",
    "a refusal": ocsp.OCSPResponseBuilder.build_unsuccessful(
        ocsp.OCSPResponseStatus.UNAUTHORIZED
    ).public_bytes(Encoding.DER),
    "a page": b"<!doctype html><title>Welcome to the hotel</title>",
    "nothing": b"",
}
FALSE_ANSWERS["with a bit turned over"] = bytes([*CA.says(LEAF)[:-1], CA.says(LEAF)[-1] ^ 1])


@pytest.mark.parametrize("why", FALSE_ANSWERS)
def test_an_answer_is_not_believed_that_is(why: str) -> None:
    with pytest.raises(UnusableError):
        said(FALSE_ANSWERS[why])


def test_clocks_that_differ_by_minutes_do_no_harm() -> None:
    assert said(CA.says(LEAF, at=timedelta(minutes=5))).state is RevocationState.GOOD
    assert said(CA.says(LEAF, until=-timedelta(minutes=5))).state is RevocationState.GOOD


def test_a_signature_over_sha1_proves_nothing() -> None:
    """The builder refuses to make one, so an honest answer is made to say that it is."""
    honest = CA.says(LEAF)
    sha256, sha1 = bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d0401")
    assert honest.count(sha256) == 1
    with pytest.raises(UnusableError):
        said(honest.replace(sha256, sha1 + b"\0"))


def the_list(answer: bytes) -> RevokedList:
    return read_list(answer, LEAF.pair, START)[0]


# --- lists -----------------------------------------------------------------------------------------


def test_what_stands_in_a_list_and_what_does_not() -> None:
    other = CA.leaf()
    answer = CA.list(LEAF, name=HERE)
    assert read_list(answer, LEAF.pair, START)[1] == Said(
        state=RevocationState.REVOKED, revoked_at=START - 2 * HOUR, reason="superseded"
    )
    assert read_list(answer, other.pair, START)[1] == Said(state=RevocationState.GOOD)
    kept = the_list(answer)
    assert kept.may_hold(serial_of(LEAF.pair))
    assert not kept.may_hold(serial_of(other.pair))
    assert kept.until == START + DAY


def test_an_empty_list_is_one() -> None:
    assert not the_list(CA.list(others=0)).may_hold(serial_of(LEAF.pair))


def test_a_part_is_of_those_certificates_that_name_it() -> None:
    """Over plain HTTP somebody on the way can hand out another part, signed and in date."""
    part = the_list(CA.list(name=THERE))
    assert not is_of(part, LEAF.pair, (HERE,))
    assert is_of(part, LEAF.pair, (HERE, THERE))
    assert is_of(the_list(CA.list()), LEAF.pair, (HERE,)), "a list of everything"
    assert not is_of(part, OTHER.leaf().pair, (THERE,))


def _point(**more: object) -> x509.IssuingDistributionPoint:
    nothing = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(nothing | more))  # type: ignore[arg-type]


FALSE_LISTS = {
    "signed by another authority of the same name": CA.list(by=OTHER),
    "of another authority": Ca("Another").list(),
    "out of date": CA.list(at=-3 * DAY, until=-DAY),
    "of the future": CA.list(at=HOUR),
    "of authorities only": CA.list(extensions=((_point(only_contains_ca_certs=True), True),)),
    "indirect": CA.list(extensions=((_point(indirect_crl=True), True),)),
    "of some reasons only": CA.list(
        extensions=((_point(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), True),)
    ),
    "of a part that has no address over HTTP": CA.list(name="ldap://ldap.example/cn=1"),
    "a change to another list": CA.list(extensions=((x509.DeltaCRLIndicator(7), True),)),
    "cut off": CA.list()[:-1],
    "a page": b"<!doctype html>",
    "an endless sequence": b"\x30\x80" + b"\0" * 100,
    "a sequence longer than all memory": b"\x30\x88" + b"\xff" * 20,
    "nothing": b"",
}


@pytest.mark.parametrize("why", FALSE_LISTS)
def test_a_list_is_not_believed_that_is(why: str) -> None:
    with pytest.raises(UnusableError):
        read_list(FALSE_LISTS[why], LEAF.pair, START)


def test_an_authority_that_may_not_sign_lists_has_none() -> None:
    other = Ca(signs_lists=False)
    with pytest.raises(UnusableError):
        read_list(other.list(), other.leaf().pair, START)


def test_a_list_is_kept_in_eight_bytes_for_each_certificate() -> None:
    answer = CA.list(others=5_000)
    tracemalloc.start()
    kept = the_list(answer)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 5_000
    assert len(kept.shelves) == 2
    assert {shelf.itemsize for shelf in kept.shelves} == {8}
    assert all(kept.may_hold(1000 + number) for number in range(5_000))
    assert not kept.may_hold(999)
    assert held < 200_000


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_bytes_do_more_than_not_to_be_believed(noise: bytes) -> None:
    for read in (read_ocsp, read_list):
        with pytest.raises(UnusableError):
            read(noise, LEAF.pair, START)
    with pytest.raises(UnusableError):
        read_ocsp(CA.says(LEAF), Pair(leaf=noise, issuer=noise), START)


# --- whom to ask ------------------------------------------------------------------------------------


def test_a_certificate_names_whom_to_ask() -> None:
    servers = servers_of(LEAF.pair.leaf)
    assert (servers.ocsp, servers.crl) == (("http://ocsp.example/",), (HERE,))
    assert servers_of(CA.leaf().pair.leaf) == servers_of(b"garbage")


@pytest.mark.parametrize(
    "url", ["ldap://ldap.example/cn=ca", "file:///etc/passwd", "http://" + "x" * 1000, "http://[x"]
)
def test_only_sober_addresses_over_http_are_asked(url: str) -> None:
    assert servers_of(CA.leaf(ocsp=url, crl=url).pair.leaf) == servers_of(b"")


def test_the_days_of_the_lab_hold() -> None:
    assert LEAF.certificate.not_valid_after_utc == START + YEAR
    assert LEAF.certificate.signature_hash_algorithm is not None
    assert isinstance(LEAF.certificate.signature_hash_algorithm, hashes.SHA256)
