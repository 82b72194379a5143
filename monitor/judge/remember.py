"""What of an observation is remembered.

Timings, TTLs, hashes and rotating addresses differ every time and tell nothing new. Keeping the
earlier observation while the story is the same keeps the memory of a target the same object, and
so spares the store and the pages the work of writing it again.
"""

from dataclasses import replace
from typing import Any, Final

from monitor.failure import OURS
from monitor.judge import revocation
from monitor.model import (
    ON_REQUEST,
    PAGES,
    DelegationFacts,
    DnsFacts,
    HttpFacts,
    LastAddressFacts,
    Memory,
    Observation,
    Probe,
    Pulse,
    RegistrationFacts,
    Run,
)

_ORDER: Final = {probe: index for index, probe in enumerate(Probe)}


def story(observation: Observation) -> tuple[Any, ...]:
    """Return the part of an observation that a rule, a page or a person would act on."""
    facts = observation.facts
    if isinstance(facts, HttpFacts):
        tls = facts.tls.sha256 if facts.tls else None
        # Text length in powers of two: a page that grows by a comment is the same page.
        size = facts.text_length.bit_length()
        signs = tuple(sign.id for sign in facts.signs) if facts.signs else ()
        unmet = tuple(one.condition for one in facts.expected.unmet) if facts.expected else ()
        word = facts.revocation.state if facts.revocation else None
        return (observation.failure, facts.status, facts.url, facts.title, tls, size, signs, unmet, word)
    if isinstance(facts, DnsFacts):
        answers = (facts.a, facts.aaaa, facts.ns, facts.mx, facts.soa)
        codes = tuple((answer.rcode, answer.failure) for answer in answers)
        return (observation.failure, codes, facts.ns.values, facts.mx.values, facts.cname_chain)
    if isinstance(facts, RegistrationFacts):
        # A registration that has run out meanwhile is another story, though every word is the same.
        past = facts.expires is not None and facts.expires < observation.ended_at
        return (observation.failure, facts, past)
    if isinstance(facts, DelegationFacts):
        words = tuple((word.host, word.failure, word.authoritative) for word in facts.servers)
        told = (facts.parent, facts.delegated, facts.signed, facts.agree, facts.domains)
        return (observation.failure, told, words)
    if isinstance(facts, LastAddressFacts):
        answer = facts.answer
        return (observation.failure, facts.asked_address, answer and (answer.status, answer.title))
    return (observation.failure,)


def remember(memory: Memory, observation: Observation, *, well: bool) -> Memory:
    """Return the memory with the observation in place of an older one that says something else.

    `well`: nothing is wrong, so the text of the page is no evidence and is not kept. A look-up that
    failed for our own reasons, or that brought no records, never displaces what is known: `Pulse`
    says that it failed, and when.
    """
    if not displaces(memory, observation):
        return memory
    for index, seen in enumerate(memory.seen):
        if seen.probe is observation.probe:
            observation = revocation.carried(observation, seen)
            if story(seen) == story(observation):
                return memory
            kept = (*memory.seen[:index], _lean(observation, well=well), *memory.seen[index + 1 :])
            return replace(memory, seen=kept)
    kept = tuple(sorted((*memory.seen, _lean(observation, well=well)), key=lambda o: _ORDER[o.probe]))
    return replace(memory, seen=kept)


def displaces(memory: Memory, observation: Observation) -> bool:
    """Tell whether an observation has a word that may stand in place of what is known."""
    if observation.failure in OURS or observation.probe is Probe.REVOCATION:
        return False  # what an authority said stands in the facts of the page that shows the certificate
    return observation.probe in PAGES or observation.facts is not None or not _has(memory, observation.probe)


def _has(memory: Memory, probe: Probe) -> bool:
    return any(seen.probe is probe for seen in memory.seen)


def _lean(observation: Observation, *, well: bool) -> Observation:
    if well and isinstance(observation.facts, HttpFacts) and observation.facts.excerpt:
        return replace(observation, facts=replace(observation.facts, excerpt=""))
    return observation


def count_run(pulse: Pulse, observation: Observation) -> Pulse:
    """Return the pulse with the run of this check in it; what runs on request alone has no last run."""
    if observation.probe in ON_REQUEST:
        return pulse
    facts = observation.facts
    status = facts.status if isinstance(facts, HttpFacts) and observation.failure is None else None
    before = next((run for run in pulse.runs if run.probe is observation.probe), None)
    went_on = before is not None and (before.failure is None) == (observation.failure is None)
    run = Run(
        probe=observation.probe,
        at=observation.ended_at,
        duration_s=observation.duration_s,
        failure=observation.failure,
        in_a_row=before.in_a_row + 1 if before is not None and went_on else 1,
        http_status=status,
    )
    if before is None:
        runs = tuple(sorted((*pulse.runs, run), key=lambda r: _ORDER[r.probe]))
    else:
        runs = tuple(run if r.probe is observation.probe else r for r in pulse.runs)
    return replace(pulse, runs=runs)
