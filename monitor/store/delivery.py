"""The outbox's side of the store: which deliveries are due, and how they ended.

Per receiver and target exactly one delivery is `pending` while any waits, the others are `held`: so the
order is kept, and finding what is due is one step in an index however long the queue is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import wire
from monitor.model import StoredEvent
from monitor.store.bulk import insert_into
from monitor.store.rows import Delivery, DeliveryState, Outcome, Settlement
from monitor.store.tables import (
    DELIVERIES,
    EVENTS,
    OUTCOMES,
    to_moment,
    to_moment_or_none,
    to_number,
)

HORIZON: Final = timedelta(hours=2)
"""No delivery is ever put off this far: one that seems to be was put off before the clock was set back."""

_OPEN: Final = (DeliveryState.PENDING.value, DeliveryState.HELD.value)
_ERROR_LENGTH: Final = 300

_WITH_EVENT: Final = select(DELIVERIES, EVENTS.c.body).join(EVENTS, EVENTS.c.number == DELIVERIES.c.event)


def _delivery(row: Row[*tuple[Any, ...]]) -> Delivery:
    return Delivery(
        event=StoredEvent(number=row.event, event=wire.load_event(row.body)),
        receiver=row.receiver,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_at=to_moment(row.next_at),
        first_failed_at=to_moment_or_none(row.first_failed_at),
        last_error=row.last_error,
        done_at=to_moment_or_none(row.done_at),
    )


async def due(connection: AsyncConnection, receiver: str, now: datetime, limit: int) -> list[Delivery]:
    """Return what the receiver should be sent now: no target twice, those not tried yet in event order."""
    query = (
        _WITH_EVENT.where(DELIVERIES.c.receiver == receiver)
        .where(DELIVERIES.c.state == DeliveryState.PENDING.value)
        .where(
            or_(
                DELIVERIES.c.next_at <= to_number(now),
                DELIVERIES.c.next_at > to_number(now + HORIZON),
            )
        )
        .order_by(DELIVERIES.c.next_at, DELIVERIES.c.event)
        .limit(limit)
    )
    return [_delivery(row) for row in await connection.execute(query)]


async def next_due(connection: AsyncConnection, receiver: str, now: datetime) -> datetime | None:
    """Return when the receiver's next retry is, after `now`; None when nothing waits for its time."""
    number = await connection.scalar(
        select(func.min(DELIVERIES.c.next_at)).where(
            DELIVERIES.c.receiver == receiver,
            DELIVERIES.c.state == DeliveryState.PENDING.value,
            DELIVERIES.c.next_at > to_number(now),
        )
    )
    return to_moment_or_none(number)


async def settle(connection: AsyncConnection, settlements: Sequence[Settlement]) -> None:
    """Write how tries ended, let the next event of the same target go, and count."""
    for settlement in settlements:
        await _settle_one(connection, settlement)


async def _settle_one(connection: AsyncConnection, settlement: Settlement) -> None:
    delivery, at = settlement.delivery, to_number(settlement.at)
    values: dict[str, Any] = {
        "attempts": DELIVERIES.c.attempts + 1,
        "last_error": settlement.error[:_ERROR_LENGTH] if settlement.error else None,
    }
    match settlement.outcome:
        case Outcome.DELIVERED:
            values |= {"state": DeliveryState.DONE.value, "done_at": at}
        case Outcome.PARKED:
            values |= {"state": DeliveryState.PARKED.value, "done_at": at}
        case Outcome.FAILED:
            values["next_at"] = to_number(settlement.next_at or settlement.at)
            values["first_failed_at"] = func.coalesce(DELIVERIES.c.first_failed_at, at)
    result = await connection.execute(
        update(DELIVERIES)
        .where(
            DELIVERIES.c.event == delivery.event.number,
            DELIVERIES.c.receiver == delivery.receiver,
            DELIVERIES.c.state == DeliveryState.PENDING.value,
        )
        .values(values)
    )
    if not result.rowcount:
        return  # settled before: the answer of an earlier settlement was lost on its way
    if settlement.outcome is not Outcome.FAILED:
        await _let_next_go(connection, delivery.receiver, delivery.event.event.subject)
    await _count(connection, delivery.receiver, settlement.outcome)


async def _let_next_go(connection: AsyncConnection, receiver: str, target: str) -> None:
    """Make the earliest held delivery of the target pending."""
    held = and_(
        DELIVERIES.c.receiver == receiver,
        DELIVERIES.c.target == target,
        DELIVERIES.c.state == DeliveryState.HELD.value,
    )
    first = await connection.scalar(select(func.min(DELIVERIES.c.event)).where(held))
    if first is not None:
        await connection.execute(
            update(DELIVERIES)
            .where(DELIVERIES.c.event == first, DELIVERIES.c.receiver == receiver)
            .values(state=DeliveryState.PENDING.value, next_at=0)
        )


async def _count(connection: AsyncConnection, receiver: str, outcome: Outcome) -> None:
    insert = insert_into(connection.dialect, OUTCOMES).values(
        receiver=receiver, outcome=outcome.value, total=1
    )
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=["receiver", "outcome"], set_={"total": OUTCOMES.c.total + 1}
        )
    )


async def totals(connection: AsyncConnection) -> dict[tuple[str, Outcome], int]:
    """Return how many tries ended how, per receiver, since the store exists."""
    rows = await connection.execute(select(OUTCOMES))
    return {(row.receiver, Outcome(row.outcome)): row.total for row in rows}


async def pending(connection: AsyncConnection, receivers: Sequence[str]) -> dict[str, int]:
    """Return how many deliveries wait (pending or held) for each of the receivers."""
    count = select(func.count()).select_from(DELIVERIES).where(DELIVERIES.c.state.in_(_OPEN))
    return {
        receiver: await connection.scalar(count.where(DELIVERIES.c.receiver == receiver)) or 0
        for receiver in receivers
    }


async def deliveries(
    connection: AsyncConnection,
    *,
    receiver: str | None = None,
    states: Sequence[DeliveryState] = (),
    before: int | None = None,
    limit: int = 100,
) -> list[Delivery]:
    """Return deliveries of events with numbers below `before`, the latest first."""
    query = _WITH_EVENT
    if receiver is not None:
        query = query.where(DELIVERIES.c.receiver == receiver)
    if states:
        query = query.where(DELIVERIES.c.state.in_([state.value for state in states]))
    if before is not None:
        query = query.where(DELIVERIES.c.event < before)
    query = query.order_by(DELIVERIES.c.event.desc(), DELIVERIES.c.receiver).limit(limit)
    return [_delivery(row) for row in await connection.execute(query)]
