"""Hypothesis against what reads the replies of strangers: for `FUZZ_S` seconds each, a minute in `make fuzz`.

Whatever comes, it becomes facts or a named failure, in bounded time; and a record of another domain
never becomes facts.
"""

import gc
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from servers.hand_clock import START
from servers.registration_lab import GOOD_WHOIS, good_rdap

from monitor.failure import Failure
from monitor.probe.bootstrap import Bootstrap, BootstrapError, read_bootstrap
from monitor.probe.error import ProbeError
from monitor.probe.iana import read_iana
from monitor.probe.rdap import read_rdap
from monitor.probe.rdap_answers import retry_after_s, validators_of
from monitor.probe.whois_client import decode
from monitor.probe.whois_parser import Reading
from monitor.probe.whois_reading import read_whois

FUZZ_S = float(os.environ.get("FUZZ_S", "1"))
EXAMPLES = 200
SLOW_S = 0.25
REGISTRATION = {failure for failure in Failure if failure.startswith("registration_")}
KNOWN = Bootstrap.bundled()
GOOD = GOOD_WHOIS.encode()
RECORD = json.dumps(good_rdap()).encode()
IANA = b"% This query returned 1 object\ndomain: RU\nwhois: whois.tcinet.ru\nstatus: ACTIVE\n"

_WORDS = st.sampled_from(
    [b"", b":", b"\r\n", b"\xff", b"\x00", b"Domain Name: OTHER.TEST", b"Registrar:", b'"', b"[", b"}"]
)

T = TypeVar("T")


def bent(good: bytes) -> st.SearchStrategy[bytes]:
    """Return good replies with parts cut out, doubled, replaced and put in, and some that are noise."""
    place = st.integers(0, len(good))
    cut = st.tuples(place, place, st.binary(max_size=40) | _WORDS, st.integers(0, 3))

    def bend(cuts: list[tuple[int, int, bytes, int]]) -> bytes:
        reply = good
        for begin, end, put, times in cuts:
            reply = reply[:begin] + put * times + reply[end:]
        return reply[:60_000]

    return st.lists(cut, max_size=6).map(bend) | st.binary(max_size=300)


@dataclass(frozen=True, slots=True)
class Answer:
    """An exchange as the RDAP reader sees it."""

    body: bytes
    status: int = 200
    url: str = "https://rdap.example/domain/example.test"
    headers: tuple[tuple[str, str], ...] = ()
    truncated: bool = False


def whois(reply: bytes) -> None:
    record = read_whois("example.test", decode(reply))
    assert record.reading in Reading
    if record.reading is not Reading.REGISTERED:
        assert not record.name_servers
        assert record.registrar_name is None


def refused_or(failures: set[Failure], read: Callable[[], T]) -> T | None:
    """Return what was read; None when it was refused with one of the failures."""
    named: set[Failure] = set()
    read_so_far: T | None = None
    try:
        read_so_far = read()
    except ProbeError as error:
        named.add(error.failure)
    assert named <= failures
    return read_so_far


def rdap(reply: bytes) -> None:
    facts = refused_or(REGISTRATION, lambda: read_rdap("example.test", Answer(reply)))
    if facts is not None and facts.registered:
        name = json.loads(reply)
        assert "example.test" in {
            str(name.get(key)).strip(". ").lower() for key in ("ldhName", "unicodeName")
        }


def iana(reply: bytes) -> None:
    server = refused_or({Failure.REGISTRATION_UNPARSABLE}, lambda: read_iana("ru", decode(reply)))
    assert server is None or "." in server


def bootstrap(reply: bytes) -> None:
    with pytest.raises(BootstrapError):
        read_bootstrap(reply, KNOWN)


def headers(reply: bytes) -> None:
    text = decode(reply)
    retry_after_s(text, START)
    for name, value in validators_of((("etag", text), ("last-modified", text))).conditions:
        assert (name + value).isprintable()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("read", "good"),
    [
        (whois, GOOD),
        (rdap, RECORD),
        (iana, IANA),
        (bootstrap, RECORD),
        (headers, b"Tue, 24 Nov 2026 12:00:00 GMT"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_whatever_comes_is_read_or_refused(read: Callable[[bytes], None], good: bytes) -> None:
    begun, slowest = time.monotonic(), 0.0
    gc.freeze()  # what the tests before have left is not this reader's to look through
    for number in range(1_000_000):

        @seed(number)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(bent(good))
        def batch(reply: bytes) -> None:
            nonlocal slowest
            at = time.thread_time()
            read(reply)
            slowest = max(slowest, time.thread_time() - at)

        batch()
        if time.monotonic() - begun > FUZZ_S:
            break
    gc.unfreeze()
    assert slowest < SLOW_S
