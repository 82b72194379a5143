"""RDAP records that were answered before, so that a registry can say "as it was" (RFC 9110, 13).

Only whole answers about a registered domain, from the server that was asked and not from where it
redirects to, and only where it gave a validator. Bounded: the longest unused goes first.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from monitor.model import RegistrationFacts

MOST: Final = 8_192
_LONGEST_VALIDATOR: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server gave to recognise its answer by; an empty text: nothing."""

    etag: str = ""
    last_modified: str = ""

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """Return the headers that ask for the answer only if it is another one."""
        rows = (("If-None-Match", self.etag), ("If-Modified-Since", self.last_modified))
        return tuple(row for row in rows if row[1])


def validators_of(headers: tuple[tuple[str, str], ...]) -> Validators:
    """Return the validators of an answer; what is no validator, or could not be sent back, is left out."""
    found: Mapping[str, str] = dict(reversed(headers))
    etag, modified = found.get("etag", ""), found.get("last-modified", "")
    return Validators(
        etag=etag if _is_sendable(etag) and etag.endswith('"') else "",
        last_modified=modified if _is_sendable(modified) and _moment(modified) else "",
    )


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a `Retry-After` header, a number or a date (RFC 9110, 10.2.3); None: none."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    moment = _moment(text) if text else None
    return max(0.0, (moment - now).total_seconds()) if moment else None


def _is_sendable(text: str) -> bool:
    return len(text) <= _LONGEST_VALIDATOR and text.isascii() and text.isprintable()


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class RdapAnswers:
    """The latest answer about each domain, by the address that was asked."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[str, tuple[Validators, RegistrationFacts]] = OrderedDict()

    def get(self, url: str) -> tuple[Validators, RegistrationFacts] | None:
        """Return what was answered at an address."""
        found = self._known.get(url)
        if found is not None:
            self._known.move_to_end(url)
        return found

    def keep(self, url: str, validators: Validators, facts: RegistrationFacts) -> None:
        """Remember an answer, or, where it has no validator, forget the one before."""
        self._known.pop(url, None)
        if not (validators.conditions and facts.registered):
            return
        self._known[url] = (validators, facts)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
