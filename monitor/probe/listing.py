"""The `listing` probe: whether an app store has a listing of an app.

Apple has a look-up for that (`itunes.apple.com/lookup?id=…&country=…`): `resultCount` 0 says that there is no
such listing in that country. Google has none, so the page of the app is asked for
(`play.google.com/store/apps/details?id=…`), and 404 says that there is no such page.

Only the store's own word counts. A page that is not about the app (a consent page, a captcha, somebody else's
app, an error in a 200) is no answer, and a store that wants no more questions is left alone for a while. All
checks of one store share what it may be asked.
"""

import asyncio
from datetime import datetime
from typing import Final
from urllib.parse import urlencode, urlsplit

from monitor.failure import Failure
from monitor.model import Check, ListingFacts, ListingSettings, Store
from monitor.probe.allowance import Allowance
from monitor.probe.attempt import PROGRESS
from monitor.probe.error import ProbeError
from monitor.probe.http_client import Exchange
from monitor.probe.io import Io
from monitor.probe.outcome import Outcome
from monitor.probe.rdap_answers import retry_after_s
from monitor.probe.store_answers import Said, read_apple, read_google

_BODY_LIMIT: Final = 1 << 20
_MAX_REDIRECTS: Final = 3
_LEAST_LEFT_S: Final = 1.0
"""A question that goes out later than this before the deadline is not worth asking."""
_LIMITED: Final = frozenset({401, 403, 407, 429, 503})
"""Refused, or too many questions: Apple says 403 for that, Google 429 and 503."""


async def probe_listing(check: Check, io: Io) -> ListingFacts:
    """Return what the store says; raises ProbeError where it says nothing about the app."""
    settings = check.settings
    if not isinstance(settings, ListingSettings):
        message = f"settings of a listing check expected, not {type(settings).__name__}"
        raise TypeError(message)
    host = urlsplit(settings.base).hostname or ""
    allowance = io.stores.of(host, settings.per_s, io.clock.now())
    await _turn(host, allowance, io.clock.now())
    exchange = await io.http.get(
        _address(settings),
        user_agent=settings.user_agent,
        headers=(("Accept-Language", "en"),),
        max_redirects=_MAX_REDIRECTS,
        body_limit=_BODY_LIMIT,
        allow_private=settings.allow_private,
    )
    said = _said(exchange, host, settings, allowance, io.clock.now())
    return ListingFacts(
        store=settings.store,
        app=settings.app,
        country=settings.country,
        server=host,
        available=said.there,
        name=said.name,
        developer=said.developer,
        version=said.version,
    )


async def _turn(host: str, allowance: Allowance, now: datetime) -> None:
    """Wait until the store may be asked; raises ProbeError where that is later than there is time for."""
    rest = allowance.resting(now)
    if rest is not None:
        raise ProbeError(
            Failure.LISTING_LIMITED, f"not asked: {host} is left alone until {rest.until:%Y-%m-%d %H:%M} UTC"
        )
    wait_s = allowance.ready_in(now)
    progress = PROGRESS.get()
    if progress is not None and progress.deadline is not None:
        left_s = progress.deadline - asyncio.get_running_loop().time()
        if wait_s > left_s - _LEAST_LEFT_S:
            late = f"not asked: the turn at {host} would come in {wait_s:.0f} s"
            raise ProbeError(Failure.LISTING_LIMITED, late)
    allowance.take(now)  # taken at once: whoever comes next waits behind this one
    if wait_s > 0:
        await asyncio.sleep(wait_s)


def _address(settings: ListingSettings) -> str:
    if settings.store is Store.APPLE:
        return f"{settings.base}?{urlencode({'id': settings.app, 'country': settings.country})}"
    country = {"gl": settings.country.upper()} if settings.country else {}
    return f"{settings.base}?{urlencode({'id': settings.app, 'hl': 'en', **country})}"


def _said(
    exchange: Exchange, host: str, settings: ListingSettings, allowance: Allowance, now: datetime
) -> Said:
    """Return what the answer says; whether the store wants more questions is noted."""
    led_to = urlsplit(exchange.url).hostname or ""
    if led_to != host or exchange.status in _LIMITED:
        waits_s = retry_after_s(exchange.header("retry-after"), now)
        allowance.note(Outcome.LIMITED, now, reached=True, retry_after_s=waits_s)
        away = f" and led to {led_to}" if led_to != host else ""
        raise ProbeError(Failure.LISTING_LIMITED, f"{host} answered {exchange.status}{away}")
    allowance.note(Outcome.ANSWERED, now, reached=True)
    if settings.store is Store.APPLE:
        said = read_apple(exchange.status, exchange.body, settings.app, truncated=exchange.truncated)
    else:
        said = read_google(exchange.status, exchange.body, settings.app)
    if isinstance(said, str):
        raise ProbeError(Failure.LISTING_UNPARSABLE, said)
    return said
