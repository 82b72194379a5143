"""Title and visible text of a page: in one pass, in linear time, without building a tree.

Not a browser: text that a script writes is not seen, text that a style sheet hides is. That is
enough to tell a page from a placeholder and to quote its beginning.

All searching is done on bytes in lower case (which keeps their positions), with `find` and with
expressions that cannot fail after having matched a beginning: no input makes them go back.
"""

import codecs
import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from html import unescape
from typing import Final

from monitor.probe.shape import shape
from monitor.probe.signs import Hits, Signatures
from monitor.probe.text import clean, one_line

EXCERPT_LIMIT: Final = 2000
TITLE_LIMIT: Final = 300
_META_WITHIN: Final = 1024  # WHATWG HTML, "prescan a byte stream to determine its encoding"
_REMEMBERED: Final = 4096
_CONTENT_TYPE_LIMIT: Final = 200

_OPENS: Final = re.compile(rb"<(?:!--|(script|style|noscript|template|title)(?=[\s/>]))")
_TAG: Final = re.compile(rb"<[A-Za-z/!?][^>]*>?")
_ENTITY: Final = re.compile(
    r"&(?:#[0-9]{1,7}(?![0-9])|#[xX][0-9a-fA-F]{1,6}(?![0-9a-fA-F])|[A-Za-z][A-Za-z0-9]{1,31});?"
)
# More of these than any honest page has: past them the rest is left as it is, so that a megabyte of
# nothing but empty comments or entities takes no longer than a page.
_OPENINGS_LIMIT: Final = 10_000
_ENTITIES_LIMIT: Final = 10_000
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:+-]{1,40})", re.ASCII | re.IGNORECASE)
_META: Final = re.compile(rb"<meta\b[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:+-]{1,40})", re.IGNORECASE)
_BLANKS: Final = bytes.maketrans(b"\t\n\v\f\r", b"     ")
_RUN: Final = re.compile(rb"  +")
_MARKUP: Final = ("text/html", "application/xhtml+xml", "application/xml", "text/xml")

# What the Encoding Standard knows (https://encoding.spec.whatwg.org/), by Python's names. Others are
# not tried: among Python's codecs are slow ones (punycode) and ones that are no charsets at all.
_CHARSETS: Final = frozenset(
    {
        "utf-8",
        "utf-16-le",
        "utf-16-be",
        "cp866",
        "koi8-r",
        "koi8-u",
        "mac-roman",
        "mac-cyrillic",
        "gbk",
        "gb18030",
    }
    | {"big5", "big5hkscs", "euc_jp", "iso2022_jp", "shift_jis", "cp932", "euc_kr", "cp949", "cp874"}
    | {f"cp125{n}" for n in range(9)}
    | {f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)}
)
# Names that Python does not know.
_LABELS: Final = {
    "iso-8859-8-i": "iso8859-8",
    "windows-874": "cp874",
    "x-euc-jp": "euc_jp",
    "x-gbk": "gbk",
    "x-sjis": "cp932",
}
# Names that Python takes literally and the web does not.
_MEANT: Final = {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gbk"}
_MEANT_TOO: Final = {"utf-16": "utf-16-le", "shift_jis": "cp932", "euc_kr": "cp949", "tis-620": "cp874"}
# Charsets in which "<" can be half of another character.
_NOT_ASCII: Final = frozenset({"utf-16-le", "utf-16-be", "iso2022_jp"})
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a body says to a reader."""

    sha256: str
    title: str | None = None
    """None: the body has no title, or is no page."""
    text_length: int = 0
    """Characters of visible text, whitespace collapsed."""
    excerpt: str = ""
    shape: str | None = None
    """Fingerprint of the words (see `monitor.probe.shape`)."""
    hits: Hits = ()
    """What signatures it has something of."""


class Pages:
    """Reads bodies; one that was read lately is recognised by its hash and not read again."""

    def __init__(self, remembered: int = _REMEMBERED, signatures: Signatures | None = None) -> None:
        self._remembered = remembered
        self.signatures = signatures or Signatures.bundled()
        self._seen: OrderedDict[tuple[bytes, str], Page] = OrderedDict()

    def read(self, body: bytes, content_type: str | None) -> Page:
        """Return the page; never raises, whatever the bytes are."""
        digest = sha256(body)
        key = (digest.digest(), (content_type or "")[:_CONTENT_TYPE_LIMIT])
        page = self._seen.get(key)
        if page is not None:
            self._seen.move_to_end(key)
            return page
        page = self._seen[key] = read_page(body, key[1], digest.hexdigest(), self.signatures)
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return page


def read_page(body: bytes, content_type: str, digest: str, signatures: Signatures) -> Page:
    """Return the page that `body` is; text counts as visible text, everything else is only hashed."""
    markup, readable = _kind(body, content_type)
    if not readable:
        return Page(sha256=digest)
    body, charset = _in_ascii(body, content_type)
    raw_title, text = split(body) if markup else (None, body)
    words = _text(text, charset, markup=markup)
    title = clean(_unescaped(raw_title.decode(charset, "replace")), TITLE_LIMIT) if raw_title else None
    return Page(
        sha256=digest,
        title=title or None,
        text_length=len(words),
        excerpt=words[:EXCERPT_LIMIT],
        shape=shape(words),
        hits=signatures.in_page(title, body, words),
    )


def decoded(body: bytes, content_type: str) -> tuple[str, str]:
    """Return the source of a body, and its visible text; empty where it is no text."""
    markup, readable = _kind(body, content_type)
    body, charset = _in_ascii(body, content_type)
    source = body.decode(charset, "replace")
    if not markup:
        return source, one_line(source) if readable else ""
    return source, _text(split(body)[1], charset, markup=True)


def _kind(body: bytes, content_type: str) -> tuple[bool, bool]:
    """Return whether a body is markup, and whether a reader would read it as text."""
    kind = content_type.partition(";")[0].strip().lower()
    markup = kind in _MARKUP or (not kind and body.lstrip()[:1] == b"<")
    return markup, markup or kind.startswith("text/") or not kind


def _in_ascii(body: bytes, content_type: str) -> tuple[bytes, str]:
    """Return the body in a charset in which "<" is a byte of its own, and that charset."""
    charset = charset_of(body, content_type)
    if charset not in _NOT_ASCII:
        return body, charset
    return body.decode(charset, "replace").encode("utf-8", "replace"), "utf-8"


def charset_of(body: bytes, content_type: str) -> str:
    """Return Python's name of the charset: byte-order mark, then header, then `<meta>`, then UTF-8."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return name
    declared = _CHARSET.search(content_type)
    found = _known(declared[1]) if declared else None
    if found:
        return found
    meta = _META.search(body, 0, _META_WITHIN)
    found = _known(meta[1].decode("ascii")) if meta else None
    # A <meta> that could be read as ASCII is not in UTF-16, whatever it says.
    return found if found and found not in {"utf-16-le", "utf-16-be"} else "utf-8"


def _known(label: str) -> str | None:
    try:
        name = codecs.lookup(_LABELS.get(label.lower(), label)).name
    except (LookupError, ValueError):
        return None
    name = _MEANT.get(name, name)
    name = _MEANT_TOO.get(name, name)
    return name if name in _CHARSETS else None


def split(body: bytes) -> tuple[bytes | None, bytes]:
    """Return the first title, and the body without comments, scripts, styles, templates and titles."""
    low = body.lower()
    title: bytes | None = None
    kept: list[bytes] = []
    at = 0
    for _ in range(_OPENINGS_LIMIT):
        opened = _OPENS.search(low, at)
        if opened is None:
            break
        kept.append(body[at : opened.start()])
        name: bytes | None = opened[1]
        inner = opened.end() if name is None else _after(low, b">", opened.end())
        closing = b"-->" if name is None else b"</" + name
        end = low.find(closing, inner)
        if end < 0:
            end = len(low)
        if name == b"title" and title is None:
            title = body[inner : min(end, inner + TITLE_LIMIT * 8)]
        at = _after(low, b">", end)
    kept.append(body[at:])
    return title, b" ".join(kept)


def _after(low: bytes, what: bytes, start: int) -> int:
    """Return the position behind the next `what`, or the end."""
    found = low.find(what, start)
    return len(low) if found < 0 else found + len(what)


def _text(body: bytes, charset: str, *, markup: bool) -> str:
    """Return the text in the bytes on one line."""
    if markup:
        body = _single_spaced(_TAG.sub(b" ", body))
    text = body.decode(charset, "replace")
    return one_line(_unescaped(text) if markup and "&" in text else text)


def _single_spaced(body: bytes) -> bytes:
    """Return the bytes with a space for each run of blanks: cheaper than to take hundreds of words apart.

    No charset that comes here has a blank as half of another character.
    """
    return _RUN.sub(b" ", body.translate(_BLANKS))


@lru_cache(maxsize=1024)
def _reference(text: str) -> str:
    return unescape(text)


def _unescaped(text: str) -> str:
    """Return the text with its character references replaced; `html.unescape` alone fails on long numbers."""
    return _ENTITY.sub(lambda found: _reference(found[0]), text, count=_ENTITIES_LIMIT)
