"""The real thing: the installed daemon on a small internet, judged by what Prometheus answers.

A network namespace of its own, with unbound, nginx, Prometheus, WHOIS on port 43, RDAP over TLS and a
webhook receiver; see director.py for what runs, world.py for who is who, story.py for what happens.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.story import ACTS, DOWNTIME, DOWNTIME_INCREASE, LAST_ANSWERS, Act
from tests.e2e.world import FAR, PARLER

REPOSITORY = Path(__file__).parents[2]
LIMIT_S = 170
NAMESPACE = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
DIRECTOR = "tests.e2e.director"

pytestmark = [pytest.mark.full, pytest.mark.timeout(LIMIT_S + 30), pytest.mark.usefixtures("root")]

Record = dict[str, Any]


@pytest.fixture(scope="module")
def played() -> Record:
    """Keep the record of the one performance that all tests look at."""
    return {}


@pytest.fixture
def record(played: Record, server: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Return what the director measured; the story is played when the first test asks."""
    if not played:
        names = ("unbound", "nginx", "prometheus")
        paths = {name: str(server(name)) for name in names}
        folder = tmp_path_factory.mktemp("e2e")
        played.update(_play(server("unshare"), folder, paths))
    for name, log in played["logs"].items():
        sys.stdout.write(f"--- {name}\n{log}\n")  # shown with a failure only
    return played


def _play(unshare: Path, folder: Path, paths: dict[str, str]) -> Record:
    director = [sys.executable, "-m", DIRECTOR, str(folder), json.dumps(paths)]
    said = subprocess.run(
        [unshare, *NAMESPACE, *director], cwd=REPOSITORY, capture_output=True, timeout=LIMIT_S, check=False
    )
    output = (said.stdout + said.stderr).decode(errors="replace")[-4000:]
    path = folder / "record.json"
    if not path.exists():
        return {"error": f"the director ended with {said.returncode}: {output}", "acts": {}, "logs": {}}
    record: Record = json.loads(path.read_text())
    record["logs"]["director"] = output
    return record


def _read(answer: list[tuple[dict[str, str], float]]) -> dict[str, float]:
    """Return an answer of Prometheus as story.py writes it."""
    own = {"__name__", "instance", "job"}
    return {
        " ".join(value for name, value in sorted(labels.items()) if name not in own): number
        for labels, number in answer
    }


def _events(record: Record, kind: str) -> list[dict[str, Any]]:
    return [event for event in record["hooks"]["accepted"] if event["type"] == f"platform.{kind}"]


def _ids(providers: list[dict[str, Any]]) -> list[str]:
    return [provider["id"] for provider in providers]


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_the_stage_stands_and_the_monitor_ends_when_asked(record: Record) -> None:
    assert record["error"] is None
    assert record["ready"][0] == record["ready_at_the_end"][0] == 200
    assert json.loads(record["ready_at_the_end"][1]) == {"status": "ok", "reasons": []}
    assert record["exit_code"] == 0


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name.replace(" ", "-"))
def test_prometheus_answers(record: Record, act: Act) -> None:
    seen = record["acts"].get(act.name)
    assert seen, f"{record['error']}; the story ended after: {', '.join(record['acts'])}"
    assert seen["reached"], f"never had an answer: {act.until}"
    for promql, expected in act.asks.items():
        assert _read(seen["answers"][promql]) == expected, promql
    code, said = seen["explain"]
    assert code == 0, said
    explained = json.loads(said)
    assert {key: explained[key] for key in act.explains} == act.explains


def test_prometheus_remembers(record: Record) -> None:
    for promql, expected in LAST_ANSWERS.items():
        assert _read(record["last"][promql]) == expected, promql


def test_downtime_is_the_time_that_it_was_down(record: Record) -> None:
    acts = record["acts"]
    really_s = acts["restored"]["began"] - acts["switched off"]["began"]
    # Early and late by a look: the look before it was gone, and the look that found it back.
    assert _read(record["last"][DOWNTIME])[PARLER] == pytest.approx(really_s, abs=5.0)
    assert _read(record["last"][DOWNTIME_INCREASE])[PARLER] == pytest.approx(really_s, rel=0.15, abs=5.0)


def test_the_receiver_is_told_each_event_once_in_order_and_signed(record: Record) -> None:
    hooks = record["hooks"]
    assert hooks["forged"] == []
    ids = [event["id"] for event in hooks["accepted"]]
    assert len(ids) == len(set(ids))
    # What was turned away came again, first and under the same id.
    assert hooks["turned_away"] == ids[:1]
    numbers = [int(event["sequence"]) for event in hooks["accepted"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {event["subject"] for event in hooks["accepted"]} == {PARLER}
    stored = json.loads(record["commands"][f"history {PARLER}"][1])["events"]
    assert [event["id"] for event in stored] == ids


def test_the_receiver_is_told_one_incident_from_beginning_to_end(record: Record) -> None:
    (opened,), (resolved,) = _events(record, "incident.opened"), _events(record, "incident.resolved")
    updated = _events(record, "incident.updated")
    assert opened["data"]["diagnosis"] == "network.refused"
    assert _ids(opened["data"]["providers"]) == ["amazon"]
    diagnoses = list(dict.fromkeys(event["data"]["diagnosis"] for event in updated))
    assert diagnoses == ["dns.provider_dropped", "content.placeholder"]
    assert len({event["data"]["incident"] for event in (opened, *updated, resolved)}) == 1
    really = record["acts"]["switched off"]["began"]
    assert really - 0.1 < _moment(opened["data"]["opened_at"]) < really + 3.0
    told_after_s = _moment(opened["time"]) - _moment(opened["data"]["opened_at"])
    assert told_after_s < 30.0


def test_nobody_is_said_to_operate_what_others_answer_for(record: Record) -> None:
    """The page of one message comes from DDoS-Guard: no event may put it down to Amazon."""
    told = [
        event
        for event in _events(record, "incident.updated")
        if event["data"]["diagnosis"] == "content.placeholder"
    ]
    assert told
    assert all(set(_ids(event["data"]["providers"])) <= {"ddos-guard"} for event in told)


def test_the_receiver_is_told_who_took_over_and_nothing_that_did_not_happen(record: Record) -> None:
    changes = {event["data"]["layer"]: event["data"] for event in _events(record, "provider.changed")}
    moves = {
        layer: (_ids(data["providers_from"]), _ids(data["providers_to"])) for layer, data in changes.items()
    }
    assert moves == {
        "registration": (["amazon"], ["epik"]),
        "dns": (["amazon"], ["epik"]),
        "network": (["amazon"], ["ddos-guard"]),
    }
    assert len(_events(record, "provider.changed")) == len(moves)
    assert changes["registration"]["evidence_to"][0]["value"] == "617"
    assert changes["network"]["evidence_to"][0]["rule"] == "AS57724"
    (registration,) = _events(record, "registration.changed")
    assert registration["data"]["source"] == "rdap"
    assert registration["data"]["server"].startswith("https://rdap.verisign.com/")
    statuses = [event["data"]["status_to"] for event in _events(record, "status.changed")]
    assert statuses == ["down", "degraded", "up"]


def test_history_tells_the_same_story(record: Record) -> None:
    code, said = record["commands"][f"history {PARLER}"]
    assert code == 0, said
    past = json.loads(said)
    lanes: dict[str, list[str | None]] = {}
    for period in past["periods"]:
        lanes.setdefault(period["lane"], []).append(period["value"])
    assert lanes["status"] == ["up", "down", "degraded", "up"]
    assert lanes["registration"] == ["amazon", "epik"]
    assert lanes["dns"] == ["amazon", None, "epik"]
    assert lanes["network"] == ["amazon", None, "ddos-guard"]
    (incident,) = past["incidents"]
    assert incident["diagnosis"] == "content.placeholder"
    assert incident["resolved_at"]


def test_the_neighbours_have_no_history_but_being_up(record: Record) -> None:
    code, said = record["commands"][f"history {FAR}"]
    assert code == 0, said
    past = json.loads(said)
    assert (past["incidents"], past["events"]) == ([], [])
    assert [p["value"] for p in past["periods"] if p["lane"] == "status"] == ["up"]
    explained = json.loads(record["commands"][f"explain {FAR}"][1])
    registrar = next(layer for layer in explained["layers"] if layer["layer"] == "registration")
    assert registrar["evidence"][0]["value"] == "REGRU-RU"
    # Only who has no RDAP is asked for over WHOIS.
    assert set(record["whois_questions"]) == {FAR}
