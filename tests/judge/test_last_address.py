"""When the last known address is asked, and what its answer adds to the word on a target that is gone."""

from dataclasses import replace
from datetime import datetime

import pytest
from judge.world import START, TEXT, World, observe, page, records, registration

from monitor import wire
from monitor.failure import Failure
from monitor.judge import step
from monitor.model import (
    Attribution,
    Evidence,
    FollowUp,
    HttpFacts,
    LastAddressFacts,
    Layer,
    Probe,
    Provider,
    Status,
    TriedAddress,
)

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.9"


def network(*addresses: str) -> Attribution:
    return Attribution(
        layer=Layer.NETWORK,
        providers=(Provider(id="amazon", name="Amazon"),),
        evidence=tuple(Evidence(provider="amazon", value=value, rule="r", source="s") for value in addresses),
    )


def up(*addresses: str) -> World:
    """Return a target that is up at these addresses; its page came from the last one."""
    addresses = addresses or (HOME,)
    world = World()
    world.feed(Probe.DNS, records(a=addresses), network(*addresses))
    world.feed(Probe.HTTP, page(address=addresses[-1]))
    world.feed(Probe.HTTP, page(address=addresses[-1]))
    assert world.state.memory.verdict.status is Status.UP
    return world


def asked(world: World) -> list[tuple[str | None, datetime | None]]:
    return [(f.address, f.last_good_at) for f in world.follow_ups if f.probe is Probe.LAST_ADDRESS]


def answered(world: World, answer: HttpFacts | None, failure: Failure | None = None) -> None:
    """Feed what the last known address said."""
    facts = LastAddressFacts(asked_address=HOME, last_good_at=START, answer=answer)
    seen = replace(observe(Probe.LAST_ADDRESS, world.now, page()), failure=failure, facts=facts)
    world.state = step(world.state, seen, (), world.policy).state


def gone(world: World) -> World:
    for _ in range(3):
        world.feed(Probe.HTTP, Failure.DNS_NXDOMAIN, after_s=10)
    return world


def test_a_name_that_is_gone_has_its_last_address_asked_once() -> None:
    world = up()
    good = world.now
    gone(world)
    assert asked(world) == [(HOME, good)]


def test_the_address_that_answered_is_asked_among_several() -> None:
    assert [address for address, _ in asked(gone(up("192.0.2.7", "192.0.2.9")))] == ["192.0.2.9"]


def test_a_name_that_goes_in_the_course_of_an_incident_has_its_address_asked_too() -> None:
    world = up()
    good = world.now
    world.http("fff")
    assert world.state.memory.incident is not None
    gone(world)
    ((address, since),) = asked(world)
    assert address == HOME
    assert since is not None
    assert since > good, "it was up until the incident began"


@pytest.mark.parametrize("failure", [Failure.DNS_TIMEOUT, Failure.UNKNOWN, Failure.MISSED])
def test_silence_of_our_own_resolvers_asks_nobody(failure: Failure) -> None:
    world = up()
    world.feed(Probe.HTTP, failure)
    assert asked(world) == []


def test_a_target_that_was_never_up_has_no_last_address() -> None:
    world = World()
    world.feed(Probe.DNS, records(), network(HOME))
    assert asked(gone(world)) == []


def test_an_address_that_was_just_tried_is_not_tried_again() -> None:
    world = up()
    refused = page(0, tried=(TriedAddress(address=HOME, failure=Failure.TCP_REFUSED),))
    _feed_broken(world, refused)
    assert asked(world) == []


def test_a_name_that_leads_elsewhere_to_something_broken_has_its_last_address_asked() -> None:
    world = up()
    _feed_broken(world, page(0, tried=(TriedAddress(address=ELSEWHERE, failure=Failure.TCP_REFUSED),)))
    assert [address for address, _ in asked(world)] == [HOME]


def _feed_broken(world: World, facts: HttpFacts) -> list[FollowUp]:
    seen = replace(observe(Probe.HTTP, world.now, Failure.TCP_REFUSED), facts=facts)
    outcome = step(world.state, seen, (), world.policy)
    world.state = outcome.state
    world.follow_ups += outcome.follow_ups
    return list(outcome.follow_ups)


def told(answer: HttpFacts | None, failure: Failure | None = None) -> World:
    """Return a target on hold, whose last known address said this at the first sign of trouble."""
    world = up()
    world.feed(Probe.HTTP, Failure.DNS_NXDOMAIN)
    answered(world, answer, failure)
    world.feed(Probe.REGISTRATION, registration("clientHold"), after_s=1)
    return gone(world)


SERVES = f"The server at the last known address ({HOME}) still serves its page: the hosting stands."
LAST = f"The last known address ({HOME})"


@pytest.mark.parametrize(
    ("answer", "failure", "sentence"),
    [
        (page(), None, SERVES),
        (page(title="Another", text=TEXT), None, SERVES),
        (page(403, title="Forbidden"), None, f"{LAST} still answers for it, with status 403."),
        (page(title="Welcome", text=9), None, f"{LAST} still answers for it, with status 200."),
        (page(0), Failure.TLS_HOSTNAME, f"{LAST} still answers, but not in its name (tls_hostname)."),
        (None, Failure.TCP_REFUSED, f"{LAST} does not answer for it any more (tcp_refused)."),
    ],
)
def test_a_hold_says_whether_the_hosting_stands(
    answer: HttpFacts | None, failure: Failure | None, sentence: str
) -> None:
    verdict = told(answer, failure).state.memory.verdict
    assert (verdict.status, verdict.reachable, verdict.diagnosis) == (Status.DOWN, False, "registrar.hold")
    assert verdict.sentence.endswith(f"the name is out of the zone. {sentence}")


def test_the_answer_is_evidence_of_the_incident_and_of_its_verdict() -> None:
    incident = told(page()).state.memory.incident
    assert incident is not None
    (seen,) = [seen for seen in incident.observations if seen.probe is Probe.LAST_ADDRESS]
    assert seen.id in incident.verdict.based_on
    assert wire.load_incident(wire.dump_incident(incident)) == incident


def test_an_answer_alone_changes_no_status_and_counts_as_no_run() -> None:
    world = up()
    before = world.state
    answered(world, page())
    assert world.state.memory.verdict == before.memory.verdict
    assert world.state.memory.layers == before.memory.layers
    assert {run.probe for run in world.state.pulse.runs} == {Probe.HTTP, Probe.DNS}


def test_it_is_forgotten_when_the_target_is_up_again() -> None:
    world = told(page())
    world.http("....")  # until the return is told
    assert world.state.memory.verdict.status is Status.UP
    assert [seen.probe for seen in world.state.memory.seen] == [Probe.HTTP, Probe.DNS, Probe.REGISTRATION]
    memory = world.state.memory
    world.http("..")
    assert world.state.memory is memory, "nothing new, nothing written"


def test_a_target_without_a_page_is_not_asked() -> None:
    world = up()
    world.policy = replace(world.policy, lead=Probe.DNS)
    world.feed(Probe.DNS, Failure.DNS_NXDOMAIN, facts=records(bad=Failure.DNS_NXDOMAIN))
    assert asked(world) == []
