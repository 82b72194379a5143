"""The last known address in a scenario: asked once, by its name, and told with the hold of a registration."""

import pytest
from replay.test_driver import LESS, fact, played, told
from servers.scenario_lab import scenario

from monitor.failure import Failure
from monitor.model import Observation, Probe
from monitor.replay.driver import Outcome

HOLD = """
[facts.set.dns."example.com"]
answer = "NXDOMAIN"
[facts.set.registration."example.com"]
statuses = ["clientHold"]
"""
GONE = """
[facts.set.address]
"54.69.20.11" = "refuses"
"""


def evidence(outcome: Outcome) -> list[Observation]:
    incident = outcome.snapshots[-1].states["example.com"].memory.incident
    assert incident is not None
    return [seen for seen in incident.observations if seen.probe is Probe.LAST_ADDRESS]


@pytest.mark.parametrize(
    ("more", "sentence", "failure"),
    [
        (
            "",
            "The server at the last known address (54.69.20.11) still serves its page: the hosting stands.",
            None,
        ),
        (
            GONE,
            "The last known address (54.69.20.11) does not answer for it any more (tcp_refused).",
            Failure.TCP_REFUSED,
        ),
    ],
)
async def test_a_hold_says_whether_the_hosting_stands(
    more: str, sentence: str, failure: Failure | None
) -> None:
    outcome = await played(scenario(LESS + fact(HOLD + more)))
    assert told(outcome) == ["status.changed", "incident.opened"]
    assert sentence in outcome.events[1].event.text
    (seen,) = evidence(outcome)
    assert seen.failure is failure
    asked = {key: count for key, count in outcome.observations.items() if key.startswith("last_address")}
    assert asked == {f"last_address {failure or 'answered'}": 1}
