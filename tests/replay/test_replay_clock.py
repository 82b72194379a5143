"""Time that is told to pass, and time that is paced."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import SystemClock
from monitor.replay.clock import PacedClock, Pacing, Segment, VirtualClock
from monitor.replay.loop import SkippingLoop

START = datetime(2021, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


class StillClock(SystemClock):
    """A machine's clock that a test moves."""

    def __init__(self) -> None:
        self.moments = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moments


def test_virtual_time_passes_when_it_is_spent_and_not_beyond_patience() -> None:
    clock = VirtualClock(START)
    clock.begin(START, patience_s=10.0)
    assert clock.spend(4.0) == 4.0
    assert clock.spend() == 6.0
    assert clock.spend(1.0) == 0.0
    assert clock.now() == START + timedelta(seconds=10)
    assert clock.monotonic() == 10.0


def test_virtual_time_that_passes_between_runs_is_not_measured() -> None:
    clock = VirtualClock(START)
    clock.begin(START, patience_s=10.0)
    clock.spend(3.0)
    before = clock.monotonic()
    clock.begin(START + DAY, patience_s=10.0)
    assert clock.now() == START + DAY
    assert clock.monotonic() == before


def test_monotonic_does_not_go_back_when_the_next_run_began_earlier() -> None:
    clock = VirtualClock(START)
    clock.begin(START, patience_s=10.0)
    clock.spend()
    clock.begin(START + timedelta(seconds=3), patience_s=10.0)
    assert clock.now() == START + timedelta(seconds=3)
    assert clock.monotonic() == 10.0


def pacing() -> Pacing:
    return Pacing(
        [
            Segment(begin=START, end=START + 10 * DAY, real_s=10.0),
            Segment(begin=START + 10 * DAY, end=START + 10.5 * DAY, real_s=30.0),
            Segment(begin=START + 10.5 * DAY, end=START + 40 * DAY, real_s=5.0),
        ]
    )


def test_a_pace_is_slow_where_something_happens() -> None:
    pace = pacing()
    assert pace.real_s == 45.0
    assert pace.moment(5.0) == START + 5 * DAY
    assert pace.moment(10.0) == START + 10 * DAY
    assert pace.moment(25.0) == START + 10.25 * DAY
    assert pace.moment(45.0) == START + 40 * DAY


def test_outside_of_its_segments_a_pace_is_that_of_real_time() -> None:
    pace = pacing()
    assert pace.moment(-3.0) == START - timedelta(seconds=3)
    assert pace.moment(48.0) == START + 40 * DAY + timedelta(seconds=3)
    assert pace.elapsed_s(START - timedelta(seconds=3)) == -3.0
    assert pace.elapsed_s(START + 40 * DAY + timedelta(seconds=3)) == 48.0


@given(st.floats(min_value=-100.0, max_value=100.0))
def test_a_pace_can_be_read_backwards(elapsed_s: float) -> None:
    assert pacing().elapsed_s(pacing().moment(elapsed_s)) == pytest.approx(elapsed_s, abs=1e-4)


@given(st.lists(st.floats(min_value=0.0, max_value=60.0), min_size=2, max_size=20))
def test_paced_time_never_goes_back(seconds: list[float]) -> None:
    pace = pacing()
    moments = [pace.moment(second) for second in sorted(seconds)]
    assert moments == sorted(moments)


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [Segment(begin=START, end=START, real_s=1.0)],
        [Segment(begin=START, end=START + DAY, real_s=0.0)],
        [
            Segment(begin=START, end=START + DAY, real_s=1.0),
            Segment(begin=START + 2 * DAY, end=START + 3 * DAY, real_s=1.0),
        ],
    ],
)
def test_a_pace_with_holes_is_refused(segments: list[Segment]) -> None:
    with pytest.raises(ValueError, match="segment"):
        Pacing(segments)


def test_a_paced_clock_shows_scenario_time_and_finds_the_machine_s_moment_for_it() -> None:
    machine = StillClock()
    clock = PacedClock(pacing(), machine)
    begun = machine.now()
    assert clock.now() == START
    machine.moments += timedelta(seconds=25)
    assert clock.now() == START + 10.25 * DAY
    assert clock.real(START + 10.25 * DAY) == begun + timedelta(seconds=25)
    assert clock.moment(begun + timedelta(seconds=5)) == START + 5 * DAY
    assert clock.spend() == 0.0


def test_a_skipped_timer_is_due_at_once() -> None:
    loop = SkippingLoop()
    try:
        rang: list[float] = []
        begun = loop.time()
        loop.call_later(3600.0, lambda: rang.append(loop.time()))
        loop.call_later(0.0, loop.skip, 3600.0)
        loop.call_later(3601.0, loop.stop)
        loop.call_later(3600.0, loop.skip, 1.0)
        loop.run_forever()
        assert len(rang) == 1
        assert rang[0] - begun >= 3600.0
    finally:
        loop.close()
