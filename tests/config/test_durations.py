"""Durations and sizes as people write them."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.durations import parse_duration, parse_size, show_duration
from monitor.config.wording import MisfitError

T = TypeVar("T")
R = TypeVar("R")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60),
        ("5m", 300),
        ("24h", 86_400),
        ("500ms", 0.5),
        ("1d", 86_400),
        ("1h30m", 5_400),
        ("1h 30m", 5_400),
        (" 10 s ", 10),
        ("1.5s", 1.5),
        ("2m500ms", 120.5),
        ("0s1ms", 0.001),
    ],
)
def test_what_is_accepted(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["60", "s", "1x", "1m1m", "1s1m", "1e3s", "--1s", "1,5s", "1s!", "\uff11s", "1h-1m"]
)
def test_what_is_not(text: str) -> None:
    with pytest.raises(MisfitError):
        parse_duration(text)


@given(st.integers(min_value=1, max_value=3_660 * 86_400_000))
def test_what_is_shown_reads_back(milliseconds: int) -> None:
    assert parse_duration(show_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000, abs=1e-9)


def outcome(parse: Callable[[T], R], value: T) -> R | None:
    """Return what `parse` makes of the value; None: it gives a reason, and raises nothing else."""
    try:
        return parse(value)
    except MisfitError as error:
        reason = str(error)
    assert reason.isprintable()
    return None


ANYTHING = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from("0123456789.smhd -"), max_size=20),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.lists(st.integers(), max_size=2),
)


@given(ANYTHING)
def test_anything_is_a_duration_or_a_reason(value: object) -> None:
    assert 0 < (outcome(parse_duration, value) or 1) <= 3_660 * 86_400


@given(ANYTHING)
def test_anything_is_a_size_or_a_reason(value: object) -> None:
    assert (outcome(parse_size, value) or 0) >= 0


@pytest.mark.parametrize(
    ("text", "size"), [("512KiB", 524_288), ("1 MiB", 1_048_576), ("100kB", 100_000), ("7B", 7)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size
