"""Ends that draw near: each threshold once, the nearest only, and never a wolf that is none."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from judge.world import START, World, page, registration

from monitor import wire
from monitor.failure import Failure
from monitor.model import (
    DelegationFacts,
    Ending,
    ExpiryApproaching,
    HttpFacts,
    Policy,
    Probe,
    ServerDomain,
    Severity,
    TlsFacts,
)

DAY = timedelta(days=1)
DAY_S = 86_400.0
HOUR = timedelta(hours=1)


def told(world: World) -> list[tuple[int, int, Severity]]:
    return [
        (event.data.threshold_days, event.data.days_left, event.severity)
        for event in world.events
        if isinstance(event.data, ExpiryApproaching)
    ]


def thresholds(world: World) -> list[int]:
    return [row[0] for row in told(world)]


def secured(expires: datetime, *, life_days: float = 365, name: str = "parler.com") -> HttpFacts:
    tls = TlsFacts(
        version="TLSv1.3",
        cipher="C",
        subject=name,
        issuer="R3",
        issuer_organization="Let's Encrypt",
        not_before=expires - timedelta(days=life_days),
        not_after=expires,
        sha256="ab" * 32,
    )
    return page(tls=tls)


def days(world: World, count: int, expires: datetime | None, **more: object) -> None:
    for _ in range(count):
        world.feed(Probe.REGISTRATION, replace(registration("ok"), expires=expires, **more), after_s=DAY_S)


def test_each_threshold_is_told_once_and_louder_as_it_nears() -> None:
    world = World()
    days(world, 60, START + 45 * DAY)
    assert told(world) == [
        (30, 30, Severity.INFO),
        (14, 14, Severity.INFO),
        (7, 7, Severity.WARNING),
        (3, 3, Severity.WARNING),
        (1, 1, Severity.CRITICAL),
    ]


def test_a_first_look_with_two_days_left_tells_one_thing() -> None:
    world = World()
    for _ in range(5):
        world.feed(Probe.REGISTRATION, replace(registration("ok"), expires=START + 2 * DAY + HOUR))
    assert told(world) == [(3, 2, Severity.WARNING)]
    (event,) = world.events
    assert event.text == "parler.com: the registration of parler.com ends in 2 days (2021-01-13)."
    assert event.data == ExpiryApproaching(
        ending=Ending.REGISTRATION,
        about="parler.com",
        layer=event.data.layer,  # type: ignore[union-attr]
        expires=START + 2 * DAY + HOUR,
        days_left=2,
        threshold_days=3,
        source="registry",
    )


def test_what_is_past_its_end_draws_near_no_more() -> None:
    """Registries renew by themselves, and a name resolves for weeks beyond its end."""
    world = World()
    days(world, 40, START - 3 * DAY)
    assert told(world) == []


def test_where_no_end_is_published_nothing_is_told() -> None:
    world = World()
    days(world, 40, None)
    assert told(world) == []
    assert world.state.memory.ends_told == ()


def test_a_renewal_begins_anew_without_a_word() -> None:
    world = World()
    days(world, 3, START + 9 * DAY)
    assert thresholds(world) == [14, 7]
    days(world, 3, START + 374 * DAY)
    assert world.state.memory.ends_told == ()
    world.now = START + 366 * DAY
    days(world, 2, START + 374 * DAY)
    assert thresholds(world) == [14, 7, 7]


def test_the_look_that_shows_the_renewal_does_not_tell_the_old_end() -> None:
    """Nobody was told of the last day of a registration that had just been renewed."""
    world = World()
    days(world, 2, START + 9 * DAY)
    world.now = START + 8 * DAY
    for _ in range(3):
        world.feed(Probe.REGISTRATION, replace(registration("ok"), expires=START + 374 * DAY))
    assert thresholds(world) == [14, 7]
    assert world.state.memory.ends_told == ()


def test_an_end_is_not_told_again_after_a_restart() -> None:
    world = World()
    days(world, 1, START + 9 * DAY)
    world.state = replace(world.state, memory=wire.load_memory(wire.dump_memory(world.state.memory)))
    world.feed(Probe.REGISTRATION, replace(registration("ok"), expires=START + 9 * DAY))
    assert thresholds(world) == [14]


REGISTRARS = (("expires", "registrar"),)


def test_the_date_of_a_registrar_is_no_second_end() -> None:
    """It can be 45 days off; the registry's counts, once it was told."""
    world = World()
    days(world, 2, START + 60 * DAY)
    days(world, 20, START + 25 * DAY, date_sources=REGISTRARS)
    assert told(world) == []
    days(world, 12, START + 60 * DAY)
    assert thresholds(world) == [30]


def test_the_date_of_a_registrar_counts_where_the_registry_gives_none() -> None:
    world = World()
    days(world, 2, START + 20 * DAY, date_sources=REGISTRARS)
    assert thresholds(world) == [30]
    assert world.events[-1].data.source == "registrar"  # type: ignore[union-attr]
    days(world, 2, START + 40 * DAY, date_sources=REGISTRARS)
    assert thresholds(world) == [30], "the same end, by another's word"


@pytest.mark.parametrize(
    ("life", "expected"),
    [(365, [14, 7, 3, 1]), (90, [14, 7, 3, 1]), (47, [7, 3, 1]), (10, [1]), (6.66, [1]), (3, [])],
)
def test_a_certificate_of_short_life_does_not_cry_wolf(life: float, expected: list[int]) -> None:
    world = World()
    expires = START + 20 * DAY
    for _ in range(24 * 21):
        world.feed(Probe.HTTP, secured(expires, life_days=life), after_s=3600.0)
    assert thresholds(world) == expected


def test_edges_that_serve_two_certificates_tell_each_end_once() -> None:
    world = World()
    old, new = secured(START + 5 * DAY), secured(START + 80 * DAY)
    for _ in range(20):
        world.feed(Probe.HTTP, old)
        world.feed(Probe.HTTP, new)
    assert thresholds(world) == [7]


def test_a_certificate_that_is_not_trusted_has_no_end_of_ours() -> None:
    world = World()
    facts = secured(START + 2 * DAY)
    for _ in range(5):
        world.feed(Probe.HTTP, Failure.TLS_UNTRUSTED, facts=facts)  # type: ignore[arg-type]
    assert told(world) == []


def test_the_thresholds_are_the_users() -> None:
    world = World(Policy(expiry_days=(60, 2), certificate_expiry_days=()))
    days(world, 30, START + 31 * DAY + HOUR)
    assert thresholds(world) == [60, 2]
    world.feed(Probe.HTTP, secured(world.now + DAY))
    assert thresholds(world) == [60, 2]


def delegated(*domains: ServerDomain) -> DelegationFacts:
    return DelegationFacts(zone="parler.com", parent="com", heard=True, delegated=("ns1.x",), domains=domains)


def test_a_domain_of_the_name_servers_is_told_a_step_softer() -> None:
    world = World()
    domain = ServerDomain(domain="epik.com", registered=True, expires=START + 9 * DAY + HOUR)
    undated = ServerDomain(domain="x.de", registered=True)
    gone = ServerDomain(domain="y.com", registered=False, expires=START + DAY)
    for _ in range(9):
        world.feed(Probe.DELEGATION, delegated(domain, undated, gone), after_s=DAY_S)
    assert [(row[0], row[2]) for row in told(world)] == [
        (14, Severity.INFO),
        (7, Severity.INFO),
        (3, Severity.WARNING),
        (1, Severity.WARNING),
    ]
    assert "the registration of epik.com, where name servers live, ends in" in world.events[0].text


def test_ends_that_are_told_are_few() -> None:
    world = World()
    for number in range(100):
        world.feed(Probe.HTTP, secured(START + 3 * DAY, name=f"edge{number}.example"))
    assert len(world.state.memory.ends_told) <= 8


def test_an_uneventful_look_keeps_the_memory() -> None:
    world = World()
    for _ in range(3):
        world.feed(Probe.HTTP, secured(START + 5 * DAY))
    before = world.state.memory
    world.feed(Probe.HTTP, secured(START + 5 * DAY))
    assert world.state.memory is before


def test_a_clock_that_is_set_back_across_the_end_tells_it_no_second_time() -> None:
    world = World()
    expires = START + 12 * HOUR
    for hours in (11.5, 0.7, -1.0, 1.0, -1.0):
        ends = replace(registration("ok"), expires=expires)
        world.feed(Probe.REGISTRATION, ends, after_s=hours * HOUR.total_seconds())
    assert thresholds(world) == [1]
