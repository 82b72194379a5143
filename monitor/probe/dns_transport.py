"""Getting one question to one resolver and its answer back: datagrams, and TCP for long answers.

Off-path attackers must guess a source port and an id at once, so both are random, and a socket is
given up for a new one after some use. Sockets are connected: the kernel drops what other addresses
send, and tells when the resolver's port is closed. A datagram that does not fit any waiting
question is dropped and the wait goes on: whoever can make us give up early on a wrong answer has
won as well. Only when time runs out does it matter that something unusable had come.
"""

import asyncio
import errno
import os
import socket
import struct
from dataclasses import dataclass, field
from typing import Final, Protocol
from weakref import WeakSet

from monitor.clock import Clock
from monitor.failure import Failure
from monitor.probe.dns_message import MalformedError, Message, Question, belongs, parse
from monitor.probe.dns_pace import Pace

Endpoint = tuple[str, int]

_SOCKETS: Final = 4
_MAX_QUERIES: Final = 10_000
"""Queries after which a socket, and with it the source port, is replaced."""
_MAX_AGE_S: Final = 60.0
_MAX_WAITING: Final = 16_384
"""Questions under way on one socket: a quarter of the ids, so that a free one is found at once."""
_RECEIVE_BUFFER: Final = 1 << 20
_DATAGRAM: Final = 4096
"""Bytes read of a datagram; a longer one does not honour what we announced, and is no answer."""
_BATCH: Final = 64
"""Datagrams taken before other work gets its turn."""
_SHORT_OF: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN})


class Reader(Protocol):
    """Reads a message that belongs to a question."""

    def __call__(self, wire: bytes, asked: Question, *, datagram: bool) -> Message:
        """Return what it says; raises MalformedError."""


def unanswered(failure: Failure) -> Message:
    """Return the message that stands for no message."""
    return Message(rcode=None, failure=failure)


def failure_of(error: OSError) -> Failure:
    """Return what an error of the socket layer means for a question."""
    if isinstance(error, TimeoutError):
        return Failure.DNS_TIMEOUT
    return Failure.LOCAL_RESOURCES if error.errno in _SHORT_OF else Failure.DNS_UNREACHABLE


@dataclass(slots=True, eq=False)
class _Waiting:
    """A question under way on one socket."""

    asked: Question
    answer: asyncio.Future[Message]
    spoiled: bool = False
    """Something with the right id came that could not be used."""

    def give(self, message: Message) -> None:
        if not self.answer.done():
            self.answer.set_result(message)

    def expire(self) -> None:
        self.give(unanswered(Failure.DNS_MALFORMED if self.spoiled else Failure.DNS_TIMEOUT))


class _Socket:
    """One connected UDP socket: one source port, many questions."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, endpoint: Endpoint, opened_at: float, read: Reader = parse
    ) -> None:
        self.opened_at = opened_at
        self._read = read
        self.sent = 0
        self.waiting: dict[bytes, _Waiting] = {}
        self._loop = loop
        self._retired = False
        family = socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)  # noqa: FBT003 - the name of the standard library's argument
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            self._socket.connect(endpoint)
            loop.add_reader(self._socket.fileno(), self._readable)
        except BaseException:
            self._socket.close()
            raise

    def ask(self, asked: Question) -> tuple[bytes, _Waiting]:
        """Send the question under a free random id; raises OSError."""
        if len(self.waiting) >= _MAX_WAITING:
            raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
        message_id = os.urandom(2)
        while message_id in self.waiting:
            message_id = os.urandom(2)
        query = asked.message(message_id)
        try:
            self._socket.send(query)
        except ConnectionRefusedError:
            # The kernel tells here what became of an earlier datagram; this one was not sent.
            self._fail(Failure.DNS_UNREACHABLE)
            self._socket.send(query)
        self.sent += 1
        waiting = self.waiting[message_id] = _Waiting(asked, self._loop.create_future())
        return message_id, waiting

    def forget(self, message_id: bytes) -> None:
        """Stop waiting; a retired socket closes with its last question."""
        self.waiting.pop(message_id, None)
        if self._retired and not self.waiting:
            self.close()

    def retire(self) -> None:
        """Take no more questions; close when the last one is done."""
        self._retired = True
        if not self.waiting:
            self.close()

    def close(self) -> None:
        """Close now; whoever waits gets `dns_unreachable`."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
        self._fail(Failure.DNS_UNREACHABLE)

    def _fail(self, failure: Failure) -> None:
        for waiting in self.waiting.values():
            waiting.give(unanswered(failure))

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                wire = self._socket.recv(_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                # An ICMP message does not say which question it is about: it is about the resolver.
                self._fail(failure_of(error))
                return
            if self._take(wire):
                return

    def _take(self, wire: bytes) -> bool:
        """Give a datagram to who waits for it; tell whether it has cost time and was for nothing.

        A flood of those must not be read in one go: others want the loop as well.
        """
        waiting = self.waiting.get(wire[:2])
        if waiting is None or waiting.answer.done():
            return False
        if not belongs(wire, waiting.asked):
            waiting.spoiled = True
            return False
        try:
            message = self._read(wire, waiting.asked, datagram=True)
        except MalformedError:
            waiting.spoiled = True
            return True
        waiting.give(message)
        return False


@dataclass(slots=True, eq=False)
class Datagrams:
    """The sockets to one resolver: a few at a time, each replaced after some use."""

    clock: Clock
    max_queries: int = _MAX_QUERIES
    max_age_s: float = _MAX_AGE_S
    _endpoint: Endpoint | None = None
    _sockets: list[_Socket | None] = field(default_factory=lambda: [None] * _SOCKETS)
    _retired: WeakSet[_Socket] = field(default_factory=WeakSet)
    """Those that still wait for answers; each closes itself after its last one."""
    _pace: Pace = field(default_factory=Pace)
    _closed: bool = False

    async def exchange(self, endpoint: Endpoint, asked: Question, wait_s: float) -> Message:
        """Ask, and wait `wait_s` seconds from the moment of asking; raises OSError when it cannot be sent.

        A question waits for its turn at most half of that time again.
        """
        ticket = await self._pace.turn(wait_s / 2)
        loop = asyncio.get_running_loop()
        try:
            used = self._socket(loop, endpoint)
            message_id, waiting = used.ask(asked)
        except OSError:
            self._pace.done(ticket)
            raise
        timer = loop.call_later(wait_s, waiting.expire)
        try:
            message = await waiting.answer
        finally:
            timer.cancel()
            used.forget(message_id)
        if message.failure is not Failure.DNS_TIMEOUT:
            self._pace.done(ticket)
        return message

    def close(self) -> None:
        """Close every socket, for good."""
        self._closed = True
        for index in range(_SOCKETS):
            used, self._sockets[index] = self._sockets[index], None
            if used is not None:
                used.close()
        for used in self._retired:
            used.close()
        self._pace.close()

    def _socket(self, loop: asyncio.AbstractEventLoop, endpoint: Endpoint) -> _Socket:
        """Return a random one of the sockets, new where it is worn out; raises OSError."""
        if self._closed:
            raise OSError(errno.ESHUTDOWN, os.strerror(errno.ESHUTDOWN))
        if endpoint != self._endpoint:
            # The route leads elsewhere now; what is under way may still be answered.
            for index in range(_SOCKETS):
                self._retire(index)
            self._endpoint = endpoint
        index = os.urandom(1)[0] % _SOCKETS
        used = self._sockets[index]
        now = self.clock.monotonic()
        if used is not None and used.sent < self.max_queries and now - used.opened_at < self.max_age_s:
            return used
        self._retire(index)
        opened = self._sockets[index] = _Socket(loop, endpoint, now)
        return opened

    def _retire(self, index: int) -> None:
        used, self._sockets[index] = self._sockets[index], None
        if used is not None:
            self._retired.add(used)
            used.retire()


async def exchange_datagram(endpoint: Endpoint, asked: Question, wait_s: float, read: Reader) -> Message:
    """Ask one server once, from a socket of its own; raises OSError when it cannot be sent.

    For servers that are asked seldom: a source port of its own for each question, and nothing to keep.
    """
    loop = asyncio.get_running_loop()
    used = _Socket(loop, endpoint, 0.0, read)
    try:
        _, waiting = used.ask(asked)
        timer = loop.call_later(wait_s, waiting.expire)
        try:
            return await waiting.answer
        finally:
            timer.cancel()
    finally:
        used.close()


async def exchange_stream(
    endpoint: Endpoint, asked: Question, wait_s: float, read: Reader = parse
) -> Message:
    """Ask over TCP (RFC 7766), one message each way, `wait_s` seconds in all.

    The length prefix bounds what is read to 64 KiB. Raises OSError when no connection stands.
    """
    message_id = os.urandom(2)
    query = asked.message(message_id)
    try:
        async with asyncio.timeout(wait_s):
            reader, writer = await asyncio.open_connection(*endpoint)
            try:
                writer.write(struct.pack("!H", len(query)) + query)
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                wire = await reader.readexactly(length)
            finally:
                writer.transport.abort()
    except asyncio.IncompleteReadError:
        return unanswered(Failure.DNS_MALFORMED)
    if wire[:2] != message_id or not belongs(wire, asked):
        return unanswered(Failure.DNS_MALFORMED)
    try:
        return read(wire, asked, datagram=False)
    except MalformedError:
        return unanswered(Failure.DNS_MALFORMED)
