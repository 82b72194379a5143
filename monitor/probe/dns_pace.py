"""How fast one resolver is asked.

A burst of questions overflows the receive buffer of a resolver (212,992 bytes by default on Linux:
some 270 questions), and some forwarders refuse past 150 at once; what is dropped there looks like a
dead zone here. So questions take turns:

- `window` questions may be under way at once; an answer lets the next one go;
- a question counts for `old_s` at most: names whose own servers are dead are answered late or not
  at all, and must not hold up the others;
- nobody waits for a turn longer than the caller's patience, then the question goes anyway: being
  dropped and asked again is better than not being asked.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

_WINDOW: Final = 100
_OLD_S: Final = 0.2
_LOOK_AGAIN_S: Final = 0.01


@dataclass(slots=True, eq=False)
class Pace:
    """The turns at one resolver."""

    window: int = _WINDOW
    old_s: float = _OLD_S
    _under_way: dict[int, float] = field(default_factory=dict)
    """Ticket and loop time of the questions that count, the oldest first."""
    _tickets: int = 0
    _queue: deque[asyncio.Future[int]] = field(default_factory=deque)
    _timer: asyncio.TimerHandle | None = None

    async def turn(self, patience_s: float) -> int:
        """Return a ticket when it is time to send, after `patience_s` seconds at most."""
        loop = asyncio.get_running_loop()
        if not self._queue and self._is_free(loop):
            return self._ticket(loop)
        turn: asyncio.Future[int] = loop.create_future()
        self._queue.append(turn)
        self._look_again(loop)
        impatient = loop.call_later(patience_s, self._grant, turn, loop)
        try:
            return await turn
        finally:
            impatient.cancel()

    def done(self, ticket: int) -> None:
        """Let the next question go: this one was answered, or not sent at all."""
        if self._under_way.pop(ticket, None) is not None and self._queue:
            self._serve(asyncio.get_running_loop())

    def close(self) -> None:
        """Let everybody go."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            turn = self._queue.popleft()
            self._grant(turn, turn.get_loop())

    def _is_free(self, loop: asyncio.AbstractEventLoop) -> bool:
        if len(self._under_way) < self.window:
            return True
        old = loop.time() - self.old_s
        for ticket, since in list(self._under_way.items()):
            if since > old:
                break
            del self._under_way[ticket]
        return len(self._under_way) < self.window

    def _ticket(self, loop: asyncio.AbstractEventLoop) -> int:
        self._tickets += 1
        self._under_way[self._tickets] = loop.time()
        return self._tickets

    def _grant(self, turn: asyncio.Future[int], loop: asyncio.AbstractEventLoop) -> None:
        if not turn.done():
            turn.set_result(self._ticket(loop))

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._queue:
            if not self._queue[0].done() and not self._is_free(loop):
                self._look_again(loop)
                return
            self._grant(self._queue.popleft(), loop)

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None:
            self._timer = loop.call_later(_LOOK_AGAIN_S, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self._serve(loop)
