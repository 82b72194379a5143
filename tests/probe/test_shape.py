"""The fingerprint of a page's words: near for what is the same page, far for another one, and bounded."""

import time
from hashlib import sha256
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from monitor.judge.page import similarity
from monitor.probe.shape import _WORD, _of_words, shape

# The small words of a language are on every page of it.
SMALL = (
    " the and for with that this from have are was not you all can more than when will one our out who been"
)
MENU = (
    "home feed search messages settings privacy terms contact about careers press blog help imprint cookies"
)
DIGITS = str.maketrans("0123456789", "ghijklmnop")


def words(seed: int, count: int) -> str:
    """Return as many words that no other seed has."""
    return " ".join(sha256(f"{seed} {n}".encode()).hexdigest()[:9].translate(DIGITS) for n in range(count))


def alike(one: str, other: str) -> float:
    found = similarity(shape(one), shape(other))
    assert found is not None
    return found


def test_a_page_is_like_itself_and_like_itself_with_a_little_more() -> None:
    page = words(1, 300)
    assert alike(page, page) == 1.0
    assert alike(page, page + " three more words") > 0.9
    assert alike(page.upper(), page) == 1.0


def test_another_page_is_not_like_it() -> None:
    assert alike(words(1, 300), words(2, 300)) < 0.1
    assert alike(words(1, 300) + SMALL, words(2, 300) + SMALL) < 0.25


def test_the_news_of_another_day_in_the_same_menus_are_still_the_page() -> None:
    frame = MENU + SMALL + words(9, 60)
    assert (
        min(alike(frame + " " + words(day, 60), frame + " " + words(day + 1, 60)) for day in range(5)) > 0.25
    )


def test_a_third_of_the_words_in_common_is_about_a_third() -> None:
    one, common, other = words(1, 200), words(2, 200), words(3, 200)
    assert 0.15 < alike(f"{one} {common}", f"{common} {other}") < 0.52


def test_few_words_say_nothing() -> None:
    assert shape("") is None
    assert shape("Hello world, is this thing on?") is None
    assert shape("1 2 3 " * 1000) is None
    assert similarity(None, shape(words(1, 50))) is None


def test_it_is_the_same_whatever_the_order_and_has_one_size() -> None:
    found = shape(MENU + SMALL)
    assert found is not None
    assert len(found) == 128
    assert found == shape(f"{SMALL} {MENU}")
    assert shape("\U0001f600 é ß Ω Привет мир " + MENU) is not None


def test_a_fingerprint_of_another_length_is_not_compared() -> None:
    assert similarity("00" * 64, "00" * 64) is None
    assert similarity("01" * 64, "01" * 32) is None


def test_much_text_takes_no_longer_than_some() -> None:
    text = words(1, 40_000)
    started = time.process_time()
    shape(text)
    assert time.process_time() - started < 0.1


@given(st.text(st.sampled_from("abcXYZ é ß²½ıİ_19 ,.-\n\u2003\U0001f600"), max_size=200))
def test_words_are_those_that_the_expression_finds(text: str) -> None:
    words = set(_WORD.findall(text.lower()))
    assert _of_words(text.lower()) == {crc32(word.encode()) for word in words}
