"""Rules about the delegation, the zone, and the addresses in it."""

from typing import Final

from monitor.failure import Failure
from monitor.judge.rules.rule import Rule, failed, name_gone
from monitor.judge.view import View
from monitor.model import Layer, Status


def _zone_gone(view: View) -> bool:
    """Tell whether the whole zone does not exist, not only one name in it."""
    if not name_gone(view):
        return False
    if view.delegation is not None and view.delegation.failure is Failure.DNS_NXDOMAIN:
        return True  # the parent's own word
    records = view.records
    return records is None or records.ns.failure is Failure.DNS_NXDOMAIN


DNS: Final[tuple[Rule, ...]] = (
    Rule(
        id="dns.delegation_removed",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The name does not exist: the parent zone does not delegate it.",
        matches=_zone_gone,
    ),
    Rule(
        id="dns.no_address",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The zone answers, but the name has no address in it.",
        matches=failed(Failure.DNS_NXDOMAIN, Failure.DNS_NODATA, Failure.DNS_LOOP),
    ),
    Rule(
        id="dns.sinkholed",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The name leads to a private or loopback address, where no visitor can follow.",
        matches=failed(Failure.ADDRESS_FORBIDDEN),
    ),
    Rule(
        id="dns.unreachable",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The name servers give no usable answer for the zone.",
        matches=failed(Failure.DNS_SERVFAIL, Failure.DNS_REFUSED, Failure.DNS_MALFORMED),
    ),
)
