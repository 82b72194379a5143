"""How late checks start: the real schedule, once before the whole pipeline and once before nothing at all."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from monitor.clock import SystemClock
from monitor.failure import Failure
from monitor.model import Check, Observation, Probe
from monitor.schedule import Schedule
from tests.bench.rig import Rig, open_rig, watched
from tests.bench.worker import Answer, Port, run

# What the configuration sets unless told otherwise.
_AT_ONCE: Final = 1000
_SCRAPED_EVERY_S: Final = 15.0


class Lags:
    """Collects how late checks start, from a moment on."""

    def __init__(self) -> None:
        self._late_s: list[float] = []
        self.missed = 0
        self.counting = False

    def started(self, scheduled_at: datetime, started_at: datetime) -> None:
        """Take the start of a check."""
        if self.counting:
            self._late_s.append((started_at - scheduled_at).total_seconds())

    def observed(self, observation: Observation) -> None:
        """Take an observation."""
        if observation.failure is not Failure.MISSED:
            self.started(observation.scheduled_at, observation.started_at)
        elif self.counting:
            self.missed += 1

    def told(self) -> Answer:
        """Return count and quantiles."""
        late = sorted(self._late_s)
        return {
            "started": len(late),
            "missed": self.missed,
            "p50_s": _quantile(late, 0.5),
            "p99_s": _quantile(late, 0.99),
            "max_s": late[-1] if late else 0.0,
        }


def _quantile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


async def _main(port: Port, settings: Answer) -> None:
    if settings.get("urls"):
        await _with_probes(port, settings)
    else:
        await _alone(port, settings)


async def _with_probes(port: Port, settings: Answer) -> None:
    """Put the whole pipeline behind the schedule, and scrape it as Prometheus does."""
    fleet = [
        watched(f"t{number}.example", url, interval_s=settings["interval_s"])
        for number, url in enumerate(settings["urls"])
    ]
    lags = Lags()
    folder, ca = Path(settings["folder"]), Path(settings["ca"])
    async with open_rig(folder, ca, fleet, observed=lags.observed) as rig:
        checks = [each.check for each in fleet]
        schedule = _schedule(rig.pipeline.run, rig.pipeline.miss)
        scraping = asyncio.get_running_loop().create_task(_scrape(rig))
        told = await _measure(schedule, checks, lags, settings)
        scraping.cancel()
        told["answered"] = dict(rig.answered)
        await port.answering(_once(told))


async def _alone(port: Port, settings: Answer) -> None:
    """Run checks that do nothing: what is left is the schedule's own cost."""
    clock = SystemClock()
    lags = Lags()

    async def run_nothing(_check: Check, scheduled_at: datetime) -> None:
        lags.started(scheduled_at, clock.now())

    def miss(_check: Check, _scheduled_at: datetime, _detail: str) -> None:
        lags.missed += lags.counting

    count, interval_s = settings["checks"], settings["interval_s"]
    checks = [watched(f"t{n}.example", "http://x/", interval_s=interval_s).check for n in range(count)]
    await port.answering(_once(await _measure(_schedule(run_nothing, miss), checks, lags, settings)))


def _schedule(
    runs: Callable[[Check, datetime], Awaitable[None]], miss: Callable[[Check, datetime, str], None]
) -> Schedule:
    return Schedule(clock=SystemClock(), run=runs, miss=miss, limits=dict.fromkeys(Probe, _AT_ONCE))


async def _measure(schedule: Schedule, checks: Sequence[Check], lags: Lags, settings: Answer) -> Answer:
    schedule.start(checks)
    await asyncio.sleep(settings["warm_up_s"])
    cpu, begun = time.process_time(), time.monotonic()
    lags.counting = True
    await asyncio.sleep(settings["measure_s"])
    lags.counting = False
    cpu, wall = time.process_time() - cpu, time.monotonic() - begun
    await schedule.stop(5.0)
    return {**lags.told(), "cores": cpu / wall, "per_s": lags.told()["started"] / wall}


async def _scrape(rig: Rig) -> None:
    while True:
        await asyncio.sleep(_SCRAPED_EVERY_S)
        async for _ in rig.fleet.render():
            pass


def _once(told: Answer) -> Callable[[Answer], Awaitable[Answer]]:
    async def answer(_question: Answer) -> Answer:
        return told

    return answer


if __name__ == "__main__":
    run(_main)
