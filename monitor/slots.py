"""When checks are due: pure arithmetic on phases.

Every check has a phase: a part of its interval that a stable hash of its id decides, so that a
restart keeps it and a hundred thousand checks spread evenly. Phases are rounded down to slots, so
that the scheduler has a job per slot and not one per check.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from math import floor
from typing import Final

from monitor.model import Check

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# At most this many slots an interval, and none closer together than this many seconds.
_SLOTS: Final = 600
_SPACING_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The checks that are due at the same moments: `EPOCH + offset_s + n * interval_s`."""

    interval_s: float
    offset_s: float
    checks: tuple[Check, ...]

    def index(self, moment: datetime) -> int:
        """Return the number of the last due moment at or before `moment` (a microsecond of grace)."""
        seconds = (moment - EPOCH).total_seconds() - self.offset_s
        return floor(seconds / self.interval_s + 1e-9)

    def nearest(self, moment: datetime) -> int:
        """Return the number of the due moment nearest to `moment`."""
        seconds = (moment - EPOCH).total_seconds() - self.offset_s
        return round(seconds / self.interval_s)

    def due(self, index: int) -> datetime:
        """Return the due moment with this number."""
        return EPOCH + timedelta(seconds=self.offset_s + index * self.interval_s)


def phase(check: Check) -> float:
    """Return the part of its interval, 0 to 1 exclusive, after which a check is due."""
    digest = blake2b(check.id.encode(), digest_size=6).digest()
    return int.from_bytes(digest) / (1 << 48)


def phase_s(check: Check) -> float:
    """Return the seconds after the start of its interval at which a check is due."""
    slots = _slots(check.interval_s)
    return floor(phase(check) * slots) * check.interval_s / slots


def _slots(interval_s: float) -> int:
    return max(1, min(_SLOTS, floor(interval_s / _SPACING_S)))


def slots(checks: Iterable[Check]) -> tuple[Slot, ...]:
    """Return the slots that hold all the checks; slots without a check are left out."""
    grouped: dict[tuple[float, float], list[Check]] = {}
    for check in checks:
        grouped.setdefault((check.interval_s, phase_s(check)), []).append(check)
    return tuple(
        Slot(interval_s=interval, offset_s=offset, checks=tuple(members))
        for (interval, offset), members in sorted(grouped.items(), key=lambda item: item[0])
    )
