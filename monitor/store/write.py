"""The statements of one commit. Each function writes one kind of row on the connection it is given."""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import bindparam, case, func, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import wire
from monitor.model import Event, StoredEvent
from monitor.store.bulk import Bulk, Upsert, insert_into
from monitor.store.history import Fact, IncidentEnds, IncidentIs, PeriodBegins
from monitor.store.rows import DeliveryState
from monitor.store.tables import (
    DELIVERIES,
    EVENTS,
    INCIDENTS,
    MEMORIES,
    PERIODS,
    PULSES,
    to_number,
)

Row = tuple[object, ...]

_IN: Final = 500  # values in one IN (…)


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
        self._deliveries = Bulk(DELIVERIES, ("event", "receiver", "target", "state", "attempts", "next_at"))

    async def states(
        self, connection: AsyncConnection, pulses: Sequence[Row], memories: Sequence[Row]
    ) -> None:
        """Write (target, seq, JSON) rows where they are newer than what is stored; no target twice."""
        await self._pulses.write(connection, pulses)
        if memories:
            await self._memories.write(connection, memories)

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
    for start in range(0, len(targets), _IN):
        rows = await connection.execute(
            select(DELIVERIES.c.target, DELIVERIES.c.receiver)
            .where(DELIVERIES.c.target.in_(targets[start : start + _IN]))
            .where(DELIVERIES.c.state.in_((DeliveryState.PENDING.value, DeliveryState.HELD.value)))
            .distinct()
        )
        found.update((target, receiver) for target, receiver in rows)
    return found


async def history(connection: AsyncConnection, facts: Sequence[Fact]) -> None:
    """Write what happened, in order."""
    for fact in facts:
        match fact:
            case PeriodBegins():
                await _begin_period(connection, fact)
            case IncidentIs():
                await _write_incident(connection, fact)
            case IncidentEnds():
                await connection.execute(
                    update(INCIDENTS)
                    .where(INCIDENTS.c.id == fact.incident, INCIDENTS.c.resolved_at.is_(None))
                    .values(resolved_at=to_number(fact.at), unwatched_at=None)
                )


_END_PERIOD: Final = (
    update(PERIODS)
    .where(
        PERIODS.c.target == bindparam("of_target"),
        PERIODS.c.lane == bindparam("of_lane"),
        PERIODS.c.until.is_(None),
        PERIODS.c.since != bindparam("at"),
    )
    # A clock that was set back must not make a period end before it began.
    .values(until=case((PERIODS.c.since > bindparam("at"), PERIODS.c.since), else_=bindparam("at")))
)


async def _begin_period(connection: AsyncConnection, fact: PeriodBegins) -> None:
    since = to_number(fact.since)
    await connection.execute(_END_PERIOD, {"of_target": fact.target, "of_lane": fact.lane, "at": since})
    body = wire.dump_attribution(fact.attribution) if fact.attribution else None
    insert = insert_into(connection.dialect, PERIODS).values(
        target=fact.target, lane=fact.lane, since=since, value=fact.value, body=body
    )
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=["target", "lane", "since"],
            set_={"value": insert.excluded.value, "body": insert.excluded.body, "until": null()},
        )
    )


async def _write_incident(connection: AsyncConnection, fact: IncidentIs) -> None:
    incident = fact.incident
    values = {
        "status": incident.verdict.status.value,
        "diagnosis": incident.verdict.diagnosis,
        "layer": incident.verdict.layer.value if incident.verdict.layer else None,
        "body": wire.dump_incident(incident),
    }
    insert = insert_into(connection.dialect, INCIDENTS).values(
        id=incident.id,
        target=fact.target,
        opened_at=to_number(incident.opened_at),
        told_at=to_number(incident.told_at),
        **values,
    )
    await connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values))
