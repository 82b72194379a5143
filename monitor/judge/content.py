"""Another page in place of the usual one, on a target that is up all the same: told once it has stayed.

A redesign, another operator, a redirect to another site. What differs largely from the baseline is looked
at again, a quarter of an hour apart at least; three looks in a row over an hour that show the usual page no
more, and are like one another, are told, and the new page is the baseline from then on. A page that is
another one at each look is never told.

A page that takes the target down or degrades it is told by its incident, and never becomes the baseline by
lasting: what has come in the place of a platform is not the platform. Whoever knows that it is says so in
`[targets.expect]`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor.judge.page import is_another, settled, similarity
from monitor.model import ContentChanged, HttpFacts, Memory, OtherPage, PageBaseline

_APART: Final = timedelta(minutes=15)
_LOOKS: Final = 3
_LASTS: Final = timedelta(hours=1)
_LIKE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What a look at the page leads to."""

    memory: Memory
    change: ContentChanged | None = None


def look_at_page(memory: Memory, page: HttpFacts, at: datetime) -> Renewal:
    """Return the memory after one more page of a target that is up, and what is to be told of it."""
    usual, other = memory.baseline, memory.other_page
    if usual is None:
        return Renewal(memory=memory)
    if not is_another(usual, page):
        return Renewal(memory=memory if other is None else replace(memory, other_page=None))
    if other is not None and at - other.looked_at < _APART:
        return Renewal(memory=memory)
    if other is None or not _is_same(other, page):
        return Renewal(memory=replace(memory, other_page=_first(page, at)))
    seen = replace(other, looks=other.looks + 1, looked_at=at)
    if seen.looks < _LOOKS or at - seen.since < _LASTS:
        return Renewal(memory=replace(memory, other_page=seen))
    return Renewal(
        memory=replace(memory, other_page=None, baseline=settled(page, at)),
        change=_changed(usual, page, seen.since),
    )


def _first(page: HttpFacts, at: datetime) -> OtherPage:
    return OtherPage(
        title=page.title,
        text_length=page.text_length,
        shape=page.shape,
        url=page.url,
        since=at,
        looked_at=at,
    )


def _is_same(other: OtherPage, page: HttpFacts) -> bool:
    """Tell whether the page is still the one that was seen in place of the usual one."""
    common = similarity(other.shape, page.shape)
    return common >= _LIKE if common is not None else page.title == other.title


def _changed(usual: PageBaseline, page: HttpFacts, since: datetime) -> ContentChanged:
    return ContentChanged(
        title_before=usual.title,
        title_after=page.title,
        text_length_before=usual.text_length,
        text_length_after=page.text_length,
        similarity=similarity(usual.shape, page.shape),
        url=page.url,
        elsewhere=page.elsewhere,
        first_seen_at=since,
    )
