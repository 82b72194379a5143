"""The address at which a target was last seen up: when it is asked again, and what its answer means.

A name that is gone takes nothing off a server. Whether the server is still there is what tells a hold of
the registration from the end of the hosting; so the last known address is asked once, when the name stops
leading anywhere, or leads elsewhere to something that is not the target. The answer explains. It never
changes a status: visitors do not get there by an address that they do not know.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address
from typing import Final

from monitor.failure import Failure
from monitor.judge.view import View
from monitor.model import (
    FollowUp,
    HttpFacts,
    LastAddressFacts,
    Layer,
    Memory,
    Observation,
    PageBaseline,
    Policy,
    Probe,
    Status,
    TargetState,
)

_ASTRAY: Final = frozenset(
    {
        Failure.DNS_NXDOMAIN,
        Failure.DNS_NODATA,
        Failure.DNS_SERVFAIL,
        Failure.DNS_REFUSED,
        Failure.DNS_MALFORMED,
        Failure.DNS_LOOP,
        Failure.ADDRESS_FORBIDDEN,
    }
)
"""The name leads nowhere. Not silence: that is one of our resolvers', as a rule."""
_PAGE: Final = range(200, 300)


def ask(state: TargetState, after: Memory, observation: Observation, policy: Policy) -> tuple[FollowUp, ...]:
    """Return the question to the last known address, when a target has just gone from it; else nothing.

    `state` is that before the observation. Once when the name stops leading anywhere, or when a target
    that was up begins to fail at other addresses than it had.
    """
    before = state.memory
    if observation.probe is not Probe.HTTP or policy.lead is not Probe.HTTP or before.baseline is None:
        return ()
    if observation.failure in _ASTRAY:
        gone = _latest(before) not in _ASTRAY
    else:
        began = before.suspected is None and after.suspected is not None
        gone = began and after.suspected is not None and after.suspected.status is not Status.UP
    since = _last_good(state) if gone else None
    known = _known(before) if since else ()
    if since is None or not known or not _elsewhere(observation, known):
        return ()
    reason = "the name does not lead to the last known address"
    return (
        FollowUp(probe=Probe.LAST_ADDRESS, delay_s=0.0, reason=reason, address=known[0], last_good_at=since),
    )


def told(view: View) -> str:
    """Return what the last known address says, as one sentence; empty when it was not asked."""
    seen = view.last_address
    if seen is None or not isinstance(seen.facts, LastAddressFacts):
        return ""
    where, answer = seen.facts.asked_address, seen.facts.answer
    if seen.failure is None and answer is not None:
        if _is_its_page(answer, view.baseline, view.policy):
            return (
                f"The server at the last known address ({where}) still serves its page: the hosting stands."
            )
        return f"The last known address ({where}) still answers for it, with status {answer.status}."
    if seen.failure is not None and seen.failure.startswith("tls_"):
        return f"The last known address ({where}) still answers, but not in its name ({seen.failure})."
    return f"The last known address ({where}) does not answer for it any more ({seen.failure})."


def settled(memory: Memory, policy: Policy, observation: Observation) -> Memory:
    """Return the memory without the last known address once the target is up: it was of that absence."""
    if observation.probe is not policy.lead or memory.suspected is not None:
        return memory
    if memory.verdict.status is not Status.UP or all(s.probe is not Probe.LAST_ADDRESS for s in memory.seen):
        return memory
    return replace(memory, seen=tuple(s for s in memory.seen if s.probe is not Probe.LAST_ADDRESS))


def _latest(memory: Memory) -> Failure | None:
    return next((seen.failure for seen in memory.seen if seen.probe is Probe.HTTP), None)


def _last_good(state: TargetState) -> datetime | None:
    """Return until when the target was seen up; None: it was not."""
    memory = state.memory
    if memory.incident is not None:
        return memory.incident.opened_at
    if memory.verdict.status is not Status.UP:
        return None
    if memory.suspected is not None:
        return memory.suspected_since
    return next((run.at for run in state.pulse.runs if run.probe is Probe.HTTP), None)


def _known(memory: Memory) -> tuple[str, ...]:
    """Return the addresses at which the target was last believed to be, the one that answered first."""
    networks = (layer for layer in memory.layers if layer.layer is Layer.NETWORK)
    values = (evidence.value for layer in networks for evidence in layer.confirmed.evidence)
    believed = sorted(filter(_is_address, values), key=lambda address: ":" in address)
    page = next((seen.facts for seen in memory.seen if seen.probe is Probe.HTTP), None)
    answered = page.address if isinstance(page, HttpFacts) and page.status else None
    if answered in believed:
        return (answered, *(address for address in believed if address != answered))
    if not believed and answered and isinstance(page, HttpFacts) and not page.redirects:
        return (answered,)
    return tuple(believed)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _elsewhere(observation: Observation, known: Iterable[str]) -> bool:
    """Tell whether the look did not get to any of these addresses."""
    facts = observation.facts
    if observation.failure in _ASTRAY:
        return True
    if not isinstance(facts, HttpFacts) or facts.redirects:
        return False
    now = {facts.address, *(tried.address for tried in facts.tried)}
    return bool(now - {None}) and now.isdisjoint(known)


def _is_its_page(answer: HttpFacts, usual: PageBaseline | None, policy: Policy) -> bool:
    if answer.status not in _PAGE:
        return False
    if usual is None or answer.title == usual.title:
        return usual is not None
    return usual.text_length > 0 and answer.text_length >= usual.text_length * policy.placeholder_ratio
