"""The statements of one commit. Each function writes one kind of row on the connection it is given."""

from collections.abc import Callable, Sequence

from sqlalchemy import func, null, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import wire
from monitor.model import Event, FleetRecord, StoredEvent
from monitor.store.bulk import IN_AT_ONCE, Bulk, Upsert
from monitor.store.rows import DeliveryState
from monitor.store.tables import DELIVERIES, EVENTS, FLEET, MEMORIES, PULSES, to_number

Row = tuple[object, ...]


def _newer_pulse(insert: Upsert) -> Upsert:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["target"],
        set_={"seq": new.seq, "pulse": new.pulse, "removed_at": null()},
        where=new.seq > PULSES.c.seq,  # a state is never written backwards
    )


def _newer_memory(insert: Upsert) -> Upsert:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["target"],
        set_={"seq": new.seq, "memory": new.memory},
        where=new.seq > MEMORIES.c.seq,
    )


def _newer_fleet(insert: Upsert) -> Upsert:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["id"], set_={"seq": new.seq, "body": new.body}, where=new.seq > FLEET.c.seq
    )


class Writer:
    """Compiled statements of one database; no other state."""

    def __init__(self) -> None:
        self._pulses = Bulk(PULSES, ("target", "seq", "pulse"), _newer_pulse)
        self._memories = Bulk(MEMORIES, ("target", "seq", "memory"), _newer_memory)
        self._events = Bulk(
            EVENTS,
            ("id", "target", "type", "at", "severity", "body"),
            lambda insert: insert.on_conflict_do_nothing(index_elements=["id"]),
        )
        self._fleet = Bulk(FLEET, ("id", "seq", "body"), _newer_fleet)
        self._deliveries = Bulk(DELIVERIES, ("event", "receiver", "target", "state", "attempts", "next_at"))

    async def states(
        self, connection: AsyncConnection, pulses: Sequence[Row], memories: Sequence[Row]
    ) -> None:
        """Write (target, seq, JSON) rows where they are newer than what is stored; no target twice."""
        await self._pulses.write(connection, pulses)
        if memories:
            await self._memories.write(connection, memories)

    async def fleet(self, connection: AsyncConnection, record: FleetRecord) -> None:
        """Write what is known of all targets together, where it is newer than what is stored."""
        await self._fleet.write(connection, [(1, record.seq, wire.dump_fleet(record))])

    async def events(
        self, connection: AsyncConnection, events: Sequence[Event], bodies: Sequence[str]
    ) -> list[StoredEvent]:
        """Store the events that are not stored yet; return these, numbered, in order."""
        before = await connection.scalar(select(func.coalesce(func.max(EVENTS.c.number), 0))) or 0
        rows = [
            (event.id, event.subject, event.type.value, to_number(event.at), event.severity.value, body)
            for event, body in zip(events, bodies, strict=True)
        ]
        await self._events.write(connection, rows)
        numbers = await connection.execute(
            select(EVENTS.c.number, EVENTS.c.id).where(EVENTS.c.number > before).order_by(EVENTS.c.number)
        )
        by_id = {event.id: event for event in reversed(events)}
        return [StoredEvent(number=number, event=by_id[id_]) for number, id_ in numbers]

    async def deliveries(
        self,
        connection: AsyncConnection,
        stored: Sequence[StoredEvent],
        receivers: Callable[[Event], Sequence[str]],
    ) -> int:
        """Put each event in the outbox of its receivers; return how many were put there.

        An event that follows another one of its target, to the same receiver, is held until that is settled.
        """
        wanted = [(item, receiver) for item in stored for receiver in dict.fromkeys(receivers(item.event))]
        if not wanted:
            return 0
        busy = await _unsettled(connection, sorted({item.event.subject for item, _ in wanted}))
        rows: list[Row] = []
        for item, receiver in wanted:
            key = (item.event.subject, receiver)
            state = DeliveryState.HELD if key in busy else DeliveryState.PENDING
            busy.add(key)
            # Due since 1970: at once, whatever clock the sender goes by.
            rows.append((item.number, receiver, item.event.subject, state.value, 0, 0))
        await self._deliveries.write(connection, rows)
        return len(rows)


async def _unsettled(connection: AsyncConnection, targets: Sequence[str]) -> set[tuple[str, str]]:
    """Return the (target, receiver) pairs that still have something on its way."""
    found: set[tuple[str, str]] = set()
    for start in range(0, len(targets), IN_AT_ONCE):
        rows = await connection.execute(
            select(DELIVERIES.c.target, DELIVERIES.c.receiver)
            .where(DELIVERIES.c.target.in_(targets[start : start + IN_AT_ONCE]))
            .where(DELIVERIES.c.state.in_((DeliveryState.PENDING.value, DeliveryState.HELD.value)))
            .distinct()
        )
        found.update((target, receiver) for target, receiver in rows)
    return found
