"""Is it us? What the controls say, and what the targets say against them."""

from datetime import datetime, timedelta

import pytest
from judge.world import START, observe, page, records

from monitor.failure import Failure
from monitor.judge.connectivity import Connectivity, answers
from monitor.model import HttpFacts, Observation, Probe, TlsFacts

NAMES = ("a", "b", "c", "d", "e")
TLS = TlsFacts(
    version="TLSv1.3",
    cipher="x",
    subject="x",
    issuer_organization=None,
    issuer="x",
    not_before=START,
    not_after=START,
    sha256="0" * 64,
)
SECURE = HttpFacts(url="https://control.example/", status=204, tls=TLS)
GOOD = SECURE
BAD = Failure.TCP_TIMEOUT


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def look(second: float, got: HttpFacts | Failure) -> Observation:
    return observe(Probe.HTTP, at(second), got)


def asked(us: Connectivity, second: float, *words: HttpFacts | Failure) -> bool | None:
    for name, word in zip(NAMES, words, strict=False):
        us.hear(name, look(second, word))
    return us.online


def watched(targets: int = 1) -> Connectivity:
    us = Connectivity(NAMES, targets)
    assert asked(us, 0, GOOD, GOOD, GOOD, GOOD, GOOD) is True
    return us


@pytest.mark.parametrize(
    ("got", "good"),
    [
        (SECURE, True),
        (HttpFacts(url="https://control.example/", status=503, tls=TLS), True),
        (HttpFacts(url="http://control.example/", status=204), True),
        # A portal: a page of its own for every address, or somebody else's certificate.
        (page(200), False),
        (HttpFacts(url="http://control.example/", status=200), False),
        (HttpFacts(url="http://portal.example/login", status=204, redirects=(object(),)), False),  # type: ignore[arg-type]
        (Failure.TLS_UNTRUSTED, False),
        (Failure.DNS_NXDOMAIN, False),
    ],
)
def test_a_control_answers_only_as_nobody_else_can(got: HttpFacts | Failure, good: object) -> None:
    assert answers(look(0, got)) is good


def test_a_name_has_to_have_an_address() -> None:
    assert answers(observe(Probe.DNS, START, records()))
    assert not answers(observe(Probe.DNS, START, records(a=())))


def test_most_have_to_fail_and_a_minority_is_their_own_trouble() -> None:
    us = watched()
    assert asked(us, 60, BAD, BAD, GOOD, GOOD, GOOD) is True
    assert asked(us, 120, BAD, BAD, BAD, GOOD, GOOD) is False
    assert us.since == at(120), "since the first was asked of those that count against us"
    assert asked(us, 180, GOOD, GOOD, GOOD, GOOD, GOOD) is True


def test_controls_that_never_answered_do_not_count() -> None:
    us = Connectivity(NAMES, 3)
    us.something_answered()
    assert asked(us, 0, BAD, BAD, BAD, BAD, BAD) is None
    assert us.heard_at is None, "nothing waits for whom nobody has ever heard"
    assert us.unheard
    assert asked(us, 60, GOOD, BAD, BAD, BAD, BAD) is True
    assert not us.unheard


def test_while_nothing_has_ever_answered_nothing_is_believed_until_a_target_does() -> None:
    us = Connectivity(NAMES, 3)
    assert asked(us, 0, BAD, BAD, BAD, BAD, BAD) is False
    assert us.target(look(5, Failure.TCP_TIMEOUT)) is False
    assert us.online is False
    assert us.target(look(9, page())) is True
    assert us.online is None


def test_without_controls_nothing_is_known_and_nothing_is_asked() -> None:
    us = Connectivity((), 3)
    us.target(look(0, BAD))
    assert (us.online, us.heard_at, us.ask(START)) == (None, None, None)


def test_targets_that_answer_under_their_certificates_outvote_the_controls() -> None:
    us = watched()
    us.target(look(30, SECURE))
    assert asked(us, 60, BAD, BAD, BAD, BAD, BAD) is False
    assert us.target(look(61, SECURE)) is True
    assert us.online is True
    # Then the link really goes: the looks that fail are the newer ones.
    for second in (121, 131, 141):
        us.target(look(second, BAD))
        asked(us, second + 1, BAD, BAD, BAD, BAD, BAD)
    assert us.online is False


def test_an_answer_in_the_clear_proves_nothing() -> None:
    us = watched()
    asked(us, 60, BAD, BAD, BAD, BAD, BAD)
    assert us.target(look(61, page())) is False
    assert us.online is False


def test_what_was_begun_before_the_return_was_seen_without_a_connection() -> None:
    us = watched()
    asked(us, 60, BAD, BAD, BAD, BAD, BAD)
    assert us.offline_during(look(65, BAD)) == at(60)
    asked(us, 90, GOOD, GOOD, GOOD, GOOD, GOOD)
    assert us.offline_during(look(85, BAD)) is not None
    assert us.offline_during(look(95, BAD)) is None


def test_controls_are_asked_at_most_every_five_seconds() -> None:
    us = watched()
    assert us.ask(at(0)) == 0
    assert us.ask(at(1)) == 4
    assert us.ask(at(2)) is None, "they are about to be asked"
    assert us.ask(at(6)) == 4
    assert us.ask(at(60)) == 0


@pytest.mark.parametrize("failure", [Failure.MISSED, Failure.LOCAL_RESOURCES, Failure.UNKNOWN])
def test_a_run_that_says_nothing_is_no_word(failure: Failure) -> None:
    us = watched()
    assert asked(us, 60, *[failure] * 5) is True
    assert us.heard_at == at(0)


def test_the_word_of_most_is_as_new_as_that_of_the_one_in_the_middle() -> None:
    us = watched()
    for name, second in zip(NAMES[:3], (10, 20, 30), strict=True):
        us.hear(name, look(second, GOOD))
    assert us.heard_at == at(10)


def test_after_a_restart_the_first_word_is_not_that_of_most() -> None:
    us = Connectivity(NAMES, 3)
    us.go_on(online=True, since=START, answered=NAMES)
    assert us.heard_at is not None, "a confirmation waits for the controls"
    assert us.heard_at < START
    assert asked(us, 60, BAD, BAD) is True
    assert us.heard_at < START
    assert asked(us, 61, BAD, BAD, GOOD, GOOD, GOOD) is True
    assert us.heard_at == at(61)


def test_after_a_restart_while_cut_off_one_answer_is_not_the_way_back() -> None:
    us = Connectivity(NAMES, 3)
    us.go_on(online=False, since=START, answered=NAMES)
    assert asked(us, 60, GOOD, BAD, BAD, BAD) is False
    assert us.since == START
    assert asked(us, 90, GOOD, GOOD, GOOD) is True
