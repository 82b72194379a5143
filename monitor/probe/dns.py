"""The `dns` probe: what the configured resolvers say about a target.

Asks five questions at once: A and AAAA of the host, NS, MX and SOA of its zone.

The observation fails when the host has no address by either family. Each of the two answers may
have failed in its own way; the failure told is the more telling one, in this order: the name does
not exist (true for every type at once), its aliases loop, a server failed, refused, or spoke
nonsense, this machine was short of something, nobody answered, nobody could be reached. "No such
record" comes last: the host has no address only when both answers say so.

NS, MX and SOA fail for themselves: their answers carry the failure, the observation does not. A
question that is still open when nine tenths of the check's time are over gets `dns_timeout`, so
that one silent server does not take the other four answers with it.

One resolver's word is compared with the others' where something hangs on it: always when it says
that there is no address, and when the run was asked for because of a doubt (`Check.compare`). An
ordinary run that finds addresses asks nobody twice. If one has an address and another says that
there is none, the observation fails as `dns_disagreement`: it shows neither.

A host whose addresses end in SERVFAIL is asked for once more with DNSSEC checking disabled (`unchecked`):
what is answered only then does not validate.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from monitor.failure import Failure
from monitor.model import Check, DnsAnswer, DnsFacts, DnsSettings, ResolverWord
from monitor.probe.dns_client import Reply, no_reply, telling
from monitor.probe.error import ProbeError
from monitor.probe.io import Io

_PART_OF_TIMEOUT: Final = 0.9
_ADDRESSES: Final = frozenset({"A", "AAAA"})
_NONE: Final = frozenset({Failure.DNS_NXDOMAIN, Failure.DNS_NODATA, Failure.DNS_LOOP})
"""Failures that are one resolver's answer: there is none."""


async def probe_dns(check: Check, io: Io) -> DnsFacts:
    """Return the records; raises ProbeError, with the facts, when the host has no address."""
    settings = check.settings
    if not isinstance(settings, DnsSettings):
        message = f"settings of a dns check expected, not {type(settings).__name__}"
        raise TypeError(message)
    host, zone = settings.host, settings.zone
    questions = ((host, "A"), (host, "AAAA"), (zone, "NS"), (zone, "MX"), (zone, "SOA"))
    loop = asyncio.get_running_loop()
    end = loop.time() + check.timeout_s * _PART_OF_TIMEOUT
    a, aaaa, ns, mx, soa = await _ask_all(io, questions, check.timeout_s * _PART_OF_TIMEOUT)
    facts = DnsFacts(
        host=host,
        zone=zone,
        resolver=a.resolver or aaaa.resolver,
        a=a.answer,
        aaaa=aaaa.answer,
        ns=ns.answer,
        mx=mx.answer,
        soa=soa.answer,
        cname_chain=a.cname_chain or aaaa.cname_chain,
        alone=io.dns.alone,
        signs=io.pages.signatures.of_name_servers(ns.answer.values),
    )
    if not io.dns.alone and (check.compare or _is_one_word(facts)):
        others = [
            await _word(io, number, questions[:4], end - loop.time())
            for number in io.dns.others(facts.resolver)
        ]
        facts = replace(facts, others=tuple(others), disagreeing=tuple(_disagreeing(facts, others)))
    if not facts.addresses and Failure.DNS_SERVFAIL in (facts.a.failure, facts.aaaa.failure):
        facts = replace(facts, unchecked=await _unchecked(io, host, end - loop.time()))
    if not facts.addresses or not _ADDRESSES.isdisjoint(facts.disagreeing):
        raise _no_address(facts)
    return facts


def _is_one_word(facts: DnsFacts) -> bool:
    """Tell whether a single resolver has said that there is no address."""
    return not facts.addresses and {facts.a.failure, facts.aaaa.failure} <= _NONE


async def _unchecked(io: Io, host: str, wait_s: float) -> DnsAnswer:
    """Return what becomes of the addresses without validation: the answer with some, if there is one."""
    asking = [asyncio.create_task(io.dns.query(host, rtype, unchecked=True)) for rtype in ("A", "AAAA")]
    a, aaaa = await _until(asking, ((host, "A"), (host, "AAAA")), max(0.0, wait_s))
    return aaaa.answer if aaaa.answer.values and not a.answer.values else a.answer


async def _word(io: Io, number: int, questions: tuple[tuple[str, str], ...], wait_s: float) -> ResolverWord:
    """Return what another resolver says about A and AAAA, NS and MX."""
    a, aaaa, ns, mx = await _ask_all(io, questions, max(0.0, wait_s), number)
    return ResolverWord(
        resolver=io.dns.label(number),
        a=a.answer,
        aaaa=aaaa.answer,
        ns=ns.answer,
        mx=mx.answer,
        cname_chain=a.cname_chain or aaaa.cname_chain,
    )


def _disagreeing(facts: DnsFacts, others: Sequence[ResolverWord]) -> Iterator[str]:
    """Yield the types that one has records of where another says that there are none."""
    said: tuple[DnsFacts | ResolverWord, ...] = (facts, *others)
    # A host without addresses of one family has addresses all the same: both are one matter.
    if len({kind for each in said if (kind := _kind(each.a, each.aaaa)) is not None}) > 1:
        yield from sorted(_ADDRESSES)
    for rtype, answers in (("NS", [each.ns for each in said]), ("MX", [each.mx for each in said])):
        if len({kind for answer in answers if (kind := _kind(answer)) is not None}) > 1:
            yield rtype


def _kind(*answers: DnsAnswer) -> bool | None:
    """Return whether there are records; None: not everything was answered, and nothing was found."""
    if any(answer.values for answer in answers):
        return True
    return False if all(answer.failure in _NONE for answer in answers) else None


async def _ask_all(
    io: Io, questions: tuple[tuple[str, str], ...], wait_s: float, only: int | None = None
) -> list[Reply]:
    """Ask all at once; return the replies in the order of the questions, after `wait_s` seconds at most."""
    tasks = [asyncio.create_task(io.dns.query(name, rtype, only)) for name, rtype in questions]
    return await _until(tasks, questions, wait_s)


async def _until(
    tasks: Sequence[asyncio.Task[Reply]], questions: tuple[tuple[str, str], ...], wait_s: float
) -> list[Reply]:
    """Return the replies that are there after `wait_s` seconds, and `dns_timeout` for the others."""
    try:
        await asyncio.wait(tasks, timeout=wait_s)
        return [
            task.result() if task.done() else no_reply(name, rtype, Failure.DNS_TIMEOUT)
            for task, (name, rtype) in zip(tasks, questions, strict=True)
        ]
    finally:
        for task in tasks:
            task.cancel()


def _no_address(facts: DnsFacts) -> ProbeError:
    if not _ADDRESSES.isdisjoint(facts.disagreeing):
        said: tuple[DnsFacts | ResolverWord, ...] = (facts, *facts.others)
        words = ", ".join(f"{each.resolver}: {' '.join(each.addresses) or 'no address'}" for each in said)
        return ProbeError(Failure.DNS_DISAGREEMENT, f"{facts.host}: {words}", facts=facts)
    answers = (facts.a, facts.aaaa)
    failures = [answer.failure for answer in answers if answer.failure is not None]
    detail = ", ".join(_told(answer) for answer in answers)
    return ProbeError(min(failures, key=telling), f"{facts.host}: {detail}", facts=facts)


def _told(answer: DnsAnswer) -> str:
    return f"{answer.rtype} {answer.failure} ({answer.rcode or 'no answer'})"
