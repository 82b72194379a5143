"""Whom to trust over TLS, and what a certificate says about itself."""

import ssl
import warnings
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from monitor.failure import Failure
from monitor.model import TlsFacts
from monitor.probe.text import clean

# X509_V_FLAG_NO_CHECK_TIME of openssl/x509_vfy.h; the ssl module has no name for it.
NO_CHECK_TIME: Final = 0x200000
_NAMES: Final = 20
_NAME_LIMIT: Final = 200
_REMEMBERED: Final = 4096
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
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """Which authorities are believed, and by which clock certificates grow old.

    `by_clock`: the dates of the server's own certificate are judged by the clock handed to the
    client (a replay), and OpenSSL, which knows the machine's clock only, is told not to.
    """

    context: ssl.SSLContext
    by_clock: bool = False


class WitnessedSSLObject(ssl.SSLObject):
    """Keeps the certificate of a handshake that failed on it: an expired one is still a fact."""

    witnessed: bytes | None = None

    def do_handshake(self) -> None:
        """Go on with the handshake; a verification error carries the certificate as `peer_certificate`."""
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as error:
            error.peer_certificate = self._leaf()  # type: ignore[attr-defined]  # what this class is for
            raise

    def _leaf(self) -> bytes | None:
        """Return the first certificate that the server sent (DER), or None.

        `get_unverified_chain` is public from Python 3.13 on; before, it is on the C object.
        """
        if hasattr(super(), "get_unverified_chain"):
            der: list[bytes] = super().get_unverified_chain()  # type: ignore[misc]  # Python 3.13
            return der[0] if der else None
        chain = getattr(self, "_sslobj").get_unverified_chain()  # noqa: B009 - unknown to typeshed
        return bytes(ssl.PEM_cert_to_DER_cert(chain[0].public_bytes())) if chain else None

    def getpeercert(self, binary_form: bool = False) -> bytes | dict[str, object] | None:  # type: ignore[override]  # noqa: FBT001, FBT002 - the base class's signature
        """Return the certificate as DER; asyncio asks for the parsed form after each handshake, in vain."""
        return super().getpeercert(binary_form=True) if binary_form else {}


def prepare(trust: Trust) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts that verify and that do not.

    The first is `trust.context` itself, told to speak HTTP/1.1, to keep the certificates of failed
    handshakes and, if the trust is `by_clock`, not to look at dates.
    """
    lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    lenient.check_hostname = False
    lenient.verify_mode = ssl.CERT_NONE
    for context in (trust.context, lenient):
        context.set_alpn_protocols(("http/1.1",))
        context.sslobject_class = WitnessedSSLObject
    if trust.by_clock:
        trust.context.verify_flags |= NO_CHECK_TIME
    return trust.context, lenient


def system_trust() -> Trust:
    """Return the trust of this system: its store, or what SSL_CERT_FILE and SSL_CERT_DIR name."""
    return Trust(context=ssl.create_default_context())


def outdated(facts: TlsFacts, now: datetime) -> Failure | None:
    """Return how the certificate's dates fail at `now`, or None when they hold (RFC 5280, 4.1.2.5)."""
    if now > facts.not_after:
        return Failure.TLS_EXPIRED
    if now < facts.not_before:
        return Failure.TLS_NOT_YET_VALID
    return None


class Certificates:
    """Reads certificates, each once: remembers the latest by fingerprint."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._seen: OrderedDict[tuple[bytes, str, str], TlsFacts | None] = OrderedDict()

    def facts(self, der: bytes, *, version: str, cipher: str) -> TlsFacts | None:
        """Return what the certificate says, or None when it cannot be read."""
        key = (sha256(der).digest(), version, cipher)
        if key in self._seen:
            self._seen.move_to_end(key)
            return self._seen[key]
        facts = self._seen[key] = _read(der, version, cipher)
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return facts


def _read(der: bytes, version: str, cipher: str) -> TlsFacts | None:
    with warnings.catch_warnings():
        # cryptography warns about serial numbers and encodings that strangers chose.
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_der_x509_certificate(der)
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
            )
        except _UNREADABLE:
            return None


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
