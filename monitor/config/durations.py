"""Durations (`"1h30m"`), rates (`"30/1m"`) and sizes (`"512KiB"`), as people write them."""

import re
from typing import Final

from monitor.config.wording import MisfitError, kind, number, refuse, shown

_SECONDS: Final = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_ORDER: Final = tuple(_SECONDS)
_LONGEST_S: Final = 3_660 * 86_400.0
_PART: Final = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([a-zA-Zµμ]*)")
_COUNT: Final = re.compile(r"[0-9]{1,9}")
_SPELLED: Final = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d",
    "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
}  # fmt: skip
_BYTES: Final = {"B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "KiB": 1024, "MiB": 1024**2}
_SIZE: Final = re.compile(r"([0-9]{1,12})\s*([a-zA-Z]*)")


def parse_duration(value: object) -> float:
    """Return the seconds of `"500ms"`, `"60s"`, `"5m"`, `"24h"`, `"1d"` or `"1h30m"`; more than 0.

    Raises ValueError with the reason. A bare number is refused: nobody remembers whether it was
    seconds or milliseconds.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        example = f"{value}s" if 0 < value < _LONGEST_S else "60s"
        refuse(f'{number(value)} has no unit; write "{example}" for seconds (units: ms, s, m, h, d)')
    if not isinstance(value, str):
        refuse(f'must be a duration in quotes, such as "60s" or "5m", not {kind(value)}')
    seconds = _seconds(value.strip())
    if seconds <= 0:
        refuse(f"must be longer than 0, not {shown(value)}")
    if seconds > _LONGEST_S:
        refuse(f"{shown(value)} is longer than ten years")
    return seconds


def _seconds(text: str) -> float:
    """Return the sum of the parts; raises ValueError."""
    if not text:
        refuse('is empty; write a duration such as "60s" or "5m"')
    if text.startswith("-"):
        refuse(f"must be longer than 0, not {shown(text)}")
    total, at, units = 0.0, 0, list[str]()
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            refuse(
                f'{shown(text)} is not a duration; write one such as "500ms", "60s", "5m", "24h" or "1h30m"'
            )
        unit = _unit(part[2], part[1], text)
        if units and _ORDER.index(unit) <= _ORDER.index(units[-1]):
            refuse(f'{shown(text)}: each unit once, the largest first, as in "1h30m"')
        units.append(unit)
        total += float(part[1]) * _SECONDS[unit]
        at = part.end()
    return round(total, 6)


def _unit(unit: str, count: str, text: str) -> str:
    """Return the unit if it is one; raises ValueError that tells the right spelling."""
    if unit in _SECONDS:
        return unit
    if not unit:
        refuse(f'{shown(text)} has no unit; write "{count}s" for seconds (units: ms, s, m, h, d)')
    right = _SPELLED.get(unit.lower()) or (unit.lower() if unit.lower() in _SECONDS else None)
    hint = f'write "{count}{right}"' if right else "the units are ms, s, m, h, d"
    return refuse(f"{shown(text)}: there is no unit {shown(unit)}; {hint}")


def parse_rate(value: object) -> float:
    """Return the times a second of `"5/1s"`, `"30/1m"` or `"1000/24h"`; raises ValueError with the reason."""
    if not isinstance(value, str):
        refuse(f'must be a rate in quotes, such as "30/1m", not {kind(value)}')
    count, slash, time = value.partition("/")
    if not slash or not _COUNT.fullmatch(count.strip()):
        refuse(f'{shown(value)} is not a rate; write one such as "5/1s", "30/1m" or "1000/24h"')
    if not int(count):
        refuse(f'{shown(value)}: 0 times is never; a server that must not be asked is switched off with ""')
    try:
        return int(count) / parse_duration(time)
    except MisfitError as error:
        return refuse(f"{shown(value)}: the time {error}")


def show_duration(seconds: float) -> str:
    """Return the shortest spelling that `parse_duration` reads back as the same milliseconds."""
    rest = round(seconds * 1000)
    parts = []
    for unit in _ORDER:
        count, rest = divmod(rest, round(_SECONDS[unit] * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_size(value: object) -> int:
    """Return the bytes of `"512KiB"`, `"1MiB"` or `"100kB"`; raises ValueError with the reason."""
    if isinstance(value, int) and not isinstance(value, bool):
        refuse(f'{number(value)} has no unit; write a size such as "512KiB" or "1MiB"')
    if not isinstance(value, str):
        refuse(f'must be a size in quotes, such as "512KiB" or "1MiB", not {kind(value)}')
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        refuse(f'{shown(value)} is not a size; write one such as "512KiB" or "1MiB"')
    if match[2] not in _BYTES:
        fault = f": there is no unit {shown(match[2])}" if match[2] else " has no unit"
        refuse(f"{shown(value)}{fault}; the units are B, kB, MB, KiB, MiB")
    return int(match[1]) * _BYTES[match[2]]
