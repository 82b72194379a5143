"""Status of a registration: every spelling in use, brought back to the EPP codes of RFC 5731."""

import re
from collections.abc import Iterable
from typing import Final

from monitor.probe.text import clean

# RFC 5731 section 2.3, RFC 3915 section 3.1.
_CODES: Final = (  # noqa: SIM905 - a table of words reads better than one of quotes
    "ok inactive clientHold serverHold"
    " clientDeleteProhibited clientRenewProhibited clientTransferProhibited clientUpdateProhibited"
    " serverDeleteProhibited serverRenewProhibited serverTransferProhibited serverUpdateProhibited"
    " pendingCreate pendingDelete pendingRenew pendingRestore pendingTransfer pendingUpdate"
    " addPeriod autoRenewPeriod renewPeriod redemptionPeriod transferPeriod linked"
).split()
_BY_LETTERS: Final = {code.lower(): code for code in _CODES}
# RFC 8056 section 2: where the RDAP word is not the EPP code with spaces.
_RDAP_WORDS: Final = {"active": "ok", "associated": "linked"}
# whois.gg, whois.je: `Transfer Prohibited by Registrar`.
_BY_WHOM: Final = re.compile(
    r"(delete|renew|transfer|update) prohibited by (registrar|registry)", re.IGNORECASE
)
_WHO: Final = {"registrar": "client", "registry": "server"}
_NOTE: Final = re.compile(r"\s*(?:\(.*|-*\s*https?://.*)$", re.DOTALL)
_MAX_LENGTH: Final = 80


def epp_status(text: str) -> str:
    """Return the EPP code that `text` means, else the text as published without its remarks, fit to be kept.

    `client hold`, `CLIENTHOLD`, `clientHold https://icann.org/epp#clientHold` and
    `client-hold (see …)` all mean `clientHold`.
    """
    bare = _NOTE.sub("", " ".join(text.split()))
    if match := _BY_WHOM.fullmatch(bare):
        action, who = match.groups()
        return _BY_LETTERS[f"{_WHO[who.lower()]}{action.lower()}prohibited"]
    letters = re.sub(r"[\s_-]", "", bare).lower()
    return _BY_LETTERS.get(letters) or clean(bare, _MAX_LENGTH)


def rdap_status(text: str) -> str:
    """Return the EPP code of an RDAP status value (RFC 8056 section 2)."""
    return _RDAP_WORDS.get(text.strip().lower()) or epp_status(text)


def sorted_statuses(statuses: Iterable[str]) -> tuple[str, ...]:
    """Return the statuses sorted, none twice whatever its case, 50 at most."""
    distinct = {status.lower(): status for status in sorted(statuses, reverse=True) if status}
    return tuple(sorted(distinct.values())[:50])
