"""Whose turn it is to ask a registration server.

Every server has a line. It moves as fast as the server's `Allowance` lets it: the head of the line
is given a token and asks. Follow-ups of an investigation have a line of their own that goes first.

A question that waits holds nothing that another server's question needs: the limit of questions at
once is taken when the turn has come, and only for as long as the asking lasts.

A question whose turn cannot come in the time it has is not asked, and says so. Its place in the line
stays: when the turn comes, `recall` is asked to run the check again. Whoever was answered joins at the
back the next time, so that with N names on a server that may be asked A times a day everyone has a
turn within N / A days, rounded up, whatever the moments at which they are due. The same goes for a
question that was asked and not answered: it is at the back of the line, not out of it.

Memory: an entry of an ordered dict for each check in a line, and a few hundred bytes for a server.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from math import ceil
from typing import Final

import structlog

from monitor.clock import Clock
from monitor.failure import Failure
from monitor.probe.allowance import Allowance, Rest
from monitor.probe.error import ProbeError
from monitor.probe.outcome import Outcome, outcome_of
from monitor.probe.turn_line import AT_ONCE, Grant, Line, Pace, Server, Waiter

_log: Final = structlog.get_logger("registration")

# The names of servers that referrals give are network input: so many states are kept.
MOST_SERVERS: Final = 2_000
# How long a check that was called again may take to come.
_GRANT_S: Final = 10.0
# A nap is cut into such pieces: the clock may be set meanwhile.
_LONGEST_NAP_S: Final = 60.0
_SHORTEST_NAP_S: Final = 0.001
# A line takes as many urgent questions as it can ask in so many seconds; more go with the ordinary ones.
_URGENT_S: Final = 60.0


class NotAskedError(ProbeError):
    """A question that did not go out; `rest` tells why, None: its turn would have come too late."""

    def __init__(self, failure: Failure, detail: str, *, rest: Rest | None) -> None:
        super().__init__(failure, detail)
        self.rest = rest


@dataclass(slots=True)
class Turn:
    """A question that may be asked now; who asks it notes what the server said on the way."""

    reached: bool = False
    """The server has said something, be it that it is out of order."""
    retry_after_s: float | None = None
    recalled: bool = False
    """The check had lost its turn, and was called again for this one."""
    urgent: bool = False
    """It was an investigation that had wanted it then."""
    outcome: Outcome = Outcome.ANSWERED
    """How it ended, when it did not fail."""


class Turns:
    """Gives each question its turn. One for a running monitor; used from its event loop only."""

    def __init__(self, *, clock: Clock, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self.recall: Callable[[str], bool] | None = None
        """Runs a check again, now; returns False when there is no such check any more.
        None: nobody would come, and no place is kept."""
        self.asked: Callable[[str, Outcome], None] = lambda _protocol, _outcome: None
        """Is told of every question that went out, by its protocol, and how it ended."""
        self._clock = clock
        self._slots = asyncio.Semaphore(self.pace.at_once)
        self._lines: OrderedDict[Server, Line] = OrderedDict()

    @asynccontextmanager
    async def turn(
        self, server: Server, key: str, *, patience_s: float, urgent: bool = False, keep: bool = False
    ) -> AsyncIterator[Turn]:
        """Wait for the turn of the check `key` at a server; the question is asked inside the block.

        A ProbeError that leaves the block tells how the server behaved; a block that ends well is an
        answer. `keep`: whose turn does not come in time stays in the line, to be called again.
        Raises NotAskedError: at once when the server is being left alone or the turn would come too
        late, and after `patience_s` when it did not come.
        """
        line, loop = self._line(server), asyncio.get_running_loop()
        until = loop.time() + patience_s
        grant = await self._wait(line, key, patience_s, urgent=urgent, keep=keep)
        turn = Turn(recalled=grant is not None, urgent=grant is not None and grant.urgent)
        try:
            async with self._slot(line, until):
                yield turn
        except NotAskedError:
            raise
        except ProbeError as error:
            outcome = outcome_of(error.failure)
            if outcome is not None:
                self._note(line, outcome, turn, timed_out=error.failure is Failure.REGISTRATION_TIMEOUT)
            raise
        else:
            self._note(line, turn.outcome, turn)
        finally:
            line.busy -= 1
            line.freed.set()
            self._move(line)

    @asynccontextmanager
    async def _slot(self, line: Line, until: float) -> AsyncIterator[None]:
        """Be one of the questions that may be in flight at once; waits `until` (time of the loop)."""
        try:
            if self._slots.locked():
                async with asyncio.timeout_at(until):
                    await self._slots.acquire()
            else:
                await self._slots.acquire()  # at once, however long the turn took to come
        except TimeoutError as error:
            line.allowance.give_back()
            detail = f"not asked: {self.pace.at_once} other questions were in flight all the time"
            raise NotAskedError(Failure.REGISTRATION_LIMITED, detail, rest=None) from error
        try:
            yield
        finally:
            self._slots.release()

    def owe(self, server: Server, key: str, *, urgent: bool = False) -> None:
        """Put a check at the back of a line, to be run again when its turn comes; once is enough."""
        line = self._line(server)
        # When a thousand targets fail together, an hour of urgent ones is no better than none.
        urgent = urgent and len(line.urgent) < _URGENT_S * line.allowance.rate.per_s
        if urgent:
            self.hurry(key)
        if self.recall is None or line.find(key) is not None:
            return
        (line.urgent if urgent else line.ordinary)[key] = None
        self._move(line)

    def settle(self, server: Server, key: str) -> None:
        """Take a check out of a line: it has its answer, from elsewhere."""
        line = self._lines.get(server)
        own = line.find(key) if line is not None else None
        if own is not None and own[key] is None:
            del own[key]

    def hurry(self, key: str) -> None:
        """Let a check that waits somewhere go before the ordinary ones: an investigation asks for it."""
        for line in self._lines.values():
            if key in line.ordinary:
                line.urgent[key] = line.ordinary.pop(key)
                self._move(line)

    def resting(self) -> dict[Outcome, int]:
        """Return how many servers are being left alone, and why."""
        now = self._clock.now()
        rests = [line.allowance.resting(now) for line in self._lines.values()]
        counts = {Outcome.LIMITED: 0, Outcome.UNREACHABLE: 0}
        for rest in rests:
            if rest is not None:
                counts[rest.outcome] += 1
        return counts

    def waiting(self) -> int:
        """Return how many checks stand in a line."""
        return sum(len(line.urgent) + len(line.ordinary) for line in self._lines.values())

    async def aclose(self) -> None:
        """Let no line move any more."""
        self.recall = None
        tasks = [line.moves for line in self._lines.values() if line.moves is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _line(self, server: Server) -> Line:
        line = self._lines.get(server)
        if line is None:
            line = self._lines[server] = Line(
                server=server,
                allowance=Allowance(self.pace.rate(server), self._clock.now()),
                at_once=AT_ONCE[server.protocol],
            )
            self._forget_some()
        else:
            self._lines.move_to_end(server)
        return line

    def _forget_some(self) -> None:
        """Drop what was asked longest ago and is waited for by nobody."""
        if len(self._lines) <= MOST_SERVERS:
            return
        last = next(reversed(self._lines))
        idle = (server for server, line in self._lines.items() if line.idle and server is not last)
        for server in [*islice(idle, len(self._lines) - MOST_SERVERS)]:
            del self._lines[server]

    async def _wait(
        self, line: Line, key: str, patience_s: float, *, urgent: bool, keep: bool
    ) -> Grant | None:
        """Return when the question may be asked, with a token taken and counted as busy.

        Returns what the check had been called again for; None: it had not.
        """
        now = self._clock.now()
        grant = line.granted.pop(key, None)
        self._refuse_a_resting_one(line, now)
        if grant is not None and grant.until > now:
            line.busy += 1
            return grant
        ahead = self._ahead(line, key, patience_s, urgent=urgent)
        if line.allowance.ready_in(now, ahead) > patience_s:
            raise self._too_late(line)
        if not ahead and not line.full(now) and line.allowance.ready_in(now) <= 0:
            own = line.find(key)
            if own is not None:
                del own[key]
            line.allowance.take(now)
            line.busy += 1
            return None
        await self._stand(line, key, patience_s, urgent=urgent, keep=keep)
        return None

    def _refuse_a_resting_one(self, line: Line, now: datetime) -> None:
        rest = line.allowance.resting(now)
        if rest is None:
            return
        limited = rest.outcome is Outcome.LIMITED
        raise NotAskedError(
            Failure.REGISTRATION_LIMITED if limited else Failure.REGISTRATION_UNREACHABLE,
            f"not asked: {line.server.name} {'limits its rate' if limited else 'could not be reached'}"
            f" and is left alone until {rest.until:%Y-%m-%dT%H:%M:%SZ}",
            rest=rest,
        )

    def _ahead(self, line: Line, key: str, patience_s: float, *, urgent: bool) -> int:
        """Return how many go before `key`; its own place is looked for only as far as patience reaches."""
        own = line.urgent if urgent else line.ordinary
        before = 0 if urgent else len(line.urgent)
        if key not in own:
            return before + len(own)
        reach = line.allowance.rate.burst + ceil(patience_s * line.allowance.rate.per_s)
        near = list(islice(own, reach + 1))
        return before + (near.index(key) if key in near else len(own))

    async def _stand(self, line: Line, key: str, patience_s: float, *, urgent: bool, keep: bool) -> None:
        """Stand in the line until the turn comes."""
        if urgent and key in line.ordinary:
            line.urgent[key] = line.ordinary.pop(key)
        own = line.find(key) or (line.urgent if urgent else line.ordinary)
        while own.get(key) is not None:
            key += "+"  # the same check twice at a time: nothing of ours does so, and no turn may be lost
        waiter: Waiter = asyncio.get_running_loop().create_future()
        own[key] = waiter
        self._move(line)
        try:
            async with asyncio.timeout(patience_s):
                await waiter
        except TimeoutError as error:
            self._leave(line, key, waiter, keep=keep)
            raise self._too_late(line) from error
        except BaseException:
            self._leave(line, key, waiter, keep=False)
            raise

    def _leave(self, line: Line, key: str, waiter: Waiter, *, keep: bool) -> None:
        own = line.find(key)
        if own is not None and own[key] is waiter:
            if keep and self.recall is not None:
                own[key] = None
            else:
                del own[key]
        elif waiter.done() and not waiter.cancelled():
            # The turn came in the same moment as the deadline.
            line.busy -= 1
            line.allowance.give_back()
            line.freed.set()
        self._move(line)

    def _too_late(self, line: Line) -> NotAskedError:
        rate = line.allowance.rate
        detail = (
            f"not asked: {line.server.name} is asked {rate.per_s:.3g} times a second at most, and"
            f" {len(line.urgent) + len(line.ordinary)} wait for their turn"
        )
        return NotAskedError(Failure.REGISTRATION_LIMITED, detail, rest=None)

    def _note(self, line: Line, outcome: Outcome, turn: Turn, *, timed_out: bool = False) -> None:
        server, now = line.server, self._clock.now()
        self.asked(server.protocol, outcome)
        reached = turn.reached or timed_out
        if line.allowance.note(outcome, now, reached=reached, retry_after_s=turn.retry_after_s):
            rest = line.allowance.rest
            _log.info(
                "server_left_alone",
                server=server.place,
                protocol=server.protocol,
                why=outcome.value,
                until=rest.until.isoformat(timespec="seconds") if rest else None,
            )

    def _move(self, line: Line) -> None:
        """See to it that somebody moves the line, for as long as there is one."""
        if line.moves is None and self._next(line) is not None:
            line.moves = asyncio.get_running_loop().create_task(self._moves(line))

    async def _moves(self, line: Line) -> None:
        """Give turns until nobody is left, or nobody would come."""
        try:
            while self._next(line) is not None:
                now = self._clock.now()
                wait_s = line.allowance.ready_in(now)
                if wait_s > 0:
                    await self._clock.sleep(min(max(wait_s, _SHORTEST_NAP_S), _LONGEST_NAP_S))
                elif line.full(now):
                    await self._until_freed(line)
                else:
                    self._give(line, now)
        finally:
            line.moves = None

    async def _until_freed(self, line: Line) -> None:
        """Wait for a question to end, or for a check that was called to be too late."""
        line.freed.clear()
        if not line.granted:
            await line.freed.wait()
            return
        loop = asyncio.get_running_loop()
        waits = [loop.create_task(line.freed.wait()), loop.create_task(self._clock.sleep(_GRANT_S))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _next(self, line: Line) -> str | None:
        """Return who is at the head of the line."""
        for own in (line.urgent, line.ordinary):
            for key, waiter in own.items():
                if waiter is not None or self.recall is not None:
                    return key
        return None

    def _give(self, line: Line, now: datetime) -> None:
        """Give the head of the line its turn."""
        key = self._next(line)
        own = line.find(key) if key is not None else None
        if key is None or own is None:
            return
        urgent, waiter = own is line.urgent, own.pop(key)
        if waiter is not None:
            if not waiter.done():
                line.allowance.take(now)
                line.busy += 1
                waiter.set_result(None)
            return
        line.granted[key] = Grant(until=now + timedelta(seconds=_GRANT_S), urgent=urgent)
        if self.recall is None or not self.recall(key):
            del line.granted[key]
            return
        line.allowance.take(now)
