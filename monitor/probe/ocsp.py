"""An authority's answer about one certificate: OCSP (RFC 6960), asked in the manner of RFC 5019.

Signed by the authority that issued the certificate, or by a responder that this authority has delegated by a
certificate of its own making. Whether that one is revoked is not asked: it lives for days or weeks.
"""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from monitor.model import RevocationState
from monitor.probe.proof import (
    SKEW,
    UNREADABLE,
    Pair,
    Said,
    UnusableError,
    believing_nothing,
    check_dates,
    is_signed,
    load,
)

_RESPONDERS: Final = 4
_ANSWERS: Final = 16
_ENDLESS: Final = timedelta(days=7)
"""For how long an answer without an end is good."""


def ocsp_question(pair: Pair) -> bytes:
    """Return the request for a certificate (DER); raises UnusableError when it cannot be made."""
    with believing_nothing("the certificate"):
        leaf, issuer = load(pair)
        # RFC 5019, 2.1.1: the names of issuers are hashed with SHA-1; nothing is proven by it.
        builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA1())  # noqa: S303
        return builder.build().public_bytes(Encoding.DER)


def read_ocsp(answer: bytes, pair: Pair, now: datetime) -> Said:
    """Return what an OCSP answer says about the certificate; raises UnusableError."""
    with believing_nothing("the OCSP answer"):
        response = ocsp.load_der_ocsp_response(answer)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            message = f"the OCSP server answers {response.response_status.name}"
            raise UnusableError(message)
        leaf, issuer = load(pair)
        _check_responder(response, issuer, now)
        return _of(_single(response, leaf, issuer), now)


def _check_responder(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    """Raise UnusableError unless the authority, or whom it has delegated, has signed the answer."""
    delegated = (one for one in response.certificates[:_RESPONDERS] if _is_delegated(one, issuer, now))
    for signer in (issuer, *delegated):
        if is_signed(
            signer.public_key(),
            response.signature,
            response.tbs_response_bytes,
            response.signature_hash_algorithm,
            response.signature_algorithm_oid,
        ):
            return
    message = "the OCSP answer is not signed by the authority of the certificate"
    raise UnusableError(message)


def _is_delegated(responder: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    """Tell whether the authority itself has certified a key for signing such answers (RFC 6960, 4.2.2.2)."""
    try:
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        responder.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return False
    in_date = responder.not_valid_before_utc - SKEW <= now <= responder.not_valid_after_utc + SKEW
    return in_date and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _single(
    response: ocsp.OCSPResponse, leaf: x509.Certificate, issuer: x509.Certificate
) -> ocsp.OCSPSingleResponse:
    """Return the part about this certificate; raises UnusableError when there is none."""
    for count, single in enumerate(response.responses):
        if count == _ANSWERS:
            break
        if single.serial_number != leaf.serial_number:
            continue
        question = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, single.hash_algorithm).build()
        asked = (question.issuer_name_hash, question.issuer_key_hash)
        if asked == (single.issuer_name_hash, single.issuer_key_hash):
            return single
    message = "the OCSP answer is about another certificate"
    raise UnusableError(message)


def _of(single: ocsp.OCSPSingleResponse, now: datetime) -> Said:
    begin = single.this_update_utc
    end = single.next_update_utc or begin + _ENDLESS
    check_dates("the OCSP answer", begin, end, now)
    if single.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return Said(state=RevocationState.GOOD)
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return Said(state=RevocationState.UNKNOWN)
    reason = single.revocation_reason
    return Said(
        state=RevocationState.REVOKED,
        revoked_at=single.revocation_time_utc,
        reason=reason.value if reason else None,
    )
