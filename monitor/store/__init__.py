"""All SQL: states, events, deliveries and history, in SQLite or PostgreSQL."""

from monitor.store.committer import Committer
from monitor.store.error import StoreError, StoreFailure, UnstorableError
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
from monitor.store.store import Store

__all__ = [
    "Change",
    "Committer",
    "Delivery",
    "DeliveryState",
    "FleetChange",
    "IncidentRow",
    "Outcome",
    "Period",
    "Settlement",
    "Store",
    "StoreError",
    "StoreFailure",
    "UnstorableError",
]
