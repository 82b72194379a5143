"""The http probe's facts, from real servers on loopback."""

import asyncio
import gzip
import resource
import time
import zlib
from datetime import timedelta

import pytest

from monitor.failure import Failure
from monitor.model import Check, HttpFacts, Redirect
from monitor.probe.http import kept_headers, probe_http
from monitor.probe.http_client import header_lines
from monitor.probe.io import Io
from monitor.probe.observe import observe
from monitor.wire import dump_observation
from tests.servers.http_lab import (
    NOON,
    Authority,
    Detour,
    HttpLab,
    Serve,
    answer,
    forever,
    http_check,
    lab_io,
    paths,
    say,
)

WEB = "93.184.216.34"
PAGE = "<html><head><title>The caf\u00e9</title></head><body><p>Come in.</p></body></html>"


def packed(text: str) -> bytes:
    """Pack without the time of day: parameters name tests, and every process must name them alike."""
    return gzip.compress(text.encode(), mtime=0)


async def facts_of(serve: Serve, path: str = "/", **settings: object) -> HttpFacts:
    async with HttpLab(serve) as lab, lab_io() as io:
        return await probe_http(http_check(lab.url(path), **settings), io)  # type: ignore[arg-type]


async def test_what_a_page_shows() -> None:
    body = PAGE.encode("latin-1")
    headers = (
        "Content-Type: text/html; charset=latin-1",
        "Server: lab/1",
        "Date: now",
        "Set-Cookie: id=secret; Path=/",
    )
    async with (
        HttpLab(say(answer(body, *headers))) as lab,
        lab_io({"www.example": WEB}, route=Detour({WEB: lab.endpoint})) as io,
    ):
        facts = await probe_http(http_check("http://www.example/a?b=c#d", allow_private=False), io)
    assert (facts.url, facts.status, facts.redirects) == ("http://www.example/a?b=c", 200, ())
    assert (facts.address, facts.port, facts.tls) == (WEB, 80, None)
    assert (facts.title, facts.excerpt, facts.text_length) == ("The caf\u00e9", "Come in.", 8)
    assert (facts.body_bytes, facts.body_truncated) == (len(body), False)
    assert facts.headers == (
        ("content-type", "text/html; charset=latin-1"),
        ("server", "lab/1"),
        ("set-cookie", "id"),
    )
    times = facts.timings
    assert times.tls_s is None
    for seconds in (times.resolve_s, times.connect_s, times.first_byte_s, times.body_s):
        assert seconds is not None
        assert 0 <= seconds < 0.5


async def test_what_is_sent() -> None:
    async with HttpLab(say(answer())) as lab, lab_io() as io:
        await probe_http(http_check(lab.url(), user_agent="lab", headers=(("X-Token", "t"),)), io)
        lines = lab.heads[0].decode().strip().split("\r\n")
    assert lines[0] == "GET / HTTP/1.1"
    assert sorted(lines[1:]) == [
        "Accept-Encoding: gzip, deflate",
        "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
        "Connection: close",
        f"Host: 127.0.0.1:{lab.port}",
        "User-Agent: lab",
        "X-Token: t",
    ]


async def test_a_header_of_the_user_replaces_ours() -> None:
    headers = (("accept", "text/plain"), ("HOST", "www.example"), ("Cookie", "a=b"))
    async with HttpLab(say(answer())) as lab, lab_io() as io:
        await probe_http(http_check(lab.url(), headers=headers), io)
        lines = lab.heads[0].decode().strip().split("\r\n")
    assert lines[1] == "Host: www.example"
    assert {"accept: text/plain", "Cookie: a=b"} < set(lines)
    assert len(lines) == 7


@pytest.mark.parametrize("header", [("X", "a\r\nY: b"), ("X\n", "a"), ("X Y", "a"), ("", "a"), ("X", "\x00")])
def test_a_header_that_would_be_two_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="not a header to send"):
        header_lines("lab", (header,))


async def test_headers_of_the_user_stay_at_the_origin_they_were_meant_for() -> None:
    names = {"www.example": "93.184.216.34", "other.example": "93.184.216.35"}
    location = "Location: http://user:password@other.example/"
    async with (
        HttpLab(say(answer())) as other,
        HttpLab(say(answer(b"", location, status="302 Found"))) as lab,
    ):
        route = Detour({"93.184.216.34": lab.endpoint, "93.184.216.35": other.endpoint})
        async with lab_io(names, route=route) as io:
            check = http_check("http://www.example/", headers=(("Authorization", "secret"),))
            facts = await probe_http(check, io)
        assert b"secret" in lab.heads[0]
        assert b"uthorization" not in other.heads[0]
        assert facts.url == "http://other.example/"


async def test_a_redirect_chain_is_kept() -> None:
    pages = {
        "/": answer(b"", "Location: //127.0.0.1:{port}/two", status="301 Moved Permanently"),
        "/two": answer(b"ignored", "Location: three/../fo%75r?x=\u00fc", status="307 Temporary Redirect"),
        "/four?x=%C3%BC": answer(b"here", "Content-Type: text/plain"),
    }
    async with HttpLab(paths(pages)) as lab, lab_io() as io:
        pages["/"] = pages["/"].replace(b"{port}", str(lab.port).encode())
        facts = await probe_http(http_check(lab.url()), io)
    assert (facts.status, facts.url, facts.excerpt) == (200, lab.url("/four?x=%C3%BC"), "here")
    assert facts.redirects == (
        Redirect(url=lab.url(), status=301, location=f"//127.0.0.1:{lab.port}/two"),
        Redirect(url=lab.url("/two"), status=307, location="three/../fo%75r?x=\u00fc"),
    )


async def test_a_site_that_insists_on_its_cookie_is_no_loop() -> None:
    async def serve(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"Cookie: seen=1; other=2\r\n" in head:
            writer.write(answer(b"welcome", "Content-Type: text/plain"))
        else:
            cookies = ("Set-Cookie: seen=1; Path=/; HttpOnly", "Set-Cookie: other=2", "Set-Cookie: nonsense")
            writer.write(answer(b"", "Location: /", *cookies, status="302 Found"))

    async with HttpLab(serve) as lab, lab_io() as io:
        for _ in range(2):
            facts = await probe_http(http_check(lab.url()), io)
            assert (facts.excerpt, len(facts.redirects)) == ("welcome", 1)
        assert len(lab.heads) == 4, "a cookie does not outlive its chain"


async def test_without_redirects_allowed_the_redirect_is_the_answer() -> None:
    facts = await facts_of(say(answer(b"", "Location: /next", status="302 Found")), max_redirects=0)
    assert (facts.status, facts.redirects, dict(facts.headers)["location"]) == (302, (), "/next")


@pytest.mark.parametrize("status", [204, 300, 304, 403, 404, 418, 451, 500, 503, 599, 999])
async def test_every_status_is_a_fact(status: int) -> None:
    assert (await facts_of(say(answer(b"", status=f"{status} Whatever")))).status == status


async def test_interim_answers_are_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 3
    assert (await facts_of(say(early, answer(b"ok")))).status == 200


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", packed(PAGE)),
        ("x-gzip", packed(PAGE)),
        ("gzip", packed(PAGE[:20]) + packed(PAGE[20:])),
        ("gzip", packed(PAGE) + b"\0\0\0"),
        ("deflate", zlib.compress(PAGE.encode())),
        ("deflate", zlib.compress(PAGE.encode(), wbits=-15)),
        ("identity", PAGE.encode()),
        ("", PAGE.encode()),
    ],
)
@pytest.mark.parametrize("pieces", [1, 7])
async def test_compressed_bodies(coding: str, body: bytes, pieces: int) -> None:
    whole = answer(body, f"Content-Encoding: {coding}", "Content-Type: text/html; charset=utf-8")
    step = len(whole) // pieces + 1
    facts = await facts_of(say(*(whole[i : i + step] for i in range(0, len(whole), step))))
    assert (facts.title, facts.body_truncated) == ("The caf\u00e9", False)
    assert facts.body_bytes == len(PAGE.encode())


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"not gzip at all"),
        ("gzip", packed(PAGE)[:-9]),
        ("br", b"\x0b\x02\x80hello\x03"),
        ("gzip, gzip", gzip.compress(packed("x"), mtime=0)),
        ("deflate", b"\xff\xff\xff"),
    ],
)
async def test_a_body_that_cannot_be_unpacked_is_marked(coding: str, body: bytes) -> None:
    facts = await facts_of(say(answer(body, f"Content-Encoding: {coding}", "Content-Type: text/html")))
    assert (facts.status, facts.body_truncated) == (200, True)


async def test_a_page_that_breaks_off_in_garbage_is_kept_up_to_there() -> None:
    start = b"HTTP/1.1 200 OK\r\nServer: lab\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    async with HttpLab(say(start, b"zz\r\n")) as lab, lab_io() as io:
        seen = await observe(http_check(lab.url()), NOON, io)
    assert seen.failure is Failure.HTTP_MALFORMED
    if seen.facts is not None:  # the garbage may come with the head, which then was never told
        assert isinstance(seen.facts, HttpFacts)
        assert (seen.facts.status, dict(seen.facts.headers)) == (200, {"server": "lab"})


async def test_a_body_of_exactly_the_limit_is_whole() -> None:
    for body in (b"x" * 5000, packed("x" * 5000)):
        coding = "gzip" if body[0] == 0x1F else "identity"
        facts = await facts_of(say(answer(body, f"Content-Encoding: {coding}")), body_limit=5000)
        assert (facts.body_bytes, facts.body_truncated) == (5000, False)
        facts = await facts_of(say(answer(body, f"Content-Encoding: {coding}")), body_limit=4999)
        assert (facts.body_bytes, facts.body_truncated) == (4999, True)


def bomb(gigabytes: int) -> bytes:
    """Return a gzip stream of zeros: one megabyte of it, repeated as it is."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(b"\0" * (1 << 20))
    packer.flush(zlib.Z_FULL_FLUSH)
    megabyte = packer.compress(b"\0" * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + megabyte * (gigabytes << 10)


async def test_a_decompression_bomb_costs_no_more_than_the_limit() -> None:
    packed = bomb(10)
    assert len(packed) < 12 << 20
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    facts = await facts_of(say(answer(packed, "Content-Encoding: gzip", "Content-Type: text/html")))
    assert time.monotonic() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # kB
    assert (facts.body_bytes, facts.body_truncated) == (1 << 20, True)


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"]
)
async def test_an_endless_body_is_cut(start: bytes) -> None:
    facts = await facts_of(forever(start, b"x" * 65536))
    assert (facts.body_bytes, facts.body_truncated) == (1 << 20, True)


async def test_an_endless_chunked_body_is_cut() -> None:
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    facts = await facts_of(forever(start, b"10000\r\n" + b"x" * 65536 + b"\r\n"))
    assert (facts.body_bytes, facts.body_truncated) == (1 << 20, True)


async def test_bytes_of_strangers_are_kept_as_clean_text() -> None:
    head = (
        b"HTTP/1.1 200 \xff\xfe\r\nServer: caf\xe9 \xe2\x80\xae\tx\r\nX-Twice: 1\r\nX-Twice: 2\r\n"
        b"Content-Type: text/html; charset=\xff\r\nContent-Length: 60\r\n\r\n"
    )
    async with (
        HttpLab(say(head + b"<title>\x00a\xed\xa0\x80\xe2\x80\xaeb</title>\x01\x02".ljust(60))) as lab,
        lab_io() as io,
    ):
        seen = await observe(http_check(lab.url()), NOON, io)
    assert isinstance(seen.facts, HttpFacts)
    assert dict(seen.facts.headers)["server"] == "caf\ufffd x"
    assert [value for name, value in seen.facts.headers if name == "x-twice"] == ["1", "2"]
    assert seen.facts.title == "a\ufffd\ufffd\ufffd b"
    dump_observation(seen).encode("utf-8")


def test_at_most_24_headers_of_200_characters_are_kept() -> None:
    kept = kept_headers(tuple((f"x-{n}", "v" * 500) for n in range(99)))
    assert len(kept) == 24
    assert {len(value) for _name, value in kept} == {200}


async def test_each_look_takes_a_connection_of_its_own() -> None:
    async with HttpLab(say(answer(b"x", "Connection: keep-alive"))) as lab, lab_io() as io:
        for _ in range(3):
            await probe_http(http_check(lab.url()), io)
        assert len(lab.heads) == 3


async def look_tls(authority: Authority, name: str = "www.example", **settings: object) -> HttpFacts:
    async with (
        HttpLab(say(answer(b"hello")), tls=authority.server(name)) as lab,
        lab_io({"www.example": WEB}, route=Detour({WEB: lab.endpoint}), trust=authority.trust()) as io,
    ):
        return await probe_http(http_check("https://www.example/", **settings), io)  # type: ignore[arg-type]


async def test_what_a_certificate_shows() -> None:
    facts = await look_tls(Authority())
    tls = facts.tls
    assert tls is not None
    assert (tls.version, tls.names, tls.issuer_organization) == (
        "TLSv1.3",
        ("www.example",),
        "Lab Trust Services",
    )
    assert tls.cipher.startswith("TLS_")
    assert len(tls.sha256) == 64
    assert tls.not_after - tls.not_before > timedelta(days=1)
    assert facts.timings.tls_s is not None


async def test_a_wrong_certificate_does_not_matter_when_it_is_not_to_be_verified() -> None:
    facts = await look_tls(Authority(), "www.other.example", verify_tls=False)
    assert facts.status == 200
    assert facts.tls is not None
    assert facts.tls.names == ("www.other.example",)


async def test_ipv6_literals() -> None:
    async with HttpLab(say(answer(b"six")), address="::1") as lab, lab_io() as io:
        facts = await probe_http(http_check(f"http://[::1]:{lab.port}/"), io)
    assert (facts.address, facts.status) == ("::1", 200)


async def test_settings_of_another_probe_are_a_mistake_of_ours() -> None:
    check = http_check("http://127.0.0.1/")
    wrong = Check(target="t", probe=check.probe, interval_s=1, timeout_s=1, settings=None)  # type: ignore[arg-type]
    async with lab_io() as io:
        with pytest.raises(TypeError):
            await probe_http(wrong, io)


async def test_a_closed_client_leaves_nothing_open(recwarn: pytest.WarningsRecorder) -> None:
    io: Io
    async with HttpLab(say(answer(b"x"))) as lab, lab_io() as io:
        await probe_http(http_check(lab.url()), io)
    assert not recwarn.list
