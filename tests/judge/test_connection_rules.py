"""What the sentences about addresses and certificates name: from what was seen, and hostile texts too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from judge.world import START, TEXT, observe, page

from monitor.failure import Failure
from monitor.judge.diagnose import assess
from monitor.judge.view import look
from monitor.model import (
    ChainLink,
    HttpFacts,
    Memory,
    PageBaseline,
    Policy,
    Probe,
    TlsFacts,
    TriedAddress,
    Verdict,
)

DAY = timedelta(days=1)
TLS = TlsFacts(
    version="",
    cipher="",
    subject="parler.com",
    issuer="R3",
    issuer_organization="Let's Encrypt",
    not_before=START - 60 * DAY,
    not_after=START + 30 * DAY,
    sha256="aa",
    chain_sent=2,
)
OWN = "its own is valid until 2021-02-10 00:00 UTC"


def verdict(
    failure: Failure, tls: TlsFacts | None = None, *tried: TriedAddress, was_up: bool = True
) -> Verdict:
    facts = page(0, tls=tls, tried=tried) if tls or tried else None
    seen = replace(observe(Probe.HTTP, START, failure), facts=facts)
    baseline = PageBaseline(title="Parler", text_length=TEXT) if was_up else None
    return assess(look(Memory(baseline=baseline), seen, Policy()))


def link(subject: str, not_after: datetime | None) -> ChainLink:
    return ChainLink(sha256="bb", subject=subject, not_after=not_after)


@pytest.mark.parametrize(
    ("tls", "which"),
    [
        (replace(TLS, not_after=START - DAY), "its own was valid until 2021-01-10 00:00 UTC"),
        (
            replace(TLS, chain=(link("R3", START - DAY),)),
            f"“R3”, above its own, was valid until 2021-01-10 00:00 UTC; {OWN}",
        ),
        (
            replace(TLS, chain=(link("R3", START + DAY), link("", START - DAY))),
            f"a nameless one, above its own, was valid until 2021-01-10 00:00 UTC; {OWN}",
        ),
        (
            replace(TLS, chain=(link("R3", START + DAY), link("unreadable", None))),
            f"one above its own, which the server did not send; {OWN}",
        ),
        (None, "its own, or one above it"),
    ],
)  # fmt: skip
def test_which_link_of_the_chain_has_expired(tls: TlsFacts | None, which: str) -> None:
    told = verdict(Failure.TLS_EXPIRED, tls)
    assert (told.diagnosis, told.sentence) == ("tls.expired", f"The certificate has expired: {which}.")


@pytest.mark.parametrize(
    ("failure", "tls", "what"),
    [
        (Failure.TLS_HOSTNAME, TLS, "it is for parler.com"),
        (Failure.TLS_HOSTNAME, replace(TLS, subject=""), "it is for nobody"),
        (Failure.TLS_HOSTNAME, replace(TLS, names=tuple("abcdef")), "it is for a, b, c, d"),
        (Failure.TLS_NOT_YET_VALID, TLS, "it is valid from 2020-11-12 00:00 UTC only"),
        (
            Failure.TLS_UNTRUSTED,
            replace(TLS, issuer_organization=None, issuer="{who} %s"),
            "issued by {who} %s, it does not lead to an authority that is trusted",
        ),
        (Failure.TLS_HANDSHAKE, None, "the handshake fails"),
        (Failure.TLS_UNTRUSTED, None, "tls_untrusted"),
    ],
)
def test_what_is_wrong_with_a_certificate(failure: Failure, tls: TlsFacts | None, what: str) -> None:
    told = verdict(failure, tls)
    assert told.diagnosis == "tls.invalid"
    assert told.sentence.endswith(f"cannot be accepted: {what}.")


def tried(failure: Failure, *addresses: str) -> tuple[TriedAddress, ...]:
    return tuple(TriedAddress(address=address, failure=failure) for address in addresses)


def test_a_sentence_names_four_addresses_and_counts_the_others() -> None:
    told = verdict(
        Failure.TCP_REFUSED, None, *tried(Failure.TCP_REFUSED, *(f"192.0.2.{n}" for n in range(1, 8)))
    )
    assert told.sentence.endswith("192.0.2.4 (tcp_refused), 3 more.")


def test_no_way_by_ipv6_is_down_where_there_once_was_one() -> None:
    nowhere = tried(Failure.TCP_UNREACHABLE, "2001:db8::1")
    assert verdict(Failure.TCP_UNREACHABLE, None, *nowhere).diagnosis == "network.unreachable"
    assert verdict(Failure.TCP_UNREACHABLE, None, *nowhere, was_up=False).diagnosis == "undetermined"


def test_what_was_stored_before_addresses_were_told_is_judged_as_it_was() -> None:
    for failure in (Failure.TCP_REFUSED, Failure.TCP_TIMEOUT):
        told = verdict(failure, was_up=False)
        assert told.diagnosis == (
            "network.refused" if failure is Failure.TCP_REFUSED else "network.unreachable"
        )
    assert HttpFacts(url="https://parler.com/", status=0).tried == ()


def test_moments_are_told_in_utc() -> None:
    told = verdict(Failure.TLS_EXPIRED, replace(TLS, not_after=datetime(2021, 1, 1, tzinfo=UTC)))
    assert "until 2021-01-01 00:00 UTC" in told.sentence
