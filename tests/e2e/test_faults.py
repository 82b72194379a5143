"""Eight sites, seven faults at one moment: each is diagnosed within half a minute, the eighth stays up.

A network namespace with unbound, nginx, RDAP over TLS, name servers on their real addresses, and the
installed daemon with the thresholds it comes with. See faults.py for what is broken, and how.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.faults import (
    BANNERED,
    BLOCKED,
    DROPPED,
    EXPIRED,
    HELD,
    PARTIES,
    REFUSING,
    SEIZED,
    STEADY,
)
from tests.e2e.test_internet import NAMESPACE, REPOSITORY

LIMIT_S = 170
WITHIN_S = 30.0
FAULTS = "tests.e2e.faults"
# By domain: the diagnosis, its layer, whether something answers, and the status.
WANTED = {
    HELD.domain: ("registrar.hold", "registration", False, "down"),
    DROPPED.domain: ("dns.provider_dropped", "dns", False, "down"),
    REFUSING.domain: ("network.refused", "network", False, "down"),
    EXPIRED.domain: ("tls.expired", "certificate", True, "down"),
    BLOCKED.domain: ("edge.blocked", "edge", True, "down"),
    BANNERED.domain: ("content.seized", "network", True, "down"),
    SEIZED.domain: ("dns.seized", "dns", False, "down"),
}

pytestmark = [pytest.mark.full, pytest.mark.timeout(LIMIT_S + 30), pytest.mark.usefixtures("root")]

Record = dict[str, Any]


@pytest.fixture(scope="module")
def played() -> Record:
    """Keep the record of the one performance that all tests look at."""
    return {}


@pytest.fixture
def record(played: Record, server: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Return what was said; the faults are made when the first test asks."""
    if not played:
        paths = {name: str(server(name)) for name in ("unbound", "nginx")}
        folder = tmp_path_factory.mktemp("faults")
        played.update(_play(server("unshare"), folder, paths))
    for name, log in played["logs"].items():
        sys.stdout.write(f"--- {name}\n{log}\n")  # shown with a failure only
    return played


def _play(unshare: Path, folder: Path, paths: dict[str, str]) -> Record:
    wanted = {domain: diagnosis for domain, (diagnosis, *_) in WANTED.items()}
    (folder / "wanted.json").write_text(json.dumps(wanted))  # only so that nobody waits for longer
    director = [sys.executable, "-m", FAULTS, str(folder), json.dumps(paths)]
    said = subprocess.run(
        [unshare, *NAMESPACE, *director], cwd=REPOSITORY, capture_output=True, timeout=LIMIT_S, check=False
    )
    output = (said.stdout + said.stderr).decode(errors="replace")[-4000:]
    path = folder / "record.json"
    if not path.exists():
        return {"error": f"the director ended with {said.returncode}: {output}", "logs": {}}
    record: Record = json.loads(path.read_text())
    record["logs"]["director"] = output
    return record


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_all_are_up_before_anything_breaks(record: Record) -> None:
    assert record["error"] is None
    statuses = {domain: said.get("status") for domain, said in record["before"].items()}
    assert statuses == {party.domain: "up" for party in PARTIES}
    assert record["exit_code"] == 0


@pytest.mark.parametrize("domain", WANTED)
def test_a_fault_is_diagnosed(record: Record, domain: str) -> None:
    diagnosis, layer, reachable, status = WANTED[domain]
    wanted = {"status": status, "diagnosis": diagnosis, "layer": layer, "reachable": reachable}
    assert record["after"][domain] == wanted


@pytest.mark.parametrize("domain", WANTED)
def test_the_right_diagnosis_is_told_within_half_a_minute_of_the_first_failed_look(
    record: Record, domain: str
) -> None:
    """By the daemon's own events: from the moment of the first failed look to that of the event."""
    past = record["history"][domain]
    (incident,) = past["incidents"]
    opened_at = _moment(incident["opened_at"])
    assert record["broken_at"] - 0.1 <= opened_at <= record["broken_at"] + 25.0
    assert incident["diagnosis"] == WANTED[domain][0]
    told = [event for event in past["events"] if event["type"].startswith("platform.incident.")]
    assert {event["type"] for event in told} <= {"platform.incident.opened", "platform.incident.updated"}
    right = min(_moment(event["at"]) for event in told if incident["sentence"] in event["text"])
    assert right - opened_at <= WITHIN_S


def test_the_one_that_nobody_broke_has_no_history_but_being_up(record: Record) -> None:
    past = record["history"][STEADY.domain]
    assert (past["incidents"], past["events"]) == ([], [])
    assert record["after"][STEADY.domain] == {"status": "up", "reachable": True}
