"""One question to one registration server: its turn, its deadline, and its failures by name."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar
from urllib.parse import urlsplit

from monitor.failure import Failure
from monitor.model import HttpSettings, RegistrationFacts
from monitor.probe.error import ProbeError
from monitor.probe.iana import read_iana
from monitor.probe.io import Io
from monitor.probe.outcome import Outcome, outcome_of
from monitor.probe.rdap import ACCEPT, rdap_url, read_rdap
from monitor.probe.rdap_answers import retry_after_s, validators_of
from monitor.probe.registries import WHOIS_PORT, Registries, is_private_endpoint
from monitor.probe.turn_line import Server
from monitor.probe.turns import NotAskedError, Turn
from monitor.probe.whois_client import ask_whois
from monitor.probe.whois_parser import ParsedWhois, Reading

T = TypeVar("T")

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
OF_THIS_MACHINE: Final = frozenset({Failure.LOCAL_RESOURCES, Failure.DNS_UNREACHABLE, Failure.UNKNOWN})
"""Not of the registry: kept as they are, and no reason to ask somebody else."""
_NAMELESS: Final = frozenset({Failure.DNS_NXDOMAIN, Failure.DNS_NODATA})
# Bytes. The largest real record is below 50 kB.
RDAP_LIMIT: Final = 96 * 1024
# Lists and objects; a real record has a few hundred. More would keep the event loop from its other work.
_MOST_PARTS: Final = 12_000
# Waiting for the turn may take this part of the time: what is left must do for the question itself.
_PATIENCE: Final = 0.5
# The registrar's own server only adds its name: it must not use up the time of a good answer.
_REFERRAL_S: Final = 5.0
_MAX_REDIRECTS: Final = 5
_USER_AGENT: Final = HttpSettings(url="").user_agent


@dataclass(slots=True, kw_only=True)
class Errand:
    """One run of a check, whoever it has to ask."""

    domain: str
    io: Io
    key: str
    """The id of the check."""
    urgent: bool
    """An investigation asks: before the others, and for an answer of this moment."""
    recalled: bool = False
    """It had lost its turn before, and was called again."""
    nameless: bool = False
    """The name of a WHOIS server led nowhere."""


def rdap_server(base: str) -> Server:
    """Return whom a base URL belongs to, as the lines know it."""
    parts = urlsplit(base)
    return Server(protocol="rdap", place=parts.netloc, name=parts.hostname or "")


def first_server(registries: Registries, domain: str) -> Server | None:
    """Return the server in whose line a check of `domain` waits; None: only IANA could tell."""
    base, whois = registries.rdap_base(domain), registries.whois_server(domain)
    if base is not None:
        return rdap_server(base)
    return whois_server(*whois) if whois is not None else None


def whois_server(host: str, port: int) -> Server:
    """Return a WHOIS server, as the lines know it."""
    place = host if port == WHOIS_PORT else f"{host}:{port}"
    return Server(protocol="whois", place=place, name=host)


async def over_rdap(errand: Errand, base: str, end: float) -> RegistrationFacts:
    """Return what the RDAP server says until `end` (time of the loop); raises ProbeError."""

    async def answer(turn: Turn) -> RegistrationFacts:
        facts = await _rdap_answer(errand, base, turn)
        turn.outcome = outcome_of(facts) or turn.outcome
        return facts

    return await _ask(errand, rdap_server(base), answer, end, keep=True)


async def over_whois(errand: Errand, server: tuple[str, int], end: float, *, keep: bool) -> RegistrationFacts:
    """Return what the WHOIS server says until `end`, or the one that IANA knows where its name is gone.

    `keep`: it is asked first, so that a lost turn is kept in its line. Raises ProbeError.
    """
    try:
        record = await _record(errand, server, end, keep=keep)
    except ProbeError:
        other = await server_from_iana(errand, end) if errand.nameless else None
        if other is None or other == server:
            raise
        server = other
        record = await _record(errand, server, end, keep=keep)
    host = server[0]
    if (
        record.reading is Reading.REGISTERED
        and record.registrar_name is None
        and record.referral not in {None, host}
    ):
        record = await _with_registrar(errand, record, end)
    return RegistrationFacts(
        domain=errand.domain,
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


async def server_from_iana(errand: Errand, end: float) -> tuple[str, int] | None:
    """Return the WHOIS server that IANA names for the domain; None: it names none, or was not asked.

    What it said is kept for days; that it could not be asked is not.
    """
    asking, now = errand.io.asking, errand.io.clock.now
    tld, iana = errand.io.registries.tld_for_iana(errand.domain), asking.iana
    if tld is None or iana is None:
        return None
    said = asking.tlds.said(tld, now())
    if said is None:
        try:
            await _ask(errand, whois_server(*iana), lambda turn: _iana_answer(errand, tld, iana, turn), end)
        except ProbeError as error:
            if error.failure in OF_THIS_MACHINE:
                raise
        said = asking.tlds.said(tld, now())
    return (said[0], WHOIS_PORT) if said and said[0] else None


async def _ask(
    errand: Errand,
    server: Server,
    answer: Callable[[Turn], Awaitable[T]],
    end: float,
    *,
    keep: bool = False,
) -> T:
    """Ask when the turn has come; every failure is named as one of a registration."""
    left_s = end - asyncio.get_running_loop().time()
    turns = errand.io.asking.turns
    async with turns.turn(
        server, errand.key, patience_s=max(0.0, left_s * _PATIENCE), urgent=errand.urgent, keep=keep
    ) as turn:
        errand.recalled = errand.recalled or turn.recalled
        errand.urgent = errand.urgent or turn.urgent
        return await _in_time(answer(turn), end, server.place)


async def _in_time(answer: Awaitable[T], end: float, place: str) -> T:
    try:
        async with asyncio.timeout_at(end):
            return await answer
    except TimeoutError as error:
        raise ProbeError(Failure.REGISTRATION_TIMEOUT, f"{place} gave no whole answer in time") from error
    except ProbeError as error:
        if error.failure in OF_THIS_MACHINE or outcome_of(error.failure) is not None:
            raise
        failure = _ON_THE_WAY.get(error.failure, Failure.REGISTRATION_UNREACHABLE)
        raise ProbeError(failure, f"{place}: {error.failure}: {error.detail}") from error


async def _rdap_answer(errand: Errand, base: str, turn: Turn) -> RegistrationFacts:
    io, url = errand.io, rdap_url(base, errand.domain)
    # An investigation wants the answer of this moment, from the registry and not from a cache before it.
    known = None if errand.urgent else io.asking.answers.get(url)
    how = (("Cache-Control", "no-cache"),) if errand.urgent else known[0].conditions if known else ()
    answer = await io.http.get(
        url,
        user_agent=_USER_AGENT,
        headers=(("Accept", ACCEPT), *how),
        max_redirects=_MAX_REDIRECTS,
        body_limit=RDAP_LIMIT,
        allow_private=is_private_endpoint(base),
    )
    turn.reached = True
    turn.retry_after_s = retry_after_s(answer.header("retry-after"), io.clock.now())
    if answer.body.count(b"[") + answer.body.count(b"{") > _MOST_PARTS:
        raise ProbeError(
            Failure.REGISTRATION_UNPARSABLE, f"{base} answered with more than {_MOST_PARTS} parts"
        )
    if answer.status == 304 and known is not None and not answer.redirects:  # noqa: PLR2004 - HTTP
        return known[1]
    facts = read_rdap(errand.domain, answer)
    if not answer.redirects:
        io.asking.answers.keep(url, validators_of(answer.headers), facts)
    return facts


async def _record(errand: Errand, server: tuple[str, int], end: float, *, keep: bool) -> ParsedWhois:
    """Return what a WHOIS server says: that the domain is registered, or that it is not."""
    host, port = server

    async def answer(turn: Turn) -> ParsedWhois:
        record = await _reply(errand, host, port, turn, allow_private=is_private_endpoint(host))
        if record.reading is Reading.LIMITED:
            raise ProbeError(Failure.REGISTRATION_LIMITED, f"{host} refused the question or limits its rate")
        if record.reading is Reading.UNCLEAR:
            raise ProbeError(Failure.REGISTRATION_UNPARSABLE, f"{host} gave a reply that was not understood")
        return record

    return await _ask(errand, whois_server(host, port), answer, end, keep=keep)


async def _with_registrar(errand: Errand, record: ParsedWhois, end: float) -> ParsedWhois:
    """Return the record with the registrar's name, asked of the one server that the registry refers to.

    The name of that server is network input. Nothing but the registrar's identity is taken from it,
    its own referral is not followed, and its failure costs the name only.
    """
    host = record.referral or ""
    end = min(end, asyncio.get_running_loop().time() + _REFERRAL_S)
    try:
        other = await _ask(
            errand,
            whois_server(host, WHOIS_PORT),
            lambda turn: _reply(errand, host, WHOIS_PORT, turn, allow_private=False),
            end,
        )
    except ProbeError as error:
        if error.failure in OF_THIS_MACHINE:
            raise
        return record
    if other.reading is not Reading.REGISTERED:
        return record
    iana_id = record.registrar_iana_id or other.registrar_iana_id
    return replace(record, registrar_name=other.registrar_name, registrar_iana_id=iana_id)


async def _reply(errand: Errand, host: str, port: int, turn: Turn, *, allow_private: bool) -> ParsedWhois:
    io = errand.io
    try:
        text = await ask_whois(
            errand.domain, host=host, port=port, dns=io.dns, route=io.route, allow_private=allow_private
        )
    except ProbeError as error:
        errand.nameless = error.failure in _NAMELESS
        raise
    turn.reached = True
    record = await io.whois_parser.parse(errand.domain, text)
    if record.reading is Reading.NOT_REGISTERED:
        turn.outcome = Outcome.NOT_REGISTERED
    elif record.reading is Reading.LIMITED:
        turn.outcome = Outcome.LIMITED
    elif record.reading is Reading.UNCLEAR:
        turn.outcome = Outcome.UNPARSABLE
    return record


async def _iana_answer(errand: Errand, tld: str, iana: tuple[str, int], turn: Turn) -> None:
    """Ask IANA about a top-level domain, unless somebody else has done so while we waited."""
    io, (host, port) = errand.io, iana
    if io.asking.tlds.said(tld, io.clock.now()) is not None:
        return
    private = is_private_endpoint(host)
    text = await ask_whois(tld, host=host, port=port, dns=io.dns, route=io.route, allow_private=private)
    turn.reached = True
    io.asking.tlds.keep(tld, read_iana(tld, text), io.clock.now())


def is_our_own_limit(error: ProbeError) -> bool:
    """Tell whether a question was not asked because others wait before it: no fault of the server."""
    return isinstance(error, NotAskedError) and error.rest is None
