"""What is read from certificates, strange ones included, and whom the system trusts."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from monitor.failure import Failure
from monitor.model import TlsFacts
from monitor.probe.certificates import Certificates, outdated
from monitor.probe.tls import NO_CHECK_TIME, Trust, prepare, system_trust

KEY = ec.generate_private_key(ec.SECP256R1())
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)


def name(*attributes: x509.NameAttribute) -> x509.Name:
    return x509.Name(attributes)


def certificate(
    subject: x509.Name, issuer: x509.Name, names: list[x509.GeneralName], last: datetime = LAST
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(FIRST)
        .not_valid_after(last)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def read(der: bytes) -> TlsFacts | None:
    return Certificates().facts((der,), version="TLSv1.3", cipher="C")


ISSUER = name(
    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Let's Check"),
    x509.NameAttribute(NameOID.COMMON_NAME, "R1"),
)


def test_an_ordinary_certificate() -> None:
    der = certificate(
        name(x509.NameAttribute(NameOID.COMMON_NAME, "www.example")),
        ISSUER,
        [x509.DNSName("www.example"), x509.RFC822Name("a@b.example"), x509.DNSName("example")],
    )
    facts = read(der)
    assert facts is not None
    assert (facts.subject, facts.issuer, facts.issuer_organization) == ("www.example", "R1", "Let's Check")
    assert (facts.not_before, facts.not_after) == (FIRST, LAST)
    assert facts.names == ("www.example", "example")


def test_a_certificate_that_names_nobody() -> None:
    facts = read(certificate(name(), name(), []))
    assert facts is not None
    assert (facts.subject, facts.issuer, facts.issuer_organization, facts.names) == ("", "", None, ())


def test_thousands_of_names_are_cut() -> None:
    facts = read(certificate(name(), ISSUER, [x509.DNSName(f"{n}.example") for n in range(5000)]))
    assert facts is not None
    assert len(facts.names) == 20


def test_hostile_names_are_cleaned() -> None:
    text = "evil\u202e\n" + "x" * 40
    facts = read(certificate(name(x509.NameAttribute(NameOID.COMMON_NAME, text)), ISSUER, []))
    assert facts is not None
    assert facts.subject == "evil " + "x" * 40


def test_a_name_that_is_not_in_its_charset() -> None:
    der = certificate(
        name(x509.NameAttribute(NameOID.COMMON_NAME, "AAAA", _type=_ASN1Type.UTF8String)), ISSUER, []
    )
    facts = read(der.replace(b"AAAA", b"\xff\xfe\xfd\xfc"))
    assert facts is not None
    assert (facts.subject, facts.issuer) == ("", "R1")


@pytest.mark.parametrize("serial", [b"\x00", b"\x87"])
def test_serial_numbers_below_one(serial: bytes) -> None:
    der = certificate(name(), ISSUER, [])
    assert b"\x02\x01\x07" in der
    read(der.replace(b"\x02\x01\x07", b"\x02\x01" + serial, 1))  # read or not: no crash, no warning


def test_dates_that_do_not_exist() -> None:
    der = certificate(name(), ISSUER, [], last=datetime(2060, 12, 31, tzinfo=UTC))
    assert b"20601231000000Z" in der
    read(der.replace(b"20601231000000Z", b"20601331000000Z"))


@given(st.binary(max_size=300))
def test_rubbish_is_no_certificate(der: bytes) -> None:
    assert read(der) is None


@given(st.integers(min_value=0, max_value=10_000), st.integers(min_value=0, max_value=255))
def test_a_certificate_with_any_byte_changed_is_read_or_not(position: int, value: int) -> None:
    der = bytearray(certificate(name(), ISSUER, [x509.DNSName("www.example")]))
    der[position % len(der)] = value
    read(bytes(der))


def test_a_certificate_is_read_once_and_the_oldest_is_forgotten() -> None:
    ders = [certificate(name(), ISSUER, [x509.DNSName(f"{n}.example")]) for n in range(3)]
    certificates = Certificates(remembered=2)
    first = certificates.facts((ders[0],), version="v", cipher="c")
    assert certificates.facts((ders[0],), version="v", cipher="c") is first
    for der in ders:
        certificates.facts((der,), version="v", cipher="c")
    certificates.facts((ders[1],), version="v", cipher="c")
    again = certificates.facts((ders[0],), version="v", cipher="c")
    assert again == first
    assert again is not first


@pytest.mark.parametrize(
    ("now", "failure"),
    [
        (FIRST, None),
        (LAST, None),
        (FIRST - timedelta(seconds=1), Failure.TLS_NOT_YET_VALID),
        (LAST + timedelta(seconds=1), Failure.TLS_EXPIRED),
    ],
)
def test_dates_are_judged_to_the_second(now: datetime, failure: Failure | None) -> None:
    facts = read(certificate(name(), ISSUER, []))
    assert facts is not None
    assert outdated(facts, now) is failure


def test_the_system_is_trusted_or_what_ssl_cert_file_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    context = system_trust().context
    assert [x509.load_der_x509_certificate(der) for der in context.get_ca_certs(binary_form=True)] == [
        x509.load_pem_x509_certificate(ca.cert_pem.bytes())
    ]
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


@pytest.mark.parametrize("by_clock", [False, True])
def test_only_a_trust_by_clock_leaves_dates_to_us(*, by_clock: bool) -> None:
    verifying, lenient = prepare(Trust(context=ssl.create_default_context(), by_clock=by_clock))
    assert bool(verifying.verify_flags & NO_CHECK_TIME) is by_clock
    assert (lenient.check_hostname, lenient.verify_mode) == (False, ssl.CERT_NONE)
