"""What an app store's answer says about an app. Pure; every value may have any type and any size.

Nothing is concluded from what is not there: an answer either says that there is a listing of this very app,
or that there is none, or it is not understood.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from http import HTTPStatus
from typing import Any, Final

from monitor.probe.text import clean

_TEXT_LIMIT: Final = 200
_LONGEST_NUMBER: Final = 64
_MOST_MARKS: Final = 500
_MOST_SCRIPTS: Final = 10
_LONGEST_SCRIPT: Final = 1 << 16
# No "<" inside: a page of nothing but beginnings of tags is read once, not once for each.
_MARK: Final = re.compile(rb"<(?:link|meta)\s([^<>]{0,2000})>")
_ATTRIBUTE: Final = re.compile(r"""([a-z:-]{1,30})\s?=\s?"([^"]{0,1000})\"""")
_APP: Final = re.compile(r"[?&]id=([A-Za-z0-9_.]{1,200})")
_SUFFIX: Final = " - Apps on Google Play"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a store says about an app."""

    there: bool
    name: str | None = None
    developer: str | None = None
    version: str | None = None


def read_apple(status: int, body: bytes, app: str, *, truncated: bool = False) -> Said | str:
    """Return what Apple's look-up says about the app; a text: why it says nothing."""
    if status != HTTPStatus.OK or truncated:
        return (
            "the answer is longer than any about one app" if truncated else f"the look-up answered {status}"
        )
    found = _results(body)
    if found is None:
        return "the answer is no JSON that has a resultCount with as many results"
    if not found:
        return Said(there=False)
    listed = next((one for one in found[:10] if isinstance(one, dict) and _is(one.get("trackId"), app)), None)
    if listed is None:
        return "the answer is about another app"
    return Said(
        there=True,
        name=_text(listed.get("trackName")),
        developer=_text(listed.get("sellerName")) or _text(listed.get("artistName")),
        version=_text(listed.get("version")),
    )


def _results(body: bytes) -> list[Any] | None:
    """Return what was found; None: the answer does not say how much that is, or contradicts itself."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    count, results = told.get("resultCount"), told.get("results")
    if not isinstance(count, int) or isinstance(count, bool) or not isinstance(results, list):
        return None
    return results if count == len(results) else None


def _is(value: object, app: str) -> bool:
    """Tell whether a number in an answer is that of the app; a number may be of any length."""
    known = isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _LONGEST_NUMBER
    return known and str(value) == app


def read_google(status: int, body: bytes, app: str) -> Said | str:
    """Return what the page of an app on Google Play says about it; a text: why it says nothing.

    404 is the store's word that there is no such app. A page counts only if it says itself which app it is
    about: in its canonical address, or in what it describes for search engines.
    """
    if status == HTTPStatus.NOT_FOUND:
        return Said(there=False)
    if status != HTTPStatus.OK:
        return f"the page answered {status}"
    marks = dict(_marks(body))
    described = next(_described(body, app), {})
    about = {marks.get("canonical"), marks.get("og:url")} - {None}
    named = {found[1] for found in (_APP.search(url) for url in about if url) if found}
    if app not in named and not described:
        return "the page is about another app" if named else "the page is about no app"
    title = marks.get("og:title", "").removesuffix(_SUFFIX)
    author = described.get("author")
    return Said(
        there=True,
        name=_text(described.get("name")) or _text(title),
        developer=_text(author.get("name")) if isinstance(author, dict) else None,
    )


def _marks(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield what the head of a page says of itself: `canonical`, and the properties of its `meta` tags."""
    for index, found in enumerate(_MARK.finditer(body)):
        if index == _MOST_MARKS:
            return
        given = {
            name: unescape(value) for name, value in _ATTRIBUTE.findall(found[1].decode("utf-8", "replace"))
        }
        if given.get("rel") == "canonical" and "href" in given:
            yield "canonical", given["href"]
        elif "property" in given and "content" in given:
            yield given["property"], given["content"]


def _described(body: bytes, app: str) -> Iterator[dict[str, Any]]:
    """Yield the descriptions (JSON-LD) of the app that a page holds."""
    at = 0
    for _ in range(_MOST_SCRIPTS):
        at = body.find(b"application/ld+json", at)
        begin = body.find(b">", at) + 1 if at >= 0 else 0
        end = body.find(b"</script>", begin) if begin else -1
        if end < 0:
            return
        at = end
        if end - begin > _LONGEST_SCRIPT:
            continue
        try:
            told = json.loads(body[begin:end])
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and told.get("@type") == "SoftwareApplication":
            found = _APP.search(url) if isinstance(url := told.get("url"), str) else None
            if found and found[1] == app:
                yield told


def _text(value: object) -> str | None:
    return clean(value, _TEXT_LIMIT) or None if isinstance(value, str) else None
