"""Scenarios played: in order, in scenario time, and the same every time."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from servers.scenario_lab import HEAD, scenario

from monitor.model import EventType, Layer, Policy, ProviderChanged, Status
from monitor.replay.driver import Listeners, Outcome, outcome_json, play
from monitor.replay.expectations import verify
from monitor.replay.loop import SkippingLoop
from monitor.replay.scenario import Scenario
from monitor.store import Store

NOON = datetime(2021, 1, 1, 12, tzinfo=UTC)


def fact(sets: str, *, at: str = "2021-01-01T12:00:00Z", name: str = "fact") -> str:
    return f"""
[[facts]]
id = "{name}"
at = {at}
layer = "network"
what = "Something happens."
synthetic = true
{sets}
"""


LESS = '[http]\ninterval = "30m"\n[dns]\ninterval = "1h"\n[registration]\ninterval = "24h"\n'
REFUSES = '[facts.set.address]\n"54.69.20.11" = "refuses"\n'


async def played(what: Scenario, listeners: Listeners | None = None, **options: object) -> Outcome:
    async with await Store.open("sqlite://") as store:
        return await play(what, store=store, listeners=listeners, **options)  # type: ignore[arg-type]


def told(outcome: Outcome) -> list[str]:
    return [stored.event.type.value.removeprefix("platform.") for stored in outcome.events]


async def test_a_quiet_day_has_no_events() -> None:
    outcome = await played(scenario(LESS))
    assert outcome.events == ()
    assert outcome.observations == {
        "delegation answered": 1,
        "dns answered": 24,
        "http answered": 48,
        "registration answered": 1,
    }
    (last,) = outcome.snapshots
    assert last.at == NOON + timedelta(hours=12)
    assert last.states["example.com"].memory.verdict.status is Status.UP


async def test_what_happens_is_noticed_after_three_looks() -> None:
    outcome = await played(scenario(LESS + fact(REFUSES)))
    changed, opened = outcome.events
    assert changed.event.type is EventType.STATUS_CHANGED
    assert opened.event.type is EventType.INCIDENT_OPENED
    assert NOON <= changed.event.at <= NOON + timedelta(minutes=30, seconds=20)
    assert [stored.number for stored in outcome.events] == [1, 2]


async def test_the_same_scenario_gives_the_same_bytes() -> None:
    what = scenario(
        LESS
        + fact('[facts.set.dns."example.com"]\na = ["190.115.31.151"]\n')
        + fact('[facts.set.http."example.com"]\nstatus = 503\n', at="2021-01-01T18:00:00Z", name="late")
    )
    first, second = outcome_json(await played(what)), outcome_json(await played(what))
    assert first == second
    document = json.loads(first)
    assert [event["type"] for event in document["events"]] == [
        "platform.provider.changed",
        "platform.status.changed",
        "platform.incident.opened",
    ]
    assert document["believed"][-1]["providers"]["network"] == ["ddos-guard"]


def test_nobody_sits_through_a_wait_for_nothing() -> None:
    """A server that hangs costs a probe its whole deadline, in scenario time."""
    what = scenario(
        LESS
        + '[[expect_state]]\nat = 2021-01-02T00:00:00Z\nstatus = "down"\ndiagnosis = "http.server_error"\n'
        + fact('[facts.set.http."example.com"]\nanswer = "hang"\n')
    )
    begun = time.monotonic()
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        outcome = runner.run(played(what))
    assert time.monotonic() - begun < 10.0
    assert outcome.observations["http http_timeout"] > 20
    changed = outcome.events[0].event
    # Three looks of ten seconds each, ten seconds apart.
    assert (changed.at - NOON) % timedelta(minutes=1) != timedelta(0)
    assert changed.at - changed.data.since == timedelta(seconds=50)  # type: ignore[union-attr]


@pytest.mark.full
def test_a_silent_resolver_of_ours_is_no_outage_of_the_target() -> None:
    what = scenario(LESS + fact('[facts.set]\nresolver = "silent"\n'))
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        outcome = runner.run(played(what))
    assert outcome.observations["http dns_timeout"] > 20
    assert not any(stored.event.type is EventType.INCIDENT_OPENED for stored in outcome.events)


@pytest.mark.full
async def test_a_monitor_that_is_offline_blames_nobody() -> None:
    outcome = await played(scenario(LESS + fact('[facts.set]\nmonitor = "offline"\n')))
    (gone,) = (stored.event for stored in outcome.events)
    assert (gone.type, gone.subject) == (EventType.ONLINE_CHANGED, "monitor")
    assert gone.text.startswith("monitor: cut off: 4 of 6 controls")
    (last,) = outcome.snapshots
    assert last.states["example.com"].memory.verdict.status is Status.UNKNOWN


@pytest.mark.full
async def test_runs_of_many_targets_do_not_wait_for_each_other() -> None:
    """An address that drops packets costs each of its sites ten seconds, all at the same time."""
    hosts = [f"site-{number}.com" for number in range(8)]
    more = "".join(
        f'[[targets]]\ndomain = "{host}"\nprobes = ["http"]\n'
        f'[[before]]\nlayer = "network"\nwhat = "x"\nsynthetic = true\n'
        f'[before.set.dns."{host}"]\na = ["54.69.20.11"]\n[before.set.http."{host}"]\ntext_length = 9\n'
        for host in hosts
    )
    head = HEAD.replace("2021-01-02T00:00:00Z", "2021-01-01T02:00:00Z")
    what = scenario(
        '[http]\ninterval = "1m"\n[correlation]\nenabled = false\n'
        + more
        + fact('[facts.set.address]\n"54.69.20.11" = "drops"\n', at="2021-01-01T01:00:00Z"),
        head=head,
    )
    outcome = await played(what)
    at = datetime(2021, 1, 1, 1, tzinfo=UTC)
    changed = [s.event for s in outcome.events if s.event.type is EventType.STATUS_CHANGED]
    assert {event.subject for event in changed} == {*hosts, "example.com"}
    assert all(event.at - at <= timedelta(minutes=1, seconds=50) for event in changed)
    moments = [stored.event.at for stored in outcome.events]
    assert moments == sorted(moments)
    assert "http missed" not in outcome.observations


async def test_listeners_hear_of_facts_and_of_what_was_stored() -> None:
    facts: list[str | None] = []
    numbers: list[int] = []
    outcome = await played(
        scenario(LESS + fact(REFUSES, name="gone")),
        Listeners(
            fact=lambda happened: facts.append(happened.id),
            committed=lambda _, stored: numbers.extend(each.number for each in stored),
        ),
    )
    assert facts == ["gone"]
    assert numbers == [stored.number for stored in outcome.events]


async def test_other_thresholds_can_be_drilled() -> None:
    what = scenario(LESS + fact(REFUSES))
    usual = await played(what)
    quick = await played(what, policies={"example.com": Policy(failures_to_confirm=1)})
    # The second look is the first after the controls have been heard: until then it could be us.
    assert quick.events[0].event.at == usual.events[0].event.at - timedelta(seconds=10)


async def test_everything_is_in_the_store_in_the_end() -> None:
    async with await Store.open("sqlite://") as store:
        outcome = await play(scenario(LESS + fact(REFUSES)), store=store)
        assert tuple(await store.events(newest_first=False)) == outcome.events
        states = await store.load()
        assert states == dict(outcome.snapshots[-1].states)


EXPECTED = """
[[expect]]
of = "fact"
within = "31m"
event = "platform.status.changed"
from = "up"
to = "down"
diagnosis = "network.refused"
layer = "network"
reachable = false

[[expect]]
event = "platform.incident.opened"
status = "down"

[[expect_none]]
event = "platform.provider.changed"

[[expect_state]]
at = 2021-01-01T13:00:00Z
status = "down"
reachable = false
diagnosis = "network.refused"
layer = "network"
providers = { network = "amazon", dns = "amazon", registration = "epik", edge = [] }
"""


async def test_an_outcome_that_is_as_expected_has_no_differences() -> None:
    what = scenario(LESS + fact(REFUSES) + EXPECTED)
    assert verify(what, await played(what)) == []


BECAUSE = "diagnosis network.refused, reachable false"
UNEXPECTED = (
    "strict: nobody expected: platform.status.changed of example.com "
    f"(layer network, from up, to down, status down, {BECAUSE}) at 2021-01-01 12:AT"
)
FORBIDDEN = "expect_none[0]: was told: platform.incident.opened of example.com"
AT_ONE = "expect_state[0]: at 2021-01-01 13:00:00 the"


def untold(to: str, until: str) -> str:
    return (
        f"expect[0]: platform.status.changed of example.com (layer network, from up, to {to}, {BECAUSE}) "
        f"was not told from 2021-01-01 12:00:00 to 2021-01-01 {until}"
    )


@pytest.mark.parametrize(
    ("old", "new", "differences"),
    [
        ('to = "down"', 'to = "degraded"', [untold("degraded", "12:31:00"), UNEXPECTED]),
        (
            'within = "31m"',
            'within = "1s"',
            [untold("down", "12:00:01") + "; one like it came at 2021-01-01 12:AT", UNEXPECTED],
        ),
        (
            'event = "platform.provider.changed"',
            'event = "platform.incident.opened"',
            [
                f"{FORBIDDEN} (layer network, status down, {BECAUSE}) at 2021-01-01 12:AT",
            ],
        ),
        (
            'network = "amazon", dns = "amazon"',
            'network = "epik", dns = []',
            [
                f"{AT_ONE} network provider of example.com is amazon, not epik",
                f"{AT_ONE} dns provider of example.com is amazon, not none",
            ],
        ),
        (
            'reachable = false\ndiagnosis = "network.refused"\nlayer = "network"\nproviders',
            'reachable = true\ndiagnosis = ""\nlayer = "dns"\nproviders',
            [
                f"{AT_ONE} reachable of example.com is false, not true",
                f"{AT_ONE} diagnosis of example.com is network.refused, not none",
                f"{AT_ONE} layer of example.com is network, not dns",
            ],
        ),
    ],
    ids=["another status", "too late", "forbidden", "other providers", "other beliefs"],
)
async def test_every_difference_is_told(old: str, new: str, differences: list[str]) -> None:
    assert old in EXPECTED
    what = scenario(LESS + fact(REFUSES) + EXPECTED.replace(old, new, 1))
    outcome = await played(what)
    at = f"{outcome.events[0].event.at:%M:%S}"
    found = [f"{difference.expectation}: {difference.text}" for difference in verify(what, outcome)]
    assert found == [text.replace("AT", at) for text in differences]


async def test_a_target_that_was_never_looked_at_is_a_difference() -> None:
    what = scenario(
        LESS + '[[expect_state]]\nat = 2021-01-01T00:00:00Z\nstatus = "up"\n[[expect]]\n'
        'event = "platform.incident.opened"\n'
    )
    found = [difference.text for difference in verify(what, await played(what))]
    assert "example.com has not been looked at by 2021-01-01 00:00:00" in found
    assert len(found) == 2


EDITION = """
[facts.set.networks]
edition = "another"
rows = [
    { prefix = "54.69.0.0/16", asn = 64496, name = "RENUMBERED" },
    { prefix = "190.115.31.0/24", asn = 59692, name = "IQWeb FZ-LLC" },
]
"""
MOVES = '[facts.set.dns."example.com"]\na = ["190.115.31.151"]\n'


async def test_another_edition_of_the_table_is_no_news() -> None:
    outcome = await played(scenario(LESS + fact(EDITION)))
    assert told(outcome) == []
    (last,) = outcome.snapshots
    layers = {layer.layer: layer for layer in last.states["example.com"].memory.layers}
    assert layers[Layer.NETWORK].confirmed.ids == ("as64496",)
    assert layers[Layer.NETWORK].changes == 0


@pytest.mark.parametrize("minutes", [-50, -1, 1, 50])
async def test_a_move_within_the_hour_of_an_edition_is_told_once_by_the_names_of_one(minutes: int) -> None:
    at = (NOON + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    outcome = await played(scenario(LESS + fact(EDITION) + fact(MOVES, at=at, name="move")))
    moved = [e.event.data for e in outcome.events if isinstance(e.event.data, ProviderChanged)]
    (network,) = [data for data in moved if data.layer is Layer.NETWORK]
    ids = [[p.id for p in side] for side in (network.providers_from, network.providers_to)]
    # Confirmed before the edition came, it is told by the names that were current then.
    assert ids in ([["as64496"], ["iqweb"]], [["amazon"], ["ddos-guard"]])
    assert ids == [["as64496"], ["iqweb"]] or minutes < 0
