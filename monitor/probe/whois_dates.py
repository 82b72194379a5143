"""Dates as registries write them: a table of shapes, no guessing.

A date without a zone is taken as UTC unless the zone of the registry is known. Whether 03/04 is
March or April depends on the registry; where that is not known, such a date is not read at all.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july",
            "aug august", "sep sept september", "oct october", "nov november", "dec december",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
# Hours east of Greenwich of the zone names that WHOIS servers write.
_ZONES: Final = {
    "utc": 0, "gmt": 0, "z": 0, "jst": 9, "kst": 9, "cst": 8, "eest": 3, "eet": 2, "cest": 2, "cet": 1,
    "clst": -3, "clt": -4, "brt": -3, "msk": 3,
}  # fmt: skip
# whois.nic.it, whois.cnnic.cn and the like write local time without saying so; the error of a few
# hours is accepted, since only days are compared.
_DAY_FIRST: Final = frozenset(
    # whois.nic.fr (before 2022), whois.hkirc.hk, whois.dns.pt, whois.ati.tn, whois.isoc.org.il and others
    "fr pm re tf wf yt hk pt ke ve uy bo py ec es gr ro ax tn il tk".split()  # noqa: SIM905 - a table of words
)

_TIME: Final = (
    r"(?:[T ]\s*(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?(?:[.,]\d{1,9})?"
    r"\s*(?P<Z>(?:UTC|GMT)?[+-]\d{1,2}:?(?:\d{2})?|Z|\(?[A-Z]{3,4}\)?)?)?"
)
_SHAPES: Final = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        r"(?P<y>\d{4})(?P<sep>[-/.])\s?(?P<m>\d{1,2})(?P=sep)\s?(?P<d>\d{1,2})\.?" + _TIME,
        r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})" + _TIME,
        r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[-. /](?P<b>[a-z]{3,9})[-. /,]+(?P<y>\d{4})\.?(?:\s+at)?" + _TIME,
        r"(?P<y>\d{4})[- /](?P<b>[a-z]{3,9})[- /](?P<d>\d{1,2})\.?" + _TIME,
        r"(?:[a-z]{3},?\s+)?(?P<b>[a-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})" + _TIME,
        # ctime: Tue Dec 12 10:11:12 GMT 2000
        (
            r"[a-z]{3}\s+(?P<b>[a-z]{3})\s+(?P<d>\d{1,2})\s+(?P<H>\d{2}):(?P<M>\d{2}):(?P<S>\d{2})"
            r"\s+(?:(?P<Z>[a-z]{3,4})\s+)?(?P<y>\d{4})"
        ),
        r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})" + _TIME,
        r"(?P<a>\d{1,2})(?P<sep>[-/])(?P<e>\d{1,2})(?P=sep)(?P<y>\d{4})" + _TIME,
        r"(?P<H>\d{2}):(?P<M>\d{2}):(?P<S>\d{2})\s+(?P<d>\d{1,2})[-.](?P<m>\d{1,2})[-.](?P<y>\d{4})",
    )
)
_MAX_LENGTH: Final = 64
_YEARS: Final = range(1980, 2200)


def read_date(text: str, tld: str = "") -> datetime | None:
    """Return the moment that `text` begins with, in UTC; None when it is no date of a known shape.

    What follows the date is ignored (`19990518 #162310`, `… (YYYY-MM-DD)`).
    """
    text = " ".join(text[:_MAX_LENGTH].split())
    for shape in _SHAPES:
        if match := shape.match(text):
            return _moment(match.groupdict(), tld)
    return None


def _moment(part: dict[str, str | None], tld: str) -> datetime | None:
    month, day = _month_and_day(part, tld)
    year = int(part["y"] or 0)
    if not month or not day or year not in _YEARS:
        return None
    try:
        moment = datetime(
            year, month, day,
            int(part.get("H") or 0), int(part.get("M") or 0), int(part.get("S") or 0),
            tzinfo=_zone(part.get("Z")),
        )  # fmt: skip
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _month_and_day(part: dict[str, str | None], tld: str) -> tuple[int, int]:
    if name := part.get("b"):
        return _MONTHS.get(name.lower(), 0), int(part["d"] or 0)
    if number := part.get("m"):
        return int(number), int(part["d"] or 0)
    first, second = int(part["a"] or 0), int(part["e"] or 0)
    if tld in _DAY_FIRST or first > 12:  # noqa: PLR2004 - months of a year
        return second, first
    if second > 12 or first == second:  # noqa: PLR2004 - the same
        return first, second
    return 0, 0


def _zone(text: str | None) -> timezone:
    name = (text or "").strip("()").lower()
    if match := re.fullmatch(r"(?:utc|gmt)?([+-])(\d{1,2}):?(\d{2})?", name):
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        # An offset of a day or more is no zone: timezone() raises ValueError.
        return timezone(-offset if sign == "-" else offset) if offset < timedelta(hours=24) else UTC
    return timezone(timedelta(hours=_ZONES.get(name, 0)))
