"""Every diagnosis has a case that shows it, and a look-alike that must get another one."""

import pytest
from judge.golden import FOLDER, Case, read

from monitor.judge import DIAGNOSES

IDS = [rule.id for rule in DIAGNOSES]
CASES = [(path.stem, read(path.stem)) for path in sorted(FOLDER.glob("*.toml"))]
LOOK_ALIKES = [
    pytest.param(golden.id, case, id=f"{name}-{number}")
    for name, golden in CASES
    for number, case in enumerate(golden.look_alikes, 1)
]


def test_every_diagnosis_has_its_file_and_every_file_its_diagnosis() -> None:
    assert sorted(name for name, _ in CASES) == sorted(IDS)


@pytest.mark.parametrize("diagnosis", IDS)
def test_the_case_gets_exactly_this_diagnosis_with_status_and_layer_of_its_rule(diagnosis: str) -> None:
    (rule,) = [rule for rule in DIAGNOSES if rule.id == diagnosis]
    case = read(diagnosis).case
    verdict = case.verdict
    assert verdict.diagnosis == diagnosis, case.what
    assert (verdict.status, verdict.reachable) == (rule.status, rule.reachable)
    assert case.says in verdict.sentence
    assert "{" not in verdict.sentence


@pytest.mark.parametrize(("diagnosis", "case"), LOOK_ALIKES)
def test_the_look_alike_gets_the_one_that_it_names(diagnosis: str, case: Case) -> None:
    assert case.diagnosis != diagnosis
    assert case.verdict.diagnosis == case.diagnosis, case.what
    assert case.says in case.verdict.sentence


@pytest.mark.parametrize("diagnosis", IDS)
def test_there_is_a_look_alike_and_it_is_told_what_each_is(diagnosis: str) -> None:
    golden = read(diagnosis)
    assert golden.look_alikes
    assert all(case.what for case in (golden.case, *golden.look_alikes))
