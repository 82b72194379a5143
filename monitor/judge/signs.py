"""Which sign on a page tells something: the same words stand on a block page and in an article about one.

A sign that the page carried while the target was up tells nothing. One that rests on words alone tells
nothing on a page with much text, and nothing on a page that is as usual otherwise. One of low
confidence needs another of its kind beside it, or a small page in place of one that is known.
"""

from typing import Final

from monitor.judge.page import is_alike
from monitor.model import Confidence, DnsFacts, HttpFacts, PageBaseline, Sign, SignKind

_WORDS_ALONE: Final = frozenset({"title", "body"})
_WORDS_OF_A_PAGE: Final = _WORDS_ALONE | {"status"}
"""A page that came as pages do has a status of 2xx, too: that adds nothing to its words."""
_MUCH_TEXT: Final = 5_000
"""Characters of visible text: pages of these kinds have fewer."""
_SMALL: Final = 10_000
"""Bytes of a page that is nothing but such a notice."""
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
            if sign.confidence is not Confidence.LOW or _is_small(page, baseline, usual=usual):
                return sign
            if any(other.kind is sign.kind and other.id != sign.id for other in signs):
                return sign
    return None


def _tells(sign: Sign, page: HttpFacts, baseline: PageBaseline | None, *, usual: bool) -> bool:
    if baseline is not None and sign.id in baseline.signs:
        return False
    words = _WORDS_OF_A_PAGE if page.status < _AN_ERROR else _WORDS_ALONE
    return not (words.issuperset(sign.by) and (usual or page.text_length > _MUCH_TEXT))


def _is_small(page: HttpFacts, baseline: PageBaseline | None, *, usual: bool) -> bool:
    """Tell whether a small page stands in place of one that is known to be another."""
    return baseline is not None and not usual and page.body_bytes < _SMALL
