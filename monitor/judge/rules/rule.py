"""What a rule is, and the conditions that several rules share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitor.failure import Failure
from monitor.judge.view import View
from monitor.model import Layer, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One way of not being up."""

    id: str
    layer: Layer | None
    """None: nothing can be said about the layer."""
    status: Status
    reachable: bool | None
    sentence: str
    """As docs/diagnoses.md has it; `{codes}` and the like stand for what `names` says of a view."""
    matches: Callable[[View], bool]
    at_edge: bool = False
    """Whether the layer is `edge` instead, where one is known to stand in front."""
    of_answers: bool = False
    """Whether it may match although the leading look did not fail; the others need not be asked then."""
    names: Callable[[View], Mapping[str, str]] | None = None
    """What the sentence has to name, by placeholder; None: it names nothing."""

    def said(self, view: View) -> str:
        """Return the sentence about what is seen."""
        return self.sentence.format(**self.names(view)) if self.names is not None else self.sentence


def failed(*failures: Failure) -> Callable[[View], bool]:
    """Return the condition that the leading observation ended in one of these failures."""
    return lambda view: view.failure in failures


def answered(*codes: int) -> Callable[[View], bool]:
    """Return the condition that a page came with one of these status codes."""
    return lambda view: view.page is not None and view.page.status in codes


def name_gone(view: View) -> bool:
    """Tell whether the name does not exist, in the eyes of the probe that decides."""
    return view.failure is Failure.DNS_NXDOMAIN
