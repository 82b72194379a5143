"""The `delegation` probe: what the parent zone says about a zone, and what its listed servers say.

Resolvers tell the end of a story; this probe asks those who write it, without recursion:

1. The nearest zone above that has name servers, as the resolvers tell it, is the parent. A few of its
   servers are asked for the zone's NS until one says something; referrals to zones in between are
   followed down, never up and never round.
2. Each server that the parent lists (the first 8, two addresses each) is asked for SOA and NS of the
   zone: does it answer for the zone at all, with which serial, naming which servers? Where the run was
   asked for because of a doubt (`Check.compare`), also for the host that is watched.
3. The domains that those servers live in are looked up in their registries (`server_domains`); a run that was
   asked for because of a doubt takes what is known of them within two seconds.

Facts come out when a server of the parent zone was heard. `dns_nxdomain`, with the facts, says that
the parent knows no such name; a parent that has the name but no servers for it delegates nothing, and
that is a fact. When no server of the parent was heard, the observation fails as their silence did.

What a zone names as its servers is network input: private, loopback and link-local addresses are not
asked unless the configuration allows it.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, TypeVar

from monitor.failure import Failure
from monitor.model import Check, DelegationFacts, DelegationSettings, ServerDomain, ServerWord
from monitor.probe.addresses import forbidden
from monitor.probe.dns_client import telling
from monitor.probe.dns_referral import Word
from monitor.probe.error import ProbeError
from monitor.probe.io import Io
from monitor.probe.names import host_name

T = TypeVar("T")

_PART_OF_TIMEOUT: Final = 0.9
_PARENTS_PART: Final = 0.6
"""Of that time, what finding and hearing the parent may take."""
_TRY_S: Final = 2.0
_MOST_PARENTS: Final = 4
"""Servers of one parent zone that are asked, one after the other."""
_MOST_CUTS: Final = 4
"""Zones between the first parent and the last."""
_MOST_SERVERS: Final = 8
_MOST_ADDRESSES: Final = 2
_ROOT: Final = "."


async def probe_delegation(check: Check, io: Io) -> DelegationFacts:
    """Return the delegation of the zone; raises ProbeError, with the facts where the parent was heard."""
    settings = check.settings
    if not isinstance(settings, DelegationSettings):
        message = f"settings of a delegation check expected, not {type(settings).__name__}"
        raise TypeError(message)
    loop = asyncio.get_running_loop()
    allowed_s = check.timeout_s * _PART_OF_TIMEOUT
    begun = loop.time()
    search = _Search(io, settings, host=settings.host if check.compare else "")
    try:
        async with asyncio.timeout(allowed_s * _PARENTS_PART):
            last = await search.parent()
    except TimeoutError as error:
        raise search.unheard() from error
    delegated = _named(last, settings.zone)
    left_s = allowed_s - (loop.time() - begun)
    servers, signed, domains = await asyncio.gather(
        search.servers(delegated[:_MOST_SERVERS], left_s),
        search.signed(delegated, left_s),
        # Registries have lines and limits: what is asked because of a doubt does not wait for them.
        search.domains(delegated[:_MOST_SERVERS], min(left_s, _TRY_S) if check.compare else left_s),
    )
    facts = DelegationFacts(
        zone=settings.zone,
        parent=search.zone,
        asked=tuple(search.asked),
        heard=True,
        delegated=delegated,
        signed=signed,
        servers=servers,
        agree=_agree(servers, delegated),
        domains=domains,
        host=search.host,
    )
    if last.rcode == "NXDOMAIN":
        detail = f"the servers of {search.zone} know no {settings.zone}"
        raise ProbeError(Failure.DNS_NXDOMAIN, detail, facts=facts)
    return facts


async def _in_time(awaitables: Iterable[Awaitable[T]], wait_s: float) -> list[T | None]:
    """Return what was ready after `wait_s` seconds, in order; None for what was not."""
    tasks = [asyncio.ensure_future(each) for each in awaitables]
    if not tasks:
        return []
    try:
        await asyncio.wait(tasks, timeout=max(0.0, wait_s))
        return [task.result() if task.done() else None for task in tasks]
    finally:
        for task in tasks:
            task.cancel()


def _named(last: Word, zone: str) -> tuple[str, ...]:
    """Return the servers of the zone in the parent's last word: a referral, or an answer of its own."""
    return last.delegated if last.cut == zone else last.values


def _agree(servers: Iterable[ServerWord], delegated: tuple[str, ...]) -> bool | None:
    named = [set(word.name_servers) for word in servers if word.authoritative and word.name_servers]
    return all(each == set(delegated) for each in named) if named else None


def _within(name: str, zone: str) -> bool:
    return zone in {_ROOT, name} or name.endswith(f".{zone}")


@dataclass(slots=True, eq=False)
class _Search:
    """The way down to a delegation, and what was heard on it."""

    io: Io
    settings: DelegationSettings
    host: str = ""
    """Whom the listed servers are asked for besides; empty: nobody."""
    zone: str = ""
    """The parent zone, as far as it is known."""
    asked: list[ServerWord] = field(default_factory=list)
    glue: dict[str, list[str]] = field(default_factory=dict)

    async def parent(self) -> Word:
        """Return the word of a parent's server on the zone; raises ProbeError when none was heard."""
        self.zone, hosts = await self._above()
        for _ in range(_MOST_CUTS):
            word = await self._first_word(hosts)
            if word.cut in ("", self.settings.zone):
                return word
            self.zone, hosts = word.cut, word.delegated
        raise self.unheard()

    def unheard(self) -> ProbeError:
        """Return the failure of a parent that could not be heard; the most telling one of its servers."""
        failures = [word.failure for word in self.asked if word.failure not in (None, *_NOT_TOLD)]
        failure = min(failures, key=telling, default=Failure.DNS_TIMEOUT)
        words = ", ".join(f"{word.host} {word.failure or 'points elsewhere'}" for word in self.asked)
        zone = self.zone or "the zone above"
        return ProbeError(failure or Failure.DNS_TIMEOUT, f"{zone} was not heard: {words or 'nobody asked'}")

    async def servers(self, hosts: tuple[str, ...], wait_s: float) -> tuple[ServerWord, ...]:
        """Return what the listed servers say within `wait_s` seconds."""
        heard = await _in_time([self._server(host) for host in hosts], wait_s)
        return tuple(
            word
            for host, words in zip(hosts, heard, strict=True)
            for word in words or (ServerWord(host=host, failure=Failure.DNS_TIMEOUT),)
        )

    async def domains(self, hosts: tuple[str, ...], wait_s: float) -> tuple[ServerDomain, ...]:
        """Return the registrations of the domains that servers live in, but for the zone's own."""
        known = self.io.server_domains
        names = sorted({name for host in hosts if (name := known.of(host))})
        others = [name for name in names if not _within(self.settings.zone, name)]
        found = await _in_time([known.look_up(name, self.io) for name in others], wait_s)
        return tuple(domain for domain in found if domain is not None)

    async def _server(self, host: str) -> tuple[ServerWord, ...]:
        """Return what a listed server says about the zone, one word for each address."""
        addresses = await self._addresses(host, glue_first=_within(host, self.settings.zone))
        if isinstance(addresses, ServerWord):
            return (addresses,)
        return tuple(await asyncio.gather(*(self._child(host, address) for address in addresses)))

    async def signed(self, delegated: tuple[str, ...], wait_s: float) -> bool | None:
        """Return whether the parent zone has a DS record of the zone; None when it does not say."""
        if not delegated:
            return None
        at, wait_s = self.asked[-1].address, min(wait_s, _TRY_S)
        (word,) = await _in_time([self.io.name_servers.ask(at, self.settings.zone, "DS", wait_s)], wait_s)
        if word is None:
            return None
        if word.failure is None and word.values:
            return True
        return False if word.failure is Failure.DNS_NODATA and word.authoritative else None

    async def _above(self) -> tuple[str, tuple[str, ...]]:
        """Return the nearest zone above, and its servers, as the resolvers tell it; raises ProbeError."""
        above = self.settings.zone
        while above:
            above = above.partition(".")[2]
            reply = await self.io.dns.query(above or _ROOT, "NS")
            answer = reply.answer
            if answer.failure is None and not reply.cname_chain:
                return above or _ROOT, answer.values
            if answer.failure not in _NO_ZONE:
                detail = f"who serves {above or _ROOT}: {answer.rcode or 'no answer'}"
                raise ProbeError(answer.failure or Failure.DNS_MALFORMED, detail)
        raise ProbeError(Failure.DNS_MALFORMED, "the resolvers know no zone above, not even the root")

    async def _first_word(self, hosts: tuple[str, ...]) -> Word:
        """Return the first word that says something of the zone; raises ProbeError when there is none."""
        for host in _shuffled(hosts, self.settings.zone)[:_MOST_PARENTS]:
            addresses = await self._addresses(host, glue_first=host in self.glue)
            if isinstance(addresses, ServerWord):
                self.asked.append(addresses)
                continue
            word = await self.io.name_servers.ask(addresses[0], self.settings.zone, "NS", _TRY_S)
            says = self._says_something(word)
            self.asked.append(
                ServerWord(
                    host=host,
                    address=addresses[0],
                    rcode=word.rcode,
                    failure=None if says and word.cut else word.failure,
                    authoritative=word.authoritative,
                    name_servers=_named(word, self.settings.zone) if says else (),
                )
            )
            if says:
                for name, address in word.glue:
                    self.glue.setdefault(name, []).append(address)
                return word
        raise self.unheard()

    def _says_something(self, word: Word) -> bool:
        """Tell whether a word decides: a delegation, a way further down, or that there is none.

        A referral upwards, sideways or to where we are is a lame server's; so is an answer of others.
        """
        zone = self.settings.zone
        if word.cut:
            return _within(zone, word.cut) and _within(word.cut, self.zone) and word.cut != self.zone
        return word.authoritative and word.failure in _DECIDED

    async def _child(self, host: str, address: str) -> ServerWord:
        """Ask one listed server for SOA and NS, and for the host where that is in doubt."""
        ask, zone = self.io.name_servers.ask, self.settings.zone
        names = [(zone, "SOA"), (zone, "NS"), *((self.host, t) for t in ("A", "AAAA") if self.host)]
        soa, ns, *words = await asyncio.gather(*(ask(address, name, t, _TRY_S) for name, t in names))
        return ServerWord(
            host=host,
            address=address,
            rcode=soa.rcode,
            failure=soa.failure,
            authoritative=soa.authoritative and soa.failure is None,
            serial=_serial(soa) if soa.failure is None else None,
            name_servers=ns.values if ns.authoritative else (),
            knows_host=_knows(words),
            alias=_alias(words),
            ttl=ns.ttl if ns.authoritative and ns.values else None,
        )

    async def _addresses(self, host: str, *, glue_first: bool) -> tuple[str, ...] | ServerWord:
        """Return the addresses of a server that may be asked; or a word that says why there is none."""
        name = host_name(host)
        if name is None:
            return ServerWord(host=host, failure=Failure.DNS_NODATA)
        found = self.glue.get(name, []) if glue_first else []
        if not found:
            replies = await asyncio.gather(self.io.dns.query(name, "A"), self.io.dns.query(name, "AAAA"))
            v4, v6 = (reply.answer.values for reply in replies)
            # One of each family, where there are both: a server may be deaf on one of them.
            found = [*v4[:1], *v6[:1], *v4[1:], *v6[1:]]
            failures = [reply.answer.failure for reply in replies if reply.answer.failure is not None]
            if not found:
                found = self.glue.get(name, [])
            if not found:
                return ServerWord(host=host, failure=min(failures, key=telling, default=Failure.DNS_NODATA))
        allowed = [a for a in found if not forbidden(a, allow_private=self.settings.allow_private)]
        if not allowed:
            return ServerWord(host=host, address=found[0], failure=Failure.ADDRESS_FORBIDDEN)
        return tuple(allowed[:_MOST_ADDRESSES])


_NO_ZONE: Final = frozenset({None, Failure.DNS_NODATA, Failure.DNS_NXDOMAIN, Failure.DNS_LOOP})
_DECIDED: Final = frozenset({None, Failure.DNS_NODATA, Failure.DNS_NXDOMAIN})
_NOT_TOLD: Final = (Failure.ADDRESS_FORBIDDEN, Failure.DNS_NODATA)


def _shuffled(hosts: tuple[str, ...], zone: str) -> list[str]:
    """Return the servers in an order of the zone's own: not everybody begins with the same one."""
    return sorted(hosts, key=lambda host: blake2b(f"{zone}|{host}".encode(), digest_size=8).digest())


def _alias(words: Iterable[Word]) -> str:
    """Return where a server says that a host leads, as far as it knows the way; empty: nowhere else."""
    return next((word.chain[-1] for word in words if word.authoritative and word.chain), "")


def _knows(words: Iterable[Word]) -> bool | None:
    """Return whether a server has addresses of a host; None: it does not say, or points elsewhere."""
    said = [word for word in words if word.authoritative]
    if any(word.values for word in said):
        return True
    if any(word.chain for word in said):
        return None
    return False if said and all(word.failure in _DECIDED for word in said) else None


def _serial(soa: Word) -> int | None:
    """Return the serial of a SOA record `mname rname serial …`."""
    fields = soa.values[0].split(" ") if soa.values else []
    return int(fields[2]) if len(fields) > 2 and fields[2].isdigit() else None  # noqa: PLR2004
