"""The store: states, events, deliveries and history in one database.

One commit holds all that a step leads to. Nothing outside this package speaks SQL.
"""

import gc
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import delete, update

from monitor import wire
from monitor.model import Event, EventType, FleetRecord, Pulse, StoredEvent, TargetState
from monitor.store import delivery, query
from monitor.store.encode import encode
from monitor.store.engine import BUSY_S, Engines, open_engines
from monitor.store.error import StoreError, StoreFailure
from monitor.store.rows import (
    Change,
    Delivery,
    DeliveryState,
    FleetChange,
    IncidentRow,
    Outcome,
    Period,
    Settlement,
)
from monitor.store.tables import INCIDENTS, MEMORIES, PERIODS, PULSES, to_number
from monitor.store.write import Writer
from monitor.store.write_history import HistoryWriter

_REMOVED_AT_ONCE = 500


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the collection of garbage: millions of new values and none to throw away took twice as long."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


class Store:
    """An open store. Build it with `await Store.open(url)`; close it, or use it in `async with`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._writer = Writer()
        self._history = HistoryWriter()
        # The last committed state per target. Its memory is compared by identity: what did not change
        # is not written again.
        self._last: dict[str, TargetState] = {}

    @classmethod
    async def open(
        cls, url: str, *, read_only: bool = False, alone: bool = False, busy_s: float = BUSY_S
    ) -> Self:
        """Open `sqlite:///FILE`, `sqlite://` (in memory) or `postgresql+asyncpg://…`; raises StoreError.

        A missing SQLite file is created with mode 0600, and older tables are migrated, unless
        `read_only`, which looks on while a daemon writes. `alone`: what a daemon wants of a SQLite file, and
        is refused while another one has it. `busy_s`: how long to wait for another process
        that writes to the same SQLite file.
        """
        return cls(await open_engines(url, read_only=read_only, alone=alone, busy_s=busy_s))

    @property
    def place(self) -> str:
        """Return where the store is, for messages; never with a password."""
        return self._engines.place

    async def close(self) -> None:
        """Close every connection. SQLite then folds its write-ahead log into the file."""
        await self._engines.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # States

    async def load(self) -> dict[str, TargetState]:
        """Return every state, by target; raises StoreError.

        A target that was removed is there too, unseen but with its `seq`: it must go on from there if it
        comes back, because event ids are made of target and seq.
        """
        with _no_collection():
            states = {state.target: state async for state in self._states()}
        self._last = dict(states)
        return states

    async def fleet(self) -> FleetRecord:
        """Return what is known of all targets together; raises StoreError."""
        try:
            async with self._engines.reading() as connection:
                return await query.fleet(connection)
        except wire.WireError as error:
            raise self._unreadable(error) from error

    async def state(self, target: str) -> TargetState | None:
        """Return the state of one target; None when it is not watched; raises StoreError."""
        try:
            async with self._engines.reading() as connection:
                return await query.state(connection, target)
        except wire.WireError as error:
            raise self._unreadable(error) from error

    async def _states(self) -> AsyncIterator[TargetState]:
        try:
            async with self._engines.reading() as connection:
                async for state in query.states(connection):
                    yield state
        except wire.WireError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: wire.WireError) -> StoreError:
        return StoreError(StoreFailure.CORRUPT, self.place, str(error)[:200])

    async def commit(
        self, changes: Sequence[Change | FleetChange], *, receivers: Callable[[Event], Sequence[str]]
    ) -> list[StoredEvent]:
        """Write states, events, their deliveries and their history in one transaction; raises StoreError.

        Several changes of one target stand in their order. Returns the events that were not stored
        before, numbered; an event id that is stored already is not stored, and not delivered, again.
        Raises UnstorableError, with nothing written, when one target's values are no JSON.
        """
        batch = encode(changes, self._last)
        async with self._engines.writing() as connection:
            await self._writer.states(connection, batch.pulses, batch.memories)
            stored: list[StoredEvent] = []
            if batch.events:
                stored = await self._writer.events(connection, batch.events, batch.bodies)
                await self._writer.deliveries(connection, stored, receivers)
            await self._history.write(connection, batch.facts)
            if batch.fleet is not None:
                await self._writer.fleet(connection, batch.fleet)
        self._last.update(batch.states)
        return stored

    async def remove(self, targets: Iterable[str], at: datetime) -> None:
        """Forget the states of targets that are no longer configured, keep their history; raises StoreError.

        Their periods end at `at`, their open incidents become unwatched.
        """
        names = sorted(set(targets))
        moment = to_number(at)
        fresh = wire.dump_pulse(Pulse())
        for start in range(0, len(names), _REMOVED_AT_ONCE):
            some = names[start : start + _REMOVED_AT_ONCE]
            async with self._engines.writing() as connection:
                await connection.execute(delete(MEMORIES).where(MEMORIES.c.target.in_(some)))
                await connection.execute(
                    update(PULSES)
                    .where(PULSES.c.target.in_(some), PULSES.c.removed_at.is_(None))
                    .values(pulse=fresh, removed_at=moment)
                )
                await connection.execute(
                    update(PERIODS)
                    .where(PERIODS.c.target.in_(some), PERIODS.c.until.is_(None))
                    .values(until=moment)
                )
                await connection.execute(
                    update(INCIDENTS)
                    .where(INCIDENTS.c.target.in_(some))
                    .where(INCIDENTS.c.resolved_at.is_(None), INCIDENTS.c.unwatched_at.is_(None))
                    .values(unwatched_at=moment)
                )
            for name in some:
                self._last.pop(name, None)

    # Events and history

    async def events(  # noqa: PLR0913 - one optional filter each
        self,
        *,
        target: str | None = None,
        types: tuple[EventType, ...] = (),
        since: datetime | None = None,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
        newest_first: bool = True,
    ) -> list[StoredEvent]:
        """Return events with numbers above `after` and below `before`; page on with the last number got."""
        async with self._engines.reading() as connection:
            return await query.events(
                connection,
                target=target,
                types=types,
                since=since,
                after=after,
                before=before,
                limit=limit,
                newest_first=newest_first,
            )

    async def last_number(self) -> int:
        """Return the number of the latest event, 0 when there is none."""
        async with self._engines.reading() as connection:
            return await query.last_number(connection)

    async def periods(
        self,
        target: str | None,
        *,
        lane: str | None = None,
        since: datetime | None = None,
        limit: int = 1000,
    ) -> list[Period]:
        """Return the periods that lasted at or after `since`, the oldest first; `limit` keeps the latest."""
        async with self._engines.reading() as connection:
            return await query.periods(connection, target, lane=lane, since=since, limit=limit)

    async def incidents(
        self,
        target: str | None = None,
        *,
        since: datetime | None = None,
        open_only: bool = False,
        limit: int = 100,
        offset: int = 0,
    ) -> list[IncidentRow]:
        """Return the incidents that lasted at or after `since`, the latest first."""
        async with self._engines.reading() as connection:
            return await query.incidents(
                connection, target, since=since, open_only=open_only, limit=limit, offset=offset
            )

    # Deliveries

    async def due(self, receiver: str, now: datetime, limit: int) -> list[Delivery]:
        """Return what the receiver should be sent now: no target twice; raises StoreError."""
        async with self._engines.reading() as connection:
            return await delivery.due(connection, receiver, now, limit)

    async def next_due(self, receiver: str, now: datetime) -> datetime | None:
        """Return when the receiver's next retry is, after `now`; raises StoreError."""
        async with self._engines.reading() as connection:
            return await delivery.next_due(connection, receiver, now)

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Write how tries ended, in one transaction; raises StoreError. Writing it twice counts once."""
        async with self._engines.writing() as connection:
            await delivery.settle(connection, settlements)

    async def totals(self) -> dict[tuple[str, Outcome], int]:
        """Return how many tries ended how, per receiver, since the store exists."""
        async with self._engines.reading() as connection:
            return await delivery.totals(connection)

    async def pending(self, receivers: Sequence[str]) -> dict[str, int]:
        """Return how many deliveries wait for each of the receivers."""
        async with self._engines.reading() as connection:
            return await delivery.pending(connection, receivers)

    async def deliveries(
        self,
        *,
        receiver: str | None = None,
        states: Sequence[DeliveryState] = (),
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Return deliveries of events with numbers below `before`, the latest first."""
        async with self._engines.reading() as connection:
            return await delivery.deliveries(
                connection, receiver=receiver, states=states, before=before, limit=limit
            )
