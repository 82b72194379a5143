"""An authority's list of all certificates that it has revoked: CRL (RFC 5280, 5 and 6.3).

Large authorities cut theirs into parts, and a certificate names the part that it would stand in. A part says
its own address, signed: otherwise somebody on the way could hand out one in which it never stood.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from monitor.model import RevocationState
from monitor.probe.proof import (
    UNREADABLE,
    Pair,
    Said,
    UnusableError,
    believing_nothing,
    check_dates,
    is_signed,
    load,
    over_http,
)

_LOW: Final = (1 << 64) - 1
_SHELF: Final = 4_096
_DER_LONG: Final = 0x80
_SEQUENCE: Final = 0x30
_UNDERSTOOD: Final = frozenset({ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.CRL_NUMBER})


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedList:
    """A list as it is kept: the lower half of every serial number in it. Eight bytes each."""

    shelves: tuple["array[int]", ...]
    """Sorted, each with the numbers that leave its place when they are divided by how many there are."""
    issuer: bytes
    """Fingerprint of the key that signed it."""
    names: tuple[str, ...]
    """Addresses under which certificates must name it; empty: it is of all of the authority's."""
    until: datetime

    def __len__(self) -> int:
        return sum(map(len, self.shelves))

    def may_hold(self, serial: int) -> bool:
        """Tell whether the number may stand in the list; if not, it does not."""
        low = serial & _LOW
        shelf = self.shelves[low % len(self.shelves)]
        at = bisect_left(shelf, low)
        return at < len(shelf) and shelf[at] == low


def read_list(answer: bytes, pair: Pair, now: datetime) -> tuple[RevokedList, Said]:
    """Return a list that the authority of the certificate has signed, and what it says about this one.

    Raises UnusableError.
    """
    with believing_nothing("the list"):
        revoked = x509.load_der_x509_crl(answer)
        leaf, issuer = load(pair)
        end, names = _check_list(revoked, answer, issuer, now)
        shelves, found = _read(revoked, leaf.serial_number)
        said = Said(state=RevocationState.GOOD)
        if found is not None:
            said = Said(
                state=RevocationState.REVOKED, revoked_at=found.revocation_date_utc, reason=_reason(found)
            )
        return RevokedList(shelves=shelves, issuer=key_of(pair), names=names, until=end), said


def _read(
    revoked: x509.CertificateRevocationList, serial: int
) -> tuple[tuple["array[int]", ...], x509.RevokedCertificate | None]:
    """Return the numbers, and the entry of one. In small steps: to sort all at once stops every thread."""
    shelves = tuple(array("Q") for _ in range(1 + len(revoked) // _SHELF))
    found = None
    for entry in revoked:
        number = entry.serial_number
        low = number & _LOW
        shelves[low % len(shelves)].append(low)
        if number == serial:
            found = entry
    return tuple(array("Q", sorted(shelf)) for shelf in shelves), found


def is_of(revoked: RevokedList, pair: Pair, urls: Sequence[str]) -> bool:
    """Tell whether a list is of the certificate's authority, and of the part that the certificate is in."""
    return revoked.issuer == key_of(pair) and (not revoked.names or not set(revoked.names).isdisjoint(urls))


def key_of(pair: Pair) -> bytes:
    """Return the fingerprint of the authority's key; raises UnusableError."""
    with believing_nothing("the authority's certificate"):
        key = x509.load_der_x509_certificate(pair.issuer).public_key()
        return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def serial_of(pair: Pair) -> int:
    """Return the serial number of the certificate; raises UnusableError."""
    with believing_nothing("the certificate"):
        return x509.load_der_x509_certificate(pair.leaf).serial_number


def _check_list(
    revoked: x509.CertificateRevocationList, der: bytes, issuer: x509.Certificate, now: datetime
) -> tuple[datetime, tuple[str, ...]]:
    """Return until when a list is good, and the addresses of its part (RFC 5280, 6.3.3).

    Raises UnusableError.
    """
    if revoked.issuer != issuer.subject or not _may_sign_lists(issuer):
        message = "the list is of another authority"
        raise UnusableError(message)
    end = revoked.next_update_utc
    if end is None:
        message = "the list does not say until when it is good"
        raise UnusableError(message)
    check_dates("the list", revoked.last_update_utc, end, now)
    names = _names_of(revoked)
    for extension in revoked.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            message = (
                f"the list says something critical that is not understood: {extension.oid.dotted_string}"
            )
            raise UnusableError(message)
    if not is_signed(
        issuer.public_key(),
        revoked.signature,
        _to_be_signed(der),
        revoked.signature_hash_algorithm,
        revoked.signature_algorithm_oid,
    ):
        message = "the list is not signed by the authority of the certificate"
        raise UnusableError(message)
    return end, names


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _names_of(revoked: x509.CertificateRevocationList) -> tuple[str, ...]:
    """Return the addresses of the part that a list is of; raises UnusableError for parts of other kinds."""
    try:
        point = revoked.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return ()
    others = point.only_contains_ca_certs or point.only_contains_attribute_certs or point.indirect_crl
    if others or point.only_some_reasons or point.relative_name is not None:
        message = "the list is not of all that is revoked of such certificates"
        raise UnusableError(message)
    names = tuple(over_http(point.full_name or ()))
    if point.full_name and not names:
        message = "the list has no address that could be compared with the certificate's"
        raise UnusableError(message)
    return names


def _reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except UNREADABLE:
        return None


def _to_be_signed(der: bytes) -> memoryview:
    """Return the signed part of a list as it came.

    cryptography would write all of it anew, which takes 40 ms a megabyte.
    """
    begin, _ = _contents(memoryview(der), 0)
    _, end = _contents(memoryview(der), begin)
    return memoryview(der)[begin:end]


def _contents(der: memoryview, at: int) -> tuple[int, int]:
    """Return where the contents of the sequence at a position begin and end (X.690); raises ValueError."""
    if len(der) < at + 2 or der[at] != _SEQUENCE:
        message = "no sequence"
        raise ValueError(message)
    length, begin = der[at + 1], at + 2
    if length & _DER_LONG:
        count = length & ~_DER_LONG
        length, begin = int.from_bytes(der[begin : begin + count], "big"), begin + count
    if begin + length > len(der):
        message = "a sequence that is cut off"
        raise ValueError(message)
    return begin, begin + length
