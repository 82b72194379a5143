"""Asking a WHOIS server (RFC 3912): one line out, text back until the server closes.

Our own transport, because every bound matters: the addresses are looked up and checked by us, the
reply is capped, the deadline is the caller's, and nothing in a reply starts another connection
(one referral is followed by `monitor.probe.registration`, which decides so).
"""

import asyncio
import re
from typing import Final, Protocol

from monitor.failure import Failure
from monitor.probe.addresses import forbidden
from monitor.probe.error import ProbeError
from monitor.probe.io import Route

REPLY_LIMIT: Final = 64 * 1024
"""Bytes. The largest real reply is below 10 kB; a longer one is refused, because a list that was
cut would read as name servers and holds having gone."""
_CONNECT_S: Final = 5.0
_MAX_ADDRESSES: Final = 3
_READ: Final = 16 * 1024
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
# How a server wants to be asked, where a bare name is not enough.
_QUERIES: Final = {
    # Without -T dn it answers with the status alone; ace: the name is given as A-labels.
    "whois.denic.de": "-T dn,ace {}",
    # /e: English. Without it the reply is in ISO-2022-JP.
    "whois.jprs.jp": "{}/e",
    # Without `domain`, name servers of that name are listed too ("with =xxx").
    "whois.verisign-grs.com": "domain {}",
    "ccwhois.verisign-grs.com": "domain {}",
    "tvwhois.verisign-grs.com": "domain {}",
    # Its default gives a line saying only that the name exists.
    "whois.nic.name": "domain={}",
}
# Of ISO-2022-JP: its bytes are valid UTF-8, too.
_ESCAPES: Final = (b"\x1b$", b"\x1b(")


class Addresses(Protocol):
    """What this module needs of the DNS client."""

    async def addresses(self, host: str, family: str = "auto") -> tuple[str, ...]:
        """Return the addresses of a host; raises ProbeError."""


async def ask_whois(  # noqa: PLR0913 - an endpoint, a question, and the two halves of the border
    domain: str, *, host: str, port: int, dns: Addresses, route: Route, allow_private: bool = False
) -> str:
    """Return the reply of a WHOIS server about `domain` (A-labels).

    The caller sets the deadline. Raises ProbeError: `registration_unreachable` when no address can
    be connected to or the connection breaks, `registration_unparsable` for a reply that is longer
    than REPLY_LIMIT or empty, `address_forbidden` when every address of the host is private and
    `allow_private` is not set; and what the look-up of the host raises.
    """
    query = query_for(host, domain)
    addresses = await dns.addresses(host)
    usable = [address for address in addresses if not forbidden(address, allow_private=allow_private)]
    if not usable:
        raise ProbeError(
            Failure.ADDRESS_FORBIDDEN, f"{host} leads to {', '.join(addresses[:3]) or 'no address'}"
        )
    reader, writer = await _connect(usable[:_MAX_ADDRESSES], host, port, route)
    try:
        writer.write(query)
        raw = await _read(reader, host)
    except OSError as error:
        raise ProbeError(Failure.REGISTRATION_UNREACHABLE, f"{host}: {error}") from error
    finally:
        writer.transport.abort()
    return decode(raw)


def query_for(host: str, domain: str) -> bytes:
    """Return the line to send; raises ValueError for what is no domain: no second line can be smuggled in."""
    if not _DOMAIN.fullmatch(domain):
        msg = f"{domain!r} is no domain in A-labels"
        raise ValueError(msg)
    return _QUERIES.get(host, "{}").format(domain).encode("ascii") + b"\r\n"


def decode(raw: bytes) -> str:
    """Return the reply as text, in the first character set that fits; never raises."""
    charsets = ("iso-2022-jp", "utf-8") if any(escape in raw for escape in _ESCAPES) else ("utf-8",)
    for charset in charsets:
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    # Where no other fits; every byte is valid in it.
    return raw.decode("latin-1")


async def _connect(
    addresses: list[str], host: str, port: int, route: Route
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first address that answers; each has five seconds, or the rest could never be tried."""
    reason = ""
    for address in addresses:
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await asyncio.open_connection(*route.tcp(address, port), limit=_READ)
        except OSError as error:  # TimeoutError is one
            reason = f"{address}: {error or type(error).__name__}"
    raise ProbeError(Failure.REGISTRATION_UNREACHABLE, f"{host} port {port}: {reason}")


async def _read(reader: asyncio.StreamReader, host: str) -> bytes:
    reply = bytearray()
    while chunk := await reader.read(_READ):
        reply += chunk
        if len(reply) > REPLY_LIMIT:
            raise ProbeError(Failure.REGISTRATION_UNPARSABLE, f"{host} sent more than {REPLY_LIMIT} bytes")
    if not reply.strip():
        # whois.nic.ir and others close without a word when they limit; that cannot be told from a fault.
        raise ProbeError(Failure.REGISTRATION_UNPARSABLE, f"{host} closed without a reply")
    return bytes(reply)
