"""Further pages of a target: confirmed one by one, and degraded is what a target is by them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from judge.world import LETTERS, World, behind, observe

from monitor import wire
from monitor.judge import forget, step
from monitor.model import (
    Circumstance,
    IncidentChanged,
    Layer,
    Memory,
    Policy,
    Probe,
    Pulse,
    Status,
    StatusChanged,
    TargetState,
)

OPENED, UPDATED, RESOLVED = "incident.opened", "incident.updated", "incident.resolved"
STATUS = "status.changed"


def test_a_page_that_fails_three_times_degrades_a_target_that_is_up() -> None:
    """One incident, at once with the third look, and the sentence names the page and its diagnosis."""
    world = World().http("...").page("account", "..xx")
    assert world.told == []
    world.page("account", "x")
    assert world.told == [STATUS, OPENED]
    verdict = world.state.memory.verdict
    assert (verdict.status, verdict.reachable, verdict.diagnosis) == (
        Status.DEGRADED,
        True,
        "network.unreachable",
    )
    assert verdict.pages == ("account",)
    assert verdict.sentence == "The page account: No connection to it comes about."
    incident = world.state.memory.incident
    assert incident is not None
    first_failed = world.now - timedelta(seconds=120)
    assert incident.opened_at == first_failed
    assert {seen.part for seen in incident.observations} >= {"account"}


def test_a_page_that_stumbles_says_nothing() -> None:
    assert World().http("...").page("account", "..xx.x.xx..").told == []


def test_a_suspicion_is_looked_at_again_soon_and_only_at_that_page() -> None:
    world = World().http("..").page("account", ".x")
    assert [(each.probe, each.part, each.delay_s) for each in world.follow_ups] == [
        (Probe.PAGE, "account", 10.0)
    ]


def test_when_the_page_is_well_again_the_incident_is_resolved() -> None:
    world = World().http("...").page("account", ".xxx").http("....")
    assert world.state.memory.verdict.status is Status.DEGRADED
    world.page("account", "..")
    assert world.told == [STATUS, OPENED, STATUS, RESOLVED]
    assert world.state.memory.verdict.status is Status.UP
    assert world.state.memory.incident is None


def test_the_looks_at_the_front_page_change_nothing_about_it() -> None:
    world = World().http("...").page("account", ".xxx").http("................")
    assert world.told == [STATUS, OPENED]
    assert world.state.memory.verdict.pages == ("account",)


def test_a_front_page_that_goes_takes_precedence_after_as_many_looks_as_ever_and_in_the_same_incident() -> (
    None
):
    world = World().http("...").page("account", ".xxx").http("rr")
    assert world.state.memory.verdict.status is Status.DEGRADED
    world.http("r")
    assert world.told == [STATUS, OPENED, STATUS, UPDATED]
    assert world.state.memory.verdict.diagnosis == "network.refused"
    assert world.state.memory.verdict.pages == ()
    assert world.state.memory.incidents == 1


def test_while_the_front_page_is_down_the_pages_tell_nothing() -> None:
    world = World().http("...rrr")
    told = list(world.told)
    world.page("account", "..xxx..xxx")
    assert world.told == told


def test_a_front_page_that_returns_without_its_page_is_degraded_in_the_same_incident() -> None:
    world = World().http("...rrr").page("account", "xxx").http("..")
    assert world.told == [STATUS, OPENED, STATUS, UPDATED]
    assert world.state.memory.verdict.status is Status.DEGRADED
    world.page("account", "..")
    assert world.told[4:] == [STATUS, RESOLVED]


def test_another_page_that_fails_too_is_told_as_more_of_the_same_incident() -> None:
    world = World().http("...").page("account", "xxx").page("app", "555")
    assert world.told == [STATUS, OPENED, UPDATED]
    assert world.state.memory.verdict.sentence.startswith("2 pages (account, app); account: ")
    world.page("account", "..")
    assert world.told == [STATUS, OPENED, UPDATED, UPDATED]
    assert world.state.memory.verdict.diagnosis == "http.server_error"
    assert world.state.memory.verdict.pages == ("app",)


@pytest.mark.parametrize("letters", ["cccccc", "tttttt", "mmmmmm", "??????"])
def test_a_page_that_cannot_be_judged_says_nothing(letters: str) -> None:
    world = World().http("...").page("account", f"..{letters}")
    assert world.told == []
    assert world.state.memory.verdict.status is Status.UP
    assert world.state.memory.parts[0].verdict.status is Status.UNKNOWN


@pytest.mark.parametrize("letters", ["cccccc", "mmmmmm"])
def test_an_incident_does_not_end_because_its_page_cannot_be_judged_any_more(letters: str) -> None:
    world = World().http("...").page("account", f"xxx{letters}").http("...")
    assert world.told == [STATUS, OPENED]
    world.page("account", "..")
    assert world.told[2:] == [STATUS, RESOLVED]


def test_nothing_is_said_of_a_target_whose_front_page_was_never_seen() -> None:
    world = World().page("account", "xxxx")
    assert world.told == []
    assert world.state.memory.verdict.status is Status.UNKNOWN


def test_a_page_is_nobody_of_those_behind_the_target() -> None:
    """An account on another platform is not put down to the platform's own network."""
    world = World()
    world.feed(Probe.HTTP, LETTERS["."], behind(Layer.NETWORK, "amazon"))
    world.page("account", "xxx")
    opened = next(event.data for event in world.events if isinstance(event.data, IncidentChanged))
    assert opened.layer is Layer.NETWORK
    assert opened.providers == ()


def test_what_a_page_usually_looks_like_is_learnt_of_it_alone() -> None:
    """A page that has lost its text is a placeholder by its own standard; the front page's stays."""
    world = World().http("...").page("account", "...ppp")
    assert world.state.memory.verdict.diagnosis == "content.placeholder"
    assert world.state.memory.baseline is not None
    assert world.state.memory.baseline.title == "Parler"


def test_the_front_page_is_learnt_while_a_page_is_not_well() -> None:
    world = World().page("account", "xxx").http("...")
    assert world.state.memory.verdict.status is Status.DEGRADED
    assert world.state.memory.baseline is not None


def test_an_uneventful_look_keeps_the_memory_the_same_object() -> None:
    world = World().http("...").page("account", "...")
    before = world.state.memory
    world.page("account", "...")
    assert world.state.memory is before
    assert world.state.pulse.parts[0].in_a_row == 6


def test_runs_and_facts_of_parts_are_kept_apart_from_those_of_the_target() -> None:
    world = World().http("..").page("b", ".").page("a", "x")
    assert [run.probe for run in world.state.pulse.runs] == [Probe.HTTP]
    assert [seen.probe for seen in world.state.memory.seen] == [Probe.HTTP]
    assert [run.part for run in world.state.pulse.parts] == ["a", "b"]
    assert [part.part for part in world.state.memory.parts] == ["a", "b"]


def test_looks_hours_apart_are_not_in_a_row() -> None:
    world = World().http("...").page("account", ".xx").page("account", "x", after_s=7200)
    assert world.told == []


def test_a_page_that_was_taken_out_of_the_configuration_resolves_what_it_had_opened() -> None:
    world = World().http("...").page("account", "xxx").page("app", ".")
    left = {(Probe.PAGE, "app"): None}
    world.state = forget(world.state, {Probe.HTTP}, world.policy, world.now, parts=left)
    assert [part.part for part in world.state.memory.parts] == ["app"]
    assert [run.part for run in world.state.pulse.parts] == ["app"]
    world.http(".")
    assert world.told == [STATUS, OPENED, STATUS, RESOLVED]


def test_nothing_is_forgotten_while_nothing_was_taken_out() -> None:
    state = World().http("...").page("account", ".").state
    assert forget(state, {Probe.HTTP}, Policy(), World().now, parts=[(Probe.PAGE, "account")]) is state


def test_a_part_has_ids_of_its_own() -> None:
    seen = observe(Probe.PAGE, World().now, LETTERS["."])
    ids = {seen.id, replace(seen, part="a").id, replace(seen, part="b").id}
    assert len(ids) == 3
    # The id of a check without a part is what it always was.
    assert seen.id == replace(seen, part="").id


def test_states_that_were_stored_before_there_were_parts_are_read() -> None:
    world = World().http("..xxx")
    memory = wire.dump_memory(world.state.memory).replace(',"parts":[]', "").replace(',"pages":[]', "")
    pulse = wire.dump_pulse(world.state.pulse).replace(',"parts":[]', "")
    assert "parts" not in memory + pulse
    assert wire.load_memory(memory) == world.state.memory
    assert wire.load_pulse(pulse) == world.state.pulse


def test_parts_survive_the_store() -> None:
    state = World().http("...").page("account", "xxx").state
    assert wire.load_memory(wire.dump_memory(state.memory)) == state.memory
    assert wire.load_pulse(wire.dump_pulse(state.pulse)) == state.pulse


def test_a_part_of_a_target_that_nobody_looked_at_yet() -> None:
    seen = replace(observe(Probe.PAGE, World().now, LETTERS["."]), part="account")
    outcome = step(TargetState(target="parler.com"), seen, (), Policy())
    assert outcome.events == ()
    assert outcome.state.seq == 1
    assert replace(outcome.state.memory, parts=()) == Memory()
    assert replace(outcome.state.pulse, parts=()) == Pulse()


def test_the_status_event_says_which_pages() -> None:
    world = World().http("...").page("account", "xxx")
    told = next(event.data for event in world.events if isinstance(event.data, StatusChanged))
    assert told.sentence.startswith("The page account: ")


def test_while_the_monitor_is_cut_off_pages_and_listings_say_nothing() -> None:
    """Our own network is no suspension of an account, and no app that left its store."""
    world = World().http("...").page("account", "..")
    parts = world.state.memory.parts
    offline = Circumstance(offline_since=world.now)
    for letter in "xxxxx":
        world.now += timedelta(seconds=60)
        seen = replace(observe(Probe.PAGE, world.now, LETTERS[letter]), part="account")
        outcome = step(world.state, seen, (), world.policy, offline)
        assert outcome.events == ()
        world.state = outcome.state
    assert world.state.memory.parts == parts
    assert world.state.memory.verdict.diagnosis == "monitor.offline"


def test_a_page_is_not_confirmed_to_fail_before_the_controls_have_spoken_again() -> None:
    world = World().http("...").page("account", "..")
    before = Circumstance(heard_at=world.now)
    for _ in range(3):
        world.now += timedelta(seconds=5)
        seen = replace(observe(Probe.PAGE, world.now, LETTERS["x"]), part="account")
        world.state = step(world.state, seen, (), world.policy, before).state
    assert world.state.memory.verdict.status is Status.UP
    world.now += timedelta(seconds=5)
    seen = replace(observe(Probe.PAGE, world.now, LETTERS["x"]), part="account")
    spoken = Circumstance(heard_at=world.now)
    assert step(world.state, seen, (), world.policy, spoken).state.memory.verdict.status is Status.DEGRADED
