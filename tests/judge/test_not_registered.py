"""A registry that says "not registered" of a name that is known to be registered is not believed alone."""

import pytest
from judge.world import World, behind, registration

from monitor.failure import Failure
from monitor.model import Layer, Policy, Probe

GONE = registration(registered=False, expires=None)
THERE = registration("clientTransferProhibited")


@pytest.mark.parametrize("times", [1, 2, 10])
def test_of_a_platform_that_is_up_it_tells_nothing(times: int) -> None:
    world = World()
    world.http("...")
    world.feed(Probe.REGISTRATION, THERE, behind(Layer.REGISTRATION, "epik"))
    before = len(world.events)
    for _ in range(times):
        world.feed(Probe.REGISTRATION, GONE, after_s=86_400)
        world.http("...")
    world.feed(Probe.REGISTRATION, THERE, behind(Layer.REGISTRATION, "epik"), after_s=86_400)
    assert world.events[before:] == []


def test_where_nothing_else_is_watched_a_single_one_tells_nothing_either() -> None:
    world = World(Policy(lead=Probe.REGISTRATION, dns_watched=False))
    for got in (THERE, THERE, THERE, GONE, THERE, THERE):
        world.feed(Probe.REGISTRATION, got, after_s=86_400)
    assert world.events == []


def test_it_does_not_explain_an_outage_while_the_name_resolves() -> None:
    world = World()
    world.http("...")
    world.feed(Probe.REGISTRATION, THERE)
    world.http("xxx")
    world.feed(Probe.REGISTRATION, GONE)
    world.http("xxx")
    assert world.state.memory.incident is not None
    assert world.state.memory.incident.verdict.diagnosis == "network.unreachable"


@pytest.mark.parametrize("failure", [f for f in Failure if f.startswith("registration_")])
def test_a_look_up_that_failed_is_never_a_change(failure: Failure) -> None:
    world = World()
    world.http("...")
    world.feed(Probe.REGISTRATION, THERE, behind(Layer.REGISTRATION, "epik"))
    for _ in range(10):
        world.feed(Probe.REGISTRATION, failure, after_s=86_400)
    world.feed(Probe.REGISTRATION, THERE, behind(Layer.REGISTRATION, "epik"), after_s=86_400)
    assert world.events == []
