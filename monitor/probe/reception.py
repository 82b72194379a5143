"""The receiving end of one connection: when its first byte came, and how much head it may send."""

import asyncio
from typing import Any, Final

from aiohttp import http_exceptions
from aiohttp.client_proto import ResponseHandler

from monitor.clock import Clock
from monitor.probe.attempt import Attempt

# Of the status line and all headers, interim (1xx) answers included. Common servers allow 8 to 32 kB.
HEAD_LIMIT: Final = 64 * 1024


class Reception(ResponseHandler):
    """aiohttp's client protocol, plus a clock for the first byte and a scale for the head."""

    def __init__(self, loop: asyncio.AbstractEventLoop, attempt: Attempt, clock: Clock) -> None:
        super().__init__(loop)
        self._attempt = attempt
        self._clock = clock
        self._head_bytes = 0
        self._answered = False

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a head that does not end within HEAD_LIMIT breaks the connection."""
        if self._answered:
            super().data_received(data)
            return
        if self._attempt.first_byte_at is None:
            self._attempt.first_byte_at = self._clock.monotonic()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > HEAD_LIMIT and not self._answered and self.exception() is None:
            if self.transport is not None:
                self.transport.abort()
            self.set_exception(http_exceptions.LineTooLong(b"head", HEAD_LIMIT))

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Break the connection; the cause stays with the error even when nobody was waiting for it yet."""
        if isinstance(exc_cause, Exception):
            exc.__cause__ = exc_cause
            super().set_exception(exc, exc_cause)
        else:
            super().set_exception(exc)

    def feed_data(self, data: Any, size: int = 0) -> None:  # noqa: ANN401 - the base class's signature
        """Hand one parsed message over; a final one ends the head."""
        self._answered = self._answered or not 100 <= data[0].code < 200 or data[0].code == 101  # noqa: PLR2004 - RFC 9110, 15.2
        super().feed_data(data, size)

    def close(self) -> None:
        """Close at once: the answer is read, and a TLS farewell costs both sides time for nothing."""
        self.abort()
