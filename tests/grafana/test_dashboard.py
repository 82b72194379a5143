"""The dashboard asks for metrics that exist, in words that Prometheus understands, and gets answers."""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession
from export.conftest import Site
from export.fleet import (
    DNS,
    DOWN,
    HTTP,
    REGISTRATION,
    behind,
    incident,
    page,
    records,
    registration,
    rules_of,
    run,
    seen,
    state,
)

import monitor
from monitor.export.metrics import FAMILIES
from monitor.export.own_metrics import OwnMetrics
from monitor.model import Announcement, Layer, Pulse, Status, Verdict
from monitor.store import Store

FOLDER = Path(monitor.__file__).parents[1] / "grafana"
DASHBOARD = json.loads((FOLDER / "dashboards" / "platform-monitor.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
VARIABLES = {
    "$__rate_interval": "4m",
    "$__range": "7d",
    "$target": ".*",
    "$layer": ".*",
}
OWN = set(OwnMetrics(version="1").names())
KNOWN = {family.name for family in FAMILIES} | OWN | {"process_resident_memory_bytes"}


def queries() -> Iterator[tuple[str, str]]:
    """Yield the title of each panel with each of its queries, variables filled in."""
    for panel in PANELS:
        for target in panel["targets"]:
            expression = target["expr"]
            for variable, value in VARIABLES.items():
                expression = expression.replace(variable, value)
            yield panel["title"], expression
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["name"], annotation["expr"].replace("$target", VARIABLES["$target"])


def test_announcements_are_marked_at_the_moment_that_was_announced() -> None:
    """Grafana takes the value of such a series for a time in milliseconds."""
    marks = {each["name"]: each for each in DASHBOARD["annotations"]["list"]}
    assert set(marks) == {"Announced", "Expected until"}
    for mark in marks.values():
        assert mark["useValueForTime"] is True
        assert mark["expr"].endswith("* 1000")
        assert mark["textFormat"] == "{{text}}"


def test_every_query_asks_for_metrics_that_exist() -> None:
    asked = set()
    for title, query in queries():
        names = set(re.findall(r"\b(?:platform|process)_[a-z_]+", query))
        assert names, title
        assert {name.removesuffix("_bucket") for name in names} <= KNOWN, title
        assert "$" not in query, "a variable that this dashboard does not have"
        asked |= names
    assert {"platform_status", "platform_provider_info", "platform_provider_changes_total"} <= asked
    assert {"platform_probe_duration_seconds", "platform_uptime_seconds_total"} <= asked
    assert {"platform_monitor_online", "platform_provider_outage_active"} <= asked
    assert {"platform_policy_breached", "platform_sign_active"} <= asked


def test_every_panel_says_what_it_shows_in_which_unit_from_the_chosen_source() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert len({panel["title"] for panel in PANELS}) == len(PANELS) - 1, "Open incidents: a number and a list"
    for panel in PANELS:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_panels_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_variables_ask_for_labels_that_exist() -> None:
    labels = {family.name: family.labels for family in FAMILIES}
    names = []
    for variable in DASHBOARD["templating"]["list"]:
        names.append(variable["name"])
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
            assert label in labels[metric]
    assert names == ["datasource", "target", "layer"]


def test_provisioning_names_the_versions_it_was_written_for() -> None:
    for path in FOLDER.glob("provisioning/*/*.yaml"):
        assert "apiVersion: 1" in path.read_text(encoding="utf-8")


@pytest.mark.full
def test_prometheus_understands_every_query(server: Callable[[str], Path], tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(rules_of([query for _, query in queries()]), encoding="utf-8")
    check = subprocess.run(
        [server("promtool"), "check", "rules", rules], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr


@asynccontextmanager
async def prometheus(program: Path, folder: Path, target: str) -> AsyncIterator[str]:
    """Run a real Prometheus that scrapes `target` every second; yields its address."""
    configuration = folder / "prometheus.yml"
    job = {"job_name": "platform-monitor", "static_configs": [{"targets": [target]}]}
    configuration.write_text(
        json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}),
        encoding="utf-8",
    )
    log = folder / "log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            program,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--web.listen-address=127.0.0.1:0",
            stdout=file,
            stderr=file,
        )
    try:
        async with asyncio.timeout(30):
            while not (found := re.search(r"127\.0\.0\.1:(?!0\b)\d+", log.read_text(encoding="utf-8"))):
                assert process.returncode is None, log.read_text(encoding="utf-8")
                await asyncio.sleep(0.05)
        yield f"http://{found[0]}"
    finally:
        process.terminate()
        await process.wait()


async def answered(session: ClientSession, address: str, query: str) -> list[object]:
    """Return the vector that Prometheus answers a query with."""
    async with session.post(f"{address}/api/v1/query", data={"query": query}) as answer:
        told = await answer.json()
    assert told["status"] == "success", told
    return told["data"]["result"]


async def scraped(session: ClientSession, address: str) -> None:
    """Wait until two scrapes are in: rates need two."""
    async with asyncio.timeout(30):
        while True:
            try:
                counted = await answered(session, address, "count_over_time(platform_up[1m])")
            except ClientError:
                counted = []
            if counted and int(counted[0]["value"][1]) >= 3:
                return
            await asyncio.sleep(0.2)


@pytest.mark.full
async def test_a_real_prometheus_answers_every_panel(server: Callable[[str], Path], tmp_path: Path) -> None:
    program = server("prometheus")
    async with await Store.open("sqlite://") as store:
        site = Site(store)
        fill(site)
        await site.open()
        at = f"127.0.0.1:{site.client.server.port}"
        async with prometheus(program, tmp_path, at) as address, ClientSession() as session:
            await scraped(session, address)
            empty = [title for title, query in queries() if not await answered(session, address, query)]
        await site.client.close()
    # Nothing failed, nothing was delivered, and nobody answered 500 in the seconds that were watched;
    # no control was asked, and nothing is wished of these targets.
    quiet = {"Online", "Provider outages", "Policies breached", "Early signs"}
    assert set(empty) <= {"HTTP status", "Failures", "Deliveries pending"} | quiet


def fill(site: Site) -> None:
    """Watch a platform in each status, all of them with everything that can be known."""
    now = datetime.now(UTC)
    layers = tuple(behind(layer, "epik", changes=1, changed_at=now) for layer in Layer)
    known = (seen(HTTP, page()), seen(DNS, records()), seen(REGISTRATION, registration("ok")))
    runs = (run(HTTP, http_status=200), run(DNS), run(REGISTRATION))
    for status in Status:
        verdict = (
            replace(DOWN, status=status)
            if status is not Status.UP
            else Verdict(status=status, reachable=True)
        )
        pulse = Pulse(up_s=10, down_s=1, runs=runs)
        broken = None if status is Status.UP else incident(verdict)
        site.watch(
            state(
                f"{status}.example", verdict=verdict, pulse=pulse, layers=layers, seen=known, incident=broken
            ),
            announcements=(Announcement(at=now, text="A move", expected_until=now + timedelta(hours=1)),),
        )
    site.view.own.observed(seen(HTTP))
    site.view.own.committed(0.01)
    site.view.own.loop_lagged(0.001)
