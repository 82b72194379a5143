"""When evidence was first and last seen: never written at every look, never moved by a failed one."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge.world import START, World, page, records

from monitor.failure import Failure
from monitor.judge import forget, relabel
from monitor.judge.sightings import KEPT, in_sight
from monitor.judge.standing import Seen, evidence, last_seen
from monitor.model import Attribution, Evidence, Layer, LayerState, Policy, Probe, Provider, TargetState
from monitor.wire import dump_memory, dump_pulse, load_memory, load_pulse

EDITION = "AS table 2021-01"


def shows(
    *values: str, who: str = "cloudflare", layer: Layer = Layer.NETWORK, source: str = EDITION
) -> Attribution:
    return Attribution(
        layer=layer,
        providers=(Provider(id=who, name=who.title()),),
        evidence=tuple(Evidence(provider=who, value=v, rule="AS13335", source=source) for v in values),
    )


def layer(world: World, which: Layer = Layer.NETWORK) -> LayerState:
    return next(state for state in world.state.memory.layers if state.layer is which)


def look(world: World, *values: str, after_s: float = 300, **more: str) -> World:
    world.feed(Probe.DNS, records(), shows(*values, **more), after_s=after_s)
    return world


def silence(world: World, times: int = 1) -> World:
    for _ in range(times):
        world.feed(Probe.DNS, Failure.DNS_TIMEOUT, after_s=300)
    return world


def test_a_restart_within_a_rotation_leaves_the_same_state() -> None:
    """Whether what is seen is the stored object or only equal to it is chance."""
    one, other = shows("a"), shows("b")
    states = []
    for restarts in (False, True):
        world = World()
        for seen in (one, other, one, one):
            if restarts:
                memory = load_memory(dump_memory(world.state.memory))
                pulse = load_pulse(dump_pulse(world.state.pulse))
                world.state = replace(world.state, memory=memory, pulse=pulse)
            world.feed(Probe.DNS, records(), seen, after_s=300)
        states.append(world.state)
    assert states[0] == states[1]


def told(world: World) -> dict[str, tuple[float, float | None, bool]]:
    """Return first and last sight of the network's evidence, in minutes since the first look, and if gone."""
    begun = START + timedelta(seconds=300)
    return {
        seen.evidence.value: (
            _minutes(seen.first, begun),
            seen.last and _minutes(seen.last, begun),
            seen.gone,
        )
        for seen in evidence(layer(world), world.state.pulse)
    }


def _minutes(moment: datetime, begun: datetime) -> float:
    return (moment - begun).total_seconds() / 60


def test_what_is_seen_now_was_last_seen_by_the_last_look_and_nothing_is_written() -> None:
    world = look(World(), "a1")
    memory = world.state.memory
    look(look(world, "a1"), "a1")
    assert told(world) == {"a1": (0, 10, False)}
    assert world.state.memory is memory


def test_another_address_of_the_same_provider_is_taken_down_and_is_no_change() -> None:
    world = look(look(World(), "a1"), "a1", after_s=7200)
    look(world, "a2", after_s=300)
    assert told(world) == {"a2": (125, 125, False), "a1": (0, 120, True)}
    assert layer(world).confirmed.evidence[0].value == "a2"
    assert (world.events, layer(world).changes) == ([], 0)


def test_an_address_that_stays_keeps_its_first_moment_and_one_that_comes_back_finds_it_again() -> None:
    world = look(World(), "a1", "a2")
    look(world, "a2", "a3", after_s=7200)
    assert told(world) == {"a2": (0, 120, False), "a3": (120, 120, False), "a1": (0, 0, True)}
    look(world, "a1", after_s=7200)
    assert told(world) == {"a1": (0, 240, False), "a2": (0, 120, True), "a3": (120, 120, True)}


def test_a_rotating_provider_costs_one_write_an_hour() -> None:
    world = look(World(), "a0")
    memories = []
    for minute in range(5, 5 * 289, 5):  # a day of looks
        look(world, f"a{minute % 37}")
        memories.append(world.state.memory)
    written = sum(one is not other for one, other in pairwise(memories))
    assert 20 <= written <= 24
    assert len(told(world)) == KEPT


def test_what_goes_round_is_never_said_to_have_been_seen_when_it_was_not() -> None:
    """Between two notes the stored address is not the one that answers: its last moment stands still."""
    world = look(look(World(), "a1"), "a1")
    look(look(world, "a2"), "a3")
    assert told(world) == {"a1": (0, 5, False)}
    assert last_seen(layer(world), world.state.pulse) == world.now
    look(world, "a4", after_s=3600)
    assert told(world) == {"a4": (75, 75, False), "a1": (0, 5, True)}


def test_one_write_serves_two_layers_that_turn_together() -> None:
    world = World()
    memories = []
    for minute in range(0, 600, 5):
        values = f"a{minute}"
        shown = (shows(values), shows(values, layer=Layer.EDGE))
        world.feed(Probe.DNS, records(), *(shown if minute else shown[:1]), after_s=300)
        memories.append(world.state.memory)
    written = sum(one is not other for one, other in pairwise(memories))
    assert written <= 12
    assert layer(world).renewed_at == layer(world, Layer.EDGE).renewed_at


def test_another_edition_is_the_same_sighting_read_anew() -> None:
    world = look(World(), "a1")
    look(world, "a1", after_s=7200, source="AS table 2021-02")
    assert told(world) == {"a1": (0, 120, False)}
    assert layer(world).confirmed.evidence[0].source == "AS table 2021-02"
    assert layer(world).gone == ()


def test_a_failed_look_up_moves_no_last_moment() -> None:
    world = look(look(World(), "a1"), "a1")
    silence(world)
    assert told(world) == {"a1": (0, 5, False)}
    silence(world, 5)
    assert not layer(world).known
    assert told(world) == {"a1": (0, 5, False)}
    look(world, "a1")
    assert told(world) == {"a1": (0, 40, False)}
    assert layer(world).seen_until is None


def test_who_comes_back_with_another_address_leaves_the_old_one_where_it_was_last_seen() -> None:
    world = silence(look(look(World(), "a1"), "a1"), 4)
    look(world, "a2")
    assert told(world) == {"a2": (30, 30, False), "a1": (0, 5, True)}


def test_other_providers_begin_anew_and_what_stood_there_before_is_remembered() -> None:
    world = look(look(World(), "a1"), "a1")
    look(look(world, "g1", who="ddos-guard"), "g1", "g2", who="ddos-guard")
    assert layer(world).confirmed.ids == ("ddos-guard",)
    assert told(world) == {"g1": (10, 15, False), "g2": (15, 15, False), "a1": (0, 5, True)}


def test_while_others_are_suspected_the_confirmed_are_not_seen() -> None:
    world = look(look(World(), "a1"), "a1")
    look(world, "g1", who="ddos-guard")
    assert told(world) == {"a1": (0, 5, False)}
    look(world, "a1")
    assert told(world) == {"a1": (0, 15, False)}


def test_without_a_dns_check_the_page_bears_witness() -> None:
    world = World(Policy(dns_watched=False))
    for _ in range(3):
        world.feed(Probe.HTTP, page(), shows("a1"), after_s=300)
    assert told(world) == {"a1": (0, 10, False)}


def test_a_check_that_was_taken_out_leaves_the_moment_of_its_last_look() -> None:
    world = look(look(World(), "a1"), "a1")
    world.http("..")
    last = START + timedelta(seconds=600)
    policy = Policy(dns_watched=True)
    world.state = forget(world.state, {Probe.HTTP}, policy, world.now)
    assert last_seen(layer(world), world.state.pulse) == last


def test_a_state_of_before_has_no_moments_and_loads() -> None:
    world = silence(look(World(), "a1"), 4)
    fresh = ("seen_until", "first_seen", "gone", "renewed_at", "rotations")
    memory, pulse = dump_memory(world.state.memory), dump_pulse(world.state.pulse)
    for name in fresh:
        assert (name in memory) or (name in pulse)
    old = load_memory(_without(memory, fresh))
    (network,) = old.layers
    assert load_pulse(_without(pulse, fresh)) == world.state.pulse
    assert [seen.last for seen in evidence(network, world.state.pulse)] == [None]
    assert last_seen(network, world.state.pulse) is None


def test_named_again_under_another_edition_keeps_its_moments() -> None:
    """What is only named otherwise was not seen anew."""
    world = look(look(World(), "a1"), "a1", "a2", after_s=7200)
    moments = told(world)
    world.state = relabel(world.state, lambda old: shows(*(e.value for e in old.evidence), who="iqweb"))
    assert layer(world).confirmed.ids == ("iqweb",)
    assert told(world) == moments == {"a1": (0, 120, False), "a2": (120, 120, False)}
    look(world, "a1", "a2", who="iqweb")
    assert told(world) == {"a1": (0, 125, False), "a2": (120, 125, False)}
    assert world.events == []


def test_a_suspicion_that_a_new_edition_ends_leaves_the_layer_in_sight() -> None:
    world = look(look(World(), "a1"), "g1", who="ddos-guard")
    assert layer(world).seen_until is not None
    world.state = relabel(world.state, lambda old: shows(*(e.value for e in old.evidence), who="iqweb"))
    look(world, "a1", who="iqweb")
    assert told(world) == {"a1": (0, 10, False)}


def _without(text: str, names: Iterable[str]) -> str:
    def strip(value: object) -> object:
        if isinstance(value, dict):
            return {key: strip(inner) for key, inner in value.items() if key not in names}
        return [strip(inner) for inner in value] if isinstance(value, list) else value

    return json.dumps(strip(json.loads(text)))


VALUES = st.lists(st.sampled_from([f"a{n}" for n in range(12)]), min_size=1, max_size=8, unique=True)
LOOKS = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(st.sampled_from(["cloudflare", "ddos-guard"]), VALUES),
            st.sampled_from([(None, ()), (Failure.DNS_TIMEOUT, ())]),
        ),
        st.sampled_from([-600, 0, 60, 300, 300, 300, 3000, 4000]),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(LOOKS)
def test_no_sequence_of_looks_breaks_what_is_said_of_sightings(looks: list) -> None:  # type: ignore[type-arg]
    world = World()
    for (who, values), after_s in looks:
        before = world.state
        if isinstance(who, Failure):
            world.feed(Probe.DNS, who, after_s=after_s)
        elif who is None:
            world.feed(Probe.DNS, records(a=()), after_s=after_s)
        else:
            look(world, *values, who=who, after_s=after_s)
        if not world.state.memory.layers:
            continue
        network = layer(world)
        seen: tuple[Seen, ...] = evidence(network, world.state.pulse)
        assert [one.evidence for one in seen if not one.gone] == list(network.confirmed.evidence)
        assert len(seen) <= KEPT
        assert all(one.last is not None and one.first <= one.last for one in seen)
        assert all(one.first >= network.since for one in seen if not one.gone)
        keys = [(one.evidence.provider, one.evidence.value) for one in seen]
        assert len(set(keys)) == len(keys)
        if in_sight(network):
            assert last_seen(network, world.state.pulse) == world.now
        elif before.memory.layers and isinstance(who, Failure) and not in_sight(layer_of(before)):
            assert last_seen(network, world.state.pulse) == last_seen(layer_of(before), before.pulse)
            assert seen == evidence(layer_of(before), before.pulse)


def layer_of(state: TargetState) -> LayerState:
    return next(one for one in state.memory.layers if one.layer is Layer.NETWORK)


@pytest.mark.parametrize("turns", [1, 5, 40])
def test_what_is_stored_is_the_same_after_a_restart_in_the_middle(turns: int) -> None:
    through, restarted = look(World(), "a0"), look(World(), "a0")
    for turn in range(turns):
        look(through, f"a{turn % 7}", after_s=900)
        restarted.state = _stored(restarted.state)
        look(restarted, f"a{turn % 7}", after_s=900)
    assert through.state == restarted.state


def _stored(state: TargetState) -> TargetState:
    memory, pulse = dump_memory(state.memory), dump_pulse(state.pulse)
    return replace(state, memory=load_memory(memory), pulse=load_pulse(pulse))
