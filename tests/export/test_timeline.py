"""Periods as lanes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.export.timeline import timeline
from monitor.store.rows import Period

NOW = datetime(2021, 1, 17, 12, tzinfo=UTC)


def period(lane: str, value: str | None, begin_h: float, end_h: float | None) -> Period:
    until = None if end_h is None else NOW - timedelta(hours=end_h)
    return Period(target="t", lane=lane, value=value, since=NOW - timedelta(hours=begin_h), until=until)


def test_lanes_stand_in_the_order_of_the_layers_below_the_status() -> None:
    made = timeline(
        [
            period("dns", "amazon", 10, 5),
            period("dns", "epik", 5, None),
            period("status", "up", 10, 2),
            period("status", "down", 2, None),
            period("mail", None, 5, None),
            period("registration", "epik", 10, None),
        ],
        NOW,
    )
    assert [lane.name for lane in made.lanes] == ["status", "registration", "dns", "mail"]
    status, registration, dns, mail = made.lanes
    assert [(s.left, s.width, s.shade) for s in status.stretches] == [
        (0, 80, "status-up"),
        (80, 20, "status-down"),
    ]
    assert dns.stretches[1].shade == registration.stretches[0].shade, "the same provider, the same shade"
    assert mail.stretches[0].shade == "dark"


def test_only_the_last_ninety_days_are_drawn() -> None:
    made = timeline(
        [period("dns", "a", 24 * 300, 24 * 200), period("dns", "b", 24 * 200, None)],
        NOW,
    )
    assert made.since == NOW - timedelta(days=90)
    assert [(s.period.value, s.left, s.width) for s in made.lanes[0].stretches] == [("b", 0, 100)]


HOURS = st.floats(min_value=-10, max_value=5_000)


@given(st.lists(st.tuples(HOURS, st.none() | HOURS), min_size=1, max_size=20))
def test_every_stretch_lies_inside_and_can_be_seen(spans: list[tuple[float, float | None]]) -> None:
    made = timeline([period("dns", "a", begin, end) for begin, end in spans], NOW)
    for lane in made.lanes:
        for stretch in lane.stretches:
            assert 0 < stretch.width <= 100
            assert stretch.left >= 0
            assert stretch.left + stretch.width == pytest.approx(
                min(stretch.left + stretch.width, 100), abs=0.01
            )
