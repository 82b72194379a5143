"""What was told, held against what was expected: counts, subjects, the rest of an event's data."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from servers.scenario_lab import scenario

from monitor.model import (
    Event,
    EventType,
    IncidentChanged,
    Layer,
    Provider,
    Severity,
    Status,
    StatusChanged,
    StoredEvent,
)
from monitor.replay.driver import Outcome
from monitor.replay.expectations import examine, verify
from monitor.replay.expected import is_meant, is_told

NOON = datetime(2021, 1, 1, 12, tzinfo=UTC)
TARGETS = '[[targets]]\ndomain = "a{1..6}.example.net"\n'


def opened(target: str, minute: int = 0, diagnosis: str = "network.refused") -> Event:
    return Event(
        id=f"{target}-{minute}-{diagnosis}",
        type=EventType.INCIDENT_OPENED,
        subject=target,
        at=NOON + timedelta(minutes=minute),
        severity=Severity.CRITICAL,
        text="x",
        data=IncidentChanged(
            incident="i",
            opened_at=NOON,
            resolved_at=None,
            status=Status.DOWN,
            reachable=False,
            diagnosis=diagnosis,
            layer=Layer.NETWORK,
            sentence="",
            providers=(Provider(id="amazon", name="Amazon"),),
            observations=(),
            duration_s=90.0,
        ),
    )


def changed(target: str, minute: int = 0) -> Event:
    return Event(
        id=f"{target}-{minute}",
        type=EventType.STATUS_CHANGED,
        subject=target,
        at=NOON + timedelta(minutes=minute),
        severity=Severity.CRITICAL,
        text="x",
        data=StatusChanged(
            status_from=Status.UP,
            status_to=Status.DOWN,
            since=NOON,
            reachable=False,
            diagnosis="network.refused",
            layer=Layer.NETWORK,
            sentence="",
            incident=None,
        ),
    )


def differences(expected: str, *events: Event) -> list[str]:
    stored = tuple(StoredEvent(number=number, event=event) for number, event in enumerate(events, 1))
    outcome = Outcome(scenario="test", events=stored, snapshots=(), observations={})
    found = examine(scenario(TARGETS + expected), outcome).differences
    return [f"{difference.expectation}: {difference.text}" for difference in found]


AT_MOST = '[[expect_count]]\nevent = "incident.opened"\nat_most = 3\n'


def test_as_many_as_may_be_told_are_expected_by_a_strict_scenario_too() -> None:
    assert differences(AT_MOST, *(opened(f"a{number}.example.net") for number in range(1, 4))) == []


def test_one_more_than_may_be_told_is_a_difference() -> None:
    told = [opened(f"a{number}.example.net") for number in range(1, 5)]
    (many,) = differences(AT_MOST, *told)
    assert many == (
        "expect_count[0]: at most 3 of platform.incident.opened, and 4 were told: "
        "a1.example.net, a2.example.net, a3.example.net, a4.example.net"
    )


def test_fewer_than_must_be_told_is_a_difference() -> None:
    expected = '[[expect_count]]\nevent = "incident.opened"\ntarget = "a*"\nat_least = 2\n'
    assert differences(expected, opened("a1.example.net"), opened("a2.example.net", 5)) == []
    assert differences(expected, opened("a1.example.net")) == [
        "expect_count[0]: at least 2 of platform.incident.opened of a*, and 1 were told: a1.example.net"
    ]
    (none,) = differences(expected)
    assert none.endswith("and 0 were told")


def test_a_count_holds_in_its_time_only() -> None:
    expected = AT_MOST.replace("3", "0") + "before = 2021-01-01T12:10:00Z\n"
    (late,) = differences(expected, opened("a1.example.net", 20))
    assert late.startswith("strict: nobody expected: platform.incident.opened of a1.example.net")


def test_thresholds_that_take_longer_are_given_the_time_that_they_take() -> None:
    expected = (
        '[[expect]]\nevent = "incident.opened"\ntarget = "example.com"\nbefore = 2021-01-01T12:10:00Z\n'
    )
    what = scenario(TARGETS + expected)
    stored = (StoredEvent(number=1, event=opened("example.com", 12)),)
    outcome = Outcome(scenario="test", events=stored, snapshots=(), observations={})
    assert len(verify(what, outcome)) == 2
    assert verify(what, outcome, patience=timedelta(minutes=2)) == []
    assert len(verify(what, outcome, patience=timedelta(minutes=1))) == 2


def test_what_is_told_quietly_need_not_be_expected() -> None:
    sign = replace(opened("example.com"), type=EventType.SIGN_NOTICED)
    assert differences("", sign) == []
    forbidden = '[[expect_none]]\nevent = "sign.noticed"\n'
    assert len(differences(forbidden, sign)) == 1


def test_what_must_not_be_told_may_name_nobody_or_many() -> None:
    loose = "[[expect_count]]\nevent = 'incident.opened'\nat_most = 9\n"
    for whom, count in (("", 3), ('target = "a*"\n', 2), ('target = "example.com"\n', 1)):
        expected = f'{loose}[[expect_none]]\nevent = "incident.opened"\n{whom}'
        told = differences(expected, *map(opened, ("a1.example.net", "a2.example.net", "example.com")))
        assert len(told) == count, whom


def test_as_many_expectations_are_met_as_can_be() -> None:
    """The first one would take the event that only the second one can be met by."""
    expected = (
        '[[expect]]\nevent = "incident.opened"\ntarget = "example.com"\n'
        '[[expect]]\nevent = "incident.opened"\ntarget = "example.com"\ndiagnosis = "network.refused"\n'
    )
    first, second = opened("example.com"), opened("example.com", 5, "dns.unreachable")
    assert differences(expected, first, second) == []
    (missing,) = differences(expected, first)
    assert missing.startswith("expect[1]: platform.incident.opened of example.com")


def test_an_expectation_of_many_is_met_once_for_each() -> None:
    expected = '[[expect]]\nevent = "incident.opened"\ntarget = "a{1..2}.example.net"\n'
    assert differences(expected, opened("a2.example.net"), opened("a1.example.net")) == []
    (missing,) = differences(expected, opened("a2.example.net"))
    assert missing.startswith("expect[0]: platform.incident.opened of a1.example.net was not told")


def test_whatever_an_event_tells_can_be_asked_for() -> None:
    told = opened("example.com")
    asks = '[[expect]]\nevent = "incident.opened"\ntarget = "example.com"\ndata = {{ {} }}\n'
    for held in (
        'providers = ["amazon"]',
        'providers = [{ name = "Amazon" }]',
        "duration_s = 90",
        "opened_at = 2021-01-01T13:00:00+01:00",
        "observations = []",
    ):
        assert differences(asks.format(held), told) == [], held
    for otherwise in ('providers = ["epik"]', "duration_s = 91", "reachable = true", 'sentence = "y"'):
        assert len(differences(asks.format(otherwise), told)) == 2, otherwise


@pytest.mark.parametrize(
    ("wanted", "told", "met"),
    [
        ({}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, [1], False),
        (["x"], ["y", "x"], True),
        (["x"], "x", False),
        ("x", [{"id": "x"}], True),
        ("x", None, False),
        (True, 1, False),
        (1, True, False),
        (1, 1.0, True),
        (NOON, "no moment", False),
        (NOON, None, False),
    ],
    ids=repr,
)
def test_json_holds_what_is_wanted(wanted: object, told: object, *, met: bool) -> None:
    assert is_told(wanted, told) is met


def test_a_name_with_an_asterisk_is_that_of_many() -> None:
    assert is_meant("a.b.example", "*.example")
    assert not is_meant("a.b.example", "*.b")
    assert not is_meant("aXb", "a.b")
    assert is_meant("a*b", "a*b")
    assert is_meant("anybody", None)
