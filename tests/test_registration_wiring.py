"""How the daemon asks registries: who is run again, what is taken up after a restart, what is shown."""

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from servers.hand_clock import SleeperClock, settle
from servers.registration_lab import answers, check, good_rdap, lab

from monitor import registration
from monitor.clock import SystemClock
from monitor.config import load
from monitor.export.own_metrics import OwnMetrics
from monitor.failure import Failure
from monitor.model import Check, Policy, Probe, Pulse, Run, TargetState
from monitor.pipeline import Plan
from monitor.probe.allowance import Rate
from monitor.probe.registration import probe_registration
from monitor.probe.registries import Registries
from monitor.probe.turn_line import Pace
from monitor.probe.turns import Turns
from monitor.schedule import Schedule


def plans(*names: str) -> dict[str, Plan]:
    return {
        name: Plan(checks={Probe.REGISTRATION: replace(check(name), target=name)}, policy=Policy())
        for name in names
    }


def after(failure: Failure | None, in_a_row: int, name: str) -> TargetState:
    at = datetime.fromisoformat("2026-11-24T00:00:00Z")
    run = Run(probe=Probe.REGISTRATION, at=at, duration_s=1.0, failure=failure, in_a_row=in_a_row)
    return TargetState(target=name, pulse=Pulse(runs=(run,)))


async def test_what_was_put_off_before_a_restart_is_called_whoever_waited_longest_first() -> None:
    clock, called = SleeperClock(), []
    turns = Turns(clock=clock, pace=Pace(whois=Rate(per_s=0.1, burst=1)))
    turns.recall = lambda key: called.append(key) or True
    watched = plans("a.ru", "b.ru", "c.ru", "d.ru", "e.ru")
    states = {
        "a.ru": after(Failure.REGISTRATION_LIMITED, 2, "a.ru"),
        "b.ru": after(Failure.REGISTRATION_LIMITED, 9, "b.ru"),
        "c.ru": after(None, 30, "c.ru"),
        "d.ru": after(Failure.REGISTRATION_NO_SERVER, 3, "d.ru"),
        "gone.ru": after(Failure.REGISTRATION_LIMITED, 99, "gone.ru"),
    }
    await registration.put_off_before(turns, watched, states, Registries.load())
    await clock.advance(60)
    await turns.aclose()
    assert called == ["b.ru/registration", "a.ru/registration"]


async def test_a_check_whose_turn_has_come_is_run_by_the_schedule() -> None:
    ran: list[str] = []

    async def run(seen: Check, _at: datetime) -> None:
        ran.append(seen.id)

    watched = plans("a.ru")
    schedule = Schedule(clock=SystemClock(), run=run, miss=lambda *_: None, limits={})
    schedule.start([])
    assert registration.recall("a.ru/registration", watched, schedule)
    assert not registration.recall("gone.ru/registration", watched, schedule)
    assert not registration.recall("a.ru/registration", watched, schedule)  # it is about to run
    await settle()
    await schedule.stop(1.0)
    assert ran == ["a.ru/registration"]
    assert not registration.recall("a.ru/registration", watched, schedule)


async def test_a_probe_without_a_limit_in_the_schedule_is_not_held_back() -> None:
    """Those who wait for their turn at one server are all running; the limit is on what is in flight."""
    running, release = 0, asyncio.Event()

    async def run(_seen: Check, _at: datetime) -> None:
        nonlocal running
        running += 1
        await release.wait()

    schedule = Schedule(clock=SystemClock(), run=run, miss=lambda *_: None, limits={Probe.HTTP: 1})
    schedule.start([])
    for name in "abcdefghijkl":
        schedule.soon(replace(check("a.ru"), target=name), 0.0, "test")
    await settle()
    assert running == 12
    release.set()
    await schedule.stop(1.0)


async def test_what_is_shown_is_what_is_so() -> None:
    own = OwnMetrics(version="1")
    async with lab() as here:
        turns, registries = here.io.asking.turns, here.io.registries
        turns.recall = lambda _: True
        registration.show(turns, registries, own)
        here.rdap = answers(good_rdap("one.rdap"))
        await probe_registration(check("one.rdap"), here.io)
        here.rdap = answers(status=429)
        with pytest.raises(Exception, match="registration_limited"):
            await probe_registration(check("two.rdap"), here.io)
        text = own.render().decode()
    published = registries.bootstrap.published.timestamp()
    for line in (
        'platform_monitor_registration_questions_total{outcome="answered",protocol="rdap"} 1.0',
        'platform_monitor_registration_questions_total{outcome="limited",protocol="rdap"} 1.0',
        'platform_monitor_registration_servers_resting{reason="limited"} 1.0',
        'platform_monitor_registration_servers_resting{reason="unreachable"} 0.0',
        "platform_monitor_registration_waiting 1.0",
        f"platform_monitor_rdap_bootstrap_published_timestamp_seconds {published}",
    ):
        name, value = line.rsplit(" ", 1)
        shown = next(row for row in text.splitlines() if row.startswith(name + " "))
        assert float(shown.rsplit(" ", 1)[1]) == float(value), line


def test_the_configuration_is_the_pace(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[limits]\nregistration = 3\n[registration]\nwhois_rate = "30/1m"\nwhois_burst = 2\n'
        'rates = { "whois.tcinet.ru" = "1/10s" }\n[[targets]]\ndomain = "parler.com"\n'
    )
    config = load(path, environ={"HOME": str(tmp_path)})
    pace = registration.pace_of(config)
    assert pace == Pace(
        at_once=3,
        rdap=Rate(per_s=5.0, burst=10),
        whois=Rate(per_s=0.5, burst=2),
        per_s_of={"whois.tcinet.ru": 0.1},
    )
