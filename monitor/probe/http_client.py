"""One GET over fresh connections, redirects followed by hand, everything bounded.

Each hop of a redirect chain goes through `ProbeConnector`, so that the address of every one of
them is looked up by our resolver and checked before it is connected to. The total deadline is the
caller's (`asyncio.timeout`).
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from monitor.clock import Clock
from monitor.failure import Failure
from monitor.model import Redirect, Timings, TlsFacts
from monitor.probe.attempt import ATTEMPT, PROGRESS, Attempt, Progress
from monitor.probe.body import ACCEPTED, Body
from monitor.probe.classify import classify
from monitor.probe.connector import ProbeConnector
from monitor.probe.error import ProbeError
from monitor.probe.io import Route
from monitor.probe.reception import HEAD_LIMIT
from monitor.probe.redirect import STATUSES, Cookies, follow, target
from monitor.probe.text import clean, decode
from monitor.probe.tls import Trust

if TYPE_CHECKING:
    from monitor.probe.dns_client import DnsClient

_URL_LIMIT: Final = 2048
_VALUE_LIMIT: Final = 4096
_HEADERS_KEPT: Final = 128
_REQUESTS_REMEMBERED: Final = 64
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
    progress: Progress


class HttpClient:
    """Asks web servers. Build it inside a running event loop, close it once."""

    def __init__(self, *, dns: "DnsClient", route: Route, clock: Clock, trust: Trust) -> None:
        self._clock = clock
        self._requests: OrderedDict[tuple[str, tuple[tuple[str, str], ...]], CIMultiDict[str]] = OrderedDict()
        self._session = aiohttp.ClientSession(
            connector=ProbeConnector(dns=dns, route=route, clock=clock, trust=trust),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            # The head as a whole is bounded by Reception. Content-Security-Policy of 10 kB is not rare.
            max_line_size=HEAD_LIMIT // 2,
            max_field_size=HEAD_LIMIT // 2,
            max_headers=HEAD_LIMIT,
        )
        # aiohttp repeats a GET whose connection broke. That break is what a monitor wants to see.
        self._session._retry_connection = False  # noqa: SLF001 - no public switch; aiohttp is pinned to a minor

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.close()

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
    ) -> Exchange:
        """Return the answer at the end of the redirect chain, whatever its status.

        `headers` go to the origin of `url` only. With `max_redirects=0` a redirect is an answer.
        Raises BrokenExchangeError, a ProbeError.
        """
        asked = _Asked(
            user_agent=user_agent,
            headers=headers,
            body_limit=body_limit,
            family=family,
            allow_private=allow_private,
            verify_tls=verify_tls,
            progress=PROGRESS.get() or Progress(),
        )
        here = start = target(url)
        cookies = Cookies()
        visited = {(here, "")}
        hops: tuple[Redirect, ...] = ()
        while True:
            private = not hops or here.origin() == start.origin()
            request = self._request(asked, private=private, cookie=cookies.give(here))
            exchange, location = await self._hop(here, asked, hops, request)
            if location is None or max_redirects == 0:
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
        self, url: URL, asked: _Asked, hops: tuple[Redirect, ...], headers: CIMultiDict[str]
    ) -> tuple[Exchange, bytes | None]:
        """Ask one address; return the answer, and where it redirects to."""
        attempt = Attempt(
            family=asked.family,
            allow_private=asked.allow_private,
            verify_tls=asked.verify_tls,
            progress=asked.progress,
        )
        ATTEMPT.set(attempt)
        answer = _Answer(attempt, url, hops, self._clock)
        try:
            return await self._ask(answer, asked, headers)
        except ProbeError as error:
            raise BrokenExchangeError(error.failure, error.detail, exchange=answer.exchange()) from error
        except (aiohttp.ClientError, HttpProcessingError, OSError, EOFError) as error:
            failure, detail = classify(error)
            raise BrokenExchangeError(failure, detail, exchange=answer.exchange()) from error

    async def _ask(
        self, answer: "_Answer", asked: _Asked, headers: CIMultiDict[str]
    ) -> tuple[Exchange, bytes | None]:
        response = await self._session.get(answer.url, headers=headers, allow_redirects=False)
        try:
            answer.head(response)
            if response.status in STATUSES:
                location = next((v for k, v in response.raw_headers if k.lower() == b"location"), None)
                if location is not None:
                    return answer.exchange(), location
            await answer.read(response, asked.body_limit)
        finally:
            response.close()
        return answer.exchange(), None

    def _request(self, asked: _Asked, *, private: bool, cookie: str) -> CIMultiDict[str]:
        """Return the headers to send; those of the user only where the user meant them to go."""
        key = (asked.user_agent, asked.headers if private else ())
        headers = self._requests.get(key)
        if headers is None:
            headers = CIMultiDict(
                {"User-Agent": asked.user_agent, "Accept": _ACCEPT, "Accept-Encoding": ACCEPTED}
            )
            headers.update(key[1])
            self._requests[key] = headers
            if len(self._requests) > _REQUESTS_REMEMBERED:
                self._requests.popitem(last=False)
        if cookie:
            own = headers.get("Cookie")
            headers = headers.copy()
            headers["Cookie"] = f"{own}; {cookie}" if own else cookie
        return headers


class _Answer:
    """The answer of one hop, as far as it has come."""

    def __init__(self, attempt: Attempt, url: URL, hops: tuple[Redirect, ...], clock: Clock) -> None:
        self.url = url
        self._attempt = attempt
        self._hops = hops
        self._clock = clock
        self._status = 0
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body: Body | None = None
        self._body_s: float | None = None

    def head(self, response: aiohttp.ClientResponse) -> None:
        self._status = response.status
        self._headers = tuple(
            (name.decode("ascii", "replace").lower(), decode(value, _VALUE_LIMIT))
            for name, value in response.raw_headers[:_HEADERS_KEPT]
        )

    async def read(self, response: aiohttp.ClientResponse, limit: int) -> None:
        started = self._clock.monotonic()
        codings = [value for name, value in self._headers if name == "content-encoding"]
        body = self._body = Body(", ".join(codings), limit)
        content = response.content
        while True:
            piece = await content.readany()
            if not piece or not body.feed(piece):
                break
            if content.at_eof():
                break
        self._body_s = self._clock.monotonic() - started

    def exchange(self) -> Exchange:
        attempt, body = self._attempt, self._body
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
                first_byte_s=None if first is None else first - attempt.sent_at,
                body_s=self._body_s,
            ),
            tls=attempt.tls,
            redirects=self._hops,
        )


def _kept(url: URL) -> str:
    return clean(str(url), _URL_LIMIT)
