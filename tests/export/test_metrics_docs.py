"""docs/metrics.md is complete, both ways, and its questions are questions."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from export.fleet import rules_of

import monitor
from monitor.export.metrics import FAMILIES
from monitor.export.own_metrics import OwnMetrics

PAGE = (Path(monitor.__file__).parents[1] / "docs" / "metrics.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| `(?P<name>\w+)` \| (?P<kind>\w+) \| (?P<labels>[\w, ]*)"
    r"\| (?P<unit>[^|]+) \| (?P<meaning>[^|]+) \| (?P<absent>[^|]+) \|$",
    re.MULTILINE,
)


def told() -> dict[str, tuple[str, tuple[str, ...]]]:
    rows = [match.groupdict() for match in ROW.finditer(PAGE)]
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    assert len(names) == PAGE.count("\n| `platform_"), "a row does not have the shape of the others"
    return {row["name"]: (row["kind"], tuple(row["labels"].replace(",", " ").split())) for row in rows}


def test_every_metric_is_told_with_its_type_and_its_labels() -> None:
    fleet = {family.name: (family.kind.value, family.labels) for family in FAMILIES}
    own = OwnMetrics(version="1").names()
    page = told()
    assert {name: row for name, row in page.items() if name in fleet} == fleet
    assert {name: labels for name, (_, labels) in page.items() if name not in fleet} == own


def test_every_metric_that_is_named_exists() -> None:
    known = {*told(), "platform_monitor_"}
    assert set(re.findall(r"\bplatform_\w+", PAGE)) <= known


@pytest.mark.full
def test_prometheus_understands_the_questions(server: Callable[[str], Path], tmp_path: Path) -> None:
    blocks = re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL)
    questions = [part for block in blocks for part in block.split("\n\n")]
    rules = tmp_path / "rules.yml"
    rules.write_text(rules_of(questions), encoding="utf-8")
    check = subprocess.run(
        [server("promtool"), "check", "rules", rules], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
    assert f"{len(questions)} rules found" in check.stdout
