"""The one table from exceptions to failures.

Decides on types, error numbers and OpenSSL's verify codes; never on the text of a message. The
whole chain of causes is looked through, since aiohttp wraps what the parser or the socket said.
"""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import aiohttp
from aiohttp import http_exceptions

from monitor.failure import Failure
from monitor.probe.attempt import Phase
from monitor.probe.error import ProbeError
from monitor.probe.text import clean

DETAIL_LIMIT: Final = 300
_CHAIN_LIMIT: Final = 16

_ERRNO: Final = {
    errno.ECONNREFUSED: Failure.TCP_REFUSED,
    errno.ECONNRESET: Failure.TCP_RESET,
    errno.ECONNABORTED: Failure.TCP_RESET,
    errno.EPIPE: Failure.TCP_RESET,
    errno.ESHUTDOWN: Failure.TCP_RESET,
    errno.ENETUNREACH: Failure.TCP_UNREACHABLE,
    errno.EHOSTUNREACH: Failure.TCP_UNREACHABLE,
    errno.ENETDOWN: Failure.TCP_UNREACHABLE,
    errno.EHOSTDOWN: Failure.TCP_UNREACHABLE,
    errno.EADDRNOTAVAIL: Failure.TCP_UNREACHABLE,
    errno.EAFNOSUPPORT: Failure.TCP_UNREACHABLE,
    errno.ETIMEDOUT: Failure.TCP_TIMEOUT,
    errno.EMFILE: Failure.LOCAL_RESOURCES,
    errno.ENFILE: Failure.LOCAL_RESOURCES,
    errno.ENOBUFS: Failure.LOCAL_RESOURCES,
    errno.ENOMEM: Failure.LOCAL_RESOURCES,
}

# X509_V_ERR_* of openssl/x509_vfy.h; every other code is TLS_UNTRUSTED.
_VERIFY: Final = {
    9: Failure.TLS_NOT_YET_VALID,  # CERT_NOT_YET_VALID
    10: Failure.TLS_EXPIRED,  # CERT_HAS_EXPIRED
    62: Failure.TLS_HOSTNAME,  # HOSTNAME_MISMATCH
    64: Failure.TLS_HOSTNAME,  # IP_ADDRESS_MISMATCH
}

# Looked for in the whole chain first: these say exactly what happened.
_EXACT: Final[dict[type[BaseException], Failure]] = {
    http_exceptions.LineTooLong: Failure.HTTP_HEADERS_TOO_LARGE,
    http_exceptions.ContentLengthError: Failure.HTTP_DISCONNECTED,
    http_exceptions.TransferEncodingError: Failure.HTTP_DISCONNECTED,
    asyncio.IncompleteReadError: Failure.HTTP_DISCONNECTED,
    MemoryError: Failure.LOCAL_RESOURCES,
}
# Then these, which say it roughly.
_ROUGH: Final[dict[type[BaseException], Failure]] = {
    ssl.SSLError: Failure.TLS_HANDSHAKE,
    http_exceptions.HttpProcessingError: Failure.HTTP_MALFORMED,
    aiohttp.ClientPayloadError: Failure.HTTP_DISCONNECTED,
    aiohttp.ServerDisconnectedError: Failure.HTTP_DISCONNECTED,
    aiohttp.InvalidURL: Failure.HTTP_BAD_REDIRECT,
    ConnectionRefusedError: Failure.TCP_REFUSED,
    ConnectionError: Failure.TCP_RESET,
    aiohttp.EofStream: Failure.HTTP_DISCONNECTED,
    EOFError: Failure.HTTP_DISCONNECTED,
    TimeoutError: Failure.HTTP_TIMEOUT,
}
TIMEOUTS: Final = {
    Phase.RESOLVE: Failure.DNS_TIMEOUT,
    Phase.CONNECT: Failure.TCP_TIMEOUT,
    Phase.TLS: Failure.TLS_TIMEOUT,
    Phase.HTTP: Failure.HTTP_TIMEOUT,
}


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and what caused it, outermost first; a group stands for its first member."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < _CHAIN_LIMIT:
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            current = current.exceptions[0]
        elif current.__cause__ is not None or current.__suppress_context__:
            current = current.__cause__
        else:
            current = getattr(current, "os_error", None) or current.__context__


def class_chain(error: BaseException) -> str:
    """Return the names of the classes in the chain: what an unknown failure is logged under."""
    return " < ".join(f"{type(e).__module__}.{type(e).__qualname__}" for e in chain(error))


def _exactly(error: BaseException) -> Failure | None:
    if isinstance(error, ProbeError):
        return error.failure
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY.get(error.verify_code, Failure.TLS_UNTRUSTED)
    # OpenSSL and getaddrinfo keep numbers of their own in `errno`.
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError | socket.gaierror):
        found = _ERRNO.get(error.errno or 0)
        if found:
            return found
    return _of_class(error, _EXACT)


def _of_class(error: BaseException, table: dict[type[BaseException], Failure]) -> Failure | None:
    for cls in type(error).__mro__:
        found = table.get(cls)
        if found:
            return found
    return None


def _detail(error: BaseException) -> str:
    if isinstance(error, ProbeError):
        return error.detail
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(getattr(error, "verify_message", "")) or type(error).__name__
    if isinstance(error, ssl.SSLError):
        return getattr(error, "reason", None) or type(error).__name__
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def classify(error: BaseException) -> tuple[Failure, str]:
    """Return the failure that `error` means, and a sentence for people (300 characters at most).

    What the tables do not know is `Failure.UNKNOWN`; the detail then is the chain of classes.
    """
    links = tuple(chain(error))
    for link in links:
        found = _exactly(link)
        if found:
            return found, clean(_detail(link), DETAIL_LIMIT)
    for link in links:
        found = _of_class(link, _ROUGH)
        if found:
            # The innermost link of that class says it best: aiohttp copies the outer ones.
            last = [other for other in links if _of_class(other, _ROUGH) == found][-1]
            return found, clean(_detail(last), DETAIL_LIMIT)
    return Failure.UNKNOWN, clean(f"{class_chain(error)}: {error}", DETAIL_LIMIT)
