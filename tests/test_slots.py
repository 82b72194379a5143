from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Check, DnsSettings, Probe
from monitor.slots import EPOCH, Slot, phase, phase_s, slots


def check(name: str, interval_s: float = 60.0) -> Check:
    settings = DnsSettings(host=name, zone=name)
    return Check(target=name, probe=Probe.DNS, interval_s=interval_s, timeout_s=5.0, settings=settings)


def test_a_hundred_thousand_checks_are_a_few_hundred_jobs_of_even_size() -> None:
    made = slots(check(f"t{n}.example") for n in range(100_000))
    assert len(made) == 600
    sizes = [len(slot.checks) for slot in made]
    assert sum(sizes) == 100_000
    assert max(sizes) < 2 * 100_000 / 600


def test_a_phase_depends_on_the_check_alone() -> None:
    """A restart, or a neighbour that comes and goes, keeps it: these figures may never change."""
    assert round(phase(check("parler.com")), 9) == round(phase(check("parler.com", 300.0)), 9)
    assert phase_s(check("parler.com")) == 28.2
    assert phase_s(check("parler.com", 300.0)) == 141.0


def test_different_intervals_do_not_share_a_slot() -> None:
    made = slots([check("a.example", 60.0), check("a2.example", 300.0)])
    assert [slot.interval_s for slot in made] == [60.0, 300.0]


@given(
    st.floats(min_value=0.05, max_value=1e6),
    st.floats(min_value=0.0, max_value=0.999),
    st.integers(min_value=0, max_value=4_000_000_000_000),
)
def test_every_moment_lies_between_two_due_ones(interval_s: float, part: float, milliseconds: int) -> None:
    slot = Slot(interval_s=interval_s, offset_s=part * interval_s, checks=())
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    index = slot.index(moment)
    grace = timedelta(microseconds=2 + interval_s * 0.01)
    assert slot.due(index) <= moment + grace
    assert moment - grace < slot.due(index + 1)


@given(st.floats(min_value=0.05, max_value=1e6), st.integers(min_value=1, max_value=10**6))
def test_a_due_moment_is_found_again(interval_s: float, back: int) -> None:
    slot = Slot(interval_s=interval_s, offset_s=0.0, checks=())
    index = slot.index(datetime(2026, 1, 1, tzinfo=UTC)) - min(back, 1000)
    assert slot.nearest(slot.due(index)) == index
