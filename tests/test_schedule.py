"""The schedule against real time, with intervals of tenths of a second."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from monitor.clock import SystemClock
from monitor.model import Check, DnsSettings, Probe
from monitor.schedule import Schedule, SlotTrigger
from monitor.slots import Slot


def check(name: str, interval_s: float = 0.2) -> Check:
    settings = DnsSettings(host=name, zone=name)
    return Check(target=name, probe=Probe.DNS, interval_s=interval_s, timeout_s=0.1, settings=settings)


class Log:
    """Records what the schedule asks for, and wakes who waits for it."""

    def __init__(self, hold: asyncio.Event | None = None) -> None:
        self.runs: list[tuple[Check, datetime]] = []
        self.misses: list[tuple[Check, datetime, str]] = []
        self.at_once = 0
        self.most_at_once = 0
        self._hold = hold

    async def run(self, check: Check, scheduled_at: datetime) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.runs.append((check, scheduled_at))
        try:
            await (self._hold.wait() if self._hold else asyncio.sleep(0))
        finally:
            self.at_once -= 1

    def miss(self, check: Check, scheduled_at: datetime, detail: str) -> None:
        self.misses.append((check, scheduled_at, detail))

    async def until(self, runs: int = 0, misses: int = 0) -> None:
        async with asyncio.timeout(10):
            while len(self.runs) < runs or len(self.misses) < misses:  # noqa: ASYNC110  # two counts
                await asyncio.sleep(0.01)


def schedule(log: Log, limit: int = 100) -> Schedule:
    limits = dict.fromkeys(Probe, limit)
    return Schedule(clock=SystemClock(), run=log.run, miss=log.miss, limits=limits)


async def test_every_check_runs_once_an_interval_at_its_phase() -> None:
    log = Log()
    watched = schedule(log)
    checks = [check(f"t{n}.example") for n in range(50)]
    watched.start(checks)
    await log.until(runs=150)
    await watched.stop(1.0)
    runs = Counter(ran.target for ran, _ in log.runs)
    assert set(runs) == {c.target for c in checks}
    assert max(runs.values()) - min(runs.values()) <= 1
    moments = {at.timestamp() % 0.2 for ran, at in log.runs if ran.target == "t7.example"}
    assert max(moments) - min(moments) < 1e-3
    assert log.misses == []


async def test_a_check_that_is_still_running_is_missed_and_not_run_twice() -> None:
    release = asyncio.Event()
    log = Log(release)
    watched = schedule(log)
    watched.start([check("slow.example")])
    await log.until(misses=2)
    assert log.most_at_once == 1
    assert "previous run" in log.misses[0][2]
    release.set()
    await watched.stop(1.0)


async def test_no_more_run_at_once_than_the_limit_allows() -> None:
    release = asyncio.Event()
    log = Log(release)
    watched = schedule(log, limit=3)
    watched.start([check(f"t{n}.example") for n in range(20)])
    await log.until(misses=1)
    assert log.most_at_once == 3
    release.set()
    await watched.stop(1.0)


async def test_a_loop_that_stood_still_is_told_as_missed_runs() -> None:
    log = Log()
    watched = schedule(log)
    watched.start([check("a.example", 0.1)])
    await log.until(runs=2)
    loop = asyncio.get_running_loop()
    until = loop.time() + 0.55
    while loop.time() < until:  # the machine is asleep
        pass
    await log.until(misses=1)
    await watched.stop(1.0)
    assert log.misses[0][2].endswith("runs were not started")


async def test_follow_ups_come_once_and_soon() -> None:
    log = Log()
    watched = schedule(log)
    watched.start([])
    again = check("a.example")
    for _ in range(5):
        watched.soon(again, 0.2, "suspected")
    watched.soon(check("b.example"), 0.0, "at once")
    await log.until(runs=2)
    await watched.stop(1.0)
    assert [ran.target for ran, _ in log.runs] == ["b.example", "a.example"]


async def test_stopping_waits_and_then_cancels() -> None:
    log = Log(asyncio.Event())
    watched = schedule(log)
    watched.start([])
    watched.soon(check("stuck.example"), 0.0, "test")
    await log.until(runs=1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await watched.stop(0.2) == 1
    assert 0.15 < loop.time() - began < 1.0
    assert watched.in_flight == 0


async def test_what_waits_for_its_slot_when_the_stop_comes_does_not_begin() -> None:
    release = asyncio.Event()
    log = Log(release)
    watched = schedule(log, limit=2)
    watched.start([])
    for number in range(20):
        watched.soon(check(f"t{number}.example"), 0.0, "test")
    await log.until(runs=2)
    stopping = asyncio.create_task(watched.stop(5.0))
    await asyncio.sleep(0)
    release.set()
    assert await stopping == 0
    assert len(log.runs) == 2


async def test_replanning_changes_the_checks_and_drops_none_in_flight() -> None:
    release = asyncio.Event()
    log = Log(release)
    watched = schedule(log)
    watched.start([check("old.example")])
    await log.until(runs=1)
    watched.replan([check("new.example")])
    await log.until(runs=2)
    release.set()
    await watched.stop(1.0)
    assert log.runs[1][0].target == "new.example"


async def test_a_fault_in_one_run_costs_no_other() -> None:
    log = Log()

    async def run(ran: Check, scheduled_at: datetime) -> None:
        if ran.target == "bad.example":
            message = "a fault of our own"
            raise RuntimeError(message)
        await log.run(ran, scheduled_at)

    watched = Schedule(clock=SystemClock(), run=run, miss=log.miss, limits=dict.fromkeys(Probe, 1))
    watched.start([check("bad.example"), check("good.example")])
    await log.until(runs=3)
    await watched.stop(1.0)
    assert {ran.target for ran, _ in log.runs} == {"good.example"}


def test_the_trigger_follows_the_clock_of_the_watched_world() -> None:
    class Hasty(SystemClock):
        """Ten seconds of the watched world to one of the machine."""

        start = datetime(2026, 1, 1, tzinfo=UTC)

        def real(self, moment: datetime) -> datetime:
            return self.start + (moment - self.start) / 10

        def moment(self, real: datetime) -> datetime:
            return self.start + (real - self.start) * 10

    trigger = SlotTrigger(Slot(interval_s=300.0, offset_s=0.0, checks=()), Hasty())
    first = trigger.get_next_fire_time(None, Hasty.start + timedelta(seconds=1))
    second = trigger.get_next_fire_time(first, first)
    assert first == Hasty.start + timedelta(seconds=30)
    assert second - first == timedelta(seconds=30)


async def test_what_is_in_flight_asks_for_nothing_more_once_it_is_being_stopped() -> None:
    """An incident that opens during the last look must not start another run behind the stop."""
    log = Log()
    release = asyncio.Event()

    async def run(ran: Check, scheduled_at: datetime) -> None:
        await log.run(ran, scheduled_at)
        await release.wait()
        watched.soon(check("registration.example"), 0.0, "an incident opened")

    watched = Schedule(clock=SystemClock(), run=run, miss=log.miss, limits=dict.fromkeys(Probe, 9))
    watched.start([])
    watched.soon(check("a.example"), 0.0, "test")
    await log.until(runs=1)
    asyncio.get_running_loop().call_later(0.05, release.set)
    assert await watched.stop(5.0) == 0
    await asyncio.sleep(0.05)
    # A turn that APScheduler had begun when it was shut down comes too late as well.
    await watched._due(0, Slot(interval_s=0.2, offset_s=0.0, checks=(check("late.example"),)))
    await asyncio.sleep(0.05)
    assert [ran.target for ran, _ in log.runs] == ["a.example"]
    assert log.misses == []
    assert watched.in_flight == 0


class WrongClock(SystemClock):
    """The machine's clock, ahead by so much."""

    ahead = timedelta(hours=1)

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.mark.full
async def test_a_clock_that_is_set_back_stops_no_checks() -> None:
    log = Log()
    clock = WrongClock()
    watched = Schedule(clock=clock, run=log.run, miss=log.miss, limits=dict.fromkeys(Probe, 9))
    watched.start([check("a.example")])
    watched.soon(check("b.example"), 5.0, "suspected")
    for job in watched._jobs:  # planned while the clock was an hour ahead
        job.modify(next_run_time=clock.now())
    await asyncio.sleep(0.3)
    assert log.runs == []
    clock.ahead = timedelta(0)
    await log.until(runs=5)
    async with asyncio.timeout(10):
        while "b.example" not in {ran.target for ran, _ in log.runs}:  # noqa: ASYNC110  # a set
            await asyncio.sleep(0.05)
    await watched.stop(1.0)


def test_a_fortnight_that_was_skipped_is_one_turn() -> None:
    """A clock without a battery is set forward by weeks: APScheduler asks for every turn up to now."""
    trigger = SlotTrigger(Slot(interval_s=60.0, offset_s=1.0, checks=()), SystemClock())
    before = datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    now = before + timedelta(days=14, seconds=30)
    last = trigger.get_next_fire_time(before, now)
    assert last == before + timedelta(days=14)
    assert trigger.get_next_fire_time(last, now) == last + timedelta(minutes=1)
