"""Reading: states, events, history. One function per question, on the connection it is given."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import wire
from monitor.model import EventType, FleetRecord, Memory, StoredEvent, TargetState
from monitor.store.rows import IncidentRow, Period
from monitor.store.tables import (
    EVENTS,
    FLEET,
    INCIDENTS,
    MEMORIES,
    PERIODS,
    PULSES,
    to_moment,
    to_moment_or_none,
    to_number,
)

_PAGE: Final = 2000

_STATES: Final = select(
    PULSES.c.target, PULSES.c.seq, PULSES.c.pulse, MEMORIES.c.memory, PULSES.c.removed_at
).select_from(PULSES.outerjoin(MEMORIES, PULSES.c.target == MEMORIES.c.target))


def _state(row: Row[*tuple[Any, ...]]) -> TargetState:
    return TargetState(
        target=row.target,
        seq=row.seq,
        pulse=wire.load_pulse(row.pulse),
        memory=wire.load_memory(row.memory) if row.memory is not None else Memory(),
    )


async def states(connection: AsyncConnection) -> AsyncIterator[TargetState]:
    """Yield every state by name of its target, a page at a time: memory stays bounded."""
    last = ""
    while True:
        page = _STATES.where(PULSES.c.target > last).order_by(PULSES.c.target).limit(_PAGE)
        rows = (await connection.execute(page)).all()
        for row in rows:
            yield _state(row)
        if len(rows) < _PAGE:
            return
        last = rows[-1].target


async def state(connection: AsyncConnection, target: str) -> TargetState | None:
    """Return the state of one target; None when it is not known, or no longer watched."""
    row = (await connection.execute(_STATES.where(PULSES.c.target == target))).first()
    return _state(row) if row is not None and row.removed_at is None else None


async def fleet(connection: AsyncConnection) -> FleetRecord:
    """Return what is known of all targets together: nothing, before anything was."""
    body = await connection.scalar(select(FLEET.c.body))
    return wire.load_fleet(body) if body is not None else FleetRecord()


async def events(  # noqa: PLR0913 - one optional filter each
    connection: AsyncConnection,
    *,
    target: str | None = None,
    types: tuple[EventType, ...] = (),
    since: datetime | None = None,
    after: int = 0,
    before: int | None = None,
    limit: int = 100,
    newest_first: bool = True,
) -> list[StoredEvent]:
    """Return events with numbers above `after` and below `before`: page on with the last number got."""
    query = select(EVENTS.c.number, EVENTS.c.body).where(EVENTS.c.number > after)
    if before is not None:
        query = query.where(EVENTS.c.number < before)
    if target is not None:
        query = query.where(EVENTS.c.target == target)
    if types:
        query = query.where(EVENTS.c.type.in_([kind.value for kind in types]))
    if since is not None:
        query = query.where(EVENTS.c.at >= to_number(since))
    order = EVENTS.c.number.desc() if newest_first else EVENTS.c.number.asc()
    rows = await connection.execute(query.order_by(order).limit(limit))
    return [StoredEvent(number=number, event=wire.load_event(body)) for number, body in rows]


async def last_number(connection: AsyncConnection) -> int:
    """Return the highest number of an event, 0 when there is none."""
    return await connection.scalar(select(func.coalesce(func.max(EVENTS.c.number), 0))) or 0


async def periods(
    connection: AsyncConnection,
    target: str | None,
    *,
    lane: str | None = None,
    since: datetime | None = None,
    limit: int = 1000,
) -> list[Period]:
    """Return the periods that lasted at or after `since`, the oldest first; `limit` keeps the latest."""
    query = select(PERIODS)
    if target is not None:
        query = query.where(PERIODS.c.target == target)
    if lane is not None:
        query = query.where(PERIODS.c.lane == lane)
    query = _lasting(query, PERIODS.c.until, since)
    latest = query.order_by(PERIODS.c.since.desc(), PERIODS.c.target, PERIODS.c.lane).limit(limit)
    rows = (await connection.execute(latest)).all()
    return [_period(row) for row in reversed(rows)]


def _period(row: Row[*tuple[Any, ...]]) -> Period:
    return Period(
        target=row.target,
        lane=row.lane,
        value=row.value,
        since=to_moment(row.since),
        until=to_moment_or_none(row.until),
        attribution=wire.load_attribution(row.body) if row.body is not None else None,
    )


async def incidents(  # noqa: PLR0913 - one optional filter each
    connection: AsyncConnection,
    target: str | None = None,
    *,
    since: datetime | None = None,
    open_only: bool = False,
    limit: int = 100,
    offset: int = 0,
) -> list[IncidentRow]:
    """Return the incidents that lasted at or after `since`, the latest first."""
    query = select(INCIDENTS)
    if target is not None:
        query = query.where(INCIDENTS.c.target == target)
    if open_only:
        query = query.where(INCIDENTS.c.resolved_at.is_(None), INCIDENTS.c.unwatched_at.is_(None))
    query = _lasting(query, func.coalesce(INCIDENTS.c.resolved_at, INCIDENTS.c.unwatched_at), since)
    latest = query.order_by(INCIDENTS.c.opened_at.desc(), INCIDENTS.c.id).limit(limit).offset(offset)
    return [_incident(row) for row in await connection.execute(latest)]


def _incident(row: Row[*tuple[Any, ...]]) -> IncidentRow:
    incident = wire.load_incident(row.body)
    resolved_at = to_moment_or_none(row.resolved_at)
    return IncidentRow(
        target=row.target,
        incident=replace(incident, resolved_at=resolved_at) if resolved_at else incident,
        unwatched_at=to_moment_or_none(row.unwatched_at),
    )


def _lasting(query: Select[Any], until: Any, since: datetime | None) -> Select[Any]:  # noqa: ANN401 - any column expression
    if since is None:
        return query
    return query.where(or_(until.is_(None), until >= to_number(since)))
