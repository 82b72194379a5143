"""Which sign on a page tells something: the same words stand on a block page and in an article about one.

A sign that the page carried while the target was up tells nothing. One that rests on words tells nothing on
a page with much text, and nothing on a page that is as usual otherwise, whoever is in front of it. One of low
confidence needs another of its kind beside it, or a small page in place of one that is known; where none is,
a page with next to no text that says it is parked or suspended. (Not one that is seized: parodies say so.)
"""

from typing import Final

from monitor.judge.page import is_alike
from monitor.model import Confidence, DnsFacts, HttpFacts, PageBaseline, Sign, SignKind

_WORDS_ALONE: Final = frozenset({"title", "body"})
_OF_ANY_PAGE: Final = frozenset({"status", "headers"})
"""A page that came as pages do has a status of 2xx, and headers of who is in front: its words count alone."""
_SERVERS_ALONE: Final = frozenset({"ns"})
_MUCH_TEXT: Final = 5_000
"""Characters of visible text: pages of these kinds have fewer."""
_SMALL: Final = 10_000
"""Bytes of a page that is nothing but such a notice."""
_NEXT_TO_NONE: Final = 1_000
"""Characters of text of a page that is nothing but a notice, where nobody knows the usual one."""
_NOTICES: Final = frozenset({SignKind.SUSPENDED, SignKind.PARKED, SignKind.CHALLENGE})
_AN_ERROR: Final = 300
_ORDER: Final = {kind: number for number, kind in enumerate(SignKind)}


def telling(page: HttpFacts, records: DnsFacts | None, baseline: PageBaseline | None) -> Sign | None:
    """Return the sign that says what kind of page this is, in the order of `SignKind`; None: there is none.

    Signs of name servers count where a page answers that is not the usual one.
    """
    usual = baseline is not None and page.status < _AN_ERROR and is_alike(baseline, page)
    signs = (*page.signs, *(records.signs if records is not None and not usual else ()))
    for sign in sorted(signs, key=lambda sign: _ORDER[sign.kind]):
        if _tells(sign, page, baseline, usual=usual):
            if sign.confidence is not Confidence.LOW or _is_small(sign, page, baseline, usual=usual):
                return sign
            if any(other.kind is sign.kind and other.id != sign.id for other in signs):
                return sign
    return None


def _tells(sign: Sign, page: HttpFacts, baseline: PageBaseline | None, *, usual: bool) -> bool:
    if baseline is not None and sign.id in baseline.signs:
        return False
    much = page.text_length > _MUCH_TEXT
    by = frozenset(sign.by)
    if by == _SERVERS_ALONE:
        return not much or sign.kind is SignKind.SEIZED  # servers that park names serve sites, too
    words = by if page.status >= _AN_ERROR else by - _OF_ANY_PAGE
    return not words or not words <= _WORDS_ALONE or not (usual or much)


def _is_small(sign: Sign, page: HttpFacts, baseline: PageBaseline | None, *, usual: bool) -> bool:
    """Tell whether a small page stands in place of a known one, or is a notice and no more."""
    if usual or page.body_bytes >= _SMALL:
        return False
    if baseline is not None:
        return True
    if sign.kind not in _NOTICES or page.text_length >= _NEXT_TO_NONE:
        return False
    # An application that has no text before its scripts run has a title.
    return sign.kind is not SignKind.CHALLENGE or page.title is None
