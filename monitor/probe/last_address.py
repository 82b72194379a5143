"""The `last_address` probe: whether the address at which a target was last seen up still answers for it.

Asked for by an investigation, when the name does not lead there any more: one connection (TCP, TLS for
the target's name, a GET of its page with its `Host`), to that address, whatever DNS says. A server that
still answers means that the hosting is not what went away.

What the settings of the `http` check forbid is forbidden here too: private addresses, unverified
certificates. A redirect is an answer, and is not followed.
"""

from monitor.model import Check, LastAddressFacts, LastAddressSettings
from monitor.probe.error import ProbeError
from monitor.probe.http import facts_of
from monitor.probe.http_client import BrokenExchangeError
from monitor.probe.io import Io


async def probe_last_address(check: Check, io: Io) -> LastAddressFacts:
    """Return what the address answers; raises ProbeError, with the facts so far."""
    settings = check.settings
    if not isinstance(settings, LastAddressSettings):
        message = f"settings of a last_address check expected, not {type(settings).__name__}"
        raise TypeError(message)
    page = settings.page
    try:
        exchange = await io.http.get(
            page.url,
            user_agent=page.user_agent,
            headers=page.headers,
            body_limit=page.body_limit,
            allow_private=page.allow_private,
            verify_tls=page.verify_tls,
            at=settings.address,
        )
    except BrokenExchangeError as error:
        seen = error.exchange
        answer = facts_of(seen, io, page) if seen.status or seen.tls else None
        facts = LastAddressFacts(
            asked_address=settings.address, last_good_at=settings.last_good_at, answer=answer
        )
        raise ProbeError(error.failure, error.detail, facts=facts) from error
    return LastAddressFacts(
        asked_address=settings.address,
        last_good_at=settings.last_good_at,
        answer=facts_of(exchange, io, page),
    )
