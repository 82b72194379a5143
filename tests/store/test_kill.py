"""kill -9 at any moment: what was said to be stored is stored, and nothing goes backwards."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from monitor.store import DeliveryState, Store

KILLS = 25
TESTS = Path(__file__).parent.parent


class Record:
    """What the victims said before they died: the independent record."""

    def __init__(self) -> None:
        self.seqs: dict[str, int] = {}
        self.events: dict[int, str] = {}
        self.delivered: Counter[int] = Counter()

    def hear(self, line: str) -> None:
        what, first, second = line.split()[:3]
        if what == "loaded":
            assert int(second) >= self.seqs.get(first, 0), "a state went backwards over a kill"
        elif what == "state":
            assert int(second) > self.seqs.get(first, 0), "a state went backwards"
            self.seqs[first] = int(second)
        elif what == "event":
            assert self.events.setdefault(int(first), second) == second, "a number was given twice"
        else:
            self.delivered[int(first)] += 1


async def live_and_die(url: str, record: Record, lifetime_s: float, *, early: bool) -> int:
    victim = await asyncio.create_subprocess_exec(
        sys.executable,
        str(TESTS / "store" / "victim.py"),
        url,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert victim.stdout is not None
    # Early: while it starts, opens and migrates; else while it commits and delivers.
    first = b"" if early else await victim.stdout.readline()

    async def kill() -> None:
        await asyncio.sleep(lifetime_s)
        victim.send_signal(signal.SIGKILL)

    killer = asyncio.create_task(kill())
    said = first + await victim.stdout.read()
    await killer
    assert await victim.wait() == -signal.SIGKILL
    lines = said.decode().split("\n")[:-1]  # the last line may be cut
    for line in lines:
        record.hear(line)
    return len(lines)


@pytest.mark.full
@pytest.mark.timeout(120)
async def test_kill_nine_loses_nothing_that_was_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/monitor.db"
    record, rng = Record(), random.Random(9)  # noqa: S311 - decides when to kill
    heard = [
        await live_and_die(url, record, rng.uniform(0.4, 0.8), early=True)
        if number % 5 == 0
        else await live_and_die(url, record, rng.uniform(0.0, 0.25), early=False)
        for number in range(KILLS)
    ]
    assert sum(heard) > 100
    assert record.events
    assert record.delivered
    async with await Store.open(url) as store:
        states = await store.load()
        stored = await store.events(limit=10**6, newest_first=False)
        done = await store.deliveries(states=[DeliveryState.DONE], limit=10**6)
        pending = await store.pending(["ops"])
    for target, seq in record.seqs.items():
        assert states[target].seq >= seq
    by_number = {item.number: item.event.id for item in stored}
    assert record.events.items() <= by_number.items()
    assert len(set(by_number.values())) == len(by_number)
    assert set(record.delivered) <= {item.event.number for item in done}
    assert len(done) + pending["ops"] == len(stored), "an event without its delivery"
