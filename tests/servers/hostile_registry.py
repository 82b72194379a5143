"""WHOIS and RDAP servers that mean harm, in a process of their own: what they cost is not the monitor's.

Run as a program it listens on a port for each behaviour, prints which, and serves until its input ends.
`hostile_servers()` starts it. A `Behaviour` has the connection once the question has come, or before.
"""

import asyncio
import gzip
import json
import os
import random
import sys
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen

Behaviour = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]

_TICK = 0.2
_BLOCK = b"Name Server: ns1.example.com\r\n" * 500
_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/rdap+json\r\n"


async def _send(writer: asyncio.StreamWriter, *pieces: bytes) -> None:
    for piece in pieces:
        writer.write(piece)
        await writer.drain()


def says(*pieces: bytes) -> Behaviour:
    async def serve(_question: bytes, writer: asyncio.StreamWriter) -> None:
        await _send(writer, *pieces)

    return serve


def endless(start: bytes, piece: bytes, pause_s: float = 0.0) -> Behaviour:
    async def serve(_question: bytes, writer: asyncio.StreamWriter) -> None:
        await _send(writer, start)
        while True:
            await _send(writer, piece)
            await asyncio.sleep(pause_s)

    return serve


def drip(text: bytes) -> Behaviour:
    async def serve(_question: bytes, writer: asyncio.StreamWriter) -> None:
        for index in range(len(text)):
            await _send(writer, text[index : index + 1])
            await asyncio.sleep(_TICK)

    return serve


async def silent(_question: bytes, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def resets(*pieces: bytes) -> Behaviour:
    async def serve(_question: bytes, writer: asyncio.StreamWriter) -> None:
        await _send(writer, *pieces)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SOL_SOCKET, SO_LINGER: on, 0 s
        writer.transport.abort()

    return serve


def whois(domain: str, *lines: str) -> bytes:
    rows = (
        f"Domain Name: {domain.upper()}",
        "Creation Date: 2018-06-15T18:25:25Z",
        "Registry Expiry Date: 2026-06-15T18:25:25Z",
        "Domain Status: ok https://icann.org/epp#ok",
        "Name Server: NS3.EPIK.COM",
        *lines,
        ">>> Last update of WHOIS database: 2021-01-17T12:00:00Z <<<",
    )
    return "".join(f"{row}\r\n" for row in rows).encode("utf-8", "surrogateescape")


def rdap(domain: str, **changes: object) -> bytes:
    record = {"objectClassName": "domain", "ldhName": domain, **changes}
    return json.dumps(record, separators=(",", ":")).encode()


def body(data: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [f"Content-Length: {len(data) if length is None else length}", *headers]
    return _JSON + "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + data


def redirect(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


async def ever_further(question: bytes, writer: asyncio.StreamWriter) -> None:
    """Redirect each address to another."""
    path = question.split(b" ", 2)[1].decode()
    await _send(writer, redirect(f"{path}/a"))


def bomb(coding: str) -> bytes:
    packer = {"gzip": partial(gzip.compress, compresslevel=9), "deflate": zlib.compress}[coding]
    return body(packer(b" " * 200_000_000), f"Content-Encoding: {coding}")


def _nested(depth: int) -> object:
    inner: object = {}
    for _ in range(depth):
        inner = {"roles": ["registrar"], "entities": [inner]}
    return [inner]


_NOISE = random.Random(0).randbytes(60_000)  # noqa: S311 - the same noise each time
_ENTITY: dict[str, list[str]] = {"roles": []}
_SERVERS = [{"ldhName": f"{n}.a.io"} for n in range(4_000)]

WHOIS: dict[str, Callable[[], Behaviour]] = {
    "endless reply": lambda: endless(b"", _BLOCK),
    "endless line": lambda: endless(b"", b"a" * 65_536),
    "huge line": lambda: says(b"Comment: " + b"a" * 65_000 + b"\r\n"),
    "huge line of colons": lambda: says(b":" * 65_000),
    "huge line of blanks": lambda: says(b" " * 65_000 + b"x"),
    "huge line of dots": lambda: says(b"Domain Name: " + b"a." * 32_000),
    "huge line of digits": lambda: says(b"Creation Date: " + b"1" * 65_000),
    "only line ends": lambda: says(b"\r\n" * 32_000 + b"x"),
    "only short keys": lambda: says(b"a:b\n" * 16_000),
    "only percent signs": lambda: says(b"%%% %\n" * 10_000),
    "drip-fed": lambda: drip(whois("example.hostile")),
    "silence": lambda: silent,
    "reset": resets,
    "reset in the middle": lambda: resets(whois("example.hostile")[:120]),
    "nothing": says,
    "invalid UTF-8": lambda: says(_NOISE),
    "escapes of ISO-2022-JP": lambda: says(b"\x1b$B" * 20_000),
    "invalid UTF-8 in a record": lambda: says(whois("example.hostile", "Registrar: Caf\udcff")),
    "NUL bytes": lambda: says(b"\x00" * 65_000),
    "wrong domain": lambda: says(whois("another.hostile")),
    "4,000 name servers": lambda: says(
        whois("example.hostile", *(f"Name Server: n{n}.a.example" for n in range(1_800)))
    ),
    "4,000 status codes": lambda: says(whois("example.hostile", *(f"Status: a{n}" for n in range(4_000)))),
    "referral to a private address": lambda: says(
        whois("example.hostile", "Registrar WHOIS Server: 127.0.0.1")
    ),
    "referral to a name of one": lambda: says(
        whois("example.hostile", "Registrar WHOIS Server: whois.private.test")
    ),
    "referral to itself": lambda: says(whois("example.hostile", "Registrar WHOIS Server: whois.loop.test")),
    "referral to nobody": lambda: says(whois("example.hostile", "Registrar WHOIS Server: whois.gone.test")),
}
RDAP: dict[str, Callable[[], Behaviour]] = {
    "endless body": lambda: endless(_JSON + b"\r\n", b'{"a": [' * 5_000),
    "endless chunks": lambda: endless(_JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 5_000),
    "endless headers": lambda: endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 2_000),
    "endless header": lambda: endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"b" * 65_536),
    "endless interim answers": lambda: endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000),
    "drip-fed headers": lambda: drip(body(rdap("example.hostile"))),
    "drip-fed body": lambda: endless(_JSON + b"\r\n", b" ", _TICK),
    "silence": lambda: silent,
    "silence after the headers": lambda: endless(_JSON + b"Content-Length: 900\r\n\r\n", b"", 60.0),
    "reset": resets,
    "reset in the middle": lambda: resets(body(rdap("example.hostile"), length=9_000)),
    "nothing": says,
    "cut": lambda: says(body(rdap("example.hostile"), length=9_000)),
    "no HTTP": lambda: says(_NOISE),
    "gzip bomb": lambda: says(bomb("gzip")),
    "deflate bomb": lambda: says(bomb("deflate")),
    "broken gzip": lambda: says(body(_NOISE, "Content-Encoding: gzip")),
    "unknown coding": lambda: says(body(rdap("example.hostile"), "Content-Encoding: rot13")),
    "redirect to itself": lambda: says(redirect("?")),
    "endless redirects": lambda: ever_further,
    "redirect to a private address": lambda: says(redirect("http://10.0.0.1/domain/example.hostile")),
    "redirect to the cloud's metadata": lambda: says(redirect("http://169.254.169.254/latest/")),
    "redirect to a name of one": lambda: says(redirect("http://whois.private.test/domain/example.hostile")),
    "redirect to a file": lambda: says(redirect("file:///etc/passwd")),
    "wrong domain": lambda: says(body(rdap("another.hostile"))),
    "no domain": lambda: says(body(b"[]")),
    "deep nesting": lambda: says(body(b"[" * 200_000)),
    "90 kB of small objects": lambda: says(body(b"[" + b"{}," * 30_000 + b"{}]")),
    "90 kB of small numbers": lambda: says(body(b"[" + b"1," * 45_000 + b"1]")),
    "90 kB of nested lists": lambda: says(body(b"[" + (b"[" * 300 + b"]" * 300 + b",") * 150 + b"[]]")),
    "a huge number": lambda: says(body(b'{"ldhName": ' + b"9" * 200_000 + b"}")),
    "one megabyte": lambda: says(body(b'{"a": "' + b"x" * 1_000_000 + b'"}')),
    "invalid UTF-8": lambda: says(body(b'{"ldhName": "\xff\xfe"}')),
    "surrogates": lambda: says(body(b'{"objectClassName": "domain", "ldhName": "\\ud800.hostile"}')),
    "as it was": lambda: says(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
}
# Facts come out of these: what is too much is left out, and what is not understood.
ANSWERED = {
    "4,000 entities": lambda: says(body(rdap("example.hostile", entities=[_ENTITY] * 4_000))),
    "deep entities": lambda: says(body(rdap("example.hostile", entities=_nested(400)))),
    "4,000 name servers": lambda: says(body(rdap("example.hostile", nameservers=_SERVERS))),
}
TLS: dict[str, Callable[[], Behaviour]] = {
    "plain HTTP": lambda: says(body(rdap("example.hostile"))),
    "noise": lambda: says(_NOISE),
    "silence": lambda: silent,
    "reset": resets,
    "an alert": lambda: says(b"\x15\x03\x01\x00\x02\x02\x28"),
    "an endless record": lambda: endless(b"\x16\x03\x03\xff\xff", b"\x02" * 65_536),
    "records that come to nothing": lambda: endless(
        b"", b"\x16\x03\x03\x00\x04\x02\xff\xff\xff" * 100, 0.001
    ),
    "drip-fed": lambda: drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 600),
}
ALL = {
    **{f"whois {name}": make for name, make in WHOIS.items()},
    **{f"rdap {name}": make for name, make in (RDAP | ANSWERED).items()},
    **{f"tls {name}": make for name, make in TLS.items()},
}


async def _connected(behave: Behaviour, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        question = await reader.read(4_096)
        await behave(question, writer)
        writer.close()
        await writer.wait_closed()
    writer.transport.abort()


async def _serve() -> None:
    ports: dict[str, int] = {}
    for name, make in ALL.items():
        server = await asyncio.start_server(partial(_connected, make()), "127.0.0.1", 0)
        ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)  # noqa: T201 - how the test learns them
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


@contextmanager
def hostile_servers() -> Iterator[dict[str, int]]:
    """Run the servers; gives the port of each by its name, such as `whois silence`."""
    with Popen([sys.executable, Path(__file__)], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(10)


if __name__ == "__main__":
    asyncio.run(_serve())
