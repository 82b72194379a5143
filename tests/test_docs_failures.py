"""docs/failures.md holds every failure, once, in the order of the vocabulary, and nothing else."""

import re
from pathlib import Path

from monitor.failure import MEANING, OURS, Failure
from monitor.probe.http_client import HttpClient
from monitor.probe.reception import HEAD_LIMIT
from monitor.probe.redirect import LOCATION_LIMIT

TEXT = (Path(__file__).parent.parent / "docs" / "failures.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)


def test_every_failure_is_documented_in_order() -> None:
    assert [name for name, _seen, _cause in ROWS] == [failure.value for failure in Failure]
    assert set(MEANING) == set(Failure)


def test_what_says_nothing_about_the_target_says_so() -> None:
    told = {name for name, _seen, cause in ROWS if "Says nothing about the target." in cause}
    assert told == {failure.value for failure in OURS if failure is not Failure.UNKNOWN}


def test_the_limits_told_are_the_limits_kept() -> None:
    assert f"exceeds {HEAD_LIMIT >> 10} kB, or one line of it {HEAD_LIMIT >> 11} kB" in TEXT
    assert f"more than {LOCATION_LIMIT >> 10} kB" in TEXT
    assert HttpClient.get.__kwdefaults__["max_redirects"] == 10
