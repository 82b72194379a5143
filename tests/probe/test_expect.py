"""What the user expects of a page, held against what answers: facts, bounded, whatever comes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.model import Check, Expect, Expected, HttpFacts, Redirect, TlsFacts, Unmet
from monitor.probe.expect import Expectations
from monitor.probe.http import elsewhere, probe_http
from monitor.probe.http_client import Exchange
from monitor.probe.page import Pages
from tests.servers.http_lab import HttpLab, answer, http_check, lab_io, say

HTML = "text/html; charset=utf-8"
TLS = TlsFacts(
    version="TLSv1.3",
    cipher="x",
    subject="parler.com",
    issuer_organization="Let's  Encrypt",
    issuer="R10",
    not_before=datetime(2021, 1, 1, tzinfo=UTC),
    not_after=datetime(2021, 4, 1, tzinfo=UTC),
    sha256="00",
)


def hold(expect: Expect, body: str | bytes = "", *, kind: str = HTML, elapsed_s: float = 0.1) -> Expected:
    raw = body.encode() if isinstance(body, str) else body
    exchange = Exchange(url="https://parler.com/", status=200, headers=(("content-type", kind),), body=raw)
    page = Pages().read(raw, kind) if raw else None
    return Expectations().hold(expect, exchange, page, elapsed_s)


def html(text: str, title: str = "Parler") -> str:
    return f"<html><head><title>{title}</title></head><body>{text}</body></html>"


@pytest.mark.parametrize(
    ("expect", "body", "met", "unmet"),
    [
        (Expect(contains=("sign UP",)), html("<p>Sign\n<b>up</b>"), ("contains",), ()),
        (Expect(contains=('data-x="1"',)), html('<p data-x="1">'), ("contains",), ()),
        (Expect(contains=("a line",)), html("<!-- a\n  line -->"), ("contains",), ()),
        (Expect(contains=("gone",)), html("here"), (), ("not on the page",)),
        (Expect(contains=("here", "gone")), html("here"), (), ("not on the page",)),
        (Expect(contains=("here",)), "", (), ("not on the page",)),
        (Expect(not_contains=("suspended",)), html("Account Suspended"), (), ("it is on the page",)),
        (Expect(not_contains=("suspended",)), html("fine"), ("not_contains",), ()),
        (Expect(title=("gab", "parl")), html(""), ("title",), ()),
        (Expect(title=("Gab",)), html("Gab"), (), ("Parler",)),
        (Expect(title=("Gab",)), "<p>", (), ("no title",)),
        (Expect(min_text=5), html("12345"), ("min_text",), ()),
        (Expect(min_text=5), html("1234"), (), ("4 characters",)),
        (Expect(min_text=1), "", (), ("0 characters",)),
    ],
)
def test_texts(expect: Expect, body: str, met: tuple[str, ...], unmet: tuple[str, ...]) -> None:
    found = hold(expect, body)
    assert (found.met, tuple(one.seen for one in found.unmet)) == (met, unmet)


@pytest.mark.parametrize(
    ("path", "wanted", "body", "seen"),
    [
        ("status", "ok", '{"status": "ok"}', None),
        ("status", "OK", '{"status": "ok"}', '"ok"'),
        ("a.b.1.c", 3, '{"a": {"b": [0, {"c": 3.0}]}}', None),
        ("a.1", "by name", '{"a": {"1": "by name"}}', None),
        ("a.-1", 2, '{"a": [1, 2]}', "nothing there"),
        ("a.9", 2, '{"a": [1, 2]}', "nothing there"),
        ("a.\u0661", 2, '{"a": [1, 2]}', "nothing there"),
        ("a.b.c", 2, '{"a": {"b": null}}', "nothing there"),
        ("a", "x", '{"a": null}', "null"),
        ("a", True, '{"a": 1}', "1"),
        ("a", 1, '{"a": true}', "true"),
        ("a", 1, '{"a": {"b": 1}}', "an object"),
        ("a", 1, '{"a": [1]}', "a list"),
        ("0", 1, "[1]", None),
        ("a", 1, "", "the body is no JSON"),
        ("a", 1, "<html>", "the body is no JSON"),
        ("a", 1, '{"a": 1', "the body is no JSON"),
        ("a", 1, "[" * 100_000, "the body is no JSON"),
        ("a", 1, '{"a": ' + "9" * 5_000 + "}", "the body is no JSON"),
        ("a", 1, b"\xff\xfe\x00", "the body is no JSON"),
        ("a", 1, '{"a": NaN}', "NaN"),
        ("a", "x", '{"a": "\\ud800\\u202e"}', '" "'),
        ("a", "x", '{"a": "' + "y" * 1_000 + '"}', '"' + "y" * 99),
        ("a", 1, "[" + "1," * (1 << 20) + "1]", "2097155 bytes: too large to be read"),
    ],
)
def test_json(path: str, wanted: str, body: str | bytes, seen: str | None) -> None:
    found = hold(Expect(json=((path, wanted),)), body, kind="application/json")
    assert [one.seen for one in found.unmet] == ([] if seen is None else [seen])
    assert found.met == (("json",) if seen is None else ())


def test_one_of_several_that_fails_is_enough_and_the_others_are_told_as_met() -> None:
    expect = Expect(status=((200, 204), (403, 403)), title=("Gab",), min_text=1, max_response_s=0.5)
    found = hold(expect, html("text"), elapsed_s=0.7)
    assert found.met == ("status", "min_text")
    assert found.unmet == (
        Unmet(condition="title", wanted="Gab", seen="Parler"),
        Unmet(condition="max_response_time", wanted="0.5 s", seen="0.70 s"),
    )


@pytest.mark.parametrize(
    ("wanted", "tls", "seen"),
    [
        ("let's encrypt", TLS, None),
        ("r10", TLS, None),
        ("Sectigo", TLS, "Let's Encrypt, R10"),
        ("Sectigo", replace(TLS, issuer="", issuer_organization=None), "nobody named"),
        ("Sectigo", None, "no certificate"),
    ],
)
def test_who_issued_the_certificate(wanted: str, tls: TlsFacts | None, seen: str | None) -> None:
    exchange = Exchange(url="https://parler.com/", status=200, tls=tls)
    found = Expectations().hold(Expect(certificate_issuer=(wanted,)), exchange, None, 0.1)
    assert [one.seen for one in found.unmet] == ([] if seen is None else [seen])


def test_what_is_told_is_bounded_however_much_is_wrong() -> None:
    expect = Expect(contains=tuple("x" * 490 + str(n) for n in range(20)), title=("t" * 500,) * 20)
    found = hold(expect, html("y", title="z" * 300))
    assert len(found.unmet) == 8
    assert all(len(one.wanted) <= 100 and len(one.seen) <= 100 for one in found.unmet)


def test_a_page_that_stays_the_same_is_not_searched_again() -> None:
    body = html("Welcome").encode()
    page, held = Pages().read(body, HTML), Expectations(remembered=1)
    same = Exchange(url="https://parler.com/", status=200, headers=(("content-type", HTML),), body=body)
    expect = Expect(contains=("welcome",))
    first = held.hold(expect, same, page, 0.1)
    # Known by its hash, without a look at it: the body that comes with it is another.
    assert held.hold(expect, replace(same, body=b"else"), page, 0.1) == first
    other = Pages().read(b"else", HTML)
    assert held.hold(expect, replace(same, body=b"else"), other, 0.1).unmet


async def probed(check: Check, *pieces: bytes) -> HttpFacts:
    async with HttpLab(say(*pieces)) as lab, lab_io() as io:
        settings = replace(check.settings, url=lab.url())  # type: ignore[type-var]
        return await probe_http(replace(check, settings=settings), io)


async def test_the_probe_says_what_became_of_it() -> None:
    check = http_check("http://x/", expect=Expect(status=((403, 403),), contains=("come in",)))
    facts = await probed(check, answer(html("Come in").encode(), f"Content-Type: {HTML}", status="403 No"))
    assert facts.expected == Expected(met=("status", "contains"))
    facts = await probed(check, answer(html("Go").encode(), f"Content-Type: {HTML}"))
    assert facts.expected is not None
    assert [(one.condition, one.seen) for one in facts.expected.unmet] == [
        ("status", "200"),
        ("contains", "not on the page"),
    ]


async def test_nothing_expected_is_nothing_held() -> None:
    assert (await probed(http_check("http://x/"), answer(b"a"))).expected is None


@pytest.mark.parametrize(
    ("domain", "asked", "last", "host"),
    [
        ("parler.com", "https://parler.com/", "https://www.parler.com/", None),
        ("parler.com", "https://parler.com/", "https://PARLER.com./x", None),
        ("parler.com", "https://parler.com/", "https://notparler.com/", "notparler.com"),
        ("parler.com", "https://parler.com/", "https://parler.com.evil.example/", "parler.com.evil.example"),
        ("parler.com", "https://192.0.2.1/", "https://192.0.2.1/home", None),
        ("parler.com", "https://192.0.2.1/", "https://192.0.2.2/home", "192.0.2.2"),
        ("", "https://parler.com/", "https://example.org/", None),
    ],
)
def test_where_redirects_lead_out_of_the_domain(domain: str, asked: str, last: str, host: str | None) -> None:
    exchange = Exchange(url=last, status=200, redirects=(Redirect(url=asked, status=302, location=last),))
    assert elsewhere(exchange, domain) == host
