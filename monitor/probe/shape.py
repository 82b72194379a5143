"""A fingerprint of the words on a page, by which two pages can be compared that are no longer there.

One-permutation min-hashing (Li, Owen, Zhang: "One Permutation Hashing", 2012) with one byte kept of each
minimum (Li, König: "b-Bit Minwise Hashing", 2010): the distinct words are dealt into 64 bins, and of each
bin a byte of its smallest hash is kept. The part of bins in which two fingerprints agree estimates the part
of words that the pages have in common, give or take 6 %, whatever their length.

Words and not mark-up, because mark-up changes with each release of a front end, and the words of its menus,
headings and footer do not; a front page whose news are new every hour keeps those, and the small words of
its language.
"""

import re
from functools import lru_cache
from typing import Final
from zlib import crc32

BINS: Final = 64
_LEAST_WORDS: Final = 16
"""Fewer say nothing."""
_WITHIN: Final = 32_000
"""Characters from the beginning: what a page has in common with itself stands there."""
_WORD: Final = re.compile(r"[^\W\d_]{3,16}")
_REMEMBERED: Final = 40
"""Longest token that is remembered: strangers choose them."""


def shape(text: str) -> str | None:
    """Return the fingerprint as 128 hex digits; None for a text of too few words."""
    hashes = _of_words(text[:_WITHIN].lower())
    if len(hashes) < _LEAST_WORDS:
        return None
    least = [1 << 32] * BINS
    for hashed in hashes:
        place, value = hashed & (BINS - 1), hashed >> 6
        least[place] = min(least[place], value)
    # 0 is an empty bin. A CRC is linear: its bits are stirred before a few of them are kept.
    return bytes(0 if value == 1 << 32 else (value * 2_654_435_761 >> 20) % 255 + 1 for value in least).hex()


def _of_words(text: str) -> set[int]:
    """Return the hashes of the distinct words. Most pages are made of what was taken apart for others."""
    hashes: set[int] = set()
    for token in set(text.split()):
        hashes.update(_of_token(token) if len(token) <= _REMEMBERED else _hashed(token))
    return hashes


def _hashed(token: str) -> tuple[int, ...]:
    return tuple(crc32(word.encode()) for word in _WORD.findall(token))


_of_token: Final = lru_cache(maxsize=1 << 15)(_hashed)
