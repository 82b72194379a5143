"""Receivers: who is told what, and one signed POST of one event.

The body is a CloudEvent (structured JSON), signed after Standard Webhooks
(https://www.standardwebhooks.com) when the receiver has a secret. `webhook-id` is the event's id, the
same on every try. An address may be a secret: only the receiver's name is ever logged or stored.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Final, Self

import aiohttp
import structlog
from standardwebhooks import Webhook
from yarl import URL

import monitor
from monitor import wire
from monitor.clock import Clock
from monitor.model import Event, EventType, Severity, StoredEvent

# Answers that will not change by asking again: the event is parked. Others are tried again.
PERMANENT: Final = frozenset({400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431, 501})

ANSWER_LIMIT: Final = 4096
"""Bytes of an answer that are looked at."""

RETRY_AFTER_LIMIT_S: Final = 3600.0
"""A receiver may ask for a break of at most this long."""

_ASKS_FOR_A_BREAK: Final = frozenset({429, 503})
_CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
_RANK: Final = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
_SHORTEST_SECRET_PART: Final = 4
_EXCERPT: Final = 200
_NO_ADDRESS: Final = "the address is not an http(s) address"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSettings:
    """One receiver as configured. Address, secret and headers are never shown."""

    name: str
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    """Standard Webhooks secret: base64, with or without `whsec_`; None: not signed."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    timeout_s: float = 10.0
    """For one whole try."""
    events: tuple[EventType, ...] = ()
    """Types that are sent; none given: all."""
    min_severity: Severity = Severity.INFO
    targets: tuple[str, ...] = ()
    """Names or shell patterns (`*.example`); none given: all."""


def wants(receiver: ReceiverSettings, event: Event) -> bool:
    """Tell whether the receiver is told this event. A test event reaches everybody.

    What is told of a provider or of the monitor itself stands for many targets: whoever is limited to some
    of them is told it, too, for nothing may be told of those then.
    """
    if event.type is EventType.TEST:
        return True
    return (
        _RANK[event.severity] >= _RANK[receiver.min_severity]
        and (not receiver.events or event.type in receiver.events)
        and (
            event.type.of_fleet
            or not receiver.targets
            or any(fnmatchcase(event.subject, name) for name in receiver.targets)
        )
    )


def routes(receivers: Iterable[ReceiverSettings]) -> Callable[[Event], tuple[str, ...]]:
    """Return the function that names the receivers of an event."""
    everybody = tuple(receivers)

    def names(event: Event) -> tuple[str, ...]:
        return tuple(receiver.name for receiver in everybody if wants(receiver, event))

    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How one try ended."""

    delivered: bool
    reason: str
    """For people: `answered 503: …`, `connection refused`. Holds no part of the address or the secret."""
    permanent: bool = False
    """Trying again cannot help."""
    retry_after_s: float | None = None
    """The break that the receiver asked for, bounded."""


class WebhookSender:
    """Sends events to receivers, with one pool of connections each. Use it in `async with`."""

    def __init__(self, receivers: Sequence[ReceiverSettings], *, clock: Clock, source: str) -> None:
        self._clock = clock
        self._source = source
        self._signers = {
            receiver.name: Webhook(receiver.secret) for receiver in receivers if receiver.secret is not None
        }
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._log = structlog.get_logger("receivers")
        # The system's store, SSL_CERT_FILE honoured; aiohttp's own is made when it is imported.
        self._trust = ssl.create_default_context()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def send(self, receiver: ReceiverSettings, stored: StoredEvent) -> Answer:
        """Try once; never raises but CancelledError."""
        try:
            async with asyncio.timeout(receiver.timeout_s):
                return await self._post(receiver, stored)
        except Exception as error:  # noqa: BLE001 - the sender: whatever happens to one try is its answer
            return self._failed(receiver, error)

    async def _post(self, receiver: ReceiverSettings, stored: StoredEvent) -> Answer:
        url = _address(receiver)
        if url is None:
            return Answer(delivered=False, reason=_NO_ADDRESS, permanent=True)
        body = body_of(stored, source=self._source)
        async with self._session(receiver).post(
            url,
            data=body.encode(),
            headers=self._headers(receiver, stored.event.id, body),
            allow_redirects=False,
        ) as response:
            if 200 <= response.status < 300:  # noqa: PLR2004 - the class of success, RFC 9110 section 15.3
                answer = Answer(delivered=True, reason=f"answered {response.status}")
            else:
                answer = await self._refusal(receiver, response)
            if not response.content.at_eof():
                response.close()  # an endless body ends here
            return answer

    def _headers(self, receiver: ReceiverSettings, event_id: str, body: str) -> list[tuple[str, str]]:
        now = self._clock.now()
        headers = [
            ("Content-Type", _CONTENT_TYPE),
            ("Accept-Encoding", "identity"),
            ("User-Agent", f"platform-monitor/{monitor.__version__}"),
            ("webhook-id", event_id),
            ("webhook-timestamp", str(int(now.timestamp()))),
        ]
        signer = self._signers.get(receiver.name)
        if signer is not None:
            headers.append(("webhook-signature", signer.sign(event_id, now, body)))
        ours = {name.lower() for name, _ in headers if name.startswith("webhook-")}
        theirs = [pair for pair in receiver.headers if pair[0].lower() not in ours]
        named = {name.lower() for name, _ in theirs}
        return [pair for pair in headers if pair[0].lower() not in named] + theirs

    def _session(self, receiver: ReceiverSettings) -> aiohttp.ClientSession:
        """Return the receiver's own session: a receiver that hangs takes no connection of another."""
        session = self._sessions.get(receiver.name)
        if session is None:
            # Kept open for a burst only: a server may close an idle connection just when it is used again.
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=1.0, ssl=self._trust)
            session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=receiver.timeout_s),
                auto_decompress=False,
            )
            self._sessions[receiver.name] = session
        return session

    async def _refusal(self, receiver: ReceiverSettings, response: aiohttp.ClientResponse) -> Answer:
        excerpt = await _excerpt(response)
        said = _without_secrets(receiver, excerpt)[:_EXCERPT]
        return Answer(
            delivered=False,
            reason=f"answered {response.status}" + (f": {said}" if said else ""),
            permanent=response.status in PERMANENT,
            retry_after_s=self._retry_after(response),
        )

    def _retry_after(self, response: aiohttp.ClientResponse) -> float | None:
        """Return the seconds of a Retry-After header (RFC 9110 section 10.2.3), bounded; None without one."""
        text = response.headers.get("Retry-After", "").strip()
        if response.status not in _ASKS_FOR_A_BREAK or not text:
            return None
        if text.isascii() and text.isdigit():
            seconds = float(text[:9])
        else:
            seconds = _seconds_until(text, self._clock.now())
        return min(max(seconds, 0.0), RETRY_AFTER_LIMIT_S)

    def _failed(self, receiver: ReceiverSettings, error: Exception) -> Answer:
        reason = _reason(error)
        if reason is None:
            names = " < ".join(kind.__name__ for kind in type(error).__mro__[:-2])
            self._log.error("receiver.unknown_failure", receiver=receiver.name, error=names)
            reason = type(error).__name__
        return Answer(delivered=False, reason=reason)


def body_of(stored: StoredEvent, *, source: str) -> str:
    """Return the body of the POST: the same text for the same event, so that it can be compared."""
    return json.dumps(wire.cloudevent(stored, source=source), ensure_ascii=False, separators=(",", ":"))


def _address(receiver: ReceiverSettings) -> URL | None:
    """Return where to send to, or None; an Authorization header replaces the address's user and password."""
    try:
        url = URL(receiver.url)
    except ValueError:
        return None
    if url.scheme not in {"http", "https"} or not url.host:
        return None
    if any(name.lower() == "authorization" for name, _ in receiver.headers):
        return url.with_user(None)
    return url


async def _excerpt(response: aiohttp.ClientResponse) -> str:
    """Return the beginning of the answer's body, as far as it comes within a second."""
    read = bytearray()
    try:
        async with asyncio.timeout(1.0):
            while len(read) < ANSWER_LIMIT:
                chunk = await response.content.read(ANSWER_LIMIT - len(read))
                if not chunk:
                    break
                read += chunk
    except (TimeoutError, aiohttp.ClientError, OSError):
        pass  # the status line has said what matters
    text = read.decode("utf-8", "replace")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _without_secrets(receiver: ReceiverSettings, text: str) -> str:
    """Return the text without anything of the address, the secret or the headers: answers love to echo."""
    url = URL(receiver.url)
    parts = {receiver.url, url.raw_path_qs, url.path_qs, url.user or "", url.password or ""}
    parts |= {*url.path.split("/"), *url.raw_path.split("/"), *url.query.values()}
    parts |= {value for _, value in receiver.headers}
    parts |= {word for _, value in receiver.headers for word in value.split()}
    parts.add(receiver.secret or "")
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST_SECRET_PART:
            text = text.replace(part, "…")
    return text


def _seconds_until(text: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()


def _reason(error: BaseException) -> str | None:  # noqa: PLR0911 - a table, the first match wins
    """Return what an exception means, by its class; its text may hold the address. None: unknown."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return "the name cannot be resolved"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return "the certificate is not trusted"
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "the TLS handshake failed"
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        return "connection refused" if isinstance(cause, ConnectionRefusedError) else "cannot connect"
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | ConnectionError):
        return "the connection was closed before an answer"
    if isinstance(error, aiohttp.ClientResponseError):
        return "the answer is not HTTP"
    if isinstance(error, aiohttp.ClientError | OSError):
        return f"cannot send ({type(error).__name__})"
    return None
