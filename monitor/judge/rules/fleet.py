"""Rules about what no single target shows: our own trouble, and that of a provider of many."""

from collections.abc import Callable
from typing import Final

from monitor.judge.rules.rule import Rule
from monitor.judge.trouble import trouble_of
from monitor.judge.view import View
from monitor.model import Layer, Status

OFFLINE: Final = Rule(
    id="monitor.offline",
    layer=None,
    status=Status.UNKNOWN,
    reachable=None,
    sentence="The monitor itself is cut off: most of what it compares itself with does not answer.",
    matches=lambda view: view.offline,
)


def in_outage(view: View) -> bool:
    """Tell whether the provider's outage explains what is seen."""
    return view.outage is not None and view.outage.trouble is trouble_of(view.lead)


def by_itself(condition: Callable[[View], bool]) -> Callable[[View], bool]:
    """Return the condition for a target that does not fail together with others of its provider."""
    return lambda view: condition(view) and not in_outage(view)


OUTAGE: Final = Rule(
    id="provider.outage",
    layer=Layer.NETWORK,  # or whichever the provider operates: `monitor.judge.diagnose`
    status=Status.DOWN,
    reachable=False,
    sentence="Unrelated targets of the same provider fail together, and none of their records has changed.",
    matches=in_outage,
    at_edge=True,
    of_answers=True,
)
