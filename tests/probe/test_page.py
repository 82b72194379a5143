"""Titles and visible text, from tidy pages to rubbish."""

import time
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.probe.page import EXCERPT_LIMIT, TITLE_LIMIT, Page, Pages, charset_of

HTML = "text/html; charset=utf-8"


def read(body: bytes | str, content_type: str | None = HTML) -> Page:
    return Pages().read(body.encode() if isinstance(body, str) else body, content_type)


@pytest.mark.parametrize(
    ("body", "title", "text"),
    [
        ("", None, ""),
        ("just text", None, "just text"),
        ("<title>One</title>two", "One", "two"),
        ("<TITLE\nlang=en>\n One \n more </TITLE\n><p>two<p>three", "One more", "two three"),
        ("<title></title>x", None, "x"),
        ("<title>a</title><title>b</title>", "a", ""),
        ("<title>open", "open", ""),
        ("<title>A &amp; B &#233; &eacute &#x1F600;</title>", "A & B \u00e9 \u00e9 \U0001f600", ""),
        ("&amp;lt;b&amp;gt; &lt;i&gt;", None, "&lt;b&gt; <i>"),
        ("&unknown; &#99999999999; &#x110000; AT&T", None, "&unknown; &#99999999999; \ufffd AT&T"),
        ("a<script>var x = '<title>no</title>';</script>b", None, "a b"),
        ("a<script>unfinished", None, "a"),
        ("a<SCRIPT type=x>1</script >b<style>c{}</style>d<noscript>e</noscript>f", None, "a b d f"),
        ("a<template><p>b</p></template>c", None, "a c"),
        ("a<!-- <title>no</title> -->b<!-- open", None, "a b"),
        ("a<scripts>b</scripts>", None, "a b"),
        ("<titles>x</titles>", None, "x"),
        ("1 < 2 and 3 > 2", None, "1 < 2 and 3 > 2"),
        ("<p a='", None, ""),
        ("a\u00a0\n\t b", None, "a b"),
        ("a\x00\x01\u202eb\u200bc", None, "a b c"),
        ("<!DOCTYPE html><?xml version=1?>x", None, "x"),
    ],
)
def test_what_is_read(body: str, title: str | None, text: str) -> None:
    page = read(body)
    assert (page.title, page.excerpt, page.text_length) == (title, text, len(text))


@pytest.mark.parametrize("kind", ["image/png", "application/json", "application/octet-stream", "video/mp4"])
def test_what_is_no_text_is_only_hashed(kind: str) -> None:
    assert read("<title>x</title>y", kind) == Page(sha256=sha256(b"<title>x</title>y").hexdigest())


def test_plain_text_is_text_and_has_no_title() -> None:
    page = read("<title>x</title> &amp; y", "text/plain")
    assert (page.title, page.excerpt) == (None, "<title>x</title> &amp; y")


def test_without_a_content_type_a_tag_at_the_start_makes_a_page() -> None:
    assert read(" \n<title>x</title>", None).title == "x"
    assert read("x <title>y</title>", None).title is None


@pytest.mark.parametrize(
    ("body", "content_type", "charset"),
    [
        (b"", "", "utf-8"),
        (b"", "text/html; charset=ISO-8859-1", "cp1252"),
        (b"", 'text/html; charset="windows-1251"', "cp1251"),
        (b"", "text/html; charset = koi8-r", "koi8-r"),
        (b"", "text/html; charset=x-sjis", "cp932"),
        (b"", "text/html; charset=gb2312", "gbk"),
        (b"", "text/html; charset=punycode", "utf-8"),
        (b"", "text/html; charset=zip", "utf-8"),
        (b"", "text/html; charset=unicode_escape", "utf-8"),
        (b"", "text/html; charset=\x00", "utf-8"),
        (b"", "text/html; charset=" + "u" * 1000, "utf-8"),
        (b'<meta charset="windows-1252">', "text/html", "cp1252"),
        (b'<META http-equiv=x content="text/html; charset=big5">', "text/html", "big5"),
        (b"<meta charset=utf-16>", "text/html", "utf-8"),
        (b"<meta charset=big5>", "text/html; charset=utf-8", "utf-8"),
        (b"\xef\xbb\xbf", "text/html; charset=big5", "utf-8"),
        (b"\xff\xfe<\0", "text/html", "utf-16-le"),
        (b" " * 2000 + b"<meta charset=big5>", "text/html", "utf-8"),
    ],
)
def test_charsets(body: bytes, content_type: str, charset: str) -> None:
    assert charset_of(body, content_type) == charset


@pytest.mark.parametrize(
    "charset", ["utf-8", "utf-16-le", "utf-16-be", "shift_jis", "iso2022_jp", "euc_jp", "gb18030"]
)
def test_titles_in_the_charsets_of_the_web(charset: str) -> None:
    page = read("<title>\u65e5\u672c\u8a9e</title><p>\u672c".encode(charset), f"text/html; charset={charset}")
    assert (page.title, page.excerpt) == ("\u65e5\u672c\u8a9e", "\u672c")


def test_everything_is_bounded() -> None:
    page = read(f"<title>{'t' * 9999}</title>{'x ' * 9999}")
    assert page.title == "t" * TITLE_LIMIT
    assert page.excerpt == ("x " * EXCERPT_LIMIT)[:EXCERPT_LIMIT]
    assert page.text_length == 2 * 9999 - 1


def test_a_body_seen_lately_is_not_read_again() -> None:
    pages = Pages(remembered=2)
    first = pages.read(b"<p>1", HTML)
    assert pages.read(b"<p>1", HTML) is first
    assert pages.read(b"<p>1", "text/plain") is not first
    pages.read(b"<p>2", HTML)
    pages.read(b"<p>3", HTML)
    assert pages.read(b"<p>1", HTML) is not first
    assert pages.read(b"<p>1", HTML) == first


@given(st.binary(), st.one_of(st.none(), st.text(), st.just(HTML)))
def test_any_bytes_are_read_and_what_is_kept_is_clean(body: bytes, content_type: str | None) -> None:
    page = read(body, content_type)
    for text in (page.title or "", page.excerpt):
        text.encode("utf-8")
        assert text == " ".join(text.split())
        assert not any(ord(c) < 32 or 0x202A <= ord(c) <= 0x202E for c in text)


PIECES = [
    "<",
    "<a",
    "<a>",
    "<!--",
    "<!---->",
    "-->",
    "<script>",
    "</script>",
    "<title>",
    "</title>",
    "&",
    "&#",
    "&#9",
]
PIECES += [
    "&amp;",
    "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\0",
    "\u202e",
    " ",
    "<meta charset=",
    "<script></script>",
]


@pytest.mark.parametrize("piece", PIECES)
def test_no_megabyte_takes_long(piece: str) -> None:
    body = (piece.encode() * (1 << 20))[: 1 << 20]
    began = time.process_time()
    read(body)
    assert time.process_time() - began < 0.25


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_order_of_pieces_is_read(pieces: list[str]) -> None:
    page = read("".join(pieces))
    assert len(page.title or "") <= TITLE_LIMIT
