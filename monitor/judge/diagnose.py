"""Why a target is not up: an ordered table of rules. First match wins.

A rule is data: an id that never changes its meaning, the layer that failed, the status it stands
for, one sentence, and a condition on the view. Conditions read codes, never texts. A sentence says
what is seen and who can have set it, never why. Each rule stands in docs/diagnoses.md.

The order is from the outside in: what removes a name explains everything below it. A registration
on hold explains a name that does not exist; a name that does not exist explains a page that cannot
be fetched. Conditions of the outer rules therefore ask that the name is really gone: a hold whose
name still resolves from a cache has not taken effect.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from monitor.failure import OURS, Failure
from monitor.judge.view import View
from monitor.model import UNSEEN, Layer, Observation, Probe, Status, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One way of not being up."""

    id: str
    layer: Layer | None
    """None: nothing can be said about the layer."""
    status: Status
    reachable: bool | None
    sentence: str
    matches: Callable[[View], bool]
    at_edge: bool = False
    """Whether the layer is `edge` instead, where one is known to stand in front."""


def _failed(*failures: Failure) -> Callable[[View], bool]:
    return lambda view: view.failure in failures


def _answered(*codes: int) -> Callable[[View], bool]:
    return lambda view: view.page is not None and view.page.status in codes


def _name_gone(view: View) -> bool:
    """Tell whether the name does not exist, in the eyes of the probe that decides."""
    return view.failure is Failure.DNS_NXDOMAIN


def _zone_gone(view: View) -> bool:
    """Tell whether the whole zone does not exist, not only one name in it."""
    if not _name_gone(view):
        return False
    if view.delegation is not None and view.delegation.failure is Failure.DNS_NXDOMAIN:
        return True  # the parent's own word
    records = view.records
    return records is None or records.ns.failure is Failure.DNS_NXDOMAIN


def _has_status(*codes: str) -> Callable[[View], bool]:
    return lambda view: view.registered is not None and any(c in view.registered.statuses for c in codes)


def _registry_hold(view: View) -> bool:
    return _name_gone(view) and _has_status("serverHold")(view)


def _registrar_hold(view: View) -> bool:
    return _name_gone(view) and _has_status("clientHold")(view)


def _deleted(view: View) -> bool:
    return _name_gone(view) and view.registered is not None and not view.registered.registered


def _expired(view: View) -> bool:
    if not (_name_gone(view) and view.registered and view.registration):
        return False
    if _has_status("redemptionPeriod", "pendingDelete")(view):
        return True
    return view.registered.expires is not None and view.registered.expires < view.registration.ended_at


def _challenged(view: View) -> bool:
    """Tell whether what answered wants a browser or fewer questions, and so says nothing of the target."""
    page = view.page
    if page is None:
        return False
    if page.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return ("cf-mitigated", "challenge") in page.headers


def _forbidden_from_here(view: View) -> bool:
    """Tell whether access is refused to us, who never had any."""
    return _answered(401, 403)(view) and view.baseline is None


def _server_error(view: View) -> bool:
    return view.page is not None and view.page.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _client_error(view: View) -> bool:
    return view.page is not None and view.page.status >= HTTPStatus.BAD_REQUEST


def _no_page(view: View) -> bool:
    """Tell whether something answers with neither a page nor an error: a bare 1xx or 3xx."""
    return view.page is not None and not HTTPStatus.OK <= view.page.status < HTTPStatus.MULTIPLE_CHOICES


def _placeholder(view: View) -> bool:
    """Tell whether the page has lost nearly all of its usual text, and its title with it."""
    page, usual = view.page, view.baseline
    if page is None or usual is None or usual.text_length < view.policy.placeholder_min_text:
        return False
    shrunk = page.text_length < usual.text_length * view.policy.placeholder_ratio
    return shrunk and page.title != usual.title


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="registry.hold",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence="The registry has put the registration on hold (serverHold): the name is out of the zone.",
        matches=_registry_hold,
    ),
    Rule(
        id="registrar.hold",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence="The registrar has put the registration on hold (clientHold): the name is out of the zone.",
        matches=_registrar_hold,
    ),
    Rule(
        id="registration.deleted",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence="The registry says that the domain is not registered.",
        matches=_deleted,
    ),
    Rule(
        id="registration.expired",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence="The registration is past its expiry and the name no longer exists.",
        matches=_expired,
    ),
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
        matches=_failed(Failure.DNS_NXDOMAIN, Failure.DNS_NODATA, Failure.DNS_LOOP),
    ),
    Rule(
        id="dns.sinkholed",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The name leads to a private or loopback address, where no visitor can follow.",
        matches=_failed(Failure.ADDRESS_FORBIDDEN),
    ),
    Rule(
        id="dns.unreachable",
        layer=Layer.DNS,
        status=Status.DOWN,
        reachable=False,
        sentence="The name servers give no usable answer for the zone.",
        matches=_failed(Failure.DNS_SERVFAIL, Failure.DNS_REFUSED, Failure.DNS_MALFORMED),
    ),
    Rule(
        id="network.unreachable",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=False,
        sentence="The address does not answer.",
        matches=_failed(Failure.TCP_TIMEOUT, Failure.TCP_UNREACHABLE, Failure.TLS_TIMEOUT),
    ),
    Rule(
        id="network.refused",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=False,
        sentence="The address refuses the connection.",
        matches=_failed(Failure.TCP_REFUSED, Failure.TCP_RESET),
    ),
    Rule(
        id="tls.expired",
        layer=Layer.CERTIFICATE,
        status=Status.DOWN,
        reachable=True,
        sentence="The certificate has expired.",
        matches=_failed(Failure.TLS_EXPIRED),
    ),
    Rule(
        id="tls.invalid",
        layer=Layer.CERTIFICATE,
        status=Status.DOWN,
        reachable=True,
        sentence="The server answers, but its certificate or handshake cannot be accepted.",
        matches=_failed(
            Failure.TLS_NOT_YET_VALID, Failure.TLS_HOSTNAME, Failure.TLS_UNTRUSTED, Failure.TLS_HANDSHAKE
        ),
    ),
    Rule(
        id="http.legal_block",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=True,
        sentence="The server answers 451: unavailable for legal reasons.",
        matches=_answered(451),
        at_edge=True,
    ),
    Rule(
        id="challenge",
        layer=None,
        status=Status.UNKNOWN,
        reachable=None,
        sentence="What answers asks this vantage for a browser or for patience: blocked from here.",
        matches=lambda view: _challenged(view) or _forbidden_from_here(view),
    ),
    Rule(
        id="http.forbidden",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=True,
        sentence="The server refuses access to a page that it used to serve.",
        matches=_answered(401, 403),
        at_edge=True,
    ),
    Rule(
        id="http.server_error",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=False,
        sentence="The server gives no usable answer: an error of its own, nothing in time, or no HTTP.",
        matches=lambda view: (
            _server_error(view)
            or _failed(
                Failure.HTTP_TIMEOUT,
                Failure.HTTP_DISCONNECTED,
                Failure.HTTP_MALFORMED,
                Failure.HTTP_HEADERS_TOO_LARGE,
            )(view)
        ),
        at_edge=True,
    ),
    Rule(
        id="http.client_error",
        layer=Layer.NETWORK,
        status=Status.DOWN,
        reachable=True,
        sentence="The server answers, but has no such page.",
        matches=lambda view: (
            _client_error(view)
            or _no_page(view)
            or _failed(Failure.HTTP_TOO_MANY_REDIRECTS, Failure.HTTP_BAD_REDIRECT)(view)
        ),
        at_edge=True,
    ),
    Rule(
        id="content.placeholder",
        layer=Layer.NETWORK,
        status=Status.DEGRADED,
        reachable=True,
        sentence="A page answers, but nearly all of the usual text is gone: reachable, not restored.",
        matches=_placeholder,
        at_edge=True,
    ),
)

UNDETERMINED: Final = Rule(
    id="undetermined",
    layer=None,
    status=Status.UNKNOWN,
    reachable=None,
    sentence="What was seen does not say whether the target is there.",
    matches=lambda view: view.failure is not None,
)

# The whole vocabulary of this step, in order.
DIAGNOSES: Final[tuple[Rule, ...]] = (*RULES, UNDETERMINED)

# A silent or broken look-up of our own, and silence of our resolvers, say nothing about a target.
_SAYS_NOTHING: Final = OURS | {Failure.DNS_TIMEOUT}
# What is registered or delegated, and nothing of whether anything answers.
_ON_PAPER: Final = frozenset({Probe.REGISTRATION, Probe.DELEGATION})


def assess(view: View) -> Verdict:
    """Return what the facts mean now, unconfirmed. Pure; the first rule that matches decides."""
    lead = view.lead
    if lead is None:
        return UNSEEN
    if lead.failure in _SAYS_NOTHING or lead.probe in _ON_PAPER:
        rule = UNDETERMINED if lead.failure else None
    else:
        rule = next((rule for rule in DIAGNOSES if rule.matches(view)), None)
    if rule is None:
        return _well(lead)
    layer = Layer.EDGE if rule.at_edge and view.behind_edge else rule.layer
    return Verdict(
        status=rule.status,
        reachable=rule.reachable,
        diagnosis=rule.id,
        layer=layer,
        sentence=rule.sentence,
        based_on=tuple(seen.id for seen in _grounds(view, layer) if seen),
    )


def _grounds(view: View, layer: Layer | None) -> tuple[Observation | None, ...]:
    """Return the observations that a verdict rests on; a delegation speaks about the dns layer only."""
    delegation = view.delegation if layer is Layer.DNS else None
    return (view.registration, delegation, view.dns, view.http)


def _well(lead: Observation) -> Verdict:
    """Return the verdict without a complaint. A registration alone never shows that a platform is there."""
    if lead.probe in _ON_PAPER:
        return UNSEEN
    return Verdict(status=Status.UP, reachable=True)
