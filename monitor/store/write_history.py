"""The statements that write history: periods and incidents, many at a time.

Facts about different lanes and incidents do not touch each other; those about the same one are put
in their order here, so that each row is written once.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, null, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import wire
from monitor.store.bulk import IN_AT_ONCE, Bulk, Upsert
from monitor.store.history import Fact, IncidentEnds, IncidentIs, PeriodBegins
from monitor.store.tables import INCIDENTS, PERIODS, to_number

Row = tuple[object, ...]
Lane = tuple[str, str]


def _upsert_period(insert: Upsert) -> Upsert:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["target", "lane", "since"],
        set_={"value": new.value, "body": new.body, "until": new.until},
    )


def _end_period(insert: Upsert) -> Upsert:
    return insert.on_conflict_do_update(
        index_elements=["target", "lane", "since"], set_={"until": insert.excluded.until}
    )


def _upsert_incident(insert: Upsert) -> Upsert:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "status": new.status,
            "diagnosis": new.diagnosis,
            "layer": new.layer,
            "body": new.body,
            # Its end, if it has one, is written after this: an incident may go on after it had ended.
            "resolved_at": null(),
        },
    )


def _end_incident(insert: Upsert) -> Upsert:
    return insert.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "resolved_at": func.coalesce(INCIDENTS.c.resolved_at, insert.excluded.resolved_at),
            "unwatched_at": null(),
        },
    )


class HistoryWriter:
    """Compiled statements of one database; no other state."""

    def __init__(self) -> None:
        period = ("target", "lane", "since", "until", "value", "body")
        self._periods = Bulk(PERIODS, period, _upsert_period)
        self._period_ends = Bulk(PERIODS, ("target", "lane", "since", "until"), _end_period)
        told = ("id", "target", "opened_at", "told_at", "status", "diagnosis", "layer", "body")
        self._incidents = Bulk(INCIDENTS, told, _upsert_incident)
        ended = ("id", "target", "opened_at", "told_at", "resolved_at", "status", "body")
        self._incident_ends = Bulk(INCIDENTS, ended, _end_incident)

    async def write(self, connection: AsyncConnection, facts: Sequence[Fact]) -> None:
        """Write what happened; facts about the same thing stand in their order."""
        begun: defaultdict[Lane, list[PeriodBegins]] = defaultdict(list)
        incidents: dict[str, IncidentIs] = {}
        ends: dict[str, datetime] = {}
        for fact in facts:
            match fact:
                case PeriodBegins():
                    begun[fact.target, fact.lane].append(fact)
                case IncidentIs():
                    incidents[fact.incident.id] = fact
                    ends.pop(fact.incident.id, None)
                case IncidentEnds():
                    ends.setdefault(fact.incident, fact.at)
        if begun:
            await self._write_periods(connection, begun)
        if incidents:
            await self._incidents.write(connection, [_incident_row(fact) for fact in incidents.values()])
        if ends:
            await self._end_incidents(connection, ends)

    async def _write_periods(
        self, connection: AsyncConnection, begun: dict[Lane, list[PeriodBegins]]
    ) -> None:
        lasting = await _lasting(connection, sorted({target for target, _ in begun}))
        ended: list[Row] = []
        rows: list[Row] = []
        for lane, periods in begun.items():
            first = to_number(periods[0].since)
            ended += [(*lane, since, max(since, first)) for since in lasting[lane] if since != first]
            rows += _period_rows(periods)
        await self._period_ends.write(connection, ended)
        await self._periods.write(connection, rows)

    async def _end_incidents(self, connection: AsyncConnection, ends: dict[str, datetime]) -> None:
        """Set the end of those incidents that are stored; an end that is stored already stays."""
        names = list(ends)
        rows: list[Row] = []
        for start in range(0, len(names), IN_AT_ONCE):
            known = await connection.execute(
                select(INCIDENTS.c.id).where(INCIDENTS.c.id.in_(names[start : start + IN_AT_ONCE]))
            )
            # The row exists: of what would be inserted only the end is used.
            rows += [(name, "", 0, 0, to_number(ends[name]), "", "") for (name,) in known]
        await self._incident_ends.write(connection, rows)


async def _lasting(connection: AsyncConnection, targets: Sequence[str]) -> defaultdict[Lane, list[int]]:
    """Return the beginnings of the periods that have not ended, by lane: one each, if all is well."""
    found: defaultdict[Lane, list[int]] = defaultdict(list)
    for start in range(0, len(targets), IN_AT_ONCE):
        rows = await connection.execute(
            select(PERIODS.c.target, PERIODS.c.lane, PERIODS.c.since)
            .where(PERIODS.c.target.in_(targets[start : start + IN_AT_ONCE]))
            .where(PERIODS.c.until.is_(None))
        )
        for target, lane, since in rows:
            found[target, lane].append(since)
    return found


def _period_rows(periods: Sequence[PeriodBegins]) -> list[Row]:
    """Return the rows of the periods of one lane, each ended by the next; the last one lasts.

    A clock that was set back must not make a period end before it began.
    """
    rows: dict[int, Row] = {}
    for period, following in zip(periods, (*periods[1:], None), strict=True):
        since = to_number(period.since)
        until = None if following is None else max(since, to_number(following.since))
        body = wire.dump_attribution(period.attribution) if period.attribution else None
        # Two that begin at the same moment are one row: the later word counts.
        rows[since] = (period.target, period.lane, since, until, period.value, body)
    return list(rows.values())


def _incident_row(fact: IncidentIs) -> Row:
    incident, verdict = fact.incident, fact.incident.verdict
    return (
        incident.id,
        fact.target,
        to_number(incident.opened_at),
        to_number(incident.told_at),
        verdict.status.value,
        verdict.diagnosis,
        verdict.layer.value if verdict.layer else None,
        wire.dump_incident(incident),
    )
