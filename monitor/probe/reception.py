"""The receiving end of one connection, on top of aiohttp's client protocol and its parser in C.

A session of aiohttp around it would take as much time again as the whole exchange: pools, cookies,
retries, none of which a monitor wants. So the protocol is driven directly. `ResponseHandler` keeps
its shape within a minor series of aiohttp, which is why pyproject.toml pins it.
"""

import asyncio
from typing import Any, Final

from aiohttp import http_exceptions
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader

from monitor.clock import Clock
from monitor.probe.attempt import Attempt

# Of the status line and all headers, interim (1xx) answers included. Common servers allow 8 to 32 kB.
HEAD_LIMIT: Final = 64 * 1024
# Content-Security-Policy of 10 kB is not rare.
LINE_LIMIT: Final = HEAD_LIMIT // 2
_HEAD_PART: Final = 16 * 1024
_INTERIM: Final = range(100, 200)
_SWITCHING: Final = 101


class Reception(ResponseHandler):
    """Sends one request and receives one answer; knows when its first byte came and how long its head is."""

    def __init__(self, loop: asyncio.AbstractEventLoop, attempt: Attempt, clock: Clock) -> None:
        super().__init__(loop)
        self._attempt = attempt
        self._clock = clock
        self._head_bytes = 0
        self._answered = False

    async def ask(self, request: bytes) -> tuple[RawResponseMessage, StreamReader]:
        """Write the request; return the final answer's head, and the body to be read as it was sent."""
        self.set_response_params(
            read_until_eof=True,
            auto_decompress=False,
            max_line_size=LINE_LIMIT,
            max_field_size=LINE_LIMIT,
            # The head as a whole is bounded here.
            max_headers=HEAD_LIMIT,
        )
        if self.transport is not None:  # else the connection is lost, which read() tells
            self.transport.write(request)
        while True:
            message, body = await self.read()
            if _is_final(message.code):
                return message, body

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a head that does not end within HEAD_LIMIT breaks the connection."""
        if self._attempt.first_byte_at is None:
            self._attempt.first_byte_at = self._clock.monotonic()
        # In parts: a quarter of a megabyte of interim answers would take 50 ms to parse.
        while data and not self._answered and self.exception() is None:
            part, data = data[:_HEAD_PART], data[_HEAD_PART:]
            self._head_bytes += len(part)
            super().data_received(part)
            self._refuse_a_long_head()
        if data and self.exception() is None:
            super().data_received(data)

    def _refuse_a_long_head(self) -> None:
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
        self._answered = self._answered or _is_final(data[0].code)
        super().feed_data(data, size)

    def close(self) -> None:
        """Close at once: the answer is read, and a TLS farewell costs both sides time for nothing."""
        self.abort()


def _is_final(status: int) -> bool:
    """Tell whether no other answer follows: 1xx announce one, save for 101 (RFC 9110, 15.2)."""
    return status not in _INTERIM or status == _SWITCHING
