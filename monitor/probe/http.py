"""The `http` probe: one GET, and everything about the answer that tells who gave it.

A fresh connection each time. Redirects are followed (http and https only, every address checked);
the facts are of the last answer, the chain is kept. A status such as 403 or 500 is a fact, not a
failure: a failure is when no answer came. Facts gathered before a failure come with it: the
certificate that was refused, the redirects up to the one that led nowhere.
"""

from typing import Final

from yarl import URL

from monitor.model import Check, HttpFacts, HttpSettings
from monitor.probe.error import ProbeError
from monitor.probe.http_client import BrokenExchangeError, Exchange
from monitor.probe.io import Io

_LINES: Final = 24
_VALUE_LIMIT: Final = 200
_KEPT: Final = frozenset(
    {
        "age",
        "alt-svc",
        "bestcdn",
        "content-encoding",
        "content-type",
        "host-header",
        "link",
        "location",
        "nel",
        "powered-by",
        "refresh",
        "retry-after",
        "server",
        "server-timing",
        "set-cookie",
        "strict-transport-security",
        "via",
        "www-authenticate",
    }
)
_KEPT_PREFIXES: Final = ("x-", "cf-", "akamai-", "ddg-", "fastly-", "fly-", "surrogate-")


async def probe_http(check: Check, io: Io) -> HttpFacts:
    """Return what the page answered; raises ProbeError, with the facts so far where there are any."""
    settings = check.settings
    if not isinstance(settings, HttpSettings):
        message = f"settings of an http check expected, not {type(settings).__name__}"
        raise TypeError(message)
    started = io.clock.monotonic()
    try:
        exchange = await io.http.get(
            settings.url,
            user_agent=settings.user_agent,
            headers=settings.headers,
            max_redirects=settings.max_redirects,
            body_limit=settings.body_limit,
            family=settings.family,
            allow_private=settings.allow_private,
            verify_tls=settings.verify_tls,
        )
    except BrokenExchangeError as error:
        seen = error.exchange
        if not (seen.status or seen.tls or seen.redirects or seen.tried):
            raise
        raise ProbeError(error.failure, error.detail, facts=facts_of(seen, io, settings)) from error
    return facts_of(exchange, io, settings, io.clock.monotonic() - started)


def facts_of(exchange: Exchange, io: Io, settings: HttpSettings, elapsed_s: float | None = None) -> HttpFacts:
    """Return what was seen; `elapsed_s`: how long the whole answer took, None for one that never came."""
    page = io.pages.read(exchange.body, exchange.header("content-type")) if exchange.body else None
    addresses = (exchange.url, *(hop.location for hop in exchange.redirects)) if exchange.redirects else ()
    hits = page.hits if page else ()
    expected = None
    if settings.expect is not None and elapsed_s is not None:
        expected = io.expectations.hold(settings.expect, exchange, page, elapsed_s)
    strayed = elsewhere(exchange, settings.domain) if exchange.redirects else None
    word, due = None, False
    if settings.revocation and exchange.tls and exchange.verified and elapsed_s is not None and not strayed:
        word, due = io.revocations.meet(exchange.tls, exchange.verified, io.clock.now())
    return HttpFacts(
        url=exchange.url,
        status=exchange.status,
        redirects=exchange.redirects,
        address=exchange.address,
        port=exchange.port,
        timings=exchange.timings,
        tls=exchange.tls,
        headers=kept_headers(exchange.headers),
        title=page.title if page else None,
        text_length=page.text_length if page else 0,
        body_bytes=len(exchange.body),
        body_truncated=exchange.truncated,
        body_sha256=page.sha256 if page else None,
        excerpt=page.excerpt if page else "",
        elsewhere=strayed,
        shape=page.shape if page else None,
        signs=io.pages.signatures.of_answer(hits, exchange.status, exchange.headers, addresses),
        expected=expected,
        tried=exchange.tried,
        revocation=word,
        revocation_due=due,
    )


def elsewhere(exchange: Exchange, domain: str) -> str | None:
    """Return the host that redirects led to, if it lies outside of the target's domain."""
    host = (URL(exchange.url).raw_host or "").lower().removesuffix(".")
    if not domain or not host or host == domain or host.endswith(f".{domain}"):
        return None
    asked = (URL(exchange.redirects[0].url).raw_host or "").lower()
    return None if host == asked else host


def kept_headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the headers that tell who answered, bounded; of a cookie only its name, which is no secret."""
    kept = []
    for name, value in headers:
        if name in _KEPT or name.startswith(_KEPT_PREFIXES):
            told = value.partition("=")[0] if name == "set-cookie" else value
            kept.append((name[:_VALUE_LIMIT], told[:_VALUE_LIMIT]))
            if len(kept) == _LINES:
                break
    return tuple(kept)
