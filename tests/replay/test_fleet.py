"""Is it us, is it a provider, is it the target: played to the real pipeline, with many targets at once."""

import asyncio
from datetime import datetime, timedelta

import pytest
from servers.scenario_lab import scenario

from monitor.model import EventType, OutageChanged, Status
from monitor.replay.driver import Outcome, play
from monitor.replay.loop import SkippingLoop
from monitor.store import Store

# Targets of two providers: 54.69.0.0/16 is Amazon, 190.115.31.0/24 DDoS-Guard.
WORLD = """
[scenario]
id = "fleet"
title = "A fleet"
start = 2021-06-08T00:00:00Z
end = 2021-06-08T00:40:00Z
resolvers = {resolvers}
[http]
interval = "1m"
timeout = "5s"
[[networks]]
prefix = "54.69.0.0/16"
asn = 16509
name = "AMAZON-02"
synthetic = true
[[networks]]
prefix = "190.115.31.0/24"
asn = 262254
name = "DDOS-GUARD CORP."
synthetic = true
[[targets]]
domain = "site-{{1..{many}}}.com"
url = "http://site-{{n}}.com/"
probes = ["http", "dns"]
[[targets]]
domain = "other-{{1..3}}.com"
url = "http://other-{{n}}.com/"
probes = ["http", "dns"]
[[before]]
layer = "network"
what = "All is well."
synthetic = true
[before.set.dns."site-{{1..{many}}}.com"]
a = ["54.69.20.{{n%250}}"]
ns = ["ns-{{n}}.awsdns-12.com"]
[before.set.http."site-{{1..{many}}}.com"]
title = "A site"
text_length = 3000
[before.set.dns."other-{{1..3}}.com"]
a = ["190.115.31.{{n}}"]
ns = ["ns1.other-{{n}}.com"]
[before.set.http."other-{{1..3}}.com"]
title = "Another"
text_length = 3000
"""


def fact(minute: int, text: str) -> str:
    hour, minute = divmod(minute, 60)
    at = f"2021-06-08T{hour:02}:{minute:02}:00Z"
    return f'[[facts]]\nat = {at}\nlayer = "network"\nwhat = "It happens."\nsynthetic = true\n{text}\n'


async def played(*facts: str, many: int = 12, resolvers: int = 1) -> Outcome:
    text = "".join(facts)
    what = scenario(text, head=WORLD.format(many=many, resolvers=resolvers))
    async with await Store.open("sqlite://") as store:
        return await play(what, store=store)


def of(outcome: Outcome, *kinds: EventType) -> list[str]:
    return [stored.event.subject for stored in outcome.events if stored.event.type in kinds]


def moment(outcome: Outcome, kind: EventType) -> datetime:
    return next(stored.event.at for stored in outcome.events if stored.event.type is kind)


def answers(status: int, few: str) -> str:
    sites = f"{{{few}}}" if ".." in few else few
    return f'[facts.set.http."site-{sites}.com"]\nstatus = {status}\n'


@pytest.mark.parametrize(
    "many",
    [pytest.param(3), pytest.param(12, marks=pytest.mark.full), pytest.param(60, marks=pytest.mark.full)],
)
async def test_an_edge_that_fails_for_all_is_told_once_and_at_most_three_are_told_before(many: int) -> None:
    outcome = await played(
        fact(5, answers(503, f"1..{many}")), fact(20, answers(200, f"1..{many}")), many=many
    )
    assert of(outcome, EventType.OUTAGE_SUSPECTED, EventType.OUTAGE_OVER) == ["amazon", "amazon"]
    alone = of(outcome, EventType.INCIDENT_OPENED)
    assert len(alone) <= 3
    # Whoever was told of the beginning is told of the end, and nobody else.
    assert sorted(of(outcome, EventType.INCIDENT_RESOLVED)) == sorted(alone)
    over = next(s.event.data for s in outcome.events if s.event.type is EventType.OUTAGE_OVER)
    assert isinstance(over, OutageChanged)
    assert (over.affected, over.watched, over.failures) == (many, many, ("status 503",))
    (last,) = outcome.snapshots
    assert {state.memory.verdict.status for state in last.states.values()} == {Status.UP}
    assert all(state.memory.incidents == 1 for name, state in last.states.items() if "site" in name)


@pytest.mark.full
async def test_what_outlasts_the_outage_is_told_by_itself_after_the_grace() -> None:
    outcome = await played(fact(5, answers(503, "1..12")), fact(15, answers(200, "2..12")))
    over = moment(outcome, EventType.OUTAGE_OVER)
    told = [
        s.event.at
        for s in outcome.events
        if s.event.subject == "site-1.com" and s.event.type is EventType.INCIDENT_OPENED
    ]
    before = moment(outcome, EventType.OUTAGE_SUSPECTED)
    assert all(at < before or at > over + timedelta(minutes=3) for at in told)
    (last,) = outcome.snapshots
    verdict = last.states["site-1.com"].memory.verdict
    assert (verdict.status, verdict.diagnosis) == (Status.DOWN, "http.server_error")
    assert told


async def test_an_outage_of_name_servers_has_the_layer_dns() -> None:
    gone = '[facts.set.dns."site-{1..4}.com"]\nanswer = "SERVFAIL"\n'
    outcome = await played(fact(10, gone), many=4)
    (suspected,) = [s.event for s in outcome.events if s.event.type is EventType.OUTAGE_SUSPECTED]
    assert isinstance(suspected.data, OutageChanged)
    assert (suspected.subject, suspected.data.layer) == ("amazon", "dns")
    assert len(of(outcome, EventType.INCIDENT_OPENED)) <= 3


@pytest.mark.full
async def test_a_hold_in_the_middle_of_an_outage_keeps_its_own_diagnosis() -> None:
    hold = (
        '[facts.set.dns."site-5.com"]\nanswer = "NXDOMAIN"\n'
        '[facts.set.registration."site-5.com"]\nstatuses = ["clientHold"]\nregistrar = "Epik"\n'
    )
    outcome = await played(fact(5, answers(503, "1..12")), fact(15, hold))
    (last,) = outcome.snapshots
    assert last.states["site-5.com"].memory.verdict.diagnosis in {"registrar.hold", "dns.delegation_removed"}
    assert last.states["site-6.com"].memory.verdict.diagnosis == "provider.outage"
    assert "site-5.com" in of(outcome, EventType.INCIDENT_OPENED)


async def test_two_targets_that_fail_are_two_incidents() -> None:
    outcome = await played(fact(20, answers(503, "1..2")), many=4)
    assert of(outcome, EventType.OUTAGE_SUSPECTED) == []
    assert sorted(of(outcome, EventType.INCIDENT_OPENED)) == ["site-1.com", "site-2.com"]


async def test_an_own_network_that_is_down_is_told_once_and_blames_nobody() -> None:
    outcome = await played(
        fact(5, '[facts.set]\nmonitor = "offline"\n'), fact(25, '[facts.set]\nmonitor = "online"\n')
    )
    assert of(outcome, *EventType) == ["monitor", "monitor"]
    (last,) = outcome.snapshots
    for state in last.states.values():
        assert state.memory.verdict.status is Status.UP
        assert state.pulse.down_s == 0
        assert 1100 < state.pulse.unknown_s < 1350
        assert all(layer.known for layer in state.memory.layers)


@pytest.mark.parametrize(
    "says",
    ["denies", *(pytest.param(says, marks=pytest.mark.full) for says in ("servfail", "refuses"))],
)
async def test_resolvers_of_ours_that_are_broken_are_ours(says: str) -> None:
    outcome = await played(
        fact(30, f'[facts.set]\nresolver = "{says}"\n'),
        fact(33, '[facts.set]\nresolver = "answers"\n'),
        many=4,
        resolvers=2,
    )
    assert of(outcome, *EventType) == ["monitor", "monitor"]
    (last,) = outcome.snapshots
    assert {state.memory.verdict.status for state in last.states.values()} == {Status.UP}


@pytest.mark.full
def test_resolvers_of_ours_that_are_silent_are_ours() -> None:
    """In a loop whose time can be moved: nobody waits for them."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        outcome = runner.run(
            played(
                fact(30, '[facts.set]\nresolver = "silent"\n'),
                fact(33, '[facts.set]\nresolver = "answers"\n'),
                many=4,
                resolvers=2,
            )
        )
    assert of(outcome, *EventType) == ["monitor", "monitor"]
    assert {state.pulse.down_s for state in outcome.snapshots[-1].states.values()} == {0.0}


@pytest.mark.full
@pytest.mark.parametrize("says", ["servfail", "denies"])
async def test_one_broken_resolver_of_several_is_no_alarm_at_all(says: str) -> None:
    outcome = await played(fact(30, f'[facts.set]\nresolvers = ["{says}"]\n'), many=4, resolvers=2)
    assert outcome.events == ()


async def test_an_incident_that_was_open_stays_open_while_the_monitor_is_cut_off() -> None:
    outcome = await played(
        fact(5, answers(503, "1")),
        fact(15, '[facts.set]\nmonitor = "offline"\n'),
        fact(25, '[facts.set]\nmonitor = "online"\n'),
    )
    assert of(outcome, EventType.INCIDENT_OPENED) == ["site-1.com"]
    assert of(outcome, EventType.INCIDENT_RESOLVED) == []
    (last,) = outcome.snapshots
    assert last.states["site-1.com"].memory.verdict.diagnosis == "http.server_error"


@pytest.mark.full
async def test_a_link_of_ours_that_flaps_downs_nobody() -> None:
    flaps = [fact(5 + 2 * n, f'[facts.set]\nmonitor = "{("offline", "online")[n % 2]}"\n') for n in range(16)]
    outcome = await played(*flaps, many=5)
    assert set(of(outcome, *EventType)) == {"monitor"}
    (last,) = outcome.snapshots
    assert {state.pulse.down_s for state in last.states.values()} == {0.0}


async def test_a_monitor_that_is_cut_off_from_its_first_start_believes_nothing() -> None:
    outcome = await played(
        fact(0, '[facts.set]\nmonitor = "offline"\n'), fact(20, '[facts.set]\nmonitor = "online"\n'), many=4
    )
    assert of(outcome, EventType.INCIDENT_OPENED, EventType.STATUS_CHANGED) == []
    assert of(outcome, EventType.ONLINE_CHANGED) == ["monitor", "monitor"]
    (last,) = outcome.snapshots
    assert {state.memory.verdict.status for state in last.states.values()} == {Status.UP}
