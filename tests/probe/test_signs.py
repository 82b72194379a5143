"""Signatures: the data are whole, each can be found, and a hostile body costs no more than a page."""

import time
from pathlib import Path

import pytest

from monitor.model import About, Confidence, SignKind
from monitor.probe.http import probe_http
from monitor.probe.page import Pages, read_page
from monitor.probe.signs import Signature, SignatureError, Signatures
from monitor.probe.signs.read import EDITION_FILE, read_folder
from tests.servers.http_lab import HttpLab, answer, http_check, lab_io, paths, say

HTML = "text/html; charset=utf-8"
SIGNS = Signatures.bundled()
RULES = [(row, rule) for row in SIGNS.rows for rule in row.rules]


def signs_of(
    body: str = "",
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    addresses: tuple[str, ...] = (),
    kind: str = HTML,
) -> list[str]:
    page = read_page(body.encode(), kind, "", SIGNS)
    return [sign.id for sign in SIGNS.of_answer(page.hits, status, headers, addresses)]


def answer_of(row: Signature, rule: tuple[str, ...], number: int) -> list[str]:
    """Return what an answer that has the `number`-th of each thing that a rule names is recognised as."""

    def pick(group: str) -> str:
        found = getattr(row, group) if group in rule else ()
        return found[number % len(found)] if found else ""

    headers = []
    if "headers" in rule:
        name, value = row.headers[number % len(row.headers)]
        headers.append((name, f"x {value} y"))
    if "cookies" in rule:
        headers.append(("set-cookie", f"{pick('cookies')}=1; Path=/"))
    if "ns" in rule:
        return [sign.id for sign in SIGNS.of_name_servers((f"ns1.{pick('ns')}",))]
    body = f"<html><title>x {pick('title')} y</title><body><div>{pick('body')}</div></body></html>"
    status = row.status[number % len(row.status)] if "status" in rule else 200
    address = pick("url")
    host = "x.example" if address.startswith("/") else ""
    addresses = (f"https://{host}{address}",) if address else ()
    return signs_of(body, status=status, headers=tuple(headers), addresses=addresses)


@pytest.mark.parametrize(
    ("row", "rule"), RULES, ids=lambda part: part.id if isinstance(part, Signature) else None
)
def test_every_rule_of_every_signature_finds_its_page_by_each_of_its_words(
    row: Signature, rule: tuple[str, ...]
) -> None:
    most = max(len(getattr(row, group)) for group in rule)
    for number in range(most):
        assert row.id in answer_of(row, rule, number)


def test_the_data_are_whole() -> None:
    assert SIGNS.edition == "2026-11-24"
    assert {row.kind for row in SIGNS.rows} == set(SignKind)
    assert len(SIGNS.rows) > 110
    assert all(row.sources for row in SIGNS.rows)
    assert {row.about for row in SIGNS.rows if row.kind is SignKind.CHALLENGE} == {About.VISITOR}
    edition = (Path(read_page.__code__.co_filename).parent / "signs" / EDITION_FILE).read_text()
    used = {source for row in SIGNS.rows for source in row.sources}
    assert all(f"[sources.{source}]" in edition for source in used)
    assert edition.count("[sources.") == len(used)


GOOD = "[a]\nbody = ['abcd']\nconfidence = 'high'\nrules = [['body']]\nsources = ['s']"


@pytest.mark.parametrize(
    ("name", "rows", "problem"),
    [
        ("block", GOOD.replace("body = ['abcd']\n", ""), "rules name ['body'], and there are []"),
        ("block", GOOD.replace("[['body']]", "5"), "a list of lists"),
        ("block", GOOD.replace("['s']", "['t']"), "sources: at least one of s"),
        ("block", GOOD.replace("high", "sure"), "'sure' is none of high, medium, low"),
        ("block", GOOD.replace("abcd", "a"), "no text of 4"),
        ("block", GOOD.replace("['abcd']", "'ab'"), "a list of texts"),
        ("block", GOOD.replace("['abcd']", "['abcd', 'abcd']"), "twice"),
        (
            "block",
            GOOD.replace("body = ['abcd']", "status = ['403']").replace("body", "status"),
            "status codes",
        ),
        ("block", "[a]\nbodies = []", "unknown key"),
        ("block", GOOD.replace("[a]", "[A]"), "an id is"),
        ("block", "a = 5", "unknown key"),
        ("blok", GOOD, "no kind of page"),
        ("block", "[a", "not TOML"),
    ],
    ids=range(13),
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, name: str, rows: str, problem: str) -> None:
    (tmp_path / EDITION_FILE).write_text("edition = 2026-11-24\n[sources.s]\nwhat = 'x'\n")
    (tmp_path / f"{name}.toml").write_text(rows)
    with pytest.raises(SignatureError) as caught:
        read_folder(tmp_path)
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"{name}.toml")


@pytest.mark.parametrize(
    ("body", "status", "headers", "found"),
    [
        # The challenge's script is on ordinary pages too.
        ("<script src=/cdn-cgi/challenge-platform/x.js></script>", 200, (), []),
        ("<script src=/cdn-cgi/challenge-platform/x.js></script>", 403, (), ["cloudflare-challenge"]),
        ("", 403, (("cf-mitigated", "challenge"),), ["cloudflare-challenge"]),
        # A challenge page can carry a block's words: both are facts, and the challenge stands first.
        (
            "<title>Just a moment...</title>error code: 1020",
            403,
            (("server", "cloudflare"),),
            ["cloudflare-challenge", "cloudflare-1020-family"],
        ),
        ("error code: 1020", 403, (("server", "cloudflare"),), ["cloudflare-1020-family"]),
        ("error code: 1016", 530, (("server", "cloudflare"),), ["cloudflare-1xxx-config", "cloudflare-5xx"]),
        ("error code: 1018", 530, (("server", "cloudflare"),), ["cloudflare-host-unknown", "cloudflare-5xx"]),
        ("error code: 10180", 200, (), []),
        ("<h1>THIS WEBSITE HAS BEEN\n  SEIZED</h1>", 200, (), ["seized-banner-generic"]),
        ("There isn&#39;t a <b>GitHub</b> Pages site here.", 404, (), ["github-pages-404"]),
        ("Looks like this domain isn&rsquo;t connected to a website yet!", 404, (), ["wix-not-connected"]),
        ("", 451, (), ["http-451"]),
        ("", 509, (), ["cpanel-bandwidth"]),
        ("", 403, (("server", "nginx"),), []),
        ("<p>nothing of the kind", 200, (("server", "cloudflare"), ("x-cache", "Hit")), []),
    ],
)
def test_what_is_told_apart(
    body: str, status: int, headers: tuple[tuple[str, str], ...], found: list[str]
) -> None:
    assert signs_of(body, status=status, headers=headers) == found


def test_an_address_is_one_at_the_boundary_of_a_name() -> None:
    assert signs_of(addresses=("https://dan.com/buy-domain/x.example",)) == ["dan-parked"]
    assert signs_of(addresses=("https://jordan.com/buy-domain/x.example",)) == []
    (sign,) = SIGNS.of_name_servers(("ns1.afternic.com", "ns2.afternic.com"))
    assert sign.id == "afternic-parked"
    assert SIGNS.of_name_servers(("ns1.notafternic.com", "com", "")) == ()


def test_no_more_than_eight_signs_are_kept() -> None:
    everything = "\n".join(text for row in SIGNS.rows if row.rules == (("body",),) for text in row.body)
    assert len(signs_of(everything)) == 8


def test_a_page_with_much_text_or_that_is_no_text_is_not_searched() -> None:
    words = "this website has been seized "
    assert signs_of(words) == ["seized-banner-generic"]
    assert signs_of(words + "word " * 5_000) == []
    assert signs_of(words, kind="image/png") == []


def test_of_a_large_body_the_beginning_and_the_end_are_searched() -> None:
    script = "<script>" + "x;" * 500_000 + "</script>"
    words = "<p>img.sedoparking.com</p>"
    assert signs_of(words + script) == signs_of(script + words) == ["sedo-parked"]


EVERY_WORD = b" ".join(text.encode() for row in SIGNS.rows for text in row.body)
MIB = 1 << 20


@pytest.mark.parametrize(
    "body",
    [
        b"a" * MIB,
        b"a " * (MIB // 2),
        b" " * MIB,
        b"<" * MIB,
        b"this domain has been seize " * (MIB // 27),
        b"error code: 10 " * (MIB // 15),
        (EVERY_WORD + b" ") * (MIB // len(EVERY_WORD)),
        (EVERY_WORD.replace(b" ", b"  ") + b" ") * (MIB // len(EVERY_WORD)),
    ],
    ids=["a", "a-a", "blanks", "brackets", "nearly", "codes", "every", "every-word"],
)
def test_a_megabyte_of_whatever_takes_no_longer_than_a_page(body: bytes) -> None:
    started = time.process_time()
    for _ in range(3):
        SIGNS.in_page("x", body, "y" * 20_000)
    assert (time.process_time() - started) / 3 < 0.05  # 3 to 8 ms here


async def test_the_probe_keeps_the_signs_of_what_answers() -> None:
    page = b"<title>Account Suspended</title><p>This Account has been suspended."
    async with HttpLab(say(answer(page, f"Content-Type: {HTML}"))) as lab, lab_io() as io:
        facts = await probe_http(http_check(lab.url()), io)
    sign, weaker = facts.signs
    assert (weaker.id, weaker.confidence) == ("hoster-suspended-generic", Confidence.LOW)
    assert (sign.id, sign.kind, sign.confidence) == ("cpanel-suspended", SignKind.SUSPENDED, Confidence.HIGH)
    assert sign.source == "public-code, public-pages"


async def test_a_redirect_that_leads_to_a_parking_page_is_a_sign() -> None:
    found = {
        "/": answer(b"", "Location: /cgi-sys/suspendedpage.cgi", status="302 Found"),
        "/cgi-sys/suspendedpage.cgi": answer(b"<p>Sorry"),
    }
    async with HttpLab(paths(found)) as lab, lab_io() as io:
        facts = await probe_http(http_check(lab.url()), io)
    assert [(sign.id, sign.by) for sign in facts.signs] == [("cpanel-suspended", ("url",))]


def test_what_a_page_has_is_kept_with_it() -> None:
    pages = Pages()
    first = pages.read(b"<p>this website has been seized", HTML)
    assert first.hits
    assert pages.read(b"<p>this website has been seized", HTML) is first
