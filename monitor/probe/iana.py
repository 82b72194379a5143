"""What IANA says about the WHOIS server of a top-level domain, where no table knows one.

One question for each top-level domain in days: what was said is kept, "there is none" too.
"""

from datetime import datetime, timedelta
from typing import Final

from monitor.failure import Failure
from monitor.probe.error import ProbeError
from monitor.probe.names import host_name, suffix_name

_KEPT: Final = timedelta(days=7)
_KEPT_NONE: Final = timedelta(days=2)
# Top-level domains come from the configuration; this many at most exist.
_MOST: Final = 4_096
_NONE: Final = "this query returned 0 object"


def read_iana(tld: str, text: str) -> str | None:
    """Return the WHOIS server that IANA's reply names for a top-level domain; None: it has none.

    Raises ProbeError(`registration_unparsable`) for a reply that is not about `tld`.
    """
    rows: list[tuple[str, str]] = []
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon and not line.startswith("%"):
            rows.append((key.strip().lower(), value.strip().lower()))
    if not any(key == "domain" and suffix_name(value) == tld for key, value in rows):
        if _NONE in text.lower():
            return None
        raise ProbeError(Failure.REGISTRATION_UNPARSABLE, f"IANA gave no answer about .{tld}")
    named = next((value for key, value in rows if key in {"whois", "refer"} and value), "")
    # A name, never an address: what it leads to is looked at before it is connected to.
    return host_name(named) if "." in named else None


class TldServers:
    """What IANA has said."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str | None, datetime]] = {}

    def said(self, tld: str, now: datetime) -> tuple[str | None] | None:
        """Return the server that IANA named, in a tuple; None: it has not been asked, or too long ago."""
        found = self._said.get(tld)
        if found is None:
            return None
        server, at = found
        # A clock that was set back makes it older than it is, not younger.
        if abs(now - at) > (_KEPT if server else _KEPT_NONE):
            return None
        return (server,)

    def keep(self, tld: str, server: str | None, now: datetime) -> None:
        """Remember what IANA said."""
        if len(self._said) >= _MOST:
            self._said.pop(next(iter(self._said)))
        self._said[tld] = (server, now)
