"""The table of exceptions: by type, number and cause, never by text."""

import asyncio
import errno
import socket
import ssl

import aiohttp
import pytest
from aiohttp import http_exceptions
from hypothesis import given
from hypothesis import strategies as st

from monitor.failure import Failure
from monitor.probe.classify import chain, class_chain, classify
from monitor.probe.error import ProbeError


def verification(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    error.verify_message = "as OpenSSL says"
    return error


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ProbeError(Failure.DNS_LOOP), Failure.DNS_LOOP),
        (OSError(errno.ECONNREFUSED, ""), Failure.TCP_REFUSED),
        (OSError(errno.ECONNRESET, ""), Failure.TCP_RESET),
        (OSError(errno.EPIPE, ""), Failure.TCP_RESET),
        (OSError(errno.ENETUNREACH, ""), Failure.TCP_UNREACHABLE),
        (OSError(errno.EHOSTUNREACH, ""), Failure.TCP_UNREACHABLE),
        (OSError(errno.ENETDOWN, ""), Failure.TCP_UNREACHABLE),
        (OSError(errno.EADDRNOTAVAIL, ""), Failure.TCP_UNREACHABLE),
        (OSError(errno.ETIMEDOUT, ""), Failure.TCP_TIMEOUT),
        (OSError(errno.EMFILE, ""), Failure.LOCAL_RESOURCES),
        (OSError(errno.ENFILE, ""), Failure.LOCAL_RESOURCES),
        (OSError(errno.ENOBUFS, ""), Failure.LOCAL_RESOURCES),
        (OSError(errno.ENOMEM, ""), Failure.LOCAL_RESOURCES),
        (MemoryError(), Failure.LOCAL_RESOURCES),
        (ConnectionRefusedError(), Failure.TCP_REFUSED),
        (ConnectionResetError(), Failure.TCP_RESET),
        (TimeoutError(), Failure.HTTP_TIMEOUT),
        (verification(9), Failure.TLS_NOT_YET_VALID),
        (verification(10), Failure.TLS_EXPIRED),
        (verification(18), Failure.TLS_UNTRUSTED),
        (verification(19), Failure.TLS_UNTRUSTED),
        (verification(20), Failure.TLS_UNTRUSTED),
        (verification(21), Failure.TLS_UNTRUSTED),
        (verification(62), Failure.TLS_HOSTNAME),
        (verification(64), Failure.TLS_HOSTNAME),
        (verification(12345), Failure.TLS_UNTRUSTED),
        (ssl.SSLError(errno.ECONNREFUSED, "its numbers are OpenSSL's"), Failure.TLS_HANDSHAKE),
        (aiohttp.ServerDisconnectedError(), Failure.HTTP_DISCONNECTED),
        (aiohttp.ClientPayloadError(), Failure.HTTP_DISCONNECTED),
        (aiohttp.ClientOSError(errno.ECONNRESET, "reset"), Failure.TCP_RESET),
        (aiohttp.InvalidURL("x"), Failure.HTTP_BAD_REDIRECT),
        (http_exceptions.BadStatusLine(), Failure.HTTP_MALFORMED),
        (http_exceptions.LineTooLong(b"x", 1), Failure.HTTP_HEADERS_TOO_LARGE),
        (asyncio.IncompleteReadError(b"", 1), Failure.HTTP_DISCONNECTED),
        (ExceptionGroup("many", [OSError(errno.EMFILE, "")]), Failure.LOCAL_RESOURCES),
        (socket.gaierror(socket.EAI_NONAME, "no such name"), Failure.UNKNOWN),
        (OSError(9999, "unheard of"), Failure.UNKNOWN),
        (ZeroDivisionError(), Failure.UNKNOWN),
        (ValueError("Connection refused"), Failure.UNKNOWN),
    ],
)
def test_each_kind(error: BaseException, failure: Failure) -> None:
    assert classify(error)[0] is failure


def caused(outer: BaseException, inner: BaseException) -> BaseException:
    outer.__cause__ = inner
    return outer


def test_the_cause_says_what_the_wrapper_hides() -> None:
    wrapped = caused(aiohttp.ClientError(), caused(RuntimeError(), OSError(errno.ECONNREFUSED, "x")))
    assert classify(wrapped)[0] is Failure.TCP_REFUSED
    line = caused(http_exceptions.HttpProcessingError(), http_exceptions.LineTooLong(b"x", 1))
    assert classify(line)[0] is Failure.HTTP_HEADERS_TOO_LARGE
    alert = caused(aiohttp.ClientOSError(1, "alert"), ssl.SSLError(1, "alert"))
    assert classify(alert)[0] is Failure.TLS_HANDSHAKE


def test_a_context_that_was_suppressed_does_not_count() -> None:
    error = ZeroDivisionError()
    error.__context__ = OSError(errno.EMFILE, "earlier")
    assert classify(error)[0] is Failure.LOCAL_RESOURCES
    error.__suppress_context__ = True
    assert classify(error)[0] is Failure.UNKNOWN


def test_a_circle_of_causes_ends() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert list(chain(one)) == [one, two]
    assert class_chain(one) == "builtins.ValueError < builtins.ValueError"


@given(st.text())
def test_a_detail_is_one_clean_line(text: str) -> None:
    for error in (ValueError(text), ProbeError(Failure.UNKNOWN, text), OSError(text)):
        _failure, detail = classify(error)
        assert len(detail) <= 300
        assert detail.isprintable() or not any(ord(c) < 32 for c in detail)
        detail.encode("utf-8")
