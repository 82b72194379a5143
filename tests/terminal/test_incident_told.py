"""What the sheet and the history say of the course of an incident."""

import json
from dataclasses import replace
from datetime import timedelta

from judge.world import START, World, behind, records
from terminal.test_hostile import shown as printed
from terminal.test_sheet import lines

from monitor.commands import Past
from monitor.model import Incident, Layer, Probe
from monitor.store import IncidentRow
from monitor.terminal import chronicle
from monitor.terminal.document import document


def flapping() -> World:
    world = World().http("..")
    for _ in range(3):
        world.http("xxxx......")
    return world


def moved() -> World:
    world = World()
    world.feed(Probe.DNS, records(), behind(Layer.NETWORK, "amazon"))
    world.http("..xxxxpp")
    for _ in range(2):
        world.feed(Probe.DNS, records(), behind(Layer.NETWORK, "ddos-guard"))
    world.http(".")
    world.feed(Probe.DNS, records(), behind(Layer.NETWORK, "ddos-guard"), after_s=5)
    return world.http(".")


def past(incident: Incident) -> Past:
    rows = [IncidentRow(target="parler.com", incident=incident)]
    return Past(target="parler.com", since=START, periods=[], incidents=rows, events=[])


def test_the_sheet_of_a_target_that_flaps_says_that_its_incident_is_held_open() -> None:
    told = lines(flapping().state)
    assert any("● up" in line for line in told)
    assert "   came and went 2 times since 2021-01-11 00:03 UTC" in told
    assert "   up again, but not for long enough to be told as that" in told


def test_the_document_says_whether_a_return_has_been_told() -> None:
    held = document(flapping().state)
    assert (held["incident_flaps"], held["incident_told_as_up"]) == (2, False)
    back = document(World().http("..xxx..").state)
    assert (back["incident"], back["incident_flaps"], back["incident_told_as_up"]) == (None, None, True)
    gone = document(World().http("..xxx").state)
    assert gone["incident_told_as_up"] is None


def test_since_when_something_answers_stands_on_the_sheet() -> None:
    world = World().http("..xxxxp")
    world.http("pp")
    assert "   something answers since 2021-01-11 00:07 UTC" in lines(world.state)
    assert document(world.state)["reachable_since"] == "2021-01-11T00:07:00Z"


def test_the_history_says_where_a_target_came_back() -> None:
    ended = moved().state.memory.ended
    assert ended is not None
    rows = document_of(ended)
    assert rows["places"] == [
        {"layer": "network", "before": ["amazon"], "after": ["ddos-guard"], "known": True}
    ]
    assert rows["reachable_since"]
    assert (rows["flaps"], rows["reopened"]) == (0, 0)
    told = shown(ended)
    assert "up again, at Ddos-Guard instead of Amazon (network)" in told
    assert "something answers since" in told


def test_the_history_says_how_often_a_target_came_and_went() -> None:
    incident = flapping().state.memory.incident
    assert incident is not None
    assert document_of(incident)["flaps"] == 2
    assert "came and went 2 times since" in shown(incident)


def test_an_incident_that_came_and_went_once_needs_no_more_words() -> None:
    ended = World().http("..xxx..").state.memory.ended
    assert ended is not None
    assert "since" not in shown(replace(ended, resolved_at=START + timedelta(hours=1))).split("diagnosis")[1]


def document_of(incident: Incident) -> dict[str, object]:
    (row,) = json.loads(json.dumps(chronicle.document(past(incident))))["incidents"]
    return row  # type: ignore[no-any-return]


def shown(incident: Incident) -> str:
    return " ".join(printed(chronicle.sheet(past(incident)), 200).split())
