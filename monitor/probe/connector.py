"""Fresh connections whose every step is known: look-up, check, connection, handshake.

aiohttp's own connector resolves, connects and shakes hands in one breath. A monitor has to tell
those apart, must not be led to private addresses, and has to be plugged into a replay's network.
Settings come in, and findings go out, by an `Attempt`.
"""

import asyncio
import errno
import ssl
from typing import TYPE_CHECKING, Final, cast

from monitor.clock import Clock
from monitor.failure import Failure
from monitor.model import TlsFacts, TriedAddress
from monitor.probe.addresses import forbidden
from monitor.probe.attempt import Attempt, Phase
from monitor.probe.certificates import Certificates, outdated
from monitor.probe.classify import classify
from monitor.probe.error import ProbeError
from monitor.probe.io import Route
from monitor.probe.reception import Reception
from monitor.probe.tls import Trust, WitnessedSSLObject, prepare

if TYPE_CHECKING:
    from monitor.probe.dns_client import DnsClient

# As many as sites have: one that is shut out of some of its addresses is there all the same.
_TRIES: Final = 8
_LAST_WORD_S: Final = 0.1
_LAST_WORD: Final = 0.1
# A server that does not answer our farewell must not keep the socket open for asyncio's 30 s.
_FAREWELL_S: Final = 0.5
_NEXT_MAY_WORK: Final = frozenset(
    {Failure.TCP_REFUSED, Failure.TCP_RESET, Failure.TCP_TIMEOUT, Failure.TCP_UNREACHABLE}
)
# Said by this machine about the packet, not by the network about the address.
_NOT_SENT: Final = frozenset({errno.EACCES, errno.EPERM, errno.EINVAL})


class Silent(asyncio.Protocol):
    """Holds a connection until TLS takes it over; reads nothing, so that nothing can be slipped in."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Stop reading."""
        cast("asyncio.Transport", transport).pause_reading()


class Connector:
    """Opens one connection per request. Belongs to one event loop."""

    def __init__(self, *, dns: "DnsClient", route: Route, clock: Clock, trust: Trust) -> None:
        self._loop = asyncio.get_running_loop()
        self._dns = dns
        self._route = route
        self._clock = clock
        self._by_clock = trust.by_clock
        self._verifying, self._lenient = prepare(trust)
        self._certificates = Certificates()

    async def open(self, attempt: Attempt, host: str, port: int, *, tls: bool) -> Reception:
        """Return a connection on which the request can be written; raises ProbeError.

        The caller closes it. `host` is a name or an IP literal without brackets.
        """
        addresses = await self._addresses(attempt, host)
        first: ProbeError | None = None
        for index, address in enumerate(addresses):
            attempt.address, attempt.port = address, port
            try:
                transport = await self._connect_in_share(attempt, len(addresses) - index, tls=tls)
            except ProbeError as error:
                first = first or error
                attempt.tried = (*attempt.tried, TriedAddress(address=address, failure=error.failure))
                if error.failure not in _NEXT_MAY_WORK:
                    raise
                continue
            if tls:
                protocol = await self._secure(attempt, transport, host)
            else:
                protocol = cast("Reception", transport.get_protocol())
            attempt.progress.phase = Phase.HTTP
            attempt.sent_at = self._clock.monotonic()
            return protocol
        attempt.address = attempt.port = None
        # The address that a browser would have tried first says it best.
        raise first or ProbeError(Failure.DNS_NODATA, f"{host} has no address")

    async def _addresses(self, attempt: Attempt, host: str) -> tuple[str, ...]:
        attempt.progress.phase = Phase.RESOLVE
        started = self._clock.monotonic()
        if attempt.at is None:
            found = await self._dns.addresses(host, attempt.family, compare=attempt.progress.compare)
            attempt.resolve_s = self._clock.monotonic() - started
        else:
            found = (attempt.at,)
        allowed = []
        reasons = []
        for address in found:
            reason = forbidden(address, allow_private=attempt.allow_private)
            if reason is None:
                allowed.append(address)
            else:
                reasons.append(f"{address} is {reason}")
        if reasons and not allowed:
            raise ProbeError(Failure.ADDRESS_FORBIDDEN, f"{host}: {', '.join(reasons[:_TRIES])}")
        return tuple(allowed[:_TRIES])

    async def _connect_in_share(self, attempt: Attempt, left: int, *, tls: bool) -> asyncio.Transport:
        """Connect within this address's share of the deadline: a dead one leaves time for the next."""
        deadline = attempt.progress.deadline
        if deadline is None:
            return await self._connect(attempt, tls=tls)
        now = self._loop.time()
        share_s = (deadline - now) / left
        if left == 1:  # a little less than all: what was tried is told before the run is cut off
            share_s -= min(_LAST_WORD_S, share_s * _LAST_WORD)
        try:
            async with asyncio.timeout_at(now + share_s):
                return await self._connect(attempt, tls=tls)
        except TimeoutError as error:
            raise ProbeError(Failure.TCP_TIMEOUT, f"{_endpoint(attempt)} did not answer") from error

    async def _connect(self, attempt: Attempt, *, tls: bool) -> asyncio.Transport:
        attempt.progress.phase = Phase.CONNECT
        started = self._clock.monotonic()
        address, port = attempt.address or "", attempt.port or 0
        try:
            host, port = self._route.tcp(address, port)
            # A literal address is not looked up again, by asyncio or uvloop.
            transport: asyncio.Transport
            if tls:
                transport, _ = await self._loop.create_connection(Silent, host, port)
            else:
                transport, _ = await self._loop.create_connection(
                    lambda: Reception(self._loop, attempt, self._clock), host, port
                )
        except OSError as error:
            raise ProbeError(
                _refusal(error, attempt), f"{_endpoint(attempt)}: {classify(error)[1]}"
            ) from error
        attempt.connect_s = self._clock.monotonic() - started
        return transport

    async def _secure(self, attempt: Attempt, transport: asyncio.Transport, host: str) -> Reception:
        """Shake hands on `transport`; it is closed if that fails."""
        attempt.progress.phase = Phase.TLS
        started = self._clock.monotonic()
        protocol = Reception(self._loop, attempt, self._clock)
        try:
            secured = await self._loop.start_tls(
                transport,
                protocol,
                self._verifying if attempt.verify_tls else self._lenient,
                server_hostname=host.rstrip("."),
                ssl_shutdown_timeout=_FAREWELL_S,
            )
            attempt.tls_s = self._clock.monotonic() - started
            self._inspect(attempt, secured)
        except (OSError, ValueError) as error:
            transport.abort()
            attempt.tls = self._rejected(error)
            raise _tls_failure(error, attempt) from error
        except BaseException:
            transport.abort()
            raise
        protocol.connection_made(cast("asyncio.Transport", secured))
        return protocol

    def _inspect(self, attempt: Attempt, secured: asyncio.Transport | None) -> None:
        """Read the certificate; raises ProbeError when the clock that judges it calls its dates wrong."""
        if secured is None:
            raise ProbeError(Failure.TLS_HANDSHAKE, "the connection was lost during the handshake")
        session: WitnessedSSLObject = secured.get_extra_info("ssl_object")
        cipher = session.cipher()
        attempt.tls = self._certificates.facts(
            session.chain(), version=session.version() or "", cipher=cipher[0] if cipher else ""
        )
        if attempt.verify_tls:
            attempt.verified = session.verified_chain
        if not (self._by_clock and attempt.verify_tls):
            return
        if attempt.tls is None:
            raise ProbeError(Failure.TLS_UNTRUSTED, "the certificate cannot be read")
        failure = outdated(attempt.tls, self._clock.now())
        if failure:
            raise ProbeError(failure, _dates(attempt.tls))

    def _rejected(self, error: BaseException) -> TlsFacts | None:
        chain: tuple[bytes, ...] = getattr(error, "peer_chain", ())
        return self._certificates.facts(chain, version="", cipher="") if chain else None


def _endpoint(attempt: Attempt) -> str:
    address = attempt.address or ""
    return f"[{address}]:{attempt.port}" if ":" in address else f"{address}:{attempt.port}"


def _dates(facts: TlsFacts) -> str:
    return f"valid from {facts.not_before:%Y-%m-%d %H:%M} to {facts.not_after:%Y-%m-%d %H:%M} UTC"


def _refusal(error: OSError, attempt: Attempt) -> Failure:
    """Return what a failed connection attempt means."""
    if error.errno == errno.EADDRNOTAVAIL and ":" not in (attempt.address or ""):
        # No port of ours is free; for IPv6 it means that this machine has no address of that kind.
        return Failure.LOCAL_RESOURCES
    if error.errno in _NOT_SENT:
        return Failure.TCP_UNREACHABLE
    if isinstance(error, TimeoutError):
        return Failure.TCP_TIMEOUT
    return classify(error)[0]


def _tls_failure(error: OSError | ValueError, attempt: Attempt) -> ProbeError:
    failure, detail = classify(error)
    if isinstance(error, ssl.SSLError):
        if attempt.tls is not None and failure in {Failure.TLS_EXPIRED, Failure.TLS_NOT_YET_VALID}:
            detail = f"{detail}; {_dates(attempt.tls)}"
    elif isinstance(error, ConnectionAbortedError) and error.errno is None:
        failure, detail = Failure.TLS_TIMEOUT, "the handshake took too long"
    elif isinstance(error, ConnectionError) and error.errno is None:
        # asyncio's word for an end of stream in the middle of a handshake.
        failure, detail = Failure.TLS_HANDSHAKE, "the server hung up during the handshake"
    elif isinstance(error, ValueError):
        failure, detail = Failure.TLS_HANDSHAKE, f"the host name cannot stand in a certificate: {detail}"
    return ProbeError(failure, f"{_endpoint(attempt)}: {detail}")
