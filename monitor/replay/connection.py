"""What the servers of the small internet have in common."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

_LINGER_RESET: Final = struct.pack("ii", 1, 0)
# Rounds of the event loop that closing a connection, TLS included, takes at most.
_ROUNDS: Final = 5


@dataclass(slots=True, kw_only=True)
class Desk:
    """Who is connected, and whom to tell that a client waits for nothing."""

    in_vain: Callable[[], None]
    unheard: Callable[[], None]
    """The same of one name server out of many: the client has others to ask."""
    connected: set[asyncio.Transport] = field(default_factory=set)

    async def close(self) -> None:
        """Break every connection."""
        for transport in self.connected:
            transport.abort()
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)


class Connection(asyncio.Protocol):
    """One client, from the server's side."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)
        self.desk.connected.add(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        del exc
        self.desk.connected.discard(self.transport)

    def end(self, last_words: bytes) -> None:
        """Send what is to be sent, and hang up."""
        self.transport.write(last_words)
        self.transport.close()

    def reset(self) -> None:
        """Break the connection with RST, not as if all had been said."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        self.transport.abort()


class Resetting(Connection):
    """Breaks a connection as soon as it stands."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Break it."""
        super().connection_made(transport)
        self.reset()


class Silent(Connection):
    """Takes a connection, and says nothing."""

    def data_received(self, data: bytes) -> None:
        """Let the client wait."""
        del data
        self.desk.in_vain()
