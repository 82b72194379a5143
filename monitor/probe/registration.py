"""The `registration` probe: who sponsors a domain, what holds are on it, and until when it is paid.

The registry is asked over RDAP; where it has none, or RDAP fails, over WHOIS (port 43). Which server
knows a domain stands in a bundled table that the configuration can correct (`Registries`).

Facts come out only when a server answered about this very domain. Everything else is a failure:

- `registration_no_server`: no RDAP or WHOIS server is known for the top-level domain
- `registration_limited`: the server refused, or limits its rate; says nothing about the domain
- `registration_unreachable`: no connection, or the server is out of order
- `registration_timeout`: no whole answer in time
- `registration_unparsable`: an answer that is too long, about another name, or not understood

Registries that show dates of their own are believed before the registrar. Contacts are not kept.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, Final

from monitor.failure import Failure
from monitor.model import Check, HttpSettings, RegistrationFacts, RegistrationSettings
from monitor.probe.error import ProbeError
from monitor.probe.io import Io
from monitor.probe.rdap import ACCEPT, BODY_LIMIT, rdap_url, read_rdap
from monitor.probe.registries import WHOIS_PORT, is_private_endpoint
from monitor.probe.whois_client import ask_whois
from monitor.probe.whois_parser import ParsedWhois, Reading

# Most telling first: what is said when RDAP and WHOIS failed differently.
_TELLING: Final = (
    Failure.REGISTRATION_LIMITED,
    Failure.REGISTRATION_UNPARSABLE,
    Failure.REGISTRATION_TIMEOUT,
    Failure.REGISTRATION_UNREACHABLE,
)
# What the way to the server can end in, as a failure of the registration; all else is "unreachable".
_ON_THE_WAY: Final = {
    Failure.HTTP_MALFORMED: Failure.REGISTRATION_UNPARSABLE,
    Failure.HTTP_HEADERS_TOO_LARGE: Failure.REGISTRATION_UNPARSABLE,
    Failure.HTTP_TOO_MANY_REDIRECTS: Failure.REGISTRATION_UNPARSABLE,
    Failure.HTTP_BAD_REDIRECT: Failure.REGISTRATION_UNPARSABLE,
    Failure.DNS_TIMEOUT: Failure.REGISTRATION_TIMEOUT,
    Failure.TCP_TIMEOUT: Failure.REGISTRATION_TIMEOUT,
    Failure.TLS_TIMEOUT: Failure.REGISTRATION_TIMEOUT,
    Failure.HTTP_TIMEOUT: Failure.REGISTRATION_TIMEOUT,
}
# Of this machine, not of the registry: kept as they are, and no reason to ask somebody else.
_OURS: Final = frozenset({Failure.LOCAL_RESOURCES, Failure.DNS_UNREACHABLE, Failure.UNKNOWN})
# Ends before the deadline of the whole check, so that the failure can be named here.
_OF_TIMEOUT: Final = 0.95
# RDAP's part of the time where WHOIS can be asked after it.
_RDAP_SHARE: Final = 0.6
# The registrar's own server only adds its name: it must not use up the time of a good answer.
_REFERRAL_S: Final = 5.0
_MAX_REDIRECTS: Final = 5
_USER_AGENT: Final = HttpSettings(url="").user_agent


async def probe_registration(check: Check, io: Io) -> RegistrationFacts:
    """Return what the registry says about the domain of `check.settings`.

    Raises ProbeError(`registration_*`), or the failure of this machine (`local_resources`,
    `dns_unreachable`) that kept it from asking.
    """
    if not isinstance(check.settings, RegistrationSettings):
        msg = f"check {check.id} has no registration settings"
        raise TypeError(msg)
    domain = check.settings.domain
    base, server = io.registries.rdap_base(domain), io.registries.whois_server(domain)
    if base is None and server is None:
        raise ProbeError(Failure.REGISTRATION_NO_SERVER, f"no RDAP or WHOIS server is known for {domain}")
    start, allowed_s = asyncio.get_running_loop().time(), check.timeout_s * _OF_TIMEOUT
    failed: ProbeError | None = None
    if base is not None:
        share = 1.0 if server is None else _RDAP_SHARE
        try:
            return await _in_time(_over_rdap(domain, base, io), start + allowed_s * share, base)
        except ProbeError as error:
            if server is None or error.failure in _OURS:
                raise
            failed = error
    try:
        return await _in_time(
            _over_whois(domain, server or ("", 0), io), start + allowed_s, (server or ("",))[0]
        )
    except ProbeError as error:
        raise _more_telling(failed, error) from failed


def _more_telling(first: ProbeError | None, second: ProbeError) -> ProbeError:
    """Return the failure that says more; two failures are never an answer."""
    if first is None or second.failure in _OURS:
        return second
    return min(first, second, key=lambda error: _TELLING.index(error.failure))


async def _in_time(
    answer: Coroutine[Any, Any, RegistrationFacts], end: float, server: str
) -> RegistrationFacts:
    """Await an answer until `end` (time of the loop), and name every failure as one of a registration."""
    try:
        async with asyncio.timeout_at(end):
            return await answer
    except TimeoutError as error:
        raise ProbeError(Failure.REGISTRATION_TIMEOUT, f"{server} gave no whole answer in time") from error
    except ProbeError as error:
        if error.failure in _OURS or error.failure in _TELLING:
            raise
        failure = _ON_THE_WAY.get(error.failure, Failure.REGISTRATION_UNREACHABLE)
        raise ProbeError(failure, f"{server}: {error.failure}: {error.detail}") from error


async def _over_rdap(domain: str, base: str, io: Io) -> RegistrationFacts:
    answer = await io.http.get(
        rdap_url(base, domain),
        user_agent=_USER_AGENT,
        headers=(("Accept", ACCEPT),),
        max_redirects=_MAX_REDIRECTS,
        body_limit=BODY_LIMIT,
        allow_private=is_private_endpoint(base),
    )
    return read_rdap(domain, answer)


async def _over_whois(domain: str, server: tuple[str, int], io: Io) -> RegistrationFacts:
    host, port = server
    record = await _ask(domain, host, port, io, allow_private=is_private_endpoint(host))
    if record.reading is Reading.LIMITED:
        raise ProbeError(Failure.REGISTRATION_LIMITED, f"{host} refused the question or limits its rate")
    if record.reading is Reading.UNCLEAR:
        raise ProbeError(Failure.REGISTRATION_UNPARSABLE, f"{host} gave a reply that was not understood")
    if (
        record.reading is Reading.REGISTERED
        and record.registrar_name is None
        and record.referral not in {None, host}
    ):
        record = await _with_registrar(record, domain, io)
    return RegistrationFacts(
        domain=domain,
        source="whois",
        server=host,
        registered=record.reading is Reading.REGISTERED,
        registrar_name=record.registrar_name,
        registrar_iana_id=record.registrar_iana_id,
        statuses=record.statuses,
        name_servers=record.name_servers,
        created=record.created,
        updated=record.updated,
        expires=record.expires,
        date_sources=record.date_sources,
        reseller=record.reseller,
        registry=record.registry or host,
        dnssec=record.dnssec,
    )


async def _with_registrar(record: ParsedWhois, domain: str, io: Io) -> ParsedWhois:
    """Return the record with the registrar's name, asked of the one server that the registry refers to.

    The name of that server is network input. Nothing but the registrar's identity is taken from it,
    its own referral is not followed, and its failure costs the name only.
    """
    try:
        async with asyncio.timeout(_REFERRAL_S):
            other = await _ask(domain, record.referral or "", WHOIS_PORT, io, allow_private=False)
    except TimeoutError:
        return record
    except ProbeError as error:
        if error.failure in _OURS:
            raise
        return record
    if other.reading is not Reading.REGISTERED:
        return record
    iana_id = record.registrar_iana_id or other.registrar_iana_id
    return replace(record, registrar_name=other.registrar_name, registrar_iana_id=iana_id)


async def _ask(domain: str, host: str, port: int, io: Io, *, allow_private: bool) -> ParsedWhois:
    # Registries count connections per address: one question at a time and server.
    async with io.registries.turn(host):
        text = await ask_whois(
            domain, host=host, port=port, dns=io.dns, route=io.route, allow_private=allow_private
        )
    return await io.whois_parser.parse(domain, text)
