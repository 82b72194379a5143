"""The scenarios that come with the monitor, played to their end."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.replay.driver import Outcome, play
from monitor.replay.expectations import examine, verify
from monitor.replay.loop import SkippingLoop
from monitor.replay.scenario import Scenario, read_scenario
from monitor.store import Store

ROOT = Path(__file__).parents[2]
SEEDS = sorted((ROOT / "seeds").glob("*.toml"))


def played(scenario: Scenario) -> Outcome:
    async def run() -> Outcome:
        async with await Store.open("sqlite://") as store:
            return await play(scenario, store=store)

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(run())


# Played again under another order of sets: those with many targets, many layers, or the whole fleet in them.
AGAIN = {
    *("control-dns-provider", "control-own-network", "desired-state", "diagnoses-answer", "diagnoses-dns"),
    *("early-signs", "fastly-2021", "parler-2021", "parler-2021-stores", "rotating-cdn"),
}


def begin(hash_seed: int, seeds: list[Path]) -> subprocess.Popen[bytes]:
    """Begin to play scenarios with the command, in a process whose sets have an order of their own."""
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "replay", *map(str, seeds), "--verify", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
    )


@pytest.mark.full
@pytest.mark.timeout(300)
def test_every_scenario_is_noticed_as_it_expects_and_again_to_the_byte() -> None:
    """All of them in one process, so that a start is paid once, and quickly enough to be played often."""
    spent = os.times()
    again = [path for path in SEEDS if path.stem in AGAIN]
    assert len(again) == len(AGAIN)
    plays = [begin(1, SEEDS), begin(2, again)]
    try:
        first, second = (play.communicate()[0] for play in plays)
    finally:
        for play in plays:
            play.kill()
            play.wait()
    now = os.times()
    both_s = now.children_user - spent.children_user + now.children_system - spent.children_system
    rows = json.loads(first)
    assert [row["scenario"] for row in rows] == [path.stem for path in SEEDS]
    assert {row["scenario"]: row["differences"] for row in rows if row["differences"]} == {}
    assert [play.returncode for play in plays] == [0, 0]
    assert [row for row in rows if row["scenario"] in AGAIN] == json.loads(second)
    assert both_s < 150.0


@pytest.mark.full
def test_one_address_of_another_provider_would_be_noticed_among_rotating_ones() -> None:
    """The negative control is not deaf."""
    text = (ROOT / "seeds" / "rotating-cdn.toml").read_text(encoding="utf-8")
    there = 'a = ["172.67.5.5", "104.18.1.1", "104.18.1.2", "104.18.1.3", "104.18.1.4"]'
    assert there in text
    other = text.replace(there, there.replace("104.18.1.1", "54.69.20.11")) + (
        '[[networks]]\nprefix = "54.69.0.0/16"\nasn = 16509\nname = "AMAZON-02"\nsynthetic = true\n'
    )
    scenario = read_scenario(other, file="other.toml")
    differences = verify(scenario, played(scenario))
    assert len(differences) == 2
    assert "to amazon+cloudflare" in differences[0].text


@pytest.mark.full
def test_the_example_in_the_documentation_comes_true() -> None:
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    scenario = read_scenario(text.partition("```toml\n")[2].partition("```")[0], file="docs")
    examination = examine(scenario, played(scenario))
    assert examination.differences == ()
    assert [noticed.fact.id for noticed in examination.noticed if noticed.fact] == [
        "dropped",
        "dropped",
        "elsewhere",
        "elsewhere",
        "elsewhere",
    ]
    assert all(noticed.lag is not None and noticed.lag.total_seconds() > 0 for noticed in examination.noticed)
