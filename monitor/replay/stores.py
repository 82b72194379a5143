"""The app stores of the small internet: Apple's look-up, and the pages of Google Play."""

import json
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from monitor.model import Store
from monitor.replay.http_server import Reply, http_answer
from monitor.replay.tables import ListingTable

_GARBAGE: Final = (
    b"<!doctype html><html><head><title>Sorry</title></head><body>Something went wrong.</body></html>"
)
_NOBODY: Final = ListingTable(answer="gone")


def store_reply(store: Store, path: str, listings: Mapping[str, ListingTable]) -> Reply:
    """Return what a store answers to a question about an app."""
    asked = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
    app = asked.get("id", "")
    country = asked.get("country" if store is Store.APPLE else "gl", "").lower()
    key = "/".join(filter(None, (store.value, country, app)))
    told = listings.get(key, _NOBODY)
    if told.answer == "limited":
        return http_answer(HTTPStatus.TOO_MANY_REQUESTS, b"", [("Retry-After", "600")])
    if told.answer == "error":
        return http_answer(HTTPStatus.BAD_GATEWAY, _GARBAGE)
    if told.answer == "garbage":
        return http_answer(HTTPStatus.OK, _GARBAGE)
    there = told.answer == "listed"
    return _apple(app, told, there=there) if store is Store.APPLE else _google(app, told, there=there)


def _apple(app: str, told: ListingTable, *, there: bool) -> Reply:
    listed: dict[str, Any] = {
        "trackId": int(app) if app.isdecimal() else 0,
        "trackName": told.name or "An app",
        "sellerName": told.developer or "Somebody",
        "version": told.version or "1.0",
    }
    body = json.dumps({"resultCount": int(there), "results": [listed] if there else []})
    return http_answer(HTTPStatus.OK, body.encode(), kind="text/javascript; charset=utf-8")


def _google(app: str, told: ListingTable, *, there: bool) -> Reply:
    if not there:
        return http_answer(
            HTTPStatus.NOT_FOUND, b"We're sorry, the requested URL was not found on this server."
        )
    url = f"https://play.google.com/store/apps/details?id={app}"
    described = {
        "@context": "https://schema.org",
        "@type": "SoftwareApplication",
        "name": told.name or "An app",
        "url": url,
        "author": {"@type": "Person", "name": told.developer or "Somebody"},
    }
    name = escape(told.name or "An app")
    body = (
        f"<!doctype html><html><head><title>{name} - Apps on Google Play</title>"
        f'<link rel="canonical" href="{url}">'
        f'<script type="application/ld+json">{json.dumps(described)}</script>'
        f"</head><body>{name}</body></html>"
    )
    return http_answer(HTTPStatus.OK, body.encode())
