"""Asks name servers themselves, without recursion: what they know, not what somebody found out for us.

Each question has a socket, and with it a source port, of its own; so many at once, whoever asks. A
truncated datagram is asked for again over TCP. Who may be asked is the caller's to say.
"""

import asyncio
from typing import Final

from monitor.failure import Failure
from monitor.probe.dns_message import BadNameError, question
from monitor.probe.dns_referral import Word, read_word, word
from monitor.probe.dns_transport import exchange_datagram, exchange_stream, failure_of, unanswered
from monitor.probe.io import Route

_PORT: Final = 53
_AT_ONCE: Final = 64
"""Sockets at once, over all checks: a thousand name servers must not use up the file descriptors."""


class NameServers:
    """Asks authoritative servers. Belongs to one event loop; keeps nothing between two questions."""

    def __init__(self, route: Route, at_once: int = _AT_ONCE) -> None:
        self._route = route
        self._turns = asyncio.Semaphore(at_once)

    async def ask(self, address: str, name: str, rtype: str, wait_s: float) -> Word:
        """Return what the server at `address` says within `wait_s` seconds of its turn; never raises."""
        try:
            asked = question(name, rtype, recursion=False)
        except BadNameError:
            return word(unanswered(Failure.DNS_NXDOMAIN))
        async with self._turns:
            end = asyncio.get_running_loop().time() + wait_s
            try:
                endpoint = self._route.udp(address, _PORT)
                message = await exchange_datagram(endpoint, asked, wait_s, read_word)
                if message.truncated:
                    left_s = end - asyncio.get_running_loop().time()
                    endpoint = self._route.tcp(address, _PORT)
                    message = await exchange_stream(endpoint, asked, left_s, read_word)
            except OSError as error:
                message = unanswered(failure_of(error))
        return message if isinstance(message, Word) else word(message)
