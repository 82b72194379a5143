"""Why a target is not up: an ordered table of rules. First match wins.

A rule is data: an id that never changes its meaning, the layer that failed, the status it stands
for, one sentence, and a condition on the view. Conditions read codes, never texts. A sentence says
what is seen and who can have set it, never why. Each rule stands in docs/diagnoses.md.

The order is from the outside in: what removes a name explains everything below it. A registration
on hold explains a name that does not exist; a name that does not exist explains a page that cannot
be fetched. Conditions of the outer rules therefore ask that the name is really gone: a hold whose
name still resolves from a cache has not taken effect.
"""

from typing import Final

from monitor.failure import OURS
from monitor.judge import last_address
from monitor.judge.rules import ANSWER, CONNECTION, DNS, EDGE, OFFLINE, OUTAGE, REGISTRATION, Rule
from monitor.judge.rules.seen import seen
from monitor.judge.view import NAME_TROUBLE, View
from monitor.model import UNSEEN, Layer, Observation, Probe, Status, Verdict

UNDETERMINED: Final = Rule(
    id="undetermined",
    layer=None,
    status=Status.UNKNOWN,
    reachable=None,
    sentence="What was seen does not say whether the target is there: {seen}.",
    matches=lambda view: view.failure is not None,
    names=lambda view: {"seen": seen(view)},
)

# The whole vocabulary, in order.
DIAGNOSES: Final[tuple[Rule, ...]] = (
    OFFLINE,
    *REGISTRATION,
    *DNS,
    OUTAGE,
    *EDGE,
    *CONNECTION,
    *ANSWER,
    UNDETERMINED,
)

_OF_ANSWERS: Final = tuple(rule for rule in DIAGNOSES if rule.of_answers)

# What is registered or delegated, and nothing of whether anything answers.
_ON_PAPER: Final = frozenset({Probe.REGISTRATION, Probe.DELEGATION})


def assess(view: View) -> Verdict:
    """Return what the facts mean now, unconfirmed. Pure; the first rule that matches decides."""
    lead = view.lead
    if OFFLINE.matches(view):
        return _verdict(OFFLINE, None, OFFLINE.said(view), ())
    if lead is None:
        return UNSEEN
    if lead.failure in OURS or lead.probe in _ON_PAPER:
        rule = UNDETERMINED if lead.failure else None
    else:
        rule = _first(_OF_ANSWERS if lead.failure is None else DIAGNOSES, view)
    if rule is None:
        return _well(lead)
    layer = _layer(rule, view)
    said = " ".join(filter(None, (rule.said(view), last_address.told(view))))
    return _verdict(rule, layer, said, tuple(seen.id for seen in _grounds(view, layer) if seen))


def _first(rules: tuple[Rule, ...], view: View) -> Rule | None:
    for rule in rules:
        if rule.matches(view):
            return rule
    return None


def _layer(rule: Rule, view: View) -> Layer | None:
    if rule is OUTAGE and view.outage is not None:
        return view.outage.layer
    return Layer.EDGE if rule.at_edge and view.behind_edge else rule.layer


def _verdict(rule: Rule, layer: Layer | None, sentence: str, based_on: tuple[str, ...]) -> Verdict:
    return Verdict(
        status=rule.status,
        reachable=rule.reachable,
        diagnosis=rule.id,
        layer=layer,
        sentence=sentence,
        based_on=based_on,
    )


def _grounds(view: View, layer: Layer | None) -> tuple[Observation | None, ...]:
    """Return the observations that a verdict rests on; a delegation speaks about names only."""
    named = layer in (Layer.DNS, Layer.REGISTRATION) or view.failure in NAME_TROUBLE
    delegation = view.delegation if named else None
    return (view.registration, delegation, view.dns, view.http, view.last_address)


def _well(lead: Observation) -> Verdict:
    """Return the verdict without a complaint. A registration alone never shows that a platform is there."""
    if lead.probe in _ON_PAPER:
        return UNSEEN
    return Verdict(status=Status.UP, reachable=True)
