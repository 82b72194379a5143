"""What a request asks for, read with suspicion.

Who may ask: the service listens on loopback unless configured, and has no login. A page somewhere on
the internet could still make a visitor's browser ask it, by letting its own name lead to 127.0.0.1
("DNS rebinding"); such a request carries that name as its Host. So requests are answered for IP
addresses, for names without a dot (`localhost`, a container's name: nobody on the internet can own
one), for `*.localhost`, and for the host of `base_url`; all others get 421.
"""

import ipaddress
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from monitor.export.overview import Query
from monitor.model import Layer, Status

LAST_PAGE: Final = 1_000_000
LAST_NUMBER: Final = 2**63 - 1
_SEARCH_LIMIT: Final = 100
_REFRESH_S: Final = range(10, 3601)
_REFUSED: Final = frozenset({"q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000"})


class Absent(StrEnum):
    """What was asked for and is not there."""

    TARGET = "No target of this name is configured."
    PROVIDER = "No target stands on this provider, and the catalog does not know it."
    STATUS = "There is no such status."
    LAYER = "There is no such layer."
    PAGE = "There is no such page."
    FILE = "There is no such file."


def own_name(request: web.Request, base_url: str | None) -> bool:
    """Tell whether the request's Host names this service in a way that no stranger can arrange."""
    name = _host(f"//{request.headers.get(hdrs.HOST, '')}")
    if name is None:
        return False
    if "." not in name and ":" not in name:
        return True
    if name.endswith(".localhost") or (base_url is not None and name == _host(base_url)):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _host(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host.rstrip(".") or None if host else None


def query(request: web.Request) -> Query:
    """Return which part of the list is asked for; raises HTTPNotFound."""
    status = request.query.get("status", "")
    if status and status not in set(Status):
        raise web.HTTPNotFound(text=Absent.STATUS)
    return Query(
        status=Status(status) if status else None,
        search=search(request),
        page=count(request, "page", LAST_PAGE) or 1,
    )


def search(request: web.Request) -> str:
    """Return what is looked for: part of a name, in lower case."""
    return request.query.get("q", "").strip().lower()[:_SEARCH_LIMIT]


def layer(request: web.Request) -> Layer | None:
    """Return the layer that is asked for; None for all; raises HTTPNotFound."""
    text = request.query.get("layer", "")
    if text and text not in set(Layer):
        raise web.HTTPNotFound(text=Absent.LAYER)
    return Layer(text) if text else None


def count(request: web.Request, name: str, limit: int) -> int | None:
    """Return a number from 1 to `limit`; None when it is not given; raises HTTPNotFound."""
    text = request.query.get(name, "")
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(limit)) else 0
    if not 1 <= number <= limit:
        raise web.HTTPNotFound(text=Absent.PAGE)
    return number


def refresh_s(request: web.Request) -> int | None:
    """Return after how many seconds a screen on a wall wants to renew itself: `?refresh=60`."""
    text = request.query.get("refresh", "")
    readable = text.isascii() and text.isdigit() and len(text) <= len(str(_REFRESH_S.stop))
    return int(text) if readable and int(text) in _REFRESH_S else None


def accepts_gzip(request: web.Request) -> bool:
    """Tell whether gzip is asked for by name (RFC 9110, section 12.5.3); `gzip;q=0` is a refusal."""
    for part in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in _REFUSED
    return False
