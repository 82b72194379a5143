"""What holds of wishes, signs and ends whatever is seen: random looks, and the same looks again."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from judge.test_desired import DNS, LOCK, REGISTRAR, SIGNED, delegated
from judge.test_early_signs import ttls
from judge.test_expiry import secured
from judge.world import START, World, behind, registration

from monitor import wire
from monitor.failure import Failure
from monitor.model import (
    EventType,
    ExpiryApproaching,
    Layer,
    Policy,
    PolicyRuled,
    Probe,
    SignNoticed,
)

CODES = ["clientTransferProhibited", "ok", "clientHold", "redemptionPeriod", "connect", ""]
OPERATOR = st.sampled_from(["epik", "amazon", "godaddy"])
FAILED = [Failure.REGISTRATION_LIMITED, Failure.MISSED]
NOBODY = (st.just(""), st.just(0))
LOOKS = st.one_of(
    st.tuples(st.just("registration"), st.sampled_from(CODES), OPERATOR, st.integers(-5, 60)),
    st.tuples(st.just("dns"), st.sampled_from([60, 300, 3600, 86_400]), OPERATOR, st.just(0)),
    st.tuples(st.just("delegation"), st.sampled_from([True, False, None]), *NOBODY),
    st.tuples(st.just("page"), st.integers(0, 40), *NOBODY),
    st.tuples(st.just("failed"), st.sampled_from(FAILED), *NOBODY),
)
POLICY = Policy(desired=(REGISTRAR, DNS, LOCK, SIGNED), delegation_watched=True)


def fed(looks: list[tuple[str, object, str, int]], *, restarts: bool = False) -> World:
    world = World(POLICY)
    for kind, what, who, days in looks:
        if restarts:
            stored = wire.load_memory(wire.dump_memory(world.state.memory))
            pulse = wire.load_pulse(wire.dump_pulse(world.state.pulse))
            world.state = replace(world.state, memory=stored, pulse=pulse)
        if kind == "registration":
            statuses = [str(what)] if what else []
            facts = replace(registration(*statuses), expires=START + timedelta(days=days))
            world.feed(Probe.REGISTRATION, facts, behind(Layer.REGISTRATION, who), after_s=6 * 3600.0)
        elif kind == "dns":
            world.feed(Probe.DNS, ttls(int(str(what))), behind(Layer.DNS, who), interval_s=300.0)
        elif kind == "delegation":
            signed = what if isinstance(what, bool) else None
            world.feed(Probe.DELEGATION, delegated(signed=signed))
        elif kind == "page":
            world.feed(Probe.HTTP, secured(START + timedelta(days=int(str(what)))))
        else:
            world.feed(Probe.REGISTRATION, Failure(str(what)))
    return world


@settings(max_examples=60, deadline=None)
@given(looks=st.lists(LOOKS, max_size=40))
def test_whatever_is_seen_nothing_is_told_twice_and_a_restart_tells_the_same(
    looks: list[tuple[str, object, str, int]],
) -> None:
    world = fed(looks)
    open_breaches: set[str] = set()
    ends: set[tuple[object, ...]] = set()
    signs: set[tuple[object, ...]] = set()
    for event in world.events:
        data = event.data
        if isinstance(data, PolicyRuled):
            begins = event.type is EventType.POLICY_BREACHED
            assert (data.rule in open_breaches) is not begins
            (open_breaches.add if begins else open_breaches.remove)(data.rule)
            assert data.since <= event.at
        if isinstance(data, ExpiryApproaching):
            key = (data.ending, data.about, data.expires, data.threshold_days)
            assert key not in ends or data.ending == "registration"  # put off and back again is another end
            ends.add(key)
            assert data.expires > event.at
        if isinstance(data, SignNoticed):
            key = (data.sign, data.about, data.first_seen_at)
            assert key not in signs
            signs.add(key)
    assert {one.rule for one in world.state.memory.rulings if one.breached} == open_breaches
    again = fed(looks, restarts=True)
    assert [(e.id, e.text, e.data) for e in again.events] == [(e.id, e.text, e.data) for e in world.events]
