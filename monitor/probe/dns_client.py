"""Asks the configured resolvers, and says what became of each question.

Rules of one question:

- Resolvers are asked in the order of the configuration, one at a time, `try_s` seconds each, in at
  most two rounds. While the first ones are silent and a later one answers, that one is asked first
  for a minute, so that a dead resolver does not cost every question its `try_s`.
- Records, NXDOMAIN, NODATA and an alias loop are answers: nobody else is asked.
- SERVFAIL and REFUSED are one resolver's word: the next one is asked, that one not again. The same
  goes for a resolver that cannot be reached.
- Silence, and answers that cannot be used, get a second round.
- When nobody answered, the failure is the most telling one (`TELLING`).
- A truncated datagram is asked for again over TCP, at the same resolver, within its own `try_s`.
- An alias whose target the answer does not mention is followed with questions of our own.

One resolver's word is not enough where something hangs on it. `addresses` asks the others before a
name has no address, and when it is told to `compare` it asks another one first than usual. `others`
names them, for who compares what they say.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from monitor.clock import Clock
from monitor.failure import Failure
from monitor.model import DnsAnswer
from monitor.probe.dns_message import MAX_ALIASES, BadNameError, Message, Question, question
from monitor.probe.dns_transport import Datagrams, exchange_stream, failure_of, unanswered
from monitor.probe.error import ProbeError
from monitor.probe.io import Route

_PORT: Final = 53
_ROUNDS: Final = 2
_PREFER_S: Final = 60.0
_MOST_OTHERS: Final = 2
"""Resolvers that are asked beside the first one, where their words are compared."""

TELLING: Final = (
    Failure.DNS_NXDOMAIN,
    Failure.DNS_LOOP,
    Failure.DNS_SERVFAIL,
    Failure.DNS_REFUSED,
    Failure.DNS_MALFORMED,
    Failure.LOCAL_RESOURCES,
    Failure.DNS_TIMEOUT,
    Failure.DNS_UNREACHABLE,
    Failure.DNS_NODATA,
)
"""Failures, the most telling one first: what a server said about the name before what one server
said about itself, that before silence. When this machine lacks resources its silence proves nothing.
NODATA stands last: "no record of this type" is not "no address" until the other type said so too."""

_ASK_NEXT: Final = frozenset(
    {
        Failure.DNS_SERVFAIL,
        Failure.DNS_REFUSED,
        Failure.DNS_MALFORMED,
        Failure.LOCAL_RESOURCES,
        Failure.DNS_TIMEOUT,
        Failure.DNS_UNREACHABLE,
    }
)
_ASK_AGAIN: Final = frozenset({Failure.DNS_MALFORMED, Failure.LOCAL_RESOURCES, Failure.DNS_TIMEOUT})
_SILENT: Final = frozenset({Failure.DNS_TIMEOUT, Failure.DNS_UNREACHABLE})
_ASK_OTHER_FAMILY: Final = frozenset(
    {Failure.DNS_NODATA, Failure.DNS_SERVFAIL, Failure.DNS_REFUSED, Failure.DNS_MALFORMED}
)
_ONE_WORD: Final = frozenset({Failure.DNS_NXDOMAIN, Failure.DNS_NODATA, Failure.DNS_LOOP})
"""Failures that are one resolver's answer: nobody else was asked."""
_LOCALHOST: Final = {"ipv4": ("127.0.0.1",), "ipv6": ("::1",), "auto": ("127.0.0.1", "::1")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to one question, and how it was reached."""

    answer: DnsAnswer
    cname_chain: tuple[str, ...]
    """Names that the name asked for is an alias of, in order; 16 at most."""
    resolver: str
    """Who said it: an address, with `:port` where that is not 53; empty when nobody could say."""


@dataclass(slots=True, eq=False)
class _Resolver:
    address: str
    port: int
    label: str
    datagrams: Datagrams


class DnsClient:
    """Asks recursive resolvers. Belongs to one event loop."""

    def __init__(
        self, *, resolvers: Sequence[tuple[str, int]], route: Route, clock: Clock, try_s: float = 2.0
    ) -> None:
        if not resolvers:
            message = "at least one resolver is needed"
            raise ValueError(message)
        self._resolvers = [
            _Resolver(address, port, _label(address, port), Datagrams(clock)) for address, port in resolvers
        ]
        self._route = route
        self._clock = clock
        self._try_s = try_s
        self._preferred = 0
        self._preferred_until = 0.0

    @property
    def alone(self) -> bool:
        """Tell whether there is but one resolver, whose word cannot be compared with another's."""
        return len(self._resolvers) == 1

    def others(self, label: str) -> tuple[int, ...]:
        """Return the numbers of resolvers to compare with the one that `label` names, 2 at most."""
        numbers = [n for n in self._in_order() if self._resolvers[n].label != label]
        return tuple(numbers[:_MOST_OTHERS])

    def label(self, number: int) -> str:
        """Return how a resolver is called in what is told of it."""
        return self._resolvers[number].label

    async def query(
        self, name: str, rtype: str, only: int | None = None, *, unchecked: bool = False
    ) -> Reply:
        """Return what the resolvers say; trouble is in `answer.failure`, never raised.

        A name that DNS cannot carry gets `dns_nxdomain` without an rcode: nobody was asked.
        `only`: the number of the one resolver to ask. `unchecked`: with DNSSEC checking disabled.
        """
        try:
            asked = question(name, rtype, unchecked=unchecked)
        except BadNameError:
            return no_reply(name, rtype, Failure.DNS_NXDOMAIN)
        message, resolver = await self._ask(asked, only)
        if not message.unfinished:
            return _reply(asked, message, resolver)
        return await self._follow(asked, message, resolver, only)

    async def addresses(self, host: str, family: str = "auto", *, compare: bool = False) -> tuple[str, ...]:
        """Return the addresses of `host`: IPv4, and IPv6 where `auto` finds no IPv4 address.

        `family` is `auto`, `ipv4` or `ipv6`. A literal address, bracketed or not, is returned as it
        is; `localhost` needs no resolver (RFC 6761, section 6.3). `compare`: what was found before
        is doubted, so another resolver is asked first. Raises ProbeError with the failure of the look-up.
        """
        if compare and not self.alone:
            for number in self.others(self.label(next(self._in_order())))[:1]:
                with suppress(ProbeError):
                    return await self._addresses(host, family, number)
        try:
            return await self._addresses(host, family, None)
        except ProbeError as error:
            if self.alone or error.failure not in _ONE_WORD:
                raise
            failed = error
        for number in self.others(self.label(next(self._in_order()))):
            with suppress(ProbeError):
                return await self._addresses(host, family, number)
        raise failed

    async def _addresses(self, host: str, family: str, only: int | None) -> tuple[str, ...]:
        literal = _literal(host)
        if literal is not None:
            return (literal,)
        if _is_localhost(host):
            return _LOCALHOST[family]
        if family != "auto":
            return _addresses(await self.query(host, "A" if family == "ipv4" else "AAAA", only))
        first = await self.query(host, "A", only)
        if first.answer.failure not in _ASK_OTHER_FAMILY:
            return _addresses(first)
        second = await self.query(host, "AAAA", only)
        return _addresses(min(first, second, key=lambda reply: telling(reply.answer.failure)))

    async def aclose(self) -> None:
        """Close every socket; questions under way end as `dns_unreachable`."""
        for resolver in self._resolvers:
            resolver.datagrams.close()

    async def _follow(
        self, asked: Question, message: Message, resolver: str, only: int | None = None
    ) -> Reply:
        """Ask for the end of the alias chain until somebody knows it."""
        chain, ttls = message.chain, [message.ttl]
        while message.unfinished:
            try:
                next_question = question(chain[-1], asked.rtype, unchecked=asked.unchecked)
            except BadNameError:
                message = unanswered(Failure.DNS_MALFORMED)
                break
            message, resolver = await self._ask(next_question, only)
            ttls.append(message.ttl)
            chain = (*chain, *message.chain)
            names = (asked.name, *chain)
            if len(chain) > MAX_ALIASES or len(set(names)) < len(names):
                chain = chain[:MAX_ALIASES]
                message = Message(rcode=message.rcode, failure=Failure.DNS_LOOP)
        ttl = None if message.ttl is None else min(ttl for ttl in ttls if ttl is not None)
        joined = Message(
            rcode=message.rcode, failure=message.failure, values=message.values, ttl=ttl, chain=chain
        )
        return _reply(asked, joined, resolver)

    async def _ask(self, asked: Question, only: int | None = None) -> tuple[Message, str]:
        """Return what the resolvers say together, and which of them said it."""
        worst: tuple[Message, str] | None = None
        resolvers = list(self._in_order()) if only is None else [only]
        silent = False
        for _ in range(_ROUNDS):
            again = []
            for index in resolvers:
                resolver = self._resolvers[index]
                message = await self._try(resolver, asked)
                if message.failure not in _ASK_NEXT:
                    if silent:
                        self._prefer(index)
                    return message, resolver.label
                silent = silent or message.failure in _SILENT
                if worst is None or telling(message.failure) < telling(worst[0].failure):
                    worst = message, resolver.label
                if message.failure in _ASK_AGAIN:
                    again.append(index)
            resolvers = again
        assert worst is not None  # noqa: S101 - there is a resolver, and it was tried
        return worst

    async def _try(self, resolver: _Resolver, asked: Question) -> Message:
        """Ask one resolver once. An OSError of the route counts as one of the network."""
        try:
            endpoint = self._route.udp(resolver.address, resolver.port)
            message = await resolver.datagrams.exchange(endpoint, asked, self._try_s)
            if message.truncated:
                endpoint = self._route.tcp(resolver.address, resolver.port)
                message = await exchange_stream(endpoint, asked, self._try_s)
        except OSError as error:
            return unanswered(failure_of(error))
        return message

    def _in_order(self) -> Iterator[int]:
        count = len(self._resolvers)
        first = self._preferred if self._clock.monotonic() < self._preferred_until else 0
        return ((first + offset) % count for offset in range(count))

    def _prefer(self, index: int) -> None:
        self._preferred = index
        self._preferred_until = self._clock.monotonic() + _PREFER_S


def no_reply(name: str, rtype: str, failure: Failure) -> Reply:
    """Return the reply that stands for none: nobody was asked, or there was no time left to wait."""
    answer = DnsAnswer(name=name, rtype=rtype, rcode=None, failure=failure)
    return Reply(answer=answer, cname_chain=(), resolver="")


def telling(failure: Failure | None) -> int:
    """Return the rank of a failure in `TELLING`; lower tells more, an answer most of all."""
    return -1 if failure is None else TELLING.index(failure)


def _reply(asked: Question, message: Message, resolver: str) -> Reply:
    answer = DnsAnswer(
        name=asked.name,
        rtype=asked.rtype,
        rcode=message.rcode,
        failure=message.failure,
        values=message.values,
        ttl=message.ttl,
    )
    return Reply(answer=answer, cname_chain=message.chain, resolver=resolver)


def _addresses(reply: Reply) -> tuple[str, ...]:
    answer = reply.answer
    if answer.failure is not None:
        raise ProbeError(answer.failure, f"{answer.name} {answer.rtype}: {answer.rcode or 'no answer'}")
    return answer.values


def _literal(host: str) -> str | None:
    """Return the address that `host` spells, without brackets; None when it is a name."""
    if ":" not in host and not host[-1:].isdigit():
        return None
    text = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return None
    return text


def _is_localhost(host: str) -> bool:
    name = host.removesuffix(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def _label(address: str, port: int) -> str:
    if port == _PORT:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
