"""One GET over fresh connections, redirects followed by hand, everything bounded.

Each hop of a redirect chain goes through `Connector`, so that the address of every one of them is
looked up by our resolver and checked before it is connected to. The total deadline is the caller's
(`asyncio.timeout`).
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from aiohttp import ClientError, EofStream
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader
from yarl import URL

from monitor.clock import Clock
from monitor.failure import Failure
from monitor.model import Redirect, Timings, TlsFacts, TriedAddress
from monitor.probe.attempt import PROGRESS, Attempt, Progress
from monitor.probe.body import ACCEPTED, Body
from monitor.probe.classify import classify
from monitor.probe.connector import Connector
from monitor.probe.error import ProbeError
from monitor.probe.io import Route
from monitor.probe.reception import Reception
from monitor.probe.redirect import STATUSES, Cookies, follow, target
from monitor.probe.text import clean, decode
from monitor.probe.tls import Trust

if TYPE_CHECKING:
    from monitor.probe.dns_client import DnsClient

_URL_LIMIT: Final = 2048
_VALUE_LIMIT: Final = 4096
_HEADERS_KEPT: Final = 128
_NAME_LIMIT: Final = 100
_REQUESTS_REMEMBERED: Final = 64
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_ACCEPT: Final = "text/html,application/xhtml+xml,*/*;q=0.8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What one GET got."""

    url: str
    """The last address asked."""
    status: int
    """0 when the chain broke before an answer; only `BrokenExchangeError` carries such a one."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case; control characters and undecodable bytes replaced."""
    body: bytes = b""
    """Decompressed, no longer than the limit."""
    truncated: bool = False
    """True when the body is not whole: beyond the limit, not decompressible, or broken off."""
    address: str | None = None
    port: int | None = None
    timings: Timings = field(default_factory=Timings)
    tls: TlsFacts | None = None
    redirects: tuple[Redirect, ...] = ()
    tried: tuple[TriedAddress, ...] = ()
    """Addresses of the last host that gave no connection."""
    verified: Callable[[], Sequence[bytes]] | None = field(default=None, repr=False, compare=False)
    """Gives the certificates that were verified (DER), the server's own first; None: none were."""

    def header(self, name: str) -> str | None:
        """Return the first header of that (lower-case) name."""
        return next((value for key, value in self.headers if key == name), None)


class BrokenExchangeError(ProbeError):
    """A GET that failed on the way; `exchange` is what had been seen until then."""

    def __init__(self, failure: Failure, detail: str, *, exchange: Exchange) -> None:
        super().__init__(failure, detail)
        self.exchange = exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the caller wants, the same for every hop."""

    user_agent: str
    headers: tuple[tuple[str, str], ...]
    body_limit: int
    family: str
    allow_private: bool
    verify_tls: bool
    at: str | None
    progress: Progress


class HttpClient:
    """Asks web servers. Build it inside a running event loop, close it once."""

    def __init__(self, *, dns: "DnsClient", route: Route, clock: Clock, trust: Trust) -> None:
        self._clock = clock
        self._connector = Connector(dns=dns, route=route, clock=clock, trust=trust)
        self._open: set[Reception] = set()
        self._sent: OrderedDict[tuple[str, tuple[tuple[str, str], ...]], str] = OrderedDict()

    async def aclose(self) -> None:
        """Close every connection that is still open."""
        for connection in tuple(self._open):
            connection.close()
        # The loop tells a transport that it is closed one step later.
        await asyncio.sleep(0)

    async def get(  # noqa: PLR0913 - the knobs of one request, all named
        self,
        url: str,
        *,
        user_agent: str,
        headers: tuple[tuple[str, str], ...] = (),
        max_redirects: int = 10,
        body_limit: int = 1 << 20,
        family: str = "auto",
        allow_private: bool = False,
        verify_tls: bool = True,
        at: str | None = None,
    ) -> Exchange:
        """Return the answer at the end of the redirect chain, whatever its status.

        `headers` go to the origin of `url` only. With `max_redirects=0` a redirect is an answer.
        `at`: the address to connect to, whatever the name leads to; redirects are then answers too.
        Raises BrokenExchangeError, a ProbeError.
        """
        asked = _Asked(
            user_agent=user_agent,
            headers=headers,
            body_limit=body_limit,
            family=family,
            allow_private=allow_private,
            verify_tls=verify_tls,
            at=at,
            progress=PROGRESS.get() or Progress(),
        )
        here = start = target(url)
        cookies = Cookies()
        visited = {(here, "")}
        hops: tuple[Redirect, ...] = ()
        while True:
            private = not hops or here.origin() == start.origin()
            request = self._request(here, asked, private=private, cookie=cookies.give(here))
            # Where a stranger redirects to is never private, whatever is allowed of the target itself.
            how = asked if here.host == start.host else replace(asked, allow_private=False)
            exchange, location = await self._hop(here, how, hops, request)
            if location is None or max_redirects == 0 or at is not None:
                return exchange
            try:
                there = follow(here, location)
            except ProbeError as error:
                raise BrokenExchangeError(error.failure, error.detail, exchange=exchange) from error
            cookies.take(here, exchange.headers)
            hops = (
                *hops,
                Redirect(url=_kept(here), status=exchange.status, location=decode(location, _URL_LIMIT)),
            )
            step = (there, cookies.give(there))
            if step in visited or len(hops) > max_redirects:
                raise BrokenExchangeError(
                    Failure.HTTP_TOO_MANY_REDIRECTS,
                    f"{'back at' if step in visited else f'{len(hops)} redirects, to'} {_kept(there)}",
                    exchange=replace(exchange, redirects=hops),
                )
            visited.add(step)
            here = there

    async def _hop(
        self, url: URL, asked: _Asked, hops: tuple[Redirect, ...], request: bytes
    ) -> tuple[Exchange, bytes | None]:
        """Ask one address; return the answer, and where it redirects to."""
        attempt = Attempt(
            family=asked.family,
            allow_private=asked.allow_private,
            verify_tls=asked.verify_tls,
            at=asked.at,
            progress=asked.progress,
        )
        answer = _Answer(attempt, url, hops, self._clock)
        try:
            return await self._ask(answer, asked, request)
        except ProbeError as error:
            raise BrokenExchangeError(error.failure, error.detail, exchange=answer.exchange()) from error
        except (ClientError, HttpProcessingError, EofStream, OSError) as error:
            failure, detail = classify(error)
            raise BrokenExchangeError(failure, detail, exchange=answer.exchange()) from error

    async def _ask(self, answer: "_Answer", asked: _Asked, request: bytes) -> tuple[Exchange, bytes | None]:
        url = answer.url
        connection = await self._connector.open(
            answer.attempt, url.raw_host or "", url.port or 0, tls=url.scheme == "https"
        )
        self._open.add(connection)
        try:
            head, body = await connection.ask(request)
            answer.head(head)
            if head.code in STATUSES:
                location = next((v for k, v in head.raw_headers if k.lower() == b"location"), None)
                if location is not None:
                    return answer.exchange(), location
            if not head.upgrade:
                await answer.read(body, asked.body_limit)
        finally:
            self._open.discard(connection)
            connection.close()
        return answer.exchange(), None

    def _request(self, url: URL, asked: _Asked, *, private: bool, cookie: str) -> bytes:
        """Return the request to send; the user's headers only where the user meant them to go."""
        key = (asked.user_agent, asked.headers if private else ())
        lines = self._sent.get(key)
        if lines is None:
            lines = self._sent[key] = header_lines(*key)
            if len(self._sent) > _REQUESTS_REMEMBERED:
                self._sent.popitem(last=False)
        if cookie:
            own = next((value for name, value in key[1] if name.lower() == "cookie"), None)
            lines = header_lines(key[0], (*key[1], ("Cookie", f"{own}; {cookie}" if own else cookie)))
        host = "" if lines.startswith("Host: ") else f"Host: {url.host_port_subcomponent}\r\n"
        return f"GET {url.raw_path_qs} HTTP/1.1\r\n{host}{lines}\r\n".encode()


def header_lines(user_agent: str, headers: tuple[tuple[str, str], ...]) -> str:
    """Return the lines of a request's head; a header of the user replaces ours, and a `Host` stands first.

    Raises ValueError when a name or value cannot stand in a head (RFC 9110, 5.1 and 5.5).
    """
    lines = {
        "user-agent": ("User-Agent", user_agent),
        "accept": ("Accept", _ACCEPT),
        "accept-encoding": ("Accept-Encoding", ACCEPTED),
        "connection": ("Connection", "close"),
    }
    lines |= {name.lower(): (name, value) for name, value in headers}
    if "host" in lines:
        lines = {"host": ("Host", lines.pop("host")[1])} | lines
    for name, value in lines.values():
        if not _NAME.fullmatch(name) or _NOT_IN_VALUE.search(value):
            message = f"not a header to send: {name!r}"
            raise ValueError(message)
    return "".join(f"{name}: {value}\r\n" for name, value in lines.values())


@lru_cache(maxsize=1024)
def _lower(name: bytes) -> str:
    return clean(name.decode("ascii", "replace").lower(), _NAME_LIMIT)


class _Answer:
    """The answer of one hop, as far as it has come."""

    def __init__(self, attempt: Attempt, url: URL, hops: tuple[Redirect, ...], clock: Clock) -> None:
        self.url = url
        self.attempt = attempt
        self._hops = hops
        self._clock = clock
        self._status = 0
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body: Body | None = None
        self._body_s: float | None = None

    def head(self, message: RawResponseMessage) -> None:
        self._status = message.code
        self._headers = tuple(
            [
                (_lower(name), decode(value, _VALUE_LIMIT))
                for name, value in message.raw_headers[:_HEADERS_KEPT]
            ]
        )

    async def read(self, content: StreamReader, limit: int) -> None:
        started = self._clock.monotonic()
        codings = [value for name, value in self._headers if name == "content-encoding"]
        body = self._body = Body(", ".join(codings), limit)
        while not content.at_eof():
            piece = await content.readany()
            if not body.feed(piece):
                break
        self._body_s = self._clock.monotonic() - started

    def exchange(self) -> Exchange:
        attempt, body = self.attempt, self._body
        content = body.end() if body else b""
        first = attempt.first_byte_at
        return Exchange(
            url=_kept(self.url),
            status=self._status,
            headers=self._headers,
            body=content,
            truncated=body is not None and (body.truncated or self._body_s is None),
            address=attempt.address,
            port=attempt.port,
            timings=Timings(
                resolve_s=attempt.resolve_s,
                connect_s=attempt.connect_s,
                tls_s=attempt.tls_s,
                # A server that speaks before it is asked has answered at once.
                first_byte_s=None if first is None else max(0.0, first - attempt.sent_at),
                body_s=self._body_s,
            ),
            tls=attempt.tls,
            redirects=self._hops,
            tried=attempt.tried,
            verified=attempt.verified,
        )


def _kept(url: URL) -> str:
    return clean(str(url), _URL_LIMIT)
