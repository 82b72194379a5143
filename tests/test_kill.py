"""kill -9 in the middle of an incident: the same incident goes on, and each event is told as itself.

The real daemon, a real page that comes and goes, a real receiver that fails when it matters most.
"""

import asyncio
import json
import os
import random
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from monitor.model import EventType, TargetState
from monitor.store import Store, StoreError
from tests.servers.http_lab import HttpLab, answer
from tests.servers.webhook_lab import Post, Reply, webhook_lab

MONITOR = Path(sys.executable).parent / "platform-monitor"
TARGET = "parler.localhost"
ROUNDS = 3
SECRET = "whsec_cGxhdGZvcm0tbW9uaXRvci1raWxsLW1pbnVzLW5pbmU="
TEXT = b"<title>Parler</title><p>" + b"Somebody has said something. " * 50

COUNTER = re.compile(r'^(platform_\w+_total)\{target="parler\.localhost"\} (\S+)$', re.MULTILINE)

Counters = dict[str, float]


@dataclass(slots=True)
class Platform:
    """A page that is there, or is not."""

    up: bool = True

    async def serve(self, _head: bytes, writer: asyncio.StreamWriter) -> None:
        page = answer(TEXT, "Content-Type: text/html")
        writer.write(page if self.up else answer(b"out of order", status="503 Service Unavailable"))


@dataclass(slots=True)
class Receiver:
    """Takes what it is told, or fails, in several ways; remembers what it has seen of each event."""

    rng: random.Random
    failing: bool = False
    bodies: dict[str, bytes] = field(default_factory=dict)
    """By event id, in the order in which they first arrived."""
    accepted: list[str] = field(default_factory=list)
    """Ids whose sender was told that all is well, in order; the same one may come again."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, post: Post) -> Reply:
        body = self.bodies.setdefault(post.event_id, post.body)
        assert body == post.body, "an event was told in other words the second time"
        if not self.failing:
            self.accepted.append(post.event_id)
            self.news.set()
            return Reply()
        return self.rng.choice([Reply(status=503), Reply(drop=True), Reply(hang=True)])

    async def accepts(self, ids: Collection[str]) -> None:
        """Return when all of these have been accepted."""
        async with asyncio.timeout(60):
            while not set(ids) <= set(self.accepted):
                self.news.clear()
                await self.news.wait()


@dataclass(slots=True)
class Witness:
    """Looks at the store and at /metrics from outside; nothing that was once there may go away."""

    store_url: str
    metrics_url: str
    state: TargetState = field(default_factory=lambda: TargetState(target=TARGET))
    counters: Counters = field(default_factory=dict)
    events: dict[int, str] = field(default_factory=dict)
    """Ids by number."""
    untold: int = 0
    """Deliveries that wait."""

    async def look(self) -> TargetState | None:
        """Return the stored state; None before there is one."""
        try:
            async with await Store.open(self.store_url, read_only=True) as store:
                now = await store.state(TARGET)
                stored = await store.events(limit=1000, newest_first=False)
                self.untold = (await store.pending(["ops"]))["ops"]
        except StoreError:
            assert self.state.seq == 0, "the store can no longer be read"
            return None
        if now is None:
            assert self.state.seq == 0, "the state is gone"
            return None
        before, self.state = self.state, now
        _never_back(_numbers(before), _numbers(now))
        events = {item.number: item.event.id for item in stored}
        assert self.events.items() <= events.items(), "an event is gone, or has another id"
        self.events = events
        return now

    async def scrape(self) -> None:
        """Look at the counters, if somebody listens."""
        try:
            async with aiohttp.ClientSession() as session, session.get(self.metrics_url) as response:
                text = await response.text()
        except aiohttp.ClientError:
            return  # not up yet
        if response.status == 200:
            now = {name: float(value) for name, value in COUNTER.findall(text)}
            _never_back(self.counters, now)
            self.counters = now

    async def until(self, holds: Callable[[TargetState], object]) -> TargetState:
        """Look until the state is as wanted; raises TimeoutError with what it is instead."""
        try:
            async with asyncio.timeout(30):
                while True:
                    await self.scrape()
                    state = await self.look()
                    if state is not None and holds(state):
                        return state
                    await asyncio.sleep(0.1)
        except TimeoutError:
            message = f"still {self.state.memory.verdict} after {self.state.seq} looks"
            raise TimeoutError(message) from None


def _numbers(state: TargetState) -> Counters:
    pulse = state.pulse
    return {
        "seq": state.seq,
        "incidents": state.memory.incidents,
        "up": pulse.up_s,
        "down": pulse.down_s,
        "unknown": pulse.unknown_s,
    }


def _never_back(before: Counters, now: Counters) -> None:
    gone_back = {name: (value, now.get(name)) for name, value in before.items() if now.get(name, -1) < value}
    assert not gone_back, f"went backwards: {gone_back}"


@dataclass(slots=True)
class Victim:
    """The daemon, to be killed."""

    config: Path
    log: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = await asyncio.create_subprocess_exec(
                *map(str, (MONITOR, "run", "--config", self.config)),
                stdout=out,
                stderr=out,
                env={"PATH": os.environ["PATH"], "HOME": str(self.config.parent)},
            )

    async def kill_and_restart(self, after_s: float) -> None:
        """Kill it without a warning after so many seconds, and start it again."""
        assert self.process is not None
        await asyncio.sleep(after_s)
        assert self.process.returncode is None, f"it ended by itself: {self.tail()}"
        self.process.kill()
        await self.process.wait()
        await self.start()

    async def stop(self) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        return await self.process.wait()

    def tail(self) -> str:
        return "\n".join(self.log.read_text().splitlines()[-30:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def watched(
    folder: Path, platform: Platform, receiver: Receiver
) -> AsyncIterator[tuple[Victim, Witness]]:
    """Run the page, the receiver and the daemon."""
    port = _free_port()
    async with HttpLab(platform.serve) as lab, webhook_lab(receiver.answer) as hooks:
        config = folder / "config.toml"
        config.write_text(f"""[monitor]
data_dir = "{folder}/data"
log_format = "json"

[controls]
enabled = false

[web]
listen = "127.0.0.1:{port}"

[http]
interval = "1s"
timeout = "1s"
allow_private = true

[policy]
recheck = "500ms"
flap_window = "1s"

[[targets]]
domain = "{TARGET}"
url = "http://{TARGET}:{lab.port}/"
probes = ["http"]

[[receivers]]
name = "ops"
url = "{hooks.url}"
secret = "{SECRET}"
timeout = "500ms"
""")
        victim = Victim(config, folder / "monitor.log")
        await victim.start()
        try:
            yield (
                victim,
                Witness(f"sqlite:///{folder}/data/monitor.db", f"http://127.0.0.1:{port}/metrics"),
            )
        except BaseException:
            sys.stdout.write(victim.tail())
            raise
        finally:
            await victim.stop()


@pytest.mark.full
@pytest.mark.timeout(240)
async def test_an_incident_survives_kill_nine_and_every_event_is_told_as_itself(tmp_path: Path) -> None:
    rng = random.Random(9)  # noqa: S311 - decides when to kill
    platform, receiver = Platform(), Receiver(rng)
    incidents: list[str] = []
    async with watched(tmp_path, platform, receiver) as (victim, witness):
        for number in range(ROUNDS):
            await witness.until(lambda state: state.memory.verdict.status == "up")
            platform.up, receiver.failing = False, True
            if number % 2:  # while the outage is no more than a suspicion
                await victim.kill_and_restart(rng.uniform(0.5, 2.0))
            opened = await witness.until(lambda state: state.memory.incident)
            assert opened.memory.incident is not None
            incidents.append(opened.memory.incident.id)
            assert witness.untold, "the events of this incident were to be on their way"
            await victim.kill_and_restart(rng.uniform(0.0, 1.0))
            if number % 3 == 0:  # while it starts
                await victim.kill_and_restart(rng.uniform(0.3, 1.5))
            went_on = await witness.until(lambda state, seq=witness.state.seq: state.seq > seq + 1)
            assert went_on.memory.incident is not None, "the incident is gone"
            assert went_on.memory.incident.id == incidents[-1], "another incident was opened"
            platform.up, receiver.failing = True, False
            if number % 3 == 1:  # while it is told
                await victim.kill_and_restart(rng.uniform(0.5, 2.5))
            # Past the time in which the next outage would go on with this incident.
            await witness.until(lambda state: state.memory.incident is None and state.memory.ended is None)
        await receiver.accepts(witness.events.values())
        assert await victim.stop() == 0, victim.tail()
        final = await witness.look()
    assert final is not None
    assert final.memory.incidents == ROUNDS == len(set(incidents))
    await _compare(witness, receiver, incidents)


async def _compare(witness: Witness, receiver: Receiver, incidents: list[str]) -> None:
    """Hold what is stored against what was told."""
    async with await Store.open(witness.store_url, read_only=True) as store:
        stored = await store.events(limit=1000, newest_first=False)
        rows = await store.incidents(TARGET, limit=1000)
    ids = [item.event.id for item in stored]
    # Repeated is allowed, with the same id; missing, unknown, or out of order is not.
    assert list(dict.fromkeys(receiver.accepted)) == ids
    assert set(receiver.bodies) == set(ids)
    for item in stored:
        told = json.loads(receiver.bodies[item.event.id])
        assert (told["id"], int(told["sequence"])) == (item.event.id, item.number)
        assert (told["type"], told["data"]["text"]) == (item.event.type, item.event.text)
    assert witness.untold == 0
    each = (EventType.INCIDENT_OPENED, EventType.INCIDENT_RESOLVED)
    for kind in each:
        assert [item.event.data.incident for item in stored if item.event.type is kind] == incidents  # type: ignore[union-attr]
    assert {row.incident.id for row in rows} == set(incidents)
    assert all(row.incident.resolved_at is not None for row in rows)
