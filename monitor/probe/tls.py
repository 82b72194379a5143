"""Whom to trust over TLS, and which certificates a server sends."""

import ssl
from dataclasses import dataclass
from typing import Final

# X509_V_FLAG_NO_CHECK_TIME of openssl/x509_vfy.h; the ssl module has no name for it.
NO_CHECK_TIME: Final = 0x200000
_DER: Final = 2


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

    def do_handshake(self) -> None:
        """Go on with the handshake; a verification error carries the certificates as `peer_chain`."""
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as error:
            error.peer_chain = self.chain()  # type: ignore[attr-defined]  # what this class is for
            raise

    def chain(self) -> tuple[bytes, ...]:
        """Return the certificates that the server sent (DER), its own first; empty when it sent none.

        Verified or not. OpenSSL takes 100 kB of them. `get_unverified_chain` is public from Python 3.13
        on; before, it is on the C object, whose certificates give DER for `2` (ENCODING_DER of _ssl).
        """
        if hasattr(super(), "get_unverified_chain"):
            return tuple(super().get_unverified_chain())  # type: ignore[misc]  # Python 3.13
        sent = getattr(self, "_sslobj").get_unverified_chain()  # noqa: B009 - unknown to typeshed
        return tuple([certificate.public_bytes(_DER) for certificate in sent or ()])

    def verified_chain(self) -> tuple[bytes, ...]:
        """Return the certificates that were verified (DER), from the server's own up to one that is trusted.

        Public from Python 3.13 on, like the one above.
        """
        if hasattr(super(), "get_verified_chain"):
            return tuple(super().get_verified_chain())  # type: ignore[misc]  # Python 3.13
        verified = getattr(self, "_sslobj").get_verified_chain()  # noqa: B009 - unknown to typeshed
        return tuple([certificate.public_bytes(_DER) for certificate in verified or ()])

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
