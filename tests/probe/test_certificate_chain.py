"""What a server sends above its certificate: as it was sent, bounded, and read once; verified or not."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from servers.http_lab import HttpLab, answer, http_check, lab_io, say

from monitor.failure import Failure
from monitor.judge.diagnose import assess
from monitor.judge.view import look
from monitor.model import HttpFacts, Memory, Observation, Policy, TlsFacts
from monitor.probe.certificates import Certificates
from monitor.probe.observe import observe
from monitor.probe.tls import Trust

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
SITE = "www.example"
NOW = datetime.now(UTC)
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def issue(  # noqa: PLR0913  # what a certificate can be
    name: str,
    by: Issued | None = None,
    *,
    key: PrivateKey | None = None,
    ca: bool = True,
    until: datetime = NOW + YEAR,
    names: Sequence[str] = (),
    organization: str = "Lab Trust Services",
) -> Issued:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 2 * YEAR)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
        )
    signer = by.key if by else key
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Issued(certificate=builder.sign(signer, digest), key=key)


ROOT = issue("Lab Root")
MIDDLE = issue("Lab Intermediate A1", ROOT)


def site(by: Issued | None = MIDDLE, **more: object) -> Issued:
    return issue(SITE, by, ca=False, names=(SITE,), organization="A Site", **more)  # type: ignore[arg-type]


async def served(folder: Path, leaf: Issued, *above: Issued) -> Observation:
    """Return what the probe sees of a server that sends these certificates, under trust in the root alone."""
    file = folder / "chain.pem"
    secret = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + b"".join(one.pem for one in (leaf, *above)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(cadata=ROOT.pem.decode())
    async with (
        HttpLab(say(answer(b"hello")), tls=context) as lab,
        lab_io({SITE: "127.0.0.1"}, trust=Trust(context=trust)) as io,
    ):
        return await observe(http_check(f"https://{SITE}:{lab.port}/"), NOW, io)


def tls(seen: Observation) -> TlsFacts:
    assert isinstance(seen.facts, HttpFacts)
    assert seen.facts.tls is not None
    return seen.facts.tls


@pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])
async def test_a_chain_of_three_is_told_as_it_was_sent(tmp_path: Path) -> None:
    seen = await served(tmp_path, site(), MIDDLE, ROOT)
    assert seen.failure is None
    facts = tls(seen)
    assert facts.chain_sent == 3
    assert [(link.subject, link.issuer, link.organization) for link in facts.chain] == [
        ("Lab Intermediate A1", "Lab Root", "Lab Trust Services"),
        ("Lab Root", "Lab Root", "Lab Trust Services"),
    ]
    assert facts.chain[0].sha256 == MIDDLE.certificate.fingerprint(hashes.SHA256()).hex()
    assert facts.chain[0].not_after == MIDDLE.certificate.not_valid_after_utc
    assert facts.serial is not None
    assert (facts.key_type, facts.key_bits, facts.signature) == ("EC secp256r1", 256, "ECDSA with SHA-256")


@pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])
async def test_a_missing_intermediate_is_untrusted_and_the_chain_shows_why(tmp_path: Path) -> None:
    seen = await served(tmp_path, site())
    assert seen.failure is Failure.TLS_UNTRUSTED
    assert (tls(seen).chain_sent, tls(seen).chain) == (1, ())
    assert tls(seen).issuer == "Lab Intermediate A1"


async def test_a_self_signed_certificate_is_untrusted(tmp_path: Path) -> None:
    seen = await served(tmp_path, site(None))
    assert seen.failure is Failure.TLS_UNTRUSTED
    assert (tls(seen).chain_sent, tls(seen).issuer) == (1, SITE)


async def test_an_expired_intermediate_fails_and_the_chain_shows_which(tmp_path: Path) -> None:
    old = issue("Lab Intermediate Old", ROOT, until=NOW - YEAR)
    seen = await served(tmp_path, site(old), old)
    assert seen.failure is Failure.TLS_EXPIRED
    assert [(link.subject, link.not_after) for link in tls(seen).chain] == [
        ("Lab Intermediate Old", old.certificate.not_valid_after_utc)
    ]
    assert tls(seen).not_after > NOW
    verdict = assess(look(Memory(), seen, Policy()))
    assert verdict.diagnosis == "tls.expired"
    assert "has expired: “Lab Intermediate Old”, above its own, was valid until" in verdict.sentence


@pytest.mark.parametrize(
    ("key", "kind", "bits"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "EC secp384r1", 384),
        (rsa.generate_private_key(public_exponent=65537, key_size=2048), "RSA", 2048),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519", 256),
    ],
    ids=["ec", "rsa", "ed25519"],
)
async def test_the_kind_and_size_of_a_key(tmp_path: Path, key: PrivateKey, kind: str, bits: int) -> None:
    seen = await served(tmp_path, site(key=key), MIDDLE)
    assert seen.failure is None
    assert (tls(seen).key_type, tls(seen).key_bits) == (kind, bits)


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        (rsa.generate_private_key(public_exponent=65537, key_size=2048), "RSA with SHA-256"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
    ],
    ids=["rsa", "ed25519"],
)
def test_how_the_issuer_signed(key: PrivateKey, signature: str) -> None:
    facts = read(site(issue("Signer", ROOT, key=key)))
    assert facts is not None
    assert facts.signature == signature


def read(*chain: Issued | bytes) -> TlsFacts | None:
    ders = [one if isinstance(one, bytes) else one.der for one in chain]
    return Certificates().facts(ders, version="TLSv1.3", cipher="C")


@pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])
async def test_fifty_certificates_are_counted_and_six_are_kept(tmp_path: Path) -> None:
    seen = await served(tmp_path, site(), MIDDLE, *[issue(f"Useless {n}", ROOT) for n in range(48)])
    assert seen.failure is None
    assert (tls(seen).chain_sent, len(tls(seen).chain)) == (50, 6)


async def test_a_certificate_of_64_kilobytes_is_bounded(tmp_path: Path) -> None:
    names = [SITE, *(f"{n:04}.{'x' * 40}.example" for n in range(1200))]
    leaf = issue(SITE, MIDDLE, ca=False, names=names, organization="O" * 60)
    assert len(leaf.der) > 64_000
    seen = await served(tmp_path, leaf, MIDDLE)
    assert seen.failure is None
    assert len(tls(seen).names) == 20


@pytest.mark.parametrize("rubbish", [b"", b"\x30\x80", b"\x00" * 65_536, bytes(range(256)) * 4])
def test_a_link_that_is_no_certificate_keeps_its_fingerprint_alone(rubbish: bytes) -> None:
    facts = read(site(), rubbish, MIDDLE)
    assert facts is not None
    unreadable, readable = facts.chain
    assert (unreadable.subject, unreadable.not_after, len(unreadable.sha256)) == ("", None, 64)
    assert readable.subject == "Lab Intermediate A1"


def test_a_link_whose_name_is_not_in_its_charset_has_no_name() -> None:
    facts = read(site(), MIDDLE.der.replace(b"Intermediate", b"\xff\xfeterm\xc0diate"))
    assert facts is not None
    assert (facts.chain[0].subject, facts.chain[0].issuer) == ("", "Lab Root")


def test_a_hostile_name_in_a_link_is_cleaned() -> None:
    facts = read(site(), issue("evil\u202e\n" + "x" * 40, ROOT))
    assert facts is not None
    assert facts.chain[0].subject == "evil " + "x" * 40


def test_the_same_chain_is_the_same_facts_and_another_is_not() -> None:
    certificates, leaf = Certificates(), site().der

    def facts(*above: Issued) -> TlsFacts | None:
        return certificates.facts((leaf, *(one.der for one in above)), version="v", cipher="c")

    alone, whole = facts(), facts(MIDDLE)
    assert facts() is alone
    assert facts(MIDDLE) is whole
    assert alone is not None
    assert whole is not None
    assert (alone.chain_sent, whole.chain_sent) == (1, 2)


def test_sites_share_their_intermediate() -> None:
    certificates = Certificates()
    one, other = (certificates.facts((site().der, MIDDLE.der), version="v", cipher="c") for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.chain[0] is other.chain[0]


def test_without_a_certificate_there_are_no_facts() -> None:
    assert Certificates().facts((), version="v", cipher="c") is None
