"""Where a redirect leads, or why nobody should go there; and what is carried along the way."""

from typing import Final, NoReturn
from urllib.parse import quote

from yarl import URL

from monitor.failure import Failure
from monitor.probe.error import ProbeError
from monitor.probe.text import clean

LOCATION_LIMIT: Final = 4096
STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_SCHEMES: Final = frozenset({"http", "https"})
_HOST_LIMIT: Final = 253
_LABEL_LIMIT: Final = 63
_COOKIES: Final = 20
_COOKIE_LIMIT: Final = 1024
# Every printable ASCII character stays as the server wrote it.
_SAFE: Final = bytes(range(0x21, 0x7F)).decode()


class Cookies:
    """Cookies handed out along one redirect chain, given back to the same host until it ends.

    Some sites redirect to themselves until their cookie comes back: without it they would look
    like a loop. Nothing is kept from one look to the next.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, dict[str, str]] = {}

    def take(self, url: URL, headers: tuple[tuple[str, str], ...]) -> None:
        """Keep the cookies that an answer of `url` sets, of sober size and number."""
        for name, value in headers:
            if name != "set-cookie":
                continue
            cookie, _, _attributes = value.partition(";")
            key, equals, _ = cookie.partition("=")
            mine = self._hosts.setdefault(url.raw_host or "", {})
            if equals and key.strip() and len(cookie) <= _COOKIE_LIMIT and cookie.isascii():
                mine[key.strip()] = cookie.strip()
            if len(mine) > _COOKIES:
                mine.popitem()

    def give(self, url: URL) -> str:
        """Return the Cookie header for `url`, or an empty string."""
        return "; ".join(self._hosts.get(url.raw_host or "", {}).values())


def target(url: str) -> URL:
    """Return `url` ready to be asked for, without fragment and credentials.

    Raises ProbeError (http_bad_redirect) when it is no HTTP address.
    """
    try:
        parsed = URL(url)
        return _askable(parsed, url)
    except ValueError as error:
        _refuse("not an address", url, error)


def follow(base: URL, location: bytes) -> URL:
    """Return where `location`, as received in an answer of `base`, leads (RFC 9110, 10.2.2).

    Raises ProbeError (http_bad_redirect).
    """
    if len(location) > LOCATION_LIMIT:
        _refuse("Location is too long", f"{len(location)} bytes")
    # Many servers send UTF-8 there, some Latin-1: each byte that is not ASCII is escaped as it came.
    text = quote(location.strip(), safe=_SAFE)
    try:
        parsed = URL(text)
        # `http:` and `http://` would be joined to the page itself.
        return _askable(parsed if parsed.scheme else base.join(parsed), text)
    except (ValueError, TypeError) as error:
        _refuse("not an address", text, error)


def _askable(url: URL, text: str) -> URL:
    host = url.raw_host
    if url.scheme not in _SCHEMES:
        _refuse("not http or https", text)
    if not host or len(host) > _HOST_LIMIT or not url.port:
        _refuse("no host to ask", text)
    labels = host.removesuffix(".").split(".")
    if ":" not in host and not all(0 < len(label) <= _LABEL_LIMIT for label in labels):
        _refuse("not a host name", text)
    if url.raw_user is not None or url.raw_password is not None:
        url = url.with_user(None)
    return url.with_fragment(None) if url.raw_fragment else url


def _refuse(problem: str, text: str, cause: Exception | None = None) -> NoReturn:
    raise ProbeError(Failure.HTTP_BAD_REDIRECT, clean(f"{problem}: {text}", 300)) from cause
