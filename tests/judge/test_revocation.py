"""When an authority is asked about a certificate, and what its word does to a target."""

from dataclasses import replace

import pytest
from judge.world import START, World, observe, page

from monitor import wire
from monitor.judge import step
from monitor.model import (
    FollowUp,
    HttpFacts,
    Observation,
    Policy,
    Probe,
    Revocation,
    RevocationState,
    Status,
    TlsFacts,
)

GOOD, REVOKED, UNKNOWN = RevocationState.GOOD, RevocationState.REVOKED, RevocationState.UNKNOWN


def certificate(sha256: str = "aa") -> TlsFacts:
    return TlsFacts(
        version="TLSv1.3",
        cipher="C",
        subject="parler.com",
        issuer="R3",
        issuer_organization="Let's Encrypt",
        not_before=START,
        not_after=START,
        sha256=sha256,
    )


def shown(
    state: RevocationState | None, *, sha256: str = "aa", due: bool = False, title: str = "Parler"
) -> HttpFacts:
    return page(tls=certificate(sha256), revocation=word(state, sha256), revocation_due=due, title=title)


def word(state: RevocationState | None, sha256: str = "aa") -> Revocation | None:
    return state and Revocation(sha256=sha256, state=state, checked_at=START, source="ocsp")


def look(world: World, facts: HttpFacts, times: int = 1) -> World:
    for _ in range(times):
        world.feed(Probe.HTTP, facts, after_s=10)
    return world


def answer(world: World, state: RevocationState) -> list[FollowUp]:
    seen: Observation = replace(observe(Probe.REVOCATION, world.now, page()), facts=word(state))
    outcome = step(world.state, seen, (), world.policy)
    world.state = outcome.state
    return list(outcome.follow_ups)


def asked(world: World) -> list[str | None]:
    return [f.certificate for f in world.follow_ups if f.probe is Probe.REVOCATION]


def test_the_authority_is_asked_when_that_is_due_and_only_then() -> None:
    world = look(World(), shown(UNKNOWN, due=True))
    look(world, shown(UNKNOWN))
    look(world, shown(GOOD))
    look(world, page())
    assert asked(world) == ["aa"]


def test_a_bad_word_has_the_page_looked_at_at_once_and_a_good_one_does_not() -> None:
    world = look(World(), shown(UNKNOWN), 2)
    assert answer(world, GOOD) == []
    assert answer(world, UNKNOWN) == []
    (again,) = answer(world, REVOKED)
    assert (again.probe, again.delay_s) == (Probe.HTTP, 0.0)
    look(world, shown(REVOKED), 3)
    assert answer(world, REVOKED) == [], "that is known"


def test_a_target_that_is_led_by_another_probe_is_not_looked_at_for_it() -> None:
    world = World(Policy(lead=Probe.DNS))
    assert answer(world, REVOKED) == []


def test_the_word_alone_is_no_run_and_is_not_kept_twice() -> None:
    world = look(World(), shown(GOOD), 2)
    memory = world.state.memory
    answer(world, REVOKED)
    assert world.state.memory is memory
    assert [run.probe for run in world.state.pulse.runs] == [Probe.HTTP]


def test_a_revoked_certificate_takes_a_target_down_though_it_answers_and_a_new_one_brings_it_back() -> None:
    world = look(World(), shown(GOOD), 2)
    look(world, shown(REVOKED), 3)
    verdict = world.state.memory.verdict
    assert (verdict.status, verdict.reachable, verdict.diagnosis) == (Status.DOWN, True, "tls.revoked")
    incident = world.state.memory.incident
    assert incident is not None
    assert wire.load_incident(wire.dump_incident(incident)) == incident
    look(world, shown(UNKNOWN, sha256="bb"), 2)
    assert world.state.memory.verdict.status is Status.UP
    assert world.told == ["status.changed", "incident.opened", "status.changed", "incident.resolved"]


@pytest.mark.parametrize("state", [UNKNOWN, GOOD, None])
def test_no_word_changes_no_status(state: RevocationState | None) -> None:
    world = look(World(), shown(GOOD), 2)
    look(world, shown(state), 9)
    assert world.told == []
    assert world.state.memory.verdict.status is Status.UP


def test_silence_takes_nothing_back() -> None:
    """After a restart, or while the authority does not answer, nothing is at hand."""
    world = look(World(), shown(GOOD), 2)
    look(world, shown(REVOKED), 3)
    look(world, shown(UNKNOWN, title="Another"), 9)
    assert world.state.memory.verdict.diagnosis == "tls.revoked"
    look(world, shown(GOOD), 2)
    assert world.state.memory.verdict.status is Status.UP, "a hold can be lifted"


def test_who_switches_the_question_off_is_not_told_of_old_answers() -> None:
    world = look(World(), shown(REVOKED), 3)
    look(world, shown(None), 2)
    assert world.state.memory.verdict.status is Status.UP


def test_the_memory_changes_once_for_a_certificate_and_not_at_a_restart() -> None:
    world = look(World(), shown(UNKNOWN, due=True), 2)
    before = world.state.memory
    look(world, shown(GOOD))
    memory = world.state.memory
    assert memory is not before
    look(world, shown(UNKNOWN, due=True))
    look(world, shown(GOOD))
    assert world.state.memory is memory


def test_a_page_is_learnt_while_the_authority_is_silent() -> None:
    world = look(World(), shown(GOOD), 2)
    look(world, shown(UNKNOWN, title="Parler, new"), 3)
    assert world.state.memory.baseline is not None
    assert world.state.memory.baseline.title == "Parler, new"
