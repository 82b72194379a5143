"""A certificate authority for tests, with what it says about its certificates: true answers, and false ones.

`Ca` makes certificates, OCSP answers and lists. `Office` says them over HTTP on loopback: a path that begins
with `/ocsp/` gets the answer about the question in it, other paths a list, and `instead` does anything else.
"""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from monitor.probe.proof import Pair
from monitor.probe.tls import Trust
from tests.servers.hand_clock import START
from tests.servers.http_lab import HttpLab, Serve, answer

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Builder = x509.CertificateBuilder
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
NAMES: list[x509.GeneralName] = [x509.DNSName("www.example")]


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _uri(url: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(url)


def hash_for(key: Key) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A certificate of a server, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    issuer: x509.Certificate

    @property
    def pair(self) -> Pair:
        return Pair(
            leaf=self.certificate.public_bytes(Encoding.DER), issuer=self.issuer.public_bytes(Encoding.DER)
        )

    def server(self) -> ssl.SSLContext:
        """Return the context of a server that shows it."""
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as folder:
            path = Path(folder, "chain.pem")
            path.write_bytes(self.certificate.public_bytes(Encoding.PEM) + private)
            context.load_cert_chain(path)
        return context


class Ca:
    """An authority of a test's own, at home in the days of `SleeperClock`."""

    def __init__(
        self, name: str = "Lab Authority", key: Key | None = None, *, signs_lists: bool = True
    ) -> None:
        self.key: Key = key or ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=signs_lists,
            encipher_only=False,
            decipher_only=False,
        )
        builder = self._begun(name, self.key).issuer_name(_named(name)).add_extension(usage, critical=True)
        ca = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = builder.add_extension(ca, critical=True).sign(self.key, hash_for(self.key))

    def trust(self) -> Trust:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.certificate.public_bytes(Encoding.PEM).decode())
        return Trust(context=context, by_clock=True)

    def leaf(self, *, ocsp: str = "", crl: str = "") -> Leaf:
        """Return a certificate for www.example that names these servers."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._begun("www.example", key).issuer_name(self.certificate.subject)
        builder = builder.add_extension(x509.SubjectAlternativeName(NAMES), critical=False)
        if ocsp:
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _uri(ocsp))
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        if crl:
            point = x509.DistributionPoint([_uri(crl)], None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        certificate = builder.sign(self.key, hash_for(self.key))
        return Leaf(certificate=certificate, key=key, issuer=self.certificate)

    def responder(self, *, may_sign: bool = True, after: timedelta = YEAR) -> "Ca":
        """Return somebody with a certificate of this authority: a responder, unless `may_sign` is off."""
        other = Ca("Responder")
        builder = self._begun("Responder", other.key, after=after).issuer_name(self.certificate.subject)
        usage = ExtendedKeyUsageOID.OCSP_SIGNING if may_sign else ExtendedKeyUsageOID.SERVER_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        other.certificate = builder.sign(self.key, hash_for(self.key))
        return other

    def says(  # noqa: PLR0913 - what an answer can be wrong in
        self,
        about: Leaf,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        *,
        by: "Ca | None" = None,
        at: timedelta = -HOUR,
        until: timedelta | None = DAY,
        enclosed: bool = True,
    ) -> bytes:
        """Return an OCSP answer; `by`: who signs it; `at`, `until`: from when to when it is good."""
        signer = by or self
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=about.certificate,
            issuer=about.issuer,
            algorithm=hashes.SHA1(),  # noqa: S303 - as RFC 5019 has it
            cert_status=status,
            this_update=START + at,
            next_update=None if until is None else START + until,
            revocation_time=START - 2 * HOUR if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        if by is not None and enclosed:
            builder = builder.certificates([by.certificate])
        return builder.sign(signer.key, hash_for(signer.key)).public_bytes(Encoding.DER)

    def list(  # noqa: PLR0913 - what a list can be wrong in
        self,
        *revoked: Leaf,
        name: str = "",
        by: "Ca | None" = None,
        at: timedelta = -HOUR,
        until: timedelta = DAY,
        extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
        others: int = 3,
    ) -> bytes:
        """Return a list; `name`: the address that it says it has; `by`: who signs it in this one's name."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(START + at)
            .next_update(START + until)
        )
        if name:
            builder = builder.add_extension(_part(name), critical=True)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        for leaf in revoked:
            builder = builder.add_revoked_certificate(_entry(leaf.certificate.serial_number))
        for number in range(others):
            builder = builder.add_revoked_certificate(_entry(1000 + number))
        signer = by or self
        return builder.sign(signer.key, hash_for(signer.key)).public_bytes(Encoding.DER)

    def _begun(self, name: str, key: Key, *, after: timedelta = YEAR) -> Builder:
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(START - YEAR)
            .not_valid_after(START + after)
        )


def _entry(serial: int) -> x509.RevokedCertificate:
    reason = x509.CRLReason(x509.ReasonFlags.superseded)
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(START - 2 * HOUR)
    return builder.add_extension(reason, critical=False).build()


def _part(name: str) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=[_uri(name)],
        relative_name=None,
        only_contains_user_certs=True,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )


@dataclass(slots=True, eq=False)
class Office:
    """Where an authority is asked. `answers` is what it says; `instead`, by path, whatever else it does."""

    answers: Callable[[x509.ocsp.OCSPRequest], bytes]
    lists: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    instead: Serve | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""

    async def serve(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split(b" ", 2)[1].decode()
        self.asked.append(path)
        if self.instead is not None:
            await self.instead(head, writer)
        elif path.startswith("/ocsp/"):
            question = ocsp.load_der_ocsp_request(b64decode(unquote(path.removeprefix("/ocsp/"))))
            writer.write(answer(self.answers(question), "Content-Type: application/ocsp-response"))
        elif path in self.lists:
            writer.write(answer(self.lists[path](), "Content-Type: application/pkix-crl"))
        else:
            writer.write(answer(b"", status="404 Not Found"))


@asynccontextmanager
async def open_office(office: Office) -> AsyncIterator[Office]:
    """Open the office on loopback; its `url` is then known."""
    async with HttpLab(office.serve) as lab:
        office.url = f"http://127.0.0.1:{lab.port}"
        yield office
