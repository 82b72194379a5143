"""`make demo`, killed in the middle of the incident and begun again: nothing is lost, nothing renamed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from monitor.model import EventType
from monitor.store import Store

ROOT = Path(__file__).parents[1]


def begin(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as lines:
        return subprocess.Popen(
            [sys.executable, "-m", "monitor", "demo", "seeds/parler-2021.toml", "--data-dir", str(folder)],
            cwd=ROOT,
            stdout=lines,
            stderr=lines,
            env={**os.environ, "COLUMNS": "200"},
        )


def told(folder: Path) -> list[dict[str, Any]]:
    record = folder / "told.jsonl"
    return [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []


def wait_for(kind: str, folder: Path, limit_s: float) -> dict[str, Any]:
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        found = [event for event in told(folder) if event["type"] == kind]
        if found:
            return found[0]
        time.sleep(0.02)
    message = f"no {kind} within {limit_s} s"
    raise AssertionError(message)


async def stored(folder: Path) -> list[str]:
    async with await Store.open(f"sqlite:///{folder / 'monitor.db'}", read_only=True) as store:
        return [row.event.id for row in await store.events(newest_first=False, limit=1000)]


@pytest.mark.full
@pytest.mark.timeout(240)
def test_a_kill_in_the_middle_of_the_incident_loses_and_renames_nothing(tmp_path: Path) -> None:
    log = tmp_path / "demo.log"
    first = begin(tmp_path / "data", log)
    try:
        opened = wait_for(EventType.INCIDENT_OPENED, tmp_path / "data", 60)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait(10)
    before = told(tmp_path / "data")
    second = begin(tmp_path / "data", log)
    try:
        code = second.wait(150)
    finally:
        second.kill()
        second.wait(10)
    text = log.read_text(errors="replace")
    assert code == 0, text[-4000:]
    after = told(tmp_path / "data")
    assert after[: len(before)] == before
    incidents = [event for event in after if event["type"].startswith("platform.incident.")]
    assert {event["data"]["incident"] for event in incidents} == {opened["data"]["incident"]}
    assert incidents[-1]["type"] == EventType.INCIDENT_RESOLVED
    ids = [event["id"] for event in after]
    assert len(set(ids)) == len(ids)
    assert ids == asyncio.run(stored(tmp_path / "data"))
    assert "everything that was expected was noticed" in text
