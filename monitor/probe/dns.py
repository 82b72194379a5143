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
"""

import asyncio
from typing import Final

from monitor.failure import Failure
from monitor.model import Check, DnsAnswer, DnsFacts, DnsSettings
from monitor.probe.dns_client import Reply, no_reply, telling
from monitor.probe.error import ProbeError
from monitor.probe.io import Io

_PART_OF_TIMEOUT: Final = 0.9


async def probe_dns(check: Check, io: Io) -> DnsFacts:
    """Return the records; raises ProbeError, with the facts, when the host has no address."""
    settings = check.settings
    if not isinstance(settings, DnsSettings):
        message = f"settings of a dns check expected, not {type(settings).__name__}"
        raise TypeError(message)
    host, zone = settings.host, settings.zone
    questions = ((host, "A"), (host, "AAAA"), (zone, "NS"), (zone, "MX"), (zone, "SOA"))
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
    )
    if not facts.addresses:
        raise _no_address(facts)
    return facts


async def _ask_all(io: Io, questions: tuple[tuple[str, str], ...], wait_s: float) -> list[Reply]:
    """Ask all at once; return the replies in the order of the questions, after `wait_s` seconds at most."""
    tasks = [asyncio.create_task(io.dns.query(name, rtype)) for name, rtype in questions]
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
    answers = (facts.a, facts.aaaa)
    failures = [answer.failure for answer in answers if answer.failure is not None]
    detail = ", ".join(_told(answer) for answer in answers)
    return ProbeError(min(failures, key=telling), f"{facts.host}: {detail}", facts=facts)


def _told(answer: DnsAnswer) -> str:
    return f"{answer.rtype} {answer.failure} ({answer.rcode or 'no answer'})"
