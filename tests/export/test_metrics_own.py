"""The monitor's own metrics."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from export.fleet import DNS, HTTP, NOW, promtool_says, samples, seen

from monitor.export.own_metrics import OwnMetrics, watch_loop
from monitor.failure import Failure
from monitor.model import Check, DnsSettings


def shown(own: OwnMetrics) -> dict[str, float]:
    return samples(own.render().decode())


def test_observations_count_by_probe_and_by_how_they_ended() -> None:
    own = OwnMetrics(version="1.2.3")
    for observation in (seen(HTTP), seen(HTTP), seen(DNS, failure=Failure.DNS_TIMEOUT)):
        own.observed(observation)
    got = shown(own)
    assert got['platform_monitor_observations_total{failure="none",probe="http"}'] == 2
    assert got['platform_monitor_observations_total{failure="dns_timeout",probe="dns"}'] == 1


def test_lag_is_that_of_runs_that_took_place() -> None:
    own = OwnMetrics(version="1")
    late = replace(seen(HTTP), started_at=NOW + timedelta(seconds=0.3))
    early = replace(seen(HTTP), started_at=NOW - timedelta(seconds=0.3))
    missed = replace(seen(HTTP, failure=Failure.MISSED), started_at=NOW + timedelta(days=1))
    for observation in (late, early, missed):
        own.observed(observation)
    got = shown(own)
    assert got["platform_monitor_schedule_lag_seconds_count"] == 2
    assert got["platform_monitor_schedule_lag_seconds_sum"] == pytest.approx(0.3)


def test_nothing_is_made_up_before_it_is_known() -> None:
    got = shown(OwnMetrics(version="1"))
    assert not [name for name in got if "reload" in name or name == "platform_monitor_targets"]


def test_a_configuration_that_fails_keeps_the_time_of_the_last_good_one() -> None:
    own = OwnMetrics(version="1")
    own.reloaded(NOW, ok=True)
    own.reloaded(NOW + timedelta(hours=1), ok=False)
    got = shown(own)
    assert got["platform_monitor_config_last_reload_successful"] == 0
    assert got["platform_monitor_config_last_reload_success_timestamp_seconds"] == NOW.timestamp()


def test_what_is_configured_delivered_and_running() -> None:
    own = OwnMetrics(version="1")
    settings = DnsSettings(host="a.example", zone="a.example")
    check = Check(target="a", probe=DNS, interval_s=60, timeout_s=5, settings=settings)
    own.configured(1, [check])
    own.delivered("ops", "delivered", 7)
    own.delivered("ops", "delivered")
    own.pending({"ops": 3, "chat": 1})
    own.pending({"ops": 2})
    own.watch_in_flight(HTTP, lambda: 4.0)
    own.committed(0.02)
    got = shown(own)
    assert got["platform_monitor_targets"] == 1
    assert got['platform_monitor_checks{probe="dns"}'] == 1
    assert got['platform_monitor_checks{probe="http"}'] == 0
    assert got['platform_monitor_deliveries_total{outcome="delivered",receiver="ops"}'] == 8
    assert got['platform_monitor_deliveries_pending{receiver="ops"}'] == 2
    assert 'platform_monitor_deliveries_pending{receiver="chat"}' not in got
    assert got['platform_monitor_probes_in_flight{probe="http"}'] == 4
    assert got['platform_monitor_store_commit_seconds_bucket{le="0.025"}'] == 1
    assert not [name for name in got if "_created" in name]


def test_two_monitors_in_one_process_do_not_count_for_each_other() -> None:
    one, other = OwnMetrics(version="1"), OwnMetrics(version="1")
    one.observed(seen(HTTP))
    assert not [name for name in shown(other) if "observations" in name]


async def test_the_loop_is_measured() -> None:
    lags: asyncio.Queue[float] = asyncio.Queue()
    watcher = asyncio.create_task(watch_loop(lags.put_nowait, every_s=0.001))
    own = OwnMetrics(version="1")
    for lag in (await lags.get(), await lags.get(), -1.0):
        own.loop_lagged(lag)
    watcher.cancel()
    assert shown(own)["platform_monitor_event_loop_lag_seconds_count"] == 3


@pytest.mark.full
def test_promtool_accepts_the_monitors_own(server: Callable[[str], Path]) -> None:
    own = OwnMetrics(version='1"\\')
    own.observed(seen(HTTP))
    own.reloaded(NOW, ok=True)
    own.configured(0, [])
    own.pending({'a"b': 1})
    assert promtool_says(server("promtool"), own.render()) == (0, b"", b"")
