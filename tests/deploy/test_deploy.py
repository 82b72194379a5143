"""What is handed to systemd and Prometheus is what they accept, and speaks of metrics that exist."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import monitor
from monitor.config.schema import WebTable
from monitor.export.metrics import FAMILIES
from monitor.export.own_metrics import OwnMetrics

ROOT = Path(monitor.__file__).parents[1]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = PROMETHEUS / "rules" / "platform-monitor.rules.yml"
UNIT = ROOT / "deploy" / "systemd" / "platform-monitor.service"
# Hardening that a later edit must not lose; `systemd-analyze security` counts from 0 (tight) to 10.
EXPOSURE = 1.5


def said(*command: str | Path, cwd: Path | None = None) -> str:
    """Return what a program says that has nothing to complain about."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_alerts_speak_of_metrics_that_exist() -> None:
    known = {family.name for family in FAMILIES} | set(OwnMetrics(version="1").names())
    expressions = re.sub(r"(?m)^\s*#.*$", "", RULES.read_text(encoding="utf-8"))
    named = set(re.findall(r"\bplatform_[a-z_]+", expressions))
    assert named
    assert {name.removesuffix("_bucket") for name in named} <= known


def test_every_alert_says_how_bad_it_is_and_what_it_means() -> None:
    alerts = re.split(r"(?m)^ {6}- alert: ", RULES.read_text(encoding="utf-8"))[1:]
    assert len(alerts) > 10
    for alert in alerts:
        for part in ("expr:", "severity:", "summary:", "description:"):
            assert part in alert, alert


def test_prometheus_asks_where_the_monitor_listens_by_default() -> None:
    host, port = WebTable().listen or ("", 0)
    assert f'["{host}:{port}"]' in (PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8")


@pytest.mark.full
def test_prometheus_accepts_its_configuration(server: Callable[[str], Path]) -> None:
    assert "SUCCESS" in said(server("promtool"), "check", "config", PROMETHEUS / "prometheus.yml")


@pytest.mark.full
def test_the_alerts_fire_when_they_should(server: Callable[[str], Path]) -> None:
    assert "SUCCESS" in said(server("promtool"), "test", "rules", Path(__file__).with_name("rules_test.yml"))


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return the unit with a program that exists on this machine."""
    text = UNIT.read_text(encoding="utf-8")
    program = re.search(r"(?m)^ExecStart=(\S+)", text)
    assert program
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(program[1], "/bin/true"), encoding="utf-8")
    return copy


@pytest.mark.full
def test_systemd_accepts_the_unit(server: Callable[[str], Path], unit: Path) -> None:
    assert said(server("systemd-analyze"), "verify", unit) == ""


@pytest.mark.full
def test_the_unit_stays_hardened(server: Callable[[str], Path], unit: Path) -> None:
    verdict = said(server("systemd-analyze"), "security", "--offline=true", unit)
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", verdict)
    assert exposure
    assert float(exposure[1]) <= EXPOSURE
