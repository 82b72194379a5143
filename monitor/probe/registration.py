"""The `registration` probe: who sponsors a domain, what holds are on it, and until when it is paid.

The registry is asked over RDAP; where it has none, or RDAP fails, over WHOIS (port 43). Which server
knows a domain stands in a table (`Registries`), or is asked of IANA.

Every question waits for its turn at the server (`Turns`), up to half of the time it has. A server that
refuses or cannot be reached is left alone for a while: questions then end at once, with the same
failure and a detail that begins with "not asked". They are asked again when the server may be.

Facts come out only when a server answered about this very domain. Everything else is a failure:

- `registration_no_server`: no RDAP or WHOIS server is known for the top-level domain
- `registration_limited`: the server refused, or limits its rate; says nothing about the domain
- `registration_unreachable`: no connection, or the server is out of order
- `registration_timeout`: no whole answer in time
- `registration_unparsable`: an answer that is too long, about another name, or not understood

Registries that show dates of their own are believed before the registrar. Contacts are not kept.
"""

import asyncio
from typing import Final

from monitor.failure import Failure
from monitor.model import Check, RegistrationFacts, RegistrationSettings
from monitor.probe.ask_registry import (
    OF_THIS_MACHINE,
    Errand,
    is_our_own_limit,
    over_rdap,
    over_whois,
    rdap_server,
    server_from_iana,
    whois_server,
)
from monitor.probe.error import ProbeError
from monitor.probe.io import Io
from monitor.probe.registries import WHOIS_PORT
from monitor.probe.turn_line import Server
from monitor.probe.turns import NotAskedError

# Most telling first: what is said when RDAP and WHOIS failed differently.
_TELLING: Final = (
    Failure.REGISTRATION_LIMITED,
    Failure.REGISTRATION_UNPARSABLE,
    Failure.REGISTRATION_TIMEOUT,
    Failure.REGISTRATION_UNREACHABLE,
)
AGAIN: Final = frozenset(
    {Failure.REGISTRATION_LIMITED, Failure.REGISTRATION_UNREACHABLE, Failure.REGISTRATION_TIMEOUT}
)
"""Worth another try before the next regular run, when the server may be asked."""
# Ends before the deadline of the whole check, so that the failure can be named here.
_OF_TIMEOUT: Final = 0.95
# RDAP's part of the time where WHOIS can be asked after it.
_RDAP_SHARE: Final = 0.6


async def probe_registration(check: Check, io: Io) -> RegistrationFacts:
    """Return what the registry says about the domain of `check.settings`.

    Raises ProbeError(`registration_*`), or the failure of this machine (`local_resources`,
    `dns_unreachable`) that kept it from asking.
    """
    if not isinstance(check.settings, RegistrationSettings):
        msg = f"check {check.id} has no registration settings"
        raise TypeError(msg)
    errand = Errand(domain=check.settings.domain, io=io, key=check.id, urgent=check.urgent)
    end = asyncio.get_running_loop().time() + check.timeout_s * _OF_TIMEOUT
    base, whois = io.registries.rdap_base(errand.domain), await _whois_of(errand, end)
    if base is None and whois is None:
        message = f"no RDAP or WHOIS server is known for {errand.domain}"
        raise ProbeError(Failure.REGISTRATION_NO_SERVER, message)
    first = rdap_server(base) if base is not None else whois_server(*whois or ("", 0))
    try:
        facts = await _facts(errand, base, whois, end)
    except ProbeError as error:
        _put_off(errand, first, error)
        raise
    io.asking.turns.settle(first, errand.key)
    return facts


async def _whois_of(errand: Errand, end: float) -> tuple[str, int] | None:
    """Return the WHOIS server to ask: the configured one, the one IANA gave in place of ours, or ours."""
    io = errand.io
    ours, tld = io.registries.whois_server(errand.domain), io.registries.tld_for_iana(errand.domain)
    said = io.asking.tlds.said(tld, io.clock.now()) if tld else None
    if said and said[0]:
        return said[0], WHOIS_PORT
    if ours is None and io.registries.rdap_base(errand.domain) is None:
        return await server_from_iana(errand, end)
    return ours


async def _facts(
    errand: Errand, base: str | None, whois: tuple[str, int] | None, end: float
) -> RegistrationFacts:
    failed: ProbeError | None = None
    if base is not None:
        now = asyncio.get_running_loop().time()
        share = 1.0 if whois is None else _RDAP_SHARE
        try:
            return await over_rdap(errand, base, now + (end - now) * share)
        except ProbeError as error:
            # Where only our own pace is in the way, the other source would be worn out next, and what
            # two sources say about one domain cannot be compared.
            if whois is None or error.failure in OF_THIS_MACHINE or is_our_own_limit(error):
                raise
            failed = error
    try:
        return await over_whois(errand, whois or ("", 0), end, keep=base is None)
    except ProbeError as error:
        raise _more_telling(failed, error) from failed


def _more_telling(first: ProbeError | None, second: ProbeError) -> ProbeError:
    """Return the failure that says more; two failures are never an answer."""
    if first is None or second.failure in OF_THIS_MACHINE:
        return second
    return min(first, second, key=lambda error: _TELLING.index(error.failure))


def _put_off(errand: Errand, first: Server, error: ProbeError) -> None:
    """Have the check run again when its turn comes.

    A check that was called again for it, and asked in vain, waits for its next regular run; unless it
    was refused: then it goes to the back of the line, for that is no answer about its domain at all.
    """
    asked_in_vain = errand.recalled and not isinstance(error, NotAskedError)
    if error.failure in AGAIN and not (asked_in_vain and error.failure is not Failure.REGISTRATION_LIMITED):
        errand.io.asking.turns.owe(first, errand.key, urgent=errand.urgent)
