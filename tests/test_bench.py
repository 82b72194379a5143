"""The benchmark itself works: with tiny counts, every row is there and none is nonsense. Not how fast."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]

ROWS = {
    "http_cpu",
    "https_cpu",
    "names_cpu",
    "http_per_s",
    "https_per_s",
    "lag_p50",
    "lag_p99",
    "lag_max",
    "alone_cpu",
    "alone_lag_p50",
    "alone_lag_p99",
    "alone_lag_max",
    "render_first",
    "render_changed",
    "render_all_run",
    "block",
    "memory",
}
BESIDE_A_PEER = {"http_cpu", "https_cpu", "render_first", "render_changed", "render_all_run"}


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.bench", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.full
@pytest.mark.timeout(150)
def test_every_row_is_measured(server: Callable[[str], Path]) -> None:
    server("nginx")
    server("prometheus-blackbox-exporter")
    done = bench("--quick", "--json")
    assert done.returncode == 0, done.stderr
    rows: dict[str, dict[str, Any]] = {row["id"]: row for row in json.loads(done.stdout)["rows"]}
    assert set(rows) == ROWS
    for row in rows.values():
        assert 0 < row["ours"] < 100_000, row
    for id_ in BESIDE_A_PEER:
        ratio = rows[id_]["ratio"]
        assert 0 < ratio["low"] <= ratio["median"] <= ratio["high"], rows[id_]
        assert rows[id_]["peer"] > 0
    assert rows["lag_p50"]["ours"] <= rows["lag_p99"]["ours"] <= rows["lag_max"]["ours"]


@pytest.mark.full
def test_one_part_prints_its_table_alone() -> None:
    done = bench("--quick", "--only", "metrics")
    assert done.returncode == 0, done.stderr
    assert "longest block" in done.stdout
    assert "CPU per HTTP" not in done.stdout


def test_a_part_that_does_not_exist_is_a_usage_error() -> None:
    done = bench("--only", "ftp")
    assert done.returncode == 2
    assert "no such part: ftp" in done.stderr
