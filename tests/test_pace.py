"""How fast a demonstration passes: all of the scenario, once, slowly where something happens."""

from datetime import timedelta
from pathlib import Path

import pytest
from servers.scenario_lab import HEAD, scenario

from monitor.demo import pace
from monitor.replay.scenario import load_scenario

SEEDS = sorted((Path(__file__).parents[1] / "seeds").glob("*.toml"))


def fact(at: str, name: str, change: str = '[facts.set.http."example.com"]\nstatus = 503\n') -> str:
    return f'[[facts]]\nid = "{name}"\nat = {at}\nlayer = "content"\nwhat = "x"\nsynthetic = true\n{change}'


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_a_seed_is_over_in_a_minute_or_so(path: Path) -> None:
    seed = load_scenario(path)
    pacing = pace(seed)
    assert (pacing.begin, pacing.end) == (seed.start, seed.end)
    assert 1 < pacing.real_s < 100


def test_an_hour_in_which_something_happens_takes_longer_than_a_quiet_one() -> None:
    head = HEAD.replace("end = 2021-01-02", "end = 2021-01-21")
    day = scenario(fact("2021-01-01T12:00:00Z", "gone"), head=head)
    pacing = pace(day)

    def takes_s(hour: float) -> float:
        begin = day.start + timedelta(hours=hour)
        return pacing.elapsed_s(begin + timedelta(hours=1)) - pacing.elapsed_s(begin)

    assert takes_s(12) == pytest.approx(1 / 1.2)
    assert takes_s(3) == pytest.approx(takes_s(20))
    assert takes_s(3) < takes_s(12) / 5


def test_a_scenario_in_which_something_happens_all_the_time_has_a_pace() -> None:
    """Nothing is left between the facts: there is no rest to be hurried through."""
    head = HEAD.replace("end = 2021-01-02T00:00:00Z", "end = 2021-01-01T02:00:00Z")
    short = scenario(fact("2021-01-01T00:10:00Z", "gone") + fact("2021-01-01T01:00:00Z", "back"), head=head)
    pacing = pace(short)
    assert pacing.end == short.end
    assert pacing.real_s == pytest.approx(2 / 1.2)


def test_what_changes_nothing_to_be_seen_is_not_waited_for() -> None:
    told = scenario(fact("2021-01-01T12:00:00Z", "said", ""))
    assert pace(told).real_s == pytest.approx(24 / 1.2)
