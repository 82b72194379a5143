"""Words for a page."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.export.plain import ago, duration, exact, moment, plain, share

NOW = datetime(2021, 1, 17, 12, 0, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Parler", "Parler"),
        ("  two \t words\r\n", "two words"),
        ("a\u202eb\u2066c\u200bd\ufeffe\u061cf", "abcdef"),
        ("a\x00b\x1b[31mc\x7f\x85", "ab[31mc"),
        ("one\u2028two\u2029three", "one two three"),
        ("caf\u00e9 \u65e5\u672c \u0627\u0644", "caf\u00e9 \u65e5\u672c \u0627\u0644"),
        ("a" + "\u0301" * 9, "a" + "\u0301" * 4),
        ("\ud800\ue000\U000e0041x", "x"),
        ("x" * 300, "x" * 199 + "\u2026"),
        ("\u200b" * 10_000 + "x", ""),
        (None, "None"),
        (617, "617"),
    ],
)
def test_plain(text: object, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(alphabet=st.characters(), max_size=300), st.integers(min_value=1, max_value=100))
def test_plain_is_short_visible_and_settled(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert plain(shown, limit) == shown
    assert {unicodedata.category(c) for c in shown}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    shown.encode()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, "0.00 s"),
        (-5, "0.00 s"),
        (0.254, "0.25 s"),
        (1, "1 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (90_000, "1 d 1 h"),
        (86_400 * 400 + 59, "400 d"),
    ],
)
def test_duration(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_moments() -> None:
    assert moment(NOW) == "2021-01-17 12:00 UTC"
    assert exact(NOW) == "2021-01-17T12:00:59Z"
    assert moment(None) == exact(None) == ""
    assert ago(NOW - timedelta(hours=3), NOW) == "3 h ago"
    assert ago(NOW + timedelta(hours=3), NOW) == "just now"


def test_a_share_is_never_rounded_up_to_a_perfect_one() -> None:
    assert share(0, 0) == ""
    assert share(1, 1) == "100 %"
    assert share(99_999.9, 100_000) == "99.99 %"
    assert share(1, 3) == "33.33 %"
