"""What the authorities of the small internet say about their certificates: answers (OCSP) and lists (CRL).

They are at home at one address, and a certificate names them only where a scenario has it so.
"""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from monitor.replay.http_server import http_answer

HOST: Final = "pki.replay.example"
ADDRESS: Final = "192.175.48.30"
"""AS112's block, as the resolver's and the registries'."""
_OCSP: Final = "/ocsp/"
_CRL: Final = "/crl/"
_FRESH: Final = timedelta(hours=1)
_LASTS: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authority: its own certificate, and its key."""

    number: int
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that names the authority to be asked."""

    certificate: x509.Certificate
    issuer: Issuer
    host: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """Since when a certificate is revoked, and for what (the spelling of RFC 5280)."""

    at: datetime
    reason: str | None


Ask = Callable[[Issued], Revoked | None]
"""Tells whether a certificate is revoked now."""


def named(builder: x509.CertificateBuilder, way: str, issuer: Issuer) -> x509.CertificateBuilder:
    """Return the certificate to be, with whom to ask about it: by `ocsp`, by `crl`, or `none`."""
    if way == "ocsp":
        url = x509.UniformResourceIdentifier(f"http://{HOST}{_OCSP}")
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, url)
        return builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    if way == "crl":
        url = x509.UniformResourceIdentifier(f"http://{HOST}{_CRL}{issuer.number}")
        point = x509.DistributionPoint([url], None, None, None)
        return builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    return builder


def respond(path: str, issued: dict[int, Issued], revoked: Ask, now: datetime) -> bytes:
    """Return what is answered over HTTP to a question about a certificate."""
    try:
        if path.startswith(_OCSP):
            request = ocsp.load_der_ocsp_request(b64decode(unquote(path.removeprefix(_OCSP))))
            found = issued[request.serial_number]
            said = _answer(found, revoked(found), now)
            return http_answer(HTTPStatus.OK, said, kind="application/ocsp-response")
        number = int(path.removeprefix(_CRL))
        ours = [one for one in issued.values() if one.issuer.number == number]
        return http_answer(HTTPStatus.OK, _list(ours, revoked, now), kind="application/pkix-crl")
    except (ValueError, LookupError):
        return http_answer(HTTPStatus.NOT_FOUND, b"")


def _answer(about: Issued, revoked: Revoked | None, now: datetime) -> bytes:
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about.certificate,
        issuer=about.issuer.certificate,
        algorithm=hashes.SHA1(),  # noqa: S303 - RFC 5019, 2.1.1: it names, and proves nothing
        cert_status=status,
        this_update=now - _FRESH,
        next_update=now + _LASTS,
        revocation_time=revoked.at if revoked else None,
        revocation_reason=x509.ReasonFlags(revoked.reason) if revoked and revoked.reason else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, about.issuer.certificate)
    return builder.sign(about.issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _list(ours: list[Issued], revoked: Ask, now: datetime) -> bytes:
    issuer = ours[0].issuer  # LookupError: nobody's list
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - _FRESH)
        .next_update(now + _LASTS)
    )
    for one in ours:
        found = revoked(one)
        if found is not None:
            builder = builder.add_revoked_certificate(_entry(one, found))
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _entry(one: Issued, revoked: Revoked) -> x509.RevokedCertificate:
    entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
    entry = entry.revocation_date(revoked.at)
    if revoked.reason:
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(revoked.reason)), critical=False)
    return entry.build()
