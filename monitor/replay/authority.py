"""Certificates of the small internet: authorities in memory, believed by nobody but the replay.

Every issuer that a scenario names is a root of its own, and certificates carry the dates of the
scenario. The client's dates are judged by the replay's clock (`Trust.by_clock`).
"""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from monitor.probe.tls import Trust
from monitor.replay.revocation import Issued, Issuer, named

_FOREVER: Final = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
_LONGEST_NAME: Final = 64  # of a common name, RFC 5280, upper bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a certificate is to say."""

    host: str
    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    trusted: bool
    way: str
    """How its authority can be asked whether it is revoked: `ocsp`, `crl` or `none`."""


class Authority:
    """Issues certificates as they are ordered, each once, and is trusted by `trust`."""

    def __init__(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.trust = Trust(context=context, by_clock=True)
        self.issued: dict[int, Issued] = {}
        """Certificates that can be asked about, by their serial number."""
        self._issuers: dict[tuple[str, bool], Issuer] = {}
        self._contexts: dict[Order, ssl.SSLContext] = {}

    def context(self, order: Order) -> ssl.SSLContext:
        """Return the server's side of a TLS connection with the certificate that was ordered."""
        known = self._contexts.get(order)
        if known is None:
            known = self._contexts[order] = self._issue(order)
        return known

    def _issue(self, order: Order) -> ssl.SSLContext:
        issuer = self._issuer(order.issuer, trusted=order.trusted)
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in order.names])
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(NameOID.COMMON_NAME, order.host))
            .issuer_name(issuer.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(order.not_before)
            .not_valid_after(order.not_after)
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        certificate = named(builder, order.way, issuer).sign(issuer.key, hashes.SHA256())
        if order.way != "none":
            self.issued[certificate.serial_number] = Issued(certificate, issuer, order.host)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return _server_side(certificate.public_bytes(Encoding.PEM) + private)

    def _issuer(self, name: str, *, trusted: bool) -> Issuer:
        issuer = self._issuers.get((name, trusted))
        if issuer is not None:
            return issuer
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _named(NameOID.ORGANIZATION_NAME, name)
        root = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_FOREVER[0])
            .not_valid_after(_FOREVER[1])
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        if trusted:
            self.trust.context.load_verify_locations(cadata=root.public_bytes(Encoding.PEM).decode())
        issuer = self._issuers[name, trusted] = Issuer(len(self._issuers), root, key)
        return issuer


def _named(kind: x509.ObjectIdentifier, text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, text[:_LONGEST_NAME])])


def _server_side(chain: bytes) -> ssl.SSLContext:
    """Return a context with certificate and key (PEM). The ssl module takes them from files only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    context.num_tickets = 0  # every connection is a fresh one: tickets would be made for nothing
    with TemporaryDirectory() as folder:
        path = Path(folder, "chain.pem")
        path.write_bytes(chain)
        context.load_cert_chain(path)
    return context
