"""When checks run: the only user of APScheduler.

APScheduler gets a job per slot (`monitor.slots`), not one per check: a hundred thousand checks are
a few thousand jobs. A slot that comes late runs once, and what it skipped is told as missed. A check
that is still running when it is due again is missed too: it never runs twice at a time.

Follow-ups ("look again in ten seconds") are gathered by the second, one job for all that are due in
it, so that a thousand targets that fail together do not become a thousand jobs.

The machine's clock is set right now and then. Forward: what was skipped is one missed run, however
much it was. Back: everything is planned anew, for APScheduler would wait until it is that late again.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor.clock import Clock
from monitor.model import Check, Probe
from monitor.slots import EPOCH, Slot, slots

_log: Final = structlog.get_logger("schedule")

# How often the clock is compared with the loop's, and what is no more than its being slewed.
_WATCH_S: Final = 1.0
_SLEWED_S: Final = 0.5

_MISSTEPS: Final = EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES


class SlotTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires at the due moments of a slot, by the clock of the world that is watched."""

    def __init__(self, slot: Slot, clock: Clock) -> None:
        self._slot = slot
        self._clock = clock

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the machine's moment of the next due one."""
        if previous_fire_time is not None:
            following = self._slot.nearest(self._clock.moment(previous_fire_time)) + 1
            # After a sleep or a clock set forward: not every turn that was skipped, only the last one.
            index = max(following, self._slot.index(self._clock.moment(now)))
        else:
            index = self._slot.index(self._clock.moment(now)) + 1
        return self._clock.real(self._slot.due(index))


class Schedule:
    """Runs checks when they are due, each at most once at a time, so many of a kind at once.

    `run` carries one check to its end; `miss` records one that did not run. Both are told the
    moment at which the check was due. A probe that is not in `limits` sees to its limit itself.

    `most_waiting`: of a probe that is asked for at once by many targets that fail together, so many runs
    are in flight or wait; more are left to their regular time. `at_once`: targets whose checks wait for
    no other.
    """

    def __init__(  # noqa: PLR0913 - what cannot be passed in cannot be tested
        self,
        *,
        clock: Clock,
        run: Callable[[Check, datetime], Awaitable[None]],
        miss: Callable[[Check, datetime, str], None],
        limits: Mapping[Probe, int],
        most_waiting: Mapping[Probe, int] | None = None,
        at_once: Container[str] = (),
    ) -> None:
        self._clock = clock
        self._run = run
        self._miss = miss
        self._gates = {probe: asyncio.Semaphore(limit) for probe, limit in limits.items()}
        self._most_waiting = most_waiting or {}
        self._at_once = at_once
        self._scheduler: Any = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(self._misstep, _MISSTEPS)
        self._last: dict[int, int] = {}
        self._jobs: list[Any] = []
        self._slots: tuple[Slot, ...] = ()
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[str] = set()
        self._running = dict.fromkeys(Probe, 0)
        self._soon: dict[int, dict[str, Check]] = {}

    @property
    def in_flight(self) -> int:
        """Return how many checks are running or waiting for their turn."""
        return len(self._tasks)

    def in_flight_of(self, probe: Probe) -> int:
        """Return how many checks of one kind are running or waiting for their turn."""
        return self._running[probe]

    @property
    def running(self) -> bool:
        """Tell whether checks are being started."""
        return bool(self._scheduler.running)

    def start(self, checks: Iterable[Check]) -> None:
        """Start to run the checks."""
        self.replan(checks)
        self._scheduler.start()
        self._watch = asyncio.get_running_loop().create_task(self._watch_clock())

    def replan(self, checks: Iterable[Check]) -> None:
        """Run these checks from now on; what is in flight goes on."""
        self._slots = slots(checks)
        self._plan()

    def _plan(self) -> None:
        for job in self._jobs:
            job.remove()
        self._last.clear()
        self._jobs = [
            self._scheduler.add_job(self._due, SlotTrigger(slot, self._clock), args=(number, slot))
            for number, slot in enumerate(self._slots)
        ]

    def soon(self, check: Check, delay_s: float, reason: str) -> bool:
        """Run a check once more in `delay_s` seconds, on the next full second; 0: at once.

        Not any more once the schedule is being stopped: what is in flight then asks for nothing.
        Returns whether it will run: one that is running at this moment does not begin again.
        """
        if self._stopping:
            return False
        _log.debug("follow_up", target=check.target, probe=check.probe, delay_s=delay_s, reason=reason)
        now = self._clock.now()
        if delay_s <= 0:
            if self._running[check.probe] >= self._most_waiting.get(check.probe, sys.maxsize):
                _log.debug("follow_up_left_out", target=check.target, probe=check.probe)
                return False
            return self._spawn(check, now)
        second = ceil((now - EPOCH).total_seconds() + delay_s)
        waiting = self._soon.get(second)
        if waiting is None:
            waiting = self._soon[second] = {}
            at = self._clock.real(EPOCH + timedelta(seconds=second))
            self._scheduler.add_job(self._follow_up, "date", run_date=at, args=(second,))
        waiting[check.id] = check
        return True

    async def stop(self, limit_s: float) -> int:
        """Start nothing more, wait for what is in flight, cancel what is left; returns how many were."""
        self._stopping = True
        if self._watch is not None:
            self._watch.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if not self._tasks:
            return 0
        _, left = await asyncio.wait(self._tasks, timeout=limit_s)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        return len(left)

    async def _due(self, number: int, slot: Slot) -> None:
        if self._stopping:
            return  # APScheduler had begun before it was shut down
        index = slot.index(self._clock.now())
        last = self._last.get(number)
        self._last[number] = index
        if index == last:
            return  # the timer came a moment early
        scheduled_at = slot.due(index)
        skipped = max(0, index - last - 1) if last is not None else 0
        for check in slot.checks:
            if skipped:
                self._miss(check, slot.due(index - 1), f"{skipped} runs were not started")
            self._spawn(check, scheduled_at, regular=True)

    async def _watch_clock(self) -> None:
        loop = asyncio.get_running_loop()
        before: float | None = None
        while True:
            ahead_s = self._clock.real(self._clock.now()).timestamp() - loop.time()
            if before is not None and ahead_s < before - _SLEWED_S:
                _log.warning("clock_set_back", by_s=round(before - ahead_s, 3))
                self._plan_anew()
            before = ahead_s
            await asyncio.sleep(_WATCH_S)

    def _plan_anew(self) -> None:
        """Forget the moments that were worked out by a clock that has been set back."""
        self._plan()
        waiting, self._soon = self._soon, {}
        for checks in waiting.values():
            for check in checks.values():
                self.soon(check, _WATCH_S, "the clock was set back")

    async def _follow_up(self, second: int) -> None:
        at = EPOCH + timedelta(seconds=second)
        for check in self._soon.pop(second, {}).values():
            self._spawn(check, at)

    def _spawn(self, check: Check, scheduled_at: datetime, *, regular: bool = False) -> bool:
        if self._stopping:
            return False
        if check.id in self._busy:
            if regular:
                self._miss(check, scheduled_at, "the previous run had not ended")
            return False
        self._busy.add(check.id)
        self._running[check.probe] += 1
        task = asyncio.get_running_loop().create_task(self._carry(check, scheduled_at))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Forget a task, and be loud about a fault of our own: it has cost this run, and no other."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("run_failed", exc_info=error)

    async def _carry(self, check: Check, scheduled_at: datetime) -> None:
        try:
            gate = None if check.target in self._at_once else self._gates.get(check.probe)
            async with gate or nullcontext():
                if self._stopping:
                    return  # it had not begun
                await self._run(check, scheduled_at)
        finally:
            self._busy.discard(check.id)
            self._running[check.probe] -= 1

    def _misstep(self, event: Any) -> None:  # noqa: ANN401  # APScheduler ships no types
        """Tell what APScheduler could not do. A slot that was skipped is told as missed by its next turn."""
        if event.code == EVENT_JOB_ERROR:
            _log.error("scheduler_fault", error=repr(event.exception))
        else:
            _log.warning("slot_skipped", code=event.code)
