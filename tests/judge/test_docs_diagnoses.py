"""docs/diagnoses.md is whole: a section for every rule, in their order, that says what the rule says."""

import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from monitor.judge import DIAGNOSES, Rule
from monitor.model import EventType, Layer, Status

DOCS = Path(__file__).parents[2] / "docs"
DOC = (DOCS / "diagnoses.md").read_text()
FIELDS = (
    *("status", "layer", "who may set it", "what is seen"),
    *("look-alike", "what it cannot know", "event, metric"),
)
RULES = {rule.id: rule for rule in DIAGNOSES}


class Section(NamedTuple):
    """What stands under one heading."""

    sentence: str
    rows: dict[str, str]


def sections() -> dict[str, Section]:
    """Return what stands under each heading that is a diagnosis."""
    found = {}
    marks = [match.start() for match in re.finditer(r"^## `", DOC, re.MULTILINE)]
    for begin, end in pairwise([*marks, len(DOC)]):
        lines = DOC[begin:end].splitlines()
        quoted = " ".join(line.removeprefix("> ") for line in lines if line.startswith("> "))
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
        rows = {cell[0]: "|".join(cell[1:]).strip() for cell in cells[2:]}
        found[lines[0].removeprefix("## ").strip("`")] = Section(quoted, rows)
    return found


def test_every_rule_has_its_section_in_the_order_of_the_rules() -> None:
    assert list(sections()) == [rule.id for rule in DIAGNOSES]


@pytest.mark.parametrize("rule", DIAGNOSES, ids=lambda rule: rule.id)
def test_a_section_says_what_the_rule_says_and_leaves_nothing_open(rule: Rule) -> None:
    said = sections()[rule.id]
    assert said.sentence == rule.sentence
    assert tuple(said.rows) == FIELDS
    assert all(said.rows.values())
    assert said.rows["status"] == rule.status
    layer = "none" if rule.layer is None else str(rule.layer)
    assert said.rows["layer"] == (f"{Layer.NETWORK} or {Layer.EDGE}" if rule.at_edge else layer)


@pytest.mark.parametrize("rule", DIAGNOSES, ids=lambda rule: rule.id)
def test_the_events_and_metrics_of_a_section_exist(rule: Rule) -> None:
    told = sections()[rule.id].rows["event, metric"]
    metrics = (DOCS / "metrics.md").read_text()
    names = re.findall(r"`(platform_\w+)", told)
    assert names
    assert all(f"`{name}`" in metrics for name in names)
    kinds = re.findall(r"`((?:platform|provider|monitor)\.[a-z.]+)`", told)
    assert set(kinds) <= {kind.value for kind in EventType}
    assert kinds or rule.status is Status.UNKNOWN


def test_what_a_section_names_as_another_diagnosis_is_one() -> None:
    events = {kind.value for kind in EventType}
    for said in sections().values():
        named = re.findall(r"`([a-z]+\.[a-z_.]+)`", " ".join(said.rows.values()))
        assert set(named) <= RULES.keys() | events


def test_no_rule_states_a_motive_or_calls_a_registrar_a_host() -> None:
    text = " ".join(rule.sentence for rule in DIAGNOSES).lower()
    for word in ("because", "deplatform", "censor", "hosted by", "punish"):
        assert word not in text
