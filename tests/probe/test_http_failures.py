"""One test per failure of the http probe, each provoked for real, through the wrapper."""

import asyncio
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from monitor.failure import Failure
from monitor.model import HttpFacts, Observation
from monitor.probe.io import Io
from monitor.probe.observe import observe
from monitor.probe.reception import HEAD_LIMIT
from tests.servers.http_lab import (
    NOON,
    Authority,
    Detour,
    HttpLab,
    answer,
    forever,
    http_check,
    lab_io,
    mute,
    paths,
    reset,
    say,
)

# The errors of the two loops differ.
pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

WEB = "93.184.216.34"
SIX = "2606:2800:220:1:248:1893:25c8:1946"


async def look(url: str, io: Io | None = None, **settings: object) -> Observation:
    check = http_check(url, **settings)  # type: ignore[arg-type]
    if io is not None:
        return await observe(check, NOON, io)
    async with lab_io() as own:
        return await observe(check, NOON, own)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


# --- address ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"])
async def test_a_private_address_in_the_url_is_not_connected_to(host: str) -> None:
    seen = await look(f"http://{host}/", allow_private=False)
    assert (seen.failure, seen.facts) == (Failure.ADDRESS_FORBIDDEN, None)


async def test_a_name_that_leads_to_a_private_address_is_not_connected_to() -> None:
    async with HttpLab(say(answer())) as lab, lab_io({"inside.example": "127.0.0.1"}) as io:
        seen = await look(f"http://inside.example:{lab.port}/", io, allow_private=False)
        assert seen.failure is Failure.ADDRESS_FORBIDDEN
        assert lab.heads == []


@pytest.mark.parametrize("place", ["169.254.169.254/latest/meta-data", "10.0.0.1/", "router.example/"])
@pytest.mark.parametrize("allow_private", [False, True])
async def test_a_redirect_to_a_private_address_is_not_followed(
    place: str,
    allow_private: bool,  # noqa: FBT001  # a parameter of the table
) -> None:
    """What is allowed of the target itself is not allowed of whoever redirects it elsewhere."""
    redirect = answer(b"", f"Location: http://{place}", status="302 Found")
    names = {"www.example": WEB, "router.example": "192.168.1.1"}
    async with HttpLab(say(redirect)) as lab, lab_io(names, route=Detour({WEB: lab.endpoint})) as io:
        seen = await look("http://www.example/", io, allow_private=allow_private)
    assert seen.failure is Failure.ADDRESS_FORBIDDEN
    assert isinstance(seen.facts, HttpFacts)
    assert [hop.location for hop in seen.facts.redirects] == [f"http://{place}"]


# --- dns, as the http probe meets it -----------------------------------------------------------------


async def test_a_name_that_does_not_exist_is_a_dns_failure() -> None:
    assert (await look("http://nowhere.example/")).failure is Failure.DNS_NXDOMAIN


# --- tcp -------------------------------------------------------------------------------------------


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@pytest.fixture
def full_port() -> Iterator[int]:
    """Give a port whose queue of connections is full: the kernel drops further attempts."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for client in (first, second):
            client.settimeout(0)
            client.connect_ex(server.getsockname())
        time.sleep(0.01)
        yield server.getsockname()[1]


async def test_a_closed_port_refuses(closed_port: int) -> None:
    seen = await look(f"http://127.0.0.1:{closed_port}/")
    assert seen.failure is Failure.TCP_REFUSED
    assert isinstance(seen.facts, HttpFacts)
    assert seen.facts.address is None
    assert [(one.address, one.failure) for one in seen.facts.tried] == [("127.0.0.1", Failure.TCP_REFUSED)]
    assert seen.detail == f"127.0.0.1:{closed_port}: Connection refused"


async def test_silence_on_connecting_is_a_tcp_timeout(full_port: int) -> None:
    seen = await look(f"http://127.0.0.1:{full_port}/", timeout_s=0.3)
    assert seen.failure is Failure.TCP_TIMEOUT
    assert 0.26 <= seen.duration_s < 0.33
    assert isinstance(seen.facts, HttpFacts), "what was tried is told before the run is cut off"
    assert [one.address for one in seen.facts.tried] == ["127.0.0.1"]


async def test_a_dead_address_leaves_time_for_the_next_one(full_port: int) -> None:
    async with HttpLab(say(answer(b"here"))) as lab:
        route = Detour({"1.0.0.1": ("127.0.0.1", full_port), "1.1.1.1": lab.endpoint})
        async with lab_io({"www.example": "1.0.0.1 1.1.1.1"}, route=route) as io:
            seen = await look("http://www.example/", io, timeout_s=0.6, allow_private=False)
    assert seen.failure is None
    assert isinstance(seen.facts, HttpFacts)
    assert seen.facts.address == "1.1.1.1"
    assert [(one.address, one.failure) for one in seen.facts.tried] == [("1.0.0.1", Failure.TCP_TIMEOUT)]


async def test_one_address_of_eight_is_enough(closed_port: int) -> None:
    """A browser goes on to the next address, too: the site is up, and the fact is told beside."""
    refusing = {f"1.1.1.{last}": ("127.0.0.1", closed_port) for last in range(1, 8)}
    async with HttpLab(say(answer(b"here"))) as lab:
        route = Detour({**refusing, "1.1.1.8": lab.endpoint})
        async with lab_io({"www.example": " ".join(route.ways)}, route=route) as io:
            seen = await look("http://www.example/", io, allow_private=False)
    assert seen.failure is None
    assert isinstance(seen.facts, HttpFacts)
    assert len(seen.facts.tried) == 7
    assert {one.failure for one in seen.facts.tried} == {Failure.TCP_REFUSED}


async def test_no_route_is_unreachable() -> None:
    async with lab_io({"www.example": WEB}, route=Detour({})) as io:
        assert (await look("http://www.example/", io)).failure is Failure.TCP_UNREACHABLE


async def test_the_first_address_names_the_failure(closed_port: int) -> None:
    names = {"www.example": f"1.0.0.1 1.1.1.1 {SIX}"}
    async with lab_io(names, route=Detour({"1.0.0.1": ("127.0.0.1", closed_port)})) as io:
        assert (await look("http://www.example/", io)).failure is Failure.TCP_REFUSED


async def test_a_reset_before_the_answer() -> None:
    async def serve(_head: bytes, writer: asyncio.StreamWriter) -> None:
        reset(writer)

    async with HttpLab(serve) as lab:
        assert (await look(lab.url())).failure is Failure.TCP_RESET
        assert len(lab.heads) == 1, "a broken connection is the measurement: it is not tried again"


async def test_a_lack_of_file_descriptors_is_ours() -> None:
    script = """if True:
        import asyncio, resource
        from tests.servers.http_lab import HttpLab, NOON, answer, http_check, lab_io, say
        from monitor.probe.observe import observe

        async def main():
            async with HttpLab(say(answer())) as lab, lab_io() as io:
                resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
                print((await observe(http_check(lab.url()), NOON, io)).failure)

        asyncio.run(main())
    """
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == Failure.LOCAL_RESOURCES


# --- tls -------------------------------------------------------------------------------------------


async def secured(context: ssl.SSLContext, authority: Authority, *, by_clock: bool = False) -> Observation:
    """Look at https://www.example/ played by a server with that context."""
    async with (
        HttpLab(say(answer(b"hello")), tls=context) as lab,
        lab_io(
            {"www.example": WEB}, route=Detour({WEB: lab.endpoint}), trust=authority.trust(by_clock=by_clock)
        ) as io,
    ):
        return await look("https://www.example/", io, allow_private=False)


YEAR, DAY = timedelta(days=365), timedelta(days=1)


@pytest.mark.parametrize("by_clock", [False, True])
async def test_an_expired_certificate(authority: Authority, *, by_clock: bool) -> None:
    context = authority.server("www.example", before=-YEAR, after=-DAY)
    seen = await secured(context, authority, by_clock=by_clock)
    assert seen.failure is Failure.TLS_EXPIRED
    assert "valid from" in seen.detail
    assert isinstance(seen.facts, HttpFacts)
    assert seen.facts.tls is not None
    assert (seen.facts.tls.names, seen.facts.tls.issuer_organization) == (
        ("www.example",),
        "Lab Trust Services",
    )
    assert (seen.facts.status, seen.facts.address) == (0, WEB)


@pytest.mark.parametrize("by_clock", [False, True])
async def test_a_certificate_of_tomorrow(authority: Authority, *, by_clock: bool) -> None:
    context = authority.server("www.example", before=DAY, after=YEAR)
    seen = await secured(context, authority, by_clock=by_clock)
    assert seen.failure is Failure.TLS_NOT_YET_VALID
    assert isinstance(seen.facts, HttpFacts)


async def test_a_certificate_for_another_name(authority: Authority) -> None:
    seen = await secured(authority.server("www.other.example"), authority)
    assert seen.failure is Failure.TLS_HOSTNAME
    assert isinstance(seen.facts, HttpFacts)
    assert seen.facts.tls is not None
    assert seen.facts.tls.names == ("www.other.example",)


async def test_a_certificate_for_another_address(authority: Authority) -> None:
    async with (
        HttpLab(say(answer()), tls=authority.server("10.9.8.7")) as lab,
        lab_io(trust=authority.trust()) as io,
    ):
        assert (await look(lab.url(), io)).failure is Failure.TLS_HOSTNAME


async def test_a_certificate_of_an_unknown_authority(authority: Authority) -> None:
    assert (await secured(Authority().server("www.example"), authority)).failure is Failure.TLS_UNTRUSTED


async def test_no_common_version_of_tls(authority: Authority) -> None:
    context = authority.server("www.example")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    seen = await secured(context, authority)
    assert (seen.failure, seen.facts) == (Failure.TLS_HANDSHAKE, None)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28"])
async def test_a_server_that_speaks_no_tls(said: bytes) -> None:
    async with HttpLab(say(said), at_once=True) as lab:
        assert (await look(f"https://127.0.0.1:{lab.port}/")).failure is Failure.TLS_HANDSHAKE


async def test_silence_in_the_handshake() -> None:
    async with HttpLab(mute, at_once=True) as lab:
        seen = await look(f"https://127.0.0.1:{lab.port}/", timeout_s=0.2)
    assert seen.failure is Failure.TLS_TIMEOUT


# --- http ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(mute, id="mute"),
        pytest.param(forever(b"HTTP/1.1 200 OK\r\n", b"X", 0.02), id="head drips"),
        pytest.param(forever(b"HTTP/1.1 200 OK\r\n\r\n", b"X", 0.02), id="body drips"),
        pytest.param(forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02), id="asks to go on"),
    ],
)
async def test_an_answer_that_does_not_end_in_time(serve) -> None:  # noqa: ANN001 - Serve
    async with HttpLab(serve) as lab:
        seen = await look(lab.url(), timeout_s=0.5)
    assert seen.failure is Failure.HTTP_TIMEOUT
    assert 0.49 <= seen.duration_s < 0.55


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        answer(b"only this", length=1000),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly this",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_a_connection_closed_too_early(said: bytes) -> None:
    async with HttpLab(say(said)) as lab:
        seen = await look(lab.url())
        assert len(lab.heads) == 1
    assert seen.failure is Failure.HTTP_DISCONNECTED


async def test_what_came_before_a_disconnection_is_kept() -> None:
    async with HttpLab(say(answer(b"<title>Half</title>", "Server: lab", length=1000))) as lab:
        seen = await look(lab.url())
    assert isinstance(seen.facts, HttpFacts)
    assert (seen.facts.status, seen.facts.headers) == (200, (("server", "lab"),))
    assert (seen.facts.body_bytes, seen.facts.body_truncated) == (19, True)


@pytest.mark.parametrize(
    "said",
    [
        b"\x00\x01\x02garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"<html>HTTP/0.9</html>",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
    ],
)
async def test_an_answer_that_is_not_http(said: bytes) -> None:
    async with HttpLab(say(said)) as lab:
        assert (await look(lab.url())).failure is Failure.HTTP_MALFORMED


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(forever(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n" * 100), id="endless headers"),
        pytest.param(forever(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 1000), id="endless header"),
        pytest.param(forever(b"HTTP/1.1 200 ", b"x" * 1000), id="endless status line"),
        pytest.param(forever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100), id="storm of interim answers"),
        pytest.param(say(answer(b"", "X-Long: " + "x" * HEAD_LIMIT)), id="one header too long"),
    ],
)
async def test_a_head_without_end(serve) -> None:  # noqa: ANN001 - Serve
    async with HttpLab(serve) as lab:
        assert (await look(lab.url())).failure is Failure.HTTP_HEADERS_TOO_LARGE


@pytest.mark.parametrize("limit", [1, 3, 10])
async def test_a_chain_of_redirects_that_does_not_end(limit: int) -> None:
    async def serve(head: bytes, writer: asyncio.StreamWriter) -> None:
        step = int(head.split(b" ", 2)[1].decode().strip("/") or 0)
        writer.write(answer(b"", f"Location: /{step + 1}", status="302 Found"))

    async with HttpLab(serve) as lab:
        seen = await look(lab.url(), max_redirects=limit)
        assert len(lab.heads) == limit + 1
    assert seen.failure is Failure.HTTP_TOO_MANY_REDIRECTS
    assert isinstance(seen.facts, HttpFacts)
    assert len(seen.facts.redirects) == limit + 1
    assert seen.facts.status == 302


async def test_a_circle_of_redirects_is_left_when_it_closes() -> None:
    pages = {
        "/": answer(b"", "Location: /a", status="301 Moved"),
        "/a": answer(b"", "Location: /#top", status="301 Moved"),
    }
    async with HttpLab(paths(pages)) as lab:
        seen = await look(lab.url())
        assert len(lab.heads) == 2
    assert seen.failure is Failure.HTTP_TOO_MANY_REDIRECTS


@pytest.mark.parametrize(
    "location",
    [
        "ftp://www.example/",
        "javascript:alert(1)",
        "data:text/html,hello",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://www.example:99999/",
        "http://www.example:0/",
        "http://a..example/",
        f"http://{'a' * 64}.example/",
        f"http://{'a.' * 200}example/",
        "/" + "x" * 4096,
    ],
)
async def test_a_redirect_that_leads_to_no_web_page(location: str) -> None:
    async with HttpLab(say(answer(b"", f"Location: {location}", status="302 Found"))) as lab:
        seen = await look(lab.url())
    assert seen.failure is Failure.HTTP_BAD_REDIRECT
    assert isinstance(seen.facts, HttpFacts)
    assert seen.facts.status == 302
