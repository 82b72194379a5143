"""The monitor's own metrics: how well it watches, not what it sees.

Kept by prometheus-client in a registry of its own, so that two monitors in one process (a replay,
a test) do not count for each other. Each metric stands in docs/metrics.md.
"""

import asyncio
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from monitor.failure import Failure
from monitor.model import Check, FleetRecord, Observation, Probe

_LAG_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_COMMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LOOP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(frozen=True, slots=True)
class _Plain(Collector):
    """A registry without the `_created` series: a fourth number for every counter, that nobody reads."""

    registry: CollectorRegistry

    def collect(self) -> Iterator[Metric]:
        for metric in self.registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


class OwnMetrics:
    """Counts what the monitor does. Every method is cheap and none raises."""

    def __init__(self, *, version: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._shown: set[Gauge] = set()
        self._build_info(version)
        self._reload_ok = self._gauge(
            "config_last_reload_successful", "Whether the last reading of the configuration succeeded."
        )
        self._reload_at = self._gauge(
            "config_last_reload_success_timestamp_seconds",
            "When the configuration was last read with success.",
        )
        self._targets = self._gauge("targets", "Configured targets.")
        self._checks = self._gauge("checks", "Configured checks.", "probe")
        self._in_flight = self._gauge(
            "probes_in_flight", "Checks running or waiting for their turn.", "probe"
        )
        self._pending = self._gauge(
            "deliveries_pending", "Events that a receiver has not got yet.", "receiver"
        )
        self._observations = self._counter(
            "observations", "Observations, by how they ended: a failure, or none.", "probe", "failure"
        )
        self._deliveries = self._counter("deliveries", "Tries to deliver an event.", "receiver", "outcome")
        self._lag = self._histogram(
            "schedule_lag_seconds", "How late checks start, missed ones left out.", _LAG_BUCKETS
        )
        self._commit = self._histogram(
            "store_commit_seconds", "How long a commit to the store takes.", _COMMIT_BUCKETS
        )
        self._loop_lag = self._histogram(
            "event_loop_lag_seconds", "How late the event loop wakes a sleeper.", _LOOP_BUCKETS
        )
        self._questions = self._counter(
            "registration_questions",
            "Questions to registration servers, by how they ended.",
            "protocol",
            "outcome",
        )
        self._resting = self._gauge(
            "registration_servers_resting", "Registration servers that are left alone, and why.", "reason"
        )
        self._waiting = self._gauge(
            "registration_waiting", "Checks that wait for their turn at a registration server."
        )
        self._bootstrap = self._gauge(
            "rdap_bootstrap_published_timestamp_seconds",
            "When the list of RDAP servers in use was published.",
        )
        self._online = self._gauge(
            "online", "Whether the monitor reaches the internet: 0 while most of its controls do not answer."
        )
        self._outages = Gauge(
            "platform_provider_outage_active",
            "An outage of a provider lasts: unrelated targets that stand on it fail together.",
            ("layer", "provider"),
            registry=self._registry,
        )
        self._investigations = self._counter(
            "investigation_questions",
            "Checks that investigations wanted at once: asked, or left to a later look.",
            "outcome",
        )
        # A child of a counter by its labels costs a lock and two look-ups; there are 1,700 a second.
        self._ended: dict[tuple[Probe, Failure | None], Counter] = {}

    def observed(self, observation: Observation) -> None:
        """Count an observation, and how late it was begun."""
        key = (observation.probe, observation.failure)
        counter = self._ended.get(key)
        if counter is None:
            counter = self._observations.labels(observation.probe.value, observation.failure or "none")
            self._ended[key] = counter
        counter.inc()
        if observation.failure is not Failure.MISSED:
            late = (observation.started_at - observation.scheduled_at).total_seconds()
            self._lag.observe(max(0.0, late))

    def reloaded(self, at: datetime, *, ok: bool) -> None:
        """Note that the configuration was read at `at`, and whether it could be used."""
        self._set(self._reload_ok, 1 if ok else 0)
        if ok:
            self._set(self._reload_at, at.timestamp())

    def configured(self, targets: int, checks: Iterable[Check]) -> None:
        """Note how much is watched."""
        self._set(self._targets, targets)
        counts = dict.fromkeys(Probe, 0)
        for check in checks:
            counts[check.probe] += 1
        for probe, count in counts.items():
            self._checks.labels(probe.value).set(count)

    def delivered(self, receiver: str, outcome: str, count: int = 1) -> None:
        """Count tries to deliver; at the start, those that the store remembers."""
        self._deliveries.labels(receiver, outcome).inc(count)

    def pending(self, waiting: Mapping[str, int]) -> None:
        """Note how many events each receiver still has to get; receivers that are left out are gone."""
        self._pending.clear()
        for receiver, count in waiting.items():
            self._pending.labels(receiver).set(count)

    def fleet_is(self, record: FleetRecord) -> None:
        """Note whether the monitor is cut off, as far as that is known, and which providers fail."""
        if record.online is not None:
            self._set(self._online, 1 if record.online else 0)
        else:
            self._hide(self._online)
        self._outages.clear()
        for outage in record.outages:
            if outage.over_at is None:
                self._outages.labels(outage.layer.value, outage.provider.id).set(1)

    def watch_in_flight(self, probe: Probe, read: Callable[[], float]) -> None:
        """Ask `read` at every scrape how many checks of a probe are running."""
        self._in_flight.labels(probe.value).set_function(read)

    def asked(self, protocol: str, outcome: str) -> None:
        """Count a question to a registration server."""
        self._questions.labels(protocol, outcome).inc()

    def investigated(self, asked: bool) -> None:  # noqa: FBT001 - what the bucket tells of each
        """Count a check that an investigation wanted: asked, or left out for now."""
        self._investigations.labels("asked" if asked else "left_out").inc()

    def watch_registries(
        self,
        *,
        resting: Mapping[str, Callable[[], float]],
        waiting: Callable[[], float],
        bootstrap: Callable[[], float],
    ) -> None:
        """Ask at every scrape how it stands with the registries.

        How many servers are left alone, by the reason; how many checks wait for their turn; when the
        list of RDAP servers was published.
        """
        for reason, read in resting.items():
            self._resting.labels(reason).set_function(read)
        for gauge, read in ((self._waiting, waiting), (self._bootstrap, bootstrap)):
            self._set(gauge, 0)
            gauge.set_function(read)

    def committed(self, seconds: float) -> None:
        """Note how long a commit took."""
        self._commit.observe(seconds)

    def loop_lagged(self, seconds: float) -> None:
        """Note how late the event loop was."""
        self._loop_lag.observe(max(0.0, seconds))

    def render(self) -> bytes:
        """Return the exposition: a few kilobytes, about a millisecond."""
        return generate_latest(_Plain(self._registry))

    def names(self) -> dict[str, tuple[str, ...]]:
        """Return the name of every metric with its labels: what docs and dashboards may speak of."""
        own = (
            self._reload_ok,
            self._reload_at,
            self._targets,
            self._checks,
            self._in_flight,
            self._pending,
            self._observations,
            self._deliveries,
            self._lag,
            self._commit,
            self._loop_lag,
            self._build,
            self._questions,
            self._resting,
            self._waiting,
            self._bootstrap,
            self._online,
            self._outages,
            self._investigations,
        )
        return {_exported(metric): tuple(metric._labelnames) for metric in own}  # noqa: SLF001 - it has no other name

    def _set(self, gauge: Gauge, value: float) -> None:
        """Set a gauge without labels, and show it from now on: before, a 0 would be made up."""
        gauge.set(value)
        if gauge not in self._shown:
            self._shown.add(gauge)
            self._registry.register(gauge)

    def _hide(self, gauge: Gauge) -> None:
        if gauge in self._shown:
            self._shown.discard(gauge)
            self._registry.unregister(gauge)

    def _build_info(self, version: str) -> None:
        self._build = self._gauge("build_info", "1, with what is running.", "version", "python_version")
        self._build.labels(version, platform.python_version()).set(1)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        registry = self._registry if labels else None
        return Gauge(f"platform_monitor_{name}", text, labels, registry=registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"platform_monitor_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"platform_monitor_{name}", text, registry=self._registry, buckets=buckets)


def _exported(metric: Counter | Gauge | Histogram) -> str:
    name = next(iter(metric.describe())).name
    return f"{name}_total" if isinstance(metric, Counter) else name


async def watch_loop(lagged: Callable[[float], None], *, every_s: float = 1.0) -> None:
    """Measure how late the event loop wakes a sleeper, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every_s
        await asyncio.sleep(every_s)
        lagged(loop.time() - due)
