"""Scenario files: what they may be, and every mistake with its place."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel
from servers.scenario_lab import HEAD, scenario

from monitor.config import ConfigError
from monitor.judge import DIAGNOSES
from monitor.model import REGULAR
from monitor.replay.misfits import _tables
from monitor.replay.scenario import load_scenario, read_scenario
from monitor.replay.tables import Document

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GOLDEN = sorted((HERE / "golden").glob("*.toml"))
SEEDS = sorted((ROOT / "seeds").glob("*.toml"))
DOCS = ROOT / "docs" / "scenarios.md"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_mistake_is_told_with_its_place(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_scenario(path.read_text(encoding="utf-8"), file=path.name)
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_a_file_that_is_not_there_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load_scenario(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_one_mistake(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00[scenario]")
    with pytest.raises(ConfigError):
        load_scenario(path)


def test_tables_nested_without_end_are_one_mistake() -> None:
    with pytest.raises(ConfigError, match="nested too deeply"):
        read_scenario("a = " + "[" * 5000 + "]" * 5000, file="x.toml")


def test_what_is_watched_is_read_as_in_a_configuration() -> None:
    read = scenario('[http]\ninterval = "2m"\ntimeout = "7s"\n[policy]\nfailures_to_confirm = 5\n')
    assert [check.probe for check in read.checks] == list(REGULAR)
    assert read.checks[0].interval_s == 120.0
    assert read.checks[0].timeout_s == 7.0
    assert read.policies["example.com"].failures_to_confirm == 5
    assert read.networks.edition == "test"


def test_facts_stand_in_the_order_in_which_they_happened() -> None:
    fact = '[[facts]]\nid = "{0}"\nat = 2021-01-01T{1}:00:00Z\nlayer = "dns"\nwhat = "x"\nsynthetic = true\n'
    read = scenario(fact.format("late", "20") + fact.format("early", "05"))
    assert [each.id for each in read.facts] == ["early", "late"]


def test_an_expectation_of_a_fact_is_about_the_time_after_it() -> None:
    read = scenario(
        '[[facts]]\nid = "gone"\nat = 2021-01-01T12:00:00+02:00\nlayer = "dns"\n'
        'what = "x"\nsynthetic = true\n'
        '[[expect]]\nof = "gone"\nwithin = "6m"\nevent = "platform.status.changed"\n'
        '[[expect]]\nevent = "platform.provider.changed"\nfrom = "a"\nto = ["b", "c"]\n'
    )
    gone = datetime(2021, 1, 1, 10, tzinfo=UTC)
    first, second = read.expect
    assert (first.after, first.before) == (gone, gone + timedelta(minutes=6))
    assert first.subject == "example.com"
    assert (second.after, second.before) == (read.start, read.end)
    assert (second.from_, second.to) == (("a",), ("b", "c"))


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_the_scenarios_that_come_with_the_monitor_are_good(path: Path) -> None:
    read = load_scenario(path)
    assert read.id == path.stem
    assert read.strict


def test_every_sourced_fact_of_parler_says_how_sure_it_is() -> None:
    read = load_scenario(ROOT / "seeds" / "parler-2021.toml")
    assert len(read.facts) > 10
    assert all(fact.confidence for fact in read.facts if fact.source)
    assert all(fact.synthetic for fact in read.facts if not fact.source)


def keys(model: type[BaseModel]) -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        found.add(field.alias or name)
        for table in _tables(field.annotation):
            found |= keys(table)
    return found


def test_every_key_of_a_scenario_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    forms = ("`{}`", "{} =", "`set.{}", "`[{}]`", "`[[{}]]`")
    untold = [key for key in keys(Document) if not any(form.format(key) in text for form in forms)]
    assert sorted(untold) == []


def test_the_example_in_the_documentation_is_a_scenario() -> None:
    text = DOCS.read_text(encoding="utf-8")
    example = text.partition("```toml\n")[2].partition("```")[0]
    assert read_scenario(example, file="docs").facts


def test_the_head_of_the_lab_is_a_scenario_by_itself() -> None:
    assert read_scenario(HEAD, file="head").facts == ()


def test_every_diagnosis_is_expected_by_a_scenario() -> None:
    """But for lateness: the small internet answers at once, or never."""
    documents = [tomllib.loads(path.read_text(encoding="utf-8")) for path in SEEDS]
    tables = ("expect", "expect_count", "expect_state")
    rows = [row for document in documents for table in tables for row in document.get(table, ())]
    expected = {row["diagnosis"] for row in rows if row.get("diagnosis")}
    assert {rule.id for rule in DIAGNOSES} - expected == {"http.slow"}
