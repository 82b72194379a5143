"""When a value is the labelled one.

- **Dates**: the same day. Labels of replies that have only a date, or no zone, say midnight.
- **Name servers, status**: the same set. Case, trailing dots and the spelling of EPP codes (`client hold`
  is `clientHold`) do not count. A part of the set is wrong, not half right.
- **Registrar**: the same letters and digits, whatever their case, the white space and the punctuation between
  them: `MarkMonitor, Inc.` is `MARKMONITOR INC`, and neither is `MarkMonitor`. What registries write behind a
  name is no part of it on either side: a web page or a handle in brackets (`Whois Corp.(http://whois.co.kr)`,
  `Donuts Internal (9999)`, `… [Tag = MARKMONITOR]`).
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from monitor.probe.epp import epp_status

_BRACKETS: Final = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*$")


def registrar(name: str) -> str:
    """Return what has to be equal of two names of one registrar."""
    shown = unicodedata.normalize("NFKC", name).casefold()
    bare = _BRACKETS.sub("", shown) or shown
    return "".join(letter for letter in bare if letter.isalnum()) or bare.strip()


def day(moment: datetime | str) -> str:
    """Return the day of a moment, or of ISO text."""
    return moment.date().isoformat() if isinstance(moment, datetime) else moment[:10]


def hosts(names: Iterable[str]) -> frozenset[str]:
    """Return names of hosts as they are compared: A-labels, lower case, no trailing dot."""
    return frozenset(name.strip().rstrip(".").lower() for name in names if name.strip())


def statuses(texts: Iterable[str]) -> frozenset[str]:
    """Return statuses as they are compared."""
    return frozenset(re.sub(r"[\s_-]", "", epp_status(text)).casefold() for text in texts if text.strip())
