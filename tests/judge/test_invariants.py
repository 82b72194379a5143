"""What holds for every sequence of observations, whatever the network sends.

The sequences are the same in every run (`derandomize`): a change of the judge is held against the same
worlds. The full tests look at more of them.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from judge.audit import NOT_UP, Audit, stored_and_loaded
from judge.sequences import SCENES, SEQUENCES, Scene, observations
from judge.world import LETTERS, World, observe, records

from monitor.model import IncidentChanged, Policy, Probe, Status, StatusChanged

POLICIES = {
    "usual": Policy(),
    "watches the delegation": Policy(delegation_watched=True),
    "only pages": Policy(dns_watched=False),
    "only DNS": Policy(lead=Probe.DNS),
    "at the first look": Policy(failures_to_confirm=1, successes_to_confirm=1, changes_to_confirm=1),
    "a short window": Policy(flap_window_s=600.0, flaps_to_tell=1),
}
POLICY = st.sampled_from(sorted(POLICIES))
INTERVAL = st.sampled_from([60.0, 60.0, 300.0, 3_600.0])


def quick(examples: int) -> Callable[[Any], Any]:
    """Run so many examples, always the same."""
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=quiet
    )


def audited(scenes: list[Scene], policy: str, interval_s: float) -> Audit:
    audit = Audit(policy=POLICIES[policy])
    for seen in observations(scenes, interval_s):
        audit.now = seen[0].started_at
        audit.take(*seen)
    return audit


def no_sequence_breaks_the_invariants(scenes: list[Scene], policy: str, interval_s: float) -> None:
    audited(scenes, policy, interval_s)


def a_restart_at_any_moment_changes_nothing(scenes: list[Scene], policy: str, restarts: set[int]) -> None:
    through, restarted = Audit(policy=POLICIES[policy]), Audit(policy=POLICIES[policy])
    for index, seen in enumerate(observations(scenes)):
        through.take(*seen)
        restarted.take(*seen)
        if index in restarts:
            again = stored_and_loaded(restarted.state)
            assert again == restarted.state
            restarted.state = again
    assert restarted.state == through.state
    assert restarted.events == through.events


def whatever_was_ends_up_told(scenes: list[Scene], policy: str) -> None:
    """No sequence leaves the judge in a corner: what lasts is believed, told, and at last forgotten."""
    audit = audited(scenes, policy, 60.0)
    probe = audit.policy.lead
    well = LETTERS["."] if probe is Probe.HTTP else records()
    gone = LETTERS["x"] if probe is Probe.HTTP else LETTERS["s"]
    lasts(audit, probe, gone, 8, 10.0)
    assert audit.state.memory.verdict.status is Status.DOWN
    assert audit.state.memory.known_status in NOT_UP
    lasts(audit, probe, gone, 40, 300.0)
    assert audit.state.memory.known_status is Status.DOWN
    for part in {part.part for part in audit.state.memory.parts}:
        for _ in range(4):
            audit.now += timedelta(seconds=60)
            audit.take(replace(observe(Probe.PAGE, audit.now, LETTERS["."]), part=part))
    lasts(audit, probe, well, 8, 10.0)
    assert audit.state.memory.verdict.status is Status.UP
    lasts(audit, probe, well, 90, 300.0)
    memory = audit.state.memory
    assert (memory.known_status, memory.incident, memory.ended) == (Status.UP, None, None)
    lasts(audit, probe, well, 1, 300.0)
    assert audit.state.memory is memory, "nothing new, and yet written"


def one_accident_tells_nothing(scenes: list[Scene], accident: str, policy: str) -> None:
    """Hold that of one look that shows anything, between others that are well, nobody hears."""
    audit = audited(scenes, policy, 60.0)
    probe = audit.policy.lead
    well = LETTERS["."] if probe is Probe.HTTP else records()
    lasts(audit, probe, well, 90, 300.0)
    if audit.state.memory.verdict.status is not Status.UP or audit.state.memory.incident is not None:
        return  # further pages are not well
    told = len(audit.events)
    audit.now += timedelta(seconds=60)
    seen, attributions, circumstance = next(iter(observations([Scene(accident, 1, 60.0, 0.0, "")])))
    audit.take(replace(seen, scheduled_at=audit.now, started_at=audit.now), attributions, circumstance)
    lasts(audit, probe, well, 4, 10.0)
    words = [
        event for event in audit.events[told:] if isinstance(event.data, (StatusChanged, IncidentChanged))
    ]
    assert words == []
    assert audit.state.memory.verdict.status is Status.UP


def lasts(audit: Audit, probe: Probe, got: Any, looks: int, step_s: float) -> None:  # noqa: ANN401 - what a look got
    for _ in range(looks):
        audit.now += timedelta(seconds=step_s)
        audit.take(observe(probe, audit.now, got, interval_s=300.0))


def a_site_that_flaps_is_told_in_few_words(ups: list[int], downs: list[int]) -> None:
    """However it flaps for a day: one incident, and far fewer words than turns."""
    world = World().http("..")
    turns = 0
    began = world.now
    while world.now - began < timedelta(hours=24):
        world.http("x" * downs[turns % len(downs)] + "." * ups[turns % len(ups)])
        turns += 1
    opened = [event for event in world.events if event.type.endswith("opened")]
    assert len(opened) == 1
    # A return told too soon doubles what the next one needs; from the second flap on words come at doublings.
    assert len(world.events) <= 4 * 6 + 2 * turns.bit_length()


CORNERS = [
    # A flap in the very look at which the incident would be told as over.
    Scene("comes and goes", 9, 60.0, 60.0, ""),
    Scene("well", 9, 60.0, 60.0, ""),
    Scene("no answer", 4, 10.0, 1_900.0, "twice"),
    Scene("at another network", 9, 60.0, 600.0, ""),
    Scene("a placeholder", 6, 60.0, -3_600.0, "late"),
    Scene("well", 9, 300.0, 12_000.0, ""),
]

SHORT = SEQUENCES.map(lambda scenes: scenes[:3])
# With one look to confirm, one accident is told.
CAREFUL = st.sampled_from(["usual", "only DNS", "only pages", "watches the delegation"])
Shape = tuple[Callable[..., None], dict[str, Any], int]
DOWNS = st.lists(st.integers(3, 90), min_size=1, max_size=5)
UPS = st.lists(st.integers(2, 120), min_size=1, max_size=5)
SHAPES: dict[str, Shape] = {
    "invariants": (
        no_sequence_breaks_the_invariants,
        {"scenes": SEQUENCES, "policy": POLICY, "interval_s": INTERVAL},
        180,
    ),
    "restarts": (
        a_restart_at_any_moment_changes_nothing,
        {"scenes": SEQUENCES, "policy": POLICY, "restarts": st.sets(st.integers(0, 60), max_size=6)},
        60,
    ),
    "ends": (whatever_was_ends_up_told, {"scenes": SEQUENCES, "policy": POLICY}, 25),
    "accidents": (
        one_accident_tells_nothing,
        {"scenes": SHORT, "accident": st.sampled_from(sorted(SCENES)), "policy": CAREFUL},
        40,
    ),
    "flaps": (a_site_that_flaps_is_told_in_few_words, {"ups": UPS, "downs": DOWNS}, 6),
}


@pytest.mark.parametrize("name", SHAPES)
def test_it_holds_for_every_sequence(name: str) -> None:
    holds, given_, examples = SHAPES[name]
    quick(examples)(given(**given_)(holds))()


@pytest.mark.full
@pytest.mark.parametrize("name", SHAPES)
def test_it_holds_for_many_more_sequences(name: str) -> None:
    holds, given_, examples = SHAPES[name]
    quick(4 * examples)(given(**given_)(holds))()


@pytest.mark.parametrize("policy", POLICIES)
def test_it_holds_in_the_corners(policy: str) -> None:
    audited(CORNERS, policy, 60.0)
    a_restart_at_any_moment_changes_nothing(CORNERS, policy, set(range(60)))
    whatever_was_ends_up_told(CORNERS, policy)


@quick(60)
@given(st.lists(st.sampled_from(".xpfs"), min_size=2, max_size=60))
@example(list("xxx.xxx.."))
def test_every_second_is_counted_once(letters: list[str]) -> None:
    """Trailing suspicion apart, the three counters add up to the time watched."""
    world = World().http("".join([*letters, *"......"]))
    pulse = world.state.pulse
    watched = timedelta(minutes=len(letters) + 5).total_seconds()
    assert pulse.up_s + pulse.down_s + pulse.unknown_s == watched


def test_an_audit_sees_what_a_world_shows() -> None:
    """The sequences reach what they are about: turns, flaps, moves, pages, holds."""
    reached: set[str] = set()
    for scenes in (CORNERS, *WALK):
        audit = audited(scenes, "usual", 60.0)
        reached |= {event.type.value for event in audit.events}
        reached |= {str(data.diagnosis) for e in audit.events if hasattr(data := e.data, "diagnosis")}
        reached |= {"flapping" for e in audit.events if getattr(e.data, "flapping", False)}
        reached |= {"places" for e in audit.events if getattr(e.data, "places", ())}
    assert reached >= {
        "platform.status.changed",
        "platform.incident.opened",
        "platform.incident.updated",
        "platform.incident.resolved",
        "platform.provider.changed",
        "platform.registration.changed",
        "registrar.hold",
        "network.refused",
        "content.placeholder",
        "flapping",
        "places",
    }


def scene(name: str, looks: int = 8, break_s: float = 60.0) -> Scene:
    return Scene(name, looks, 60.0, break_s, "")


WALK = [
    [scene("well, with its records"), scene("held by the registrar", 16), scene("at another network")],
    [scene("well"), scene("comes and goes", 60)],
    [scene("well, with its records"), scene("refused, then no answer"), scene("at another network", 12)],
]
