"""What the two ways to ask about a certificate have in common: whom to ask, and what can be believed.

An authority says over plain HTTP whether it has revoked a certificate, at an address that stands in the
certificate. So nothing that it says is believed before its signature, and only where it is in date.
Pure, and for a thread.
"""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import AuthorityInformationAccessOID, SignatureAlgorithmOID

from monitor.model import RevocationState

SKEW: Final = timedelta(minutes=10)
_SERVERS: Final = 3
_URL_LIMIT: Final = 1000
# What cryptography raises on what breaks the rules; see monitor.probe.certificates.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    NotImplementedError,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
# A signature over anything weaker proves nothing.
_HASHES: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


class UnusableError(Exception):
    """What was answered says nothing that can be believed, or nothing about this certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Whom a certificate names to be asked about it: addresses over HTTP, in its order."""

    ocsp: tuple[str, ...] = ()
    crl: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the authority says."""

    state: RevocationState
    revoked_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate, and the one that issued it, as the handshake has verified them (DER)."""

    leaf: bytes
    issuer: bytes


@contextmanager
def believing_nothing(what: str) -> Iterator[None]:
    """Turn whatever a parser raises into UnusableError; strangers' oddities warn nobody."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except UNREADABLE as error:
            message = f"{what} cannot be read: {type(error).__name__}"
            raise UnusableError(message) from error


def load(pair: Pair) -> tuple[x509.Certificate, x509.Certificate]:
    """Return both certificates; raises what stands in `UNREADABLE`."""
    return x509.load_der_x509_certificate(pair.leaf), x509.load_der_x509_certificate(pair.issuer)


def servers_of(leaf: bytes) -> Servers:
    """Return whom a certificate (DER) names; nobody, where it cannot be read."""
    try:
        with believing_nothing("the certificate"):
            certificate = x509.load_der_x509_certificate(leaf)
            return Servers(ocsp=tuple(_responders(certificate)), crl=tuple(_lists(certificate)))
    except UnusableError:
        return Servers()


def _responders(certificate: x509.Certificate) -> Iterator[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return
    found = [one for one in access if one.access_method == AuthorityInformationAccessOID.OCSP]
    yield from over_http([one.access_location for one in found])


def _lists(certificate: x509.Certificate) -> Iterator[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return
    whole = [point for point in points if point.reasons is None and point.crl_issuer is None]
    yield from over_http([name for point in whole for name in point.full_name or ()])


def over_http(names: Sequence[x509.GeneralName]) -> list[str]:
    """Return the addresses over HTTP among names: three at most, of sober length."""
    urls = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return [url for url in urls if len(url) <= _URL_LIMIT and _is_http(url)][:_SERVERS]


def _is_http(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


def check_dates(what: str, begin: datetime, end: datetime, now: datetime) -> None:
    """Raise UnusableError unless an answer is in date, give or take clocks that differ."""
    if begin > now + SKEW:
        message = f"{what} is of the future, {begin:%Y-%m-%d %H:%M} UTC"
        raise UnusableError(message)
    if end < now - SKEW:
        message = f"{what} is out of date since {end:%Y-%m-%d %H:%M} UTC"
        raise UnusableError(message)


def is_signed(
    key: CertificatePublicKeyTypes,
    signature: bytes,
    signed: bytes | memoryview,
    algorithm: hashes.HashAlgorithm | None,
    kind: x509.ObjectIdentifier,
) -> bool:
    """Tell whether a key has signed something. Hashing lets other threads run; the rest is quick."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, bytes(signed))
            return True
        if algorithm is None or algorithm.name not in _HASHES:
            return False
        digest = _HASHES[algorithm.name](signed).digest()
        if isinstance(key, rsa.RSAPublicKey) and kind != SignatureAlgorithmOID.RSASSA_PSS:
            key.verify(signature, digest, padding.PKCS1v15(), Prehashed(algorithm))
            return True
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(Prehashed(algorithm)))
            return True
    except (InvalidSignature, *UNREADABLE):
        return False
    return False
