"""The closed vocabulary of what can go wrong on the wire.

A name is *operation + code*: what was being done, and how it ended. A failure is a fact of one
observation, never a judgement about the target: `monitor.judge` draws the conclusions. Every name
is documented in docs/failures.md, and every one is provoked on a real local server by a test.
"""

from enum import StrEnum
from typing import Final


class Failure(StrEnum):
    """What went wrong in one run of a check."""

    DNS_NXDOMAIN = "dns_nxdomain"
    DNS_NODATA = "dns_nodata"
    DNS_SERVFAIL = "dns_servfail"
    DNS_REFUSED = "dns_refused"
    DNS_TIMEOUT = "dns_timeout"
    DNS_UNREACHABLE = "dns_unreachable"
    DNS_MALFORMED = "dns_malformed"
    DNS_LOOP = "dns_loop"
    DNS_DISAGREEMENT = "dns_disagreement"
    ADDRESS_FORBIDDEN = "address_forbidden"
    TCP_REFUSED = "tcp_refused"
    TCP_RESET = "tcp_reset"
    TCP_TIMEOUT = "tcp_timeout"
    TCP_UNREACHABLE = "tcp_unreachable"
    TLS_EXPIRED = "tls_expired"
    TLS_NOT_YET_VALID = "tls_not_yet_valid"
    TLS_HOSTNAME = "tls_hostname"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_HANDSHAKE = "tls_handshake"
    TLS_TIMEOUT = "tls_timeout"
    HTTP_TIMEOUT = "http_timeout"
    HTTP_DISCONNECTED = "http_disconnected"
    HTTP_MALFORMED = "http_malformed"
    HTTP_HEADERS_TOO_LARGE = "http_headers_too_large"
    HTTP_TOO_MANY_REDIRECTS = "http_too_many_redirects"
    HTTP_BAD_REDIRECT = "http_bad_redirect"
    REGISTRATION_LIMITED = "registration_limited"
    REGISTRATION_UNREACHABLE = "registration_unreachable"
    REGISTRATION_TIMEOUT = "registration_timeout"
    REGISTRATION_UNPARSABLE = "registration_unparsable"
    REGISTRATION_NO_SERVER = "registration_no_server"
    REVOCATION_UNUSABLE = "revocation_unusable"
    LISTING_LIMITED = "listing_limited"
    LISTING_UNPARSABLE = "listing_unparsable"
    LOCAL_RESOURCES = "local_resources"
    MISSED = "missed"
    UNKNOWN = "unknown"


MEANING: Final[dict[Failure, str]] = {
    Failure.DNS_NXDOMAIN: "The resolver says that the name does not exist.",
    Failure.DNS_NODATA: "The name exists but has no address.",
    Failure.DNS_SERVFAIL: "The resolver got no answer from the zone's servers, or validation failed.",
    Failure.DNS_REFUSED: "The server refused to answer the question.",
    Failure.DNS_TIMEOUT: "No resolver answered in time.",
    Failure.DNS_UNREACHABLE: "No resolver could be reached.",
    Failure.DNS_MALFORMED: "The answer could not be parsed, or did not belong to the question.",
    Failure.DNS_LOOP: "The chain of aliases (CNAME) loops or is too long.",
    Failure.DNS_DISAGREEMENT: "One resolver has an address for the name, another says that there is none.",
    Failure.ADDRESS_FORBIDDEN: "The name leads to a private, loopback or link-local address.",
    Failure.TCP_REFUSED: "The address refused the connection.",
    Failure.TCP_RESET: "The connection was reset while it was being used.",
    Failure.TCP_TIMEOUT: "The address did not answer the connection attempt in time.",
    Failure.TCP_UNREACHABLE: "There is no route to the address.",
    Failure.TLS_EXPIRED: "The certificate, or one above it, is past its last day.",
    Failure.TLS_NOT_YET_VALID: "The certificate is not valid yet.",
    Failure.TLS_HOSTNAME: "The certificate is for another name.",
    Failure.TLS_UNTRUSTED: "The certificate does not lead to a trusted authority.",
    Failure.TLS_HANDSHAKE: "The TLS handshake failed before a certificate could be judged.",
    Failure.TLS_TIMEOUT: "The TLS handshake did not end in time.",
    Failure.HTTP_TIMEOUT: "The connection stood, but the answer did not arrive in time.",
    Failure.HTTP_DISCONNECTED: "The server closed the connection before a whole answer.",
    Failure.HTTP_MALFORMED: "What was answered is not HTTP.",
    Failure.HTTP_HEADERS_TOO_LARGE: "The headers of the answer exceed the limit.",
    Failure.HTTP_TOO_MANY_REDIRECTS: "The chain of redirects loops or is too long.",
    Failure.HTTP_BAD_REDIRECT: "A redirect leads to something that is no HTTP address.",
    Failure.REGISTRATION_LIMITED: "The registration server refused the question or limits its rate.",
    Failure.REGISTRATION_UNREACHABLE: "No registration server could be reached.",
    Failure.REGISTRATION_TIMEOUT: "The registration server did not answer in time.",
    Failure.REGISTRATION_UNPARSABLE: "The registration server gave an answer that could not be understood.",
    Failure.REGISTRATION_NO_SERVER: "No RDAP or WHOIS server is known for this top-level domain.",
    Failure.REVOCATION_UNUSABLE: "What the certificate's authority answered about it cannot be believed.",
    Failure.LISTING_LIMITED: "The app store refused the question, limits its rate, or sent us elsewhere.",
    Failure.LISTING_UNPARSABLE: "The app store gave an answer that says nothing about the app.",
    Failure.LOCAL_RESOURCES: "This machine ran out of file descriptors, ports or memory.",
    Failure.MISSED: "The check did not run when it was due.",
    Failure.UNKNOWN: "Something that this vocabulary does not know; logged once with its class.",
}

NOT_ASKED: Final[frozenset[Failure]] = frozenset({Failure.MISSED, Failure.LOCAL_RESOURCES, Failure.UNKNOWN})
"""The check did not run, or broke here: nobody was even asked."""

# Failures that say something about this machine or this run, and nothing about the target.
OURS: Final[frozenset[Failure]] = frozenset(
    {
        Failure.LOCAL_RESOURCES,
        Failure.MISSED,
        Failure.UNKNOWN,
        Failure.DNS_UNREACHABLE,
        Failure.DNS_DISAGREEMENT,
    }
)
