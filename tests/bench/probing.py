"""Our side: probes through the whole pipeline, so many at a time. The CPU of this process is counted."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from monitor.model import Check
from tests.bench.rig import Rig, Watched, open_rig, watched
from tests.bench.worker import Answer, BenchError, Port, run


async def _main(port: Port, settings: Answer) -> None:
    """`fleets`: by name, the URLs of its targets."""
    fleets = {kind: _fleet(kind, urls) for kind, urls in settings["fleets"].items()}
    everyone = [each for fleet in fleets.values() for each in fleet]
    resolver = tuple(settings["resolver"])
    async with open_rig(Path(settings["folder"]), Path(settings["ca"]), everyone, resolver=resolver) as rig:

        async def answer(question: Answer) -> Answer:
            checks = [each.check for each in fleets[question["fleet"]]]
            return await _round(rig, checks, settings["at_once"])

        await port.answering(answer)


def _fleet(kind: str, urls: list[str]) -> list[Watched]:
    return [watched(f"{kind}-{number}.example", url) for number, url in enumerate(urls)]


async def _round(rig: Rig, checks: list[Check], at_once: int) -> Answer:
    """Probe every target once, in fresh connections, until the last of them is committed."""
    rig.answered.clear()
    rig.committed = 0
    gate = asyncio.Semaphore(at_once)
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as probes:
        for check in checks:
            await gate.acquire()
            # A task for each, as the schedule starts them.
            task = probes.create_task(rig.pipeline.run(check, datetime.now(UTC)))
            task.add_done_callback(lambda _: gate.release())
    await rig.committer.flush()
    wall_s = time.perf_counter() - begun
    if rig.answered != {"200": len(checks)}:
        message = f"not every probe got its page: {dict(rig.answered)}"
        raise BenchError(message)
    if rig.committed != len(checks):
        message = (
            f"{len(checks)} probes, but {rig.committed} states written: what was measured is not the whole"
        )
        raise BenchError(message)
    return {"wall_s": wall_s}


if __name__ == "__main__":
    run(_main)
