"""The tables, as the newest migration leaves them (a test compares the two).

Moments are integers, microseconds since 1970 in UTC: exact, comparable and the same in every database.
What is a value of the model is JSON by `monitor.wire`.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

METADATA: Final = MetaData()

# SQLite counts rows by itself only in a column of exactly this type.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

PULSES: Final = Table(
    "targets_pulse",
    METADATA,
    Column("target", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("pulse", Text, nullable=False),
    # A target that is no longer configured keeps its row and its seq: event ids are made of target and
    # seq, so one that comes back later must not start again at 1 and repeat ids that are already stored.
    Column("removed_at", BigInteger),
)
MEMORIES: Final = Table(
    "targets_memory",
    METADATA,
    Column("target", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("memory", Text, nullable=False),
)
EVENTS: Final = Table(
    "events",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("target", String, nullable=False),
    Column("type", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("severity", String, nullable=False),
    Column("body", Text, nullable=False),
    Index("events_target", "target", "number"),
    sqlite_autoincrement=True,  # without it SQLite gives the number of a deleted last row again
)
DELIVERIES: Final = Table(
    "deliveries",
    METADATA,
    Column("event", _NUMBER, ForeignKey("events.number"), primary_key=True, autoincrement=False),
    Column("receiver", String, primary_key=True),
    Column("target", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("first_failed_at", BigInteger),
    Column("last_error", String),
    Column("done_at", BigInteger),
    Index("deliveries_due", "receiver", "state", "next_at", "event"),
    Index("deliveries_order", "target", "receiver", "state", "event"),
)
OUTCOMES: Final = Table(
    "delivery_outcomes",
    METADATA,
    Column("receiver", String, primary_key=True),
    Column("outcome", String, primary_key=True),
    Column("total", BigInteger, nullable=False),
)
INCIDENTS: Final = Table(
    "incidents",
    METADATA,
    Column("id", String, primary_key=True),
    Column("target", String, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("told_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("unwatched_at", BigInteger),
    Column("status", String, nullable=False),
    Column("diagnosis", String),
    Column("layer", String),
    Column("body", Text, nullable=False),
    Index("incidents_target", "target", "opened_at"),
    Index("incidents_opened", "opened_at"),
)
PERIODS: Final = Table(
    "periods",
    METADATA,
    Column("target", String, primary_key=True),
    Column("lane", String, primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("until", BigInteger),
    Column("value", String),
    Column("body", Text),
)
FLEET: Final = Table(
    "fleet",
    METADATA,
    # One row: what is known of all targets together.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_number(moment: datetime) -> int:
    """Return the moment as it is stored: microseconds since 1970, exact."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(number: int) -> datetime:
    """Return the moment that `to_number` wrote, in UTC."""
    return _EPOCH + timedelta(microseconds=number)


def to_moment_or_none(number: int | None) -> datetime | None:
    """Return the moment, or None where none is stored."""
    return None if number is None else to_moment(number)
