"""Rules about the way to a server: its addresses, and its certificate."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from monitor.failure import Failure
from monitor.judge.rules.rule import Rule, failed
from monitor.judge.view import View
from monitor.model import HttpFacts, Layer, RevocationState, Status, TlsFacts, TriedAddress

_REFUSED: Final = frozenset({Failure.TCP_REFUSED, Failure.TCP_RESET})
_UNREACHABLE: Final = frozenset({Failure.TCP_TIMEOUT, Failure.TCP_UNREACHABLE, Failure.TLS_TIMEOUT})
_NAMED: Final = 4
"""Addresses, or names of a certificate, that a sentence tells."""


def _facts(view: View) -> HttpFacts | None:
    facts = view.lead.facts if view.lead is not None else None
    return facts if isinstance(facts, HttpFacts) else None


def _tls(view: View) -> TlsFacts | None:
    facts = _facts(view)
    return facts.tls if facts is not None else None


def _tried(view: View) -> tuple[TriedAddress, ...]:
    """Return the addresses that were tried in vain.

    Without those that may only be out of this machine's reach: many have no IPv6.
    """
    facts = _facts(view)
    tried = facts.tried if facts is not None else ()
    others = tuple(one for one in tried if not _has_no_ipv6(one))
    return others or tried


def _has_no_ipv6(one: TriedAddress) -> bool:
    return ":" in one.address and one.failure is Failure.TCP_UNREACHABLE


def _refused(view: View) -> bool:
    """Tell whether the connection is refused, at every address that was tried."""
    return view.failure in _REFUSED and all(one.failure in _REFUSED for one in _tried(view))


def _unreachable(view: View) -> bool:
    """Tell whether no connection comes about, in whatever way.

    Of a target that was never up, the lack of any way by IPv6 says as much of this machine.
    """
    tried = _tried(view)
    if view.baseline is None and tried and all(map(_has_no_ipv6, tried)):
        return False
    return view.failure in _UNREACHABLE or (view.failure in _REFUSED and not _refused(view))


def _where(view: View) -> Mapping[str, str]:
    tried = _tried(view)
    named = [f"{one.address} ({one.failure})" for one in tried[:_NAMED]]
    more = [f"{len(tried) - _NAMED} more"] if len(tried) > _NAMED else []
    return {"where": f": {', '.join([*named, *more])}" if named else ""}


def _which(view: View) -> Mapping[str, str]:
    """Return which certificate of the chain has expired, as far as what was sent shows it."""
    tls = _tls(view)
    if tls is None or view.lead is None:
        return {"which": "its own, or one above it"}
    at = view.lead.ended_at
    if tls.not_after < at:
        return {"which": f"its own was valid until {_day(tls.not_after)}"}
    own = f"its own is valid until {_day(tls.not_after)}"
    for link in tls.chain:
        if link.not_after is not None and link.not_after < at:
            called = f"“{link.subject}”" if link.subject else "a nameless one"
            return {"which": f"{called}, above its own, was valid until {_day(link.not_after)}; {own}"}
    return {"which": f"one above its own, which the server did not send; {own}"}


def _revoked(view: View) -> bool:
    page = view.page
    if page is None or page.tls is None or page.revocation is None:
        return False
    word = page.revocation
    return word.state is RevocationState.REVOKED and word.sha256 == page.tls.sha256


def _by_whom(view: View) -> Mapping[str, str]:
    facts, tls = _facts(view), _tls(view)
    word = facts.revocation if facts is not None else None
    if word is None or tls is None:
        return {"who": "Its authority", "when": ""}
    when = f" on {_day(word.revoked_at)}" if word.revoked_at else ""
    why = f" ({word.reason})" if word.reason else ""
    return {"who": tls.issuer_organization or tls.issuer or "Its authority", "when": f"{when}{why}"}


def _what(view: View) -> Mapping[str, str]:
    """Return what is wrong with the certificate, or the handshake."""
    tls = _tls(view)
    if view.failure is Failure.TLS_HANDSHAKE or tls is None:
        return {"what": "the handshake fails" if view.failure is Failure.TLS_HANDSHAKE else str(view.failure)}
    if view.failure is Failure.TLS_HOSTNAME:
        names = tls.names[:_NAMED] or (tls.subject or "nobody",)
        return {"what": f"it is for {', '.join(names)}"}
    if view.failure is Failure.TLS_NOT_YET_VALID:
        return {"what": f"it is valid from {_day(tls.not_before)} only"}
    issuer = tls.issuer_organization or tls.issuer or "nobody named"
    return {"what": f"issued by {issuer}, it does not lead to an authority that is trusted"}


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


CONNECTION: Final[tuple[Rule, ...]] = (
    Rule(
        id="network.unreachable",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=False,
        sentence="No connection to it comes about{where}.",
        matches=_unreachable,
        names=_where,
    ),
    Rule(
        id="network.refused",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=False,
        sentence="The connection is refused or reset, at every address that was tried{where}.",
        matches=_refused,
        names=_where,
    ),
    Rule(
        id="tls.expired",
        layer=Layer.CERTIFICATE,
        status=Status.DOWN,
        reachable=True,
        sentence="The certificate has expired: {which}.",
        matches=failed(Failure.TLS_EXPIRED),
        names=_which,
    ),
    Rule(
        id="tls.revoked",
        layer=Layer.CERTIFICATE,
        status=Status.DOWN,
        reachable=True,
        sentence="{who} has revoked the certificate{when}: the server answers, but browsers that ask refuse.",
        matches=_revoked,
        of_answers=True,
        names=_by_whom,
    ),
    Rule(
        id="tls.invalid",
        layer=Layer.CERTIFICATE,
        status=Status.DOWN,
        reachable=True,
        sentence="The server answers, but its certificate or handshake cannot be accepted: {what}.",
        matches=failed(
            Failure.TLS_NOT_YET_VALID, Failure.TLS_HOSTNAME, Failure.TLS_UNTRUSTED, Failure.TLS_HANDSHAKE
        ),
        names=_what,
    ),
)
