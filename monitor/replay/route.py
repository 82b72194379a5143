"""The way into the small internet: addresses of the scenario lead to servers on loopback.

No packet leaves this machine: an address that the scenario does not know has no route.
"""

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.replay.clock import ReplayClock
from monitor.replay.world import World

LOOPBACK: Final = "127.0.0.1"
RESOLVER: Final = ("192.175.48.53", 53)
"""Where the monitor is told to ask. AS112's block (RFC 7534): public, and nobody's server."""
RESOLVERS: Final = (RESOLVER, ("192.175.48.54", 53), ("192.175.48.55", 53))
"""Where it is told to ask when a scenario has several resolvers."""

_DNS_PORT: Final = 53
_CONNECT_S: Final = 10.0
_DATAGRAM_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the servers of the small internet really listen, on loopback."""

    resolvers: Sequence[int]
    """In the order of `RESOLVERS`; the first may lie."""
    name_servers: Mapping[str, int]
    """By host."""
    http: int
    https: int
    whois: int
    resetting: int
    """Breaks every connection as soon as it stands."""
    silent: int
    """Takes every connection, and says nothing."""


class ReplayRoute:
    """Answers for every address as the world stands now."""

    def __init__(self, world: World, clock: ReplayClock, ports: Ports) -> None:
        self._world = world
        self._clock = clock
        self._resolvers = dict(zip(RESOLVERS, ports.resolvers, strict=True))
        self._name_servers = ports.name_servers
        self._edition = -1
        self._by_address: dict[str, int] = {}
        self._behind = {80: ports.http, 443: ports.https, 43: ports.whois}
        self._elsewhere = {"resets": ports.resetting, "hangs": ports.silent}

    def tcp(self, address: str, port: int) -> tuple[str, int]:
        """Return the endpoint on loopback; raises OSError as the network would.

        An address that drops what it is sent raises TimeoutError, after the time was spent.
        """
        if (address, port) in self._resolvers:
            return self._resolver((address, port))
        reach = self._world.reach.get(address) if self._world.online else None
        if reach is None:
            raise _error(errno.ENETUNREACH)
        if reach == "drops":
            self._clock.spend(_CONNECT_S)
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        behind = self._name_server(address) if port == _DNS_PORT else self._behind.get(port)
        if reach == "refuses" or behind is None:
            raise _error(errno.ECONNREFUSED)
        return LOOPBACK, self._elsewhere.get(reach, behind)

    def udp(self, address: str, port: int) -> tuple[str, int]:
        """Return the endpoint for datagrams; raises OSError as the network would."""
        if (address, port) in self._resolvers:
            return self._resolver((address, port))
        reach = self._world.reach.get(address) if self._world.online else None
        behind = self._name_server(address) if port == _DNS_PORT else None
        if reach is None or behind is None:
            raise _error(errno.ENETUNREACH)
        if reach == "drops":
            self._clock.spend(_DATAGRAM_S)
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        if reach == "refuses":
            raise _error(errno.ECONNREFUSED)
        return LOOPBACK, behind

    def _resolver(self, endpoint: tuple[str, int]) -> tuple[str, int]:
        behaves = self._world.resolvers[RESOLVERS.index(endpoint)]
        if not self._world.online or behaves == "unreachable":
            raise _error(errno.ENETUNREACH)
        return LOOPBACK, self._resolvers[endpoint]

    def _name_server(self, address: str) -> int | None:
        """Return the port of the name server that has an address now."""
        if self._edition != self._world.edition:
            self._edition = self._world.edition
            self._by_address.clear()
            for host, port in self._name_servers.items():
                records = self._world.records(host)
                for each in (*records.a, *records.aaaa) if records else ():
                    self._by_address[each] = port
        return self._by_address.get(address)


def _error(code: int) -> OSError:
    """Return the error with its own class: OSError chooses ConnectionRefusedError by itself."""
    return OSError(code, os.strerror(code))
