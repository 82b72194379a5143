"""Dates as registries write them: a table of shapes, no guessing.

A date without a zone is taken as UTC unless the zone of the registry is known. Whether 03/04 is
March or April depends on the registry: another date of the same reply tells, or a table; where
neither does, such a date is not read at all.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            # English; then Spanish, Portuguese, French and German where they differ
            "jan january ene enero janv janvier", "feb february fev febrero fevereiro",
            "mar march marzo mars",
            "apr april abr abril avr avril", "may mayo mai", "jun june junio juin juni",
            "jul july julio juil juillet juli", "aug august ago agosto", "sep sept september septiembre set",
            "oct october octubre out octobre okt", "nov november noviembre", "dec december dic diciembre dez",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
# Hours east of Greenwich of the zone names that WHOIS servers write.
_ZONES: Final = {
    "utc": 0, "gmt": 0, "z": 0, "jst": 9, "kst": 9, "cst": 8, "eest": 3, "eet": 2, "cest": 2, "cet": 1,
    "clst": -3, "clt": -4, "brt": -3, "msk": 3, "hkt": 8, "sgt": 8, "myt": 8, "ict": 7, "wib": 7, "aest": 10,
    "nzst": 12, "nzdt": 13, "est": -5, "edt": -4, "pst": -8, "pdt": -7,
}  # fmt: skip
# whois.nic.it, whois.cnnic.cn and the like write local time without saying so; the error of a few
# hours is accepted, since only days are compared.
_DAY_FIRST: Final = frozenset(
    # whois.nic.fr (before 2022), whois.hkirc.hk, whois.dns.pt, whois.ati.tn, whois.isoc.org.il and others
    "fr pm re tf wf yt hk pt ke ve uy bo py ec es gr ro ax tn il vn pf sn lu sm im".split()  # noqa: SIM905 - a table of words
)

_TIME: Final = (
    r"(?:[T ]\s*(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?(?:[.,]\d{1,9})?"
    r"\s*(?P<Z>(?:UTC|GMT)?[+-]\d{1,2}:?(?:\d{2})?|Z|\(?[A-Z]{3,4}\)?)?)?"
)
_WEEKDAY: Final = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}"
_SHAPES: Final = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        r"(?P<y>\d{4})(?P<sep>[-/.])\s?(?P<m>\d{1,2})(?P=sep)\s?(?P<d>\d{1,2})\.?" + _TIME,
        r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})" + _TIME,
        r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[-. /](?P<b>[a-z]{3,10})[-. /,]+(?P<y>\d{4})\.?(?:\s+at)?" + _TIME,
        # Registrars of the 2000s: 24-Jan-05
        r"(?P<d>\d{1,2})-(?P<b>[a-z]{3})-(?P<yy>\d{2})(?!\d)",
        r"(?P<y>\d{4})[- /](?P<b>[a-z]{3,9})[- /](?P<d>\d{1,2})\.?" + _TIME,
        r"(?:"
        + _WEEKDAY
        + r",?\s+)?(?P<b>[a-z]{3,10})\.?[-\s]+(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+|-)(?P<y>\d{4})"
        + _TIME,
        # Sat, 24 Jan 2015
        _WEEKDAY + r",?\s+(?P<d>\d{1,2})\s(?P<b>[a-z]{3,10})\s(?P<y>\d{4})" + _TIME,
        # whois.twnic.net.tw and others: 2015年1月24日
        r"(?P<y>\d{4})\s?年\s?(?P<m>\d{1,2})\s?月\s?(?P<d>\d{1,2})\s?日",
        # ctime: Tue Dec 12 10:11:12 GMT 2000
        (
            _WEEKDAY + r",?\s+(?P<b>[a-z]{3})\s+(?P<d>\d{1,2})\s+(?P<H>\d{2}):(?P<M>\d{2}):(?P<S>\d{2})"
            r"\s+(?:(?P<Z>[a-z]{3,4})\s+)?(?P<y>\d{4})"
        ),
        r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})" + _TIME,
        r"(?P<a>\d{1,2})(?P<sep>[-/])(?P<e>\d{1,2})(?P=sep)(?P<y>\d{4})" + _TIME,
        r"(?P<H>\d{2}):(?P<M>\d{2}):(?P<S>\d{2})\s+(?P<d>\d{1,2})[-.](?P<m>\d{1,2})[-.](?P<y>\d{4})",
    )
)
_MAX_LENGTH: Final = 64
_YEARS: Final = range(1980, 2200)


class Order(StrEnum):
    """How a reply writes 03/04/2020."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


_AMBIGUOUS: Final = re.compile(r"\s*(?P<a>\d{1,2})[-/](?P<e>\d{1,2})[-/]\d{4}")
_MONTHS_OF_A_YEAR: Final = 12
_CENTURY: Final = 70  # 24-Jan-70 and later are of the last century: there were no domains in 2070


def order_in(values: Iterable[str]) -> Order | None:
    """Return what the other dates of a reply tell of the order; None when they tell nothing, or both."""
    found = set()
    for value in values:
        match = _AMBIGUOUS.match(value)
        if not match:
            continue
        first, second = int(match["a"]), int(match["e"])
        if first > _MONTHS_OF_A_YEAR >= second:
            found.add(Order.DAY_FIRST)
        elif second > _MONTHS_OF_A_YEAR >= first:
            found.add(Order.MONTH_FIRST)
    return found.pop() if len(found) == 1 else None


def read_date(text: str, tld: str = "", order: Order | None = None) -> datetime | None:
    """Return the moment that `text` begins with, in UTC; None when it is no date of a known shape.

    What follows the date is ignored (`19990518 #162310`, `… (YYYY-MM-DD)`). `order` is what the
    reply itself tells of it (`order_in`); without it the registry's custom counts, if it is known.
    """
    text = " ".join(text[:_MAX_LENGTH].split())
    for shape in _SHAPES:
        if match := shape.match(text):
            return _moment(match.groupdict(), order or (Order.DAY_FIRST if tld in _DAY_FIRST else None))
    return None


def _moment(part: dict[str, str | None], order: Order | None) -> datetime | None:
    month, day = _month_and_day(part, order)
    year = int(part.get("y") or 0)
    if short := part.get("yy"):
        year = int(short) + (1900 if int(short) >= _CENTURY else 2000)
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


def _month_and_day(part: dict[str, str | None], order: Order | None) -> tuple[int, int]:
    if name := part.get("b"):
        return _MONTHS.get(name.lower(), 0), int(part["d"] or 0)
    if number := part.get("m"):
        return int(number), int(part["d"] or 0)
    first, second = int(part["a"] or 0), int(part["e"] or 0)
    if first > _MONTHS_OF_A_YEAR or order is Order.DAY_FIRST:
        return second, first
    if second > _MONTHS_OF_A_YEAR or first == second or order is Order.MONTH_FIRST:
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
