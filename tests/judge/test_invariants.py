"""What holds for every sequence of observations, whatever the network sends."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from judge.world import LETTERS, START, World, behind, records, registration

from monitor.failure import Failure
from monitor.model import IncidentChanged, Layer, Probe, ProviderChanged, Status, StatusChanged

HTTP = st.tuples(st.just(Probe.HTTP), st.sampled_from(list(LETTERS.values())), st.just(()))
DNS = st.tuples(
    st.just(Probe.DNS),
    st.sampled_from([records(), records(a=()), records(bad=Failure.DNS_SERVFAIL), Failure.DNS_TIMEOUT]),
    st.sampled_from([(), (behind(Layer.NETWORK, "amazon"),), (behind(Layer.NETWORK, "amazon", "epik"),)]),
)
REGISTRATION = st.tuples(
    st.just(Probe.REGISTRATION),
    st.sampled_from(
        [
            registration("ok"),
            registration("clientHold"),
            registration("ok", expires=START + timedelta(hours=12)),
            Failure.REGISTRATION_LIMITED,
        ]
    ),
    st.sampled_from([(), (behind(Layer.REGISTRATION, "epik"),)]),
)
# Seconds may go backwards: observations arrive late, and clocks are set back.
LOOKS = st.lists(
    st.tuples(
        st.one_of(HTTP, HTTP, DNS, REGISTRATION),
        st.one_of(st.integers(-90, 4000), st.sampled_from([-3600, 30_000])),
    ),
    max_size=80,
)


def play(looks: list) -> World:  # type: ignore[type-arg]
    world = World()
    for (probe, got, attributions), after_s in looks:
        world.feed(probe, got, *attributions, after_s=after_s)
    return world


@settings(max_examples=300, deadline=None)
@given(LOOKS)
def test_no_sequence_breaks_the_invariants(looks: list) -> None:  # type: ignore[type-arg]
    world = World()
    open_incident = None
    for (probe, got, attributions), after_s in looks:
        before = world.state
        events = world.feed(probe, got, *attributions, after_s=after_s)
        after = world.state
        assert after.seq == before.seq + 1
        for counter in ("up_s", "down_s", "unknown_s"):
            assert getattr(after.pulse, counter) >= getattr(before.pulse, counter)
        for event in events:
            if isinstance(event.data, StatusChanged):
                assert event.data.status_from is not event.data.status_to
                assert Status.UNKNOWN not in (event.data.status_from, event.data.status_to)
            if isinstance(event.data, ProviderChanged):
                assert event.data.providers_from
                assert event.data.providers_from != event.data.providers_to
            if isinstance(event.data, IncidentChanged):
                assert event.data.duration_s is None or event.data.duration_s >= 0
                if after.memory.incident is not None:
                    evidence = {seen.id for seen in after.memory.incident.observations}
                    assert evidence.issuperset(event.data.observations)
                if event.type.endswith("opened"):
                    assert open_incident is None
                    open_incident = event.data.incident
                assert event.data.incident == open_incident
                if event.type.endswith("resolved"):
                    open_incident = None
        assert (after.memory.incident.id if after.memory.incident else None) == open_incident
        assert after.memory.verdict.status is not Status.UP or after.memory.incident is None
    told = [(event.type, event.data) for event in world.events]
    assert all(a != b for a, b in pairwise(told))
    assert len({event.id for event in world.events}) == len(world.events)


@settings(max_examples=100, deadline=None)
@given(LOOKS)
def test_a_replay_of_the_same_facts_gives_the_same_result(looks: list) -> None:  # type: ignore[type-arg]
    first, second = play(looks), play(looks)
    assert first.state == second.state
    assert first.events == second.events


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(".xpfs"), min_size=2, max_size=60))
def test_every_second_is_counted_once(letters: list[str]) -> None:
    """Trailing suspicion apart, the three counters add up to the time watched."""
    world = World().http("".join([*letters, *"......"]))
    pulse = world.state.pulse
    watched = timedelta(minutes=len(letters) + 5).total_seconds()
    assert pulse.up_s + pulse.down_s + pulse.unknown_s == watched
