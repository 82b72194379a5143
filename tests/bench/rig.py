"""The whole pipeline, wired as `monitor.app` wires it, on targets that lead to the bench's own servers.

observe, attribute (bundled catalog and address table), judge, commit to SQLite on a disk, fleet
metrics, the monitor's own metrics. Left out: the web page and the receivers, which a probe does not
pass through.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from monitor.attribute import Atlas, Attributor, Catalog
from monitor.clock import SystemClock
from monitor.export.metrics import FleetMetrics
from monitor.export.own_metrics import OwnMetrics
from monitor.failure import Failure
from monitor.garbage import collected_seldom
from monitor.model import (
    Check,
    DnsAnswer,
    DnsFacts,
    HttpFacts,
    HttpSettings,
    Observation,
    Policy,
    Probe,
    RegistrationFacts,
    StoredEvent,
    Target,
)
from monitor.pipeline import Pipeline, Plan
from monitor.probe import open_io
from monitor.probe.io import DirectRoute
from monitor.probe.registries import Registries
from monitor.probe.tls import Trust
from monitor.store import Change, Committer, Store

_OK: Final = 200
TIMEOUT_S: Final = 5.0
"""As blackbox_exporter is configured here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A target of the bench, and its check."""

    target: Target
    check: Check


def watched(name: str, url: str, *, interval_s: float = 60.0) -> Watched:
    """Return a target that is watched by an http check of `url`."""
    return Watched(
        target=Target(name=name, host=name, domain=name, url=url),
        check=Check(
            target=name,
            probe=Probe.HTTP,
            interval_s=interval_s,
            timeout_s=TIMEOUT_S,
            settings=HttpSettings(url=url, family="ipv4", allow_private=True),
        ),
    )


@dataclass(slots=True, kw_only=True)
class Rig:
    """A running pipeline, and a count of what went through it."""

    pipeline: Pipeline
    committer: Committer
    fleet: FleetMetrics
    answered: Counter[str] = field(default_factory=Counter)
    """Http observations by how they ended: `200`, another status, or a failure."""
    committed: int = 0
    """Changes written."""


Recheck = Callable[[Check, float, str], None]
Observed = Callable[[Observation], None]


@asynccontextmanager
async def open_rig(
    folder: Path,
    ca: Path | None,
    fleet: Sequence[Watched],
    *,
    resolver: tuple[str, int] = ("127.0.0.1", 53),
    observed: Observed = lambda _: None,
) -> AsyncIterator[Rig]:
    """Open it, with every target known from its records and its registration."""
    trust = Trust(context=ssl.create_default_context(cafile=str(ca) if ca else None))
    async with (
        await Store.open(f"sqlite:///{folder}/bench.db") as store,
        open_io(
            clock=SystemClock(),
            route=DirectRoute(),
            vantage="bench",
            resolvers=[resolver],
            trust=trust,
            registries=Registries.load(),
        ) as io,
    ):
        own = OwnMetrics(version="bench")
        metrics = FleetMetrics(each.target for each in fleet)

        def committed(changes: Sequence[Change], _stored: Sequence[StoredEvent]) -> None:
            rig.committed += len(changes)
            for change in changes:
                metrics.update(change.state)

        def seen(observation: Observation) -> None:
            own.observed(observation)
            rig.answered[_ended(observation)] += 1
            observed(observation)

        committer = Committer(store, receivers=lambda _: (), on_commit=committed)
        pipeline = Pipeline(
            io=io,
            attributor=Attributor(Catalog.bundled(), Atlas.bundled()),
            plans={each.target.name: _plan(each.check) for each in fleet},
            states={},
            commit=committer.submit,
            recheck=lambda *_: None,
            observed=seen,
        )
        rig = Rig(pipeline=pipeline, committer=committer, fleet=metrics)
        running = asyncio.get_running_loop().create_task(committer.run())
        acquaint(pipeline, (each.target for each in fleet))
        await committer.flush()
        try:
            async with collected_seldom():
                yield rig
        finally:
            await committer.flush()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


def _plan(check: Check) -> Plan:
    return Plan(checks={check.probe: check}, policy=Policy())


def _ended(observation: Observation) -> str:
    if observation.failure is not None:
        return observation.failure.value
    return (
        str(observation.facts.status) if isinstance(observation.facts, HttpFacts) else observation.probe.value
    )


def acquaint(pipeline: Pipeline, targets: Iterable[Target]) -> None:
    """Let the pipeline take the records and the registration of every target, as after its first hour."""
    now = datetime.now(UTC)
    for target in targets:
        for probe, facts in (
            (Probe.DNS, records(target)),
            (Probe.REGISTRATION, registration(target, now)),
        ):
            pipeline.take(
                Observation(
                    target=target.name,
                    probe=probe,
                    vantage="bench",
                    scheduled_at=now,
                    started_at=now,
                    duration_s=0.05,
                    interval_s=86_400.0,
                    facts=facts,
                )
            )


def records(target: Target) -> DnsFacts:
    """Return records as of an ordinary site at an ordinary provider."""

    def says(rtype: str, *values: str, failure: Failure | None = None) -> DnsAnswer:
        return DnsAnswer(
            name=target.host, rtype=rtype, rcode="NOERROR", values=values, ttl=300, failure=failure
        )

    return DnsFacts(
        host=target.host,
        zone=target.domain,
        resolver="127.0.0.1",
        a=says("A", "54.230.10.7"),
        aaaa=says("AAAA", failure=Failure.DNS_NODATA),
        ns=says("NS", "ns-1.awsdns-01.com", "ns-2.awsdns-02.net"),
        mx=says("MX", "10 aspmx.l.google.com"),
        soa=says("SOA", "ns-1.awsdns-01.com"),
    )


def registration(target: Target, now: datetime) -> RegistrationFacts:
    """Return a registration as of an ordinary domain."""
    return RegistrationFacts(
        domain=target.domain,
        source="rdap",
        server="https://rdap.example/",
        registered=True,
        registrar_name="Epik, LLC",
        registrar_iana_id=617,
        statuses=("clientTransferProhibited",),
        name_servers=("ns-1.awsdns-01.com", "ns-2.awsdns-02.net"),
        expires=now + timedelta(days=200),
    )
