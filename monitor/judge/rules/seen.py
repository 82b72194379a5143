"""What was seen, in words: which probe said what. For a diagnosis that has nothing better to name."""

from typing import Final

from monitor.judge.rules.words import servers_contradict
from monitor.judge.view import View
from monitor.model import (
    DelegationFacts,
    HttpFacts,
    Observation,
    Probe,
    RegistrationFacts,
    Verdict,
)

_ORDER: Final = {probe: index for index, probe in enumerate(Probe)}


def seen(view: View) -> str:
    """Return the leading probe's word, and those that were said since the trouble began."""
    words = [] if view.lead is None else [view.lead]
    others = [word for word in view.fresh if word.probe is not view.policy.lead]
    words += sorted(others, key=lambda word: _ORDER[word.probe])
    said = "; ".join(f"{word.probe}: {_told(word)}" for word in words)
    if servers_contradict(view):
        return f"{said}. The zone's own servers answer, where our resolvers do not"
    return said


def by_turns(*verdicts: Verdict | None) -> str:
    """Return what looks said that contradict one another."""
    said = sorted({verdict.diagnosis or str(verdict.status) for verdict in verdicts if verdict is not None})
    return f"looks contradict one another ({', '.join(said)})"


def _told(word: Observation) -> str:
    facts = word.facts
    if isinstance(facts, DelegationFacts) and facts.heard:
        if not facts.delegated:
            return f"{facts.parent} delegates nothing"
        answering = {each.host for each in facts.servers if each.authoritative}
        return f"{facts.parent} delegates to {len(facts.delegated)} servers, of which {len(answering)} answer"
    if word.failure is not None:
        return str(word.failure)
    if isinstance(facts, HttpFacts):
        return f"status {facts.status}"
    if isinstance(facts, RegistrationFacts):
        return " ".join(facts.statuses) or "registered" if facts.registered else "not registered"
    return "answered"
