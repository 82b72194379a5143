"""Rules about the delegation, the zone, and the addresses in it. Whose word counts: `rules.words`."""

from collections.abc import Mapping
from typing import Final

from monitor.failure import Failure
from monitor.judge.rules.fleet import by_itself
from monitor.judge.rules.rule import Rule, failed
from monitor.judge.rules.seizure_servers import of_seizures
from monitor.judge.rules.words import (
    Parent,
    delegated,
    listed,
    parent,
    points_elsewhere,
    records,
    resolvers_do,
    resolvers_say_gone,
    servers_contradict,
    servers_fail,
    which,
    zone_gone,
    zone_refused,
)
from monitor.judge.view import NAME_TROUBLE, View
from monitor.model import Layer, Status

_NO_ADDRESS: Final = frozenset({Failure.DNS_NXDOMAIN, Failure.DNS_NODATA, Failure.DNS_LOOP})
_NO_USE: Final = frozenset({Failure.DNS_SERVFAIL, Failure.DNS_REFUSED, Failure.DNS_MALFORMED})


def _seizure_servers(view: View) -> tuple[str, ...]:
    """Return the name servers that the zone is delegated to, where they are known for seized names.

    By the parent's word; a resolver's has to do where that cannot be had.
    """
    now = delegated(view)
    told = now or view.delegated
    if told is not None and of_seizures(told.delegated):
        return told.delegated
    known = view.records if now is None else None
    if known is None or not of_seizures(known.ns.values) or "NS" in known.disagreeing:
        return ()
    return known.ns.values if resolvers_do(view) else ()


def _removed(view: View) -> bool:
    """Tell whether the parent zone delegates nothing, by its own word where that could be had."""
    return zone_gone(view) and parent(view) in (Parent.GONE, Parent.NOT_WATCHED)


def _validates_not(view: View) -> bool:
    """Tell whether there is an answer as soon as nobody checks its signatures."""
    told = records(view)
    return (
        view.failure is Failure.DNS_SERVFAIL
        and told is not None
        and told.unchecked is not None
        and bool(told.unchecked.values)
    )


def _unvalidated(view: View) -> Mapping[str, str]:
    """Return whose name it is, else whether the parent zone has a DS record at all."""
    told = which(view)
    facts = delegated(view)
    if told["which"] or facts is None or facts.signed is not False:
        return told
    return {"which": "; the parent zone has no DS record of it now, resolvers may still know one"}


def _unreachable(view: View) -> bool:
    if view.failure not in NAME_TROUBLE - {Failure.ADDRESS_FORBIDDEN}:
        return False
    if servers_fail(view):
        return True
    return (
        view.failure in _NO_USE
        and (resolvers_do(view) or points_elsewhere(view))
        and not servers_contradict(view)
    )


def _no_address(view: View) -> bool:
    """Tell whether the name is not there: by the zone's servers, else by the resolvers."""
    answering = [word for word in listed(view) if word.authoritative]
    if answering and {word.knows_host for word in answering} == {False}:
        return view.failure in NAME_TROUBLE - {Failure.ADDRESS_FORBIDDEN}
    if view.failure not in _NO_ADDRESS or servers_contradict(view):
        return False
    return resolvers_do(view) or not resolvers_say_gone(view)


DNS: Final[tuple[Rule, ...]] = (
    Rule(
        id="dns.seized",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The zone is delegated to name servers that are known for seized names ({servers}).",
        matches=lambda view: bool(_seizure_servers(view)),
        of_answers=True,
        names=lambda view: {"servers": ", ".join(_seizure_servers(view)[:4])},
    ),
    Rule(
        id="dns.delegation_removed",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The name does not exist: the parent zone does not delegate it.",
        matches=_removed,
    ),
    Rule(
        id="dns.provider_dropped",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The parent zone delegates the name, but the listed servers refuse the zone ({servers}).",
        matches=by_itself(lambda view: view.failure in NAME_TROUBLE and zone_refused(view)),
        names=lambda view: {
            "servers": ", ".join(sorted({word.host for word in listed(view) if word.refuses})[:4])
        },
    ),
    Rule(
        id="dns.dnssec_broken",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence=(
            "The zone answers only when its signatures are not checked: DNSSEC does not validate{which}."
        ),
        matches=_validates_not,
        names=_unvalidated,
    ),
    Rule(
        id="dns.unreachable",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The name servers give no usable answer for the zone{which}.",
        matches=by_itself(_unreachable),
        names=which,
    ),
    Rule(
        id="dns.no_address",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="DNS answers that the name does not exist, or that it has no address{which}.",
        matches=_no_address,
        names=which,
    ),
    Rule(
        id="dns.sinkholed",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The name leads to a private or loopback address, where no visitor can follow.",
        matches=failed(Failure.ADDRESS_FORBIDDEN),
    ),
)
