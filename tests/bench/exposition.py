"""What a scrape costs: the fleet's series written and joined, beside prometheus-client on as many series."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest

from monitor.attribute import Atlas, Attributor, Catalog
from monitor.export.metrics import FleetMetrics
from monitor.garbage import collected_seldom
from monitor.judge import step
from monitor.model import (
    HttpFacts,
    Observation,
    Policy,
    Probe,
    Target,
    TargetState,
    TlsFacts,
)
from tests.bench.rig import records, registration
from tests.bench.worker import Answer, Port, run

# One in so many targets has changed between two scrapes.
_CHANGED: Final = 100


async def _main(port: Port, _settings: Answer) -> None:
    async def answer(question: Answer) -> Answer:
        if question["what"] == "peer":
            return _peer(question["series"])
        async with collected_seldom():
            return await _ours(question["series"])

    await port.answering(answer)


async def _ours(series: int) -> Answer:
    """Write a fleet of so many series: all of it, then what one in a hundred or every target changed."""
    attributor = Attributor(Catalog.bundled(), Atlas.bundled())
    few = [_state(attributor, number) for number in range(10)]
    lines = (await _scraped(few))["series"] // len(few)
    states = [_state(attributor, number) for number in range(series // lines + 1)]
    fleet = FleetMetrics(_target(state.target) for state in states)
    for state in states:
        fleet.update(state)
    told = {"targets": len(states), "first": await _scrape(fleet)}
    for state in states[::_CHANGED]:
        fleet.update(_changed(state))
    told["changed"] = await _scrape(fleet)
    for state in states:
        fleet.update(replace(state, pulse=replace(state.pulse, up_s=7.5)))
    told["all_run"] = await _scrape(fleet)
    return told


async def _scraped(states: Sequence[TargetState]) -> Answer:
    fleet = FleetMetrics(_target(state.target) for state in states)
    for state in states:
        fleet.update(state)
    return await _scrape(fleet)


async def _scrape(fleet: FleetMetrics) -> Answer:
    """Take one scrape; `block_s` is the longest time in which nothing else could run."""
    block_s = 0.0

    async def watch() -> None:
        nonlocal block_s
        while True:
            slept = time.perf_counter()
            await asyncio.sleep(0)
            block_s = max(block_s, time.perf_counter() - slept)

    watching = asyncio.get_running_loop().create_task(watch())
    await asyncio.sleep(0)
    series = 0
    begun = time.perf_counter()
    pieces = [piece async for piece in fleet.render()]
    wall_s = time.perf_counter() - begun
    await asyncio.sleep(0)
    watching.cancel()
    for piece in pieces:
        series += sum(1 for line in piece.splitlines() if not line.startswith(b"#"))
    return {"wall_s": wall_s, "block_s": block_s, "series": series, "bytes": sum(map(len, pieces))}


def _target(name: str) -> Target:
    return Target(name=name, host=name, domain=name, url=f"https://{name}/")


def _state(attributor: Attributor, number: int) -> TargetState:
    """Return what is known of a target that all three probes have seen, as the judge leaves it."""
    target = _target(f"platform-{number}.example")
    now = datetime.now(UTC)
    state = TargetState(target=target.name)
    for probe, facts in (
        (Probe.REGISTRATION, registration(target, now)),
        (Probe.DNS, records(target)),
        (Probe.HTTP, _page(target, now)),
    ):
        observation = Observation(
            target=target.name,
            probe=probe,
            vantage="bench",
            scheduled_at=now,
            started_at=now,
            duration_s=0.05 + number % 97 / 1000,
            interval_s=60.0,
            facts=facts,
        )
        state = step(state, observation, attributor.attribute(observation), Policy()).state
    return state


def _page(target: Target, now: datetime) -> HttpFacts:
    certificate = TlsFacts(
        version="TLSv1.3",
        cipher="TLS_AES_128_GCM_SHA256",
        subject=target.host,
        issuer_organization="Let's Encrypt",
        issuer="E7",
        not_before=now - timedelta(days=10),
        not_after=now + timedelta(days=80),
        sha256="00" * 32,
        names=(target.host,),
    )
    return HttpFacts(url=target.url, status=200, address="54.230.10.7", port=443, tls=certificate)


def _changed(state: TargetState) -> TargetState:
    """Return the state with another memory: every line of it has to be written again."""
    return replace(state, seq=state.seq + 1, memory=replace(state.memory, incidents=1))


def _peer(series: int) -> Answer:
    """Write as many series with prometheus-client, in metrics of a thousand targets each."""
    registry = CollectorRegistry()
    families = 30
    gauges = [
        Gauge(f"platform_metric_{n}", "A metric of a fleet.", ["target", "probe"], registry=registry)
        for n in range(families)
    ]
    for number in range(series // families + 1):
        for gauge in gauges:
            gauge.labels(f"platform-{number}.example", "http").set(number / 7)
    generate_latest(registry)
    begun = time.perf_counter()
    text = generate_latest(registry)
    wall_s = time.perf_counter() - begun
    return {"wall_s": wall_s, "series": sum(1 for line in text.splitlines() if not line.startswith(b"#"))}


if __name__ == "__main__":
    run(_main)
