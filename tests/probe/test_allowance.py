"""Tokens and rests, by a clock that is passed in."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.probe.allowance import (
    LONGEST_LIMITED_S,
    LONGEST_RETRY_AFTER_S,
    LONGEST_UNREACHABLE_S,
    Allowance,
    Rate,
)
from monitor.probe.outcome import Outcome

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def allowance(per_s: float = 1.0, burst: int = 3) -> Allowance:
    return Allowance(Rate(per_s=per_s, burst=burst), NOW)


def rest_s(held: Allowance, at: datetime) -> float:
    rest = held.resting(at)
    return (rest.until - at).total_seconds() if rest else 0.0


def test_a_burst_and_then_the_rate() -> None:
    held, at, waited = allowance(), NOW, []
    for _ in range(6):
        wait_s = held.ready_in(at)
        waited.append(round(wait_s, 3))
        at += timedelta(seconds=wait_s)
        held.take(at)
    assert waited == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    assert held.ready_in(at, behind=4) == pytest.approx(5.0, abs=1e-3)


def test_calm_time_gives_no_more_than_a_burst() -> None:
    held = allowance()
    assert held.tokens(after(86_400)) == 3.0


def test_an_allowance_of_a_day_is_kept_over_a_day() -> None:
    held, at, asked = Allowance(Rate(per_s=1000 / 86_400, burst=1), NOW), NOW, 0
    while at < after(86_400):
        at += timedelta(seconds=held.ready_in(at))
        held.take(at)
        asked += 1
    assert asked in {1001, 1002}


def test_a_clock_that_is_set_back_makes_no_tokens_and_takes_none() -> None:
    held = allowance()
    held.take(after(100))
    assert held.tokens(after(-3600)) == 2.0
    assert held.tokens(after(-3599)) == 3.0


@pytest.mark.parametrize(
    ("outcome", "first_s", "longest_s"),
    [
        (Outcome.LIMITED, 300.0, LONGEST_LIMITED_S),
        (Outcome.UNREACHABLE, 30.0, LONGEST_UNREACHABLE_S),
    ],
)
def test_rests_grow_and_are_bounded(outcome: Outcome, first_s: float, longest_s: float) -> None:
    held, at, rests = allowance(), NOW, []
    for _ in range(40):
        assert held.note(outcome, at, reached=False)
        rests.append(rest_s(held, at))
        at += timedelta(seconds=rests[-1])
        assert held.resting(at) is None
    assert rests[:3] == [first_s, 2 * first_s, 4 * first_s]
    assert rests == sorted(rests)
    assert rests[-1] == longest_s


def test_one_question_goes_out_after_a_rest_and_its_answer_opens_the_bucket() -> None:
    held = allowance(per_s=0.001)
    held.note(Outcome.LIMITED, NOW, reached=True)
    assert held.on_trial
    assert held.ready_in(NOW) == 300.0
    at = after(300)
    assert held.ready_in(at) == 0.0
    held.take(at)
    assert held.ready_in(at) > 900
    held.note(Outcome.ANSWERED, at, reached=True)
    assert not held.on_trial
    held.note(Outcome.LIMITED, at, reached=True)
    assert rest_s(held, at) == 300.0  # not doubled: it had answered


def test_what_was_in_flight_when_a_rest_began_does_not_lengthen_it_nor_end_it() -> None:
    held = allowance()
    assert held.note(Outcome.LIMITED, NOW, reached=True)
    assert not held.note(Outcome.LIMITED, after(1), reached=True)
    assert not held.note(Outcome.ANSWERED, after(1), reached=True)
    assert rest_s(held, NOW) == 300.0


@pytest.mark.parametrize(
    ("told_s", "expected_s"),
    [(0.0, 1.0), (7.0, 7.0), (7200.0, 7200.0), (10.0**9, LONGEST_RETRY_AFTER_S)],
)
def test_retry_after_is_honoured_within_a_day(told_s: float, expected_s: float) -> None:
    held = allowance()
    held.note(Outcome.LIMITED, NOW, reached=True, retry_after_s=told_s)
    assert rest_s(held, NOW) == expected_s


def test_a_server_that_stumbles_over_one_name_is_not_left_alone() -> None:
    """An error page, or an answer that does not come, may be about one domain; two in a row are not."""
    held = allowance()
    assert not held.note(Outcome.UNREACHABLE, NOW, reached=True)
    held.note(Outcome.ANSWERED, NOW, reached=True)
    assert not held.note(Outcome.UNREACHABLE, NOW, reached=True)
    assert held.note(Outcome.UNREACHABLE, NOW, reached=True)


def test_not_understood_is_no_reason_to_rest() -> None:
    held = allowance()
    assert not held.note(Outcome.UNPARSABLE, NOW, reached=True)
    assert not held.note(Outcome.NOT_REGISTERED, NOW, reached=True)
    assert held.resting(NOW) is None


def test_a_clock_that_was_set_back_by_years_makes_no_rest_longer_than_it_was_meant() -> None:
    held = allowance()
    held.note(Outcome.UNREACHABLE, after(10 * 365 * 86_400), reached=False)
    assert rest_s(held, NOW) == 30.0
    assert held.resting(after(30)) is None
