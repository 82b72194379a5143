"""Group commit: many steps, one transaction.

What waits is held in memory, and bounded: of steps that tell nothing only the last one of each target is
kept. A step with events, or one that history needs to know, is kept until it is written, in order.
While the database refuses (locked, disk full), everything waits and the monitor says that it does.
Nothing is told that is not stored: `on_commit` is called after the transaction, never before.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from time import perf_counter
from typing import Final

import structlog

from monitor.model import Event, FleetRecord, StoredEvent
from monitor.store.error import StoreError, StoreFailure, UnstorableError
from monitor.store.history import same_history
from monitor.store.rows import Change, FleetChange
from monitor.store.store import Store

BATCH: Final = 500
"""Changes in one transaction: 3 ms of JSON between two breaths of the event loop, 20 if all is new."""

_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0

OnCommit = Callable[[Sequence[Change], Sequence[StoredEvent]], None]


class Committer:
    """Collects changes and commits them; `run` is its loop."""

    def __init__(  # noqa: PLR0913 - what cannot be passed in cannot be tested
        self,
        store: Store,
        *,
        receivers: Callable[[Event], Sequence[str]],
        on_commit: OnCommit,
        max_delay_s: float = 0.5,
        timed: Callable[[float], None] | None = None,
        on_fleet: Callable[[FleetRecord], None] = lambda _: None,
    ) -> None:
        """Build it; `timed` is told how many seconds each transaction took.

        `on_commit` is told of the targets and of all events; before it `on_fleet` of the fleet.
        """
        self._timed = timed
        self._on_fleet = on_fleet
        self._store = store
        self._receivers = receivers
        self._on_commit = on_commit
        self._max_delay_s = max_delay_s
        self._log = structlog.get_logger("committer")
        self._waiting: dict[int, Change | FleetChange] = {}  # by ticket, in the order of submission
        self._tail: dict[str, int] = {}  # ticket of the last waiting change of each target
        self._tickets = 0
        self._events = 0  # how many of the waiting changes have events
        self._something = asyncio.Event()
        self._urgent = asyncio.Event()
        self._committing = asyncio.Lock()
        self.healthy = True
        """False while the database refuses what is waiting."""
        self.dropped = 0
        """Changes that could never be written (see UnstorableError)."""

    @property
    def waiting(self) -> int:
        """Return how many changes are not committed yet."""
        return len(self._waiting)

    def submit(self, change: Change | FleetChange) -> None:
        """Take a change; never blocks. It replaces an earlier one of its target that told nothing."""
        target = change.subject
        earlier = self._tail.get(target)
        if earlier is not None and _replaces(change, self._waiting[earlier]):
            del self._waiting[earlier]
        self._tickets += 1
        self._waiting[self._tickets] = change
        self._tail[target] = self._tickets
        self._something.set()
        if change.events:
            self._events += 1
            self._urgent.set()

    async def run(self) -> None:
        """Commit for ever: at once when events wait, else every `max_delay_s`. Cancel it after `close`."""
        while True:
            await self._something.wait()
            if not self._urgent.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._max_delay_s):
                        await self._urgent.wait()
            await self.flush()

    async def flush(self) -> None:
        """Return when everything submitted until now is committed, however long the database refuses."""
        last = self._tickets
        async with self._committing:
            while self._waiting and next(iter(self._waiting)) <= last:
                await self._commit_some()

    async def close(self, limit_s: float = 10.0) -> bool:
        """Commit what waits, for at most `limit_s`; tell whether everything is stored."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self.flush()
        if self._waiting:
            self._log.error("store.closed_unwritten", changes=len(self._waiting), events=self._events)
        return not self._waiting

    async def _commit_some(self) -> None:
        """Commit one batch; wait and return when the database refuses."""
        wait_s = _FIRST_WAIT_S
        while self._waiting:
            # Taken anew for every try: what was submitted meanwhile has replaced what it may replace.
            batch = dict(islice(self._waiting.items(), BATCH))
            commit = asyncio.ensure_future(self._commit_batch(batch))
            try:
                await asyncio.shield(commit)
            except asyncio.CancelledError:
                # The transaction goes on in its thread: hear how it ended before giving up.
                await asyncio.wait((commit,))
                if not commit.cancelled() and commit.exception() is not None:
                    self._log.warning("store.refused", error=str(commit.exception()))
                raise
            except UnstorableError as error:
                self._drop(batch, error)
            except StoreError as error:
                self._refused(error)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
            else:
                return

    async def _commit_batch(self, batch: dict[int, Change | FleetChange]) -> None:
        """Commit a batch; one target's value that the database rejects holds up no other target."""
        try:
            await self._commit(batch)
        except StoreError as error:
            if error.failure is not StoreFailure.REJECTED:
                raise
            await self._commit_by_target(batch)

    async def _commit_by_target(self, batch: dict[int, Change | FleetChange]) -> None:
        by_target: dict[str, dict[int, Change | FleetChange]] = {}
        for ticket, change in batch.items():
            by_target.setdefault(change.subject, {})[ticket] = change
        for target, some in by_target.items():
            try:
                await self._commit(some)
            except StoreError as error:
                if error.failure is not StoreFailure.REJECTED:
                    raise
                self._give_up(target, some, error)

    async def _commit(self, batch: dict[int, Change | FleetChange]) -> None:
        changes = tuple(batch.values())
        began = perf_counter()
        stored = await self._store.commit(changes, receivers=self._receivers)
        if self._timed is not None:
            self._timed(perf_counter() - began)
        self._forget(batch)
        if not self.healthy:
            self.healthy = True
            self._log.info("store.accepts_again", waiting=len(self._waiting))
        for change in changes:
            if isinstance(change, FleetChange):
                self._on_fleet(change.record)
        self._on_commit([change for change in changes if isinstance(change, Change)], stored)

    def _forget(self, batch: dict[int, Change | FleetChange]) -> None:
        """Take what was written, or can never be, out of what waits."""
        for ticket, change in batch.items():
            if self._waiting.pop(ticket, None) is None:
                continue  # replaced while the transaction ran
            if change.events:
                self._events -= 1
            if self._tail.get(change.subject) == ticket:
                del self._tail[change.subject]
        if not self._waiting:
            self._something.clear()
        if not self._events:
            self._urgent.clear()

    def _refused(self, error: StoreError) -> None:
        if self.healthy:
            self._log.error("store.refused", failure=error.failure.value, error=str(error))
        self.healthy = False

    def _drop(self, batch: dict[int, Change | FleetChange], error: UnstorableError) -> None:
        """Give up one target's changes, so that the others are not held up by them."""
        lost = {
            ticket: change
            for ticket, change in batch.items()
            if change.subject == error.target or any(event.subject == error.target for event in change.events)
        }
        self._give_up(error.target, lost, error)

    def _give_up(self, target: str, lost: dict[int, Change | FleetChange], error: StoreError) -> None:
        self.dropped += len(lost)
        self._log.error("store.dropped", target=target, changes=len(lost), error=str(error))
        self._forget(lost)


def _replaces(change: Change | FleetChange, earlier: Change | FleetChange) -> bool:
    """Tell whether nothing is lost when only the later of two changes of a target is written."""
    if earlier.events:
        return False
    if isinstance(change, FleetChange) or isinstance(earlier, FleetChange):
        return True
    return same_history(earlier.state.memory, change.state.memory)
