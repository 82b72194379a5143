"""What belongs to a platform besides its front page, played to the pipeline: its app, and an account."""

import pytest

from monitor.model import ListingChanged, Status
from monitor.replay.driver import Outcome, play
from monitor.replay.expectations import verify
from monitor.replay.scenario import Scenario, read_scenario
from monitor.store import Store

HEAD = """
[scenario]
id = "beside"
title = "An app and an account"
start = 2021-01-08T00:00:00Z
end = 2021-01-08T23:00:00Z

[http]
interval = "1h"

[listing]
interval = "2h"

[[targets]]
domain = "example.com"
probes = ["http"]

[[targets.listings]]
store = "apple"
app = "1402727988"

[[targets.listings]]
store = "google"
app = "com.example.app"

[[targets.pages]]
name = "account"
url = "https://social.test/example"
interval = "30m"
expect.not_contains = "Account suspended"

[[before]]
layer = "network"
what = "All is well."
synthetic = true
[before.set.dns."example.com"]
a = ["54.69.20.11"]
[before.set.dns."social.test"]
a = ["54.69.20.12"]
[before.set.http."example.com"]
title = "Example"
[before.set.http."social.test"]
title = "Example on Social"
text = "What they write."
[before.set.listing."apple/us/1402727988"]
name = "Example"
developer = "Example Inc."
[before.set.listing."google/com.example.app"]
name = "Example"
"""


def scenario(*facts: str) -> Scenario:
    return read_scenario(HEAD + "\n".join(facts), file="beside.toml")


def fact(name: str, hour: int, key: str, value: str) -> str:
    return f"""
[[facts]]
at = 2021-01-08T{hour:02}:00:00Z
id = "{name}"
layer = "listing"
what = "{name}"
synthetic = true
[facts.set.{key}]
{value}
"""


def expect(of: str, within: str, event: str, more: str = "") -> str:
    return f'\n[[expect]]\nof = "{of}"\nwithin = "{within}"\nevent = "platform.{event}"\n{more}\n'


async def played(scene: Scenario) -> Outcome:
    async with await Store.open("sqlite://") as store:
        return await play(scene, store=store)


async def test_an_app_that_leaves_a_store_is_told_within_a_look_and_an_hour_and_its_return_too() -> None:
    """The other store goes on, the platform is up, and nothing else is told."""
    apple = 'listing."apple/us/1402727988"'
    scene = scenario(
        fact("gone", 9, apple, 'answer = "gone"'),
        expect("gone", "3h10m", "listing.changed", 'data = { store = "apple", listing_to = "gone" }'),
        fact("back", 16, apple, 'answer = "listed"'),
        expect("back", "3h10m", "listing.changed", 'layer = "listing"\ndata = { listing_to = "listed" }'),
    )
    outcome = await played(scene)
    assert verify(scene, outcome) == []
    told = [each.event.data for each in outcome.events]
    assert all(isinstance(data, ListingChanged) and data.name == "Example" for data in told)
    state = outcome.snapshots[-1].states["example.com"]
    assert state.memory.verdict.status is Status.UP
    assert {part.part: part.verdict.status for part in state.memory.parts} == {
        "apple/us/1402727988": Status.UP,
        "google/com.example.app": Status.UP,
        "account": Status.UP,
    }


@pytest.mark.parametrize("answer", ["limited", "error", "garbage"])
async def test_a_store_that_gives_no_answer_is_never_taken_for_one(answer: str) -> None:
    keys = ("apple/us/1402727988", "google/com.example.app")
    scene = scenario(
        *(fact(f"trouble-{key[:5]}", 9, f'listing."{key}"', f'answer = "{answer}"') for key in keys)
    )
    outcome = await played(scene)
    assert verify(scene, outcome) == []
    parts = {
        part.part: part.verdict.status for part in outcome.snapshots[-1].states["example.com"].memory.parts
    }
    assert parts == {"account": Status.UP} | dict.fromkeys(keys, Status.UNKNOWN)


async def test_an_account_that_is_suspended_degrades_the_platform_and_its_return_ends_that() -> None:
    """A page with status 200 and other words: the example of the documentation."""
    scene = scenario(
        fact("suspended", 9, 'http."social.test"', 'text = "Account suspended. It broke our rules."'),
        expect("suspended", "31m", "status.changed", 'to = "degraded"'),
        expect(
            "suspended", "31m", "incident.opened", 'status = "degraded"\ndiagnosis = "content.unexpected"'
        ),
        fact("restored", 20, 'http."social.test"', 'text = "What they write."'),
        expect("restored", "32m", "status.changed", 'to = "up"'),
        expect("restored", "32m", "incident.resolved"),
    )
    outcome = await played(scene)
    assert verify(scene, outcome) == []
    opened = next(each.event for each in outcome.events if "opened" in each.event.type)
    assert "The page account: " in opened.text


async def test_an_outage_of_the_front_page_is_one_incident_whatever_the_account_does() -> None:
    scene = scenario(
        fact("suspended", 9, 'http."social.test"', 'text = "Account suspended."'),
        expect("suspended", "31m", "status.changed", 'to = "degraded"'),
        expect("suspended", "31m", "incident.opened", 'status = "degraded"'),
        fact("down", 12, "address", '"54.69.20.11" = "refuses"'),
        expect("down", "61m", "status.changed", 'to = "down"'),
        expect("down", "61m", "incident.updated", 'diagnosis = "network.refused"'),
        fact("restored", 14, 'http."social.test"', 'text = "What they write."'),
        fact("up", 18, "address", '"54.69.20.11" = "serves"'),
        expect("up", "70m", "status.changed", 'to = "up"'),
        expect("up", "70m", "incident.resolved"),
    )
    outcome = await played(scene)
    assert verify(scene, outcome) == []
