"""What the page looks like while the platform is up, and how another page is told from it.

The baseline is learnt slowly: a page that is largely another one teaches nothing, until it has stayed (see
`content`); one that is only a little different moves the baseline by a part, the first eight times at every
look, later once an hour.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from monitor.model import HttpFacts, PageBaseline

# A new look moves the baseline by this part, and only when it differs by more than _TOLERANCE.
_WEIGHT: Final = 0.2
_TOLERANCE: Final = 0.1
_QUICK_LESSONS: Final = 8
_EVERY: Final = timedelta(hours=1)
_MOST_SIGNS: Final = 8

_SAME_WORDS: Final = 0.8
_LIKE: Final = 0.5
_UNLIKE: Final = 0.25
_HALF: Final = 0.5
_A_PAGE: Final = 500
_NEARLY_ALL: Final = 0.2
_WORD: Final = re.compile(r"[^\W\d_]+")
_PART: Final = 4
"""Of the bins of a fingerprint, every fourth is taken over with a lesson."""


def learn(baseline: PageBaseline | None, page: HttpFacts, at: datetime) -> PageBaseline:
    """Return the baseline after one more page of a target that is up; the same object if nothing is new."""
    if baseline is None:
        return _of(page, at)
    if not _is_news(baseline, page) or is_another(baseline, page):
        return baseline
    quick = baseline.lessons < _QUICK_LESSONS
    if not quick and baseline.learnt_at is not None and at - baseline.learnt_at < _EVERY:
        return baseline
    near = abs(page.text_length - baseline.text_length) <= _TOLERANCE * baseline.text_length
    drift = _WEIGHT * (page.text_length - baseline.text_length)
    return replace(
        baseline,
        title=page.title,
        text_length=baseline.text_length if near else round(baseline.text_length + drift),
        shape=_blended(baseline.shape, page.shape, at),
        signs=_signs(page, baseline.signs),
        lessons=min(baseline.lessons + 1, _QUICK_LESSONS) if quick else baseline.lessons,
        learnt_at=at,
    )


def settled(page: HttpFacts, at: datetime) -> PageBaseline:
    """Return the baseline after another page has come to stay."""
    return _of(page, at)


def _of(page: HttpFacts, at: datetime) -> PageBaseline:
    return PageBaseline(
        title=page.title,
        text_length=page.text_length,
        shape=page.shape,
        signs=_signs(page),
        elsewhere=page.elsewhere,
        learnt_at=at,
    )


def _signs(page: HttpFacts, before: tuple[str, ...] = ()) -> tuple[str, ...]:
    if not page.signs:
        return before
    return tuple(dict.fromkeys((*before, *(sign.id for sign in page.signs))))[:_MOST_SIGNS]


def _is_news(baseline: PageBaseline, page: HttpFacts) -> bool:
    """Tell whether a page is other than the baseline at all."""
    if page.title != baseline.title:
        return True
    if abs(page.text_length - baseline.text_length) > _TOLERANCE * baseline.text_length:
        return True
    if page.signs and any(sign.id not in baseline.signs for sign in page.signs):
        return True
    if page.shape == baseline.shape:
        return False
    common = similarity(page.shape, baseline.shape)
    return common is None or common < _SAME_WORDS


def _blended(old: str | None, new: str | None, at: datetime) -> str | None:
    """Return the fingerprint with a part of its bins as they are now; which part, changes with the hour."""
    if old is None or new is None or len(old) != len(new):
        return new
    turn = int(at.timestamp() // _EVERY.total_seconds()) % _PART
    pairs = enumerate(zip(bytes.fromhex(old), bytes.fromhex(new), strict=True))
    return bytes(now if n % _PART == turn else then for n, (then, now) in pairs).hex()


def similarity(one: str | None, other: str | None) -> float | None:
    """Return the part of words that two pages have in common; None: of one of them too little is known.

    An estimate from 64 bins; two different words have the same byte in one of 255 cases, which is taken off.
    """
    if one is None or other is None or len(one) != len(other):
        return None
    pairs = [(a, b) for a, b in zip(bytes.fromhex(one), bytes.fromhex(other), strict=True) if a or b]
    if not pairs:
        return None
    by_chance = 1 / 255
    agreed = sum(a == b for a, b in pairs) / len(pairs)
    return round(max(0.0, (agreed - by_chance) / (1 - by_chance)), 2)


def is_alike(baseline: PageBaseline, page: HttpFacts) -> bool:
    """Tell whether a page is as the usual one: by its words, or where there are few by title and length."""
    common = similarity(page.shape, baseline.shape)
    if common is not None:
        return common >= _LIKE
    return page.title == baseline.title and not _differs_by_half(baseline.text_length, page.text_length)


def is_another(baseline: PageBaseline, page: HttpFacts) -> bool:
    """Tell whether a page is largely another one: elsewhere, or other words under another title or length.

    A title is another one when it has no word in common with the usual one: the news of the day change
    the rest. Where there are too few words to compare, title and length must both be others, a page that
    never had any text is known by its title alone, and one that has lost nearly all of it, or has come to
    have it, is another one under whatever title.
    """
    if page.elsewhere != baseline.elsewhere:
        return True
    renamed = _renamed(baseline.title, page.title)
    resized = _differs_by_half(baseline.text_length, page.text_length)
    common = similarity(page.shape, baseline.shape)
    if common is not None:
        return common < _UNLIKE and (renamed or resized)
    if _is_lost(baseline.text_length, page.text_length):
        return True
    return renamed and (resized or not baseline.text_length)


def _is_lost(one: int, other: int) -> bool:
    """Tell whether of two lengths one is next to nothing, and the other is that of a page."""
    return max(one, other) >= _A_PAGE and min(one, other) < _NEARLY_ALL * max(one, other)


def _differs_by_half(one: int, other: int) -> bool:
    return min(one, other) < _HALF * max(one, other)


def _renamed(before: str | None, after: str | None) -> bool:
    """Tell whether two titles have no word in common."""
    if before == after:
        return False
    return set(_WORD.findall((before or "").lower())).isdisjoint(_WORD.findall((after or "").lower()))
