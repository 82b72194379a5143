"""What a certificate says about itself, and what stands above it in the chain that was sent."""

import warnings
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from monitor.failure import Failure
from monitor.model import ChainLink, TlsFacts
from monitor.probe.text import clean

_NAMES: Final = 20
_NAME_LIMIT: Final = 200
_SERIAL_LIMIT: Final = 64
_LINKS: Final = 6
_REMEMBERED: Final = 4096
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
# What cryptography raises on certificates that break the rules; half of it was met by a fuzzer only.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_SIGNATURES: Final = {
    SignatureAlgorithmOID.RSA_WITH_SHA1: "RSA with SHA-1",
    SignatureAlgorithmOID.RSA_WITH_SHA256: "RSA with SHA-256",
    SignatureAlgorithmOID.RSA_WITH_SHA384: "RSA with SHA-384",
    SignatureAlgorithmOID.RSA_WITH_SHA512: "RSA with SHA-512",
    SignatureAlgorithmOID.RSASSA_PSS: "RSA-PSS",
    SignatureAlgorithmOID.ECDSA_WITH_SHA256: "ECDSA with SHA-256",
    SignatureAlgorithmOID.ECDSA_WITH_SHA384: "ECDSA with SHA-384",
    SignatureAlgorithmOID.ECDSA_WITH_SHA512: "ECDSA with SHA-512",
    SignatureAlgorithmOID.ED25519: "Ed25519",
    SignatureAlgorithmOID.ED448: "Ed448",
}


def outdated(facts: TlsFacts, now: datetime) -> Failure | None:
    """Return how the certificate's dates fail at `now`, or None when they hold (RFC 5280, 4.1.2.5)."""
    if now > facts.not_after:
        return Failure.TLS_EXPIRED
    if now < facts.not_before:
        return Failure.TLS_NOT_YET_VALID
    return None


class Certificates:
    """Reads certificates, each once: remembers the latest by fingerprint, and the chains they came in."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._seen: OrderedDict[tuple[object, ...], TlsFacts | None] = OrderedDict()
        # Thousands of sites share a few intermediates: they are read once, and are one object each.
        self._links: OrderedDict[bytes, ChainLink] = OrderedDict()

    def facts(self, chain: Sequence[bytes], *, version: str, cipher: str) -> TlsFacts | None:
        """Return what the first certificate says, and what was sent above it (DER).

        None when there is none, or when it cannot be read.
        """
        if not chain:
            return None
        # Links are told apart by Python's hash, which strangers cannot foresee: it costs next to nothing.
        key = (sha256(chain[0]).digest(), version, cipher, len(chain), *map(hash, chain[1 : _LINKS + 1]))
        if key in self._seen:
            self._seen.move_to_end(key)
            return self._seen[key]
        links = tuple([self._link(der) for der in chain[1 : _LINKS + 1]])
        facts = _read(chain[0], version, cipher)
        if facts is not None:
            facts = replace(facts, chain=links, chain_sent=len(chain))
        self._seen[key] = facts
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return facts

    def _link(self, der: bytes) -> ChainLink:
        fingerprint = sha256(der)
        link = self._links.get(fingerprint.digest())
        if link is None:
            link = self._links[fingerprint.digest()] = _read_link(der, fingerprint.hexdigest())
            if len(self._links) > self._remembered:
                self._links.popitem(last=False)
        return link


def _read(der: bytes, version: str, cipher: str) -> TlsFacts | None:
    with warnings.catch_warnings():
        # cryptography warns about serial numbers and encodings that strangers chose.
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_der_x509_certificate(der)
            key_type, key_bits = _key(certificate)
            return TlsFacts(
                version=version,
                cipher=cipher,
                subject=_attribute(certificate, "subject", NameOID.COMMON_NAME) or "",
                issuer_organization=_attribute(certificate, "issuer", NameOID.ORGANIZATION_NAME),
                issuer=_attribute(certificate, "issuer", NameOID.COMMON_NAME) or "",
                not_before=_date(certificate, "not_valid_before_utc", _EARLIEST),
                not_after=_date(certificate, "not_valid_after_utc", _LATEST),
                sha256=sha256(der).hexdigest(),
                names=_names(certificate),
                serial=f"{certificate.serial_number:x}"[:_SERIAL_LIMIT],
                key_type=key_type,
                key_bits=key_bits,
                signature=_signature(certificate),
            )
        except _UNREADABLE:
            return None


def _read_link(der: bytes, fingerprint: str) -> ChainLink:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # see _read
        try:
            certificate = x509.load_der_x509_certificate(der)
            return ChainLink(
                sha256=fingerprint,
                subject=_attribute(certificate, "subject", NameOID.COMMON_NAME) or "",
                issuer=_attribute(certificate, "issuer", NameOID.COMMON_NAME) or "",
                organization=_attribute(certificate, "subject", NameOID.ORGANIZATION_NAME),
                not_after=_date(certificate, "not_valid_after_utc", _LATEST),
            )
        except _UNREADABLE:
            return ChainLink(sha256=fingerprint)


def _key(certificate: x509.Certificate) -> tuple[str | None, int | None]:
    """Return kind and size in bits of the public key; two None for one that cannot be read."""
    try:
        key = certificate.public_key()
    except _UNREADABLE:
        return None, None
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}", key.key_size
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519", 256
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448", 456
    return None, None


def _signature(certificate: x509.Certificate) -> str | None:
    try:
        number = certificate.signature_algorithm_oid
    except _UNREADABLE:
        return None
    return _SIGNATURES.get(number) or clean(number.dotted_string, _SERIAL_LIMIT)


def _attribute(
    certificate: x509.Certificate, side: Literal["subject", "issuer"], oid: x509.ObjectIdentifier
) -> str | None:
    try:
        found = (certificate.subject if side == "subject" else certificate.issuer).get_attributes_for_oid(oid)
    except _UNREADABLE:  # such as a name that is not in the charset that it says
        return None
    if not found:
        return None
    value = found[0].value
    return clean(value if isinstance(value, str) else value.decode("latin-1"), _NAME_LIMIT)


def _date(
    certificate: x509.Certificate,
    which: Literal["not_valid_before_utc", "not_valid_after_utc"],
    otherwise: datetime,
) -> datetime:
    """Return the date; one that is outside of the calendar bounds nothing."""
    try:
        date: datetime = getattr(certificate, which)
    except _UNREADABLE:
        return otherwise
    return date


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except _UNREADABLE:
        return ()
    return tuple(_first(extension.value))


def _first(names: Iterable[x509.GeneralName]) -> Iterable[str]:
    count = 0
    for name in names:
        if isinstance(name, x509.DNSName | x509.IPAddress):
            yield clean(str(name.value), _NAME_LIMIT)
            count += 1
        if count == _NAMES:
            return
