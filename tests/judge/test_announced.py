"""Announcements: what begins in their time is told with them, and what came of them stands beside them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from judge.world import LETTERS, START, World, behind

from monitor import wire
from monitor.judge.announced import compare
from monitor.model import (
    Announcement,
    Event,
    EventType,
    FieldChange,
    Incident,
    IncidentChanged,
    Layer,
    Policy,
    Probe,
    ProviderChanged,
    RegistrationChanged,
    Severity,
    Status,
    StatusChanged,
    StoredEvent,
    Verdict,
)

MOVE = Announcement(
    at=START + timedelta(minutes=10),
    text="We move to another host",
    expected_until=START + timedelta(hours=3),
    source="https://parler.com/status",
)
DEADLINE = datetime(2021, 1, 11, 7, 59, tzinfo=UTC)


def announced(world: World) -> list[Announcement | None]:
    return [
        event.data.announced
        for event in world.events
        if isinstance(event.data, StatusChanged | IncidentChanged | ProviderChanged)
    ]


def planned(*announcements: Announcement) -> World:
    return World(Policy(announcements=announcements))


def test_an_outage_in_its_time_is_told_as_ever_and_with_it() -> None:
    """Announcements silence nothing: the same events, the same severities, and the announcement in them."""
    usual, told = World().http("...xxx......"), planned(MOVE).http("...xxx......")
    assert told.told == usual.told
    assert [event.severity for event in told.events] == [event.severity for event in usual.events]
    assert [event.id for event in told.events] == [event.id for event in usual.events]
    assert set(announced(told)) == {MOVE}
    assert all(event.text.endswith(" (announced)") for event in told.events)
    assert set(announced(usual)) == {None}


def test_a_change_of_provider_in_its_time_is_told_with_it() -> None:
    world = planned(MOVE)
    world.policy = replace(world.policy, dns_watched=False)
    for who in ("amazon", "amazon", "epik", "epik", "epik"):
        world.feed(Probe.HTTP, LETTERS["."], behind(Layer.NETWORK, who))
    assert announced(world) == [MOVE]


@pytest.mark.parametrize(
    ("hours", "within"),
    [(-2.0, False), (-0.9, True), (0.0, True), (2.8, True), (2.9, False), (30.0, False)],
)
def test_only_what_begins_in_its_time_is_told_with_it(hours: float, *, within: bool) -> None:
    """From an hour before the moment, for clocks differ, to the moment by which it was to be over."""
    world = World(Policy(announcements=(MOVE,)), start=MOVE.at + timedelta(hours=hours))
    world.http("xxx")
    assert announced(world) == [MOVE if within else None]


def test_one_without_an_end_has_no_time_that_anything_could_begin_in() -> None:
    assert announced(planned(replace(MOVE, expected_until=None)).http("...xxx")) == [None, None]


def test_what_is_told_with_an_announcement_is_read_again_as_it_was_written() -> None:
    for event in planned(MOVE).http("...xxx").events:
        assert wire.load_event(wire.dump_event(event)) == event


def test_events_that_were_stored_before_there_were_announcements_are_read() -> None:
    for event in World().http("...xxx").events:
        old = wire.dump_event(event).replace(',"announced":null', "")
        assert "announced" not in old
        assert wire.load_event(old) == event


def incident(opened_at: datetime, resolved_at: datetime | None = None) -> Incident:
    verdict = Verdict(status=Status.DOWN, reachable=False, diagnosis="network.refused")
    return Incident(
        id="i1",
        opened_at=opened_at,
        told_at=opened_at + timedelta(seconds=20),
        verdict=verdict,
        resolved_at=resolved_at,
    )


def stored(at: datetime, data: ProviderChanged | RegistrationChanged) -> StoredEvent:
    event = Event(
        id="e1",
        type=EventType.PROVIDER_CHANGED,
        subject="parler.com",
        at=at,
        severity=Severity.WARNING,
        text="parler.com: network: Amazon → DDoS-Guard. (announced)",
        data=data,
    )
    return StoredEvent(number=1, event=event)


AWS = Announcement(
    at=DEADLINE,
    text="Amazon ends hosting",
    expected_until=datetime(2021, 1, 18, tzinfo=UTC),
)


def test_announced_happened_and_noticed_stand_side_by_side() -> None:
    """Parler: the deadline, the first refused connection a minute later, and the return long after a week."""
    opened, back = DEADLINE + timedelta(minutes=1), datetime(2021, 2, 15, 12, tzinfo=UTC)
    (effect,) = compare([AWS], [incident(opened, back)], [])
    assert (effect.announcement, effect.happened, effect.noticed, effect.over) == (
        AWS,
        opened,
        opened + timedelta(seconds=20),
        back,
    )
    assert effect.what == "incident i1: network.refused"


def test_a_planned_move_is_the_change_of_provider() -> None:
    first = DEADLINE + timedelta(hours=1)
    moved = ProviderChanged(
        layer=Layer.NETWORK,
        providers_from=(),
        providers_to=(),
        evidence_from=(),
        evidence_to=(),
        first_seen_at=first,
    )
    later = incident(DEADLINE + timedelta(days=2))
    (effect,) = compare([AWS], [later], [stored(first + timedelta(minutes=5), moved)])
    assert (effect.happened, effect.noticed) == (first, first + timedelta(minutes=5))
    assert effect.what == "network: Amazon → DDoS-Guard."


def test_what_happened_too_early_or_too_late_is_not_what_was_announced() -> None:
    early, late = DEADLINE - timedelta(hours=2), datetime(2021, 1, 26, tzinfo=UTC)
    (effect,) = compare([AWS], [incident(early), incident(late)], [])
    assert (effect.happened, effect.noticed, effect.what) == (None, None, "")


def test_without_an_end_a_week_is_waited_for() -> None:
    endless = replace(AWS, expected_until=None)
    (effect,) = compare([endless], [incident(DEADLINE + timedelta(days=6))], [])
    assert effect.happened == DEADLINE + timedelta(days=6)
    (effect,) = compare([endless], [incident(DEADLINE + timedelta(days=8))], [])
    assert effect.happened is None


def test_a_registration_that_reads_differently_is_what_was_announced_as_well() -> None:
    change = RegistrationChanged(
        changes=(FieldChange(field="registrar", before="a", after="b"),), source="rdap", server="s"
    )
    (effect,) = compare([AWS], [], [stored(DEADLINE + timedelta(hours=4), change)])
    assert effect.happened == effect.noticed == DEADLINE + timedelta(hours=4)


def test_announcements_stand_in_the_order_of_their_moments() -> None:
    other = replace(AWS, at=DEADLINE - timedelta(days=3), text="Google", expected_until=None)
    assert [effect.announcement.text for effect in compare([AWS, other], [], [])] == ["Google", AWS.text]
