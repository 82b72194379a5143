"""The first shape: states, events, deliveries, incidents, periods."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _states()
    _events()
    _history()


def _states() -> None:
    op.create_table(
        "targets_pulse",
        sa.Column("target", sa.String, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("pulse", sa.Text, nullable=False),
        sa.Column("removed_at", sa.BigInteger),
    )
    op.create_table(
        "targets_memory",
        sa.Column("target", sa.String, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("memory", sa.Text, nullable=False),
    )


def _events() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "events",
        sa.Column("number", number, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_target", "events", ["target", "number"])
    op.create_table(
        "deliveries",
        sa.Column("event", number, sa.ForeignKey("events.number"), primary_key=True, autoincrement=False),
        sa.Column("receiver", sa.String, primary_key=True),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("first_failed_at", sa.BigInteger),
        sa.Column("last_error", sa.String),
        sa.Column("done_at", sa.BigInteger),
    )
    op.create_index("deliveries_due", "deliveries", ["receiver", "state", "next_at", "event"])
    op.create_index("deliveries_order", "deliveries", ["target", "receiver", "state", "event"])
    op.create_table(
        "delivery_outcomes",
        sa.Column("receiver", sa.String, primary_key=True),
        sa.Column("outcome", sa.String, primary_key=True),
        sa.Column("total", sa.BigInteger, nullable=False),
    )


def _history() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("unwatched_at", sa.BigInteger),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("diagnosis", sa.String),
        sa.Column("layer", sa.String),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("incidents_target", "incidents", ["target", "opened_at"])
    op.create_index("incidents_opened", "incidents", ["opened_at"])
    op.create_table(
        "periods",
        sa.Column("target", sa.String, primary_key=True),
        sa.Column("lane", sa.String, primary_key=True),
        sa.Column("since", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("value", sa.String),
        sa.Column("body", sa.Text),
    )
