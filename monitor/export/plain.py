"""Words for a page: text from the network made harmless, moments and durations made readable.

Titles, registrar names and addresses of strangers stand on our pages. Escaping keeps them from being
markup; what is done here keeps them from being long, from hiding, and from turning the text around
them (Unicode TR 36, section 2.10: bidirectional controls).
"""

import unicodedata
from datetime import datetime
from typing import Final

# Characters that are not shown: control, format (bidirectional controls, zero width), surrogates,
# private use, unassigned.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BREAKS: Final = frozenset({"Zl", "Zp"})
# Accents may be stacked until they cover the lines above; no language needs more.
_MARKS: Final = frozenset({"Mn", "Me"})
_MARKS_IN_A_ROW: Final = 4

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def plain(text: object, limit: int = 200) -> str:
    """Return text as one line of visible characters, `limit` at most; a longer one ends in `…`."""
    # Twice the limit is looked at: a megabyte of invisible characters is no work.
    raw = str(text)[: limit * 2 + 2]
    if not (raw.isascii() and raw.isprintable()):
        raw = _visible(raw)
    line = " ".join(raw.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _visible(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if character in "\t\n\r" or category in _BREAKS:
            kept.append(" ")
            continue
        marks = marks + 1 if category in _MARKS else 0
        if category not in _UNSEEN and marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def moment(value: datetime | None) -> str:
    """Return a moment in UTC, to the minute: `2021-01-11 07:59 UTC`; nothing for None."""
    return value.strftime("%Y-%m-%d %H:%M UTC") if value is not None else ""


def exact(value: datetime | None) -> str:
    """Return a moment for machines: `2021-01-11T07:59:00Z`; nothing for None."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value is not None else ""


def duration(seconds: float | None) -> str:
    """Return a length of time in its two largest units: `3 d 4 h`, `12 min`, `0.25 s`."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{max(0.0, seconds):.2f} s"
    left = int(seconds)
    first = next(index for index, (size, _) in enumerate(_UNITS) if left >= size)
    words = []
    for size, unit in _UNITS[first : first + 2]:
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words)


def ago(value: datetime, now: datetime) -> str:
    """Return how long ago a moment was: `3 h 1 min ago`, `just now`."""
    seconds = (now - value).total_seconds()
    return f"{duration(seconds)} ago" if seconds >= 1 else "just now"


def share(part: float, whole: float) -> str:
    """Return a part in per cent, never rounded up to a perfect one: `99.99 %`; nothing for a part of 0."""
    if whole <= 0:
        return ""
    return f"{int(part / whole * 10_000) / 100:g} %"
