"""Names in trouble, played through the real pipeline: what is told first is right, within 30 seconds."""

import asyncio
from datetime import timedelta

import pytest
from servers.scenario_lab import HEAD, scenario

from monitor.model import EventType, IncidentChanged, Status
from monitor.replay.driver import Outcome, play
from monitor.replay.loop import SkippingLoop
from monitor.store import Store

RHYTHM = '[http]\ninterval = "1m"\n[dns]\ninterval = "1h"\n[registration]\ninterval = "10m"\n'
SHORT = HEAD.replace("start = 2021-01-01T00:00:00Z", "start = 2021-01-01T11:55:00Z").replace(
    "end = 2021-01-02T00:00:00Z", "end = 2021-01-01T12:05:00Z"
)
FACT = """
[[facts]]
id = "fact"
at = 2021-01-01T12:00:00Z
layer = "dns"
what = "Something happens."
synthetic = true
"""
EXAMPLE = '[facts.set.dns."example.com"]\n'
HOLD = '[facts.set.registration."example.com"]\nstatuses = ["{}"]\n'
SEIZED = f'{EXAMPLE}ns = ["ns1.fbi.seized.gov", "ns2.fbi.seized.gov"]\n'
BANNER = '[facts.set.http."example.com"]\ntitle = ""\ntext = ""\ntext_length = 0\n'
TOLD = {
    "registrar.hold": f'{EXAMPLE}answer = "NXDOMAIN"\n{HOLD.format("clientHold")}',
    "registry.hold": f'{EXAMPLE}answer = "NXDOMAIN"\n{HOLD.format("serverHold")}',
    "registration.deleted": (
        f'{EXAMPLE}answer = "NXDOMAIN"\n[facts.set.registration."example.com"]\nregistered = false\n'
    ),
    "registration.expired": (
        f'{EXAMPLE}answer = "NXDOMAIN"\n'
        '[facts.set.registration."example.com"]\nexpires = 2020-12-20T00:00:00Z\n'
    ),
    "dns.delegation_removed": f'{EXAMPLE}answer = "NXDOMAIN"\n',
    "dns.seized": f"{SEIZED}{BANNER}",
    "dns.provider_dropped": f"{EXAMPLE}refused = true\n",
    "dns.dnssec_broken": f'{EXAMPLE}dnssec = "broken"\n',
    "dns.unreachable": (
        '[facts.set.servers]\n"ns-101.awsdns-12.com" = "silent"\n"ns-813.awsdns-37.net" = "silent"\n'
    ),
    "dns.no_address": f"{EXAMPLE}a = []\n",
    "dns.sinkholed": f'{EXAMPLE}a = ["127.0.0.1"]\n',
}
# What only resolvers say, one after the other, each for four minutes.
QUIET = (
    '[facts.set]\nresolver = "denies"\n',
    '[facts.set]\nresolver = "servfail"\n',
    '[facts.set]\nresolver = "silent"\n',
    '[facts.set]\nresolver = "answers"\n[facts.set.lies."example.com"]\nanswer = "NXDOMAIN"\n',
    '[facts.set.lies."example.com"]\nanswer = "SERVFAIL"\n',
    '[facts.set.lies."example.com"]\nns = ["ns-101.awsdns-12.com"]\n',
    '[facts.set.lies."example.com"]\na = ["54.69.20.11"]\nns = ["ns1.fbi.seized.gov"]\n',
    f'[facts.set.lies]\n{EXAMPLE}dnssec = "signed"\n{HOLD.format("serverHold")}',
)


async def played(sets: str, *, head: str = SHORT) -> Outcome:
    async with await Store.open("sqlite://") as store:
        return await play(scenario(f"{RHYTHM}{sets}", head=head), store=store)


def opened(outcome: Outcome) -> list[tuple[str | None, timedelta]]:
    """Return the diagnoses of opened incidents, and how long after the first failed look each was told."""
    events = [stored.event for stored in outcome.events if stored.event.type is EventType.INCIDENT_OPENED]
    return [
        (event.data.diagnosis, event.at - event.data.opened_at)
        for event in events
        if isinstance(event.data, IncidentChanged)
    ]


@pytest.mark.parametrize("diagnosis", TOLD)
def test_the_first_diagnosis_that_is_told_is_the_right_one_within_thirty_seconds(diagnosis: str) -> None:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        outcome = runner.run(played(FACT + TOLD[diagnosis]))
    ((told, after),) = opened(outcome)
    assert told == diagnosis
    assert after <= timedelta(seconds=30)
    updated = [stored for stored in outcome.events if stored.event.type is EventType.INCIDENT_UPDATED]
    assert updated == [], "nothing has to be taken back"


def test_what_only_a_resolver_says_is_no_outage_nor_a_hold_of_a_name_that_is_there() -> None:
    """The only resolver denies, fails, is silent and lies; the parent zone and the servers say otherwise."""
    facts = [
        FACT.replace("12:00", f"12:{4 * number:02}").replace('"fact"', f'"fact-{number}"') + sets
        for number, sets in enumerate(QUIET)
    ]
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        outcome = runner.run(played("".join(facts), head=SHORT.replace("12:05", "12:40")))
    assert opened(outcome) == []
    assert outcome.observations["http dns_nxdomain"] >= 4
    assert outcome.observations["http dns_servfail"] >= 4
    (last,) = outcome.snapshots
    assert last.states["example.com"].memory.verdict.status is Status.UP
    assert any("serverHold" in stored.event.text for stored in outcome.events), "the hold has been read"


@pytest.mark.parametrize("probes", ['["http", "dns"]', '["http"]'], ids=["records", "page"])
def test_a_target_whose_delegation_is_not_watched_has_the_resolvers_word(probes: str) -> None:
    head = SHORT.replace('domain = "example.com"\n', f'domain = "example.com"\nprobes = {probes}\n', 1)
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        outcome = runner.run(played(FACT + TOLD["dns.delegation_removed"], head=head))
    ((told, _),) = opened(outcome)
    assert told == "dns.delegation_removed"
