"""What is known of all targets together: pages, metrics, and who is told."""

from dataclasses import replace
from datetime import timedelta

from export.conftest import Site
from export.event_examples import EXAMPLES
from export.fleet import DOWN, NOW, THEN, incident, state

from monitor.export.own_metrics import OwnMetrics
from monitor.export.receiver import ReceiverSettings, wants
from monitor.model import (
    EventType,
    FleetRecord,
    Layer,
    Outage,
    Provider,
    Severity,
    Trouble,
)
from monitor.store import FleetChange, Store

OUTAGE = Outage(
    id="5d1f6a90c3b2e847",
    provider=Provider(id="fastly", name="Fastly"),
    layer=Layer.EDGE,
    trouble=Trouble.SERVING,
    since=THEN,
    recognised_at=NOW,
    failing=12,
    affected=12,
    watched=14,
    targets=("gov.uk",),
    failures=("status 503",),
)
OFFLINE = FleetRecord(seq=3, online=False, since=THEN)
OUTAGES = FleetRecord(seq=4, online=True, since=THEN, outages=(OUTAGE,))


async def test_every_page_says_that_the_monitor_is_cut_off(site: Site) -> None:
    site.watch(state("parler.com"))
    assert "cut off" not in await site.text("/")
    site.known = OFFLINE
    for path in ("/", "/targets/parler.com", "/events", "/providers"):
        assert "The monitor itself is cut off" in await site.text(path)


async def test_an_outage_stands_on_the_overview_and_at_its_provider_until_it_is_over(site: Site) -> None:
    site.watch(state("parler.com"))
    site.known = OUTAGES
    for path in ("/", "/providers/fastly"):
        page = await site.text(path)
        assert "12 of 14 platforms" in page
        assert "status 503" in page
    site.known = replace(OUTAGES, outages=(replace(OUTAGE, over_at=NOW),))
    for path in ("/", "/providers/fastly"):
        assert "12 of 14" not in await site.text(path)


async def test_a_target_says_which_outage_it_is_part_of(site: Site) -> None:
    part = replace(incident(DOWN), outage=OUTAGE.id)
    site.watch(state("parler.com", verdict=DOWN, incident=part))
    site.known = OUTAGES
    assert "Part of an outage of" in await site.text("/targets/parler.com")


async def test_what_is_told_of_no_target_links_to_none(site: Site) -> None:
    site.watch(state("parler.com"))
    events = tuple(
        EXAMPLES[kind].event
        for kind in (EventType.OUTAGE_SUSPECTED, EventType.OUTAGE_OVER, EventType.ONLINE_CHANGED)
    )
    await site.store.commit([FleetChange(record=OUTAGES, events=events)], receivers=lambda _: [])
    page = await site.text("/events")
    assert "/targets/fastly" not in page
    assert "/targets/monitor" not in page
    assert 'href="/providers/fastly"' in page


def test_the_metrics_say_what_is_known_and_nothing_when_nothing_is() -> None:
    own = OwnMetrics(version="1")
    assert b"platform_monitor_online " not in own.render()
    own.fleet_is(OFFLINE)
    assert b"platform_monitor_online 0.0" in own.render()
    own.fleet_is(OUTAGES)
    rendered = own.render()
    assert b"platform_monitor_online 1.0" in rendered
    assert b'platform_provider_outage_active{layer="edge",provider="fastly"} 1.0' in rendered
    own.fleet_is(FleetRecord())
    assert b"platform_monitor_online " not in own.render()
    assert b"platform_provider_outage_active{" not in own.render()


def test_who_is_limited_to_some_targets_is_told_of_outages_all_the_same() -> None:
    one = ReceiverSettings(name="ops", url="http://127.0.0.1/", targets=("parler.com",))
    assert wants(one, EXAMPLES[EventType.OUTAGE_SUSPECTED].event)
    assert wants(one, EXAMPLES[EventType.ONLINE_CHANGED].event)
    loud = replace(one, min_severity=Severity.CRITICAL)
    assert not wants(loud, EXAMPLES[EventType.OUTAGE_OVER].event)
    assert not wants(replace(one, events=(EventType.TEST,)), EXAMPLES[EventType.OUTAGE_OVER].event)


async def test_record_and_events_are_one_commit_and_a_record_is_never_written_backwards() -> None:
    event = EXAMPLES[EventType.OUTAGE_SUSPECTED].event
    async with await Store.open("sqlite://") as store:
        assert await store.fleet() == FleetRecord()
        stored = await store.commit(
            [FleetChange(record=OUTAGES, events=(event,))], receivers=lambda _: ["ops"]
        )
        assert [each.event for each in stored] == [event]
        assert await store.pending(["ops"]) == {"ops": 1}
        await store.commit([FleetChange(record=OFFLINE)], receivers=lambda _: [])
        assert await store.fleet() == OUTAGES
        later = replace(OFFLINE, seq=9, since=THEN + timedelta(seconds=1))
        await store.commit([FleetChange(record=later)], receivers=lambda _: [])
        assert await store.fleet() == later
        assert await store.load() == {}
