"""A line at one registration server: who waits in it, and how fast it may move. `turns` moves it."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from monitor.probe.allowance import Allowance, Rate

# Questions in flight at one server: registries count connections per address.
AT_ONCE: Final = {"rdap": 4, "whois": 1}
_RDAP: Final = Rate(per_s=5.0, burst=10)
_WHOIS: Final = Rate(per_s=1.0, burst=3)

Waiter = asyncio.Future[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Whom a question goes to."""

    protocol: str
    """`rdap` or `whois`."""
    place: str
    """`host` or `host:port`."""
    name: str
    """The host: what a rate is configured for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often servers may be asked."""

    at_once: int = 8
    """Questions in flight, of all servers together."""
    rdap: Rate = _RDAP
    whois: Rate = _WHOIS
    per_s_of: Mapping[str, float] = field(default_factory=dict)
    """Questions a second by host name, in place of the two above."""

    def rate(self, server: Server) -> Rate:
        """Return how often a server may be asked."""
        usual = self.rdap if server.protocol == "rdap" else self.whois
        return replace(usual, per_s=self.per_s_of.get(server.name, usual.per_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The turn of a check that was called again, kept until it comes."""

    until: datetime
    urgent: bool
    """It stood among those that an investigation asks for."""


@dataclass(slots=True, eq=False)
class Line:
    """Who waits for one server. None in place of a waiter: not running, to be called again."""

    server: Server
    allowance: Allowance
    at_once: int
    urgent: OrderedDict[str, Waiter | None] = field(default_factory=OrderedDict)
    ordinary: OrderedDict[str, Waiter | None] = field(default_factory=OrderedDict)
    granted: dict[str, Grant] = field(default_factory=dict)
    """Checks that were called again and have a token."""
    busy: int = 0
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    moves: asyncio.Task[None] | None = None

    def full(self, now: datetime) -> bool:
        """Tell whether no further question may be in flight."""
        if self.granted:
            self.granted = {key: grant for key, grant in self.granted.items() if now < grant.until}
        most = 1 if self.allowance.on_trial else self.at_once
        return self.busy + len(self.granted) >= most

    @property
    def idle(self) -> bool:
        """Tell whether nobody waits, asks, or has been called."""
        return not (self.urgent or self.ordinary or self.granted or self.busy or self.moves)

    def find(self, key: str) -> OrderedDict[str, Waiter | None] | None:
        """Return the queue that a check stands in; None: it does not."""
        return next((line for line in (self.urgent, self.ordinary) if key in line), None)
