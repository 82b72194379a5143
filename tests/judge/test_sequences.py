"""Sequences of looks, and what is believed after each: a letter is a run, `.` the page, `x` silence."""

from dataclasses import replace
from datetime import timedelta

import pytest
from judge.world import LETTERS, World, behind, records

from monitor.failure import Failure
from monitor.judge import forget
from monitor.model import IncidentChanged, Layer, Policy, Probe, Status

OPENED, UPDATED, RESOLVED = "incident.opened", "incident.updated", "incident.resolved"
STATUS = "status.changed"


@pytest.mark.parametrize(
    ("letters", "marks"),
    [
        ("....", ["up@1"]),
        ("..xx..", ["up@1"]),
        ("..xxx..", ["up@1", "down@5", "up@7"]),
        ("..xxx.x..", ["up@1", "down@5", "up@9"]),
        ("xxx", ["down@3"]),
        ("xx.", ["up@3"]),
        ("..fxs", ["up@1", "down@5"]),
        ("..ppp", ["up@1", "degraded@5"]),
        ("..xxxpp..", ["up@1", "down@5", "degraded@7", "up@9"]),
        ("..ccc", ["up@1", "unknown@5"]),
        ("fff", []),
        ("..fff", ["up@1", "down@5"]),
        ("..ttt", ["up@1", "unknown@5"]),
        ("..mmm..", ["up@1", "unknown@5", "up@7"]),
        ("..?..", ["up@1"]),
        ("..xmx", ["up@1"]),
        ("..xxxttt", ["up@1", "down@5", "unknown@8"]),
        ("..xtxtxtxtxt", ["up@1", "unknown@9"]),
        ("..5c5c5c5c5c..", ["up@1", "unknown@9", "up@14"]),
    ],
)
def test_status_follows_the_looks(letters: str, marks: list[str]) -> None:
    assert World().http(letters).marks == marks


@pytest.mark.parametrize(
    ("letters", "told"),
    [
        ("........", []),
        ("xxx", [OPENED]),
        ("..xxx", [STATUS, OPENED]),
        ("..xxx..", [STATUS, OPENED, STATUS, RESOLVED]),
        ("..fffxxxx", [STATUS, OPENED, UPDATED]),
        ("..xxxpp..", [STATUS, OPENED, STATUS, UPDATED, STATUS, RESOLVED]),
        ("..ccccc..", []),
        ("..xxxtttt..", [STATUS, OPENED, STATUS, RESOLVED]),
        ("..xxxttttxxx", [STATUS, OPENED]),
        ("..mmmmm..", []),
        ("..5c5c5c5c5c5c5c..", []),
    ],
)
def test_only_confirmed_changes_between_known_statuses_are_told(letters: str, told: list[str]) -> None:
    assert World().http(letters).told == told


@pytest.mark.parametrize(
    ("letter", "diagnosis"),
    [
        ("x", "network.unreachable"),
        ("r", "network.refused"),
        ("s", "dns.unreachable"),
        ("n", "dns.delegation_removed"),
        ("e", "tls.expired"),
        ("f", "http.forbidden"),
        ("5", "http.server_error"),
        ("p", "content.placeholder"),
        ("c", "challenge"),
        ("?", "undetermined"),
    ],
)
def test_each_way_of_not_being_up_has_its_diagnosis(letter: str, diagnosis: str) -> None:
    world = World().http(".." + letter * 3)
    assert world.state.memory.verdict.diagnosis == diagnosis


def test_an_incident_begins_with_the_first_failed_look_and_keeps_its_id() -> None:
    world = World().http("..f")
    first_failed = world.now
    world.http("xxxxx")
    incident = world.state.memory.incident
    assert incident is not None
    assert incident.opened_at == first_failed
    ids = {event.data.incident for event in world.events if event.type.startswith("platform.incident")}  # type: ignore[union-attr]
    assert ids == {incident.id}


def test_time_is_down_from_the_first_failed_look_and_counters_never_go_back() -> None:
    world = World()
    previous = world.state.pulse
    for letter in "..........xxx.......":
        world.http(letter)
        pulse = world.state.pulse
        assert pulse.up_s >= previous.up_s
        assert pulse.down_s >= previous.down_s
        previous = pulse
    # Ten looks up (nine minutes between them), one minute to the first failure, then three minutes
    # from it to the first good look, and the rest.
    assert world.state.pulse.up_s == 10 * 60 + 6 * 60
    assert world.state.pulse.down_s == 3 * 60
    assert world.state.pulse.unknown_s == 0


def test_a_false_alarm_costs_no_uptime() -> None:
    assert World().http("..xx..").state.pulse.up_s == 5 * 60


def test_time_that_nobody_watched_is_unknown() -> None:
    world = World().http("...")
    world.feed(Probe.HTTP, LETTERS["."], after_s=3600)
    world.http(".")
    assert world.state.pulse.up_s == 3 * 60
    assert world.state.pulse.unknown_s == 3600


def test_missed_runs_are_unknown_time_at_once() -> None:
    world = World().http("...m.")
    assert world.state.pulse.unknown_s == 60
    assert world.state.pulse.up_s == 3 * 60


def test_suspicion_asks_for_another_look_and_for_the_records() -> None:
    world = World().http("..x")
    assert [(f.probe, f.delay_s) for f in world.follow_ups] == [(Probe.HTTP, 10.0), (Probe.DNS, 0.0)]


def test_an_opened_incident_asks_for_the_registration() -> None:
    world = World().http("..xxx")
    assert (Probe.REGISTRATION, 0.0) in [(f.probe, f.delay_s) for f in world.follow_ups]


def test_a_small_page_is_no_placeholder_where_pages_were_always_small() -> None:
    small = replace(LETTERS["."], text_length=80, title="Login")  # type: ignore[type-var]
    smaller = replace(LETTERS["."], text_length=5, title="App")  # type: ignore[type-var]
    world = World()
    for facts in (small, small, smaller, smaller, smaller):
        world.feed(Probe.HTTP, facts)  # type: ignore[arg-type]
    assert world.state.memory.verdict.status is Status.UP


def test_thresholds_are_the_policys() -> None:
    world = World(Policy(failures_to_confirm=1, successes_to_confirm=1)).http("..x.")
    assert world.marks == ["up@1", "down@3", "up@4"]


def test_memory_stays_the_same_object_while_nothing_happens() -> None:
    world = World().http("...")
    memory = world.state.memory
    world.http(".....")
    assert world.state.memory is memory


def test_looks_that_contradict_one_another_do_not_stop_the_clock() -> None:
    world = World().http("..")
    world.http("5c" * 100 + "...")
    pulse = world.state.pulse
    assert pulse.up_s + pulse.down_s + pulse.unknown_s == (2 + 200 + 3 - 1) * 60
    assert pulse.unknown_s > 150 * 60


def test_looks_hours_apart_are_not_in_a_row() -> None:
    world = World().http("..x")
    world.now += timedelta(hours=8)
    began = world.now
    assert world.http("xx").told == []
    world.http("x")
    incident = world.state.memory.incident
    assert incident is not None
    assert incident.opened_at > began


def test_a_clock_set_back_ends_no_incident_before_it_began() -> None:
    world = World().http("..xxx")
    world.now -= timedelta(hours=1)
    world.http("..")
    (resolved,) = [event.data for event in world.events if event.type.endswith("resolved")]
    assert isinstance(resolved, IncidentChanged)
    assert resolved.duration_s is not None
    assert resolved.duration_s >= 0


def test_a_clock_that_was_a_year_ahead_does_not_stop_the_counters_for_a_year() -> None:
    world = World().http("...")
    world.now -= timedelta(days=365)
    world.http("...")
    assert world.state.pulse.up_s == (2 + 2) * 60


def test_a_page_seen_before_the_check_was_taken_out_speaks_no_more() -> None:
    world = World().http("..555")
    world.policy = Policy(lead=Probe.DNS)
    for _ in range(3):
        world.feed(Probe.DNS, records())
    assert world.state.memory.verdict.status is Status.UP


def test_a_registration_that_cannot_be_read_is_not_asked_for_again_at_once() -> None:
    """Where nothing but the registration is watched: a server that limits its rate wants fewer questions."""
    world = World(Policy(lead=Probe.REGISTRATION, dns_watched=False))
    for _ in range(4):
        world.feed(Probe.REGISTRATION, Failure.REGISTRATION_LIMITED)
    assert world.state.memory.verdict.status is Status.UNKNOWN
    assert world.follow_ups == []


def test_a_check_that_was_taken_out_leaves_no_last_word() -> None:
    world = World().http("...")
    world.feed(Probe.DNS, records(), behind(Layer.DNS, "amazon"), behind(Layer.NETWORK, "amazon"))
    before = world.state
    assert forget(before, {Probe.HTTP, Probe.DNS}, Policy(), world.now) is before
    after = forget(before, {Probe.HTTP}, Policy(dns_watched=False), world.now)
    assert [run.probe for run in after.pulse.runs] == [Probe.HTTP]
    assert [seen.probe for seen in after.memory.seen] == [Probe.HTTP]
    assert {layer.layer: layer.known for layer in after.memory.layers} == {
        Layer.DNS: False,
        Layer.NETWORK: True,
    }
    assert after.memory.verdict is before.memory.verdict
